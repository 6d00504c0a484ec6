"""Cases that do to their worker what can be done to a worker, for tests of sweeps; importable by every worker."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condenslab.sweeps import Outcome, Schedule


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        seed: What it is computed from.
        trouble: `kill` kills its worker, `once` only the first time, `raise`, `memory`, `endless`, `big` or `refuse`.
    """

    seed: int
    trouble: str = ""


@dataclass(frozen=True)
class Work:
    """Squares, and numbers drawn from the seed.

    Attributes:
        folder: Where a file is left for every attempt at a case that makes trouble.
        pause: Seconds a case.
        start: Seconds that a worker needs before its first batch, as for importing what it computes with.
    """

    folder: str
    pause: float = 0.0
    start: float = 0.0

    def prepare(self):
        """Makes a worker ready."""
        time.sleep(self.start)

    def __call__(self, cases, /, *, progress=None):
        """Computes a batch."""
        outcomes = []
        for number, case in enumerate(cases):
            time.sleep(self.pause)
            if case.trouble:
                self.suffer(case)
            numbers = np.random.default_rng(case.seed).normal(size=20_000 if case.trouble == "big" else 5)
            outcomes.append(Outcome({"square": case.seed**2, "mean": float(numbers.mean())}, {"numbers": numbers}))
            progress((number + 1) / len(cases), f"{number + 1} of {len(cases)}")
        return outcomes

    def suffer(self, case):
        """Makes the trouble of a case."""
        marks = Path(self.folder)
        first = not list(marks.glob(f"{case.seed}-*"))
        (marks / f"{case.seed}-{os.getpid()}-{time.monotonic_ns()}").touch()
        if case.trouble == "kill" or (case.trouble == "once" and first):
            os.kill(os.getpid(), signal.SIGKILL)
        if case.trouble == "raise":
            raise RuntimeError("the case broke")
        if case.trouble == "memory":
            import resource

            resource.setrlimit(resource.RLIMIT_AS, (2**31, resource.RLIM_INFINITY))
            try:
                np.ones(2**29).sum()
            finally:
                resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
        while case.trouble == "endless":
            time.sleep(0.01)


def schedule(memory=4):
    """Returns a schedule of so many cases a batch."""
    return Schedule("hardship", 1, "float64", lambda case: "", lambda case: 1, lambda case: 0.1, memory)
