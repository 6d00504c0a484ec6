"""Inertia: how many directions of a symmetric matrix curve up, are flat, or curve down, with an argument for each."""

from dataclasses import dataclass, replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.measures.inertia_evidence import exact_inertia, flat_between_copies, inertia_again
from condenslab.measures.interpolation import float64_sees_tangents, tangents_where_interpolating
from condenslab.measures.last_digits import hessian_changes, newton_shift
from condenslab.measures.rank import Rank
from condenslab.measures.rank_evidence import equilibration, fades, graded
from condenslab.measures.smoothness import require_smooth
from condenslab.numerics import (
    SpectrumCut,
    cut_spectrum,
    require_float64,
    require_memory,
    require_tolerance,
    rounding_floor,
    whole_as_float,
)
from condenslab.risk import EmpiricalRisk, Function, Risk, require_risk

Counts = tuple[int, int, int]


_MARGIN = 16.0
"""So many of the largest change of an entry, where θ is moved in its last digits, count as its rounding."""


@dataclass(frozen=True, eq=False)
class Inertia:
    """Numbers of positive, zero and negative eigenvalues, with their evidence.

    Attributes:
        positive: Positive eigenvalues. The three counts answer the question only where `decided`; else positive and
            negative are what is above the noise, which there is at least.
        zero: Eigenvalues that are zero (undecided: that may be).
        negative: Negative eigenvalues.
        tolerance: The cut, in the units of the eigenvalues.
        gap: Width of the gap of |λ| at the cut, in decades.
        gradient_norm: L1 norm of the gradient at the point; the sign of a smaller eigenvalue means nothing.
        decided: Whether there is an argument for every zero, and no counted eigenvalue is below the gradient level.
        floor: The rounding floor eps·max|λ|·size.
        eigenvalues: The whole spectrum, ascending, shape (param,).
        effective: The numerical inertia at the stated tolerance `effective_tolerance`, in the same order: eigenvalues
            within it count as zero, whether they are or not.
        effective_tolerance: The caller's tolerance, or `floor`.
        evidence: The argument for the counts, one sentence; empty where they are undecided.
    """

    positive: int
    zero: int
    negative: int
    tolerance: float
    gap: float
    gradient_norm: float
    decided: bool
    floor: float
    eigenvalues: np.ndarray
    effective: Counts = (0, 0, 0)
    effective_tolerance: float = 0.0
    evidence: str = ""

    @property
    def counts(self) -> Counts:
        """(positive, zero, negative)."""
        return self.positive, self.zero, self.negative

    def __str__(self) -> str:
        """Returns the counts, or that they are undecided."""
        if self.decided:
            return str(self.counts)
        return f"undecided (at least {self.positive} positive and {self.negative} negative, {self.gap:.1f} decades)"


