"""Has a function of the user's own two derivatives at a point? Automatic differentiation answers without asking."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.risk import Function

_STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
_WIDE = 1e-2
_DIRECTIONS = 4
_KEEPS = 0.7
"""A remainder of two derivatives, over h, falls at least like √h; one of a jump keeps its size or grows."""
_SEEN = 1e-8
_NOTHING = 1e-12
"""Of the largest parameter, or, where that is below, of 1: a parameter of this size is 0."""


@dataclass(frozen=True)
class Jump:
    """What jumps at a point.

    Attributes:
        what: "gradient" or "curvature".
        size: Change of the gradient that is not H·h, over that within a hundredth of the parameters' size.
    """

    what: str
    size: float


def jump_at(risk: Function, params: PyTree) -> Jump | None:
    """Returns what jumps at θ, gradient or curvature, or None where R seems to have two continuous derivatives there.

    q(h) = ‖∇R(θ + hu) − ∇R(θ) − h·H·u‖/h falls with h where H is the second derivative; where the curvature jumps it
    keeps its size, and where the gradient jumps it grows like 1/h. It is looked at for h from 1e-3 to 1e-6, in 8
    directions u, relative to the sizes of the parameters. Kinks that no direction crosses are not seen.

    Args:
        risk: R.
        params: θ.

    Example:
        >>> jump_at(Function(lambda theta: jnp.abs(theta[0])), jnp.zeros(1)).what
        'gradient'
    """
    theta = np.asarray(ravel_pytree(params)[0])
    if not theta.size:
        return None
    sizes = np.abs(theta)
    # A zero that a search has come to within 1e-30 has no size of its own.
    sized = sizes > _NOTHING * np.max(sizes) if np.max(sizes) > _NOTHING else np.zeros_like(sizes, dtype=bool)
    usual = float(np.median(sizes[sized])) if sized.any() else 1.0
    scale = np.where(sized, sizes, usual)
    draws = np.random.default_rng(0).standard_normal((_DIRECTIONS, theta.size))
    rows = scale * np.concatenate([draws, -draws]) / np.sqrt(theta.size)
    errors, widely = (np.asarray(part) for part in _remainders(risk, params, jnp.asarray(rows), jnp.asarray(scale)))
    ratios = errors / np.array(_STEPS)
    # Zero, or too small to be told from rounding, is no jump; NaN beside the point is not judged here.
    seen = (errors[:, -1] > _SEEN * np.max(widely)) & (np.max(widely) > 0)
    keeps = (ratios[:, -1] > _KEEPS * ratios[:, -2]) & (ratios[:, -2] > _KEEPS * ratios[:, -3])
    worst = np.flatnonzero(seen & keeps)
    if not worst.size:
        return None
    first = worst[np.argmax(errors[worst, -1])]
    what = "gradient" if errors[first, -1] > _KEEPS * errors[first, -2] else "curvature"
    return Jump(what, float(errors[first, -1] / np.max(widely)))


def require_smooth(risk: Function, params: PyTree) -> None:
    """Refuses a point at which a function has no two finite derivatives.

    Args:
        risk: R.
        params: θ.

    Raises:
        ValueError: As said.
    """
    parts = (risk.value(params), ravel_pytree(risk.gradient(params))[0], risk.hessian(params))
    if not all(bool(jnp.all(jnp.isfinite(part))) for part in parts):
        raise ValueError(
            "the risk's function, its gradient and its Hessian must be finite at this point. Got NaN or infinity."
        )
    jump = jump_at(risk, params)
    if jump is not None:
        raise ValueError(
            f"the risk's function is not twice differentiable at this point: its {jump.what} jumps there, and the "
            "Hessian that automatic differentiation returns means nothing. Smooth the kink, or move off it."
        )


@eqx.filter_jit
def _remainders(risk: Function, params: PyTree, rows: Array, scale: Array) -> tuple[Array, Array]:
    """Returns ‖s∘(∇R(θ + hu) − ∇R(θ) − hHu)‖, shape (direction, step), and ‖s∘(∇R(θ + u/100) − ∇R(θ))‖."""
    theta, unravel = ravel_pytree(params)

    def slope(t: Array) -> Array:
        return ravel_pytree(risk.gradient(unravel(t)))[0]

    def along(row: Array) -> tuple[Array, Array]:
        here, bend = jax.jvp(slope, (theta,), (row,))
        left = [jnp.linalg.norm(scale * (slope(theta + h * row) - here - h * bend)) for h in _STEPS]
        return jnp.stack(left), jnp.linalg.norm(scale * (slope(theta + _WIDE * row) - here))

    return jax.lax.map(along, rows)
