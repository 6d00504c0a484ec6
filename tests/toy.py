"""A study that costs nothing, for tests of what surrounds a study: means of seeded normal numbers, by NumPy.

Run as a program it is the command line with this study instead of the library's.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np

from condenslab.cli import main
from condenslab.studies import REGISTRY, Outcome, Part, Statement, Study, exactly, within

Trouble = Literal["none", "diverge", "raise", "memory", "interrupt", "exit", "print"]


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


def make_cases(settings, seed, data):
    digest = data and data.digest
    return [
        Case(1000 * seed + member, size, settings.pause, settings.shift or 0.0, settings.trouble, digest)
        for size in settings.sizes
        for member in range(settings.members)
    ]


def mean(case, progress):
    time.sleep(case.pause)
    progress(1.0, f"size {case.size}")
    if case.trouble == "raise" and case.size == 20:
        raise RuntimeError("the toy broke")
    if case.trouble == "memory":
        raise MemoryError
    if case.trouble == "interrupt" and case.size == 30:
        os.kill(os.getpid(), signal.SIGINT)
    if case.trouble == "exit" and case.size == 20:
        sys.exit(0)
    if case.trouble == "print":
        print("a word of the toy")
    if case.trouble == "diverge":
        return Outcome({"mean": np.nan}, status="diverged", message="the toy left the finite numbers")
    numbers = np.random.default_rng(case.seed).normal(size=case.size) + case.shift
    return Outcome({"mean": numbers.mean(), "size": case.size}, {"numbers": numbers})


def statements(settings):
    return [
        Statement(
            "every mean is zero within 3",
            "Gauss 1809",
            lambda evidence: evidence.each(lambda record: record.values["mean"]),
            within(0.0, 3.0),
            needs_target=False,
        ),
        Statement("something that the toy does not know", "Gauss 1809", lambda evidence: None, exactly(1)),
    ]


def nothing(records):
    return []


STUDY = Study(
    name="toy",
    revision=1,
    question="Is the mean of normal numbers zero?",
    source="Gauss 1809",
    part="generalization",
    deck="000",
    presets={"tiny": Settings(members=2), "quick": Settings(), "full": Settings(members=100)},
    make_cases=make_cases,
    parts=(Part(case=Case, run="toy:mean", seconds=lambda case: case.pause, bytes=lambda _: 2**29),),
    statements=statements,
    figures="toy:nothing",
    accepts_data=True,
)


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
    import toy  # by its name, under which other processes find it, too

    toy.register()
    sys.exit(main())
