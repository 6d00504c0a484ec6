"""The machinery that descent, flow and ensembles share: a run is a chain of equal segments of one compiled program.

An `Engine` says in pure functions how one member starts and advances by a segment; here are the two programs made of
them, for one member or a stack of members. `drive` enters them.
"""

import abc
import dataclasses
import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.processors import wide_vectors
from condenslab.risk import Risk, sample_count
from condenslab.training.trajectory import Stop, Until


class Problem(eqx.Module):
    """Everything about one member that is data: changing it compiles nothing.

    Attributes:
        risk: What is minimised.
        network: Where it starts.
        method: An optimiser of `descend`, or None.
        key: Randomness of minibatches and dropout, or None.
        until: Levels at which it stops.
        extras: Further numbers of the engine (dropout rate, L2 coefficient, tolerances).
    """

    risk: Any  # a Risk: engines that read samples get an EmpiricalRisk
    network: Any
    method: Any
    key: Array | None
    until: Until
    extras: dict[str, Any]


class State(eqx.Module):
    """Where a member stands: its network, number of steps, stop code, and what else the engine carries."""

    network: Any
    steps: Array
    code: Array
    inner: Any


class Slice(NamedTuple):
    """What one segment recorded, and how much of the run is done.

    Attributes:
        times: Step numbers or times, shape (slot,).
        records: For each recorded function its values, shape (slot, …).
        valid: Which slots were filled, shape (slot,).
        done: The fraction of the run that is behind, a scalar in [0, 1].
    """

    times: Array
    records: dict[str, Array]
    valid: Array
    done: Array


class Engine(eqx.Module):
    """How one member of a run starts and advances: that of `normalised_flow`, or one of the ensembles' engines."""

    @abc.abstractmethod
    def start(self, problem: Problem) -> State:
        """Returns the state before the first segment; its stop code is not yet looked at."""

    @abc.abstractmethod
    def judge(self, problem: Problem, state: State) -> Array:
        """Returns the stop code of a state."""

    @abc.abstractmethod
    def advance(self, problem: Problem, state: State, segment: Any) -> tuple[State, Slice]:
        """Returns the state after one segment and what it recorded; a state that has stopped stays as it is."""

    @abc.abstractmethod
    def clock(self, state: State) -> Array:
        """Returns the step number or the time of a state, a scalar."""

    @abc.abstractmethod
    def records_start(self, state: State) -> Array:
        """Returns whether the start of a run is a record, a boolean scalar."""

    @abc.abstractmethod
    def recorded(self, problem: Problem, network: Any) -> dict[str, Array]:
        """Returns what is recorded of one network."""


class EnsembleEngine(Engine):
    """An engine whose members may share a lane and whose records are the caller's: those of `descend` and `flow`.

    Attributes:
        record: Pairs of names and functions (risk, params) → array.
    """

    record: eqx.AbstractVar[tuple[tuple[str, Any], ...]]

    @property
    @abc.abstractmethod
    def slots(self) -> int:
        """How many records a segment has room for."""

    @property
    @abc.abstractmethod
    def cost(self) -> int:
        """About how much a step costs, in units of a step of gradient descent."""

    @property
    @abc.abstractmethod
    def tiny(self) -> int:
        """Up to how much work of a step it pays on a CPU to vectorise members; measured."""

    def recorded(self, problem: Problem, network: Any) -> dict[str, Array]:
        """Returns the values of the recorded functions at one network."""
        return {name: jnp.asarray(function(problem.risk, network)) for name, function in self.record}


def judge_levels(risk: Risk, network: Any, until: Until, slope: Any) -> Array:
    """Returns the code of the level that a network has reached, or RUNNING.

    Args:
        risk: R.
        network: θ.
        until: The levels.
        slope: θ → the gradient whose norm counts; it is evaluated only where a level of it is set.
    """
    value = risk.value(network)
    norm = jax.lax.cond(
        until.gradient >= 0,
        lambda: jnp.linalg.norm(ravel_pytree(slope(network))[0]).astype(value.dtype),
        lambda: jnp.full_like(value, np.inf),
    )
    return jnp.select(
        [~jnp.isfinite(value), value <= until.risk, norm <= until.gradient],
        [Stop.NOT_FINITE.code, Stop.RISK_REACHED.code, Stop.GRADIENT_REACHED.code],
        Stop.RUNNING.code,
    )


def precision(network: Any) -> Any:
    """Returns the floating-point type of the parameters, in which the numbers of a run are held; at least float32."""
    return jnp.result_type(*(leaf for leaf in jax.tree.leaves(network) if eqx.is_inexact_array(leaf)), jnp.float32)


