"""Drawing primitive for counts that belong to alternatives: a small one, a large one, and a range of the first row."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from condenslab.figures import checks, legends, style


@style.styled
def sample_plan(
    ax: Axes,
    labels: Sequence[str],
    samples: ArrayLike,
    parameters: ArrayLike,
    *,
    practical: tuple[float, float] | None = None,
) -> None:
    """Draws, for a model and its alternatives, how many samples a target needs beside how many parameters there are.

    Rows go from top to bottom on one logarithmic axis; the first is the model that was asked about.

    Args:
        ax: The axes.
        labels: What each row is, length k.
        samples: Needed samples, shape (k,), at least 0; NaN where not known. 0 is drawn at the left end.
        parameters: Parameters of the model, shape (k,), at least 1.
        practical: (low, high), the range of samples that experiments needed for the first row.

    Raises:
        ValueError: Shapes that do not fit, numbers out of range, or no row.
    """
    needed = np.asarray(samples, dtype=np.float64)
    sizes = checks.numbers("parameters", parameters, 1)
    if needed.shape != sizes.shape or len(labels) != len(sizes) or not len(labels):
        raise ValueError(
            f"labels, samples and parameters must have one entry a row, at least one. Got {len(labels)} labels and "
            f"shapes {needed.shape} and {sizes.shape}."
        )
    if np.any(np.isinf(needed)) or np.any(needed < 0) or np.any(sizes < 1):
        raise ValueError("samples must be at least 0 or NaN, and parameters at least 1. Got other ones.")
    places = np.arange(len(sizes))
    left = 0.5 if np.any(needed < 1) else 0.45 * min(float(np.nanmin(needed, initial=np.inf)), float(sizes.min()))
    if practical is not None:
        span = practical[1] - practical[0]
        ax.barh(0, span, left=practical[0], height=0.62, color="#D5D5D5", label="needed in experiments")
    known = np.isfinite(needed)
    drawn = np.maximum(needed, left)
    ax.hlines(places[known], drawn[known], sizes[known], color="#BBBBBB", linewidth=1.0, zorder=1)
    look = {"linestyle": "none", "zorder": 3}
    ax.plot(drawn[known], places[known], "o", color=style.OKABE_ITO["blue"], label="samples needed, O", **look)
    ax.plot(sizes, places, "D", color=style.OKABE_ITO["vermillion"], mfc="none", label="parameters, M", **look)
    _numbers(ax, places, drawn, needed, sizes)
    ax.set_xscale("log")
    ax.set_xlim(left / 1.15, 3.5 * float(max(sizes.max(), np.nanmax(needed, initial=1.0))))
    ax.xaxis.set_major_locator(LogLocator(10))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.readable(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_yticks(places, list(labels))
    ax.set_ylim(len(places) - 0.4, -0.6)
    ax.set_xlabel("count (samples, parameters; logarithmic)")
    rows = [f"{label}: {_whole(n)} of {_whole(m)}" for label, n, m in zip(labels, needed, sizes, strict=True)]
    style.describe(ax, f"Samples needed of parameters: {'; '.join(rows)}.")
    legends.legend_below(ax)


def _numbers(ax: Axes, places: np.ndarray, drawn: np.ndarray, needed: np.ndarray, sizes: np.ndarray) -> None:
    """Writes the numbers above their marks; those of marks that coincide only once, with both names."""
    for place, at, n, m in zip(places, drawn, needed, sizes, strict=True):
        if np.isfinite(n) and not n * 1.3 > m:
            ax.annotate(_whole(n), (at, place), (0, 5), textcoords="offset points", ha="center", fontsize=8)
        text = f"{_whole(n)} of {_whole(m)}" if np.isfinite(n) and n * 1.3 > m else _whole(m)
        ax.annotate(text, (m, place), (7, 0), textcoords="offset points", ha="left", va="center", fontsize=8)


def _whole(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u2009") if np.isfinite(value) else "unknown"
