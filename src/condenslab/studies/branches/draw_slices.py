"""Draws how the zero set of the risk shrinks to the branches, from stored records."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab import figures
from condenslab.studies.branches.claims import SLICES
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record

_LOW, _HIGH = -0.75, 1.75
"""Shares that are drawn; a surface leaves them where two terms are nearly equal."""
_WORDS = ("One sample: a surface", "Two samples: a curve", "Three samples: points", "Four samples: the branches alone")


def slices(records: Sequence[Record]) -> Drawing:
    """Returns the zero sets of one to four samples of the first draw.

    Args:
        records: Finished records of slices, at least one, in any order.
    """
    record = min(records, key=lambda record: record.case["seed"])
    surface, curve, points = (_scaled(record.arrays[name]) for name in ("surface", "curve", "points"))
    reach = float(np.nanmax(np.abs(record.arrays["surface"][..., :2])))
    level, still = np.linspace(-1, 1, 33), np.zeros(33)
    lines = {
        "Q₁ (condensed)": np.column_stack([still, still, level]),
        "Q₂": np.column_stack([still, level, still + _height(1.0)]),
        "Q₃": np.column_stack([level, still, still + _height(0.0)]),
    }
    figure, axes = figures.panels(2, 2, width=4.2, height=3.3)
    sets = ({"surface": surface}, {"curve": curve}, {"points": points[np.isfinite(points).all(axis=1)]}, {})
    for ax, found, words in zip(axes.ravel(), sets, _WORDS, strict=True):
        figures.space_set(ax, lines=lines, axes=("s₁", "s₂", "share α"), name="further points of zero risk", **found)
        figures.title(ax, words)
    figures.legend_below(axes[1, 0], columns=2)
    caption = (
        "σ = exp, two neurons, two inputs, one target neuron: all points of zero empirical risk with n = 1, 2, 3, 4 "
        "samples, solved exactly in the slice w₁ = w* + s₁·(1, 0), w₂ = w* + s₂·(0, 1), a₁ = αa*, a₂ = (1 − α)a*, "
        f"with |s| up to {figures.readable(reach, 2)} and α from {_LOW} to {_HIGH}. Every set holds Q₁, Q₂ and Q₃, "
        "and each further sample takes a dimension from the rest, until the branches are left alone. The first three "
        "samples are drawn such that they leave a point, which three others seldom do; the fourth is drawn freely. "
        f"Seed {record.case['seed']}."
    )
    return Drawing(SLICES, caption, figure)


def _height(share: Any) -> Any:
    return 2 * (share - _LOW) / (_HIGH - _LOW) - 1


def _scaled(places: np.ndarray) -> np.ndarray:
    """Returns coordinates between −1 and 1; NaN where the share is not drawn."""
    reach = max(float(np.nanmax(np.abs(places[..., :2]), initial=0.0)), 2.0)
    share = np.where((places[..., 2] >= _LOW) & (places[..., 2] <= _HIGH), places[..., 2], np.nan)
    return np.concatenate([places[..., :2] / reach, _height(share)[..., None]], axis=-1)
