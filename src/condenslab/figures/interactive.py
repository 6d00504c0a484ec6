"""What a figure can tell beyond what it shows; the atlas lets a reader ask for it, the still figure stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from condenslab.figures import checks


@dataclass(frozen=True)
class Spot:
    """A place of a panel that has something to say.

    Attributes:
        box: Left, bottom, right and top, in the units of the axes.
        words: What is there, a few words and numbers.
        detail: What opens from there, as JSON can hold it, or None; see `run_detail` and `seeds_detail`.
    """

    box: tuple[float, float, float, float]
    words: str
    detail: dict[str, Any] | None = None


_ATTACHED: WeakKeyDictionary[Axes, list[dict[str, Any]]] = WeakKeyDictionary()


def attach(ax: Axes, kind: str, content: Mapping[str, Any]) -> None:
    """Adds something interactive to a panel.

    Args:
        ax: The panel.
        kind: "spots", "threshold", "orders" or "scene".
        content: What the page's code of that kind needs, as JSON can hold it; places in the units of the axes.
    """
    _ATTACHED.setdefault(ax, []).append({"kind": kind, **content})


def attached(ax: Axes) -> list[dict[str, Any]]:
    """Returns what is interactive of a panel, in the order in which it was added."""
    return list(_ATTACHED.get(ax, []))


def add_spots(ax: Axes, spots: Sequence[Spot]) -> None:
    """Names places of a panel, such as the cells of a map.

    Args:
        ax: The panel.
        spots: The places; they should not overlap.
    """
    listed = [{"box": [float(end) for end in s.box], "words": s.words, "detail": s.detail} for s in spots]
    attach(ax, "spots", {"spots": listed})


def add_threshold(
    ax: Axes, rule: Literal["above", "at"], series: Mapping[str, Any], *, start: float, limits: tuple[float, float]
) -> None:
    """Lets a reader move a threshold over a panel and read what it counts.

    Args:
        ax: The panel. Several calls share one slider.
        rule: "above": how many values exceed it, a level of the vertical axis. "at": what curves say at it, a place of
            the horizontal axis.
        series: By name the values, or for "at" pairs (thresholds, counts).
        start: Where the threshold stands at first.
        limits: Between which it moves.
    """
    logarithmic = (ax.get_yscale() if rule == "above" else ax.get_xscale()) == "log"
    listed = [[name, _short(values)] for name, values in series.items()]
    content = {"rule": rule, "series": listed, "start": float(start), "limits": [float(end) for end in limits]}
    attach(ax, "threshold", {**content, "log": logarithmic})


def run_detail(
    x: ArrayLike,
    function: ArrayLike,
    *,
    samples: tuple[ArrayLike, ArrayLike] | None = None,
    angle: ArrayLike | None = None,
    amplitude: ArrayLike | None = None,
) -> dict[str, Any]:
    """Returns the function and the neurons of a run, for a `Spot`.

    Args:
        x: The grid, shape (n,).
        function: The output on it, shape (n,).
        samples: Inputs and targets learnt from, shapes (s,) and (s,).
        angle: atan2(b, w) of neurons in radians, shape (m,).
        amplitude: |a|·‖(w, b)‖ of the same neurons, shape (m,).

    Raises:
        ValueError: Shapes that do not fit, or numbers that are not finite.
    """
    grid, heights = checks.numbers("x", x, 1), checks.numbers("function", function, 1)
    checks.same_length("x", grid, "function", heights)
    detail: dict[str, Any] = {"show": "run", "x": _short(grid), "y": _short(heights)}
    if samples is not None:
        detail["samples"] = [_short(part) for part in samples]
    if angle is not None and amplitude is not None:
        turned, sizes = checks.numbers("angle", angle, 1), checks.numbers("amplitude", amplitude, 1)
        checks.same_length("angle", turned, "amplitude", sizes)
        detail["neurons"] = [np.round(turned, 3).tolist(), np.round(sizes / (sizes.max() or 1.0), 4).tolist()]
    return detail


def seeds_detail(name: str, values: Mapping[str, float], *, logarithmic: bool = True) -> dict[str, Any]:
    """Returns what single runs gave, for a `Spot`.

    Args:
        name: What was measured.
        values: By run; what is not finite says that the run diverged.
        logarithmic: Whether values are compared by their logarithms.
    """
    rows = [[run, float(f"{value:.4g}") if np.isfinite(value) else None] for run, value in values.items()]
    return {"show": "seeds", "name": name, "rows": rows, "log": logarithmic}


def _short(numbers: Any) -> list[Any]:
    """Returns numbers with five significant digits, as nested lists."""
    array = np.asarray(numbers, dtype=float)
    return [_short(row) if array.ndim > 1 else float(f"{row:.5g}") for row in array]
