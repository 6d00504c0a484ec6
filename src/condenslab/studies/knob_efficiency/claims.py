"""What is claimed of knobs and sample efficiency; numbers only, no JAX."""

from math import log10, sqrt, tanh
from statistics import fmean, stdev

from scipy.special import stdtrit

from condenslab.studies.contract.criteria import below
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.knob_efficiency.cases import KNOBS, OPTIMISTIC, Settings

FIGURE = "Test error just above the optimistic sample size"
RECOVERED = 1e-3
"""The smallest error of the published colour bar: what is below counts as recovered there."""
ENOUGH = 10_000
"""Steps below which runs have not come to rest: claims are then undecided."""

_PLACES = [-15 + 29 * k / 1000 for k in range(1001)]
SILENT = fmean((tanh(x - 7) + tanh(x) + tanh(x + 7)) ** 2 for x in _PLACES)
"""The error of a network that answers 0 everywhere: with it counts a run that left the finite numbers, at least."""

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
_REASONS = {
    "rate": "Adam divides by the size of the gradient, so that its rate sets the length of a step, not its stability.",
    "descent": "The small rate has fitted the samples less after these steps and predicts like a run that is stopped "
    "early; at the large one some runs leave the finite numbers.",
}


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
    quantile = float(stdtrit(len(logs) - 1, 0.975))
    return 10 ** (fmean(logs) + quantile * stdev(logs) / sqrt(len(logs)))


def _lower(settings: Settings, knob: str) -> Statement:
    def read(evidence: Evidence) -> Measured:
        parts = [evidence.where(**values) for values in settings.turned(knob)]
        rows = [part.each(lambda record: record.values["test_error"], diverged=SILENT) for part in parts]
        fits = [[fit for fit in part.each(lambda record: record.values["final_risk"]) if fit] for part in parts]
        ends = [_end(row, rows[0]) for row in rows[1:]]
        lost = sum(error == SILENT for row in rows for error in row)
        note = f"; left the finite numbers and counted with the error of 0: {lost}" if lost else ""
        told = _told(settings.knobs[knob], rows, fits) + note
        return Measured(ends or None, told, _unsettled(settings, knob))

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
        reason=_REASONS.get(knob, ""),
    )


def _end(row: list[float | None], base: list[float | None]) -> float | None:
    ratios = [None if a is None or not b else a / b for a, b in zip(row, base, strict=True)]
    known = [ratio for ratio in ratios if ratio]
    return upper_end(known) if len(known) == len(ratios) >= 2 else None


def _told(values: tuple[float, ...], rows: list[list[float | None]], fits: list[list[float]]) -> str:
    """Returns the mean test error and training risk at every value, and how many runs recover."""
    words = []
    for value, row, fit in zip(values, rows, fits, strict=True):
        known = [error for error in row if error]
        if known and fit:
            recovered = sum(error <= RECOVERED for error in known)
            means = f"{_mean(known):.1e} at training risk {_mean(fit):.0e}"
            words.append(f"{value:g}: {means}, {recovered} of {len(row)} below {RECOVERED:g}")
    return f"geometric mean errors {'; '.join(words)}" if words else ""


def _mean(errors: list[float]) -> float:
    return 10 ** fmean(log10(error) for error in errors)


def _unsettled(settings: Settings, knob: str) -> str:
    if len(set(settings.knobs[knob])) == 1:
        return f"Only one value of this knob was asked for, {settings.knobs[knob][0]:g}: there is nothing to compare."
    if settings.steps < ENOUGH:
        return f"After {settings.steps:,} steps no run has come to rest: that takes {ENOUGH:,} at least."
    return ""
