"""What leads to what: nodes in columns, ordered by height, with arrows between them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from condenslab.figures import checks, style

_CURVES = 0.18


@style.styled
def hierarchy(
    ax: Axes,
    columns: ArrayLike,
    heights: ArrayLike,
    edges: Sequence[tuple[int, int]],
    *,
    stable: ArrayLike,
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
    x = column + _side_by_side(column, ranks)
    for source, target in sorted(set(edges)):
        bend = _CURVES if column[source] == column[target] else 0.06
        ax.annotate(
            "",
            (x[target], ranks[target]),
            (x[source], ranks[source]),
            arrowprops={
                "arrowstyle": "-|>",
                "color": style.GREY,
                "linewidth": 0.9,
                "shrinkA": 5,
                "shrinkB": 5,
                "connectionstyle": f"arc3,rad={bend}",
            },
            zorder=2,
        )
    for kind, name, colour in ((True, "minimum", "vermillion"), (False, "saddle, or undecided", "blue")):
        shown = filled == kind
        face = style.OKABE_ITO[colour] if kind else "white"
        edge = style.OKABE_ITO[colour]
        ax.scatter(x[shown], ranks[shown], s=34, facecolors=face, edgecolors=edge, linewidths=1.3, label=name, zorder=3)
    ax.set_xticks(np.unique(column))
    ax.set_xlim(column.min() - 0.6, column.max() + 0.6)
    ax.set_yticks(range(len(levels)), [style.readable(level * unit, 5) for level in levels])
    ax.set_ylim(-0.8, len(levels) - 0.2)
    ax.grid(True, axis="y")
    ax.set_xlabel(column_label)
    ax.set_ylabel(f"{height_label} (one step a level, not to scale)")
    style.legend_below(ax)
    style.describe(ax, f"{len(column)} nodes in {len(np.unique(column))} columns, {len(set(edges))} arrows.")


def _side_by_side(column: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Returns how far nodes of one column and level are moved apart, and neighbours of a column to and fro."""
    moved = np.zeros(len(column))
    for value in np.unique(column):
        nodes = np.flatnonzero(column == value)
        for place, rank in enumerate(np.unique(ranks[nodes])):
            same = nodes[ranks[nodes] == rank]
            moved[same] = 0.14 * (np.arange(len(same)) - (len(same) - 1) / 2) + 0.2 * ((place % 3) - 1)
    return moved
