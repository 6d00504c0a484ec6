"""What the study of depths claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.depth_similarity.cases import STARTS, DepthCase, Settings, Start
from condenslab.studies.shared.resting import decades_near
from condenslab.sweeps import Record

_EPD = "Bai et al., arXiv 2205.13283, Fig. 1 (levels and accuracies read off the figure, ±10 %)"
LEVELS, READING, PLATEAU = (0.22, 0.11, 0.025), 0.1, 0.5
"""Plateaus of the figure, how well they can be read, and the decades of steps from which on a plateau is one."""
ACCURACIES = {0.11: 0.67, 0.025: 0.97}
"""Accuracies of the figure at its levels. On the first, 0.22, the output is constant and its accuracy, 0.36 there,
arbitrary."""
_CROSSED = {0.11: "The shelf at 1/9 is short.", 0.025: "The risk crosses this level and never rests there."}
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
    levels = [_rest_at(start, steps, level) for level in LEVELS]
    accuracies = [_accuracy_at(start, steps, level, accuracy) for level, accuracy in ACCURACIES.items()]
    later = Statement(
        "deeper networks leave the first plateau later",
        _EPD,
        _per_seed(start, steps, _lengthening),
        above(1),
        note=f"start: {start.words}; smallest ratio of the steps at R = 0.9·2/9 of neighbouring depths",
        of="seeds",
        figure=title(start.std),
        reason=start.reason,
    )
    return [*levels, *accuracies, later]


def _rest_at(start: Start, steps: int, level: float) -> Statement:
    def shortest(runs: list[Record]) -> float:
        return min(decades_near(run.arrays["times"], run.arrays["risk"], level, READING) for run in runs)

    return Statement(
        "every depth rests at the published risk: at least half a decade of steps within 10 % of it",
        _EPD,
        _per_seed(start, steps, shortest),
        at_least(PLATEAU),
        note=f"start: {start.words}; R = {level:g}; decades of the depth that stays shortest",
        of="seeds",
        label=f"every depth rests for half a decade at the published risk {level:g}",
        figure=title(start.std),
        reason=f"{start.reason} {_CROSSED.get(level, '')}".strip(),
    )


def _accuracy_at(start: Start, steps: int, level: float, accuracy: float) -> Statement:
    def farthest(runs: list[Record]) -> float | None:
        crossed = [accuracy_at_crossing(run, level) for run in runs]
        return None if None in crossed else float(np.abs(np.array(crossed, float) / accuracy - 1).max())

    return Statement(
        "where it crosses a published risk every depth has the published accuracy, to 10 %",
        _EPD,
        _per_seed(start, steps, farthest),
        at_most(READING),
        note=f"start: {start.words}; R = {level:g}, accuracy {accuracy:g}; largest relative distance",
        of="seeds",
        label=f"crossing the risk {level:g}, every depth has the published accuracy {accuracy:g}",
        figure=title(start.std),
        reason=start.reason,
    )


def accuracy_at_crossing(record: Record, level: float) -> float | None:
    """Returns the accuracy at the first record with a risk below a level, or None where there is none.

    Args:
        record: A finished run.
        level: R.
    """
    below = np.flatnonzero(record.arrays["risk"] < level)
    return float(record.arrays["accuracy"][below[0]]) if below.size else None


def _per_seed(start: Start, steps: int, value: Callable[[list[Record]], float | None]) -> Callable[[Evidence], Any]:
    """Returns a reader of value(runs of all depths, shallow ones first) for every seed."""

    def of(evidence: Evidence) -> Any:
        runs = evidence.where(DepthCase, std=start.std)
        if steps < _ENOUGH_STEPS:
            return Measured(None, unsettled=f"{steps:,} steps are too few to come to rest: allow {_ENOUGH_STEPS:,}")
        return runs.per("seed", lambda records: value(sorted(records, key=lambda record: record.case["depth"])))

    return of


def _lengthening(runs: Sequence[Record]) -> float | None:
    """Returns the smallest ratio of the leaving steps of neighbouring depths, or None where one did not leave."""
    below = [np.flatnonzero(record.arrays["risk"] < _LEFT * CONSTANT) for record in runs]
    if any(not places.size for places in below):
        return None
    steps = [float(r.arrays["times"][places[0]]) for r, places in zip(runs, below, strict=True)]
    return min((later / max(earlier, 1.0) for earlier, later in pairwise(steps)), default=None)
