"""The searching part of the search for critical points, and the verdict on where each start ended."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.landscape.critical import lanes, rounds
from condenslab.landscape.critical.exact_solutions import attains_zero, near_zero
from condenslab.landscape.critical.helpers import Helpers
from condenslab.landscape.critical.saturation import escaped, looks_saturated
from condenslab.landscape.critical.stationary import STANDSTILL, Fate, newton_step
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.checks import check_positive, count
from condenslab.risk import EmpiricalRisk, SquaredLoss

SMALL = 100
"""Up to so many parameters a gradient counts as zero by its L1 norm, above by the rounding level of its sum."""

L1_TOLERANCE = 1e-11
_ROUNDINGS = 50.0
_GIVEN_UP = 10.0
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Limits:
    """What bounds a search, and when a gradient counts as zero.

    Attributes:
        tolerance: The L1 norm of the gradient that counts as zero, or None for the rule of `zero_gradients`.
        steepest: The largest jump of a preactivation between neighbouring samples.
        root_steps: At most so many steps to the root.
        seconds: Wall time after which no further round is entered, or None.
        memory: Bytes that a batch may hold.
        processes: How many processes search at a time.

    Raises:
        ValueError: A number is NaN or out of range; it is named as in `critical_points`.
    """

    tolerance: float | None
    steepest: float
    root_steps: int
    seconds: float | None
    memory: int
    processes: int = 1

    def __post_init__(self) -> None:
        if self.tolerance is not None:
            check_positive("tolerance", self.tolerance)
        check_positive("steepest", self.steepest)
        count("root_steps", self.root_steps, least=0)
        count("memory", self.memory)
        count("processes", self.processes)
        if self.seconds is not None and not self.seconds >= 0:
            raise ValueError(f"time_limit must be a number of seconds, not negative or NaN. Got {self.seconds}.")


@dataclass(frozen=True, eq=False)
class Ends:
    """Where the starts ended.

    Attributes:
        networks: All end points, with a leading axis on every array.
        norms: L1 norm of ∇R, shape (start,); infinite for a start that has not finished.
        zero: Whether the gradient counts as zero, shape (start,).
        newton: Length of the next Newton step, largest |δ_j|/(1 + |θ_j|), infinite where not finite, shape (start,).
        finished: Whether the search from this start came to its end, shape (start,).
        escaped: Whether it was given up far outside of the data, shape (start,).
        interrupted: Whether Ctrl-C or the time limit ended the search early.
    """

    networks: PyTree
    norms: np.ndarray
    zero: np.ndarray
    newton: np.ndarray
    finished: np.ndarray
    escaped: np.ndarray
    interrupted: bool = False

    def network(self, start: int) -> PyTree:
        """Returns the end point of one start."""
        return jax.tree.map(lambda leaf: jnp.asarray(leaf[start]), self.networks)

    def take(self, starts: list[int]) -> "Ends":
        """Returns the ends of some starts, in that order."""
        networks = jax.tree.map(lambda leaf: leaf[np.array(starts)], self.networks)
        norms, zero, newton, finished, gone = (
            values[np.array(starts)] for values in (self.norms, self.zero, self.newton, self.finished, self.escaped)
        )
        return Ends(networks, norms, zero, newton, finished, gone, self.interrupted)


def search(risk: EmpiricalRisk, networks: PyTree, descents: np.ndarray, limits: Limits, helpers: Helpers) -> Ends:
    """Runs `lanes.run` from every start.

    Args:
        risk: R.
        networks: The starts, with a leading axis on every array.
        descents: Steps of descent of each start, shape (start,).
        limits: What bounds the search.
        helpers: Processes that share the work.
    """
    like = jax.tree.map(lambda leaf: leaf[0], networks)
    starts = np.asarray(jax.vmap(lambda network: ravel_pytree(network)[0])(networks))
    deadline = np.inf if limits.seconds is None else time.monotonic() + limits.seconds
    criteria = _Criteria(risk, like, limits, deadline)
    found = lanes.run(risk, like, starts, descents, criteria, memory=limits.memory, helpers=helpers)
    lengths = np.full(len(starts), np.inf)
    finite = np.isfinite(found.theta).all(axis=1) & np.isfinite(found.hessian).all(axis=(1, 2))
    finite &= np.isfinite(found.gradient).all(axis=1)
    for some in np.array_split(np.flatnonzero(finite), max(1, len(starts) // rounds.LANE)):
        step = newton_step(found.gradient[some], found.hessian[some])
        lengths[some] = np.max(np.abs(step) / (1 + np.abs(found.theta[some])), axis=1)
    ended = jax.tree.map(np.asarray, stack(found.theta, like))
    zero = found.finished & zero_gradients(risk, like, found.theta, found.gradient, limits.tolerance)
    early = found.interrupted or not bool(found.finished.all())
    norms = np.abs(found.gradient).sum(axis=1)
    return Ends(ended, norms, zero, lengths, found.finished, found.escaped, early)


@dataclass(frozen=True, eq=False)
class _Criteria:
    """When a member has finished; it can be sent to other processes of this machine, whose clocks are the same."""

    risk: EmpiricalRisk
    like: PyTree
    limits: Limits
    deadline: float

    @property
    def root_steps(self) -> int:
        return self.limits.root_steps

    def reached(self, theta: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return zero_gradients(self.risk, self.like, theta, gradient, self.limits.tolerance)

    def escaped(self, theta: np.ndarray) -> np.ndarray:
        return escaped(self.risk, self.like, theta, _GIVEN_UP * self.limits.steepest)

    def halted(self) -> bool:
        return time.monotonic() > self.deadline


def judge(risk: EmpiricalRisk, ends: Ends, *, steepest: float) -> list[Fate]:
    """Says what became of every start, as far as its end tells; what is called critical is looked at further out.

    Args:
        risk: R.
        ends: Where the starts ended.
        steepest: The largest jump of a preactivation between neighbouring samples.
    """
    saturated = looks_saturated(risk, ends.networks, steepest)
    close = _close(risk, ends)
    fates = []
    for k, length in enumerate(ends.newton):
        if not ends.finished[k]:
            fates.append(Fate.UNFINISHED)
        elif ends.escaped[k]:
            fates.append(Fate.SATURATED)
        elif not np.isfinite(length):
            fates.append(Fate.DIVERGED)
        elif not ends.zero[k]:
            fates.append(Fate.UNCONVERGED)
        elif length <= STANDSTILL or (close[k] and attains_zero(risk, ends.network(k))):
            fates.append(Fate.CRITICAL)
        else:
            fates.append(Fate.SATURATED if saturated[k] else Fate.FLAT)
    return fates


def _close(risk: EmpiricalRisk, ends: Ends) -> np.ndarray:
    """Says of every start whether it may have ended next to an exact solution, shape (start,)."""
    close = np.zeros(len(ends.norms), bool)
    moves = ends.zero & np.isfinite(ends.newton) & (ends.newton > STANDSTILL)
    if isinstance(ends.networks, TwoLayer | MLP):
        for some, padded in in_chunks(np.flatnonzero(moves)):
            networks = jax.tree.map(lambda leaf, own=padded: leaf[own], ends.networks)
            close[some] = near_zero(risk, networks)[: len(some)]
    return close


def in_chunks(places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields places by the chunk, and each chunk with its last place repeated so that all have one length.

    Args:
        places: Any, shape (place,).
    """
    for low in range(0, len(places), _CHUNK):
        some = places[low : low + _CHUNK]
        missing = _CHUNK - len(some) if len(places) > _CHUNK else 0
        yield some, np.append(some, np.repeat(some[-1:], missing))


