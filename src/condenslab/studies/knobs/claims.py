"""What the study of knobs claims; numbers only, no JAX."""

from condenslab.studies.contract.criteria import at_least
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.knobs.cases import KNOBS, Settings

_ENOUGH = 10_000
"""Steps below which nothing can have condensed: claims are then undecided."""

_SUBJECTS = {
    "exponent": "the smallest initial scale",
    "rate": "the largest learning rate",
    "decay": "the largest weight decay",
    "drop": "the largest dropout",
}
_SOURCES = {
    "exponent": "deck 002, knobs; Luo et al., JMLR 22(71) 2021",
    "rate": "deck 002, knobs; NeurIPS 2024 (2405.05409), Figs 14 to 16, for transformers",
    "decay": "deck 002, knobs; NeurIPS 2024 (2405.05409), Figs 14 to 16, for transformers",
    "drop": "deck 002, knobs; Zhang & Xu, TPAMI 2024, Fig. 4",
}


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed: the last value of every knob against the baseline.

    Args:
        settings: The settings.
    """
    return [_fewer(settings, knob) for knob in KNOBS]


def _fewer(settings: Settings, knob: str) -> Statement:
    base, last = settings.knobs[knob][0], settings.knobs[knob][-1]
    unsettled = ""
    if last == base:
        unsettled = f"Only one value of this knob was asked for, {base:g}: there is nothing to compare."
    elif settings.steps < _ENOUGH:
        unsettled = f"After {settings.steps:,} steps nothing can have condensed: that takes {_ENOUGH:,} at least."

    def read(evidence: Evidence) -> Measured:
        ends = (evidence.where(**settings.baseline | {knob: value}) for value in (base, last))
        groups = zip(*(runs.each(lambda record: record.values["groups"]) for runs in ends), strict=True)
        return Measured([None if None in pair else pair[0] - pair[1] for pair in groups], unsettled=unsettled)

    return Statement(
        f"{_SUBJECTS[knob]} gives fewer groups than the baseline",
        f"{_SOURCES[knob]}; fewer for each seed, the amount is not stated",
        read,
        at_least(1),
        f"{KNOBS[knob]} {last:g} against {base:g}; how many fewer",
        "seeds",
        figure="One measure, four knobs",
    )
