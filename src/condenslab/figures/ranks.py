"""Drawing primitives for counts beside their theory, and for errors over two settings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import ArrayLike

from condenslab.figures import checks, interactive, legends, style


@style.styled
def measured_and_expected(
    ax: Axes,
    labels: Sequence[str],
    measured: ArrayLike,
    expected: ArrayLike,
    *,
    x_label: str,
    names: tuple[str, str] = ("measured", "theory"),
    logarithmic: bool = False,
) -> None:
    """Draws whole numbers as bars, top to bottom, and what a theory says of each as a line across the bar.

    Args:
        ax: The axes.
        labels: Name of every bar, length k.
        measured: Counts, shape (k,), whole and not negative.
        expected: The theory's, shape (k,), whole and not negative.
        x_label: Label of the horizontal axis, with its unit.
        names: What bars and lines are called in the legend.
        logarithmic: Whether the horizontal axis is; bars then begin below the smallest number, and the axis says so.

    Raises:
        ValueError: Shapes that do not fit, or counts that are negative or not whole.
    """
    heights, lines = checks.counts("measured", measured, 1), checks.counts("expected", expected, 1)
    checks.same_length("labels", np.asarray(labels, dtype=object), "measured", heights)
    checks.same_length("measured", heights, "expected", lines)
    places = np.arange(len(heights))
    ax.barh(places, heights, height=0.62, color=style.OKABE_ITO["sky blue"], label=names[0], zorder=2)
    ax.vlines(lines, places - 0.42, places + 0.42, color="black", linewidth=1.8, label=names[1], zorder=3)
    ax.set_yticks(places, list(labels))
    ax.set_ylim(len(places) - 0.4, -0.6)
    _scale(ax, np.concatenate([heights, lines]), logarithmic=logarithmic)
    for place, height, line in zip(places, heights, lines, strict=True):
        _number(ax, float(place), height, line)
    ax.set_xlabel(f"{x_label}, logarithmic" if logarithmic else x_label)
    pairs = [f"{name} {height} ({names[1]} {line})" for name, height, line in zip(labels, heights, lines, strict=True)]
    style.describe(ax, f"{names[0].capitalize()}: {', '.join(pairs)}.".replace("\n", " "))
    legends.legend_below(ax)


def _number(ax: Axes, place: float, height: int, line: int) -> None:
    """Writes the number beside its bar, and the line's own beside the line where that is far from the bar."""
    look: dict[str, Any] = {"textcoords": "offset points", "ha": "left", "va": "center", "fontsize": 8}
    ends = ax.transLimits.transform(ax.transScale.transform([(max(height, ax.get_xlim()[0]), 0), (line, 0)]))[:, 0]
    if ends[1] - ends[0] < 0.1:
        ax.annotate(f"{height:,}", (max(height, line), place), (4, 0), **look)
        return
    ax.annotate(f"{height:,}", (height, place), (4, 0), **look)
    ax.annotate(f"{line:,}", (line, place), (4, 0), **look)


def _scale(ax: Axes, counts: np.ndarray, *, logarithmic: bool) -> None:
    """Sets the horizontal axis so that all counts and the number beside the longest bar have room."""
    top = float(max(counts.max(initial=1), 1))
    if not logarithmic:
        ax.set_xlim(0, 1.15 * top)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    low = float(counts[counts > 0].min(initial=top)) / 2
    ax.set_xscale("log")
    ax.set_xlim(low, top * (top / low) ** 0.2)
    ax.xaxis.set_major_locator(LogLocator(10, numticks=7))
    ax.xaxis.set_minor_formatter(NullFormatter())


