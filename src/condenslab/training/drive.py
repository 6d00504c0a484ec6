"""Enters the compiled programs of an engine: progress, time limit and Ctrl-C between segments, and the harvest."""

import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab.training.checks import check_limits
from condenslab.training.engine import Engine, Problem, Slice, State, advance_program, begin_members, words
from condenslab.training.trajectory import Stop, Trajectory

Progress = Callable[[float, str], None]


@dataclasses.dataclass
class Lane:
    """Members that one entry of the compiled programs advances together, and what they have done so far.

    Attributes:
        load: Returns the part of the problem in which the members differ (None for a single run, which has no member
            axis) and the leaves of the states that they continue (or None); called when the lane begins.
        active: Which members are real, shape (member,); the others fill up the last lane. Shape () for a single run.
        conclude: Makes the results of its members from the lane and its part of the problem, in its own thread as soon
            as it has ended; by default they are the trajectories, made when all lanes have ended.
        state: Where the members stand; None before they have begun.
        slices: What was recorded.
        ending: Why those that have not stopped by themselves have stopped.
        seconds: Wall time since the drive began.
        done: The mean fraction done.
        steps: The largest number of steps of a member.
        stopped: How many members have stopped by themselves.
        results: What they have come to, where the lane concludes itself.
    """

    load: Callable[[], tuple[Problem | None, tuple | None]]
    active: np.ndarray
    conclude: Callable[["Lane", Any], list[Any]] | None = None
    state: State | None = None
    slices: list[Slice] = dataclasses.field(default_factory=list)
    ending: Stop = Stop.FINISHED
    seconds: float = 0.0
    done: float = 0.0
    steps: int = 0
    stopped: int = 0
    results: list[Any] | None = None

    def stop_of(self, code: int) -> Stop:
        """Returns why a member with this code has stopped."""
        stop = Stop.of(code)
        return self.ending if stop is Stop.RUNNING else stop

    def release(self) -> None:
        """Lets go of the states and records."""
        self.state, self.slices = None, []

    def keep(self, state: State, recorded: Slice) -> bool:
        """Takes over the results of a segment, without the slots that no member has filled.

        Returns:
            Whether every member has stopped.
        """
        host = jax.device_get(recorded)
        stopped = np.asarray(state.code) != Stop.RUNNING.code
        slots = host.valid.any(axis=0) if self.active.ndim else host.valid
        if not slots.all():
            short = {name: value[..., slots] for name, value in (("times", host.times), ("valid", host.valid))}
            cut = (slice(None), slots) if self.active.ndim else (slots,)
            host = host._replace(records={name: value[cut] for name, value in host.records.items()}, **short)
        self.slices.append(host)
        self.state, self.done = state, float(np.mean(np.where(stopped, 1.0, host.done)))
        self.steps, self.stopped = int(np.max(state.steps)), int(np.sum(stopped & self.active))
        return bool(stopped.all())


class _Programs:
    """The two compiled programs of a drive; they may be entered from any thread."""

    def __init__(
        self, engine: Engine, shared: Problem | None, segments: Sequence[Any], together: int, lane: Lane
    ) -> None:
        """Compiles, with one lane as the pattern of all, in the calling thread, whose settings of JAX hold."""
        self._engine, self._shared, self._together = engine, shared, together
        own, leaves = lane.load()
        arguments = (engine, shared, own, leaves, lane.active)
        self._begin = begin_members.lower(*arguments).compile()  # pyright: ignore[reportFunctionMemberAccess]
        if segments:
            state, _ = self._begin(*arguments)
            arguments = (engine, shared, own, state, segments[0], together)
            self._advance = advance_program().lower(*arguments).compile()

    def begin(self, lane: Lane, own: Problem | None, leaves: tuple | None) -> bool:
        """Begins a lane and returns whether every member has stopped."""
        return lane.keep(*self._begin(self._engine, self._shared, own, leaves, lane.active))

    def advance(self, lane: Lane, own: Problem | None, segment: Any) -> bool:
        """Advances a lane by a segment and returns whether every member has stopped."""
        arguments = (self._engine, self._shared, own, lane.state, segment, self._together)
        return lane.keep(*self._advance(*arguments))


