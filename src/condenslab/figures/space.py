"""A surface in space: drawn from one side, and on the page for a reader to turn."""

from collections.abc import Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from numpy.typing import ArrayLike

from condenslab.figures import checks, interactive, style

_TURN, _TILT = 0.5, 0.45
_SHADES = 24


@style.styled
def space_surface(
    ax: Axes,
    points: ArrayLike,
    shades: ArrayLike,
    *,
    lines: Mapping[str, ArrayLike],
    axes: tuple[str, str, str],
    shade_label: str,
) -> None:
    """Draws a surface, coloured by a number, with named lines on it, in parallel projection; the page lets one turn it.

    Args:
        ax: The axes, whose frame is taken away.
        points: Of a grid, shape (k, l, 3), in coordinates between about −1 and 1.
        shades: One number a cell, shape (k − 1, l − 1), dark for small.
        lines: Name → points, shape (j, 3), with j at least 2; at most six.
        axes: Names of the three coordinates.
        shade_label: Label of the colour bar.

    Raises:
        ValueError: Shapes that do not fit, or numbers that are not finite.
    """
    grid, values = checks.numbers("points", points, 3), checks.numbers("shades", shades, 2)
    rows, columns = grid.shape[:2]
    if grid.shape[2] != 3 or values.shape != (rows - 1, columns - 1):
        raise ValueError(f"points must be (k, l, 3) and shades (k − 1, l − 1). Got {grid.shape} and {values.shape}.")
    named = {name: checks.numbers(name, line, 2) for name, line in lines.items()}
    corners = np.arange(rows * columns).reshape(rows, columns)
    faces = np.stack([corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=-1).reshape(-1, 4)
    flat, level = grid.reshape(-1, 3), values.ravel()
    _still(ax, flat, faces, level, named, axes, shade_label)
    span = np.ptp(level) or 1.0
    band = np.minimum((level - level.min()) / span * _SHADES, _SHADES - 1).astype(int)
    colours = [to_hex(colour) for colour in matplotlib.colormaps["cividis"](np.linspace(0, 1, _SHADES))]
    content: dict[str, Any] = {
        "points": np.round(flat, 3).tolist(),
        "faces": [[face.tolist(), int(shade)] for face, shade in zip(faces, band, strict=True)],
        "colours": colours,
        "lines": [
            {"points": np.round(line, 3).tolist(), "colour": f"--g{k}", "thick": 5}
            for k, line in enumerate(named.values())
        ]
        + [{"points": [start, end], "colour": "--soft", "thick": 1} for start, end, _ in frame(axes)],
        "labels": [
            {"text": name, "point": line[-1].tolist(), "colour": f"--g{k}"}
            for k, (name, line) in enumerate(named.items())
        ]
        + [{"text": name, "point": end, "colour": "--soft"} for _, end, name in frame(axes)],
        "turn": _TURN,
        "tilt": _TILT,
        "words": f"Surface over {axes[0]} and {axes[1]}, height {axes[2]}, with the lines {', '.join(named)}.",
    }
    interactive.attach(ax, "scene", content)
    style.describe(
        ax, f"A surface over {axes[0]} and {axes[1]}, seen from one side, with the lines {', '.join(named)}."
    )


def project(points: np.ndarray, turn: float = _TURN, tilt: float = _TILT) -> np.ndarray:
    """Returns right, up and away from the eye of points in space, shape (…, 3), in parallel projection.

    Args:
        points: Shape (…, 3).
        turn: About the vertical axis, in radians.
        tilt: Of the eye above the horizon, in radians.
    """
    x, y, z = np.moveaxis(points, -1, 0)
    across, deep = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    up, away = z * np.cos(tilt) - deep * np.sin(tilt), deep * np.cos(tilt) + z * np.sin(tilt)
    return np.stack([across, up, away], axis=-1)


def _still(
    ax: Axes,
    flat: np.ndarray,
    faces: np.ndarray,
    level: np.ndarray,
    lines: Mapping[str, np.ndarray],
    axes: tuple[str, str, str],
    shade_label: str,
) -> None:
    seen = project(flat)
    order = np.argsort(-seen[faces, 2].mean(axis=1))
    surface = PolyCollection([*seen[faces[order], :2]], cmap="cividis", linewidths=0.3, alpha=0.92)
    surface.set_array(level[order])
    surface.set_edgecolor("face")
    ax.add_collection(surface)
    for number, (name, line) in enumerate(lines.items()):
        look, at = style.series(number), project(line)
        ax.plot(at[:, 0], at[:, 1], color=look.colour, linestyle=look.line_style, linewidth=3.0, label=name)
    for start, end, name in frame(axes):
        at = project(np.array([start, end]))
        ax.plot(at[:, 0], at[:, 1], color=style.GREY, linewidth=0.8, zorder=0)
        ax.annotate(name, (float(at[1, 0]), float(at[1, 1])), textcoords="offset points", xytext=(3, 3), fontsize=8)
    ax.set_aspect("equal")
    ax.set_axis_off()
    style.figure_of(ax).colorbar(surface, ax=ax, label=shade_label, shrink=0.7, pad=0.03)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=3)


def frame(axes: tuple[str, str, str]) -> list[tuple[list[float], list[float], str]]:
    """Returns the three coordinate axes: start, end, name.

    Args:
        axes: Names of the coordinates.
    """
    return [
        ([-1.2, -1.2, -1.2], [1.3, -1.2, -1.2], axes[0]),
        ([-1.2, -1.2, -1.2], [-1.2, 1.3, -1.2], axes[1]),
        ([-1.2, -1.2, -1.2], [-1.2, -1.2, 1.3], axes[2]),
    ]
