"""Follows the normalised flow of three-layer ReLU networks and measures how far each layer moves."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import tasks
from condenslab.studies.contract.endings import Unfinished
from condenslab.studies.phase_diagram_three_layer.cases import LayerCase
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Stop
from condenslab.training.exponentials import phi

_LONGEST_REFUSAL = 60


class _Point(NamedTuple):
    """What a member has of its own: κ₃, and the rate 1/β² of each layer."""

    kappa: Array
    rates: Array


class _State(NamedTuple):
    params: tuple[Array, Array, Array]
    residual: Array
    step: Array
    tried: Array
    refused: Array


def run_layers(case: LayerCase, progress: Progress) -> Outcome:
    """Returns the relative distance of every layer after training.

    Args:
        case: The case.
        progress: Called with (fraction, text).

    Raises:
        Unfinished: The risk did not fall to the level asked for.
    """
    task = tasks.task("square_on_four_points")
    x = jnp.asarray(np.concatenate([task.inputs, np.ones((len(task.inputs), 1))], axis=1))
    y = jnp.asarray(task.targets[:, 0])
    m = float(case.width)
    ratio = m ** (-case.gamma2 / 2)
    point = _Point(jnp.asarray(m**-case.gamma3), jnp.asarray([ratio**2, 1.0, ratio**-2]))
    goal, tolerance = jnp.asarray(case.risk), jnp.asarray(case.tolerance)
    ends = _follow(jax.random.key(case.seed), point, x, y, goal, tolerance, case.max_steps, width=case.width)
    distances, risk, tried = np.asarray(ends[0]), float(ends[1]), int(ends[2])
    progress(1.0, "the flow has ended")
    stop = _stop(case, risk, tried)
    good = stop is Stop.RISK_REACHED
    values = {"converged": good, "risk": risk, "distances": distances.tolist(), "tried": tried}
    if not good:
        raise Unfinished(stop, values)
    return Outcome(values)


def _stop(case: LayerCase, risk: float, tried: int) -> Stop:
    if risk <= case.risk:
        return Stop.RISK_REACHED
    if not np.isfinite(risk):
        return Stop.NOT_FINITE
    return Stop.STEPS_EXHAUSTED if tried >= case.max_steps else Stop.STALLED


@functools.partial(jax.jit, static_argnames="width")
def _follow(
    key: Array, point: _Point, x: Array, y: Array, goal: Array, tolerance: Array, most: Any, *, width: int
) -> tuple[Array, Array, Array]:
    """Returns RD of each layer of the first copy, R, and how many steps were tried.

    The residual obeys ė = −K·e, K the kernel of four samples; its exponential gives ∫e over a step. The parameters
    follow with the gradients of the outputs at the start, then with the mean of those at the start and at that first
    end: order 2, and no stability bound from the curvature of the risk.
    """
    keys = jax.random.split(key, 3)
    shapes = ((width, x.shape[1]), (width, width), (width,))
    first = tuple(jax.random.normal(layer_key, shape) for layer_key, shape in zip(keys, shapes, strict=True))
    # Two copies, the second with the outputs of the other sign: f = 0 at the start.
    start = tuple(jnp.stack([part, part if part.ndim > 1 else -part]) for part in first)
    zero = jnp.zeros((), int)
    state = _State(start, -y, jnp.zeros(()), zero, zero)  # pyright: ignore[reportArgumentType]

    def going(state: _State) -> Array:
        above = jnp.mean(state.residual**2) / 2 > goal
        return above & (state.tried < most) & (state.refused < _LONGEST_REFUSAL)

    state = jax.lax.while_loop(going, functools.partial(_attempt, point, x, y, start, tolerance), state)
    distances = [
        jnp.linalg.norm(new[0] - old[0]) / jnp.linalg.norm(old[0]) for new, old in zip(state.params, start, strict=True)
    ]
    return jnp.stack(distances), jnp.mean(state.residual**2) / 2, state.tried


def _attempt(point: _Point, x: Array, y: Array, start: tuple, tolerance: Array, state: _State) -> _State:
    slopes = _slopes(point, x, state.params)
    rates, modes = jnp.linalg.eigh(_kernel(point, slopes))
    rates = jnp.maximum(rates, 0.0)
    step = jnp.where(state.step > 0, state.step, 1e-3 / rates[-1])
    decay, share = phi(rates * step)
    along = modes.T @ state.residual
    total = step * (modes @ (decay * along))
    plain = _moved(point, state.params, slopes, total)
    reached = _outputs(point, x, plain) - y
    surprise = reached - modes @ (jnp.exp(-rates * step) * along)
    total = total + step * (modes @ (share * (modes.T @ surprise)))
    mean = jax.tree.map(lambda one, other: (one + other) / 2, slopes, _slopes(point, x, plain))
    new = _moved(point, state.params, mean, total)
    residual = _outputs(point, x, new) - y
    errors = [
        jnp.linalg.norm(a - b) / (jnp.linalg.norm(c - d) + jnp.linalg.norm(a - c) + 1e-300)
        for a, b, c, d in zip(new, plain, state.params, start, strict=True)
    ]
    size = jnp.linalg.norm(state.residual)
    error = jnp.max(jnp.stack([*errors, jnp.linalg.norm(residual - reached) / size])) / tolerance
    taken = (error <= 1) & (jnp.linalg.norm(residual) <= size * (1 + 1e-10))
    change = jnp.clip(0.9 / jnp.sqrt(jnp.where(jnp.isfinite(error), jnp.maximum(error, 1e-3), 1e4)), 0.2, 5.0)
    chosen = jax.tree.map(lambda yes, no: jnp.where(taken, yes, no), (new, residual), (state.params, state.residual))
    step = step * jnp.where(taken, change, jnp.minimum(change, 0.5))
    return _State(chosen[0], chosen[1], step, state.tried + 1, jnp.where(taken, 0, state.refused + 1))


def _outputs(point: _Point, x: Array, params: tuple) -> Array:
    def copy(w1: Array, w2: Array, a: Array) -> Array:
        return jnp.maximum(jnp.maximum(x @ w1.T, 0) @ w2.T, 0) @ a

    return point.kappa * jnp.sum(jax.vmap(copy)(*params), axis=0)


def _slopes(point: _Point, x: Array, params: tuple) -> tuple:
    """Returns ∂f(x_i)/∂ of every layer, shape (sample, copy, …)."""
    return jax.jacrev(lambda p: _outputs(point, x, p))(params)


def _kernel(point: _Point, slopes: tuple) -> Array:
    flat = [layer.reshape(layer.shape[0], -1) for layer in slopes]
    return jnp.sum(jnp.stack([rate * (f @ f.T) for rate, f in zip(point.rates, flat, strict=True)]), axis=0) / len(
        flat[0]
    )


def _moved(point: _Point, params: tuple, slopes: tuple, total: Array) -> tuple:
    """Returns θ − (1/β²)·Σ_i ∫e_i·∂f(x_i)/∂θ/n."""
    weights = total / total.shape[0]
    return tuple(
        p - rate * jnp.tensordot(weights, s, axes=1) for p, rate, s in zip(params, point.rates, slopes, strict=True)
    )
