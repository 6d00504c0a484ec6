"""Draws the study of the three-layer phase diagram from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.phase_diagram_three_layer.slopes import converged, layer_slopes
from condenslab.studies.shared.cells import cell_runs
from condenslab.sweeps import Record

_LAYERS = ("W¹", "W²", "a")


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the slope of each layer over the two exponents, and the distances at γ₂ = 0.

    Args:
        records: The records, in any order.
    """
    grouped: dict[tuple[float, float, int], list[Record]] = {}
    for record in records:
        grouped.setdefault((record.case["gamma2"], record.case["gamma3"], record.case["seed"]), []).append(record)
    first = min((seed for _, _, seed in grouped), default=0)
    slopes = {key[:2]: layer_slopes(group) for key, group in grouped.items() if key[2] == first}
    runs = [sorted(grouped[(*point, first)], key=lambda r: r.case["width"]) for point in slopes]
    drawn = [_maps(records, slopes, runs)] if len({g2 for g2, _ in slopes}) > 1 else []
    middle = [r for r in records if r.case["gamma2"] == 0 and r.case["seed"] == first and converged(r)]
    widths = sorted({r.case["width"] for r in middle})
    return [*drawn, _distances(middle, widths)] if len(widths) > 1 else drawn


def _maps(
    records: Sequence[Record], slopes: dict[tuple[float, float], list[float] | None], runs: Sequence[Sequence[Record]]
) -> Drawing:
    figure, axes = figures.panels(1, 3, width=4.3, height=3.6)
    across, up = [g3 for _, g3 in slopes], [g2 for g2, _ in slopes]
    lost = [row is None for row in slopes.values()]
    for layer, ax in enumerate(axes[0]):
        values = [np.nan if row is None else row[layer] for row in slopes.values()]
        moved = cell_runs(
            f"relative distance of {_LAYERS[layer]}",
            {(0, k): filter(converged, own) for k, own in enumerate(runs)},
            lambda record, layer=layer: record.values["distances"][layer],
            word=lambda record: f"width {record.case['width']}",
        )
        details = [moved.get((0, k)) for k in range(len(runs))]
        look = {"labels": ("γ₃", "γ₂"), "legend": any(lost), "details": details}
        figures.phase_map(ax, across, up, values, not_converged=lost, **look)
        figures.title(ax, f"layer {_LAYERS[layer]}")
    return Drawing("Each layer has its own boundary", _caption(records), figure)


def _distances(runs: Sequence[Record], widths: Sequence[int]) -> Drawing:
    figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
    for layer, ax in enumerate(axes[0]):
        series: dict[str, list[float]] = {}
        for g3 in sorted({r.case["gamma3"] for r in runs}):
            moved = {r.case["width"]: r.values["distances"][layer] for r in runs if r.case["gamma3"] == g3}
            series[f"γ₃ = {figures.readable(g3)}"] = [moved.get(m, np.nan) for m in widths]
        figures.scaling_lines(ax, widths, series, ylabel=f"relative distance of {_LAYERS[layer]}")
        figures.title(ax, f"layer {_LAYERS[layer]}")
    return Drawing("How far each layer moves at γ₂ = 0", "Relative distance against the width, first seed.", figure)


def _caption(records: Sequence[Record]) -> str:
    return (
        "Slope of log RD of each layer against log m for f = (1/α)·a·σ(W²σ(W¹x)) with x² at four points: red moves "
        "less the wider, blue more. γ₃ is the exponent of 1/m in κ₃ = β₁β₂β₃/α (β the standard deviations of W¹, W², "
        "a), and γ₂, our own choice because the paper's was not available, that of 1/m in β₃/β₁ with β₂² = β₁β₃. No "
        f"boundary is drawn: none is known to us. {sum(map(converged, records))} of {len(records)} runs converged."
    )
