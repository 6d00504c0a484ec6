"""Draws the answers to the withheld pair along training, and the cosines of the rows of W_Q."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws every design: courses of the answers, and one matrix of cosines a scale.

    Args:
        records: The records.
    """
    done = [record for record in records if record.status == "done"]
    made = []
    for design in sorted({record.case["design"] for record in done}):
        own = [record for record in done if record.case["design"] == design]
        made += [_courses(design, own), _cosines(design, own)]
    return made


def _courses(design: str, records: Sequence[Record]) -> Drawing:
    kinds = {"withheld_inferential": "inferential", "withheld_symmetric": "symmetric", "trained_worst": "worst pair"}
    figure, axes = figures.panels(1, len(kinds), width=3.4, height=3.0)
    gammas = sorted({record.case["gamma"] for record in records})
    for ax, (name, title) in zip(axes[0], kinds.items(), strict=True):
        curves = {}
        for gamma in gammas:
            for number, record in enumerate(r for r in records if r.case["gamma"] == gamma):
                label = f"γ = {gamma}" if number == 0 else f"_{gamma} {number}"
                curves[label] = (record.arrays["steps"], record.arrays[name])
        figures.value_curves(ax, curves, x_label="step", y_label="share of answers")
        figures.title(ax, f"{title}, {design} tokens" if name != "trained_worst" else "accuracy, worst trained pair")
    figures.legend_below(axes[0, 0])
    caption = (
        "How the withheld pair (4, 3) is answered along training: by composition (left), as its mirror image (3, 4) is "
        "taught (middle); right, the accuracy on the worst of the trained pairs, below which nothing can be said. One "
        "line a run; the larger γ, the smaller the initial scale."
    )
    return Drawing("Answers to the withheld pair along training", caption, figure)


def _cosines(design: str, records: Sequence[Record]) -> Drawing:
    first = {record.case["gamma"]: record for record in reversed(records)}
    figure, axes = figures.panels(1, len(first), width=3.0, height=3.0)
    for ax, gamma in zip(axes[0], sorted(first), strict=True):
        figures.cosine_heatmap(ax, first[gamma].arrays["cosines"], colour_bar=gamma == max(first))
        ax.set_xlabel("row (ordered)")
        ax.set_ylabel("row (ordered)")
        figures.title(ax, f"γ = {gamma}")
    caption = (
        f"Cosines between the rows of W_Q of the first block after training, {design} tokens, one run a scale. Rows of "
        "one direction are blocks; the larger γ, the smaller the initial scale."
    )
    return Drawing("Cosines of the rows of W_Q", caption, figure)
