"""Rank: how many independent rows a matrix has, and how many directions the tangent functions of a network span."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.measures.coincidences import is_common
from condenslab.measures.pieces import barely_met
from condenslab.measures.rank_evidence import exact_entries, fades, generic_rank, graded, spectra, tangents_again
from condenslab.measures.tangent_array import tangent_array
from condenslab.measures.unseen import unseen
from condenslab.networks import KAN, MLP, ConvTwoLayer, MatrixFactorisation, TwoLayer, apply
from condenslab.networks.conversion import floating, numbers
from condenslab.numerics import SpectrumCut, cut_spectrum, require_float64, require_tolerance, whole_as_float


@dataclass(frozen=True, eq=False)
class Rank:
    """The exact rank with its evidence, and beside it the numerical rank.

    Attributes:
        value: The rank. It answers the question only where `decided`; else it is how many singular values are above
            the noise, which the rank is at least.
        singular_values: The whole spectrum, descending, shape (min(rows, columns),).
        tolerance: The cut, in the units of the singular values, between the last that counts and the next.
        gap: Width of the gap at the cut, in decades, down to the floor where nothing is known below it.
        floor: The noise of the singular values, eps·s₁·max(shape) or more.
        normalised_value: The second opinion: how many are above the noise once rows and columns have one size. None
            where the caller stated the tolerance.
        decided: Whether there is an argument for every zero, and nothing else speaks against the number.
        reason: Why the matrix itself is not to be trusted (probes that saturate neurons), one sentence; else empty.
        proven_at_least: A lower bound of the exact rank by a theorem (`landscape.proof.with_proof`), or None.
        effective: The numerical rank at the stated tolerance `effective_tolerance`: how many singular values exceed
            it. It is no rank: true values may lie below.
        effective_tolerance: The caller's tolerance, or `floor`.
        evidence: The argument for `value`, one sentence; empty where it is undecided.
    """

    value: int
    singular_values: np.ndarray
    tolerance: float
    gap: float
    floor: float
    normalised_value: int | None
    decided: bool
    reason: str = ""
    effective: int = 0
    effective_tolerance: float = 0.0
    evidence: str = ""
    proven_at_least: int | None = None

    def counts_at(self, thresholds: Sequence[float]) -> np.ndarray:
        """Returns how many singular values exceed each threshold times the largest: stable counts are evidence.

        Args:
            thresholds: Relative to s₁, for example 1e-2 … 1e-8; shape (k,).

        Example:
            >>> rank(np.diag([1.0, 1e-3])).counts_at([1e-2, 1e-8]).tolist()
            [1, 2]
        """
        values = self.singular_values
        top = float(values.max(initial=0.0))
        return np.array([int(np.count_nonzero(values > threshold * top)) for threshold in thresholds])

    def __str__(self) -> str:
        """Returns the rank, or that it is undecided."""
        if self.decided:
            return str(self.value)
        if self.reason:
            return f"undecided ({self.reason})"
        return (
            f"undecided (at least {self.value}, {self.gap:.1f} decades above the noise; the others may be zero or not)"
        )


def rank(
    matrix: np.ndarray | Array, *, tolerance: float | None = None, errors: np.ndarray | float | None = None
) -> Rank:
    """Returns the rank of a matrix: what is above the noise counts, and what is below needs an argument to be zero.

    The noise is that of entries rounded to float64, once rows and columns are as they are, and once they have one size
    (LAPACK's equilibration: it changes no rank, but a numerical one). Zeros are decided by elimination in exact
    arithmetic on the entries where that finds no more than is above the noise, or where the entries do not look rounded
    (whole numbers, few binary digits). Where they do, the last value that counts must lie three decades above the noise
    for the others to be rounding, and wider above it than the values above lie apart, for values that fade into the
    noise (of kernels, of Hilbert's matrix) go on below it; and no row or column may be of another unit, below the noise
    as a whole.

    Args:
        matrix: Any matrix, shape (row, column); for a Jacobian, rows are samples and columns are parameters.
        tolerance: An absolute cut that replaces all this: the rank is then the numerical one.
        errors: Bounds of the entries' absolute errors, one number or the shape of the matrix, where they are larger
            than rounding; zeros then are what lies below them.

    Raises:
        TypeError: The matrix is not float64 and no tolerance is given.
        ValueError: It is not a matrix, or has NaN or infinite entries, or a bound of an error or the tolerance is
            negative, or whole numbers are beyond 2⁵³ (`exact_rank` takes them).

    Example:
        >>> print(rank(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])))
        1
    """
    array = _checked(matrix, tolerance)
    noise = _noise(errors, array.shape)
    values, cut, second = spectra(array, noise)
    if tolerance is not None:
        return _stated(values, cut.floor, tolerance)
    best = max(cut, second, key=lambda candidate: (candidate.count, candidate.gap))
    if best.full and (errors is None or cut.full):
        return _decided(values, cut, second, best.count, "every singular value is above the noise")
    exact = None if errors is not None else exact_entries(array, best.count)
    if exact is not None and exact.rank == best.count:
        return _decided(values, cut, second, exact.rank, "exact arithmetic on the entries finds no more than the noise")
    if exact is not None and exact.short:
        return _decided(values, cut, second, exact.rank, "exact arithmetic on entries that are not rounded")
    # Rounding makes every rank full, but for exact copies and zeros: a lower one has a structure.
    generic = exact is None or (exact.rounded and exact.rank == generic_rank(array))
    clear = generic and cut.decided and second.decided and cut.count == second.count
    if clear and (errors is not None or not (graded(array, best.count) or fades(values[: cut.count], cut.gap))):
        return _decided(values, cut, second, best.count, "what is left has the size of rounding, three decades below")
    return replace(_decided(values, cut, second, best.count, ""), decided=False)


def model_rank(
    network: PyTree,
    probes: np.ndarray | Array,
    *,
    predict: Callable[[PyTree, Array], Array] = apply,
    tolerance: float | None = None,
) -> Rank:
    """Returns the empirical model rank, rank of ∂f_o(x_i)/∂θ over probe inputs, all outputs stacked.

    The model rank dim span{∂f(·; θ)/∂θ_j} is reached when the probes are generic and at least as many as parameters;
    fewer give the rank that these samples see. Where float64 leaves values that may be zero, the Jacobian is computed a
    second time with hundreds of digits, at these parameters and probes exactly: true values of 1e-100 are told from
    zeros. Where at least as many rows as parameters do not show all of a network (neurons that never bend, cells of a
    piecewise model that no probe visits and that raise the rank), the answer is undecided and says so;
    `covering_probes` avoids it.

    Args:
        network: θ: a network of this package, or any pytree that `predict` takes.
        probes: Inputs x_i, shape (sample, input).
        predict: (params, inputs) → outputs (sample, output).
        tolerance: As in `rank`.

    Raises:
        TypeError: Parameters or Jacobian are not float64 and no tolerance is given.
        ValueError: There are no probes, a derivative is NaN or infinite, or every hidden neuron is saturated on every
            probe.

    References:
        Zhang et al., "Optimistic estimate uncovers the potential of nonlinear models", J. Mach. Learn. 4(3),
        2025, eq. 3.
    """
    probes = floating("probes", probes) if predict is apply else numbers("probes", probes)
    if probes.ndim == 0 or probes.shape[0] == 0:
        raise ValueError(f"probes must hold at least one input, shape (sample, input). Got shape {probes.shape}.")
    require_float64(np.asarray(ravel_pytree(network)[0]), "model rank", tolerance)
    jacobian = tangent_array(network, probes, predict=predict)
    found = rank_of_tangents(network, probes, predict, jacobian, tolerance)
    aimed_at_all = jacobian.shape[0] * jacobian.shape[1] >= jacobian.shape[2]
    if predict is not apply or not aimed_at_all:
        return found
    reason = unseen(network, probes, found.value, jacobian.shape[2])
    return replace(found, decided=found.decided and not reason, reason=reason or found.reason)


def rank_of_tangents(
    network: PyTree, probes: Array, predict: Callable, jacobian: np.ndarray, tolerance: float | None = None
) -> Rank:
    """Returns the rank of a Jacobian that can be computed again, with an argument for its zeros.

    Args:
        network: θ.
        probes: Inputs, at which the Jacobian was taken.
        predict: (params, inputs) → outputs.
        jacobian: ∂f_o(x_i)/∂θ, shape (sample, output, param).
        tolerance: As in `rank`.
    """
    matrix = _checked(jacobian.reshape(-1, jacobian.shape[-1]), tolerance)
    values, cut, second = spectra(matrix, 0.0)
    if tolerance is not None:
        return _stated(values, cut.floor, tolerance)
    if cut.full and cut.decided:
        return _decided(values, cut, second, cut.count, "every singular value is above the noise")
    best = max(cut, second, key=lambda candidate: (candidate.count, candidate.gap))
    again = tangents_again(network, probes, predict, jacobian, best.count)
    visible = not isinstance(network, KAN) or not barely_met(network, np.asarray(probes))
    if isinstance(again, str):
        clear = cut.decided and second.decided and cut.count == second.count and visible
        clear = clear and not fades(values[: cut.count], cut.gap)
        argument = f"by the noise of float64 alone, also at parameters nearby, because {again}"
        found = _decided(values, cut, second, best.count, argument)
        if not clear:
            reason = f"float64 does not show where the rank ends, and {again}"
            return replace(found, decided=False, evidence="", reason=reason)
        if isinstance(network, MatrixFactorisation) or is_common(network, probes, predict, best.count):
            return found
        reason = f"parameters nearby have another rank than {best.count}, and {again}"
        return replace(found, decided=False, evidence="", reason=reason)
    if (
        not again.firm
    ):  # in a low-rank factor rounding has this effect, in a dense network only neurons that nearly agree
        noise = _decided(values, cut, second, best.count, "what is left is the rounding of parameters")
        clear = cut.decided and second.decided and not isinstance(network, TwoLayer | MLP | ConvTwoLayer) and visible
        reason = f"the rank is {again.rank} or {best.count}, depending on the last digits of the parameters"
        return noise if clear else replace(noise, decided=False, evidence="", reason=reason)
    argument = f"a second computation with {again.digits} digits: what is zero is below 1e{again.zero_to:.0f}"
    return _decided(values, cut, second, again.rank, argument)


def _checked(matrix: np.ndarray | Array, tolerance: float | None) -> np.ndarray:
    array = whole_as_float(np.asarray(matrix))
    require_tolerance(tolerance)
    if array.ndim != 2:
        raise ValueError(f"a rank is that of a matrix (row, column). Got shape {array.shape}.")
    require_float64(array, "rank", tolerance)
    if not np.all(np.isfinite(array)):
        raise ValueError("the matrix must be finite. Got NaN or infinity: the point or the probes are out of range.")
    return array.astype(np.float64)


def _noise(errors: np.ndarray | float | None, shape: tuple[int, ...]) -> np.ndarray | float:
    given = np.zeros(()) if errors is None else np.asarray(errors)
    bounds = given.astype(np.float64) if given.dtype.kind in "iuf" else np.full((), np.nan)
    if bounds.shape not in ((), shape) or not np.all((bounds >= 0) & np.isfinite(bounds)):
        raise ValueError(f"errors must be one non-negative number, or of shape {shape}. Got {errors!r}.")
    return bounds


def _stated(values: np.ndarray, floor: float, tolerance: float) -> Rank:
    cut = cut_spectrum(values, floor, tolerance)
    argument = "the numerical rank at the tolerance that was stated"
    clear = cut.gap >= 2.0
    return Rank(
        cut.count, values, tolerance, cut.gap, floor, None, clear, "", cut.count, tolerance, argument if clear else ""
    )


def _decided(values: np.ndarray, cut: SpectrumCut, second: SpectrumCut, value: int, evidence: str) -> Rank:
    """Returns a rank whose cut lies below the first `value` singular values."""
    tiny = float(np.finfo(np.float64).tiny)
    last = float(values[value - 1]) if value else max(float(values.max(initial=0.0)), cut.floor)
    following = float(values[value]) if value < values.size else 0.0
    low = max(min(following, cut.floor) if value <= cut.count else following, tiny)
    low = max(low, cut.floor) if last > cut.floor else low
    tolerance = float(np.sqrt(max(last, tiny)) * np.sqrt(low)) if value else cut.floor
    gap = float(np.log10(max(last, tiny) / low)) if value else float("inf")
    return Rank(
        value, values, tolerance, max(gap, 0.0), cut.floor, second.count, True, "", cut.count, cut.floor, evidence
    )
