"""The rank of a spline network without rounding: tangents modulo a prime, at float64 coefficients and knots exactly.

Rounding spoils what splines have exactly: that they add up to 1, and that inserted knots keep a function. Tangents that
depend on each other become independent by 1e-16, and no number of digits at the rounded point undoes that. Integers
modulo a prime have no size: a tangent that a hidden value shows in a thousandth of a cell counts as any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.measures import PRIME, exact_rank
from condenslab.measures.pieces import spline_values
from condenslab.networks import KAN

PRIMES = (PRIME, 2**31 - 19)
"""Modulo one prime a minor may vanish by bad luck; the same modulo another is another piece of luck."""
_NEAR = 1e-9
"""A probe whose hidden value is this near to a knot is left out: float64 may not say on which side it is."""


@dataclass(frozen=True)
class _Splines:
    """Splines at points, modulo a prime.

    Attributes:
        values: B_k(x), shape (point, basis).
        slopes: B_k′(x), shape (point, basis).
    """

    values: np.ndarray
    slopes: np.ndarray


def exact_spline_rank(target: KAN, units: Sequence[int | None], larger: KAN, probes: np.ndarray, prime: int) -> int:
    """Returns the rank of ∂f/∂c over probes for a function of two spline layers, as a point of a larger network.

    The function f(x) = Σ_u F_u(h_u(x)), h_u(x) = Σ_j φ_uj(x_j), is that of the target; the tangents are those of the
    larger network, B_k(h_u) and F_u′(h_u)·B_k(x_j) with its splines B_k. The rank modulo a prime is a lower bound of
    the rank over the rationals for certain, and is less only where a prime divides every minor of that size.

    Args:
        target: A KAN of two layers and one output.
        units: For each hidden neuron of the larger network the neuron of the target that it copies, with a share other
            than 0 (which changes no span), or None for a null neuron.
        larger: The larger network, whose knots contain the target's; of its coefficients nothing is used.
        probes: Inputs, shape (sample, input).
        prime: An odd prime below 2³¹.
    """
    hidden = spline_values(target, probes)[1]
    clear = np.all([_distance(hidden, knots) > _NEAR for knots in (target.knots[1], larger.knots[1])], axis=0)
    chosen = clear.all(axis=1)
    return _rank(target, units, larger, probes[chosen], hidden[chosen], prime)


def _rank(
    target: KAN, units: Sequence[int | None], larger: KAN, probes: np.ndarray, hidden: np.ndarray, prime: int
) -> int:
    inner, outer = (residues(np.asarray(c), prime) for c in target.coefficients)
    points, columns, nothing = residues(probes, prime), [], np.zeros(len(probes), np.int64)
    coarse, fine = (
        [_splines(points[:, j], probes[:, j], network.knots[0], network.degree, prime) for j in range(probes.shape[1])]
        for network in (target, larger)
    )
    for unit in units:
        if unit is None:
            value, slope, near = nothing, nothing, nothing.astype(float)
        else:
            parts = [_dot(at.values, c, prime) for at, c in zip(coarse, inner[unit], strict=True)]
            value, near = np.sum(parts, axis=0) % prime, hidden[:, unit]
            slope = _dot(_splines(value, near, target.knots[1], target.degree, prime).slopes, outer[0, unit], prime)
        columns.append(_splines(value, near, larger.knots[1], larger.degree, prime).values)
        columns += [slope[:, None] * at.values % prime for at in fine]
    return exact_rank(np.concatenate(columns, axis=1), prime=prime).value


def residues(values: np.ndarray, prime: int) -> np.ndarray:
    """Returns float64 numbers modulo a prime, as the fractions m·2^e that they are; int64, of the same shape.

    Args:
        values: Floats, any shape.
        prime: An odd prime below 2³¹.

    Example:
        >>> residues(np.array([0.5, -3.0]), 7).tolist()
        [4, 4]
    """
    mantissas, exponents = np.frexp(values)
    powers = {int(e): pow(2, int(e) - 53, prime) for e in np.unique(exponents)}
    scales = np.vectorize(powers.__getitem__, otypes=[np.int64])(exponents)
    return np.ldexp(mantissas, 53).astype(np.int64) % prime * scales % prime


def _splines(points: np.ndarray, near: np.ndarray, knots: Sequence[float], degree: int, prime: int) -> _Splines:
    """Returns B-splines by the recursion of Cox and de Boor; `near` are the points as floats, which say the cells."""
    t, x = residues(np.asarray(knots), prime), points[:, None]
    cells = np.searchsorted(np.asarray(knots), near, side="right") - 1
    basis = (np.arange(len(t) - 1) == cells[:, None]).astype(np.int64)
    slopes = np.zeros_like(basis)
    for k in range(1, degree + 1):
        starts, ends = t[: -k - 1], t[k + 1 :]
        rising, falling = (_inverses(gap % prime, prime) for gap in (t[k:-1] - starts, ends - t[1:-k]))
        up, down = basis[:, :-1] * rising % prime, basis[:, 1:] * falling % prime
        slopes = k * (up - down) % prime
        basis = ((x - starts) % prime * up + (ends - x) % prime * down) % prime
    return _Splines(basis, slopes)


def _inverses(gaps: np.ndarray, prime: int) -> np.ndarray:
    return np.array([pow(int(gap), -1, prime) if gap else 0 for gap in gaps], dtype=np.int64)


def _dot(values: np.ndarray, coefficients: np.ndarray, prime: int) -> np.ndarray:
    return np.sum(values * coefficients % prime, axis=1) % prime


def _distance(values: np.ndarray, knots: Sequence[float]) -> np.ndarray:
    """Returns how far each value is from the nearest knot, of the same shape."""
    t = np.asarray(knots)
    place = np.clip(np.searchsorted(t, values), 1, len(t) - 1)
    return np.minimum(np.abs(values - t[place - 1]), np.abs(values - t[place]))
