"""What a rank rests on: spectra of the matrix as it is and equilibrated, exact arithmetic, a second computation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import scipy.linalg
from jax import Array
from jax.extend.core import ClosedJaxpr
from jaxtyping import PyTree

from condenslab.measures.elimination import Elimination, eliminated_rank
from condenslab.measures.fixed_point import BeyondPrecisionError, FixedPoint, looks_rounded
from condenslab.measures.jacobian import output_jacobian
from condenslab.measures.reevaluation import evaluate, trace
from condenslab.numerics import SpectrumCut, cut_spectrum, rounding_floor

_BITS = (640, 2560)
"""Binary digits of a second computation, and of a third where the second says nothing: 1e-192 and 1e-770."""
_FIRM = 0.02
"""Binary digits by which the product of all pivots may change when parameters change in their last digits."""
_AGREE = 1e-4
_MOST_PRODUCTS = 1e6
_MANTISSA = 53


@dataclass(frozen=True)
class ExactEntries:
    """The rank of a matrix whose entries are taken as they are.

    Attributes:
        rank: The rank.
        rounded: Whether the entries use all digits of float64, as rounded numbers do.
        short: Whether hardly any of them does, as exact numbers.
    """

    rank: int
    rounded: bool
    short: bool


@dataclass(frozen=True)
class Again:
    """The rank of a Jacobian by a second computation.

    Attributes:
        rank: The rank.
        digits: Decimal digits of the computation.
        zero_to: log₁₀ of what the zeros are at most, beside rows and columns of size 1.
        firm: Whether values that float64 does not see are no matter of the last digits of parameters and constants.
    """

    rank: int
    digits: int
    zero_to: float
    firm: bool


def spectra(matrix: np.ndarray, errors: np.ndarray | float) -> tuple[np.ndarray, SpectrumCut, SpectrumCut]:
    """Returns the singular values with their cut at the noise, and the cut of the equilibrated matrix.

    Args:
        matrix: Shape (row, column).
        errors: Bounds of the entries' errors beyond rounding, one number or that shape.
    """
    shape, bounds = matrix.shape, np.broadcast_to(errors, matrix.shape)
    own, noise = matrix, float(np.linalg.norm(bounds))
    if shape[0] > shape[1] > 0:  # the R factor has the same singular values and is smaller
        own = np.asarray(np.linalg.qr(matrix, mode="r"))
    values = _singular_values(own)
    cut = cut_spectrum(values, max(noise, rounding_floor(float(values.max(initial=0.0)), shape)))
    rows, columns = equilibration(matrix, cut.floor)
    scaled = _singular_values(rows[:, None] * matrix * columns[None, :])
    noise = float(np.linalg.norm(rows[:, None] * bounds * columns[None, :]))
    return values, cut, cut_spectrum(scaled, max(noise, rounding_floor(float(scaled.max(initial=0.0)), shape)))


def equilibration(matrix: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns powers of two for rows and columns that bring the largest entry of each near to 1.

    Rows and columns at the rounding floor keep their size: made as large as the others, rounding would be a direction.

    Args:
        matrix: Shape (row, column).
        floor: The rounding floor.

    References:
        Ruiz, "A scaling algorithm to equilibrate both rows and columns norms in matrices", RAL-TR-2001-034.
    """
    rows, columns, sizes = np.ones(matrix.shape[0]), np.ones(matrix.shape[1]), np.abs(matrix)
    if 0 in matrix.shape:
        return rows, columns
    live_rows, live_columns = sizes.max(axis=1) > floor, sizes.max(axis=0) > floor
    for _ in range(8):
        scaled = rows[:, None] * sizes * columns[None, :]
        rows = rows / np.where(live_rows, _root(scaled[:, live_columns].max(axis=1, initial=0.0)), 1.0)
        columns = columns / np.where(live_columns, _root(scaled[live_rows].max(axis=0, initial=0.0)), 1.0)
    return rows, columns


def graded(matrix: np.ndarray, count: int) -> bool:
    """Whether more than `count` directions appear once all rows and columns have one size, the smallest ones too.

    A row or column at the rounding floor may be what rounding left of a zero, or a true one in another unit: entries
    that are rounded one by one are as exact there as elsewhere. The size of rounding is then no argument for zeros.

    Args:
        matrix: Shape (row, column).
        count: How many directions are above the noise.
    """
    rows, columns = equilibration(matrix, 0.0)
    scaled = _singular_values(rows[:, None] * matrix * columns[None, :])
    return cut_spectrum(scaled, rounding_floor(float(scaled.max(initial=0.0)), matrix.shape)).count > count


def exact_entries(matrix: np.ndarray, expected: int) -> ExactEntries | None:
    """Returns the rank of a matrix of exactly these entries, or None where that takes too long or is not certain.

    Args:
        matrix: Shape (row, column).
        expected: The rank that is expected.
    """
    if matrix.size * min(expected + 8, *matrix.shape) > _MOST_PRODUCTS:
        return None
    mantissas, exponents = np.frexp(matrix[matrix != 0])
    if not mantissas.size:
        return ExactEntries(0, rounded=False, short=True)
    for extra in _BITS:
        bits = extra + max(0, _MANTISSA - int(exponents.min())) + max(0, int(exponents.max()))
        found = eliminated_rank(FixedPoint(bits).array(matrix), bits, expected)
        if found.certain:
            return ExactEntries(
                found.rank,
                rounded=bool(np.mean(looks_rounded(mantissas)) > 0.5),
                short=bool(np.mean(looks_rounded(mantissas, 8)) < 0.1),
            )
    return None


