"""What the study of knobs claims; numbers only, no JAX."""

from itertools import pairwise
from statistics import fmean, stdev

from condenslab.studies.contract.criteria import at_least
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.knobs.cases import KNOBS, Settings
from condenslab.sweeps import Record

_ENOUGH = 10_000
"""Steps below which nothing can have condensed: claims are then undecided."""

_SUBJECTS = {
    "exponent": "the smallest initial scale",
    "rate": "the largest learning rate of Adam",
    "descent": "the largest learning rate of plain gradient descent",
    "decay": "the largest weight decay",
    "drop": "the largest dropout",
}
_SOURCES = {
    "exponent": "deck 002, knobs; Luo et al., JMLR 22(71) 2021",
    "rate": "deck 002, knobs, which names no method; NeurIPS 2024 (2405.05409), Figs 14 to 16, for transformers, AdamW",
    "descent": "deck 002, knobs, which names no method; plain gradient descent and the units of its rate are inferred",
    "decay": "deck 002, knobs; NeurIPS 2024 (2405.05409), Figs 14 to 16, for transformers",
    "drop": "deck 002, knobs; Zhang & Xu, TPAMI 2024, Fig. 4",
}


_REASONS = {
    "rate": "Adam's rate changes the number of groups by less than the seeds do; it divides by the size of the "
    "gradient, so that its rate sets the length of a step, not its stability (inferred).",
    "descent": "",
    "exponent": "From the smallest scale neurons gather at once and spread again while the target is fitted, along no "
    "more orientations; from the one before they only gather.",
    "decay": "With the largest decay the target is no longer fitted: see the risks.",
    "drop": "Any dropout brings the number down; more of it changes the number by no more than the seeds do.",
}
"""Why not every turn leaves fewer groups; the ends of a knob fail for the method's sake alone, `rate`."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed of every knob: the last value against the first, and each value against the one before.

    Args:
        settings: The settings.
    """
    return [*(_fewer(settings, knob) for knob in KNOBS), *(_each_step(settings, knob) for knob in KNOBS)]


def _ends(settings: Settings, evidence: Evidence, knob: str) -> list[Evidence]:
    """Returns the runs of every value of a knob, the first one first."""
    return [evidence.where(**settings.baseline | {knob: value}) for value in settings.knobs[knob]]


def _unsettled(settings: Settings, knob: str) -> str:
    values = settings.knobs[knob]
    if len(set(values)) == 1:
        return f"Only one value of this knob was asked for, {values[0]:g}: there is nothing to compare."
    if settings.steps < _ENOUGH:
        return f"After {settings.steps:,} steps nothing can have condensed: that takes {_ENOUGH:,} at least."
    return ""


def _groups(runs: Evidence) -> list[int | None]:
    return runs.each(lambda record: record.values["groups"])


def _fewer(settings: Settings, knob: str) -> Statement:
    base, last = settings.knobs[knob][0], settings.knobs[knob][-1]

    def read(evidence: Evidence) -> Measured:
        runs = _ends(settings, evidence, knob)
        pairs = zip(_groups(runs[0]), _groups(runs[-1]), strict=True)
        fewer = [None if least is None or most is None else least - most for least, most in pairs]
        return Measured(fewer, unsettled=_unsettled(settings, knob), failing=_numbers(settings, runs, knob))

    return Statement(
        f"{_SUBJECTS[knob]} gives fewer groups than the smallest"
        if knob in ("rate", "descent")
        else f"{_SUBJECTS[knob]} gives fewer groups than the baseline",
        f"{_SOURCES[knob]}; fewer for each seed, the amount is not stated",
        read,
        at_least(1),
        f"{KNOBS[knob]} {last:g} against {base:g}; how many fewer",
        "seeds",
        figure="One measure, four knobs",
        reason=_REASONS[knob] if knob == "rate" else "",
    )


def _each_step(settings: Settings, knob: str) -> Statement:
    """Every turn of the knob counts, not only its ends."""

    def read(evidence: Evidence) -> Measured:
        runs = _ends(settings, evidence, knob)
        rows = zip(*map(_groups, runs), strict=True)
        least = [None if None in row else min((a - b for a, b in pairwise(row)), default=None) for row in rows]
        return Measured(least, unsettled=_unsettled(settings, knob), failing=_numbers(settings, runs, knob))

    values = ", ".join(f"{value:g}" for value in settings.knobs[knob])
    return Statement(
        f"every turn of the {KNOBS[knob].split(',')[0]} gives no more groups than the value before",
        f"{_SOURCES[knob]}; for each seed",
        read,
        at_least(0),
        f"{KNOBS[knob]} {values}; least decrease",
        "seeds",
        label=f"every turn of the {KNOBS[knob].split(',')[0]} gives no more groups",
        figure="One measure, four knobs",
        reason=_REASONS[knob],
    )


def _numbers(settings: Settings, runs: list[Evidence], knob: str) -> str:
    """Returns what was measured at every value, over the seeds: groups, early and at the end, orientations, risk."""

    def means(records: list[Record]) -> str:
        names = ("groups", "orientations", "final_risk")
        groups, orientations, risks = ([r.values[name] for r in records] for name in names)
        early = [_early(record) for record in records]
        before = "" if None in early else f" ({fmean(filter(None, early)):.1f} after a hundredth of the steps)"
        apart = f" ± {stdev(groups):.1f}" if len(groups) > 1 else ""
        there = f"{fmean(groups):.1f}{apart} groups{before} in {fmean(orientations):.1f} orientations"
        return f"{there} at risk {fmean(risks):.1e}"

    told = [(value, of.all(means)) for value, of in zip(settings.knobs[knob], runs, strict=True)]
    return "Means over the seeds: " + "; ".join(f"{text} at {value:g}" for value, text in told if text) + "."


def _early(record: Record) -> int | None:
    times, groups = record.arrays.get("times"), record.arrays.get("groups")
    return None if times is None or groups is None else int(groups[times.searchsorted(times[-1] / 100)])