def drive(
    engine: Engine,
    shared: Problem | None,
    lanes: Sequence[Lane],
    segments: Sequence[Any],
    *,
    exhausted: Stop,
    together: int = 1,
    threads: int = 1,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> list[Any]:
    """Runs every lane through every segment, or stops earlier, and returns one result a member.

    The lanes run in worker threads, so that an interrupt never falls into the middle of a segment; the programs are
    compiled in the calling thread, whose settings of JAX hold.

    Args:
        engine: What a segment does.
        shared: The problem, or the part that all members share, if any.
        lanes: The members, all lanes of one shape.
        segments: Inputs of the segments, all of one shape.
        exhausted: Why a member that never stopped has stopped when the segments run out.
        together: How many members of a lane are vectorised.
        threads: How many lanes run at the same time.
        time_limit: Seconds after which no further segment is entered.
        progress: Called in the calling thread with (fraction done, text) after a segment.

    Returns:
        One trajectory a member, or what their lanes conclude, in order.

    Raises:
        ValueError: The time limit is negative or NaN.
        TypeError: `progress` is no function.
        KeyboardInterrupt: Interrupted, and yet every member had just stopped by itself.
    """
    check_limits(time_limit, progress)
    begun = time.perf_counter()
    news: queue.SimpleQueue[bool] = queue.SimpleQueue()
    halt = threading.Event()
    programs = _Programs(engine, shared, segments, together, lanes[0])
    # A context manager of JAX holds in one thread only; of all settings this one also decides how a call is read.
    wide = jnp.result_type(float) == jnp.float64

    def run(lane: Lane) -> None:
        with jax.enable_x64(wide):
            follow(lane)

    def follow(lane: Lane) -> None:
        lane.ending = exhausted
        try:
            own, leaves = lane.load()
            stopped = programs.begin(lane, own, leaves)
            for segment in segments:
                if time_limit is not None and time.perf_counter() - begun > time_limit and not stopped:
                    lane.ending = Stop.TIME_LIMIT
                if stopped or halt.is_set() or lane.ending is Stop.TIME_LIMIT:
                    break
                stopped = programs.advance(lane, own, segment)
                news.put(False)
            if halt.is_set():
                lane.ending = Stop.INTERRUPTED
            if lane.conclude is not None:
                lane.results = lane.conclude(lane, own)
        except BaseException:
            halt.set()
            raise
        finally:
            lane.seconds = time.perf_counter() - begun
            news.put(True)

    _supervise(run, lanes, threads, news, halt, progress)
    results = [one for lane in lanes for one in (_harvest(lane) if lane.results is None else lane.results)]
    if halt.is_set() and not any(result.stop is Stop.INTERRUPTED for result in results):
        raise KeyboardInterrupt
    return results


def _supervise(
    run: Callable[[Lane], None],
    lanes: Sequence[Lane],
    threads: int,
    news: "queue.SimpleQueue[bool]",
    halt: threading.Event,
    progress: Progress | None,
) -> None:
    """Runs the lanes in threads; each puts False after a segment and True at its end into `news`."""
    with ThreadPoolExecutor(threads, thread_name_prefix="condenslab") as pool:
        futures = [pool.submit(run, lane) for lane in lanes]
        try:
            ended = 0
            while ended < len(lanes):
                ended += news.get()
                if progress is not None:
                    progress(float(np.mean([lane.done for lane in lanes])), _text(lanes))
        except KeyboardInterrupt:
            halt.set()
        except BaseException:
            halt.set()
            raise
    for future in futures:
        future.result()


def _text(lanes: Sequence[Lane]) -> str:
    if len(lanes) == 1 and not lanes[0].active.ndim:
        return f"{lanes[0].steps} steps" if lanes[0].steps else "starting"
    total = sum(int(lane.active.sum()) for lane in lanes)
    return f"{sum(lane.stopped for lane in lanes)} of {total} members have stopped"


def _harvest(lane: Lane) -> Iterator[Trajectory]:
    """Yields the trajectories of the real members of a lane."""
    leaves, structure = jax.tree.flatten(words(lane.state))
    times = _joined([part.times for part in lane.slices], lane)
    valid = _joined([part.valid for part in lane.slices], lane)
    records = {name: _joined([part.records[name] for part in lane.slices], lane) for name in lane.slices[0].records}
    # A list of a JAX array splits it at once; an index would be a program a member.
    own = [list(leaf) for leaf in leaves] if lane.active.ndim else [[leaf] for leaf in leaves]
    host = [leaf if lane.active.ndim else leaf[None] for leaf in jax.device_get(leaves)]
    for member in range(int(lane.active.sum())):
        state = jax.tree.unflatten(structure, [column[member] for column in own])
        copy = jax.tree.unflatten(structure, [np.asarray(column[member]) for column in host])
        filled = valid[member]
        yield Trajectory(
            times=times[member][filled],
            records={name: value[member][filled] for name, value in records.items()},
            network=state.network,
            stop=lane.stop_of(int(copy.code)),
            steps=int(copy.steps),
            seconds=lane.seconds,
            state=tuple(jax.tree.leaves(copy)),
        )


def _joined(parts: Sequence[Any], lane: Lane) -> np.ndarray:
    """Returns the parts one after the other in time, with a member axis in front."""
    axis = lane.active.ndim
    joined = np.concatenate(parts, axis)
    return joined if axis else joined[None]
