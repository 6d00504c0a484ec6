"""Draws the study of architectures from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.architectures.cases import OPTIMISTIC, SHARINGS, WORDS
from condenslab.studies.architectures.claims import FALLEN, cells, factors, first_below
from condenslab.studies.architectures.published import first
from condenslab.studies.study import Drawing
from condenslab.sweeps import Record

_FLOOR = 1e-30


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    drawn = [_maps(records), _first(records), _table(records)]
    return [drawing for drawing in drawn if drawing is not None]


def _maps(records: Sequence[Record]) -> Drawing | None:
    widths = factors(records)
    counts = {sharing: _counts(records, sharing) for sharing in SHARINGS}
    if not widths or not all(counts.values()):
        return None
    figure, axes = figures.panels(3, 1, width=max(7.4, 1.5 + 0.42 * max(map(len, counts.values()))), height=2.35)
    for ax, sharing in zip(axes[:, 0], SHARINGS, strict=True):
        found = [[cells(records, sharing, factor).get(n) for n in counts[sharing]] for factor in widths]
        # Where all runs diverged the error has no logarithm to show.
        known = [[np.nan if e is None or np.isinf(e) else np.log10(max(e, _FLOOR)) for e in row] for row in found]
        size, marks = OPTIMISTIC[sharing], {}
        if size in counts[sharing]:
            marks[f"optimistic sample size {size}"] = [(k, counts[sharing].index(size)) for k in range(len(widths))]
        fallen = [(k, first_below(records, sharing, factor, FALLEN)) for k, factor in enumerate(widths)]
        marks["stays below 10⁻² from here on"] = [(k, counts[sharing].index(n)) for k, n in fallen if n is not None]
        figures.value_map(
            ax, [str(n) for n in counts[sharing]], [f"{f}× (M = {f * size})" for f in widths], known,
            x_label="samples n", y_label="width", value_label="log₁₀ test error", limits=(-6.0, 0.0), marks=marks,
        )  # fmt: skip
        figures.title(ax, f"{WORDS[sharing]}: O = {size}")
    runs = [r for r in records if r.case["kind"] == "train"]
    rates = ", ".join(f"{rate:g}" for rate in sorted({r.case["rate"] for r in runs}))
    caption = (
        "f*(x) = Σ tanh(0.6x_s + 0.8x_{s+1} + x_{s+2}), s = 1, 2, 3, on five normal inputs, learned by gradient descent "
        f"from parameters N(0, {runs[0].case['std']:g}²) in at most {runs[0].case['steps']:,} steps. Every cell: median "
        f"over {len({r.case['seed'] for r in runs})} seed(s) of the mean squared error on 1,000 fresh inputs, at the "
        f"rate of {rates} for which it is smallest: chosen by the test error, as in the source. White: all diverged."
    )
    return Drawing("Test error against samples and width", caption, figure)


def _counts(records: Sequence[Record], sharing: str) -> list[int]:
    return sorted({r.case["samples"] for r in records if r.case["kind"] == "train" and r.case["sharing"] == sharing})


def _first(records: Sequence[Record]) -> Drawing | None:
    widths = factors(records)
    curves = {}
    for sharing in SHARINGS:
        pairs = {
            f"{WORDS[sharing]}, measured": [(f, first_below(records, sharing, f, FALLEN)) for f in widths],
            f"{WORDS[sharing]}, published": [(f, first(sharing, f, FALLEN)) for f in (1, 3, 10, 34, 100)],
        }
        for label, row in pairs.items():
            shown = [(f, n) for f, n in row if n is not None]
            if shown:
                curves[label] = tuple(zip(*shown, strict=True))
    if not widths:
        return None
    figure, axes = figures.panels(1, 1, width=6.4, height=4.3)
    ax = axes[0, 0]
    figures.value_curves(ax, curves, x_label="width, in multiples of the target's", y_label="n", logarithmic="x")
    for sharing in SHARINGS:
        ax.axhline(OPTIMISTIC[sharing], color="black", linewidth=0.9, linestyle=":", zorder=1)
        ax.annotate(f"O = {OPTIMISTIC[sharing]}", (105, OPTIMISTIC[sharing]), fontsize=8, va="bottom", ha="right")
    ax.set_xticks([1, 3, 10, 34, 100], ["1", "3", "10", "34", "100"])
    ax.minorticks_off()
    ax.set_ylabel("first n with test error ≤ 10⁻²")
    figures.title(ax, "Practical numbers of samples barely grow with the width")
    figures.legend_below(ax, columns=2)
    caption = (
        "The first n of the grid from which the test error stays at most 10⁻², here and read off the colours of the "
        "published maps (LLR, Fig. 3; number of trials, stopping rule and rates not stated there), against the width; "
        "dotted: optimistic sample sizes. A network N times as wide has 7N, 15N or 21N parameters."
    )
    return Drawing("From how many samples it works in practice", caption, figure)


def _table(records: Sequence[Record]) -> Drawing | None:
    table = next((r for r in records if r.case["kind"] == "table" and r.status == "done"), None)
    if table is None:
        return None
    ranks = [r for r in records if r.case["kind"] == "rank" and r.case["axes"] == 1 and r.status == "done"]
    figure, axes = figures.panels(1, 2, width=4.6, height=3.9)
    shown = [max(ranks, key=lambda r, s=s: (r.case["sharing"] == s, r.case["factor"])) for s in SHARINGS if ranks]
    if shown and all(r.values["rank"] is not None for r in shown):
        figures.measured_and_expected(
            axes[0, 0],
            [f"{WORDS[r.case['sharing']]}, M = {r.values['parameters']}" for r in shown],
            [r.values["rank"] for r in shown],
            [OPTIMISTIC[r.case["sharing"]] for r in shown],
            x_label="smallest model rank on the target set",
            names=("measured", "closed form"),
        )
    figures.title(axes[0, 0], "Samples of the experiment")
    mnist = table.values["mnist"]
    curves = {WORDS[s]: (list(range(1, len(mnist[s]) + 1)), mnist[s]) for s in SHARINGS}
    figures.value_curves(axes[0, 1], curves, x_label="kernels k", y_label="O", logarithmic="y")
    figures.legend_below(axes[0, 1], columns=3)
    figures.title(axes[0, 1], "28 × 28 pixels, kernels of 3 × 3")
    one = ", ".join(f"{mnist[s][0]:,}k ({WORDS[s]})" for s in SHARINGS)
    caption = (
        "Left: the smallest rank of the Jacobian over the known kinds of points of the target set, at the largest width, "
        f"and the closed form. Right: closed forms for k kernels, {one}: sharing and locality save factors of "
        f"{mnist['unshared'][0] / mnist['shared'][0]:.1f} and {mnist['full'][0] / mnist['unshared'][0]:.1f}. Theory only."
    )
    return Drawing("What sharing and locality save", caption, figure)
