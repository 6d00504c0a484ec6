"""The seam: a risk is what has a value, a gradient and a Hessian in the parameters.

`EmpiricalRisk` is the mean loss over samples, `Function` any scalar function of the parameters. Everything below this
package is about functions x → y, everything above it about θ → R(θ).
"""

from condenslab.losses import CrossEntropy, SquaredLoss
from condenslab.risk.checks import Risk, require_risk, require_samples, sample_count
from condenslab.risk.empirical import EmpiricalRisk
from condenslab.risk.function import Function

__all__ = [
    "CrossEntropy",
    "EmpiricalRisk",
    "Function",
    "Risk",
    "SquaredLoss",
    "require_risk",
    "require_samples",
    "sample_count",
]
