"""Decides the claims of the relu_stationary study from stored records; numbers only, no JAX."""

from collections.abc import Callable, Sequence

import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.relu_stationary.cases import EXPERIMENTS
from condenslab.sweeps import Record

_SOURCE = "Wu, Simsek & Ged, ICLR 2025 (arXiv 2402.05626), experiments of its code"
_OWN = "the tolerance is the study's own"
_WINDOW = 0.02
_FLAT = 0.01
_ZERO = 1e-3
_SLOPE = 1e-4

STATEMENTS = (
    "the risk of experiment 1 rests on three plateaus (at least 2 % of the steps within 1 %)",
    "experiments 1 and 3 end with a risk that is not zero (above 1/1000 of the start's): share of the start's risk",
    "experiment 2 ends with zero risk (at most 1/1000 of the start's): share of the start's risk",
    "at the end of experiments 1 and 3 no random perturbation lowers the risk: lowest change",
    "the ends of experiments 1 and 3 are directionally stationary: lowest one-sided derivative and largest slope of "
    "output weights, relative to the steepest slope of a new neuron at the start (at most 1e-4)",
    "at these ends there is no escape neuron: steepest second-order slope of neurons without output, on the same scale",
)
"""What the study claims, before anything is measured; a run adds seeds and intervals."""


def plateaus(risk: np.ndarray) -> list[float]:
    """Returns the risks of the plateaus of a run, in their order.

    A plateau is a longest stretch of at least 2 % of the records over which the risk stays within 1 % of its start;
    stretches within 1 % of the one before belong to it.

    Args:
        risk: Risk at evenly spaced steps, shape (time,).
    """
    least = max(2, int(_WINDOW * len(risk)))
    found: list[float] = []
    begin = 0
    while begin + least <= len(risk):
        away = np.abs(risk[begin:] / risk[begin] - 1) > _FLAT
        length = int(np.argmax(away)) if away.any() else len(away)
        if length < least:
            begin += 1
            continue
        level = float(np.median(risk[begin : begin + length]))
        if not found or abs(level / found[-1] - 1) > _FLAT:
            found.append(level)
        begin += length
    return found


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: The records; what rests on those that are not done is undecided.
    """
    done = [record for record in records if record.status == "done"]
    complete = [record for record in done if record.case["steps"] >= EXPERIMENTS[record.case["experiment"]].steps]

    def of(*numbers: int) -> list[Record]:
        return [record for record in complete if record.case["experiment"] in numbers]

    def share(record: Record) -> float:
        return record.values["final_risk"] / record.values["start_risk"]

    def slope(record: Record) -> float:
        steepest = max(record.values["output_slope"], -record.values["lowest_slope"])
        return steepest / record.values["slope_scale"]

    def escape(record: Record) -> float:
        return record.values["escape"] / record.values["slope_scale"]

    def change(record: Record) -> float:
        return record.values["lowest_change"]

    def count(record: Record) -> int:
        return len(plateaus(record.arrays["risk"]))

    def claim(make: Callable[..., Claim], number: int, chosen: list[Record], value: Callable, **bound: float) -> Claim:
        values = [value(record) for record in chosen]
        verdicts = [make("", "", measured=one, **bound).verdict == "holds" for one in values]
        low, high = wilson(sum(verdicts), len(verdicts))
        text = f"{STATEMENTS[number]}, for each of {len(values)} runs [success rate {low:.2f} to {high:.2f} at 95 %]"
        return make(text, _SOURCE if number < 4 else f"{_SOURCE}; {_OWN}", measured=values or None, **bound)

    return [
        claim(Claim.count, 0, of(1), count, expected=3),
        claim(Claim.at_least, 1, of(1, 3), share, bound=_ZERO),
        claim(Claim.at_most, 2, of(2), share, bound=_ZERO),
        claim(Claim.at_least, 3, of(1, 3), change, bound=0.0),
        claim(Claim.at_most, 4, of(1, 3), slope, bound=_SLOPE),
        claim(Claim.at_most, 5, of(1, 3), escape, bound=_SLOPE),
    ]
