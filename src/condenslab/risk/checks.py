"""What is a risk, and of which kind."""

from typing import Any

from condenslab.risk.empirical import EmpiricalRisk
from condenslab.risk.function import Function

Risk = EmpiricalRisk | Function
"""The risks of this package."""

_METHODS = ("value", "gradient", "hessian")


def require_risk(risk: Any) -> None:
    """Refuses what has no value, gradient and Hessian in the parameters.

    Raises:
        TypeError: As said.
    """
    if isinstance(risk, type) or not all(callable(getattr(risk, name, None)) for name in _METHODS):
        raise TypeError(
            "risk must be a risk, as risk.EmpiricalRisk(inputs, targets) or risk.Function(value) makes one. Got "
            f"{risk!r:.80}."
        )


def require_samples(risk: Any) -> EmpiricalRisk:
    """Returns a risk of samples, and refuses every other.

    Raises:
        TypeError: As said.
    """
    require_risk(risk)
    if not isinstance(risk, EmpiricalRisk):
        raise TypeError(
            "risk must be an EmpiricalRisk here, for its samples, targets and loss are looked at. Got "
            f"{type(risk).__name__}, a function of parameters, which has none."
        )
    return risk


def sample_count(risk: Risk) -> int:
    """Returns the number of samples, 1 for a risk that has none."""
    return 1 if isinstance(risk, Function) else risk.inputs.shape[0]
