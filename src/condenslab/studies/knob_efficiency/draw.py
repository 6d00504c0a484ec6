"""Draws the study of knobs and sample efficiency from its stored records; imports no JAX."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.knob_efficiency.cases import KNOBS, OPTIMISTIC
from condenslab.studies.knob_efficiency.claims import FIGURE
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figure of a run: the test error of every seed at every value of every knob.

    Args:
        records: All records of a run, in the order of its cases.
    """
    if not records:
        return []
    base = {knob: records[0].case[knob] for knob in KNOBS}
    groups = {knob: groups for knob in KNOBS if len(groups := _errors(records, base, knob)) > 1}
    if not groups:
        return []
    columns = min(3, len(groups))
    rows = -(-len(groups) // columns)
    figure, axes = figures.panels(rows, columns, width=3.6, height=3.3)
    for ax, (knob, values) in zip(axes.ravel(), groups.items(), strict=False):
        shown = {figures.readable(value): errors for value, errors in values.items()}
        figures.seed_values(ax, shown, y_label="test error", logarithmic=True)
        ax.set_xlabel(_LABELS[knob])
        figures.title(ax, KNOBS[knob][0].upper() + KNOBS[knob][1:])
    for ax in axes.ravel()[len(groups) :]:
        ax.set_visible(False)
    case = records[0].case
    caption = (
        f"tanh(x − 7) + tanh(x) + tanh(x + 7) from {case['samples']} even samples on [−15, 14], where "
        f"{OPTIMISTIC} are the optimistic number, by {case['width']} tanh neurons, {case['steps']:,} steps of Adam "
        "unless gradient descent is named. Each panel turns one knob; its first value is the baseline. A mark is a "
        "start, the line their median; mean squared error on 1,000 points."
    )
    return [Drawing(FIGURE, caption, figure)]


_LABELS = {
    "exponent": "γ, variance m^−γ",
    "rate": "rate",
    "descent": "rate, in units of 2/λ₀",
    "decay": "decay",
    "drop": "probability",
}


def _errors(records: Sequence[Record], base: dict[str, float], knob: str) -> dict[float, list[float]]:
    """Returns the test errors where at most one knob is turned, by its value; 0 is Adam and no rate of descent."""
    found: dict[float, list[float]] = {}
    for record in records:
        case = record.case
        alone = all(case[other] == base[other] for other in KNOBS if other != knob)
        if record.status == "done" and alone and (knob != "descent" or case[knob]):
            found.setdefault(case[knob], []).append(record.values["test_error"])
    return {value: found[value] for value in sorted(found)}
