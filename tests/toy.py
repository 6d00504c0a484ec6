"""A study that costs nothing, for tests of what surrounds a study: means of seeded normal numbers, by NumPy.

Run as a program it is the command line with this study instead of the library's.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import msgspec
import numpy as np

from condenslab.cli import main
from condenslab.studies import REGISTRY, Claim, Outcome, Study

Trouble = Literal["none", "diverge", "raise", "memory", "interrupt"]


@dataclass(frozen=True)
class Settings:
    members: Annotated[int, msgspec.Meta(ge=1)] = 4
    sizes: tuple[int, ...] = (10, 20, 30)
    pause: float = 0.0
    shift: float | None = 0.0
    trouble: Trouble = "none"
    strict: bool = False


@dataclass(frozen=True)
class Case:
    seed: int
    size: int
    pause: float
    shift: float
    trouble: Trouble
    data: str | None


class Toy(Study):
    name = "toy"
    revision = 1
    question = "Is the mean of normal numbers zero?"
    source = "Gauss 1809"
    claim_statements = ("every mean is zero within 3", "something that the toy does not know")
    presets: ClassVar = {"tiny": Settings(members=2), "quick": Settings(), "full": Settings(members=100)}
    accepts_data = True

    def cases(self, settings, *, seed, data):
        digest = data and data.digest
        return [
            Case(1000 * seed + member, size, settings.pause, settings.shift or 0.0, settings.trouble, digest)
            for size in settings.sizes
            for member in range(settings.members)
        ]

    def compile_key(self, case):
        return case.size

    def bytes_per_member(self, case):
        return 2**29

    def seconds_per_member(self, case):
        return case.pause

    def run_batch(self, cases, *, data=None, progress=None):
        outcomes = []
        for number, case in enumerate(cases):
            time.sleep(case.pause)
            outcomes.append(self._outcome(case))
            if progress is not None:
                progress((number + 1) / len(cases), f"size {case.size}")
        return outcomes

    def _outcome(self, case):
        if case.trouble == "raise" and case.size == 20:
            raise RuntimeError("the toy broke")
        if case.trouble == "memory":
            raise MemoryError
        if case.trouble == "interrupt" and case.size == 30:
            os.kill(os.getpid(), signal.SIGINT)
        if case.trouble == "diverge":
            return Outcome({"mean": np.nan}, status="diverged", message="the toy left the finite numbers")
        numbers = np.random.default_rng(case.seed).normal(size=case.size) + case.shift
        return Outcome({"mean": numbers.mean(), "size": case.size}, {"numbers": numbers})

    def claims(self, records, settings, *, known_target):
        means = [record.values.get("mean") for record in records]
        known = Claim.within(self.claim_statements[0], self.source, expected=0.0, measured=means, tolerance=3.0)
        return [known, Claim.undecided(self.claim_statements[1], self.source, expected=1)] if known_target else [known]

    def draw(self, records):
        return []


STUDY = Toy()


def register(monkeypatch=None) -> None:
    """Makes the toy the only study, until the test ends."""
    if monkeypatch is None:
        REGISTRY.clear()
        REGISTRY["toy"] = "toy:STUDY"
    else:
        for name in list(REGISTRY):
            monkeypatch.delitem(REGISTRY, name)
        monkeypatch.setitem(REGISTRY, "toy", "toy:STUDY")


if __name__ == "__main__":
    sys.modules["toy"] = sys.modules["__main__"]
    register()
    sys.exit(main())
