"""Cases for the benchmark of sweeps; importable by its workers."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from condenslab.sweeps import Grid, Outcome, Schedule


@dataclass(frozen=True)
class Case:
    """One case."""

    seed: int


class Square:
    """Computes next to nothing."""

    def __call__(self, cases: list[Case], /, *, progress: Any = None) -> list[Outcome]:
        """Returns one outcome a case."""
        return [Outcome({"square": case.seed**2, "root": case.seed**0.5}) for case in cases]


@dataclass(frozen=True)
class Spin:
    """Uses the processor.

    Attributes:
        seconds: Processor seconds a case.
    """

    seconds: float

    def __call__(self, cases: list[Case], /, *, progress: Any = None) -> list[Outcome]:
        """Returns one outcome a case."""
        until = time.thread_time() + self.seconds * len(cases)
        while time.thread_time() < until:
            pass
        return [Outcome({"seed": case.seed}) for case in cases]


def grid_of(count: int, batch: int, first: int = 0) -> Grid:
    """Returns cases, so many a batch.

    Args:
        count: Cases.
        batch: Cases a batch.
        first: The first seed.
    """
    schedule = Schedule("bench", 1, "float64", lambda case: "", lambda case: 1, memory=2**40, most=batch)
    return Grid(schedule, [Case(first + seed) for seed in range(count)])


def best(rounds: int, run: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Returns the shortest time of some calls.

    Args:
        rounds: How many.
        run: What is timed.
        clock: The clock.
    """
    times = []
    for _ in range(rounds):
        begun = clock()
        run()
        times.append(clock() - begun)
    return min(times)
