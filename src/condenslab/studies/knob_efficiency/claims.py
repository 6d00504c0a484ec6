"""What is claimed of knobs and sample efficiency; numbers only, no JAX."""

from math import log10, sqrt
from statistics import fmean, stdev

from condenslab.studies.contract.criteria import below
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.knob_efficiency.cases import KNOBS, OPTIMISTIC, Settings

FIGURE = "Test error just above the optimistic sample size"
RECOVERED = 1e-3
"""The smallest error of the published colour bar: what is below counts as recovered there."""
ENOUGH = 10_000
"""Steps below which runs have not come to rest: claims are then undecided."""

_DECK = (
    "deck 001, 'get close to O by the hyperparameters: smaller initialization scale, larger weight decay rate, larger "
    "learning rate'"
)
_SOURCES = {
    "exponent": _DECK,
    "rate": f"{_DECK}, which names no method",
    "descent": f"{_DECK}, which names no method; plain gradient descent and the units of its rate are inferred",
    "decay": _DECK,
    "drop": "deck 002, 'condensation improves sample efficiency', knobs; Zhang et al., JMLR 26(69), 2025, Fig. 4",
}
_SUBJECTS = {
    "exponent": "smaller initial scales predict",
    "rate": "larger rates of Adam predict",
    "descent": "a larger rate of plain gradient descent predicts",
    "decay": "larger weight decays predict",
    "drop": "dropout predicts",
}
_STUDENT = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 12: 2.179,
    15: 2.131, 20: 2.086, 30: 2.042, 60: 2.000,
}  # fmt: skip
"""Degrees of freedom → 97.5 % point of Student's t; those in between take the one before, which is larger."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed: of every knob, that all its turns lower the test error.

    Args:
        settings: The settings.
    """
    return [_lower(settings, knob) for knob in KNOBS]


def upper_end(ratios: list[float]) -> float:
    """Returns the upper end of the 95 % interval of the geometric mean of positive numbers, by Student's t.

    Args:
        ratios: One a seed, at least two.
    """
    logs = [log10(ratio) for ratio in ratios]
    quantile = _STUDENT[max(known for known in _STUDENT if known <= len(logs) - 1)]
    return 10 ** (fmean(logs) + quantile * stdev(logs) / sqrt(len(logs)))


def _lower(settings: Settings, knob: str) -> Statement:
    def read(evidence: Evidence) -> Measured:
        rows = [evidence.where(**values).each(lambda r: r.values["test_error"]) for values in settings.turned(knob)]
        ends = [_end(row, rows[0]) for row in rows[1:]]
        return Measured(ends or None, _told(settings.knobs[knob], rows), _unsettled(settings, knob))

    values = settings.knobs[knob]
    turned = ", ".join(f"{value:g}" for value in values[1:])
    return Statement(
        f"{_SUBJECTS[knob]} better from few samples than the baseline",
        f"{_SOURCES[knob]}; each larger value against the baseline is the study's own reading",
        read,
        below(1.0),
        f"n = {settings.samples}, O = {OPTIMISTIC}; {KNOBS[knob]}{', γ' if knob == 'exponent' else ''} {turned} "
        f"against {values[0]:g}: upper ends of the 95 % intervals of the ratio of test errors, over "
        f"{settings.seeds} seeds",
        figure=FIGURE,
    )


def _end(row: list[float | None], base: list[float | None]) -> float | None:
    ratios = [None if a is None or not b else a / b for a, b in zip(row, base, strict=True)]
    known = [ratio for ratio in ratios if ratio]
    return upper_end(known) if len(known) == len(ratios) >= 2 else None


def _told(values: tuple[float, ...], rows: list[list[float | None]]) -> str:
    """Returns the geometric mean of the test error at every value, and how many runs recover."""
    words = []
    for value, row in zip(values, rows, strict=True):
        known = [error for error in row if error]
        if known:
            mean = 10 ** fmean(log10(error) for error in known)
            words.append(f"{mean:.1e} at {value:g} ({sum(e <= RECOVERED for e in known)} of {len(row)} recover)")
    return f"mean errors {', '.join(words)}" if words else ""


def _unsettled(settings: Settings, knob: str) -> str:
    if len(set(settings.knobs[knob])) == 1:
        return f"Only one value of this knob was asked for, {settings.knobs[knob][0]:g}: there is nothing to compare."
    if settings.steps < ENOUGH:
        return f"After {settings.steps:,} steps no run has come to rest: that takes {ENOUGH:,} at least."
    return ""
