"""Rules for the operators of `torch.export`: one file for each family, entered into one table."""

from condenslab.interop.structure.operators import (
    contractions,
    cutting,
    elementwise,
    layouts,
    norms,
    reductions,
)
from condenslab.interop.structure.operators.table import RULES, Call, Rule

__all__ = ["RULES", "Call", "Rule", "contractions", "cutting", "elementwise", "layouts", "norms", "reductions"]
