"""Measured against predicted: points, and the line on which both agree."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from condenslab.figures import checks, legends, style


@style.styled
def measured_against_predicted(
    ax: Axes,
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    predicted_label: str = "predicted",
    measured_label: str = "measured",
) -> None:
    """Draws measured whole numbers against predicted ones, with the line on which they are equal.

    Equal points are drawn once, the larger the more often they occur.

    Args:
        ax: The axes.
        series: Name → (predicted, measured), whole numbers, each of shape (case,); empty ones are left out.
        predicted_label: Label of the horizontal axis.
        measured_label: Label of the vertical axis.

    Raises:
        ValueError: Shapes that do not fit, or numbers that are negative or not whole.
    """
    largest = 1
    for number, (name, pair) in enumerate(series.items()):
        if not np.size(pair[0]):
            continue
        predicted, measured = (
            checks.counts(f"{name} predicted", pair[0], 1),
            checks.counts(f"{name} measured", pair[1], 1),
        )
        checks.same_length(f"{name} predicted", predicted, f"{name} measured", measured)
        points, times = np.unique(np.stack([predicted, measured], axis=1), axis=0, return_counts=True)
        look = style.series(number)
        face = "none" if number % 2 else look.colour
        ax.scatter(
            points[:, 0],
            points[:, 1],
            s=18 + 9 * times,
            marker=look.marker,
            facecolors=face,
            edgecolors=look.colour,
            linewidths=1.2,
            label=name,
            zorder=4 - 0.1 * number,
        )
        largest = max(largest, int(points.max()))
        style.describe(ax, f"{name}: {int(np.sum(predicted == measured))} of {len(predicted)} as predicted.")
    ax.plot([0, largest], [0, largest], color=style.GREY, linewidth=1.0, zorder=1, label="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(predicted_label)
    ax.set_ylabel(measured_label)
    ax.grid(True)
    legends.legend_below(ax, columns=2)
