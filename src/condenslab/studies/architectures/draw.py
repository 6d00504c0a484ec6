"""Draws the study of architectures from its stored records."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab import figures
from condenslab.studies.architectures.cases import OPTIMISTIC, SHARINGS, WORDS
from condenslab.studies.architectures.claims import FALLEN, cells, first_below, seed_errors
from condenslab.studies.architectures.published import FIRST, first
from condenslab.studies.contract.evidence import Evidence, of_records
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record

_FLOOR = 1e-30


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    drawn = [_maps(records), _first(records), _sizes(records), _table(records)]
    return [drawing for drawing in drawn if drawing is not None]


def _maps(records: Sequence[Record]) -> Drawing | None:
    evidence = of_records(records)
    widths = evidence.where(kind="train").fields("factor")
    counts = {sharing: found for sharing in SHARINGS if (found := _counts(records, sharing))}
    if not counts:
        return None
    widest = max(7.4, 1.5 + 0.42 * max(map(len, counts.values())))
    figure, axes = figures.panels(len(counts), 1, width=widest, height=1.75 + 0.3 * len(widths))
    for ax, sharing in zip(axes[:, 0], counts, strict=True):
        found = [[cells(evidence, sharing, factor).get(n) for n in counts[sharing]] for factor in widths]
        # Where all runs diverged the error has no logarithm to show.
        known = [[np.nan if e is None or np.isinf(e) else np.log10(max(e, _FLOOR)) for e in row] for row in found]
        size = OPTIMISTIC[sharing]
        edge = sum(n < size for n in counts[sharing]) - 0.5
        ax.axvline(edge, color=figures.OKABE_ITO["sky blue"], linewidth=2.0, label=f"optimistic sample size {size}")
        fallen = [(k, first_below(evidence, sharing, factor, FALLEN)) for k, factor in enumerate(widths)]
        cells_below = [(k, counts[sharing].index(n)) for k, n in fallen if n is not None]
        figures.value_map(
            ax, [str(n) for n in counts[sharing]], [f"{f}× (M = {f * size})" for f in widths], known,
            x_label="samples n", y_label="width", value_label="log₁₀ test error", limits=(-6.0, 0.0),
            marks={"test error stays at most 10⁻² from here on": cells_below},
            details=_seeds(evidence, sharing, widths, counts[sharing]),
        )  # fmt: skip
        figures.title(ax, f"{WORDS[sharing]}: O = {size}")
    runs = [r for r in records if r.case["kind"] == "train"]
    rates = ", ".join(f"{figures.readable(rate)}" for rate in sorted({r.case["rate"] for r in runs}))
    caption = (
        "f*(x) = Σ tanh(0.6x_s + 0.8x_{s+1} + x_{s+2}), s = 1, 2, 3, on five normal inputs, learned by gradient "
        f"descent from normal parameters of standard deviation {figures.readable(runs[0].case['std'])} in at most "
        f"{runs[0].case['steps']:,} steps. Cells: "
        f"median over {figures.counted(len({r.case['seed'] for r in runs}), 'seed')} of the mean squared error on "
        "1,000 fresh inputs, "
        f"each at the rate of {rates} that is best for the other seeds. The line is "
        "left of n = O; columns are not evenly spaced in n. White: all diverged."
    )
    return Drawing("Test error against samples and width", caption, figure)


def _seeds(
    evidence: Evidence, sharing: str, widths: Sequence[int], counts: Sequence[int]
) -> dict[tuple[int, int], dict[str, Any]]:
    """Returns what every seed of a cell gave, by row and column of the map."""
    trained = evidence.where(kind="train", sharing=sharing)
    found = {}
    for row, factor in enumerate(widths):
        for samples, cell in trained.where(factor=factor).by("samples").items():
            if (errors := seed_errors(cell)) is not None:
                named = {f"seed {seed}": error for seed, error in errors.items()}
                found[row, counts.index(samples)] = figures.seeds_detail("test error", named)
    return found


def _counts(records: Sequence[Record], sharing: str) -> list[int]:
    return sorted({r.case["samples"] for r in records if r.case["kind"] == "train" and r.case["sharing"] == sharing})


def _first(records: Sequence[Record]) -> Drawing | None:
    evidence = of_records(records)
    widths = evidence.where(kind="train").fields("factor")
    found = {s: [(f, first_below(evidence, s, f, FALLEN)) for f in widths] for s in SHARINGS}
    seen = {s: [(f, first(s, f, FALLEN)) for f in FIRST[s]] for s in SHARINGS}
    if any(n is None for row in found.values() for _, n in row) or not widths:
        return None
    figure, axes = figures.panels(1, 2, width=4.4, height=4.0)
    for ax, rows, title in zip(axes[0], (found, seen), ("Measured here", "Published"), strict=True):
        curves = {WORDS[s]: ([f for f, _ in row], [n or 0 for _, n in row]) for s, row in rows.items()}
        x_label, y_label = "width, in multiples of the target's", "first n with test error ≤ 10⁻²"
        figures.value_curves(ax, curves, x_label=x_label, y_label=y_label, logarithmic="x")
        places = [f for f, _ in rows["full"]]
        ax.set_xticks(places, [str(f) for f in places])
        ax.minorticks_off()
        top = max(n or 0 for row in (*found.values(), *seen.values()) for _, n in row)
        ax.set_ylim(0, 1.08 * top)
        for s in SHARINGS:
            ax.axhline(OPTIMISTIC[s], color="black", linewidth=0.9, linestyle=":", zorder=1)
            place = {"xycoords": ("axes fraction", "data"), "fontsize": 8, "va": "center"}
            ax.annotate(f"O = {OPTIMISTIC[s]}", (1.01, OPTIMISTIC[s]), **place)
        figures.title(ax, title)
        figures.legend_below(ax, columns=3)
    caption = (
        "The first n of the grid from which the test error stays at most 10⁻², here and read off the colours of the "
        "published maps (LLR, Fig. 3; number of trials, stopping rule and rates not stated there); dotted: optimistic "
        "sample sizes. A network N times as wide has 7N, 15N or 21N parameters."
    )
    return Drawing("From how many samples it works in practice", caption, figure)


def _sizes(records: Sequence[Record]) -> Drawing | None:
    evidence = of_records(records)
    widths = [factor for factor in evidence.where(kind="train").fields("factor") if factor > 1]
    rows = [(s, f, first_below(evidence, s, f, FALLEN)) for s in SHARINGS for f in widths]
    known = [(s, f, n) for s, f, n in rows if n is not None]
    if not known:
        return None
    figure, axes = figures.panels(1, 1, width=7.4, height=1.3 + 0.42 * len(known))
    figures.sample_sizes(
        axes[0, 0],
        [f"{WORDS[s]}, {f}× as wide" for s, f, _ in known],
        [OPTIMISTIC[s] for s, _, _ in known],
        [n for _, _, n in known],
        [OPTIMISTIC[s] * f for s, f, _ in known],
    )
    caption = (
        "The optimistic sample size, the first n of the grid from which the test error stays at most 10⁻² with the "
        "rate that is best for the other seeds, and the number of parameters, for networks wider than the target's."
    )
    return Drawing("Optimism, practice and parameters", caption, figure)


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
    figures.value_curves(axes[0, 1], curves, x_label="kernels k", y_label="optimistic sample size O", logarithmic="y")
    figures.legend_below(axes[0, 1], columns=3)
    figures.title(axes[0, 1], "28 × 28 pixels, kernels of 3 × 3")
    one = ", ".join(f"{mnist[s][0]:,}k ({WORDS[s]})" for s in SHARINGS)
    caption = (
        "Left: the smallest rank of the Jacobian over the known kinds of points of the target set, at the largest "
        f"width, and the closed form. Right: closed forms for k kernels, {one}: sharing and locality save factors of "
        f"{mnist['unshared'][0] / mnist['shared'][0]:.1f} and {mnist['full'][0] / mnist['unshared'][0]:.1f}. Theory "
        "only: nobody trained these."
    )
    return Drawing("What sharing and locality save", caption, figure)
