"""What the pruning study claims; numbers only, no JAX."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.pruning.cases import Output, Settings
from condenslab.sweeps import Record

SHARE = 58 / 400
"""Neurons that the source keeps."""
AGREEMENT = 0.985
"""Held-out images on which its merged network predicts the same class."""
_READ_OFF = 0.1
"""Precision of losses read off the source's figure: "the same loss" is the same to a tenth."""

_SOURCE = "EP21 (Zhang et al., NeurIPS 2021), Fig. 5 and Appendix B"
TITLES: dict[Output, str] = {
    "linear": "Merging what has condensed",
    "relu": "Merging what has condensed, with a ReLU on the output",
}
"""Titles of the drawings."""
_LOSS = 6.3e-4
"""Loss of its plateau at epoch 5,000, read off the figure."""
_OUTPUTS = 10
"""A loss meant over outputs, of which an image without an output has 1/(10 n), is the one summed over them by 10."""
_REST = (
    "The printed settings do not give the figure: with 400 neurons, 1,000 images and rate 3e-5 the loss at epoch "
    "5,000 is 1e-4 and still falls without steps. A ReLU on the output, not printed, gives a plateau: see its claims."
)
_LEVEL = "How many images have no output is a matter of the start; 6.3e-4 is the share of six, and a little more."
_GROUPS = (
    "With the published sizes and any amplitude filter from 0.01 to 0.3 222 neurons remained with a ReLU on the output "
    "and 254 without (one seed each), 208 and 254 where groups are chains of neurons. At epoch 500, long before the "
    "plateau, 85 did."
)
_REASONS: dict[tuple[Output, str], str] = {
    ("linear", "loss"): _REST,
    ("linear", "groups"): _GROUPS,
    ("linear", "after"): _REST,
    ("relu", "loss"): _LEVEL,
    ("relu", "groups"): _GROUPS,
    ("relu", "after"): "",
}
"""Why the loss, the number of groups and the loss after merging are others than in the source."""
_INFERRED = "a ReLU on the output, not printed, inferred from the steps of the figure"
_LITTLE = "So little is merged, less than in the source, that few predictions can change: see the claim before."


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed at the published epoch; the flattest stretch of the loss is drawn.

    Args:
        settings: The settings.
    """
    size = f"{settings.width} neurons, {settings.images} images, rate {settings.rate:g}"
    printed = (settings.width, settings.images, settings.rate) == (400, 1000, 3e-5)
    when = f"merged at the published epoch; {size}, {'as printed' if printed else 'scaled down by us'}"
    found = _merging("linear", when) if "linear" in settings.outputs else []
    if "relu" in settings.outputs:
        inferred = _merging("relu", f"{when}; {_INFERRED}")
        found += [_whole_images(settings, when), *map(_with_relu, inferred)]
    return found


def _with_relu(one: Statement) -> Statement:
    label = f"ReLU output: {one.label or one.text}"
    return replace(one, text=f"with a ReLU on the output, {one.text}", label=label)


def _whole_images(settings: Settings, when: str) -> Statement:
    return Statement(
        "with a ReLU on the output the loss has fallen to the share of the images whose output for their class is 0",
        f"{_SOURCE}: the steps of its loss are shares of single images, and so is 6.3e-4",
        lambda evidence: _shares(evidence, settings),
        within(1.0, _READ_OFF),
        f"{when}; {_INFERRED}; loss, summed over outputs, over the number of such images / {settings.images}, "
        "below which it cannot fall while they are such",
        label="with a ReLU on the output the loss is that of images without an output",
        of="seeds",
        figure=TITLES["relu"],
    )


def _merging(output: Output, when: str) -> list[Statement]:
    shared: dict[str, Any] = {"of": "seeds", "figure": TITLES[output]}
    return [
        Statement(
            "at the published epoch the loss rests at the published 6.3e-4",
            f"{_SOURCE} (read off the figure, ±10 %)",
            lambda evidence: _at_published(evidence, output, lambda read: read("risk") / _OUTPUTS / _LOSS),
            within(1.0, _READ_OFF),
            f"{when}; loss, meant over outputs, over the published one",
            label="at the published epoch the loss is the published 6.3e-4",
            reason=_REASONS[output, "loss"],
            **shared,
        ),
        Statement(
            "merging by the source's rule leaves at most 58 of 400 neurons",
            _SOURCE,
            lambda evidence: _share(evidence, output),
            at_most(SHARE),
            when,
            reason=_REASONS[output, "groups"],
            **shared,
        ),
        Statement(
            "the merged network predicts the same class on at least 98.5 % of held-out digits",
            _SOURCE,
            lambda evidence: _agreement(evidence, output),
            at_least(AGREEMENT),
            when,
            label="the merged network predicts 98.5 % of held-out digits as before",
            **shared,
        ),
        Statement(
            "the merged network, trained on, stagnates at the same loss",
            f"{_SOURCE}; ±10 % is ours",
            lambda evidence: _at_published(evidence, output, lambda read: read("retrained") / read("risk")),
            within(1.0, _READ_OFF),
            f"{when}; final loss over the loss before merging",
            reason=_REASONS[output, "after"],
            **shared,
        ),
    ]


def _at_published(evidence: Evidence, output: Output, value: Callable[[Callable[[str], Any]], Any]) -> list[Any]:
    """Returns value(read) for every seed, where read(name) is a value at that epoch; None where a run ended before."""

    def of(record: Record) -> Any:
        reached = record.values.get("published_step") is not None
        return value(lambda name: record.values[f"published_{name}"]) if reached else None

    return evidence.where(output=output).each(of)


def _shares(evidence: Evidence, settings: Settings) -> Measured:
    dead = _at_published(evidence, "relu", lambda read: read("dead"))
    known = [count for count in dead if count is not None]
    values = _at_published(
        evidence, "relu", lambda read: read("risk") * settings.images / read("dead") if read("dead") else None
    )
    alive = sum(count == 0 for count in known)
    unsettled = f"in {alive} of {len(dead)} runs every image has an output, so that nothing rests" if alive else ""
    return Measured(values, f"images: {', '.join(map(str, known))}" if known else "", unsettled)


def _share(evidence: Evidence, output: Output) -> Measured:
    widths = evidence.where(output=output).each(lambda record: record.values["width"])
    neurons = _at_published(evidence, output, lambda read: read("neurons"))
    pairs = [None if None in pair else pair for pair in zip(neurons, widths, strict=True)]
    counts = ", ".join(f"{pair[1]} to {pair[0]}" for pair in pairs if pair is not None)
    return Measured([None if pair is None else pair[0] / pair[1] for pair in pairs], note=counts)


def _agreement(evidence: Evidence, output: Output) -> Measured:
    right = _at_published(evidence, output, lambda read: read("accuracy"))
    shares = _share(evidence, output).values
    known = ", ".join(f"{100 * share:.1f} %" for share in right if share is not None)
    note = f"when the whole network is right on {known}" if known else ""
    more = [share for share in shares if share is not None and share > SHARE]
    return Measured(_at_published(evidence, output, lambda read: read("agreement")), note, _LITTLE if more else "")
