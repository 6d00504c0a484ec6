"""Draws the study of the feature map from its stored records."""

from collections.abc import Sequence
from itertools import product

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
    every = sorted({r.case["width"] for r in shown})
    figure, axes = figures.panels(len(primes), len(gammas), width=3.3, height=2.8)
    for (row, prime), (column, gamma) in product(enumerate(primes), enumerate(gammas)):
        ax, here = axes[row, column], [r for r in shown if (r.case["gamma_prime"], r.case["gamma"]) == (prime, gamma)]
        for index, width in enumerate(dict.fromkeys((every[0], every[-1]))):
            for record in (r for r in here if r.case["width"] == width):
                clouds = record.arrays["angle"], record.arrays["amplitude"]
                figures.feature_cloud(ax, *clouds, label=f"m = {width:,}", index=index)
        side = beyond_boundary(prime, gamma)
        where = "boundary" if side == 0 else "condensed" if side > 0 else "linear"
        place = f"γ = {figures.readable(gamma)}, γ′ = {figures.readable(prime)}".replace("-", "−")
        figures.title(ax, f"{place}: {where}{_change(here)}")
        if row < len(primes) - 1:
            ax.set_xlabel("")
        if column:
            ax.set_ylabel("")
    figures.legend_below(axes[-1, len(gammas) // 2])
    caption = (
        "Orientation and amplitude (in units of the largest) of neurons after training on x² at four points, in the "
        "narrowest and the widest network: the 200 largest neurons and an even choice of the others. Over each panel "
        f"the spread of orientation at both, which is 0 for two directions. Seed {first}."
    )
    return Drawing("Features across the phase diagram", caption, figure)


def _change(records: Sequence[Record]) -> str:
    """Writes the spread in the narrowest and in the widest network, where both are known."""
    ends = sorted(records, key=lambda r: r.case["width"])
    known = [spread for record in (ends[0], ends[-1]) if (spread := spread_at_end(record)) is not None] if ends else []
    return f"\nspread {' → '.join(figures.readable(spread, 2) for spread in known)}" if len(known) == 2 else ""


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
