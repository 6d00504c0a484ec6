"""The branches of the six-parameter example in three coordinates: a slice of parameters, and the valley in it."""

from dataclasses import dataclass

import numpy as np

_REACH = 1.0
_ACROSS, _ALONG = 17, 33
_OUTER = 0.4


@dataclass(frozen=True)
class Valley:
    """The best split of the output weight over two input weights, as a grid.

    The slice is w₁ = w* + s₁e, w₂ = w* + s₂e, a₁ = αa*, a₂ = (1 − α)a* with a unit vector e ⊥ w*, so that it holds Q₁
    (s = 0, any α), Q₂ (s₁ = 0, α = 1) and Q₃ (s₂ = 0, α = 0).

    Attributes:
        shifts: (s₁, s₂) of every node, shape (across, along, 2).
        split: α of least risk there, shape (across, along).
        risk: R / R(α = 0, a₂ = 0): that least risk over the target's, shape (across, along).
    """

    shifts: np.ndarray
    split: np.ndarray
    risk: np.ndarray


def valley() -> Valley:
    """Returns the surface α*(s₁, s₂) over a disc with a slit along s₁ = s₂, where no split is best.

    All angles end in the line Q₁ over s = 0: a direction (s₁, s₂) leads to the α with αs₁ + (1 − α)s₂ = 0.
    """
    level = np.linspace(-_OUTER, 1 + _OUTER, _ALONG)
    direction = np.column_stack([level - 1, level])
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = np.linspace(-_REACH, _REACH, _ACROSS)
    shifts = radius[:, None, None] * direction
    split, risk = best_split(shifts[..., 0], shifts[..., 1])
    centre = np.abs(radius) < 1e-12
    split[centre], risk[centre] = level, 0.0
    return Valley(shifts, split, risk)


def best_split(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the α of least risk and that risk over the target's, for σ = exp and standard normal inputs.

    With f = αe^{w₁x} + (1 − α)e^{w₂x} − e^{w*x} the risk E[f²]/2 is a parabola in α. The part of x along w* is common
    to all terms; along e, E[e^{sz}e^{tz}] = e^{(s+t)²/2}.

    Args:
        first: s₁, any shape.
        second: s₂, of the same shape; where both are equal the result is not finite.
    """

    def mean(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.exp((one + other) ** 2 / 2)

    zero = np.zeros_like(first)
    square = mean(first, first) - 2 * mean(first, second) + mean(second, second)
    slope = mean(first, second) - mean(second, second) - mean(first, zero) + mean(second, zero)
    rest = mean(second, second) - 2 * mean(second, zero) + 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        split = -slope / square
        return split, np.maximum(rest + split * slope, 0.0)
