"""What the study of trajectories claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.shared.resting import nearest_rest
from condenslab.studies.trajectory.cases import Case, Settings
from condenslab.sweeps import Record

LEVELS = (0.027, 0.0055, 1e-4)
"""Levels at which the risk of the run in the lecture notes rests, read off a logarithmic figure."""
MARKED = 0.0028
"""Level of the mark at epoch 5,000, which lies on the steep descent."""
PAIR_ANGLES = (-np.pi + np.arctan(1 / 3), -np.arctan(1 / 3))
PAIR_AMPLITUDE = 0.2 * np.sqrt(10) / 3
COURSE, PAIR = "Groups over time", "Two orientations"
"""Titles of drawings."""

_TOLERANCE = 0.1
"""Levels are read off a logarithmic figure to 10 %."""
_ENOUGH_STEPS, _ENOUGH_PAIR_STEPS = 100_000, 10_000
_NOTES = (
    "Xu's lecture notes, Fig. 1.7 (one run, its seed unknown; levels read off the figure to 10 %; its epochs do not "
    "fit rate 0.1 and std 1e-4)"
)
_GROWTH = "arXiv 2504.09484, abstract: 'typically' increases; deck 002, '1d example'"
_NOTEBOOK = (
    "dlphenomena/condensation, condense.ipynb; closed form: merging all neurons of an orientation gives the target; "
    "the tolerances are the study's own"
)


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings.

    Args:
        settings: The settings.
    """
    return [*_levels(settings.steps), *_pair(settings.pair_steps)]


def _on(task: str, steps: int, enough: int, values: Callable[[Evidence], Any]) -> Callable[[Evidence], Any]:
    """Returns a reader of the runs on a target, which settle nothing with too few steps."""

    def of(evidence: Evidence) -> Any:
        runs = evidence.where(Case, task=task)
        short = f"{steps:,} epochs are too few to come to rest: allow {enough:,} at least"
        return values(runs) if steps >= enough else Measured(None, unsettled=short)

    return of


def _levels(steps: int) -> list[Statement]:
    return [
        Statement(
            "every run rests first at the level 0.027: largest relative deviation of its nearest rest",
            _NOTES,
            _on("four_relu", steps, _ENOUGH_STEPS, lambda runs: runs.each(lambda run: float(deviations(run)[0]))),
            at_most(_TOLERANCE),
            of="seeds",
            label="every run rests at the published level 0.027",
            figure=COURSE,
        ),
        Statement(
            "a run rests at all three published levels, 0.027, 0.0055 and 1e-4, to 10 %: how many do",
            _NOTES,
            _on("four_relu", steps, _ENOUGH_STEPS, _as_published),
            at_least(1),
            label="a run rests at the levels 0.027, 0.0055 and 1e-4",
            figure=COURSE,
        ),
        Statement(
            "the level 0.0028 marked at epoch 5,000 is passed on the descent: runs that rest within 10 % of it",
            _NOTES,
            _on("four_relu", steps, _ENOUGH_STEPS, lambda runs: runs.count(_rests_at_mark)),
            exactly(0),
            label="no run rests at 0.0028, the mark on the descent",
            figure=COURSE,
        ),
        Statement(
            "more groups at the end than on the first plateau",
            _GROWTH,
            _on("four_relu", steps, _ENOUGH_STEPS, _growths),
            at_least(1),
            of="seeds",
            figure=COURSE,
        ),
    ]


def deviations(record: Record) -> np.ndarray:
    """Returns for each published level the smallest relative deviation of a resting level of the run, shape (level,).

    Args:
        record: A record of the four-neuron target.
    """
    return np.array([_deviation(record, level) for level in LEVELS])


def _deviation(record: Record, level: float) -> float:
    rest = nearest_rest(record.arrays["times"], record.arrays["risk"], level)
    return np.inf if rest is None else abs(rest / level - 1)


def _rests_at_mark(record: Record) -> bool:
    return _deviation(record, MARKED) <= _TOLERANCE


def nearest(runs: Sequence[Record]) -> Record:
    """Returns the run that comes nearest to the published levels: the smallest sum of deviations, each at most 1.

    The published run is one of an unknown seed, and runs of different seeds pass different levels.

    Args:
        runs: At least one record of the four-neuron target.
    """
    return min(runs, key=lambda run: float(np.minimum(deviations(run), 1.0).sum()))


def _as_published(runs: Evidence) -> Measured:
    """Returns how many runs rest at every level, and how many at each."""
    near = [flags for flags in runs.each(lambda run: deviations(run) <= _TOLERANCE) if flags is not None]
    each = (
        ", ".join(f"{number} at {level:g}" for number, level in zip(np.sum(near, axis=0), LEVELS, strict=True))
        if near
        else ""
    )
    return Measured(
        runs.count(lambda run: bool((deviations(run) <= _TOLERANCE).all())),
        note=f"of {len(runs)} runs; {each}" if near else "",
    )


def _growths(runs: Evidence) -> Measured:
    growths = runs.each(lambda run: int(run.arrays["group_counts"][-1] - run.arrays["group_counts"][_plateau(run)]))
    falls = runs.each(lambda run: int((np.diff(run.arrays["group_counts"][_plateau(run) :]) < 0).sum()))
    known = [fall for fall in falls if fall is not None]
    return Measured(growths, note=f"the count falls in between {known} times")


def _plateau(record: Record) -> int:
    """Returns the first tracked moment at which the risk is within 1 % of the first level, 0.0273, or 0."""
    times, risk = record.arrays["times"], record.arrays["risk"]
    near = times[(np.abs(risk / 0.0273 - 1) < 0.01)]
    return int(np.searchsorted(record.arrays["group_times"], near[0])) if near.size else 0


def _pair(steps: int) -> list[Statement]:
    def each(value: Callable[[Record], Any]) -> Callable[[Evidence], Any]:
        return _on("relu_pair", steps, _ENOUGH_PAIR_STEPS, lambda runs: runs.each(value))

    def amplitude(record: Record) -> float | None:
        deviation = _pair_deviation(record, "dominant_amplitudes", [PAIR_AMPLITUDE] * 2)
        return None if deviation is None else deviation / PAIR_AMPLITUDE

    return [
        Statement(
            "the target 0.2·R(x − 1/3) + 0.2·R(−x − 1/3) ends as two groups",
            _NOTEBOOK,
            each(lambda record: record.values["dominant_groups"]),
            exactly(2),
            of="seeds",
            figure=PAIR,
        ),
        Statement(
            "they point along −atan(1/3) and −π + atan(1/3)",
            _NOTEBOOK,
            each(lambda record: _pair_deviation(record, "dominant_angles", list(PAIR_ANGLES))),
            at_most(2e-3),
            note="to 2e-3 rad",
            of="seeds",
            label="the two groups point along −atan(1/3) and −π + atan(1/3)",
            figure=PAIR,
        ),
        Statement(
            "the summed amplitude of each is 0.2·√10/3",
            _NOTEBOOK,
            each(amplitude),
            at_most(0.01),
            note=f"{PAIR_AMPLITUDE:.5f} to 1 %; relative deviation",
            of="seeds",
            label="the summed amplitude of each of the two groups is 0.2·√10/3",
            figure=PAIR,
        ),
    ]


def _pair_deviation(record: Record, name: str, expected: list[float]) -> float | None:
    """Returns the largest deviation of the two dominant groups, ordered by angle, or None where there are not two."""
    if record.values["dominant_groups"] != 2:
        return None
    order = np.argsort(record.values["dominant_angles"])
    return float(np.abs(np.array(record.values[name])[order] - expected).max())
