"""Derivatives that a user supplies, checked against finite differences before anything is said of a risk."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab import losses

_SUPPLIED = ("custom_vjp", "custom_jvp", "stop_gradient")
"""How names of JAX's primitives begin by which a derivative is written down instead of derived."""
_STEPS = np.geomspace(1e-2, 1e-8, 7)
_NEAR, _AGREE = 1e-3, 1e-5
_ASIDE = 1e-2
"""How far from the parameters is looked, relative to 1 + |θ|: they may lie on a kink, where differences mean little."""


def require_derivatives(risk: Any, params: PyTree) -> None:
    """Refuses a risk whose derivatives, where some are supplied by hand, are not those of its values.

    What JAX derives is not looked at. Beside the parameters, along one random direction, the slope and the curvature
    are compared with central differences of values and of slopes.

    Args:
        risk: What has `value`, `gradient` and `hessian_product`.
        params: Where.

    Raises:
        ValueError: They differ; the sentence gives both numbers.
    """
    theta, unravel = ravel_pytree(params)
    if not theta.size or not any(_supplied(jax.make_jaxpr(risk.value)(params).jaxpr)):
        return
    draws = np.random.default_rng(0).standard_normal((2, theta.size)) / np.sqrt(theta.size)
    size = 1.0 + float(jnp.linalg.norm(theta))
    aside = unravel(theta + jnp.asarray(_ASIDE * size * draws[0], theta.dtype))
    direction = unravel(jnp.asarray(draws[1], theta.dtype))
    _require_equal("the risk's gradient", size * _STEPS, *_slopes(risk, aside, direction, size * _STEPS))
    try:
        found = _curvatures(risk, aside, direction, size * _STEPS)
    except Exception:  # there is no second derivative: what needs one says so
        return
    _require_equal("the risk's second derivative", size * _STEPS, *found)


def require_slopes(loss: Any, targets: np.ndarray) -> None:
    """Refuses a loss whose own slope or curvature are not the derivatives of its values.

    They are compared with central differences at random outputs around some targets, output by output.

    Args:
        loss: A loss, whose values have shape (sample,).
        targets: y, shape (sample, output).

    Raises:
        ValueError: They differ; the sentence gives both numbers.
    """
    if type(loss).__module__ == losses.__name__:
        return
    y = targets[:4]
    size = 1.0 + float(np.abs(y).max())
    f = jnp.asarray(y + size * np.random.default_rng(0).standard_normal(y.shape), y.dtype)
    for name, below in (("slope", "value"), ("curvature", "slope")):
        if getattr(type(loss), name, None) in (None, getattr(losses.Loss, name)):
            continue
        given, of = np.asarray(getattr(loss, name)(f, y)), getattr(loss, below)
        for output in range(y.shape[1]):
            moves = [f.at[:, output].add(step) for step in np.outer(size * _STEPS, [1, -1]).ravel().tolist()]
            sides = np.stack([np.asarray(of(one, y)) for one in moves])
            _require_equal(f"the loss's {name}", size * _STEPS, given[..., output], sides[::2], sides[1::2])


def _supplied(jaxpr: Any) -> Iterator[bool]:
    """Yields of every equation, those inside of others included, whether its derivative is written down."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name.startswith(_SUPPLIED)
        for value in equation.params.values():
            for part in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(part, "jaxpr", part)
                if hasattr(inner, "eqns"):
                    yield from _supplied(inner)


@eqx.filter_jit
def _slopes(risk: Any, params: PyTree, direction: PyTree, steps: Any) -> tuple[Array, Array, Array]:
    """Returns the slope along a direction and the values to both sides, shape (step,)."""

    def value(step: Array) -> Array:
        return risk.value(_moved(params, direction, step))

    ahead, behind = (jax.lax.map(value, sign * steps) for sign in (1, -1))
    return _along(risk.gradient(params), direction), ahead, behind


@eqx.filter_jit
def _curvatures(risk: Any, params: PyTree, direction: PyTree, steps: Any) -> tuple[Array, Array, Array]:
    """Returns the curvature along a direction and the slopes to both sides, shape (step,)."""

    def slope(step: Array) -> Array:
        return _along(risk.gradient(_moved(params, direction, step)), direction)

    ahead, behind = (jax.lax.map(slope, sign * steps) for sign in (1, -1))
    return _along(risk.hessian_product(params, direction), direction), ahead, behind


def _moved(params: PyTree, direction: PyTree, step: Any) -> PyTree:
    return jax.tree.map(lambda one, way: (one + step * way).astype(one.dtype), params, direction)


def _along(gradient: PyTree, direction: PyTree) -> Array:
    return jnp.vdot(ravel_pytree(gradient)[0], ravel_pytree(direction)[0])


def _require_equal(what: str, steps: np.ndarray, given: Any, plus: Any, minus: Any) -> None:
    """Refuses what agrees with central differences of no step to three digits, and is surely none of them.

    That is: of all pairs of successive steps the one with the least error is taken, their difference and rounding, and
    what is given differs from it by more than ten times that.

    Args:
        what: Its name, for the message.
        steps: Shape (step,).
        given: Derivatives, of any shape.
        plus: What they are derivatives of, a step ahead, of shape (step, *shape of given).
        minus: The same a step behind.
    """
    given, plus, minus = (np.asarray(part) for part in (given, plus, minus))
    lengths = steps.reshape(-1, *(1,) * given.ndim)
    found = (plus - minus).astype(float) / (2 * lengths)
    size = np.maximum(np.abs(found), np.abs(given))
    near = np.any(np.abs(found - given) <= _NEAR * size, axis=0)
    rounding = 10 * np.finfo(plus.dtype).eps * np.maximum(np.abs(plus), np.abs(minus)) / lengths
    error = np.abs(found[1:] - found[:-1]) + rounding[1:] + _AGREE * size[1:]
    error = np.where(np.isfinite(error), error, np.inf)
    best = np.argmin(error, axis=0)[None]
    error, found = (np.take_along_axis(part, best, axis=0)[0] for part in (error, found[1:]))
    wrong = np.argwhere(~near & (np.abs(found - given) > 10 * error))
    if len(wrong):
        place = tuple(wrong[0])
        raise ValueError(
            f"{what} is not the derivative of its values: {given[place]:.6g} where finite differences give "
            f"{found[place]:.6g}. Correct the derivative of your own (custom_vjp, custom_jvp, stop_gradient, or a "
            "method of the loss), or leave it out: it is then derived automatically."
        )
