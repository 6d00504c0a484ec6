"""Draws the study of condensation in transformers from its stored records; imports no JAX."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.attention_condensation.claims import COURSES
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record

_SHOWN = ("queries", "values", "forward", "tokens")


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the courses, and the cosines of heads, neurons and embedding before and after training.

    Args:
        records: The records.
    """
    done = [record for record in records if record.status == "done"]
    return [_courses(done), _matrices(done)] if done else []


def _courses(done: Sequence[Record]) -> Drawing:
    depths = sorted({record.case["model"]["depth"] for record in done}, reverse=True)
    figure, axes = figures.panels(len(depths), len(_SHOWN), width=3.0, height=2.8)
    for row, depth in enumerate(depths):
        of = sorted(
            (record for record in done if record.case["model"]["depth"] == depth),
            key=lambda r: (r.case["gamma"], r.case["seed"]),
        )
        for ax, part in zip(axes[row], _SHOWN, strict=True):
            curves, known = {}, set()
            for number, record in enumerate(of):
                gamma = record.case["gamma"]
                label = f"_{number}" if gamma in known else f"γ = {gamma}"
                known.add(gamma)
                curves[label] = (record.arrays["steps"], record.arrays[f"{part}_aligned"])
            figures.value_curves(ax, curves, x_label="step", y_label="aligned pairs")
            figures.title(ax, f"{part}, {depth} block{'s' if depth > 1 else ''}")
    figures.legend_below(axes[-1, 0])
    caption = (
        "Share of pairs of rows with |cosine| above 0.7 in the first block along training: rows of W_Q and of W_V, "
        "feed-forward neurons, tokens of the embedding. One line a run; the larger γ, the smaller the initial scale."
    )
    return Drawing(COURSES, caption, figure)


def _matrices(done: Sequence[Record]) -> Drawing:
    smallest = max(done, key=lambda r: (r.case["model"]["depth"], r.case["gamma"], -r.case["seed"]))
    figure, axes = figures.panels(2, len(_SHOWN), width=2.6, height=2.6)
    for row, when in enumerate(("first", "last")):
        for ax, part in zip(axes[row], _SHOWN, strict=True):
            figures.cosine_heatmap(ax, smallest.arrays[f"{part}_{when}"], colour_bar=False)
            ax.set_xlabel("row (ordered)")
            ax.set_ylabel("row (ordered)")
            figures.title(ax, f"{part}, {'before' if when == 'first' else 'after'}")
    caption = (
        f"Cosines between rows before (top) and after training (bottom) at γ = {smallest.case['gamma']}, ordered so "
        "that groups become blocks; at most 64 rows."
    )
    return Drawing("Cosines in the first block, before and after training", caption, figure)
