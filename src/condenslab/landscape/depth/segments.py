"""Where an activation is affine: the segments that lifting in depth needs."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from condenslab.networks import Activation

_LEAK = 0.01
_GRID = 401


@dataclass(frozen=True)
class AffineSegment:
    """An open interval (low, high) on which σ(z) = slope·z + offset, to within `error`.

    Attributes:
        low: Lower end, or −∞.
        high: Upper end, or ∞.
        slope: λ, not 0.
        offset: μ.
        error: Largest |σ(z) − λz − μ| on it; 0 where σ is exactly affine.
    """

    low: float
    high: float
    slope: float
    offset: float = 0.0
    error: float = 0.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a segment must have low < high. Got ({self.low}, {self.high}).")
        if not (math.isfinite(self.slope) and math.isfinite(self.offset)) or self.slope == 0:
            raise ValueError(
                f"a segment must be a line with a finite slope other than 0: a constant one carries no input. "
                f"Got slope {self.slope} and offset {self.offset}."
            )
        if not self.error >= 0:
            raise ValueError(f"error must not be negative. Got {self.error}.")

    def interval(self) -> tuple[float, float]:
        """Returns where lifted preactivations go by default.

        That is an interval of length 1 at distance 1 from the only finite end, [−1/2, 1/2] without one, the middle half
        between two (beyond them is a kink), and all of a segment that is only nearly affine.
        """
        if self.error > 0:
            return self.low, self.high
        if math.isinf(self.low) and math.isinf(self.high):
            return -0.5, 0.5
        if math.isinf(self.high):
            return self.low + 1.0, self.low + 2.0
        if math.isinf(self.low):
            return self.high - 2.0, self.high - 1.0
        quarter = (self.high - self.low) / 4
        return self.low + quarter, self.high - quarter


_EXACT = {
    "relu": (AffineSegment(0.0, math.inf, 1.0),),
    "leaky_relu": (AffineSegment(0.0, math.inf, 1.0), AffineSegment(-math.inf, 0.0, _LEAK)),
}


def affine_segments(activation: Activation) -> tuple[AffineSegment, ...]:
    """Returns the segments with a slope other than 0 on which an activation of this package is exactly affine.

    Args:
        activation: σ. ReLU has one segment, leaky ReLU two, the smooth ones none; for one of your own make the
            `AffineSegment` yourself.

    Example:
        >>> from condenslab.networks import activation
        >>> [(s.low, s.high, s.slope) for s in affine_segments(activation("leaky_relu"))]
        [(0.0, inf, 1.0), (-inf, 0.0, 0.01)]
    """
    return _EXACT.get(activation.name, ())


def tangent_segment(activation: Activation, half_width: float = 0.01) -> AffineSegment:
    """Returns [−h, h] with the tangent of a smooth activation at 0, and how far σ is from it there.

    A lift through it is approximate: an output error of the order of `error` over the scale of the lift remains, which
    falls as h² for odd activations and as h for others, until rounding grows as eps/h.

    Args:
        activation: σ, smooth at 0 with σ′(0) ≠ 0.
        half_width: h, positive.

    Raises:
        ValueError: h is not positive, or σ is not smooth at 0 or flat there.

    References:
        Bai et al., arXiv 2205.13283, section 4.1, names [−0.01, 0.01] for tanh.
    """
    if not (half_width > 0 and math.isfinite(half_width)):
        raise ValueError(f"half_width must be positive and finite. Got {half_width}.")
    if activation.multiplicity != 1:
        raise ValueError(
            f"the activation must be smooth at 0 with a slope there (multiplicity 1). Got {activation.name!r} of "
            f"multiplicity {activation.multiplicity}."
        )
    offset, slope = (float(value) for value in activation.derivatives(jnp.zeros(()), 1))
    z = np.linspace(-half_width, half_width, _GRID)
    error = float(np.abs(np.asarray(activation(jnp.asarray(z))) - slope * z - offset).max())
    return AffineSegment(-half_width, half_width, slope, offset, max(error, float(np.finfo(np.float64).tiny)))