def work(problem: Problem) -> int:
    """Returns parameters × samples, at least 1: the unit in which segments and lanes are measured."""
    size = sum(leaf.size for leaf in jax.tree.leaves(problem.network) if eqx.is_array(leaf))
    return max(1, size * sample_count(problem.risk))


def as_data(tree: Any, dtype: Any) -> Any:
    """Returns the tree with its numbers, alone or in arrays, as JAX arrays of one type, so that they are traced."""

    def convert(leaf: Any) -> Any:
        number = isinstance(leaf, float | int) and not isinstance(leaf, bool)
        return jnp.asarray(leaf, dtype) if number or eqx.is_inexact_array(leaf) else leaf

    return jax.tree.map(convert, tree)


def strong(tree: Any) -> Any:
    """Returns the tree with NumPy's arrays as JAX's and no weak types, which would change along a run."""
    plain = lambda leaf: eqx.is_array(leaf) and not is_key(leaf)  # noqa: E731
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, leaf.dtype) if plain(leaf) else leaf, tree)


def is_key(leaf: Any) -> bool:
    """Returns whether a leaf is a typed random key, which optimisers with noise of their own carry."""
    return eqx.is_array(leaf) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def words(tree: Any) -> Any:
    """Returns the tree with the words of random keys in their place, which hosts and files can hold."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if is_key(leaf) else leaf, tree)


@eqx.filter_jit
def begin_members(
    engine: Engine, shared: Problem | None, members: Problem | None, leaves: tuple | None, active: Array
) -> tuple[State, Slice]:
    """Starts one member (`active` of shape ()) or a stack of them.

    Args:
        engine: What a segment does.
        shared: The problem, or the part of it that all members share, if any.
        members: The part that differs, if any, in a stack every leaf with a leading member axis.
        leaves: Leaves of the states of earlier runs, which replace the start.
        active: Whether a member runs at all, shape (member,) or (); the others only fill the stack.
    """

    def begin(own: Problem | None, leaves: tuple | None, active: Array) -> tuple[State, Slice]:
        problem = whole(own, shared)
        state = engine.start(problem)
        if leaves is not None:
            state = _resumed(state, leaves)
        code = jnp.where(active, engine.judge(problem, state), Stop.FINISHED.code)
        state = dataclasses.replace(state, code=code)
        records = {name: value[None] for name, value in engine.recorded(problem, state.network).items()}
        valid = engine.records_start(state)[None]
        return strong(state), Slice(engine.clock(state)[None], records, valid, jnp.zeros(()))

    if not active.ndim:
        return begin(members, leaves, active)
    return jax.lax.map(lambda item: begin(*item), (members, leaves, active))


@functools.cache
def advance_program() -> Any:
    """Returns `advance_members` as a program, made once."""
    return eqx.filter_jit(advance_members, **wide_vectors())


def advance_members(
    engine: Engine, shared: Problem | None, members: Problem | None, state: State, segment: Any, together: int
) -> tuple[State, Slice]:
    """Advances one member, or a stack of them, inside one program.

    Args:
        engine: What a segment does.
        shared: The problem, or the part of it that all members share, if any.
        members: The part that differs, if any, in a stack every leaf with a leading member axis.
        state: Where the members stand.
        segment: What the engine is to do, the same for all.
        together: How many members are vectorised; the groups follow each other.
    """

    def advance(own: tuple[Problem | None, State]) -> tuple[State, Slice]:
        end, recorded = engine.advance(whole(own[0], shared), own[1], segment)
        return strong(end), recorded

    if not state.code.ndim:
        return advance((members, state))
    return jax.lax.map(advance, (members, state), batch_size=together if together > 1 else None)


def whole(own: Problem | None, shared: Problem | None) -> Problem:
    """Returns the problem of one member from what is its own and what it shares, of which one may be missing."""
    parts = [part for part in (own, shared) if part is not None]
    return eqx.combine(*parts)


def _resumed(state: State, leaves: tuple) -> State:
    keyed, structure = jax.tree.flatten(state)
    fresh = words(keyed)
    same = len(fresh) == len(leaves) and all(
        new.shape == old.shape and new.dtype == old.dtype for new, old in zip(fresh, leaves, strict=False)
    )
    if not same:
        shapes = [f"{leaf.dtype}{list(leaf.shape)}" for leaf in leaves]
        needed = [f"{leaf.dtype}{list(leaf.shape)}" for leaf in fresh]
        raise ValueError(
            f"resume must be a trajectory of the same verb, network, method and precision, because its whole state is "
            f"continued. Got a state of {', '.join(shapes)}; this run needs {', '.join(needed)}."
        )
    back = [
        jax.random.wrap_key_data(jnp.asarray(leaf), impl=jax.random.key_impl(new)) if is_key(new) else leaf
        for new, leaf in zip(keyed, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, back)
