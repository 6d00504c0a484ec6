"""What a landscape looks like: risk over a line or a plane, and at which risks training spends its steps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike

from condenslab.figures import checks, legends, style
from condenslab.figures.courses import value_curves

_SEQUENTIAL = "viridis"
_DECADES = 1e-14


@style.styled
def level_spectrum(
    ax: Axes,
    edges: ArrayLike,
    shares: ArrayLike,
    names: Sequence[str],
    *,
    levels: Mapping[str, float] | None = None,
    least: float = 1e-5,
) -> None:
    """Draws one column a network: which share of its training steps it spent at which risk (the loss spectrum).

    Args:
        ax: The axes.
        edges: Borders of the bins of log₁₀ R, increasing, shape (bin + 1,).
        shares: Share of the steps in each bin, columns of sum at most 1, shape (bin, column).
        names: Name of each column, for example its width.
        levels: Name → log₁₀ R of dashed lines, named at the right margin; optional.
        least: Smaller shares are white.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, negative shares, or edges out of order.
    """
    borders, heights = checks.numbers("edges", edges, 1), checks.numbers("shares", shares, 2)
    checks.rising("edges", borders)
    checks.not_negative("shares", heights)
    if heights.shape != (len(borders) - 1, len(names)):
        raise ValueError(
            f"shares must have one row a bin and one column a name, {(len(borders) - 1, len(names))}. "
            f"Got shape {heights.shape}."
        )
    columns = np.arange(len(names) + 1) - 0.5
    shown = np.ma.masked_less(heights, least)
    mesh = ax.pcolormesh(columns, borders, shown, cmap=_SEQUENTIAL + "_r", norm=LogNorm(least, 1.0), rasterized=True)
    ax.set_xticks(np.arange(len(names)), list(names))
    ax.set_xlabel("width m")
    ax.set_ylabel("log₁₀ risk")
    ax.set_xlim(columns[0], columns[-1])
    seen = np.flatnonzero(heights.max(axis=1) >= least)
    ends = [*(borders[[seen[0], seen[-1] + 1]] if len(seen) else borders[[0, -1]]), *(levels or {}).values()]
    margin = 0.04 * (max(ends) - min(ends))
    ax.set_ylim(min(ends) - margin, max(ends) + margin)
    _named_lines(ax, levels or {})
    bar = style.figure_of(ax).colorbar(mesh, ax=ax, shrink=0.9, pad=0.16 if levels else 0.03)
    bar.set_label("share of the steps")
    bar.outline.set_linewidth(0.6)
    most = [f"{name}: {borders[k]:.2f}" for name, k in zip(names, heights.argmax(axis=0), strict=True)]
    style.describe(ax, f"Loss spectrum; log10 of the most visited risk by column: {', '.join(most)}.")


@style.styled
def risk_surface(
    ax: Axes,
    first: ArrayLike,
    second: ArrayLike,
    risk: ArrayLike,
    *,
    path: ArrayLike | None = None,
    marks: Mapping[str, tuple[float, float]] | None = None,
    labels: tuple[str, str] = ("first direction", "second direction"),
    change: bool = False,
) -> None:
    """Draws the risk over a plane as filled contours, with a trajectory and named points on it.

    Args:
        ax: The axes.
        first: Coordinates along the first direction, increasing, shape (k,): the horizontal axis.
        second: Coordinates along the second direction, increasing, shape (l,).
        risk: R at (first[i], second[j]), not negative, shape (k, l), drawn as log₁₀ R, zeros at 1e-14 of the largest.
        path: Coordinates of a trajectory, shape (time, 2), its start hollow and its end filled; optional.
        marks: Name → coordinates of points; optional.
        labels: Names of the two directions.
        change: `risk` is a change of the risk, of either sign, drawn as it is: falling blue, rising red.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, a negative risk, or axes out of order.
    """
    x, y, heights = (
        checks.numbers("first", first, 1),
        checks.numbers("second", second, 1),
        checks.numbers("risk", risk, 2),
    )
    checks.rising("first", x)
    checks.rising("second", y)
    if not change:
        checks.not_negative("risk", heights)
    if heights.shape != (len(x), len(y)):
        raise ValueError(f"risk must have shape {(len(x), len(y))}, first by second. Got {heights.shape}.")
    _filled(ax, x, y, heights, change=change)
    if path is not None:
        _path(ax, checks.numbers("path", path, 2))
    for number, (name, place) in enumerate((marks or {}).items()):
        look = style.series(number + 1)
        ax.plot(*place, look.marker, ms=7, mfc=look.colour, mec="white", mew=1.0, label=name, zorder=5)
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(y[0], y[-1])
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    if path is not None or marks:
        legends.legend_below(ax)
    lowest = np.unravel_index(heights.argmin(), heights.shape)
    place = f"({style.readable(x[lowest[0]])}, {style.readable(y[lowest[1]])})"
    style.describe(ax, f"Risk from {style.readable(heights.min())} at {place} to {style.readable(heights.max())}.")


@style.styled
def risk_line(
    ax: Axes, steps: ArrayLike, curves: Mapping[str, ArrayLike], *, label: str = "step along the direction"
) -> None:
    """Draws the risk along lines through one point.

    Args:
        ax: The axes.
        steps: Coordinates along the directions, increasing, shape (k,).
        curves: Name → values, shape (k,), for example the risk and its quadratic model.
        label: Label of the horizontal axis.

    Raises:
        ValueError: No curve, shapes that do not fit, numbers that are not finite, or coordinates out of order.
    """
    value_curves(ax, {name: (steps, values) for name, values in curves.items()}, x_label=label, y_label="risk R")


def _filled(ax: Axes, x: np.ndarray, y: np.ndarray, heights: np.ndarray, *, change: bool) -> None:
    if change:
        shown, most = heights, max(float(np.abs(heights).max()), np.finfo(float).tiny)
        levels, colours, label = np.linspace(-most, most, 26), style.DIVERGING, "change of the risk"
    else:
        shown = np.log10(np.maximum(heights, max(_DECADES * heights.max(), np.finfo(float).tiny)))
        levels = np.linspace(shown.min(), max(shown.max(), shown.min() + 1e-12), 25)
        colours, label = _SEQUENTIAL, "log₁₀ risk"
    filled = ax.contourf(x, y, shown.T, levels=levels, cmap=colours)
    ax.contour(x, y, shown.T, levels=levels[::3], colors="0.4" if change else "white", linewidths=0.4, alpha=0.6)
    bar = style.figure_of(ax).colorbar(filled, ax=ax, shrink=0.9, pad=0.03, format="%.2g")
    bar.set_label(label)
    bar.outline.set_linewidth(0.6)


def _path(ax: Axes, points: np.ndarray) -> None:
    if points.shape[1] != 2:
        raise ValueError(f"path must have two coordinates a time. Got shape {points.shape}.")
    colour = style.OKABE_ITO["vermillion"]
    ax.plot(*points.T, "-", color="white", linewidth=2.6, zorder=3, label="_outline")
    ax.plot(*points.T, "-", color=colour, linewidth=1.4, zorder=4, label="trajectory")
    ends: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgecolor": colour, "zorder": 5}
    ax.plot(*points[0], markerfacecolor="white", label="start", **ends)
    ax.plot(*points[-1], markerfacecolor=colour, label="end", **ends)


def _named_lines(ax: Axes, levels: Mapping[str, float]) -> None:
    if not levels:
        return
    values = checks.numbers("levels", list(levels.values()), 1)
    low, high = ax.get_ylim()
    points = ax.get_position().height * style.figure_of(ax).get_figheight() * 72
    wanted = (values - low) / (high - low) * points
    for (name, value), shift in zip(levels.items(), style.spread(wanted, 10.0) - wanted, strict=True):
        ax.axhline(value, color=style.OKABE_ITO["vermillion"], linestyle=(0, (4, 2)), linewidth=0.8, label=f"_{name}")
        ax.annotate(
            name,
            (1.0, value),
            xycoords=ax.get_yaxis_transform(),
            xytext=(10, shift),
            textcoords="offset points",
            va="center",
            fontsize=8,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.GREY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0},
        )