def zero_gradients(
    risk: EmpiricalRisk, like: PyTree, theta: np.ndarray, gradient: np.ndarray, tolerance: float | None
) -> np.ndarray:
    """Says of every member whether its gradient counts as zero, shape (member,).

    Up to 100 parameters: ‖∇R‖₁ ≤ 1e-11, or the given tolerance. Above, where that is below rounding:
    ‖∇R‖∞ ≤ 50·eps·‖Σ_i p_i |J_i|ᵀ|r_i|‖∞ with the residuals r, the rounding level of the sum that the gradient is; or
    residuals that are rounding themselves, max|r| ≤ 50·eps·max|y|.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        theta: θ, shape (member, param).
        gradient: ∇R(θ), shape (member, param).
        tolerance: See above; None for the rule.
    """
    if tolerance is not None or theta.shape[1] <= SMALL:
        return np.abs(gradient).sum(axis=1) <= (L1_TOLERANCE if tolerance is None else tolerance)
    level = [np.asarray(_rounding_level(risk, like, jnp.asarray(one))) for one in theta]
    return np.abs(gradient).max(axis=1) <= np.reshape(level, -1)


@eqx.filter_jit
def _rounding_level(risk: EmpiricalRisk, like: PyTree, theta: Array) -> Array:
    network = ravel_pytree(like)[1](theta)
    residuals, eps = jnp.abs(risk.residuals(network)), jnp.finfo(theta.dtype).eps
    weighted = risk.probabilities[:, None] * residuals
    level = jnp.einsum("no,nop->p", weighted, jnp.abs(risk.jacobian(network))).max()
    exact = residuals.max() <= _ROUNDINGS * eps * jnp.abs(risk.targets).max()
    return jnp.where(exact & isinstance(risk.loss, SquaredLoss), jnp.inf, _ROUNDINGS * eps * level)


def stack(theta: np.ndarray, like: PyTree) -> PyTree:
    """Returns the networks of many θ, with a leading axis on every array.

    Args:
        theta: θ, shape (member, param).
        like: A network of their shapes.
    """
    return jax.vmap(ravel_pytree(like)[1])(jnp.asarray(theta))
