"""Draws the samples needed against both complexities from stored records; imports no JAX."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.inference_or_memorisation.claims import FIGURE, needed_samples
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the samples needed against both complexities.

    Args:
        records: The records.
    """
    done = [record for record in records if record.status == "done"]
    if not done:
        return []
    figure, axes = figures.panels(1, 2, width=4.6, height=3.6)
    kinds = sorted({record.case["kind"] for record in done})
    for ax, (name, title) in zip(
        axes[0], {"inference": "Inference", "memorisation": "Memorisation"}.items(), strict=True
    ):
        curves = {}
        for kind in kinds:
            own = sorted((r for r in done if r.case["kind"] == kind), key=lambda r: r.case["anchors"])
            shown = [needed_samples(r) or r.values["upper"] or r.values["room"] for r in own]
            curves[kind] = ([r.values[name] for r in own], shown)
        figures.value_curves(ax, curves, x_label=f"{name} complexity", y_label="samples", logarithmic="xy")
        figures.title(ax, title)
    figures.legend_below(axes[0, 0])
    undecided = sum(needed_samples(record) is None for record in done)
    caption = (
        "Smallest number of samples that reaches the cut-off under the best tuning (middle of the bracket), against "
        "the independent rules under the best explanation (left) and the rules to store (right). "
        f"{undecided} of {len(done)} tasks have an open bracket; they are drawn at its known end or the largest number."
    )
    return [Drawing(FIGURE, caption, figure)]
