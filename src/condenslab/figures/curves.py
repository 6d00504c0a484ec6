"""What a network does: its output over x, and its risk over time."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from condenslab.figures import checks, legends, style


@style.styled
def function_curves(
    ax: Axes,
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    samples: tuple[ArrayLike, ArrayLike] | None = None,
) -> None:
    """Draws functions of one input over the same grid, with the training samples on top.

    Args:
        ax: The axes.
        x: The grid, shape (k,), in increasing order.
        curves: Label → values on the grid, shape (k,). Each gets a colour and a line style of its own.
        samples: Inputs and targets of the training samples, shapes (n,) and (n,); optional.

    Raises:
        ValueError: No curve, shapes that do not fit, numbers that are not finite, or a grid out of order.
    """
    grid = checks.numbers("x", x, 1)
    checks.rising("x", grid)
    if not curves:
        raise ValueError("curves must hold at least one function. Got none.")
    for index, (label, values) in enumerate(curves.items()):
        heights = checks.numbers(f"curve {label!r}", values, 1)
        checks.same_length("x", grid, f"curve {label!r}", heights)
        look = style.series(index)
        ax.plot(grid, heights, color=look.colour, linestyle=look.line_style, label=label, zorder=2 + 0.01 * index)
    if samples is not None:
        inputs, targets = (checks.numbers(f"sample {name}", part, 1) for name, part in zip("xy", samples, strict=True))
        checks.same_length("sample x", inputs, "sample y", targets)
        label = f"{len(inputs)} training samples"
        ax.plot(inputs, targets, "o", markerfacecolor="white", markeredgecolor="black", ms=3.6, mew=0.8, label=label)
    ax.set_xlabel("input x")
    ax.set_ylabel("output f(x)")
    legends.legend_below(ax)
    style.describe(ax, f"Functions of x from {grid[0]:g} to {grid[-1]:g}: {', '.join(curves)}.")


@style.styled
def risk_curve(
    ax: Axes,
    times: ArrayLike,
    risk: ArrayLike,
    *,
    levels: Sequence[tuple[str, float]] = (),
    plateau: tuple[float, float] | None = None,
    label: str = "risk",
    time_label: str = "time t",
) -> None:
    """Draws the risk against time, both logarithmic, with named levels and the interval of a plateau.

    Times of 0 and risks of 0 have no place on logarithmic axes; they are left out and the axis label says so. Call it
    again on the same axes, without levels, to add a further curve; the time axis keeps its first label.

    Args:
        ax: The axes.
        times: Times of the record, shape (T,), not negative, in increasing order.
        risk: The risk at those times, shape (T,), not negative.
        levels: (name, risk) of horizontal lines, each positive; their names stand at the right margin, moved apart
            where levels are close.
        plateau: Start and end of an interval to shade, 0 < start < end; its length in decades is in the legend.
        label: Name of the curve in the legend.
        time_label: Label of the time axis, with its unit ("epoch", "time t of the gradient flow").

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite or negative, times out of order, no positive
            pair to draw, a level that is not positive, or an empty plateau.
    """
    clock, heights = checks.numbers("times", times, 1), checks.numbers("risk", risk, 1)
    checks.same_length("times", clock, "risk", heights)
    checks.not_negative("times", clock)
    checks.not_negative("risk", heights)
    checks.rising("times", clock)
    shown = (clock > 0) & (heights > 0)
    if not shown.any():
        raise ValueError("risk_curve must have a point with time > 0 and risk > 0. Got none.")
    look = style.next_series(ax)
    ax.loglog(clock[shown], heights[shown], color=look.colour, linestyle=look.line_style, label=label, zorder=3)
    _risk_axes(ax, clock, heights, time_label)
    if plateau is not None:
        _shade(ax, *plateau)
    style.describe(ax, _in_words(label, clock[shown], heights[shown]))
    _draw_levels(ax, levels)
    if label != "risk" or plateau is not None:
        legends.legend_below(ax)


def _in_words(label: str, clock: np.ndarray, heights: np.ndarray) -> str:
    ends = [f"{style.readable(heights[at])} at time {style.readable(clock[at])}" for at in (0, -1)]
    return f"{label[:1].upper()}{label[1:]}: {ends[0]}, {ends[1]}."


def _risk_axes(ax: Axes, clock: np.ndarray, heights: np.ndarray, time_label: str) -> None:
    missing = [name for name, values in (("t = 0", clock), ("risk 0", heights)) if np.any(values == 0)]
    note = f" ({' and '.join(missing)} not shown)" if missing else ""
    if not ax.get_xlabel():
        ax.set_xlabel(f"{time_label}{note}")
    ax.set_ylabel("risk R")
    ax.grid(True, which="major")


def _shade(ax: Axes, start: float, end: float) -> None:
    if not (0 < start < end < math.inf):
        raise ValueError(f"plateau must be (start, end) with 0 < start < end. Got ({start:g}, {end:g}).")
    text = f"plateau, {math.log10(end / start):.1f} decades of time"
    ax.axvspan(start, end, color=style.OKABE_ITO["yellow"], alpha=0.28, linewidth=0, zorder=0, label=text)
    style.describe(ax, f"A {text}, from {style.readable(start)} to {style.readable(end)}.")


def _draw_levels(ax: Axes, levels: Sequence[tuple[str, float]]) -> None:
    if not levels:
        return
    values = checks.numbers("levels", [value for _, value in levels], 1)
    if values.min() <= 0:
        raise ValueError(f"levels must be positive on a logarithmic axis. Got {values.min():g}.")
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, values.min() / 2), max(high, values.max() * 2))
    low, high = np.log10(ax.get_ylim())
    points = ax.get_position().height * style.figure_of(ax).get_figheight() * 72
    wanted = (np.log10(values) - low) / (high - low) * points
    for (name, value), shift in zip(levels, style.spread(wanted, 11.0) - wanted, strict=True):
        ax.axhline(value, color=style.GREY, linestyle=(0, (4, 2)), linewidth=0.9, zorder=2, label=f"_{name}")
        ax.annotate(
            f"{name}: {style.readable(value)}",
            (1.0, value),
            xycoords=ax.get_yaxis_transform(),
            xytext=(14, shift),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color="#333333",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": style.GREY, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0},
        )
        style.describe(ax, f"Line {name} at {style.readable(value, 4)}.")
