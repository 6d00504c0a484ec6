"""Figures from arrays: drawing primitives that know no network, and one style for all of them.

>>> figure, axes = panels(1, 2)
>>> function_curves(axes[0, 0], [0.0, 1.0], {"identity": [0.0, 1.0]})
>>> risk_curve(axes[0, 1], [1.0, 10.0], [0.5, 0.1], levels=[("width 1", 0.109)])
>>> figure.savefig("two.svg")  # doctest: +SKIP
"""

from condenslab.figures.counts import inertia_bars, spectrum, threshold_counts
from condenslab.figures.curves import function_curves, risk_curve
from condenslab.figures.draw import cosine_heatmap, orientation_amplitude, wrap
from condenslab.figures.player import trajectory_player
from condenslab.figures.style import (
    OKABE_ITO,
    describe,
    description,
    legend_below,
    panels,
    readable,
    series,
    styled,
    title,
)

__all__ = [
    "OKABE_ITO",
    "cosine_heatmap",
    "describe",
    "description",
    "function_curves",
    "inertia_bars",
    "legend_below",
    "orientation_amplitude",
    "panels",
    "readable",
    "risk_curve",
    "series",
    "spectrum",
    "styled",
    "threshold_counts",
    "title",
    "trajectory_player",
    "wrap",
]
