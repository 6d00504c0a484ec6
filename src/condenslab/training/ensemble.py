"""Many runs in one program: over keys, scales, rates, targets, whatever is given as a list."""

import sys
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from condenslab.networks.conversion import as_key
from condenslab.processors import available_threads
from condenslab.risk import Risk
from condenslab.training.checks import check_count
from condenslab.training.descent import descend, prepare_descent
from condenslab.training.drive import Lane, Progress, drive
from condenslab.training.engine import EnsembleEngine, Problem, as_data, precision, whole, work
from condenslab.training.flow import explained, flow, prepare_flow
from condenslab.training.sliding import STUCK
from condenslab.training.stack import Stack, count_members, is_listed, select, stacked
from condenslab.training.trajectory import Stop, Trajectory

_PATTERN = ("risk", "network", "method", "key")
_NUMBERS = ("l2", "dropout", "rtol", "atol", "start_time")
_WORK = 2**24
"""Members of a lane × work of a step: a hundred steps of a lane then take some tenths of a second."""


def ensemble(
    train: Any,
    risk: Risk | Sequence[Risk] | Stack,
    network: Any,
    *method: Any,
    chunk: int | None = None,
    memory: int = 2**31,
    threads: int | None = None,
    vectorise: int | None = None,
    time_limit: float | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> list[Trajectory]:
    """Trains many members with one compiled program, in chunks that fit in memory, on all processors.

    Args:
        train: The verb: `descend` or `flow`.
        risk: One for all, a list with one a member, or a `Stack`.
        network: Likewise.
        *method: For `descend` the method, likewise (a list of methods of one kind: `[GradientDescent(0.1), …]`).
        chunk: Members in one entry of the program; by default such that chunks are short and fit in `memory`.
        memory: Bytes for what the chunks hold that are under way.
        threads: Chunks under way at a time; by default one a processor on a CPU, else one.
        vectorise: Members of a chunk that are vectorised together; 1 runs them one after the other, and a member that
            has stopped then costs nothing. By default, from measurements: on a CPU 1, or 16 where networks are tiny;
            elsewhere the whole chunk.
        time_limit: Wall seconds for all.
        progress: Called with (fraction, text) between segments.
        **options: Those of the verb; `key`, `until`, `resume`, and the numbers `l2`, `dropout`, `rtol`, `atol` and
            `start_time` may be lists with one entry a member.

    Returns:
        One trajectory a member, in order. A member is the same as when it is trained alone, to rounding.

    Raises:
        ValueError: Nothing is a list, lists of different lengths, a count that is no positive whole number, or members
            that differ in more than numbers.
        TypeError: An unknown verb, or another number of methods than it needs.
    """
    if train not in (descend, flow):
        raise TypeError(f"an ensemble needs training.descend or training.flow. Got {train!r}.")
    if len(method) != (train is descend):
        raise TypeError(f"descend needs one method and flow none. Got {len(method)}; a list of methods counts as one.")
    given = {"risk": risk, "network": network, **({"method": method[0]} if method else {}), **options}
    listed = _listed(given)
    count = count_members(listed)
    leaves = listed.pop("resume", None)
    # Levels and numbers are checked for all members at once, the rest for the first as the pattern.
    pattern = {name: tree if name not in _PATTERN else select(tree, 0) for name, tree in listed.items()}
    prepare = prepare_descent if train is descend else prepare_flow
    engine, problem, segments = prepare(**{name: value for name, value in given.items() if name != "resume"} | pattern)
    for name, value in (("chunk", chunk), ("threads", threads), ("vectorise", vectorise), ("memory", memory)):
        if value is not None:
            check_count(name, value, least=1)
    shared, members = _split(problem, listed)
    workers = threads or (available_threads() if jax.default_backend() == "cpu" else 1)
    together = vectorise or _vectorised(engine, problem)
    size = min(count, chunk or _chunk(engine, problem, -(-count // (4 * workers)), memory // workers))
    together = min(together, size)
    runs = drive(
        engine,
        shared,
        _lanes(members, leaves, count, size - size % together),
        segments,
        exhausted=Stop.FINISHED if train is descend else Stop.STEPS_EXHAUSTED,
        together=together,
        threads=workers,
        time_limit=time_limit,
        progress=progress,
    )
    if train is descend or any(run.stop is Stop.INTERRUPTED for run in runs):
        return runs
    return [
        explained(run, whole(select(members, number), shared)) if run.stop in STUCK else run
        for number, run in enumerate(runs)
    ]


def _listed(given: dict[str, Any]) -> dict[str, Any]:
    """Returns what is given with one entry a member, stacked."""
    listed = {name: value for name, value in given.items() if is_listed(value) and name not in ("at", "record")}
    if isinstance(listed.get("key"), list):
        listed["key"] = [as_key(key) for key in listed["key"]]
    for name in listed:
        if name not in (*_PATTERN, *_NUMBERS, "until", "resume"):
            raise ValueError(f"{name} must be one for all members, because it is part of the program. Got a list.")
    if "resume" in listed:
        listed["resume"] = [run.state for run in listed["resume"]]
    return {name: stacked(name, value) for name, value in listed.items()}


def _split(problem: Problem, listed: dict[str, Any]) -> tuple[Problem, Problem]:
    """Returns what all members share, and the arrays in which they differ with a leading member axis."""
    numbers = {name: listed[name] for name in _PATTERN if name in listed}
    if "method" in numbers:
        numbers["method"] = as_data(numbers["method"], precision(problem.network))
    parts = {name: numbers.get(name, getattr(problem, name)) for name in (*_PATTERN, "until")}
    split = {
        name: eqx.partition(part, lambda leaf, on=name in listed: on and eqx.is_array(leaf))
        for name, part in parts.items()
    }
    own = {name: value if name in listed else None for name, value in problem.extras.items()}
    common = {name: None if name in listed else value for name, value in problem.extras.items()}
    return (
        Problem(**{name: rest for name, (_, rest) in split.items()}, extras=common),
        Problem(**{name: arrays for name, (arrays, _) in split.items()}, extras=own),
    )


def _lanes(members: Problem, leaves: Any, count: int, size: int) -> list[Lane]:
    """Cuts the members into lanes of one size; the last one is filled up with its last member, which does not run."""

    def lane(begin: int) -> Lane:
        numbers = np.minimum(np.arange(begin, begin + size), count - 1)
        return Lane(lambda: select((members, leaves), numbers), np.arange(begin, begin + size) < count)

    return [lane(begin) for begin in range(0, count, size)]


def _chunk(engine: EnsembleEngine, problem: Problem, most: int, memory: int) -> int:
    """Returns how many members a lane has by default; a record is taken to be as large as network and data together."""
    own = sum(leaf.nbytes for leaf in jax.tree.leaves((problem.network, problem.risk)) if eqx.is_array(leaf))
    return max(1, min(most, _WORK // (engine.cost * work(problem)), memory // ((8 + engine.slots) * own)))


def _vectorised(engine: EnsembleEngine, problem: Problem) -> int:
    """Returns how many members are vectorised by default."""
    if jax.default_backend() != "cpu":
        return sys.maxsize
    return 16 if work(problem) <= engine.tiny else 1