def inertia(hessian: np.ndarray | Array, *, gradient_norm: float, tolerance: float | None = None) -> Inertia:
    """Returns the inertia of a Hessian: what is above the noise has a sign, and what is below needs an argument.

    The noise is that of entries rounded to float64, of H as it is and of S = D·H·D with a positive diagonal D that
    brings all rows to one size: by Sylvester's law S has the inertia of H, but other gaps. Zeros are decided as for a
    `rank`: by exact arithmetic on the entries, or by three decades between the smallest eigenvalue that counts and the
    noise of rounded entries.

    Args:
        hessian: A symmetric matrix, shape (param, param); its symmetric part is taken.
        gradient_norm: L1 norm of the gradient where the Hessian was computed; 0 for a matrix that is just a matrix.
        tolerance: An absolute cut that replaces all this: the inertia is then the numerical one.

    Raises:
        TypeError: The matrix is not float64 and no tolerance is given.
        ValueError: It is not square and symmetric, has NaN or infinite entries, or the gradient norm or the tolerance
            is negative or NaN.

    Example:
        >>> print(inertia(np.diag([2.0, 0.0, -1.0]), gradient_norm=0.0))
        (1, 1, 1)
    """
    matrix = whole_as_float(np.asarray(hessian))
    require_tolerance(tolerance)
    require_float64(matrix, "inertia", tolerance)
    matrix = _symmetric(matrix.astype(np.float64))
    if isinstance(gradient_norm, bool) or np.ndim(gradient_norm) or not gradient_norm >= 0:
        raise ValueError(f"gradient_norm must be one non-negative number. Got {gradient_norm!r}.")
    eigenvalues = _eigenvalues(matrix)
    cut, counts = _signs(eigenvalues, tolerance)
    if tolerance is not None:
        clear = cut.gap >= 2.0
        found = _result(eigenvalues, cut, counts, gradient_norm, "the numerical inertia at a stated tolerance")
        found = replace(found, tolerance=tolerance, effective=counts, effective_tolerance=tolerance)
        return found if clear and found.decided else replace(found, decided=False, evidence="")
    scale, _ = equilibration(matrix, cut.floor)
    second, seconds = _signs(_eigenvalues(scale[:, None] * matrix * scale[None, :]), None)
    best, most = max(((cut, counts), (second, seconds)), key=lambda pair: (pair[0].count, pair[0].gap))
    agree = cut.decided and second.decided and counts == seconds and not graded(matrix, best.count)
    agree = agree and not fades(np.sort(np.abs(eigenvalues))[::-1][: cut.count], cut.gap)
    return _with_argument(matrix, eigenvalues, (cut, best), most, gradient_norm, agree=agree)


def inertia_at(risk: Risk, network: PyTree, *, tolerance: float | None = None) -> Inertia:
    """Returns the inertia of ∇²R(θ), with the L1 norm of ∇R(θ) as the gradient level.

    Where float64 leaves eigenvalues that may be zero, a second computation follows: with some hundred digits the
    critical point itself is found next to θ (it is θ where the gradient is exactly 0), and the inertia of the Hessian
    there. Dense: up to about 5,000 parameters; larger ones are refused where memory does not hold the matrix.

    Args:
        risk: R.
        network: θ: a network, or any pytree that the risk takes.
        tolerance: As in `inertia`.

    Raises:
        TypeError: Network or risk is not float64 and no tolerance is given.
        ValueError: The Hessian or the gradient is not finite, or does not fit in memory, or gradient or curvature of a
            `Function` jumps at θ.
    """
    require_risk(risk)
    if isinstance(risk, Function):
        risk.require_defined(network)
    theta = np.asarray(ravel_pytree(network)[0])
    if theta.size == 0:
        return inertia(np.zeros((0, 0)), gradient_norm=0.0, tolerance=tolerance)
    require_float64(theta, "inertia", tolerance)
    require_memory(5 * 8 * theta.size**2, f"the Hessian of {theta.size} parameters", "measures.inertia_bounds_at")
    gradient_norm, hessian = _gradient_and_hessian(risk, network)
    matrix = np.asarray(hessian)
    if isinstance(risk, Function):
        require_smooth(risk, network)
    first = inertia(matrix, gradient_norm=float(gradient_norm), tolerance=tolerance)
    if tolerance is not None:
        return first
    if isinstance(risk, Function):
        return _without_last_digits(risk, network, matrix, first)
    if first.positive + first.negative == len(theta):
        return first
    interpolating = tangents_where_interpolating(risk, network)
    if interpolating is not None and matrix.any():
        return _of_gauss_and_newton(interpolating, first)
    again = inertia_again(risk, network, _symmetric(matrix), first.tolerance)
    if again is None:
        return _without_computation(risk, network, matrix, first)
    counts = (again.positive, again.size - again.positive - again.negative, again.negative)
    argument = f"a second computation at the critical point: what is zero is below 1e{again.zero_to:.0f}"
    cut, _ = _signs(first.eigenvalues, None)
    return _result(first.eigenvalues, cut, counts, first.gradient_norm, argument)


