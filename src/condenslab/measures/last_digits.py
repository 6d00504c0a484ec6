"""How far the Hessian at a point is known: how it changes where a point is known to its last digits only."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.risk import Function, Risk

_EPSILON = float(np.finfo(np.float64).eps)
_SHAKES = 4
"""So often θ is moved in its last digits."""


def hessian_changes(
    risk: Risk, params: PyTree, hessian: np.ndarray, shifts: Sequence[np.ndarray] = ()
) -> list[np.ndarray]:
    """Returns ∇²R(θ′) − ∇²R(θ) for θ′ = θ with its last digits changed at random, and for further shifts of θ.

    Args:
        risk: R.
        params: θ.
        hessian: ∇²R(θ), shape (param, param).
        shifts: θ′ − θ of further points, each of shape (param,).
    """
    theta, unravel = ravel_pytree(params)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (_SHAKES, theta.size))
    moved = [*(theta * (1 + _EPSILON * jnp.asarray(row)) for row in signs), *(theta + shift for shift in shifts)]
    return [np.asarray(_hessian(risk, unravel(place))) - hessian for place in moved]


def newton_shift(risk: Function, params: PyTree, eigenvalues: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Returns −H⁻¹∇R where it is short: next to a degenerate root, as of θ⁴, H changes by its own size along it.

    Args:
        risk: R.
        params: θ.
        eigenvalues: Of ∇²R(θ), shape (param,).
        vectors: Its eigenvectors as columns, shape (param, param).
    """
    slope = vectors.T @ np.asarray(ravel_pytree(risk.gradient(params))[0])
    along = np.divide(slope, eigenvalues, out=np.zeros_like(slope), where=eigenvalues != 0)
    longest = np.sqrt(_EPSILON) * (1 + float(np.max(np.abs(ravel_pytree(params)[0]))))
    return -vectors @ np.where(np.abs(along) <= longest, along, 0.0)


@eqx.filter_jit
def _hessian(risk: Risk, params: PyTree) -> Array:
    return risk.hessian(params)
