"""Can a figure be read: no text is cut at its edge, none lies on another, and every panel has room."""

import warnings
from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

_LEAST_AXES = 1.1, 0.55
_TOUCH = 1.5


def unreadable(figure: Figure) -> list[str]:
    """Returns what keeps a figure from being read at its present size: one sentence a fault, empty if there is none.

    Looked for are a panel whose axes have less than 1.1 by 0.55 inches, text that is cut at the edge of the figure, and
    text on other text by more than 1.5 pixels. Slanted text and axes in three dimensions are left out.

    Args:
        figure: The matplotlib figure; it is laid out, not rendered.

    Example:
        >>> from condenslab.figures import panels
        >>> figure, axes = panels(1, 1, width=2.0)
        >>> _ = axes[0, 0].set_title("a title that is longer than its panel is wide, and so is cut")
        >>> unreadable(figure)
        ["cut at the edge: 'a title that is longer than its panel is wide, and so is cut'"]
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.draw_without_rendering()
    if any("collapsed to zero" in str(warning.message) for warning in caught):
        return ["the labels leave no room for the panels"]
    return [*_small_panels(figure), *_misplaced(figure)]


def _small_panels(figure: Figure) -> Iterator[str]:
    for number, ax in enumerate(figure.axes, start=1):
        box = ax.get_window_extent()
        sizes = box.width / figure.dpi, box.height / figure.dpi
        if ax.get_subplotspec() is not None and (sizes[0] < _LEAST_AXES[0] or sizes[1] < _LEAST_AXES[1]):
            yield f"panel {number} has {sizes[0]:.1f} by {sizes[1]:.1f} inches"


def _misplaced(figure: Figure) -> Iterator[str]:
    texts = [text for text in _drawn(figure) if text.get_rotation() % 90 == 0]
    boxes = np.array([Text.get_window_extent(text).extents for text in texts]).reshape(-1, 4)  # without arrows
    low, high = boxes[:, :2] + _TOUCH, boxes[:, 2:] - _TOUCH
    edge = np.array([figure.bbox.width, figure.bbox.height])
    for index in np.flatnonzero((low < 0).any(1) | (high > edge).any(1)):
        yield f"cut at the edge: {texts[index].get_text()!r}"
    overlap = ((low[:, None] < high) & (low < high[:, None])).all(2)
    for one, other in np.argwhere(np.triu(overlap, 1)):
        yield f"one on the other: {texts[one].get_text()!r} and {texts[other].get_text()!r}"


def _drawn(figure: Figure) -> list[Text]:
    """The texts that are drawn: ticks outside of their axis are not, though they are part of the figure."""
    hidden = {id(text) for ax in figure.axes for text in _not_drawn(ax)}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and id(text) not in hidden]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def _not_drawn(ax: Axes) -> Iterator[Text]:
    if not ax.get_visible() or ax.name == "3d":
        yield from (text for text in ax.findobj(Text) if isinstance(text, Text))
        return
    for axis in (ax.xaxis, ax.yaxis):
        yield from _outside(axis, drawn=ax.axison and axis.get_visible())


def _outside(axis: Axis, *, drawn: bool) -> Iterator[Text]:
    shown = [*axis.get_major_ticks(), *axis.get_minor_ticks()] if drawn else []
    with np.errstate(divide="ignore", invalid="ignore"):  # a tick at 0 of a logarithmic axis is outside
        places = axis.get_transform().transform(np.array([tick.get_loc() for tick in shown], float))
        low, high = sorted(axis.get_transform().transform(np.array(axis.get_view_interval(), float)))
    slack = 1e-9 * (high - low)
    inside = {id(tick) for tick, place in zip(shown, places, strict=True) if low - slack <= place <= high + slack}
    for tick in (*axis.majorTicks, *axis.minorTicks):  # with those kept for a later use
        if id(tick) not in inside:
            yield from (tick.label1, tick.label2)
    if not drawn:
        yield from (axis.label, axis.offsetText)