def _of_gauss_and_newton(tangents: Rank, first: Inertia) -> Inertia:
    """Where all residuals are rounding ∇²R = 2·Σ_i p_i ∇f_i ∇f_iᵀ, whose positive directions are those of ∇f."""
    if not tangents.decided:
        return replace(first, decided=False, evidence="")
    cut, _ = _signs(first.eigenvalues, None)
    counts = (tangents.value, len(first.eigenvalues) - tangents.value, 0)
    argument = f"the residuals are rounding, so the Hessian has the rank of the tangents: {tangents.evidence}"
    found = _result(first.eigenvalues, cut, counts, first.gradient_norm, argument)
    return replace(found, decided=True, evidence=argument)  # no sign is in question, however small the eigenvalue


def _without_computation(risk: EmpiricalRisk, network: PyTree, matrix: np.ndarray, first: Inertia) -> Inertia:
    """Decides by theory: where what is above the noise and what must be flat make up all directions; or by rounding."""
    flat = flat_between_copies(risk, network)
    if flat and first.positive + flat + first.negative == len(matrix):
        cut, _ = _signs(first.eigenvalues, None)
        argument = f"{flat} directions between equal neurons are flat by theory, the others are above the noise"
        return _result(first.eigenvalues, cut, first.counts, first.gradient_norm, argument)
    found = first if first.decided else _without_rounding(risk, network, matrix, first)
    seen = not found.decided or float64_sees_tangents(risk, network)
    return found if seen else replace(found, decided=False, evidence="")


def _without_rounding(risk: EmpiricalRisk, network: PyTree, matrix: np.ndarray, first: Inertia) -> Inertia:
    """Decides an inertia whose open rows are rounding: they change by their own size with the last digits of θ.

    So are those of a neuron without output weights at a critical point, sums that cancel. Where residuals are rounding,
    so may be the row of a parameter in small units, of which JᵀJ has a true curvature below: only rows of parameters
    that move no output at all, to first order, are taken for zero, and no direction above the noise may be lost.
    """
    theta, unravel = ravel_pytree(network)
    changes = np.abs(hessian_changes(risk, network, matrix))
    rounding = np.all(np.abs(matrix) <= _MARGIN * np.max(changes, axis=0), axis=1)
    along = unravel(jnp.asarray(np.where(rounding, np.random.default_rng(1).uniform(1.0, 2.0, theta.size), 0.0)))
    if not rounding.any() or np.any(np.asarray(jax.jvp(risk.outputs, (network,), (along,))[1])):
        return first
    kept = np.where(rounding, 0.0, 1.0)
    found = inertia(matrix * np.outer(kept, kept), gradient_norm=first.gradient_norm)
    if not found.decided or found.positive < first.positive or found.negative < first.negative:
        return first
    argument = "rows that change by their own size with the last digits of the parameters are rounding"
    return replace(found, eigenvalues=first.eigenvalues, evidence=argument)


def _without_last_digits(risk: Function, network: PyTree, matrix: np.ndarray, first: Inertia) -> Inertia:
    """Takes for zero the curvatures that change by their own size with the last digits of θ.

    A critical point is known to these digits only, and to its Newton step. The curvature of an eigenvector v moves by
    vᵀ(H(θ′) − H(θ))v: along each one, so that a small curvature that θ determines is kept beside large ones.
    """
    eigenvalues, vectors = np.linalg.eigh(_symmetric(matrix))
    changes = hessian_changes(risk, network, matrix, [newton_shift(risk, network, eigenvalues, vectors)])
    along = np.max([np.abs(np.einsum("ik,ij,jk->k", vectors, change, vectors)) for change in changes], axis=0)
    rounding = np.abs(eigenvalues) <= _MARGIN * along
    zero = int(np.count_nonzero(rounding))
    if not zero or (first.decided and zero <= first.zero):
        return first
    kept = eigenvalues[~rounding]
    if np.min(np.abs(kept), initial=np.inf) <= first.floor:
        return first
    counts = (int(np.sum(kept > 0)), zero, int(np.sum(kept < 0)))
    argument = "curvatures that change by their own size with the last digits of the parameters are rounding"
    cut, _ = _signs(first.eigenvalues, None)
    return _result(first.eigenvalues, cut, counts, first.gradient_norm, argument)


