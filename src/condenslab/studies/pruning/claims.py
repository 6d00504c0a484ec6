"""What the pruning study claims; numbers only, no JAX."""

from collections.abc import Callable
from functools import partial
from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.pruning.cases import MOMENTS, Moment, Settings
from condenslab.sweeps import Record

SHARE = 58 / 400
"""Neurons that the source keeps."""
AGREEMENT = 0.985
"""Held-out images on which its merged network predicts the same class."""
_READ_OFF = 0.1
"""Precision of losses read off the source's figure: "the same loss" is the same to a tenth."""

_SOURCE = "EP21 (Zhang et al., NeurIPS 2021), Fig. 5 and Appendix B"
_FIGURE = "Merging what has condensed"
_REASONS: dict[Moment, str] = {
    "plateau": "",
    "published": "With one-hot targets the loss still falls at the published epoch: there is no plateau to merge on.",
}


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed, once on the flattest stretch and once at the published epoch.

    Args:
        settings: The settings.
    """
    return [statement for moment in MOMENTS for statement in _at(moment)]


def _at(moment: Moment) -> list[Statement]:
    when = f"merged {MOMENTS[moment]}"
    place = {"plateau": "on its plateau", "published": "at the published epoch"}[moment]
    shared: dict[str, Any] = {"of": "seeds", "figure": _FIGURE, "reason": _REASONS[moment]}
    return [
        Statement(
            "merging by the source's rule leaves at most 58 of 400 neurons",
            _SOURCE,
            partial(_share, moment),
            at_most(SHARE),
            when,
            label=f"merging {place} leaves at most 58 of 400 neurons",
            **shared,
        ),
        Statement(
            "the merged network predicts the same class on at least 98.5 % of held-out digits",
            _SOURCE,
            partial(_agreement, moment),
            at_least(AGREEMENT),
            when,
            label=f"merged {place}, it predicts the same class on 98.5 % of digits",
            **shared,
        ),
        Statement(
            "the merged network, trained on, stagnates at the same loss",
            f"{_SOURCE}; ±10 % is ours",
            partial(_stagnation, moment),
            within(1.0, _READ_OFF),
            f"{when}; final loss over the loss before merging",
            label=f"merged {place} and trained on, the network stagnates at the same loss",
            **shared,
        ),
    ]


def _at_moment(moment: Moment, evidence: Evidence, value: Callable[[Callable[[str], Any]], Any]) -> list[Any]:
    """Returns value(read) for every seed, where read(name) is a value at the moment; None where a run ended before."""

    def of(record: Record) -> Any:
        reached = record.values.get(f"{moment}_step") is not None
        return value(lambda name: record.values[f"{moment}_{name}"]) if reached else None

    return evidence.each(of)


def _share(moment: Moment, evidence: Evidence) -> Measured:
    widths = evidence.each(lambda record: record.values["width"])
    neurons = _at_moment(moment, evidence, lambda read: read("neurons"))
    pairs = [None if None in pair else pair for pair in zip(neurons, widths, strict=True)]
    counts = ", ".join(f"{pair[1]} to {pair[0]}" for pair in pairs if pair is not None)
    return Measured([None if pair is None else pair[0] / pair[1] for pair in pairs], note=counts)


def _agreement(moment: Moment, evidence: Evidence) -> Measured:
    right = _at_moment(moment, evidence, lambda read: read("accuracy"))
    known = ", ".join(f"{100 * share:.1f} %" for share in right if share is not None)
    note = f"when the whole network is right on {known}" if known else ""
    return Measured(_at_moment(moment, evidence, lambda read: read("agreement")), note=note)


def _stagnation(moment: Moment, evidence: Evidence) -> list[float | None]:
    return _at_moment(moment, evidence, lambda read: read("retrained") / read("risk"))
