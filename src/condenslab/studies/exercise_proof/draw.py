"""Draws the critical functions, coloured by how many directions curve downwards."""

from collections.abc import Sequence

from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the functions of the search that proved most.

    Args:
        records: The records.
    """
    from condenslab import figures

    known = [r for r in records if r.status == "done" and r.values.get("distinct") and "outputs" in r.arrays]
    if not known:
        return []
    best = max(known, key=lambda record: record.values["distinct"])
    x, outputs, inertia = best.arrays["inputs"], best.arrays["outputs"], best.values["inertia"]
    figure, axes = figures.panels(1, 2, width=4.6, height=3.6)
    kinds = (("minima", lambda counts: counts[2] == 0), ("saddles", lambda counts: counts[2] > 0))
    for ax, (title, chosen) in zip(axes[0], kinds, strict=True):
        curves = {
            f"R = {best.values['risks'][k]:.4g}, {tuple(counts)}": (x, outputs[k])
            for k, counts in enumerate(inertia)
            if chosen(counts)
        }
        figures.value_curves(ax, dict(list(curves.items())[:8]), x_label="x", y_label="f(x)")
        figures.title(ax, f"{sum(map(chosen, inertia))} proven {title}")
    caption = (
        f"Outputs on the data of critical functions of the exercise, {best.values['distinct']} of them proven to be "
        "pairwise different; of each kind the first eight are drawn, with R and the proven inertia (positive, zero, "
        "negative) in the narrowest width that has the function."
    )
    return [Drawing("Critical functions with proven inertia", caption, figure)]
