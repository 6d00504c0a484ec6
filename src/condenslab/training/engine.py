"""The machinery that descent, flow and ensembles share: a run is a chain of equal segments of one compiled program.

An `Engine` says in pure functions how one member starts and advances by a segment; `drive` enters the compiled segment
again and again and, between two entries, reports progress and looks at the clock. Members of an ensemble are mapped inside
the program.
"""

import abc
import dataclasses
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import Array

from condenslab.risk import EmpiricalRisk
from condenslab.training.trajectory import Stop, Trajectory, Until

Progress = Callable[[float, str], None]


class Problem(eqx.Module):
    """Everything about one member that is data: changing it compiles nothing.

    Attributes:
        risk: What is minimised.
        network: Where it starts.
        method: An optimiser of `descent`, or None.
        key: Randomness of minibatches and dropout, or None.
        until: Levels at which it stops.
        extras: Further numbers of the engine (dropout rate, L2 coefficient, tolerances).
    """

    risk: EmpiricalRisk
    network: Any
    method: Any
    key: Array | None
    until: Until
    extras: dict[str, Any]


class Slice(NamedTuple):
    """What one segment recorded: times (slot,), records {name: (slot, …)}, valid (slot,)."""

    times: Array
    records: dict[str, Array]
    valid: Array


class State(eqx.Module):
    """Where a member stands: its network, number of steps, stop code, and what else the engine carries."""

    network: Any
    steps: Array
    code: Array
    inner: Any


class Engine(eqx.Module):
    """How one member of a run starts and advances; final subclasses are `Descent` and `Flow`."""

    @abc.abstractmethod
    def start(self, problem: Problem) -> State:
        """Returns the state before the first segment."""

    @abc.abstractmethod
    def advance(self, problem: Problem, state: State, segment: Any) -> tuple[State, Slice]:
        """Returns the state after one segment and what it recorded."""


@eqx.filter_jit
def start_members(engine: Engine, shared: Problem, members: Problem | None, leaves: tuple | None) -> State:
    """Starts one member (`members` None) or a stack of them; `leaves` replaces the state when resuming."""
    if members is None:
        state = engine.start(shared)
        if leaves is None:
            return state
        resumed = jax.tree.unflatten(jax.tree.structure(state), leaves)
        return dataclasses.replace(resumed, code=state.code)
    return jax.lax.map(lambda own: engine.start(eqx.combine(own, shared)), members)


@eqx.filter_jit
def advance_members(engine: Engine, shared: Problem, members: Problem | None, state: State, segment: Any):
    """Advances one member, or a stack of them one after the other inside one program.

    Mapping in sequence measured faster on a CPU than vectorising: the working set of one member stays in the cache and
    a member that has stopped costs nothing.
    """
    if members is None:
        return engine.advance(shared, state, segment)
    return jax.lax.map(lambda item: engine.advance(eqx.combine(item[0], shared), item[1], segment), (members, state))


def drive(
    engine: Engine,
    shared: Problem,
    members: Problem | None,
    segments: Iterable[Any],
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
    resume: tuple | None = None,
    exhausted: Stop = Stop.FINISHED,
) -> list[Trajectory]:
    """Runs every segment, or stops earlier, and returns one trajectory a member.

    Args:
        engine: What a segment does.
        shared: The problem; for an ensemble, the part that all members share.
        members: The part that differs, every leaf with a leading member axis, or None for a single run.
        segments: Inputs of the segments, all of the same shapes.
        time_limit: Seconds after which no further segment is entered.
        progress: Called with (fraction done, text) after each segment.
        resume: Leaves of the state of an earlier run.
        exhausted: Why a member that never stopped has stopped when the segments run out.

    Returns:
        One trajectory a member, in order (a single one for a single run).
    """
    begun = time.perf_counter()
    inputs = list(segments)
    state = start_members(engine, shared, members, resume)
    slices: list[Slice] = []
    ending = exhausted
    try:
        for number, segment in enumerate(inputs):
            if time_limit is not None and time.perf_counter() - begun > time_limit:
                ending = Stop.TIME_LIMIT
                break
            advanced, recorded = advance_members(engine, shared, members, state, segment)
            slices.append(jax.device_get(recorded))
            state = advanced
            stopped = np.all(np.asarray(state.code) != Stop.RUNNING.code)
            if progress is not None:
                progress(1.0 if stopped else (number + 1) / len(inputs), f"{int(np.max(state.steps))} steps")
            if stopped:
                break
    except KeyboardInterrupt:
        ending = Stop.INTERRUPTED
    return _collect(state, slices, ending, time.perf_counter() - begun, batched=members is not None)


def _collect(state: State, slices: list[Slice], ending: Stop, seconds: float, *, batched: bool) -> list[Trajectory]:
    count = state.code.shape[0] if batched else 1
    host = jax.device_get(eqx.filter(state, eqx.is_array))
    trajectories = []
    for member in range(count):
        own = jax.tree.map(lambda leaf, k=member: leaf[k] if batched else leaf, host)
        parts = [jax.tree.map(lambda leaf, k=member: leaf[k] if batched else leaf, part) for part in slices]
        stop = Stop.of(own.code)
        trajectories.append(
            Trajectory(
                times=np.concatenate([p.times[p.valid] for p in parts]) if parts else np.zeros(0),
                records={
                    name: np.concatenate([p.records[name][p.valid] for p in parts])
                    for name in (parts[0].records if parts else ())
                },
                network=jax.tree.map(jax.numpy.asarray, own.network),
                stop=ending if stop is Stop.RUNNING else stop,
                steps=int(own.steps),
                seconds=seconds,
                state=tuple(jax.tree.leaves(own)),
            )
        )
    return trajectories