def _with_argument(
    matrix: np.ndarray,
    eigenvalues: np.ndarray,
    cuts: tuple[SpectrumCut, SpectrumCut],
    counts: Counts,
    level: float,
    *,
    agree: bool,
) -> Inertia:
    cut, best = cuts
    if best.full:
        return _result(eigenvalues, cut, counts, level, "every eigenvalue is above the noise")
    exact = exact_inertia(matrix)
    if exact is not None and exact.counts == counts:
        return _result(eigenvalues, cut, counts, level, "exact arithmetic on the entries finds no more than the noise")
    if exact is not None and exact.short:
        return _result(eigenvalues, cut, exact.counts, level, "exact arithmetic on entries that are not rounded")
    found = _result(eigenvalues, cut, counts, level, "what is left has the size of rounding, three decades below")
    return found if agree and (exact is None or exact.rounded) else replace(found, decided=False, evidence="")


def _result(eigenvalues: np.ndarray, cut: SpectrumCut, counts: Counts, level: float, evidence: str) -> Inertia:
    positive, zero, negative = counts
    sizes = np.sort(np.abs(eigenvalues))[::-1]
    kept = positive + negative
    smallest = float(sizes[kept - 1]) if kept else float("inf")
    following = max(cut.floor, float(sizes[kept]) if kept < sizes.size else 0.0)
    tiny = float(np.finfo(np.float64).tiny)
    gap = max(0.0, float(np.log10(max(smallest, tiny) / following))) if kept else float("inf")
    tolerance = float(np.sqrt(max(smallest, tiny)) * np.sqrt(following)) if kept else cut.floor
    sure = bool(smallest > level)
    effective = _counted(eigenvalues, cut.floor)
    argument = evidence if sure else ""
    counts = (positive, zero, negative)
    return Inertia(*counts, tolerance, gap, float(level), sure, cut.floor, eigenvalues, effective, cut.floor, argument)


@eqx.filter_jit
def _gradient_and_hessian(risk: Risk, params: PyTree) -> tuple[Array, Array]:
    return abs(ravel_pytree(risk.gradient(params))[0]).sum(), risk.hessian(params)


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a Hessian must be a square matrix. Got shape {matrix.shape}.")
    if not np.all(np.isfinite(matrix)):
        raise ValueError("the Hessian must be finite. Got NaN or infinity: the point is out of range.")
    if np.abs(matrix - matrix.T).max(initial=0.0) > 1e-6 * np.abs(matrix).max(initial=0.0):
        raise ValueError("a Hessian must be symmetric. Got one that differs from its transpose by more than 1e-6.")
    return (matrix + matrix.T) / 2


def _eigenvalues(matrix: np.ndarray) -> np.ndarray:
    return np.zeros(0) if matrix.size == 0 else scipy.linalg.eigh(matrix, eigvals_only=True, check_finite=False)


def _signs(eigenvalues: np.ndarray, tolerance: float | None) -> tuple[SpectrumCut, Counts]:
    sizes = np.abs(eigenvalues)
    cut = cut_spectrum(sizes, rounding_floor(float(sizes.max(initial=0.0)), sizes.shape), tolerance)
    return cut, _counted(eigenvalues, cut.floor if tolerance is None else tolerance)


def _counted(eigenvalues: np.ndarray, tolerance: float) -> Counts:
    positive, negative = int(np.sum(eigenvalues > tolerance)), int(np.sum(eigenvalues < -tolerance))
    return positive, len(eigenvalues) - positive - negative, negative
