"""How fast the Hessian of a scalar risk of the user's own changes, estimated from third derivatives."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.numerics import require_memory
from condenslab.risk import Function

_POINTS = 8
_SAFETY = 2.0


def estimated_lipschitz(risk: Function, params: PyTree, radius: float) -> float:
    """Returns twice the largest ‖D³R‖ (Frobenius) at θ and at 8 random points of the ball; infinite where not finite.

    Args:
        risk: R.
        params: θ.
        radius: Of the ball around θ.

    Raises:
        ValueError: A third derivative does not fit into memory.
    """
    size = ravel_pytree(params)[0].size
    require_memory(4 * 8 * size**3, f"the third derivative in {size} parameters", "measures.inertia_at")
    rows = np.random.default_rng(0).standard_normal((_POINTS, size))
    rows *= radius / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
    shifts = np.concatenate([np.zeros((1, size)), rows])
    largest = float(np.max(np.asarray(_third(risk, params, jnp.asarray(shifts)))))
    return _SAFETY * largest if np.isfinite(largest) else float("inf")


@eqx.filter_jit
def _third(risk: Function, params: PyTree, shifts: Array) -> Array:
    theta, unravel = ravel_pytree(params)
    third = jax.jacfwd(lambda t: risk.hessian(unravel(t)))
    return jax.lax.map(lambda shift: jnp.sqrt(jnp.sum(third(theta + shift) ** 2)), shifts)
