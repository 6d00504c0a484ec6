"""The numbers that a figure is drawn from, read off the figure itself: what a reader downloads is what is drawn."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection, PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

_MOST = 20_000
_DIGITS = 7


def of(figure: Figure) -> list[dict[str, Any]]:
    """Returns the series of every panel of a matplotlib figure.

    Args:
        figure: The figure.

    Returns:
        For each panel `title`, `x`, `y` (labels of the axes) and `series`: for each `name` and `kind` ("line",
        "points", "bars" or "map") with its numbers; a series of more than 20,000 numbers has `left_out`, their count,
        instead.
    """
    return [
        {
            "title": ax.get_title(loc="left") or ax.get_title(),
            "x": ax.get_xlabel(),
            "y": ax.get_ylabel(),
            "series": shown,
        }
        for ax in figure.axes
        if not hasattr(ax, "_colorbar") and (shown := [*map(_within, _series(ax))])
    ]


def of_traces(figure: Any) -> list[dict[str, Any]]:
    """Returns the same of a plotly figure, as one panel.

    Args:
        figure: The figure.
    """
    series = []
    for trace in figure.data:
        parts = {axis: getattr(trace, axis, None) for axis in ("x", "y", "z")}
        listed = {axis: _listed(part) for axis, part in parts.items() if part is not None}
        series.append(_within({"name": trace.name or "", "kind": trace.type} | listed))
    return [{"title": "", "x": "x", "y": "y", "series": series}]


def _series(ax: Axes) -> Iterator[dict[str, Any]]:
    for line in ax.lines:
        x, y = line.get_data(orig=False)
        yield {"name": _named(line), "kind": "line", "x": _listed(x), "y": _listed(y)}
    for part in ax.collections:
        if isinstance(part, QuadMesh):
            yield {"name": _named(part), "kind": "map", "z": _listed(part.get_array())}
        elif isinstance(part, PathCollection):
            x, y = np.ma.filled(np.ma.asarray(part.get_offsets(), dtype=float), np.nan).T
            yield {"name": _named(part), "kind": "points", "x": _listed(x), "y": _listed(y)} | _values(part)
    for image in ax.images:
        yield {"name": _named(image), "kind": "map", "z": _listed(image.get_array())}
    for bars in ax.containers:
        if isinstance(bars, BarContainer):
            boxes = [bar.get_bbox() for bar in bars.patches]
            parts = {"left": "x0", "right": "x1", "bottom": "y0", "top": "y1"}
            ends = {name: _listed([getattr(box, end) for box in boxes]) for name, end in parts.items()}
            yield {"name": _named(bars), "kind": "bars"} | ends


def _values(points: Collection) -> dict[str, Any]:
    array = points.get_array()
    return {} if array is None or array.ndim != 1 else {"z": _listed(array)}


def _named(artist: Any) -> str:
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _listed(numbers: Any) -> list[Any]:
    """Returns numbers as nested lists with seven significant digits; what is not finite is None."""
    array = np.ma.filled(np.ma.asarray(numbers), np.nan) if np.ma.isMaskedArray(numbers) else np.asarray(numbers)
    if array.dtype.kind not in "biuf":
        return [str(entry) for entry in array.ravel()]
    if array.ndim > 1:
        return [_listed(row) for row in array]
    return [float(f"{entry:.{_DIGITS}g}") if np.isfinite(entry) else None for entry in array.astype(float)]


def _within(series: dict[str, Any]) -> dict[str, Any]:
    sizes = {key: np.size(np.asarray(part, dtype=object)) for key, part in series.items() if isinstance(part, list)}
    size = sum(sizes.values())
    return series if size <= _MOST else {"name": series["name"], "kind": series["kind"], "left_out": size}
