"""What the study of data and plateaus claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from condenslab.studies.contract.criteria import above
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.plateau_data.cases import GRIDS, EscapeCase, Grid, Settings
from condenslab.studies.shared.resting import decades_near
from condenslab.sweeps import Record

_EPD = "Bai et al., arXiv 2205.13283, Fig. 6 (three hidden layers; 70, 80 and 100 samples)"
LEFT = 0.05
"""The risk at which a network has left the plateau: half of the level, about 0.11, that `embedding_depth` finds."""
_READING, _LONG = 0.1, 0.5
"""A plateau is at least half a decade of steps within 10 % of the risk at its end."""
_WORDS: dict[Grid, str] = {"nested": "a longer grid", "interval": "a denser grid"}
_REASON: dict[Grid, str] = {
    "nested": "The time depends on where the new samples lie, and not on their number alone.",
    "interval": "A denser grid hardly changes the risk: escapes differ by a few per cent. Proposition 3 of the "
    "source is about samples that include the fewer ones.",
}


def title(grid: Grid) -> str:
    """Returns the title of the drawing of a grid."""
    return f"Leaving a plateau with more data: {_WORDS[grid]}"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed for each reading of the source's samples.

    Args:
        settings: The settings.
    """
    seeds = dict(zip(GRIDS, (settings.nested_seeds, settings.interval_seeds), strict=True))
    return [_sooner(grid) for grid in GRIDS if seeds[grid]]


def _sooner(grid: Grid) -> Statement:
    return Statement(
        "the more samples a network on a plateau goes on with, the sooner it leaves it",
        _EPD,
        _per_seed(grid, _shortening),
        above(1),
        note=f"samples: {GRIDS[grid]}; smallest ratio of the steps to R = {LEFT:g} of neighbouring numbers",
        of="seeds",
        label=f"more samples free a network from a plateau sooner ({_WORDS[grid]})",
        figure=title(grid),
        reason=_REASON[grid],
    )


def _per_seed(grid: Grid, value: Callable[[list[Record]], float | None]) -> Callable[[Evidence], Any]:
    """Returns a reader of value(runs of a seed, fewest samples first), decided where all of them began on a plateau."""

    def of(evidence: Evidence) -> Any:
        runs = evidence.where(EscapeCase, grid=grid)
        stays = [stay for stay in runs.each(_stay) if stay is not None]
        if stays and min(stays) < _LONG:
            return Measured(None, unsettled=f"A run had rested for {min(stays):.2g} decades only: allow more `before`.")
        values = runs.per("seed", lambda records: value(sorted(records, key=lambda record: record.case["samples"])))
        return Measured(values, failing="; ".join(told for told in runs.each(_told) if told))

    return of


def _told(record: Record) -> str:
    """Returns when a run left its plateau, in words."""
    case, escape = record.case, record.values["escape"]
    steps = f"stays for {case['steps']:,} steps" if escape is None else f"leaves after {escape:,}"
    return f"seed {case['seed']} with {case['samples']} samples {steps}"


def _stay(record: Record) -> float:
    """Returns for how many decades of steps a run had rested when its samples changed."""
    times, risk = record.arrays["times_before"], record.arrays["risk_before"]
    return decades_near(times, risk, float(risk[-1]), _READING)


def _shortening(runs: list[Record]) -> float | None:
    """Returns the smallest ratio of the steps of a run to those of the next one, with more samples.

    A run that stays took at least the steps that it had: the ratio is then a lower bound, or an upper one where it is
    the one with more samples that stays; None where both do.
    """
    ratios = []
    for fewer, more in pairwise(runs):
        if fewer.values["escape"] is None and more.values["escape"] is None:
            return None
        ratios.append(_steps(fewer) / max(_steps(more), 1))
    return min(ratios, default=None)


def _steps(record: Record) -> int:
    return record.case["steps"] if record.values["escape"] is None else record.values["escape"]
