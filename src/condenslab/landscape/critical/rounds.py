"""Many searches for roots of ∇R at once: compiled rounds, between which finished members make room for new ones."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.risk import Function, Risk

ROUND = 10
"""Steps between two looks at which members have finished."""

LANE = 2048
"""Starts that share a batch; a lane is the unit of work of a thread, and of a time limit."""

_BATCH, _FEW = 256, 32
_DAMPING = 1.0
_EASIER, _HARDER = 0.3, 3.0
_LEAST_DAMPING, _MOST_DAMPING = 1e-12, 1e10
_PROGRESS = 0.9
_IDLE_ROUNDS = 3


class Derivatives(NamedTuple):
    """R and its derivatives at θ.

    Attributes:
        value: R(θ).
        gradient: ∇R(θ), shape (param,).
        gauss_newton: The positive semidefinite part of the Hessian; for a scalar risk of the user's own, of which none
            is known, the Hessian, of which |H| is to be taken. Shape (param, param).
        hessian: ∇²R(θ), shape (param, param).
    """

    value: Array
    gradient: Array
    gauss_newton: Array
    hessian: Array


@runtime_checkable
class Criteria(Protocol):
    """When a member has finished."""

    @property
    def root_steps(self) -> int:
        """Largest number of steps after the descent."""
        ...

    def reached(self, theta: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Returns whether each gradient counts as zero, shape (member,)."""
        ...

    def escaped(self, theta: np.ndarray) -> np.ndarray:
        """Returns whether each member is so far outside of the data that it is given up, shape (member,)."""
        ...

    def halted(self) -> bool:
        """Returns whether no further round is to be entered."""
        ...


class Finished(NamedTuple):
    """Members of a lane that have finished in one round.

    Attributes:
        places: Their numbers in the lane, shape (member,).
        theta: θ, shape (member, param).
        gradient: ∇R(θ), shape (member, param).
        hessian: ∇²R(θ), shape (member, param, param).
        escaped: Whether each was given up outside of the data, shape (member,).
    """

    places: np.ndarray
    theta: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    escaped: np.ndarray


def run_lane(
    risk: Risk,
    like: PyTree,
    starts: np.ndarray,
    descents: np.ndarray,
    batch: int,
    criteria: Criteria,
    deposit: Callable[["Finished"], None],
    stopped: Callable[[], bool],
) -> None:
    """Searches from the starts of one lane.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        starts: θ of every start, shape (start, param).
        descents: Steps of descent of each, shape (start,).
        batch: Members of a compiled round.
        criteria: When a member has finished.
        deposit: Called with what has finished, round after round.
        stopped: Whether nobody waits for more.
    """
    theta, damping, step = starts.copy(), np.full(len(starts), _DAMPING), np.zeros(len(starts), dtype=int)
    norms, idle = np.full(len(starts), np.inf), np.zeros(len(starts), dtype=int)
    unfinished = np.ones(len(starts), dtype=bool)
    while unfinished.any() and not (criteria.halted() or stopped()):
        waiting = int(np.count_nonzero(unfinished))
        if waiting <= _FEW < batch:
            batch = _FEW
        own = np.flatnonzero(unfinished)[:batch]
        packed = own[np.minimum(np.arange(batch), len(own) - 1)]  # the last one fills up
        after = jax.device_get(_round(risk, like, theta[packed], damping[packed], step[packed], descents[packed]))
        new, damped, gradient, hessian, size = (leaf[: len(own)] for leaf in after)
        theta[own], damping[own], step[own] = new, damped, step[own] + ROUND
        rooting = step[own] - ROUND >= descents[own]
        idle[own] = np.where(rooting & ~(size <= _PROGRESS * norms[own]), idle[own] + 1, 0)
        norms[own] = np.where(rooting, size, np.inf)
        escaped = criteria.escaped(new)
        stuck = (idle[own] >= _IDLE_ROUNDS) | (step[own] - descents[own] >= criteria.root_steps)
        ended = escaped | stuck | ~np.isfinite(new).all(axis=1) | (rooting & criteria.reached(new, gradient))
        unfinished[own[ended]] = False
        deposit(Finished(own[ended], new[ended], gradient[ended], hessian[ended], escaped[ended]))


