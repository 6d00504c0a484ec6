"""Draws the study of the feature map from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.feature_map.spread import beyond_boundary, spread_at_end
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the map of scatters, and the spreads against the width.

    Args:
        records: The records, in any order.
    """
    done = [r for r in records if r.status == "done"]
    return [_scatters(done), _spreads(done)] if done else []


def _scatters(done: Sequence[Record]) -> Drawing:
    first = min(r.case["seed"] for r in done)
    shown = [r for r in done if r.case["seed"] == first]
    gammas = sorted({r.case["gamma"] for r in shown})
    primes = sorted({r.case["gamma_prime"] for r in shown}, reverse=True)
    widths = sorted({r.case["width"] for r in shown})
    figure, axes = figures.panels(len(primes), len(gammas), width=3.2, height=2.7)
    for record in shown:
        ax = axes[primes.index(record.case["gamma_prime"]), gammas.index(record.case["gamma"])]
        index = widths.index(record.case["width"])
        figures.feature_cloud(
            ax, record.arrays["angle"], record.arrays["amplitude"], label=f"m = {record.case['width']}", index=index
        )
        side = beyond_boundary(record.case["gamma_prime"], record.case["gamma"])
        where = "boundary" if side == 0 else "condensed" if side > 0 else "linear"
        figures.title(
            ax,
            f"γ = {figures.readable(record.case['gamma'])}, γ′ = {figures.readable(record.case['gamma_prime'])}: "
            f"{where}",
        )
    figures.legend_below(axes[-1, len(gammas) // 2])
    caption = (
        "Orientation and amplitude (in units of the largest) of neurons after training on x² at four points: the "
        f"200 largest and an even choice of the others, one colour and mark a width, seed {first}."
    )
    return Drawing("Features across the phase diagram", caption, figure)


def _spreads(done: Sequence[Record]) -> Drawing:
    widths = sorted({r.case["width"] for r in done})
    figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
    sides = {"linear": lambda p: p < 0, "boundary": lambda p: p == 0, "condensed": lambda p: p > 0}
    for ax, (name, test) in zip(axes[0], sides.items(), strict=True):
        series: dict[str, np.ndarray] = {}
        for (prime, gamma, _), values in _series(done).items():
            if test(beyond_boundary(prime, gamma)) and len(values) == len(widths):
                row = np.array([np.nan if v is None else v for v in values])
                label = f"({figures.readable(gamma)}, {figures.readable(prime)})"
                series[label] = np.vstack([*np.atleast_2d(series[label]), row]) if label in series else row
        means = {label: np.atleast_2d(rows).mean(axis=0) for label, rows in series.items()}
        if means:
            figures.scaling_lines(ax, widths, means, ylabel="spread of orientation")
            ax.set_ylim(min(0.01, ax.get_ylim()[0]), 1.1)
        figures.title(ax, name)
    caption = (
        "Spread: one less the share of the summed amplitude that lies in the two heaviest windows of 2 degrees of "
        "orientation; 0 means two directions, as many as the target has kinks. Mean over seeds; labels are (γ, γ′)."
    )
    return Drawing("Do features gather as the width grows?", caption, figure)


def _series(records: Sequence[Record]) -> dict[tuple[float, float, int], list[float | None]]:
    """Returns (γ′, γ, seed) → spread by width, None where a run did not converge."""
    grouped: dict[tuple[float, float, int], list[float | None]] = {}
    for record in sorted(records, key=lambda r: r.case["width"]):
        key = (record.case["gamma_prime"], record.case["gamma"], record.case["seed"])
        grouped.setdefault(key, []).append(spread_at_end(record))
    return grouped
