"""Inertia: how many directions of a symmetric matrix curve up, are flat, or curve down; cut by a whole spectrum."""

from dataclasses import dataclass

import equinox as eqx
import numpy as np
import scipy.linalg
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.numerics import SpectrumCut, cut_spectrum, require_float64, rounding_floor
from condenslab.risk import EmpiricalRisk

_EQUILIBRATIONS = 8


@dataclass(frozen=True, eq=False)
class Inertia:
    """Numbers of positive, zero and negative eigenvalues, with their evidence.

    Attributes:
        positive: Eigenvalues above the cut. The three counts answer the question only where `decided`.
        zero: Eigenvalues within ± the cut.
        negative: Eigenvalues below minus the cut.
        tolerance: The cut, in the units of the eigenvalues.
        gap: Width of the gap of |λ| at the cut, in decades.
        gradient_norm: L1 norm of the gradient at the point; the sign of a smaller eigenvalue means nothing.
        decided: Whether the gap is at least two decades, no counted eigenvalue is below the gradient level, and the
            equilibrated matrix (another with the same inertia) gives the same counts with a gap of two decades.
        floor: The rounding floor eps·max|λ|·size.
        eigenvalues: The whole spectrum, ascending, shape (param,).
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

    @property
    def counts(self) -> tuple[int, int, int]:
        """(positive, zero, negative)."""
        return self.positive, self.zero, self.negative

    def __str__(self) -> str:
        """Returns the counts, or that they are undecided."""
        return str(self.counts) if self.decided else f"undecided (largest gap {self.gap:.1f} decades, at {self.counts})"


def inertia(hessian: np.ndarray | Array, *, gradient_norm: float, tolerance: float | None = None) -> Inertia:
    """Returns the inertia of a Hessian, cut at the largest gap of |λ| above the rounding floor.

    The second opinion is S = D·H·D with a positive diagonal D that brings the largest entry of every row to 1: by
    Sylvester's law S has the inertia of H, but other gaps. Rows at the rounding floor are left as they are.

    Args:
        hessian: A symmetric matrix, shape (param, param); its symmetric part is taken.
        gradient_norm: L1 norm of the gradient where the Hessian was computed; 0 for a matrix that is just a matrix.
        tolerance: An absolute cut that replaces the largest gap and the second opinion.

    Raises:
        TypeError: The matrix is not float64 and no tolerance is given.
        ValueError: It is not square and symmetric, has NaN or infinite entries, or the gradient norm is negative or
            NaN.

    Example:
        >>> print(inertia(np.diag([2.0, 0.0, -1.0]), gradient_norm=0.0))
        (1, 1, 1)
    """
    matrix = np.asarray(hessian)
    require_float64(matrix, "inertia", tolerance)
    matrix = _symmetric(matrix.astype(np.float64))
    if not gradient_norm >= 0:
        raise ValueError(f"gradient_norm must be non-negative. Got {gradient_norm}.")
    eigenvalues, cut, counts = _signs(matrix, tolerance)
    smallest = np.abs(eigenvalues[np.abs(eigenvalues) > cut.tolerance]).min(initial=np.inf)
    decided = cut.decided and bool(smallest > gradient_norm)
    if tolerance is None and decided:
        _, second_cut, second_counts = _signs(_equilibrated(matrix, cut.floor), None)
        decided = second_cut.decided and second_counts == counts
    positive, zero, negative = counts
    return Inertia(
        positive, zero, negative, cut.tolerance, cut.gap, float(gradient_norm), decided, cut.floor, eigenvalues
    )


def inertia_at(risk: EmpiricalRisk, network: PyTree, *, tolerance: float | None = None) -> Inertia:
    """Returns the inertia of ∇²R(θ), with the L1 norm of ∇R(θ) as the gradient level.

    Dense: up to about 5,000 parameters.

    Args:
        risk: R.
        network: θ: a network, or any pytree that the risk takes.
        tolerance: As in `inertia`.

    Raises:
        TypeError: Network or risk is not float64 and no tolerance is given.
        ValueError: The Hessian or the gradient is not finite.
    """
    theta = np.asarray(ravel_pytree(network)[0])
    if theta.size == 0:
        return inertia(np.zeros((0, 0)), gradient_norm=0.0, tolerance=tolerance)
    require_float64(theta, "inertia", tolerance)
    gradient_norm, hessian = _gradient_and_hessian(risk, network)
    return inertia(np.asarray(hessian), gradient_norm=float(gradient_norm), tolerance=tolerance)


@eqx.filter_jit
def _gradient_and_hessian(risk: EmpiricalRisk, params: PyTree) -> tuple[Array, Array]:
    return abs(ravel_pytree(risk.gradient(params))[0]).sum(), risk.hessian(params)


def _symmetric(matrix: np.ndarray) -> np.ndarray:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a Hessian must be a square matrix. Got shape {matrix.shape}.")
    if not np.all(np.isfinite(matrix)):
        raise ValueError("the Hessian must be finite. Got NaN or infinity: the point is out of range.")
    if np.abs(matrix - matrix.T).max(initial=0.0) > 1e-6 * np.abs(matrix).max(initial=0.0):
        raise ValueError("a Hessian must be symmetric. Got one that differs from its transpose by more than 1e-6.")
    return (matrix + matrix.T) / 2


def _signs(matrix: np.ndarray, tolerance: float | None) -> tuple[np.ndarray, SpectrumCut, tuple[int, int, int]]:
    eigenvalues = np.zeros(0) if matrix.size == 0 else scipy.linalg.eigh(matrix, eigvals_only=True, check_finite=False)
    sizes = np.abs(eigenvalues)
    cut = cut_spectrum(sizes, rounding_floor(float(sizes.max(initial=0.0)), matrix.shape), tolerance)
    kept = np.sort(sizes)[::-1][: cut.count].min(initial=np.inf)
    positive = int(np.count_nonzero(eigenvalues >= kept))
    negative = int(np.count_nonzero(eigenvalues <= -kept))
    return eigenvalues, cut, (positive, len(eigenvalues) - positive - negative, negative)


def _equilibrated(matrix: np.ndarray, floor: float) -> np.ndarray:
    live = np.abs(matrix).max(axis=1, initial=0.0) > floor
    scaled = matrix
    for _ in range(_EQUILIBRATIONS):  # Ruiz's iteration: symmetric, and it converges fast
        largest = np.abs(scaled).max(axis=1, initial=0.0)
        root = np.where(live, np.sqrt(np.where(live, largest, 1.0)), 1.0)
        scaled = scaled / root[:, None] / root[None, :]
    return scaled
