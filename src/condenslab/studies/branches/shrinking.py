"""Draws how the global minima shrink to the target set when samples are added; closed forms, no record, no JAX."""

import numpy as np

from condenslab import figures
from condenslab.studies.branches.zeros import SAMPLES, Minima, one_sample, two_samples
from condenslab.studies.contract.study import Drawing

SHRINKING = "The global minima shrink to the branches"
_HEIGHT = 0.9
"""Output weights are drawn from 1/2 ∓ this, at −1 and 1."""
_SHARES = (-0.4, 1.4)
"""Ends of Q₁ and of the colours."""


def shrinking() -> Drawing:
    """Returns the minima of one, two and three samples in a slice, with the three branches in the same axes."""
    figure, axes = figures.panels(1, 3, width=4.6, height=4.4)
    shown = {
        "n = 1: sheets that fill the slice": one_sample(SAMPLES[0]),
        "n = 2: a surface": two_samples(SAMPLES[:2]),
        "n ≥ 3: Q₁, Q₂ and Q₃ alone": None,
    }
    for ax, (name, minima) in zip(axes[0], shown.items(), strict=True):
        points, shades = (None, None) if minima is None else _placed(minima)
        figures.space_surface(
            ax,
            points,
            shades,
            lines=_branches(),
            axes=("s₁", "s₂", "a₁/a*"),
            shade_label="a₂/a*",
            limits=_SHARES,
        )
        figures.title(ax, name)
    caption = (
        "σ = exp, two neurons, a target of one: where the risk of n samples is 0, in the slice w₁ = w* + s₁e, "
        "w₂ = w* + s₂e with e ⊥ w*, for any output weights; a₁ is the height, a₂ the colour. One sample leaves a sheet "
        "for every a₂, of which three are drawn; two leave a surface that ends in Q₁; three leave the branches, "
        f"by a theorem on exponentials. e·x = {', '.join(f'{z:g}' for z in SAMPLES)}. In all six parameters the "
        "branches are left alone from n = 7 on."
    )
    return Drawing(SHRINKING, caption, figure)


def _height(share: np.ndarray) -> np.ndarray:
    return (share - 0.5) / _HEIGHT


def _placed(minima: Minima) -> tuple[np.ndarray, np.ndarray]:
    """Returns the nodes of the sheets in space, and the mean a₂ of every cell."""
    points = np.concatenate([minima.shifts, _height(minima.first)[..., None]], axis=-1)
    level = minima.second
    cells = (level[:, 1:, 1:] + level[:, :-1, 1:] + level[:, 1:, :-1] + level[:, :-1, :-1]) / 4
    return points, cells


def _branches() -> dict[str, np.ndarray]:
    along, still = np.linspace(-1, 1, 33), np.zeros(33)
    return {
        "Q₁ (condensed)": np.column_stack([still, still, _height(np.linspace(*_SHARES, 33))]),
        "Q₂": np.column_stack([still, along, _height(still + 1)]),
        "Q₃": np.column_stack([along, still, _height(still)]),
    }
