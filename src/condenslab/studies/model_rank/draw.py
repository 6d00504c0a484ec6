"""Draws the study of model ranks from its stored records."""

import math
from collections.abc import Sequence

from condenslab.studies.contract.study import Drawing
from condenslab.studies.model_rank.cases import PAIRS, THRESHOLDS
from condenslab.studies.model_rank.claims import FIGURE, is_small
from condenslab.sweeps import Record

_WORDS = {
    "condensed": "w₂ = w₁\n(condensed)",
    "opposite": "w₂ = −w₁\n(opposite)",
    "generic": "generic",
    "dead": "one dead",
}
_RANK = 3
_BELOW = {"xytext": (0, -3), "textcoords": "offset points", "ha": "right", "va": "top", "fontsize": 8}


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks of pairs, and counts of singular values along two runs.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [record for record in records if record.status == "done"]
    fixed = {record.case["kind"]: record.values["rank"] for record in reversed(done) if "rank" in record.values}
    runs = [[r for r in done if r.case["kind"] == "run" and is_small(r.case["std"]) is s][:1] for s in (True, False)]
    if not set(PAIRS) <= set(fixed) or not all(runs):
        return []
    figure, axes = figures.panels(1, 3, width=4.0, height=3.9)
    ranks = [fixed[kind] for kind in PAIRS]
    names = [_WORDS[kind] for kind in PAIRS]
    figures.measured_and_expected(axes[0, 0], names, ranks, list(PAIRS.values()), x_label="model rank")
    figures.title(axes[0, 0], "Two tanh neurons")
    for ax, (record,), word in zip(axes[0, 1:], runs, ("small", "std-1"), strict=True):
        counts = record.arrays["counts"]
        curves = {
            f"> {figures.power('10', round(math.log10(threshold)))}": (record.arrays["times"], counts[:, k])
            for k, threshold in enumerate(THRESHOLDS)
        }
        figures.value_curves(
            ax, curves, x_label="time t", y_label="singular values above a threshold", logarithmic="x", whole=True
        )
        ax.axhline(_RANK, color="black", linewidth=1.2, linestyle=":", zorder=1)
        ax.annotate(f"rank {_RANK} of the target", (0.98, _RANK), xycoords=ax.get_yaxis_transform(), **_BELOW)
        figures.legend_below(ax, columns=2)
        figures.title(ax, f"Along a run from {word} initialisation")
    top = max(ax.get_ylim()[1] for ax in axes[0, 1:])
    for ax in axes[0, 1:]:
        ax.set_ylim(0, top)
    caption = (
        f"Left: model ranks of two tanh neurons of one input (w₂ = w₁, w₂ = −w₁, generic, one dead). "
        f"Middle and right: "
        f"width {runs[0][0].case['width']}, target tanh(x + 1), how many singular values of the tangents exceed a "
        "fraction of the largest; dotted: the model rank 3 of the target. A trained network is near, not at, a "
        f"target point, so the number depends on the threshold. Seed {runs[0][0].case['seed']}."
    )
    return [Drawing(FIGURE, caption, figure)]
