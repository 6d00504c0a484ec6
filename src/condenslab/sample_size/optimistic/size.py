"""What a closed form returns: a number of samples with its formula, its assumptions and its source."""

from dataclasses import dataclass
from typing import Literal

from condenslab.networks.checks import count

Status = Literal["exact", "upper bound", "generic rank", "none known"]

LLR = "Zhang et al., JMLR 26(69), 2025"
OE = "Zhang et al., J. Mach. Learn. 4(3), 2025"


@dataclass(frozen=True)
class OptimisticSize:
    """A number of samples with the formula that gives it and what the formula assumes.

    Attributes:
        value: O(f*), or what `status` says it is; None where no formula is known.
        parameters: M, the number of parameters of the model.
        formula: The formula in words and symbols.
        status: "exact": a theorem gives O(f*); "upper bound": O(f*) is at most the value; "generic rank": the model
            rank at almost every point of the narrow model, which bounds O(f*) from above and is not proved to be it;
            "none known".
        assumptions: What has to hold for that.
        source: Theorem or table.
    """

    value: int | None
    parameters: int
    formula: str
    status: Status
    assumptions: tuple[str, ...]
    source: str

    def __str__(self) -> str:
        """Returns the number, what it is, and its formula."""
        if self.value is None:
            return f"none known ({self.formula})"
        sign = "=" if self.status == "exact" else "≤"
        return f"O {sign} {self.value}, {self.formula}, of {self.parameters} parameters"


def intrinsic_width(intrinsic: int, width: int, what: str) -> int:
    """Returns k, refused where the model cannot express the target.

    Args:
        intrinsic: k.
        width: m.
        what: What m counts, for the message.

    Raises:
        ValueError: k is not a whole number of at least 0, m not one of at least 1, or k > m.
    """
    k = count("intrinsic", intrinsic, least=0)
    if k > count("width" if what == "width" else f"the {what}", width):
        raise ValueError(
            f"the intrinsic {what} must be at most that of the model, {width}: a narrower model cannot express the "
            f"target. Got {k}."
        )
    return k
