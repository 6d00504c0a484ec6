"""What changes along a run, and how it differs from run to run: series, groups over time, values of several seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike

from condenslab.figures import checks, legends, style
from condenslab.figures.draw import QUARTERS, wrap

_WIDEST = 5.0
_NARROWEST = 0.6
_NARROW = 5.0


@style.styled
def value_curves(
    ax: Axes,
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str,
    logarithmic: str = "",
    whole: bool = False,
) -> None:
    """Draws named series, each over its own abscissae, for instance a number measured along several runs.

    Args:
        ax: The axes.
        curves: Label → (x, y), shapes (k,) each, x in increasing order. Several series may share a look: a label that
            begins with "_" has that of the last one without, and no entry in the legend.
        x_label: Label of the horizontal axis, with its unit.
        y_label: Label of the vertical axis, with its unit.
        logarithmic: Which axes are logarithmic: "", "x", "y" or "xy". On these, values that are not positive are left
            out.
        whole: Whether the ordinates are counts: the axis then has whole numbers and begins at 0.

    Raises:
        ValueError: No series, shapes that do not fit, numbers that are not finite, or x out of order.
    """
    if not curves:
        raise ValueError("curves must hold at least one series. Got none.")
    index = -1
    for label, (x, y) in curves.items():
        across, up = checks.numbers(f"x of {label!r}", x, 1), checks.numbers(f"y of {label!r}", y, 1)
        checks.same_length(f"x of {label!r}", across, f"y of {label!r}", up)
        checks.rising(f"x of {label!r}", across)
        shown = np.ones(len(across), dtype=bool)
        shown &= across > 0 if "x" in logarithmic else shown
        shown &= up > 0 if "y" in logarithmic else shown
        repeated = label.startswith("_")
        index = max(0, index if repeated else index + 1)
        look, mark = style.series(index), "o" if len(across) <= 12 else None
        ax.plot(
            across[shown],
            up[shown],
            color=look.colour,
            linestyle=look.line_style,
            marker=mark and look.marker,
            markersize=4,
            alpha=0.45 if repeated else 1.0,
            linewidth=1.0 if repeated else 1.6,
            label=label,
        )
        if not repeated:
            style.describe(ax, f"{label}: from {style.readable(up[0])} to {style.readable(up[-1])}.")
    ax.set_xscale("log" if "x" in logarithmic else "linear")
    if "y" in logarithmic:
        _logarithmic(ax)
    if whole:
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylim(bottom=0)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(True, which="major")
    if sum(not label.startswith("_") for label in curves) > 1:
        legends.legend_below(ax)


@style.styled
def group_courses(
    ax: Axes,
    courses: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    events: Sequence[tuple[float, float, str]] = (),
    time_label: str = "epoch",
) -> None:
    """Draws groups of neurons as lines of angle over time, the wider the larger their summed amplitude.

    A line is broken where it crosses ±π. Times of 0 have no place on the logarithmic axis and are left out.

    Args:
        ax: The axes.
        courses: (times, angles, amplitudes) of every group, shapes (k,) each: times increasing, angles in radians taken
            modulo 2π, amplitudes not negative.
        events: (time, angle, name) of what is marked, such as births and merges; equal names share a mark.
        time_label: Label of the time axis, with its unit.

    Raises:
        ValueError: No group, shapes that do not fit, numbers that are not finite, a negative amplitude, or times out of
            order.
    """
    if not courses:
        raise ValueError("courses must hold at least one group. Got none.")
    checked = [_course(number, *course) for number, course in enumerate(courses)]
    largest = max(float(amplitude.max()) for _, _, amplitude in checked) or 1.0
    for number, (times, angles, amplitude) in enumerate(checked):
        colour = style.series(number).colour
        widths = _NARROWEST + (_WIDEST - _NARROWEST) * amplitude / largest
        for k in np.flatnonzero(np.abs(np.diff(angles)) < np.pi):
            ax.plot(times[k : k + 2], angles[k : k + 2], color=colour, lw=widths[k], solid_capstyle="round", zorder=2)
        ax.plot(times[-1:], angles[-1:], "o", color=colour, ms=3.0, zorder=3)
    for number, name in enumerate(dict.fromkeys(name for _, _, name in events)):
        marked = np.array([(time, angle) for time, angle, own in events if own == name], dtype=float)
        look = {"linestyle": "none", "markerfacecolor": "white", "markeredgecolor": "black", "zorder": 4}
        ax.plot(marked[:, 0], wrap(marked[:, 1]), marker="^vsD"[number % 4], ms=5, label=name, **look)
    ax.set_xscale("log")
    ax.set_ylim(-np.pi - 0.15, np.pi + 0.15)
    ax.set_yticks([quarter * np.pi / 2 for quarter in QUARTERS], list(QUARTERS.values()))
    ax.set_xlabel(time_label)
    ax.set_ylabel("orientation of (w, b) (rad)")
    ax.grid(True, axis="y")
    if events:
        legends.legend_below(ax)
    style.describe(ax, f"{len(checked)} groups over time, {len(events)} events.")


@style.styled
def seed_values(
    ax: Axes,
    values: Mapping[str, ArrayLike],
    *,
    y_label: str,
    logarithmic: bool = False,
    threshold: tuple[float, str, str] | None = None,
) -> None:
    """Draws the values of several seeds side by side for several conditions: every seed a mark, their median a line.

    Args:
        ax: The axes.
        values: Condition → one value a seed, shape (seed,).
        y_label: Label of the vertical axis, with its unit.
        logarithmic: Whether it is logarithmic; values must then be positive.
        threshold: A value and the names of marks at most and above it, which then have a colour each instead of every
            condition its own; there is a dotted line at it, and a legend.

    Raises:
        ValueError: No condition, no seed, or numbers that are not finite (or not positive).
    """
    if not values:
        raise ValueError("values must hold at least one condition. Got none.")
    for place, (label, given) in enumerate(values.items()):
        heights = checks.numbers(f"values of {label!r}", given, 1)
        if logarithmic and heights.min() <= 0:
            raise ValueError(f"values of {label!r} must be positive on a logarithmic axis. Got {heights.min():g}.")
        across = place + 0.3 * (np.linspace(-0.5, 0.5, len(heights)) if len(heights) > 1 else np.zeros(1))
        _marks(ax, place, across, heights, threshold)
        middle = float(np.median(heights))
        ax.plot([place - 0.28, place + 0.28], [middle, middle], color="black", linewidth=1.2)
        style.describe(ax, f"{label}: median {style.readable(middle)} of {len(heights)} seeds.")
    ax.set_xticks(range(len(values)), list(values))
    ax.set_xlim(-0.6, len(values) - 0.4)
    if logarithmic:
        _logarithmic(ax)
    ax.set_ylabel(y_label)
    ax.grid(True, axis="y")
    if threshold is not None:
        ax.axhline(threshold[0], color="black", linewidth=0.8, linestyle=":", zorder=1, label="_threshold")
        legends.legend_below(ax)


def _marks(
    ax: Axes, place: int, across: np.ndarray, heights: np.ndarray, threshold: tuple[float, str, str] | None
) -> None:
    parts = [(np.ones(len(heights), dtype=bool), style.series(place), f"_condition {place}")]
    if threshold is not None:
        low = heights <= threshold[0]
        names = threshold[1:] if place == 0 else [f"_{name}" for name in threshold[1:]]
        parts = [(low, style.series(0), names[0]), (~low, style.series(1), names[1])]
    for mine, look, name in parts:
        shape = {"marker": look.marker, "color": look.colour, "linestyle": "none", "ms": 5, "alpha": 0.85}
        ax.plot(across[mine], heights[mine], label=name, **shape)


def _logarithmic(ax: Axes) -> None:
    """Makes the vertical axis logarithmic; where it spans less than two decades, further digits get numbers too."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if high < 100 * low:
        digits = (1.0, 2.0, 5.0) if high > _NARROW * low else (1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
        ax.yaxis.set_major_locator(LogLocator(subs=digits))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.readable(value)))
        ax.yaxis.set_minor_formatter(NullFormatter())


def _course(
    number: int, times: ArrayLike, angles: ArrayLike, amplitudes: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    clock = checks.numbers(f"times of group {number}", times, 1)
    angle = checks.numbers(f"angles of group {number}", angles, 1)
    amplitude = checks.numbers(f"amplitudes of group {number}", amplitudes, 1)
    for name, array in (("angles", angle), ("amplitudes", amplitude)):
        checks.same_length(f"times of group {number}", clock, f"{name} of group {number}", array)
    checks.rising(f"times of group {number}", clock)
    checks.not_negative(f"amplitudes of group {number}", amplitude)
    return clock, wrap(angle), amplitude
