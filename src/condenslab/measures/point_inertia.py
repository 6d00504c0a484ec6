"""The inertia of a risk at a point: what float64 leaves open is computed again, argued from theory, or undecided."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.measures.curvature import Inertia, inertia, recounted, symmetric
from condenslab.measures.inertia_evidence import flat_between_copies, inertia_again
from condenslab.measures.interpolation import float64_sees_tangents, tangents_where_interpolating
from condenslab.measures.last_digits import hessian_changes, newton_shift
from condenslab.measures.rank import Rank
from condenslab.measures.smoothness import require_smooth
from condenslab.numerics import require_float64, require_memory
from condenslab.risk import EmpiricalRisk, Function, Risk, require_risk

_MARGIN = 16.0
"""So many of the largest change of an entry, where θ is moved in its last digits, count as its rounding."""


def inertia_at(risk: Risk, network: PyTree, *, tolerance: float | None = None) -> Inertia:
    """Returns the inertia of ∇²R(θ), with the L1 norm of ∇R(θ) as the gradient level.

    Where float64 leaves eigenvalues that may be zero, a second computation follows. Where all residuals of a squared
    loss are rounding, ∇²R = 2·Σ_i p_i ∇f_i ∇f_iᵀ (Gauss and Newton), and the inertia is (r, param − r, 0) with the rank
    r of the tangents. Elsewhere the critical point itself is found next to θ with some hundred digits (it is θ where
    the gradient is exactly 0), and the inertia of the Hessian there. Dense: up to about 5,000 parameters; larger ones
    are refused where memory does not hold the matrix.

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
    interpolating = tangents_where_interpolating(risk, network) if matrix.any() else None
    if interpolating is not None:
        return _of_gauss_and_newton(interpolating, first)
    again = inertia_again(risk, network, symmetric(matrix), first.tolerance)
    if again is None:
        return _without_computation(risk, network, matrix, first)
    counts = (again.positive, again.size - again.positive - again.negative, again.negative)
    argument = f"a second computation at the critical point: what is zero is below 1e{again.zero_to:.0f}"
    return recounted(first, counts, argument)


def with_tangents(risk: EmpiricalRisk, network: PyTree, found: Inertia) -> Inertia:
    """Returns an inertia that float64 decided, as far as the tangents bear its zeros out.

    Quick beside `inertia_at`: no Hessian is computed a second time.

    Args:
        risk: R.
        network: θ.
        found: The inertia of ∇²R(θ).
    """
    if not found.decided or not found.zero or found.zero == len(found.eigenvalues):
        return found
    interpolating = tangents_where_interpolating(risk, network)
    if interpolating is not None:
        return _of_gauss_and_newton(interpolating, found)
    return found if float64_sees_tangents(risk, network) else replace(found, decided=False, evidence="")


def _of_gauss_and_newton(tangents: Rank, first: Inertia) -> Inertia:
    """Where all residuals are rounding ∇²R = 2·Σ_i p_i ∇f_i ∇f_iᵀ, whose positive directions are those of ∇f."""
    if not tangents.decided:
        return replace(first, decided=False, evidence="")
    counts = (tangents.value, len(first.eigenvalues) - tangents.value, 0)
    argument = f"the residuals are rounding, so the Hessian has the rank of the tangents: {tangents.evidence}"
    found = recounted(first, counts, argument)
    return replace(found, decided=True, evidence=argument)  # no sign is in question, however small the eigenvalue


def _without_computation(risk: EmpiricalRisk, network: PyTree, matrix: np.ndarray, first: Inertia) -> Inertia:
    """Decides by theory: where what is above the noise and what must be flat make up all directions; or by rounding."""
    flat = flat_between_copies(risk, network)
    if flat and first.positive + flat + first.negative == len(matrix):
        argument = f"{flat} directions between equal neurons are flat by theory, the others are above the noise"
        return recounted(first, first.counts, argument)
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
    eigenvalues, vectors = np.linalg.eigh(symmetric(matrix))
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
    return recounted(first, counts, argument)


@eqx.filter_jit
def _gradient_and_hessian(risk: Risk, params: PyTree) -> tuple[Array, Array]:
    return abs(ravel_pytree(risk.gradient(params))[0]).sum(), risk.hessian(params)
