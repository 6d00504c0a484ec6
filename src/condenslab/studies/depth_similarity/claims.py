"""What the study of depths claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.depth_similarity.cases import STARTS, DepthCase, Settings, Start
from condenslab.studies.shared import resting
from condenslab.sweeps import Record

_EPD = "Bai et al., arXiv 2205.13283, Fig. 1 (levels and accuracies read off the figure, ±10 %)"
LEVELS, ACCURACIES, READING = (0.22, 0.11, 0.025), (0.36, 0.67, 0.97), 0.1
"""What the figure shows of its plateaus, and how well that can be read."""
CONSTANT, SETOSA = 2 / 9, 1 / 9
"""The mean squared error per output of the constant function, and with setosa told from the rest and no more."""
_LEFT = 0.9
"""A plateau is left where the risk falls below this part of it."""
_ENOUGH_STEPS = 10_000


def title(std: float) -> str:
    """Returns the title of the drawing of a start."""
    return f"Risk along training, {start_words(std)}"


def start_words(std: float) -> str:
    """Returns how a start is called in drawings."""
    return f"start of standard deviation {std:.3g} (variance {std**2:.2g})"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed for each reading of the start, that of the figure first.

    Args:
        settings: The settings.
    """
    asked = [start for start, seeds in zip(STARTS, (settings.seeds, settings.printed_seeds), strict=True) if seeds]
    return [statement for start in asked for statement in _of_start(start, settings.steps)]


def _of_start(start: Start, steps: int) -> list[Statement]:
    levels = [
        statement
        for level, accuracy in zip(LEVELS, ACCURACIES, strict=True)
        for statement in _at_level(start, steps, level, accuracy)
    ]
    later = Statement(
        "deeper networks leave the first plateau later",
        _EPD,
        _per_seed(start, steps, _lengthening),
        at_least(1.0),
        note=f"start: {start.words}; smallest ratio of the steps at R = 0.9·2/9 of neighbouring depths",
        of="seeds",
        figure=title(start.std),
        reason=start.reason,
    )
    return [*levels, later]


def _at_level(start: Start, steps: int, level: float, accuracy: float) -> list[Statement]:
    def risk_apart(runs: list[Record]) -> float:
        return _farthest([nearest_rest(run, level) for run in runs], lambda rest: rest[0])

    def accuracy_apart(runs: list[Record]) -> float:
        return _farthest([nearest_rest(run, level) for run in runs], lambda rest: abs(rest[1] / accuracy - 1))

    def within_reading(text: str, apart: Callable[[list[Record]], float], *, note: str, label: str) -> Statement:
        return Statement(
            text,
            _EPD,
            _per_seed(start, steps, apart),
            at_most(READING),
            note=f"start: {start.words}; {note}; largest relative distance",
            of="seeds",
            label=label,
            figure=title(start.std),
            reason=start.reason,
        )

    return [
        within_reading(
            "every depth rests within 10 % of the published risk",
            risk_apart,
            note=f"R = {level:g}",
            label=f"every depth rests within 10 % of the published risk {level:g}",
        ),
        within_reading(
            "at the rest nearest a published risk the accuracy is within 10 % of the published one",
            accuracy_apart,
            note=f"{accuracy:g}",
            label=f"resting near {level:g}, the accuracy is within 10 % of the published {accuracy:g}",
        ),
    ]


def _per_seed(start: Start, steps: int, value: Callable[[list[Record]], float | None]) -> Callable[[Evidence], Any]:
    """Returns a reader of value(runs of all depths, shallow ones first) for every seed."""

    def of(evidence: Evidence) -> Any:
        runs = evidence.where(DepthCase, std=start.std)
        if steps < _ENOUGH_STEPS:
            return Measured(None, unsettled=f"{steps:,} steps are too few to come to rest: allow {_ENOUGH_STEPS:,}")
        return runs.per("seed", lambda records: value(sorted(records, key=lambda record: record.case["depth"])))

    return of


def _farthest(rests: list[tuple[float, float] | None], distance: Callable[[tuple[float, float]], float]) -> float:
    """Returns the largest distance, at most 10, which is also that of a run that rests nowhere."""
    return float(min(max(np.inf if rest is None else distance(rest) for rest in rests), 10.0))


def nearest_rest(record: Record, level: float) -> tuple[float, float] | None:
    """Returns |R/level − 1| and the accuracy at the rest nearest a level, or None where nothing rests.

    A run rests where |d log R/d log t| has a local minimum below 1/2.

    Args:
        record: A finished run.
        level: R.
    """
    risk = record.arrays["risk"]
    rest = resting.nearest_rest(record.arrays["times"], risk, level)
    if rest is None:
        return None
    return float(abs(rest / level - 1)), float(record.arrays["accuracy"][np.flatnonzero(risk == rest)[0]])


def _lengthening(runs: Sequence[Record]) -> float | None:
    """Returns the smallest ratio of the leaving steps of neighbouring depths, or None where one did not leave."""
    below = [np.flatnonzero(record.arrays["risk"] < _LEFT * CONSTANT) for record in runs]
    if any(not places.size for places in below):
        return None
    steps = [float(r.arrays["times"][places[0]]) for r, places in zip(runs, below, strict=True)]
    return min((later / max(earlier, 1.0) for earlier, later in pairwise(steps)), default=None)