def generic_rank(matrix: np.ndarray) -> int:
    """Returns the rank that a matrix has once its entries are rounded: rounding spares exact copies and zeros alone.

    It is the smaller number of rows and columns that are not zero and are no copy of another, up to sign.

    Args:
        matrix: Shape (row, column).
    """
    return min(_different(matrix), _different(matrix.T))


def _different(rows: np.ndarray) -> int:
    """Returns how many rows are neither zero nor, up to sign, copies of another."""
    leading = np.take_along_axis(rows, np.argmax(rows != 0, axis=1)[:, None], axis=1)
    turned = np.where(leading < 0, -rows, rows) + 0.0  # without negative zeros
    return len({row.tobytes() for row in turned if row.any()})


def tangents_again(
    network: PyTree, probes: Array, predict: Callable, jacobian: np.ndarray, expected: int
) -> Again | str:
    """Computes the Jacobian a second time, with hundreds of digits, and its rank; or says why it does not.

    Where all probes would take too long, those are chosen that span what float64 sees, half as many again as there are
    parameters.

    Args:
        network: θ.
        probes: Inputs.
        predict: (params, inputs) → outputs.
        jacobian: The first computation, shape (sample, output, param).
        expected: The rank that it shows.
    """
    samples, outputs, parameters = jacobian.shape
    if parameters == 0:
        return Again(0, 0, -math.inf, True)
    if min(samples * outputs, parameters) * (expected + 8) ** 2 > _MOST_PRODUCTS:
        return f"a second computation of {samples * outputs} x {parameters} derivatives takes too long"
    points, reason = np.asarray(probes), ""
    for chosen in (np.arange(samples), _spanning(jacobian)):
        try:
            traced, leaves = trace(lambda net, x: output_jacobian(net, x, predict=predict), network, points[chosen])
            return _again(traced, leaves, jacobian[chosen].reshape(-1, parameters), expected)
        except (BeyondPrecisionError, jax.errors.JAXTypeError) as error:
            reason = str(error)
    return f"there is no second computation: {reason}"


def _again(traced: ClosedJaxpr, leaves: list, first: np.ndarray, expected: int) -> Again:
    def eliminated(numbers: FixedPoint) -> Elimination:
        parts = [numbers.constant(leaf) for leaf in leaves[:-1]]
        probes = FixedPoint(numbers.bits).constant(leaves[-1])
        matrix = evaluate(traced, [*parts, probes], numbers)[0].reshape(first.shape)
        require_agreement(numbers.floats(matrix), first)
        return eliminated_rank(matrix, numbers.bits, expected)

    for bits in _BITS:
        found = eliminated(FixedPoint(bits))
        if not found.certain:
            continue
        changed = (eliminated(FixedPoint(bits, nudge)) for nudge in range(2))
        firm = found.rank <= expected or all(abs(other.volume - found.volume) < _FIRM for other in changed)
        return Again(found.rank, int(bits * math.log10(2)), found.zero_to, firm)
    raise BeyondPrecisionError(f"values fade into the noise of {int(_BITS[-1] * math.log10(2))} digits.")


def require_agreement(again: np.ndarray, first: np.ndarray) -> None:
    """Refuses a second computation of another matrix than the first, as when an operation is not what it is taken for.

    Single rows may differ: where the first comes to lie on the wrong side of a kink.

    Args:
        again: The matrix of many digits, as float64, shape (row, column).
        first: That of float64.

    Raises:
        BeyondPrecisionError: Half of the rows or more differ by over 1e-4 of the largest entry.
    """
    near = np.all(np.abs(again - first) <= _AGREE * np.max(np.abs(first), initial=0.0), axis=1)
    if near.size and 2 * np.count_nonzero(near) <= near.size:
        raise BeyondPrecisionError("it gives other derivatives than the first.")


def _spanning(jacobian: np.ndarray) -> np.ndarray:
    """Returns which samples to keep: those that a pivoted factorisation meets first."""
    samples, outputs, parameters = jacobian.shape
    most = -(-3 * parameters // (2 * outputs)) + 8
    if samples <= most:
        return np.arange(samples)
    pivoted: Any = scipy.linalg.qr(jacobian.reshape(-1, parameters).T, mode="r", pivoting=True)
    order = pivoted[1]
    first = list(dict.fromkeys((order[:parameters] // outputs).tolist()))[:most]
    rest = np.setdiff1d(np.arange(samples), first)
    more = np.random.default_rng(0).permutation(rest)[: most - len(first)]
    return np.sort(np.concatenate([first, more]).astype(int))


def fades(kept: np.ndarray, gap: float) -> bool:
    """Whether a spectrum may go on below its noise: its last step is not wider than all others by half.

    The values of small weights fade in steps, each about as wide as the one before.

    Args:
        kept: The values above the noise, descending.
        gap: Decades from the last of them to the noise.
    """
    return bool(gap < 1.5 * np.max(-np.diff(np.log10(kept)), initial=0.0))


def _root(sizes: np.ndarray) -> np.ndarray:
    return np.exp2(np.round(np.log2(np.where(sizes > 0, sizes, 1.0)) / 2))


def _singular_values(matrix: np.ndarray) -> np.ndarray:
    return np.zeros(0) if 0 in matrix.shape else np.linalg.svd(matrix, compute_uv=False)
