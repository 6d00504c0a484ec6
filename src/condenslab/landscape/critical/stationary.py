"""Newton's method for ∇R = 0 in float64, and what may become of a search for a critical point."""

from enum import Enum

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.numerics import require_float64, rounding_floor
from condenslab.risk import Function, Risk

STANDSTILL = 1e-3
"""Newton's method stands still when its step is below this, relative to 1 + |θ_j|; at infinity steps are of order 1."""

NEWTON_STEPS = 60
"""As many steps as Newton's method takes unless told otherwise."""

_HALVINGS = 8
_ROUNDINGS = 50.0


class Fate(Enum):
    """What became of a search for a critical point."""

    CRITICAL = "critical: the L1 norm of the gradient is at the tolerance, and Newton's method stands still"
    SATURATED = (
        "saturated: further out the risk keeps falling or no longer changes (a neuron becomes a step or a constant, "
        "two merge with growing output weights, logits grow); the critical point is at infinity, which is none"
    )
    FLAT = "flat, not critical: the gradient is at the tolerance, but Newton's method still moves; look at its Hessian"
    UNCONVERGED = (
        "not converged: the gradient stayed above the tolerance; allow more steps (steps=… of polish, root_steps=… "
        "of a search), state a larger tolerance=…, or start elsewhere"
    )
    KINKED = (
        "not twice differentiable: the gradient or the curvature of the risk jumps at this point, so that its Hessian "
        "means nothing; smooth the kink"
    )
    DIVERGED = "diverged: a parameter became NaN or infinite; start closer to the data"
    UNFINISHED = "not finished: the search was interrupted, or its time was up, before this start came to its end"


def newton(
    risk: Risk, like: PyTree, theta: np.ndarray, *, tolerance: float, steps: int = NEWTON_STEPS
) -> tuple[np.ndarray, float, int, float]:
    """Iterates Newton's method on ∇R = 0 until the gradient no longer decreases.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        theta: The start, shape (param,).
        tolerance: L1 norm of the gradient that counts as zero; the method goes on below it while it gains.
        steps: At most so many steps.

    Returns:
        θ, the L1 norm of its gradient, the number of steps taken, and the length of the next step.
    """
    if theta.size == 0:
        return theta, 0.0, 0, 0.0
    norm, step = _norm_and_step(risk, like, theta)
    taken = 0
    while taken < steps and norm > 0:
        trials = (theta + step / 2**halving for halving in range(_HALVINGS if norm > tolerance else 1))
        better = next(((t, *found) for t in trials if (found := _norm_and_step(risk, like, t))[0] < norm), None)
        if better is None:
            break
        theta, norm, step = better
        taken += 1
    return theta, norm, taken, float(np.max(np.abs(step) / (1 + np.abs(theta))))


def derivatives(risk: Risk, like: PyTree, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Returns R(θ), ∇R(θ) and ∇²R(θ) from one compiled program per shape.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        theta: θ, shape (param,).
    """
    value, gradient, hessian = _derivatives(risk, like, jnp.asarray(theta))
    return float(value), np.asarray(gradient), np.asarray(hessian)


def newton_step(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """Returns the minimum-norm δ with H·δ = −g over the eigenvalues of H above the rounding floor.

    Args:
        gradient: g, shape (…, param).
        hessian: H, symmetric, shape (…, param, param).
    """
    eigenvalues, vectors = np.linalg.eigh(hessian)
    largest = np.abs(eigenvalues).max(axis=-1, keepdims=True)
    floor = largest * rounding_floor(1.0, hessian.shape[-2:])
    inverse = np.where(np.abs(eigenvalues) > floor, 1.0 / np.where(eigenvalues == 0, 1.0, eigenvalues), 0.0)
    coefficients = inverse * np.einsum("...ij,...i->...j", vectors, gradient)
    return -np.einsum("...ij,...j->...i", vectors, coefficients)


def counts_as_zero(theta: np.ndarray, gradient: np.ndarray, hessian: np.ndarray) -> bool:
    """Says whether a gradient is what the last digits of θ make of one that vanishes: |g| ≤ 50·eps·|H|·|θ|.

    Args:
        theta: θ, shape (param,).
        gradient: g, shape (param,).
        hessian: H, shape (param, param).
    """
    return bool(np.all(np.abs(gradient) <= _ROUNDINGS * np.finfo(np.float64).eps * (np.abs(hessian) @ np.abs(theta))))


def require_double(risk: Risk, network: PyTree) -> None:
    """Checks that risk and network are in float64.

    Raises:
        TypeError: One of them is not.
    """
    data = () if isinstance(risk, Function) else (risk.inputs, risk.targets)
    for array in (*data, ravel_pytree(network)[0]):
        require_float64(np.asarray(array), "a critical point", None)


def _norm_and_step(risk: Risk, like: PyTree, theta: np.ndarray) -> tuple[float, np.ndarray]:
    _, gradient, hessian = derivatives(risk, like, theta)
    if not np.all(np.isfinite(hessian)):
        return float("inf"), np.full_like(theta, np.nan)
    return float(np.abs(gradient).sum()), newton_step(gradient, hessian)


@eqx.filter_jit
def _derivatives(risk: Risk, like: PyTree, theta: Array) -> tuple[Array, Array, Array]:
    network = ravel_pytree(like)[1](theta)
    value, gradient = risk.value_and_gradient(network)
    return value, ravel_pytree(gradient)[0], risk.hessian(network)
