"""What is counted, with the evidence: spectra and their cut, groups by threshold."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from condenslab.figures import checks, interactive, legends, style

_LONG = 80
_MANY = 20
_VISIBLE = 0.3


@style.styled
def spectrum(
    ax: Axes,
    values: ArrayLike,
    *,
    tolerance: float,
    floor: float,
    kept: int,
    decided: bool,
    name: str = "",
) -> None:
    """Draws singular values by index on a logarithmic axis, with the cut between non-zero and zero.

    Kept values are filled circles, dropped ones crosses; values below the floor are drawn on it, as triangles. The gap
    is the distance, in decades, from the last kept value to the larger of the next value and the floor.

    Args:
        ax: The axes.
        values: Singular values (or absolute eigenvalues), shape (k,), not negative, largest first.
        tolerance: The cut, in the units of the values, positive.
        floor: The rounding floor, in the same units, positive: below it no value can be told from zero.
        kept: How many values are above the cut: the candidate rank.
        decided: Whether the evidence suffices; the title says "undecided" where it does not.
        name: What the spectrum is of; it stands before the verdict in the title.

    Raises:
        ValueError: Values that are not finite, negative or out of order; a cut or floor that is not positive; `kept`
            beyond the number of values.
    """
    sizes = _sorted_values(values, kept)
    for argument, level in (("tolerance", tolerance), ("floor", floor)):
        if not (np.isfinite(level) and level > 0):
            raise ValueError(f"{argument} must be positive and finite. Got {level}.")
    index = np.arange(1, len(sizes) + 1)
    drawn = np.maximum(sizes, floor)
    kept_ones, lowest = index <= kept, sizes < floor
    blue, red = style.OKABE_ITO["blue"], style.OKABE_ITO["vermillion"]
    looks = (
        (kept_ones, f"kept ({kept})", {"marker": "o", "color": blue, "ms": 4.5}),
        (~kept_ones & ~lowest, "dropped", {"marker": "x", "color": red, "ms": 5, "mew": 1.3}),
        (~kept_ones & lowest, "below the floor (drawn on it)", {"marker": "v", "color": red, "ms": 4.5, "mfc": "none"}),
    )
    for chosen, label, look in looks:
        if chosen.any():
            ax.plot(index[chosen], drawn[chosen], linestyle="none", label=label, zorder=3, **look)
    ax.set_yscale("log")
    ax.axhline(tolerance, color="black", linestyle="--", linewidth=1.0, label=f"cut {style.readable(tolerance, 2)}")
    ax.axhline(
        floor, color=style.GREY, linestyle=":", linewidth=1.2, label=f"rounding floor {style.readable(floor, 2)}"
    )
    _spectrum_axes(ax, sizes, floor)
    words = f"rank {kept}, decided" if decided else f"rank undecided (candidate {kept})"
    ax.set_title(f"{name}: {words}" if name else words)
    gap = _mark_gap(ax, drawn, kept, floor)
    ends = f"{style.readable(sizes[0])} to {style.readable(sizes[-1])}"
    interactive.add_threshold(
        ax,
        "above",
        {"values": sizes},
        start=tolerance,
        limits=(min(floor, tolerance), max(sizes[0], 2 * max(floor, tolerance))),
    )
    legends.legend_below(ax, columns=2)
    style.describe(ax, f"{len(sizes)} singular values from {ends}; {words}{gap}.")


def _sorted_values(values: ArrayLike, kept: int) -> np.ndarray:
    sizes = checks.numbers("values", values, 1)
    checks.not_negative("values", sizes)
    if np.any(np.diff(sizes) > 0):
        at = int(np.flatnonzero(np.diff(sizes) > 0)[0])
        raise ValueError(f"values must be sorted, largest first. Got {sizes[at]:g} before {sizes[at + 1]:g}.")
    if not 0 <= kept <= len(sizes):
        raise ValueError(f"kept must be from 0 to the number of values ({len(sizes)}). Got {kept}.")
    return sizes


def _spectrum_axes(ax: Axes, sizes: np.ndarray, floor: float) -> None:
    ax.set_ylim(floor / 10, 10 * max(sizes[0], floor))
    if len(sizes) > _LONG:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set_xlim(0.8, 1.25 * len(sizes))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(0.5, len(sizes) + 0.5)
    ax.set_xlabel("index")
    ax.set_ylabel("singular value")


def _mark_gap(ax: Axes, drawn: np.ndarray, kept: int, floor: float) -> str:
    """Draws an arrow over the gap and returns the words about it; a gap too small to see is not drawn."""
    if kept == 0:
        return ""
    above = float(drawn[kept - 1])
    below = max(float(drawn[kept]) if kept < len(drawn) else floor, floor)
    decades = float(np.log10(above / below))
    if decades > _VISIBLE:
        middle = float(np.sqrt(kept * (kept + 1))) if ax.get_xscale() == "log" else kept + 0.5
        span = {"arrowstyle": "<->", "color": "black", "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (middle, below), (middle, above), arrowprops=span)
        left = middle > np.sqrt(np.prod(ax.get_xlim())) if ax.get_xscale() == "log" else middle > np.mean(ax.get_xlim())
        ax.annotate(
            f"gap: {decades:.1f} decades",
            (middle, np.sqrt(above * below)),
            (-5 if left else 5, 6),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8,
        )
    return f", gap {decades:.1f} decades"


@style.styled
def threshold_counts(ax: Axes, thresholds: ArrayLike, counts: ArrayLike, *, label: str = "groups") -> None:
    """Draws the number of groups against the threshold that defines a group, and names the longest constant run.

    A count that holds over a wide range of thresholds is a property of the network; one that changes with every
    threshold is a property of the threshold. The axis of thresholds is logarithmic where they span a decade, that of
    counts (above 1) where one exceeds 20. A later series is drawn thinner, so that it hides no earlier one.

    Args:
        ax: The axes.
        thresholds: The thresholds, shape (k,), in increasing order.
        counts: Number of groups at each, shape (k,), whole and not negative.
        label: Name of the series in the legend; call again with another name to add a series.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, thresholds out of order, or counts that are
            negative or not whole.
    """
    levels, numbers = checks.numbers("thresholds", thresholds, 1), checks.counts("counts", counts, 1)
    checks.same_length("thresholds", levels, "counts", numbers)
    checks.rising("thresholds", levels)
    start, end = _longest_run(numbers)
    run = f"{numbers[start]} from {style.readable(levels[start])} to {style.readable(levels[end])}"
    words = f"{label}: {run if end > start else 'no two neighbours agree'}"
    look, before = style.next_series(ax), len(ax.lines)
    ax.plot(
        levels,
        numbers,
        color=look.colour,
        linestyle=look.line_style,
        linewidth=max(1.0, 2.6 - 0.4 * before),
        marker=look.marker,
        markersize=max(2.5, 7.0 - before),
        label=words,
    )
    if levels[0] > 0 and levels[-1] >= 10 * levels[0]:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if len(levels) > 1:
        ends = (levels[0], levels[-1])
        interactive.add_threshold(ax, "at", {label: [levels, numbers]}, start=levels[start], limits=ends)
    _count_axis(ax)
    ax.grid(True, axis="y")
    ax.set_xlabel("threshold")
    ax.set_ylabel("number of groups")
    legends.legend_below(ax, columns=1)
    style.describe(ax, f"{words}; between {numbers.min()} and {numbers.max()} over all thresholds.")


def _count_axis(ax: Axes) -> None:
    """Makes an axis of whole numbers that starts at 0; logarithmic above 1 where a count exceeds 20."""
    top = max(float(np.max(line.get_ydata())) for line in ax.lines)
    if top > _MANY:
        ax.set_yscale("symlog", linthresh=1.0, linscale=0.4)
        ax.set_yticks([0] + [digit * 10**power for power in range(7) for digit in (1, 2, 3, 5)])
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        ax.yaxis.minorticks_off()
        ax.set_ylim(0, 1.3 * top)
    else:
        ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylim(0, 1.15 * top + 0.5)


def _longest_run(numbers: np.ndarray) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(numbers)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(numbers)]]) - 1
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])
