"""What the relu_stationary study claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.relu_stationary.cases import EXPERIMENTS, RunCase, Settings, steps_of
from condenslab.sweeps import Record

RISKS = "Risk of the three experiments"
"""Title of a drawing."""
_SOURCE = "Wu, Simsek & Ged, ICLR 2025 (arXiv 2402.05626), experiments of its code"
_OWN = f"{_SOURCE}; the tolerance is the study's own"
_WINDOW = 0.02
_FLAT = 0.01
_ZERO = 1e-3
_SLOPE = 1e-4
"""Of slopes and rates, ours. Rates are 2e-5 where experiment 1 ends, which its steps leave, and 0.02 to 1 before."""
_MINIMUM = 0.0278860
"""R, the mean over samples and outputs, where experiment 1 of the source ends."""


def plateaus(risk: np.ndarray) -> list[float]:
    """Returns the risks of the plateaus of a run, in their order.

    A plateau is a longest stretch of at least 2 % of the records over which the risk stays within 1 % of its start;
    stretches within 1 % of the one before belong to it.

    Args:
        risk: Risk at evenly spaced steps, shape (time,).
    """
    least = max(2, int(_WINDOW * len(risk)))
    levels: list[float] = []
    begin = 0
    while begin + least <= len(risk):
        away = np.abs(risk[begin:] / risk[begin] - 1) > _FLAT
        length = int(np.argmax(away)) if away.any() else len(away)
        if length < least:
            begin += 1
            continue
        level = float(np.median(risk[begin : begin + length]))
        if not levels or abs(level / levels[-1] - 1) > _FLAT:
            levels.append(level)
        begin += length
    return levels


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings.

    Args:
        settings: The settings.
    """
    return [*_risks(settings), *_ends(settings)]


def _share(record: Record) -> float:
    return record.values["final_risk"] / record.values["start_risk"]


def _risks(settings: Settings) -> list[Statement]:
    return [
        Statement(
            "the risk of experiment 1 rests on three plateaus (at least 2 % of the steps within 1 %)",
            f"{_SOURCE}; 2 % and 1 % are the study's own",
            _runs(settings, (1,), lambda record: len(plateaus(record.arrays["risk"]))),
            exactly(3),
            of="runs",
            label="the risk of experiment 1 rests on three plateaus",
            figure=RISKS,
        ),
        Statement(
            "experiments 1 and 3 end with a risk that is not zero (above 1/1000 of the start's)",
            f"{_SOURCE}; 1/1000 is the study's own",
            _runs(settings, (1, 3), _share),
            at_least(_ZERO),
            note="share of the start's risk",
            of="runs",
            label="experiments 1 and 3 end with a risk that is not zero",
            figure=RISKS,
        ),
        Statement(
            "experiment 1 comes to the published minimum: the share of runs that do",
            f"{_SOURCE} (one run, R = 0.0278860; more than half is the study's own)",
            _published,
            above(0.5),
            label="experiment 1 mostly comes to the published minimum 0.0278860",
            figure=RISKS,
        ),
        Statement(
            "experiment 2 ends with zero risk (at most 1/1000 of the start's)",
            f"{_SOURCE}; 1/1000 is the study's own",
            _runs(settings, (2,), _share),
            at_most(_ZERO),
            note="share of the start's risk",
            of="runs",
            figure=RISKS,
        ),
    ]


def _published(evidence: Evidence) -> Any:
    """Returns which share of the runs ends at the published minimum, and where others end."""
    runs = evidence.where(RunCase, experiment=1)
    if any(steps < EXPERIMENTS[1].steps for steps in runs.fields("steps")):
        return Measured(None, unsettled="the runs of experiment 1 are shorter than the source's")
    share = runs.share(lambda record: _comes_there(record.values["end_risk"]))
    ends = [end for end in runs.each(lambda record: record.values["end_risk"]) if end is not None]
    others = ", ".join(f"{end:.7f}" for end in ends if not _comes_there(end))
    return Measured(share, note=f"of {len(runs)} runs, R = {_MINIMUM:.7f}; others end at {others or 'no other risk'}")


def _comes_there(risk: float) -> bool:
    return abs(risk - _MINIMUM) <= 5e-8


def _ends(settings: Settings) -> list[Statement]:
    def steepest(record: Record) -> float:
        slope = max(record.values["output_slope"], -record.values["lowest_slope"])
        return slope / record.values["slope_scale"]

    def escape(record: Record) -> float:
        return max(record.values["escape"], record.values["rate"]) / record.values["slope_scale"]

    def lowest(record: Record) -> float:
        return record.values["lowest_change"] / record.values["rounding"]

    scale = "relative to the steepest slope of a new neuron at the start"
    return [
        Statement(
            "at the end of experiments 1 and 3 no random perturbation lowers the risk by more than rounding can",
            _SOURCE,
            _runs(settings, (1, 3), lowest),
            at_least(-1.0),
            note="lowest change, in units of the bound on its rounding error",
            of="runs",
            label="at the ends of experiments 1 and 3 no random perturbation lowers the risk",
        ),
        Statement(
            "the ends of experiments 1 and 3 are directionally stationary",
            _OWN,
            _runs(settings, (1, 3), steepest),
            at_most(_SLOPE),
            note=f"lowest one-sided derivative and largest slope of output weights, {scale}",
            of="runs",
        ),
        Statement(
            "at the ends of experiments 1 and 3 there is no escape neuron",
            _OWN,
            _runs(settings, (1, 3), escape),
            at_most(_SLOPE),
            note=f"steepest second-order slope of neurons without output, and slope of others over their size, {scale}",
            of="runs",
        ),
    ]


def _runs(
    settings: Settings, experiments: tuple[int, ...], value: Callable[[Record], Any]
) -> Callable[[Evidence], Any]:
    """Returns a reader of the runs of some experiments; it settles nothing where one is short or was not asked for."""
    left_out = [number for number in experiments if number not in settings.experiments]
    short = [number for number in experiments if steps_of(settings, number) < EXPERIMENTS[number].steps]

    def of(evidence: Evidence) -> Any:
        if left_out:
            return Measured(None, unsettled=f"experiment {left_out[0]} was not asked for")
        if short:
            asked, needed = steps_of(settings, short[0]), EXPERIMENTS[short[0]].steps
            return Measured(None, unsettled=f"{asked:,} steps of experiment {short[0]}; the source takes {needed:,}")
        return evidence.where(RunCase, experiment=experiments).each(value)

    return of
