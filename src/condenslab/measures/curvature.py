"""Inertia: how many directions of a symmetric matrix curve up, are flat, or curve down, with an argument for each."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from jax import Array

from condenslab.measures.inertia_evidence import exact_inertia
from condenslab.measures.rank_evidence import equilibration, fades, graded
from condenslab.numerics import (
    SpectrumCut,
    cut_spectrum,
    require_float64,
    require_tolerance,
    rounding_floor,
    whole_as_float,
)

Counts = tuple[int, int, int]


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
    matrix = symmetric(matrix.astype(np.float64))
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


def recounted(found: Inertia, counts: Counts, evidence: str) -> Inertia:
    """Returns an inertia with other counts for another reason; the spectrum and the gradient level stay.

    Args:
        found: The inertia.
        counts: (positive, zero, negative).
        evidence: The argument for them, one sentence.
    """
    cut, _ = _signs(found.eigenvalues, None)
    return _result(found.eigenvalues, cut, counts, found.gradient_norm, evidence)


def symmetric(matrix: np.ndarray) -> np.ndarray:
    """Returns the symmetric part of a Hessian, shape (param, param).

    Raises:
        ValueError: It is not square, not finite, or not symmetric to 1e-6 of its largest entry.
    """
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
