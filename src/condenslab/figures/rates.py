"""How often something succeeds, against what it is given."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from condenslab.figures import checks, legends, style


@style.styled
def success_rates(
    ax: Axes,
    series: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]],
    *,
    x_label: str,
    y_label: str = "success rate",
    thresholds: Mapping[str, float] | None = None,
) -> None:
    """Draws success rates with their intervals, a little apart from each other where they share an abscissa.

    Args:
        ax: The axes.
        series: Label → (x, rate, low, high), shapes (k,) each: abscissae in increasing order, rates and the ends of
            their intervals in [0, 1].
        x_label: Label of the horizontal axis, with its unit.
        y_label: Label of the vertical axis.
        thresholds: For some of the labels the abscissa at which the theory expects the rate to become 1; drawn as a
            vertical line of the look of that series.

    Raises:
        ValueError: No series, shapes that do not fit, numbers that are not finite, or x out of order.
    """
    if not series:
        raise ValueError("series must hold at least one. Got none.")
    for index, (label, columns) in enumerate(series.items()):
        x, rate, low, high = (checks.numbers(f"{label!r}", column, 1) for column in columns)
        checks.rising(f"x of {label!r}", x)
        for other in (rate, low, high):
            checks.same_length(f"x of {label!r}", x, "its rates", other)
        look = style.series(index)
        shift = 0.09 * (index - (len(series) - 1) / 2)
        bars = np.maximum([rate - low, high - rate], 0.0)
        ax.errorbar(
            x + shift,
            rate,
            bars,
            color=look.colour,
            linestyle=look.line_style,
            marker=look.marker,
            markersize=4.5,
            linewidth=1.2,
            elinewidth=0.9,
            capsize=2,
            label=label,
            zorder=3,
        )
        ends = f"{style.readable(rate[0], 2)} at {style.readable(x[0])} to {style.readable(rate[-1], 2)}"
        style.describe(ax, f"{label}: rate {ends} at {style.readable(x[-1])}.")
        if thresholds and label in thresholds:
            at = thresholds[label] + shift
            ax.axvline(at, color=look.colour, linestyle=look.line_style, linewidth=0.9, alpha=0.6, zorder=1)
            style.describe(ax, f"{label}: expected from {style.readable(thresholds[label])} on.")
    ax.set_ylim(-0.04, 1.04)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(True, axis="y")
    legends.legend_below(ax, columns=_columns(list(series)))


def _columns(labels: Sequence[str]) -> int:
    return 1 if max(map(len, labels)) > 30 else 2
