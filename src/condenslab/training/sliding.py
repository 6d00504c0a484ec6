"""Whether a gradient flow that got stuck slides along a kink of the risk.

R of a network with ReLU, leaky ReLU, |·| or max is continuous, and its gradient jumps across kinks (where a
preactivation is 0). Where the field −∇R points to the kink from both sides, the flow cannot leave it: it slides along
it with a convex combination of both fields, and a solver of smooth equations crosses it to and fro in steps that only
its tolerances bound.

R has one value on a kink, so ∇R jumps along the normal of the kink only. The normal is read off two values of the
field, for any prediction, and no network need be taken apart.

References:
    Filippov: Differential Equations with Discontinuous Righthand Sides, 1988, §4: the sliding mode.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.training.trajectory import Stop, Trajectory

Field = Callable[[Any, Any, Any], Any]

STUCK = (Stop.STEPS_EXHAUSTED, Stop.NO_PROGRESS)
"""Endings that a kink may be the cause of."""

_LAST = 100
"""So many last accepted steps tell how long steps are."""
_WALK = 64
"""Steps that look for a kink, each a quarter of one of the solver's: it is seldom further off than one of these."""
_LONGEST = 1e-3
"""A step that moves θ further, relative to its norm, is no sign of a stuck flow."""
_HALVINGS = 10
"""A smooth change is a thousandth after so many; a jump stays."""
_NOISE = 100.0
"""A jump is at least so many times what rounding θ changes."""


def name_sliding(run: Trajectory, field: Field, args: Any) -> Trajectory:
    """Returns a run of `flow`, with `Stop.SLIDING` for its reason if it got stuck because it slides.

    Args:
        run: The run; one that ended otherwise than by exhausted steps or without progress is returned as it is.
        field: (time, θ, args) → dθ/dt, a module-level function: it is part of the compiled program.
        args: Further arguments of the field.
    """
    if run.stop not in STUCK:
        return run
    lengths = np.diff(run.times[-_LAST - 1 :])
    # Where time stood still, the last steps do not tell how short the step has become.
    length = float(np.median(lengths)) if run.stop is Stop.STEPS_EXHAUSTED and len(lengths) else 0.0
    # An array: as a number it would be part of the program, which thousands of stuck members would compile anew.
    found = slides(field, args, run.network, jnp.asarray(length))
    return dataclasses.replace(run, stop=Stop.SLIDING) if found else run


@eqx.filter_jit
def slides(field: Field, args: Any, params: Any, length: Array) -> Array:
    """Returns whether the flow reaches, within a few steps, a kink to which the field points from both sides.

    Args:
        field: (time, θ, args) → dθ/dt = −∇ of a continuous function, smooth but for kinks.
        args: Further arguments of the field.
        params: θ.
        length: The step that the solver last took; shorter ones are taken as the shortest that rounding allows.

    Returns:
        A boolean scalar.
    """
    start, unravel = ravel_pytree(params)
    rounding = jnp.finfo(start.dtype).eps

    def at(theta: Array) -> Array:
        return ravel_pytree(field(jnp.zeros((), start.dtype), unravel(theta), args))[0]

    first, size = at(start), jnp.linalg.norm(start)
    speed = jnp.linalg.norm(first)
    step = jnp.maximum(jnp.asarray(length, start.dtype) / 4, rounding ** (2 / 3) * size / speed)
    before = _largest_turn(at, start, first, step)
    near, far = _narrowed(at, before, step * at(before))
    jump = at(far) - at(near)
    whole = at(before + step * at(before)) - at(before)
    noise = jnp.minimum(*(jnp.linalg.norm(at(theta * (1 + 2 * rounding)) - at(theta)) for theta in (start, before)))
    sharp = (jnp.linalg.norm(jump) > 0.5 * jnp.linalg.norm(whole)) & (jnp.linalg.norm(jump) > _NOISE * noise)
    return sharp & (_turn(at(near), at(far)) > 0) & (step * speed <= _LONGEST * size)


def _largest_turn(at: Callable[[Array], Array], start: Array, first: Array, step: Array) -> Array:
    """Returns the point of an explicit walk after which the field turns back most."""

    def go(walk: tuple[Array, Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array, Array], None]:
        theta, velocity, best, most = walk
        after = theta + step * velocity
        new = at(after)
        turn = _turn(velocity, new)
        return (after, new, jnp.where(turn > most, theta, best), jnp.maximum(turn, most)), None

    walk, _ = jax.lax.scan(go, (start, first, start, jnp.zeros((), start.dtype)), None, length=_WALK)
    return walk[2]


def _turn(near: Array, far: Array) -> Array:
    """Returns ‖jump‖² if the field points to the kink on both sides, else 0; the jump has the direction of its normal.

    The jump of a field that points to the kink is against the way across it.
    """
    jump = far - near
    return jnp.where((near @ jump < 0) & (far @ jump > 0), jump @ jump, 0.0)


def _narrowed(at: Callable[[Array], Array], near: Array, way: Array) -> tuple[Array, Array]:
    """Returns the ends of the small piece of a segment on which the field changes most, by halving."""

    def halve(_: Array | int, piece: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = piece
        middle = (low + high) / 2
        left, centre, right = (at(near + part * way) for part in (low, middle, high))
        first = jnp.linalg.norm(centre - left) > jnp.linalg.norm(right - centre)
        return jnp.where(first, low, middle), jnp.where(first, middle, high)

    ends = jnp.zeros((), near.dtype), jnp.ones((), near.dtype)
    low, high = jax.lax.fori_loop(0, _HALVINGS, halve, ends)
    return near + low * way, near + high * way
