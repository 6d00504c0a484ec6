"""What leads to what: nodes in columns, ordered by height, with arrows between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from condenslab.figures import checks, interactive, legends, style

_KINDS = ((True, "minimum", "vermillion"), (False, "saddle, or undecided", "blue"))
_BEND = 0.18
_WIDE, _HIGH = 0.28, 0.8
"""Size of a picture at a node, in columns and in steps of rank."""
_LANE = 0.3
"""How far apart are the three lanes of a column, and nodes side by side: pictures of one column never overlap."""


@style.styled
def hierarchy(
    ax: Axes,
    columns: ArrayLike,
    heights: ArrayLike,
    edges: Sequence[tuple[int, int]],
    *,
    stable: ArrayLike,
    curves: ArrayLike | None = None,
    spots: Sequence[tuple[str, dict[str, Any] | None]] = (),
    column_label: str = "width",
    height_label: str = "risk R",
) -> None:
    """Draws nodes by column and by the rank of their height, with an arrow for every edge.

    Heights may lie close together or be 0; so the vertical axis is ordinal: one step a distinct height, its value at
    the tick. Nodes of one column and one height stand side by side.

    Args:
        ax: The axes.
        columns: Whole numbers, shape (node,).
        heights: Shape (node,), finite; equal to ten digits counts as equal.
        edges: Pairs (from, to) of node numbers; repeated pairs are drawn once.
        stable: Whether each node is drawn filled (a minimum) or hollow (a saddle), shape (node,).
        curves: A function at each node, on one grid for all, shape (node, point): then the node is a small picture of
            it, all to one scale.
        spots: For each node what it says when it is pointed at, and what opens from it; empty for nothing.
        column_label: Label of the horizontal axis.
        height_label: Label of the vertical axis.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, no nodes, or an edge to a node that is not
            there.
    """
    column, height = checks.counts("columns", columns, 1), checks.numbers("heights", heights, 1)
    checks.same_length("columns", column, "heights", height)
    filled = np.asarray(stable, dtype=bool)
    checks.same_length("columns", column, "stable", filled)
    if any(not 0 <= end < len(column) for edge in edges for end in edge):
        raise ValueError(f"every edge must join two of the {len(column)} nodes, counted from 0. Got another.")
    unit = max(float(np.abs(height).max()), 1e-300)
    levels, ranks = np.unique(np.round(height / unit, 10), return_inverse=True)
    x = column + _side_by_side(column, ranks, *((0.14, 0.2) if curves is None else (_LANE, _LANE)))
    boxes = None if curves is None else _pictures(ax, x, ranks, checks.numbers("curves", curves, 2), filled)
    _arrows(ax, x, column, ranks, edges, boxes)
    for kind, name, colour in _KINDS:
        shown = filled == kind
        face = style.OKABE_ITO[colour] if kind else "white"
        size, edge = (34 if curves is None else 9), style.OKABE_ITO[colour]
        aside, above = (0.0, 0.0) if curves is None else (-0.34 * _WIDE, 0.24 * _HIGH)
        places = (x[shown] + aside, ranks[shown] + above)
        ax.scatter(*places, s=size, facecolors=face, edgecolors=edge, linewidths=1.2, label=name, zorder=5)
    ax.set_xticks(np.unique(column))
    ax.set_xlim(column.min() - 0.6, column.max() + 0.6)
    ax.set_yticks(range(len(levels)), [style.readable(level * unit, 5) for level in levels])
    ax.set_ylim(-0.8, len(levels) - 0.2)
    ax.grid(True, axis="y")
    ax.set_xlabel(column_label)
    ax.set_ylabel(f"{height_label} (one step a level, not to scale)")
    legends.legend_below(ax)
    if spots:
        _spots(ax, x, ranks, spots, 0.05 if curves is None else _WIDE / 2)
    style.describe(ax, f"{len(column)} nodes in {len(np.unique(column))} columns, {len(set(edges))} arrows.")


def _spots(
    ax: Axes, x: np.ndarray, ranks: np.ndarray, spots: Sequence[tuple[str, dict[str, Any] | None]], half: float
) -> None:
    checks.same_length("columns", x, "spots", np.asarray([words for words, _ in spots], dtype=object))
    boxes = [
        (place - half, rank - _HIGH / 2, place + half, rank + _HIGH / 2) for place, rank in zip(x, ranks, strict=True)
    ]
    interactive.add_spots(ax, [interactive.Spot(box, *spot) for box, spot in zip(boxes, spots, strict=True)])


def _arrows(
    ax: Axes,
    x: np.ndarray,
    column: np.ndarray,
    ranks: np.ndarray,
    edges: Sequence[tuple[int, int]],
    boxes: Sequence[Rectangle] | None,
) -> None:
    """Draws an arrow an edge, from the edge of one node to that of the other."""
    for source, target in sorted(set(edges)):
        bend = _BEND if column[source] == column[target] else 0.06
        ends = {"patchA": boxes[source], "patchB": boxes[target]} if boxes else {}
        ax.annotate(
            "",
            (x[target], ranks[target]),
            (x[source], ranks[source]),
            arrowprops={
                "arrowstyle": "-|>",
                "color": style.GREY,
                "linewidth": 0.9,
                "shrinkA": 1 if boxes else 5,
                "shrinkB": 1 if boxes else 5,
                **ends,
                "connectionstyle": f"arc3,rad={bend}",
            },
            zorder=2,
        )


def _pictures(ax: Axes, x: np.ndarray, ranks: np.ndarray, curves: np.ndarray, filled: np.ndarray) -> list[Rectangle]:
    """Draws the function of every node in a box, whose edge says whether it is a minimum, and returns the boxes."""
    boxes = []
    checks.same_length("columns", x, "curves", curves)
    middle, half = (curves.max() + curves.min()) / 2, (np.ptp(curves) / 2) or 1.0
    across = np.linspace(-0.46, 0.46, curves.shape[1]) * _WIDE
    for place, rank, curve, kind in zip(x, ranks, curves, filled, strict=True):
        colour = style.OKABE_ITO["vermillion" if kind else "blue"]
        corner = (place - _WIDE / 2, rank - _HIGH / 2)
        box = Rectangle(
            corner, _WIDE, _HIGH, facecolor="white", edgecolor=colour, linewidth=1.2, linestyle="-" if kind else "--"
        )
        ax.add_patch(box).set_zorder(3)
        ax.plot(place + across, rank + 0.42 * _HIGH * (curve - middle) / half, color="black", linewidth=1.0, zorder=4)
        boxes.append(box)
    return boxes


def _side_by_side(column: np.ndarray, ranks: np.ndarray, apart: float, lane: float) -> np.ndarray:
    """Returns how far nodes of one column and level are moved apart, and single ones of a column to and fro."""
    moved = np.zeros(len(column))
    for value in np.unique(column):
        nodes = np.flatnonzero(column == value)
        levels = np.unique(ranks[nodes])
        for place, rank in enumerate(levels):
            same = nodes[ranks[nodes] == rank]
            to_and_fro = lane * ((place % 3) - 1) if len(same) == 1 < len(levels) else 0.0
            moved[same] = apart * (np.arange(len(same)) - (len(same) - 1) / 2) + to_and_fro
    return moved
