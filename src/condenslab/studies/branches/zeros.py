"""The global minima of one, two and three samples in a slice of the six-parameter example, in closed form.

In the slice w₁ = w* + s₁e, w₂ = w* + s₂e of σ = exp, with a unit vector e ⊥ w*, a sample x counts by z = e·x alone:
it is fitted where a₁e^{s₁z} + a₂e^{s₂z} = a*. Units here are a* = 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.studies.branches.valley import disc

SAMPLES = (-0.3, 0.8, 0.4)
"""z of the samples, in the order in which they are added; any different numbers but 0 give such pictures."""
_SHEETS = (0.0, 0.5, 1.0)
_REACH, _NODES = 0.75, 13


@dataclass(frozen=True)
class Minima:
    """The points of the slice that fit some samples, as sheets in the coordinates s₁, s₂ and a₁.

    Attributes:
        shifts: (s₁, s₂) of every node, shape (sheet, k, l, 2).
        first: a₁ there, shape (sheet, k, l).
        second: a₂ there, of the same shape.
    """

    shifts: np.ndarray
    first: np.ndarray
    second: np.ndarray


def one_sample(z: float) -> Minima:
    """Returns the minima of one sample for three values of a₂: they fill the slice, of four dimensions, up to one.

    Args:
        z: e·x of the sample.
    """
    axis = np.linspace(-_REACH, _REACH, _NODES)
    plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    shifts = np.stack([plane] * len(_SHEETS))
    second = np.array(_SHEETS)[:, None, None] * np.ones(shifts.shape[:3])
    first = (1 - second * np.exp(z * shifts[..., 1])) / np.exp(z * shifts[..., 0])
    return Minima(shifts, first, second)


def two_samples(z: Sequence[float]) -> Minima:
    """Returns the minima of two samples, a surface: output weights by Cramer's rule, over a disc slit along s₁ = s₂.

    Towards s = 0 it ends in the line Q₁, along a direction (s₁, s₂) at a₁s₁ + a₂s₂ = 0 with a₁ + a₂ = 1.

    Args:
        z: e·x of both, different and not 0.
    """
    shifts, level = disc()
    one, other = (np.exp(np.multiply.outer(np.asarray(z), shifts[..., k])) for k in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (other[1] - other[0]) / (one[0] * other[1] - one[1] * other[0])
        second = (one[0] - one[1]) / (one[0] * other[1] - one[1] * other[0])
    centre = np.hypot(*np.moveaxis(shifts, -1, 0)) < 1e-12
    first, second = np.where(centre, level, first), np.where(centre, 1 - level, second)
    return Minima(shifts[None], first[None], second[None])


def independence(first: np.ndarray, second: np.ndarray, z: Sequence[float]) -> np.ndarray:
    """Returns det (e^{s₁zᵢ}, e^{s₂zᵢ}, 1)ᵢ of three samples, which is 0 only where s₁ = s₂, s₁ = 0 or s₂ = 0.

    Exponentials are a Chebyshev system: the matrix e^{sᵢzⱼ} of different s and different z is regular. So three samples
    are fitted only where two of s₁, s₂ and 0 agree: at a₁ = 1, a₂ = 0 with s₁ = 0 (Q₂), at its mirror (Q₃), and at
    s₁ = s₂ = 0 with a₁ + a₂ = 1 (Q₁). The global minima are then Q*, and stay it with more samples.

    Args:
        first: s₁, any shape.
        second: s₂, of the same shape.
        z: e·x of the three samples.

    References:
        Karlin & Studden, Tchebycheff Systems, 1966, chapter I.
    """
    points = np.asarray(z)
    rows = [np.exp(first[..., None] * points), np.exp(second[..., None] * points), np.ones((*first.shape, 3))]
    return np.linalg.det(np.stack(rows, axis=-1))
