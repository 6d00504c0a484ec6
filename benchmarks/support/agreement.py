"""Do the contestants do the same work? Asked before anything is timed."""

from collections.abc import Callable, Sequence

import numpy as np

from condenslab.risk import EmpiricalRisk
from support import ours
from support.timing import Contestant

_STEPS = 3
_ROUNDINGS = 200.0
"""Accepted difference in units of epsilon: sums over 50 samples and 500 neurons are added in different orders."""


def gradient_error(gradient: Callable[..., np.ndarray], risk: EmpiricalRisk) -> float:
    """Returns the largest difference to our gradient, in units of epsilon and of the largest entry.

    Networks of the size of a trained one are used, at which no term is negligible.

    Args:
        gradient: (x (sample,), y (sample,), parameters (member, 3, neuron)) → ∇R, shape (member, 3, neuron).
        risk: R, which decides the precision.
    """
    precision = str(risk.targets.dtype)
    parameters = np.random.default_rng(0).normal(size=(2, 3, 500)).astype(precision) * np.asarray(0.2, precision)
    inputs, targets = (np.asarray(part)[:, 0] for part in (risk.inputs, risk.targets))
    computed = gradient(inputs, targets, parameters)
    exact = np.stack([ours.rows(risk.gradient(ours.network(own))) for own in parameters])
    return float(np.max(np.abs(computed - exact)) / np.max(np.abs(exact)) / np.finfo(precision).eps)


def check_gradient(gradient: Callable[..., np.ndarray], risk: EmpiricalRisk) -> float:
    """Returns `gradient_error` and refuses one that is not rounding.

    Args:
        gradient: As in `gradient_error`.
        risk: As in `gradient_error`.

    Raises:
        ValueError: The gradient is another one.
    """
    error = gradient_error(gradient, risk)
    if not error <= _ROUNDINGS:
        raise ValueError(f"the C kernel's gradient differs from ours by {error:.0f} roundings in {risk.targets.dtype}")
    return error


def check_steps(contestants: Sequence[Contestant], parameters: np.ndarray) -> float:
    """Returns the largest difference between the first contestant and the others after three steps.

    Args:
        contestants: Who takes part.
        parameters: The start, shape (member, 3, neuron).

    Returns:
        The difference relative to the largest parameter, in units of epsilon.

    Raises:
        ValueError: Somebody took other steps.
    """
    ends = [one.read(one.advance(one.start(parameters), _STEPS)) for one in contestants]
    scale = np.max(np.abs(ends[0])) * np.finfo(parameters.dtype).eps
    errors = [float(np.max(np.abs(end - ends[0])) / scale) for end in ends]
    for contestant, error in zip(contestants, errors, strict=True):
        if not error <= _ROUNDINGS:
            raise ValueError(f"{contestant.name} ends {error:.0f} roundings away from {contestants[0].name}")
    return max(errors)
