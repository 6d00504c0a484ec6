"""How every figure looks: colours that survive colour blindness and grey printing, sizes, legends beside the data.

Nothing here changes matplotlib's settings for others: the style is a context that a primitive enters and leaves, and
figures are made without pyplot, so that a figure drawn in a library never opens a window nor leaks.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}
"""The eight colours of Okabe and Ito (2008), told apart by all common kinds of colour vision."""

GREY = "#6B6B6B"
DIVERGING = "RdBu_r"

_SUPERSCRIPT = str.maketrans("-−.0123456789", "⁻⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")

_SERIES_COLOURS = ("blue", "vermillion", "green", "purple", "orange", "sky blue")
_LINE_STYLES = ("-", "--", "-.", (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5, 1, 1.5)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_RC: dict[Any, Any] = {
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 7.0,
    "axes.labelsize": 9.0,
    "axes.facecolor": "white",
    "axes.edgecolor": "#444444",
    "axes.labelcolor": "#222222",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": True,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelcolor": "#222222",
    "ytick.labelcolor": "#222222",
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "hatch.linewidth": 0.6,
    "mathtext.fontset": "dejavusans",
    "svg.fonttype": "path",
    "svg.hashsalt": "condenslab",
    "pdf.fonttype": 42,
}


class Series(NamedTuple):
    """What tells one series from the next: a colour, a line style and a marker, never the colour alone."""

    colour: str
    line_style: str | tuple[float, tuple[float, ...]]
    marker: str


def readable(value: float, digits: int = 3) -> str:
    """Writes a number with that many significant digits, as people do: plain where that is short, else with ×10ⁿ.

    Args:
        value: A finite number.
        digits: Significant digits, at least 1. Digits before the decimal point are never rounded away.

    Example:
        >>> readable(0.10902), readable(3.21e-11), readable(1500.0), readable(2e6)
        ('0.109', '3.21×10⁻¹¹', '1500', '2×10⁶')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        whole = len(f"{abs(value):.0f}") if abs(value) >= 1 else 1
        return np.format_float_positional(value, precision=max(digits, whole), fractional=False, trim="-")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}×{power('10', int(exponent))}"


def power(base: str, exponent: float) -> str:
    """Writes a power with its exponent raised, as people do.

    Args:
        base: What is raised, for example "m".
        exponent: A number, of which three significant digits are written.

    Example:
        >>> power("m", -3), power("m", -0.2)
        ('m⁻³', 'm⁻⁰·²')
    """
    return base + np.format_float_positional(exponent, 3, fractional=False, trim="-").translate(_SUPERSCRIPT)


def counted(number: int, noun: str) -> str:
    """Writes a number with its noun, in the plural where there is not just one.

    Args:
        number: How many.
        noun: In the singular; its plural ends in "s".

    Example:
        >>> counted(1, "seed"), counted(1200, "seed")
        ('1 seed', '1,200 seeds')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def next_series(ax: Axes) -> Series:
    """Returns the look of the next named line on the axes; lines whose label starts with "_" do not count."""
    return series(sum(not str(line.get_label()).startswith("_") for line in ax.lines))


def series(index: int) -> Series:
    """Returns the look of the series with that index; the combinations repeat after 210 series.

    Args:
        index: 0, 1, 2, …

    Example:
        >>> series(0).colour, series(0).line_style
        ('#0072B2', '-')
    """
    colour = OKABE_ITO[_SERIES_COLOURS[index % len(_SERIES_COLOURS)]]
    return Series(colour, _LINE_STYLES[index % len(_LINE_STYLES)], _MARKERS[index % len(_MARKERS)])


def styled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Makes a drawing function work inside the house style, which ends when the function returns."""

    @wraps(function)
    def inside(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with matplotlib.rc_context(_RC):
            return function(*args, **kwargs)

    return inside


@styled
def panels(rows: int = 1, columns: int = 1, *, width: float = 4.4, height: float = 3.3) -> tuple[Figure, np.ndarray]:
    """Makes an empty figure with a grid of axes, in the house style and without pyplot.

    Args:
        rows: How many rows of panels, at least 1.
        columns: How many columns of panels, at least 1.
        width: Width of one panel in inches. The report shows up to about 10 inches a row without shrinking the text.
        height: Height of one panel in inches.

    Returns:
        The figure and its axes, an array of shape (rows, columns).

    Raises:
        ValueError: No rows, no columns, or a size that is not positive.

    Example:
        >>> figure, axes = panels(1, 2)
        >>> axes.shape
        (1, 2)
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"rows and columns must be at least 1. Got {rows} and {columns}.")
    if not (width > 0 and height > 0):
        raise ValueError(f"width and height of a panel must be positive, in inches. Got {width} and {height}.")
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(width * columns, height * rows), layout=layout)
    return figure, figure.subplots(rows, columns, squeeze=False)


def figure_of(ax: Axes) -> Figure:
    """Returns the whole figure that the axes are in.

    Raises:
        ValueError: They are in none, for example because they were removed.
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("ax must be part of a figure. Got axes without one.")
    return figure


@styled
def title(ax: Axes, text: str) -> None:
    """Sets the title of a panel in the house style: bold, at the left."""
    ax.set_title(text)


def describe(ax: Axes, sentence: str) -> None:
    """Adds what a panel shows, in words and numbers, for readers who cannot see it.

    The sentence is kept as the label of the axes, so it travels with the figure and is not drawn.

    Args:
        ax: The panel.
        sentence: One sentence; further calls on the same panel add theirs.
    """
    ax.set_label(f"{_own_label(ax)} {sentence}".strip())


def description(figure: Figure) -> str:
    """Returns the sentences given to `describe` for all panels of a figure, in order of drawing."""
    return " ".join(filter(None, map(_own_label, figure.axes)))


def _own_label(ax: Axes) -> str:
    label = str(ax.get_label() or "")
    return "" if label.startswith("<") else label


def spread(positions: np.ndarray, gap: float) -> np.ndarray:
    """Moves points on a line apart until neighbours keep a distance, as little as possible.

    The result minimises the sum of squared moves among all that keep the order: least-squares isotonic regression of
    positions − gap·rank (pool adjacent violators).

    Args:
        positions: Wanted positions, shape (k,), in any order.
        gap: Least distance of neighbours, in the same units.

    Returns:
        New positions, shape (k,), in the order of the input.

    Example:
        >>> spread(np.array([0.0, 0.0, 10.0]), 2.0)
        array([-1.,  1., 10.])
    """
    order = np.argsort(positions, kind="stable")
    ranks = np.arange(len(order))
    blocks: list[tuple[float, int]] = []
    for value in np.asarray(positions, dtype=float)[order] - gap * ranks:
        mean, size = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    moved = np.empty(len(order))
    moved[order] = np.repeat([mean for mean, _ in blocks], [size for _, size in blocks]) + gap * ranks
    return moved
