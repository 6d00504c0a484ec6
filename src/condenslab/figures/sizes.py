"""How many samples it takes: what theory hopes for, what practice needs, and how many parameters there are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator
from numpy.typing import ArrayLike

from condenslab.figures import checks, style
from condenslab.figures.legends import legend_below

_LOOKS = (
    ("optimistic size O", "green", "o", 12.0),
    ("tuned practice", "vermillion", "D", 5.5),
    ("parameters M", "black", "|", 13.0),
)


@style.styled
def sample_sizes(
    ax: Axes, labels: Sequence[str], optimistic: ArrayLike, practice: ArrayLike | None, parameters: ArrayLike
) -> None:
    """Draws optimistic sample size, the least size that works in practice and the number of parameters on one axis.

    One row a model; a line joins O and M, each mark has its number, and the axis is logarithmic.

    Args:
        ax: The axes.
        labels: Name of every model, length k, from top to bottom.
        optimistic: O of each, shape (k,), whole and positive.
        practice: Samples that suffice for well-tuned training, shape (k,), NaN where none did; None leaves it out.
        parameters: M of each, shape (k,), whole and positive.

    Raises:
        ValueError: Shapes that do not fit, or numbers that are not positive.

    Example:
        >>> figure, axes = style.panels()
        >>> sample_sizes(axes[0, 0], ["wide"], [21], [30], [2100])
    """
    low, high = checks.counts("optimistic", optimistic, 1), checks.counts("parameters", parameters, 1)
    found = np.full(len(low), np.nan) if practice is None else np.asarray(practice, dtype=np.float64)
    for name, other in (("optimistic", low), ("practice", found), ("parameters", high)):
        checks.same_length("labels", np.asarray(labels, dtype=object), name, other)
    if min(low.min(), high.min()) < 1 or np.any(found <= 0):
        raise ValueError("numbers of samples and parameters must be positive.")
    rows = np.arange(len(low))
    ax.set_xscale("log")
    ax.hlines(rows, low, high, color="#CCCCCC", linewidth=3.0, zorder=1)
    for (name, colour, marker, size), values in zip(_LOOKS, (low, found, high), strict=True):
        known = np.isfinite(values)
        if not known.any():
            continue
        look: dict[str, Any] = {"color": style.OKABE_ITO[colour], "marker": marker, "linestyle": "none", "label": name}
        ax.plot(values[known], rows[known], markersize=size, markeredgewidth=2, zorder=3, **look)
        for row in rows[known]:
            _number(ax, float(values[row]), row, above=values is not found)
    ax.set_yticks(rows, list(labels))
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(low.min() / 1.5, max(high.max(), np.nanmax([*found, 1.0])) * 1.6)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.minorticks_off()
    ax.set_xlabel("samples, or parameters (logarithmic)")
    legend_below(ax)
    for row, label in enumerate(labels):
        worked = f", {found[row]:.0f} in practice" if np.isfinite(found[row]) else ""
        style.describe(ax, f"{label}: O = {low[row]}{worked}, M = {high[row]}.")


def _number(ax: Axes, value: float, row: int, *, above: bool) -> None:
    """Writes a number over its mark, or under it where practice would meet the others."""
    place = {"textcoords": "offset points", "ha": "center", "va": "bottom" if above else "top", "fontsize": 8}
    ax.annotate(f"{value:,.0f}", (value, row), (0, 7 if above else -7), **place)
