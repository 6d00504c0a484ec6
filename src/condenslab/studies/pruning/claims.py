"""What the pruning study claims; numbers only, no JAX."""

from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.pruning.cases import MOMENTS, Moment, Settings

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

    def kept(evidence: Evidence) -> Measured:
        pairs = evidence.each(lambda record: _both(_read(record, moment, "neurons"), record.values["width"]))
        shares = [None if pair is None else pair[0] / pair[1] for pair in pairs]
        return Measured(shares, note=", ".join(f"{pair[1]} to {pair[0]}" for pair in pairs if pair is not None))

    def agreement(evidence: Evidence) -> Measured:
        right = evidence.each(lambda record: _read(record, moment, "accuracy"))
        known = ", ".join(f"{100 * share:.1f} %" for share in right if share is not None)
        note = f"when the whole network is right on {known}" if known else ""
        return Measured(evidence.each(lambda record: _read(record, moment, "agreement")), note=note)

    def stagnation(evidence: Evidence) -> list[float | None]:
        losses = evidence.each(lambda record: _both(_read(record, moment, "retrained"), _read(record, moment, "risk")))
        return [None if pair is None else pair[0] / pair[1] for pair in losses]

    shared: dict[str, Any] = {"of": "seeds", "figure": _FIGURE, "reason": _REASONS[moment]}
    return [
        Statement(
            "merging by the source's rule leaves at most 58 of 400 neurons",
            _SOURCE,
            kept,
            at_most(SHARE),
            when,
            label=f"merging {place} leaves at most 58 of 400 neurons",
            **shared,
        ),
        Statement(
            "the merged network predicts the same class on at least 98.5 % of held-out digits",
            _SOURCE,
            agreement,
            at_least(AGREEMENT),
            when,
            label=f"merged {place}, it predicts the same class on 98.5 % of digits",
            **shared,
        ),
        Statement(
            "the merged network, trained on, stagnates at the same loss",
            f"{_SOURCE}; ±10 % is ours",
            stagnation,
            within(1.0, _READ_OFF),
            f"{when}; final loss over the loss before merging",
            label=f"merged {place} and trained on, the network stagnates at the same loss",
            **shared,
        ),
    ]


def _read(record: Any, moment: Moment, name: str) -> Any:
    """Returns a value at a moment, or None where the run did not come to it."""
    return record.values.get(f"{moment}_{name}")


def _both(first: Any, second: Any) -> tuple[Any, Any] | None:
    return None if first is None or second is None else (first, second)
