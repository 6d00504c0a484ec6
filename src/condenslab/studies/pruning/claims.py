"""What the pruning study claims; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.pruning.cases import Settings
from condenslab.sweeps import Record

SHARE = 58 / 400
"""Neurons that the source keeps."""
AGREEMENT = 0.985
"""Held-out images on which its merged network predicts the same class."""
_READ_OFF = 0.1
"""Precision of losses read off the source's figure: "the same loss" is the same to a tenth."""

_SOURCE = "EP21 (Zhang et al., NeurIPS 2021), Fig. 5 and Appendix B"
_FIGURE = "Merging what has condensed"
_LOSS = 6.3e-4
"""Loss of its plateau at epoch 5,000, read off the figure."""
_REASON = (
    "The printed settings do not give the figure: with 400 neurons, 1,000 images and rate 3e-5 the loss at epoch 5,000 "
    "is 1e-4 and still falls without steps, and 253 groups remain. The plateau that there is, that of the class means, "
    "is one of a network at chance, about which nothing is claimed."
)

_LITTLE = "So little is merged, less than in the source, that few predictions can change: see the claim before."


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed at the published epoch; the flattest stretch of the loss is drawn.

    Args:
        settings: The settings.
    """
    size = f"{settings.width} neurons, {settings.images} images, rate {settings.rate:g}"
    printed = (settings.width, settings.images, settings.rate) == (400, 1000, 3e-5)
    when = f"merged at the published epoch; {size}, {'as printed' if printed else 'scaled down by us'}"
    shared: dict[str, Any] = {"of": "seeds", "figure": _FIGURE, "reason": _REASON}
    return [
        Statement(
            "at the published epoch the loss rests at the published 6.3e-4",
            f"{_SOURCE} (read off the figure, ±10 %)",
            lambda evidence: _at_published(evidence, lambda read: read("risk") / _LOSS),
            within(1.0, _READ_OFF),
            f"{when}; loss over the published one",
            label="at the published epoch the loss is the published 6.3e-4",
            **shared,
        ),
        Statement(
            "merging by the source's rule leaves at most 58 of 400 neurons",
            _SOURCE,
            _share,
            at_most(SHARE),
            when,
            **shared,
        ),
        Statement(
            "the merged network predicts the same class on at least 98.5 % of held-out digits",
            _SOURCE,
            _agreement,
            at_least(AGREEMENT),
            when,
            **shared,
        ),
        Statement(
            "the merged network, trained on, stagnates at the same loss",
            f"{_SOURCE}; ±10 % is ours",
            lambda evidence: _at_published(evidence, lambda read: read("retrained") / read("risk")),
            within(1.0, _READ_OFF),
            f"{when}; final loss over the loss before merging",
            **shared,
        ),
    ]


def _at_published(evidence: Evidence, value: Callable[[Callable[[str], Any]], Any]) -> list[Any]:
    """Returns value(read) for every seed, where read(name) is a value at that epoch; None where a run ended before."""

    def of(record: Record) -> Any:
        reached = record.values.get("published_step") is not None
        return value(lambda name: record.values[f"published_{name}"]) if reached else None

    return evidence.each(of)


def _share(evidence: Evidence) -> Measured:
    widths = evidence.each(lambda record: record.values["width"])
    neurons = _at_published(evidence, lambda read: read("neurons"))
    pairs = [None if None in pair else pair for pair in zip(neurons, widths, strict=True)]
    counts = ", ".join(f"{pair[1]} to {pair[0]}" for pair in pairs if pair is not None)
    return Measured([None if pair is None else pair[0] / pair[1] for pair in pairs], note=counts)


def _agreement(evidence: Evidence) -> Measured:
    right, shares = _at_published(evidence, lambda read: read("accuracy")), _share(evidence).values
    known = ", ".join(f"{100 * share:.1f} %" for share in right if share is not None)
    note = f"when the whole network is right on {known}" if known else ""
    more = [share for share in shares if share is not None and share > SHARE]
    return Measured(_at_published(evidence, lambda read: read("agreement")), note, _LITTLE if more else "")