@style.styled
def value_map(
    ax: Axes,
    columns: Sequence[str],
    rows: Sequence[str],
    values: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    value_label: str,
    limits: tuple[float, float],
    marks: Mapping[str, Sequence[tuple[int, int]]] | None = None,
    details: Mapping[tuple[int, int], dict[str, Any]] | None = None,
) -> None:
    """Draws a table of numbers as a map of shades, dark for small, each cell with its number; NaN is left white.

    Pointed at, a cell says its row, column and value.

    Args:
        ax: The axes.
        columns: Names of the columns, length k.
        rows: Names of the rows, length l, drawn from top to bottom.
        values: Shape (l, k); NaN where there is nothing.
        x_label: Label of the horizontal axis, with its unit.
        y_label: Label of the vertical axis.
        value_label: Label of the colour bar, with its unit.
        limits: Values at the ends of the colour bar; beyond, shades stay the same.
        marks: Name in the legend → (row, column) of cells to frame, for instance where a theory has its threshold.
        details: (row, column) → what opens from the cell, such as `interactive.seeds_detail`.

    Raises:
        ValueError: Shapes that do not fit, infinite numbers, or limits out of order.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.shape != (len(rows), len(columns)) or not table.size:
        raise ValueError(f"values must have shape {(len(rows), len(columns))}, not empty. Got {table.shape}.")
    if np.any(np.isinf(table)) or not limits[0] < limits[1]:
        raise ValueError(f"values must be finite or NaN, and limits increasing. Got limits {limits}.")
    scale = Normalize(*limits)
    image = ax.imshow(table, cmap="cividis", norm=scale, aspect="auto", interpolation="nearest")
    finite = table[np.isfinite(table)]
    digits = 0 if np.all(finite == np.round(finite)) and np.any(finite > 1) else 1  # counts are whole
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            shade = "black" if scale(value) > 0.55 else "white"
            ax.text(
                column, row, f"{value:.{digits}f}".replace("-", "−"), ha="center", va="center", fontsize=8, color=shade
            )
    for (name, cells), colour in zip((marks or {}).items(), ("vermillion", "sky blue", "purple"), strict=False):
        _frame(ax, cells, style.OKABE_ITO[colour], name)
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    style.figure_of(ax).colorbar(image, ax=ax, label=value_label, fraction=0.05, pad=0.02, extend="both")
    if finite.size:
        style.describe(ax, f"{value_label} from {style.readable(finite.min())} to {style.readable(finite.max())}.")
    if marks:
        legends.legend_below(ax)
    named = {"row": (y_label, rows), "column": (x_label, columns), "value": value_label}
    interactive.add_spots(ax, [_cell(place, value, named, details or {}) for place, value in np.ndenumerate(table)])


def _frame(ax: Axes, cells: Sequence[tuple[int, int]], colour: str, name: str) -> None:
    """Draws a frame inside each cell, as large as the cell lets it be at any size of the figure."""
    for number, (row, column) in enumerate(cells):
        label = name if number == 0 else f"_{name}"
        corner = (column - 0.43, row - 0.43)
        ax.add_patch(Rectangle(corner, 0.86, 0.86, fill=False, edgecolor=colour, linewidth=1.8, label=label, zorder=3))


def _cell(
    place: tuple[int, ...], value: float, named: Mapping[str, Any], details: Mapping[tuple[int, int], dict[str, Any]]
) -> interactive.Spot:
    row, column = place
    where = [f"{label} {names[k]}" for (label, names), k in ((named["row"], row), (named["column"], column))]
    what = f"{named['value']} {style.readable(value).replace('-', '−')}" if np.isfinite(value) else "no value"
    box = (column - 0.5, row + 0.5, column + 0.5, row - 0.5)
    return interactive.Spot(box, f"{', '.join(where)}: {what}", details.get((row, column)))


@style.styled
def incidence_table(ax: Axes, rows: Sequence[str], columns: Sequence[str], members: ArrayLike) -> None:
    """Draws which columns belong to which row, as a table of marks.

    Args:
        ax: The axes.
        rows: Names of the rows, length l, from top to bottom.
        columns: Names of the columns, length k.
        members: Whether a column belongs to a row, shape (l, k).

    Raises:
        ValueError: The shape does not fit.
    """
    table = np.asarray(members, dtype=bool)
    if table.shape != (len(rows), len(columns)):
        raise ValueError(f"members must have shape {(len(rows), len(columns))}. Got {table.shape}.")
    for row in range(len(rows)):
        look, chosen = style.series(row), np.flatnonzero(table[row])
        ax.plot(chosen, np.full(len(chosen), row), color=look.colour, linestyle="-", linewidth=1.2, zorder=2)
        ax.plot(chosen, np.full(len(chosen), row), color=look.colour, linestyle="", marker="o", markersize=8, zorder=3)
        style.describe(ax, f"{rows[row]}: {', '.join(columns[int(k)] for k in chosen)}.")
    ax.set_xticks(range(len(columns)), list(columns), rotation=45, ha="right")
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set_xlim(-0.6, len(columns) - 0.4)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(True)