def batch_size(risk: Risk, size: int, memory: int, count: int) -> int:
    """Returns the largest power of two of members whose arrays fit: `_FEW` at most where a program more costs more."""
    rows = 0 if isinstance(risk, Function) else risk.targets.size
    own = 8 * (10 * size * size + 6 * rows * (size + 4))
    return 2 ** int(np.log2(max(1, min(_BATCH if count > LANE // 2 else _FEW, memory // own))))


@eqx.filter_jit
def _round(
    risk: Risk, like: PyTree, theta: Any, damping: Any, step: Any, descents: Any
) -> tuple[Array, Array, Array, Array, Array]:
    """Returns θ, λ, ∇R, ∇²R and ‖D∇R‖ of every member after `ROUND` steps."""
    _, back = ravel_pytree(like)

    def walk(theta: Array, damping: Array, step: Array, descents: Array):
        # The first evaluation is inside the loop, too: the program is compiled with one copy of the derivatives.
        def attempt(k: Array, state: _Walk) -> _Walk:
            there = take_derivatives(risk, back(state.trial))
            state = _judge(state, there, descending=step + k - 1 < descents, first=k == 0)
            turning = step + k == descents
            state = state._replace(damping=jnp.where(turning, _DAMPING, state.damping))
            return state._replace(
                trial=_trial(state, descending=step + k < descents, absolute=isinstance(risk, Function))
            )

        nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(derive, theta))
        end = jax.lax.fori_loop(0, ROUND + 1, attempt, _Walk(theta, theta, damping, nothing))
        return end.theta, end.damping, end.here.gradient, end.here.hessian, _scaled_norm(end.here, end.here)

    def derive(theta: Array) -> Derivatives:
        return take_derivatives(risk, back(theta))

    return jax.vmap(walk)(theta, damping, step, descents)


class _Walk(NamedTuple):
    theta: Array
    trial: Array
    damping: Array
    here: Derivatives


def _judge(state: _Walk, there: Derivatives, *, descending: Array, first: Array) -> _Walk:
    """Takes the trial over if it is better, and loosens the damping, or else tightens it."""
    falls = there.value < state.here.value
    flatter = _scaled_norm(state.here, there) < _scaled_norm(state.here, state.here)
    better = first | jnp.where(descending, falls, flatter)  # never where NaN
    changed = jnp.where(first, 1.0, jnp.where(better, _EASIER, _HARDER)) * state.damping
    new, old = (state.trial, there), (state.theta, state.here)
    theta, here = jax.tree.map(lambda new, old: jnp.where(better, new, old), new, old)
    return _Walk(theta, theta, jnp.clip(changed, _LEAST_DAMPING, _MOST_DAMPING), here)


def _trial(state: _Walk, *, descending: Array, absolute: bool) -> Array:
    scale, here = _scale(state.here), state.here
    matrix = jnp.where(descending, here.gauss_newton, here.hessian)
    eigenvalues, vectors = jnp.linalg.eigh(scale[:, None] * matrix * scale[None, :], symmetrize_input=False)
    # One decomposition a step: two in a program of many members can wait for each other for ever in XLA's thread pool.
    down = 1.0 / ((jnp.abs(eigenvalues) if absolute else jnp.maximum(eigenvalues, 0.0)) + state.damping)
    coefficients = jnp.where(descending, down, eigenvalues / (eigenvalues**2 + state.damping**2))
    return state.theta - scale * (vectors @ (coefficients * (vectors.T @ (scale * here.gradient))))


def _scaled_norm(frame: Derivatives, at: Derivatives) -> Array:
    """Returns ‖D∇R‖ at one point with the D of another."""
    return jnp.linalg.norm(_scale(frame) * at.gradient)


def _scale(here: Derivatives) -> Array:
    """Returns the diagonal of D; parameters on which the outputs hardly depend count like 1e-8 of the largest."""
    diagonal = jnp.abs(jnp.diagonal(here.gauss_newton))
    return 1.0 / jnp.sqrt(jnp.maximum(diagonal, 1e-8 * jnp.max(diagonal)) + jnp.finfo(diagonal.dtype).tiny)


def take_derivatives(risk: Risk, params: PyTree) -> Derivatives:
    """Returns R, its gradient, the matrix by which to go downhill, and the Hessian.

    Args:
        risk: R.
        params: θ.
    """
    if isinstance(risk, Function):
        (value, slope), hessian = risk.value_and_gradient(params), risk.hessian(params)
        return Derivatives(value, ravel_pytree(slope)[0], hessian, hessian)
    outputs, jacobian = risk.outputs(params), risk.jacobian(params)
    gradient = jnp.einsum("no,nop->p", risk.cotangent(outputs), jacobian)
    rooted = jnp.einsum("nop,noq->nqp", jacobian, risk.gauss_newton_root(outputs)).reshape(-1, jacobian.shape[2])
    return Derivatives(risk.value(params), gradient, rooted.T @ rooted, risk.hessian(params))
