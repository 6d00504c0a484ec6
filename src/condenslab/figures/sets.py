"""A set in space, of whatever dimension it is: a surface, curves or single points, with named lines beside it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import ArrayLike

from condenslab.figures import checks, style
from condenslab.figures.space import frame, project


@style.styled
def space_set(
    ax: Axes,
    *,
    lines: Mapping[str, ArrayLike],
    axes: tuple[str, str, str],
    name: str,
    surface: ArrayLike | None = None,
    curve: ArrayLike | None = None,
    points: ArrayLike | None = None,
) -> None:
    """Draws a set in space in parallel projection, in black and grey, and named lines in colour over it.

    Args:
        ax: The axes, whose frame is taken away.
        lines: Name → points, shape (j, 3), with j at least 2, in coordinates between about −1 and 1; at most six.
        axes: Names of the three coordinates.
        name: Of the set, for the legend.
        surface: Of a grid, shape (k, l, 3); cells with a corner that is not finite are left out.
        curve: Shape (j, 3); pieces with an end that is not finite are left out.
        points: Shape (j, 3), all finite; none by default.

    Raises:
        ValueError: Shapes that do not fit, or lines or points that are not finite.
    """
    named = {label: checks.numbers(label, line, 2) for label, line in lines.items()}
    if any(line.shape[1] != 3 for line in named.values()):
        raise ValueError(f"lines must be (j, 3). Got {', '.join(str(line.shape) for line in named.values())}.")
    if surface is not None:
        _faces(ax, _places("surface", surface, 3), name)
    for start, end, coordinate in frame(axes):
        at = project(np.array([start, end]))
        ax.plot(at[:, 0], at[:, 1], color=style.GREY, linewidth=0.8, zorder=0)
        ax.annotate(coordinate, (float(at[1, 0]), float(at[1, 1])), textcoords="offset points", xytext=(5, -4))
    for number, (label, line) in enumerate(named.items()):
        look, at = style.series(number), project(line)
        ax.plot(at[:, 0], at[:, 1], color=look.colour, linestyle=look.line_style, linewidth=2.6, label=label, zorder=3)
    if curve is not None:
        _pieces(ax, _places("curve", curve, 2), name)
    if points is not None and np.size(points):
        at = project(_places("points", checks.numbers("points", points, 2), 2))
        ax.scatter(at[:, 0], at[:, 1], color="black", marker="D", s=26, zorder=5, label=name)
    ax.set_aspect("equal")
    ax.set_axis_off()
    kind = "surface" if surface is not None else "curve" if curve is not None else "set of points"
    style.describe(ax, f"A {kind} in the space of {', '.join(axes)}, with the lines {', '.join(named)}.")


def _places(what: str, values: ArrayLike, dimensions: int) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != dimensions or array.shape[-1] != 3:
        raise ValueError(f"{what} must have {dimensions} dimensions, the last of size 3. Got shape {array.shape}.")
    return array


def _faces(ax: Axes, grid: np.ndarray, name: str) -> None:
    """Draws the cells of a surface from behind, lighter the nearer they are."""
    quads = np.stack([grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]], axis=2).reshape(-1, 4, 3)
    seen = project(quads[np.isfinite(quads).all(axis=(1, 2))])
    depth = seen[..., 2].mean(axis=1)
    order = np.argsort(-depth)
    surface = PolyCollection(
        [*seen[order, :, :2]], cmap="Greys", facecolors=style.GREY, alpha=0.75, linewidths=0.2, label=name
    )
    surface.set_array(depth[order])
    surface.set_clim(depth.min() - 2 * np.ptp(depth), depth.max() + np.ptp(depth))
    surface.set_edgecolor("face")
    ax.add_collection(surface)


def _pieces(ax: Axes, curve: np.ndarray, name: str) -> None:
    pieces = np.stack([curve[:-1], curve[1:]], axis=1)
    seen = project(pieces[np.isfinite(pieces).all(axis=(1, 2))])[..., :2]
    ax.add_collection(LineCollection([*seen], colors="black", linewidths=1.6, zorder=4, label=name))
    ax.autoscale_view()
