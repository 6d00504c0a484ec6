"""A network as it is drawn on a blackboard: neurons as circles, weights as lines whose width is their size."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from condenslab.figures import checks, style

_WIDEST, _THINNEST = 6.0, 0.7
_RADIUS = 15.0
_POSITIVE, _NEGATIVE = style.OKABE_ITO["blue"], style.OKABE_ITO["vermillion"]
_EMPTY = "#EEEEEE"


@style.styled
def network_diagram(
    ax: Axes,
    incoming: ArrayLike,
    outgoing: ArrayLike,
    *,
    inputs: Sequence[str] = ("x", "1"),
    names: Sequence[str] = (),
    copies: Sequence[int] = (),
    largest: tuple[float, float] | None = None,
) -> None:
    """Draws a network of one hidden layer and one output: positive weights solid blue, negative ones dashed red.

    The width of a line is the root of the weight's size relative to the largest one of its layer, so that small ones
    are seen too; output weights are written on their lines. A weight of exactly zero is a thin dotted line.

    Args:
        ax: The axes; its frame and ticks go.
        incoming: Input weights, a bias as the last one, shape (neuron, input).
        outgoing: Output weights, shape (neuron,).
        inputs: Names of the inputs.
        names: Of the neurons, written into their circles; numbers by default.
        copies: Neurons, counted from 0, to fill in one colour because they are copies of each other.
        largest: Sizes of input and output weights that get the widest line, where diagrams are compared.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, or a size that is not positive.

    Example:
        >>> figure, axes = style.panels()
        >>> network_diagram(axes[0, 0], [[1.0, 0.5], [-2.0, 0.0]], [1.0, 3.0])
    """
    weights, out = checks.numbers("incoming", incoming, 2), checks.numbers("outgoing", outgoing, 1)
    checks.same_length("incoming", weights, "outgoing", out)
    checks.same_length("inputs", np.asarray(inputs, dtype=object), "columns of incoming", weights.T)
    sizes = largest or (float(np.abs(weights).max()), float(np.abs(out).max()))
    if not min(sizes) >= 0 or (largest and not min(sizes) > 0):
        raise ValueError(f"largest must be two positive sizes. Got {largest}.")
    left, middle = _heights(len(inputs)), _heights(len(out))
    for neuron, height in enumerate(middle):
        for column, start in enumerate(left):
            _edge(ax, (0.0, start), (1.0, height), weights[neuron, column], sizes[0])
        _edge(ax, (1.0, height), (2.0, 0.5), out[neuron], sizes[1])
        _weight(ax, height, out[neuron])
    for text, height in zip(inputs, left, strict=True):
        _node(ax, 0.0, height, text)
    for number, (text, height) in enumerate(zip(names or map(str, range(1, len(out) + 1)), middle, strict=True)):
        _node(ax, 1.0, height, text, fill=style.OKABE_ITO["yellow"] if number in copies else _EMPTY)
    _node(ax, 2.0, 0.5, "f")
    ax.set_xlim(-0.2, 2.2)
    ax.set_ylim(-0.12, 1.12)
    ax.set_axis_off()
    listed = ", ".join(style.readable(value) for value in out)
    style.describe(ax, f"{style.counted(len(out), 'neuron')} with output weights {listed}.")


def _heights(number: int) -> np.ndarray:
    """Returns heights of so many circles from top to bottom, evenly within [0, 1]."""
    return 1.0 - (np.arange(number) + 0.5) / number


def _edge(ax: Axes, start: tuple[float, float], end: tuple[float, float], weight: float, largest: float) -> None:
    share = abs(weight) / largest if largest else 0.0
    colour = style.GREY if weight == 0 else _POSITIVE if weight > 0 else _NEGATIVE
    line = ":" if weight == 0 else "-" if weight > 0 else "--"
    width = max(_THINNEST, _WIDEST * share**0.5)
    ax.plot(*zip(start, end, strict=True), color=colour, linestyle=line, linewidth=width, alpha=0.85, zorder=1)


def _weight(ax: Axes, height: float, weight: float) -> None:
    """Writes an output weight on its line, where lines are still apart."""
    place, beyond = 0.42, {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.9}
    text = style.readable(weight, 3).replace("-", "−")
    at = (1.0 + place, height + place * (0.5 - height))
    ax.text(*at, text, ha="center", va="center", fontsize=9, bbox=beyond, zorder=4)


def _node(ax: Axes, across: float, height: float, text: str, fill: str = "white") -> None:
    look = {"marker": "o", "markersize": 2 * _RADIUS, "markeredgecolor": "#444444", "markerfacecolor": fill}
    ax.plot([across], [height], linestyle="none", zorder=3, **look)
    ax.text(across, height, text, ha="center", va="center", fontsize=9, zorder=5)
