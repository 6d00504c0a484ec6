"""The clock: contestants in turn, round after round, so that what else the machine does meets all of them."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_BUDGET = 8.0
_FEWEST_ROUNDS = 3
_LONGEST = 1.0
"""Seconds that a timed call may take."""


@dataclass(frozen=True)
class Contestant:
    """One way to take gradient-descent steps with an ensemble.

    Attributes:
        name: What tables call it.
        start: Parameters, shape (member, 3, neuron) → a fresh state; not timed.
        advance: (state, steps) → the state after so many steps; timed.
        read: state → the parameters, shape (member, 3, neuron); not timed.
        work: Members × steps of one timed call: enough that entering a compiled program and handing back a result once
            a call, which is nothing in a real run of many thousand steps, is little here too.
    """

    name: str
    start: Callable[[np.ndarray], Any]
    advance: Callable[[Any, int], Any]
    read: Callable[[Any], np.ndarray]
    work: int


@dataclass(frozen=True)
class Timing:
    """Seconds of one contestant.

    Attributes:
        name: The contestant.
        steps: Steps in one timed call.
        rounds: Seconds a step, one entry a round.
        busy: Processor seconds of this process for each wall second, the median over the rounds: threads really used.
    """

    name: str
    steps: int
    rounds: tuple[float, ...]
    busy: float

    @property
    def median(self) -> float:
        """Median seconds a step."""
        return statistics.median(self.rounds)

    def as_dict(self, members: int) -> dict[str, Any]:
        """Returns the timing as JSON holds it, in microseconds.

        Args:
            members: Size of the ensemble.
        """
        micro = {"median": 1e6 * self.median, "min": 1e6 * min(self.rounds), "max": 1e6 * max(self.rounds)}
        return {
            "name": self.name,
            "us_per_step": micro,
            "us_per_member_step": {key: value / members for key, value in micro.items()},
            "steps_timed": self.steps,
            "threads_used": self.busy,
        }


def compete(contestants: Sequence[Contestant], parameters: np.ndarray, *, rounds: int) -> tuple[Timing, ...]:
    """Times every contestant once a round.

    Args:
        contestants: Who takes part.
        parameters: The start, shape (member, 3, neuron).
        rounds: How many rounds; fewer, but at least three, where they take longer than 8 seconds.
    """
    plans = [_plan(contestant, parameters) for contestant in contestants]
    measured: list[list[tuple[float, float]]] = [[] for _ in contestants]
    begun = time.perf_counter()
    for turn in range(rounds):
        if turn >= _FEWEST_ROUNDS and time.perf_counter() - begun > _BUDGET:
            break
        order = range(len(contestants)) if turn % 2 == 0 else reversed(range(len(contestants)))
        for number in order:
            measured[number].append(_timed(contestants[number], parameters, plans[number]))
    return tuple(
        Timing(
            contestant.name,
            steps,
            tuple(wall / steps for wall, _ in pairs),
            statistics.median(busy / wall for wall, busy in pairs),
        )
        for contestant, steps, pairs in zip(contestants, plans, measured, strict=True)
    )


def ratio(slow: Timing, fast: Timing) -> dict[str, float]:
    """Returns how many times as long `slow` takes as `fast`: median, smallest and largest over the rounds.

    `best` is the ratio of the two shortest times, on which other jobs of the machine have the least influence.

    Args:
        slow: The numerator.
        fast: The denominator, timed in the same rounds.
    """
    quotients = [a / b for a, b in zip(slow.rounds, fast.rounds, strict=True)]
    return {"median": statistics.median(quotients), "min": min(quotients), "max": max(quotients)} | {
        "best": min(slow.rounds) / min(fast.rounds)
    }


def count_text(threads: int) -> str:
    """Returns the number in words for tables: `1 thread`, `2 threads`.

    Args:
        threads: How many.
    """
    return f"{threads} thread{'s' if threads > 1 else ''}"


def first_call(contestant: Contestant, parameters: np.ndarray) -> float:
    """Returns the seconds of one step called for the first time: compilation, where there is any.

    Args:
        contestant: Who has not yet been called with these shapes.
        parameters: The start, shape (member, 3, neuron).
    """
    return _timed(contestant, parameters, 1)[0]


def _plan(contestant: Contestant, parameters: np.ndarray) -> int:
    """Returns how many steps a timed call takes, after a first call that warms up: fewer where that one was long."""
    steps = max(1, contestant.work // len(parameters))
    short = max(1, steps // 10)
    _timed(contestant, parameters, short)
    wall, _ = _timed(contestant, parameters, short)
    if wall * steps / short > _LONGEST:
        # Compiled programs are warm now; a thread that waits for another one has met a busy machine.
        steps = max(1, min(steps, round(short * _LONGEST / wall)))
    _timed(contestant, parameters, steps)
    return steps


def _timed(contestant: Contestant, parameters: np.ndarray, steps: int) -> tuple[float, float]:
    """Returns wall and processor seconds of so many steps from a fresh start."""
    state = contestant.start(parameters)
    wall, busy = time.perf_counter(), time.process_time()
    contestant.advance(state, steps)
    return time.perf_counter() - wall, time.process_time() - busy
