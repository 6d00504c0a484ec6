"""A matplotlib figure as SVG that can stand inside a page: small, without ids that clash, in colours of the page."""

import io
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from condenslab import figures
from condenslab.report import colours, live, marks, pictures, ticks

_DPI = 150
_PAD = 0.05
_FIXED = "fixed"
_MAPS = (QuadMesh, AxesImage, ContourSet)
_LINK = "{http://www.w3.org/1999/xlink}href"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_DIGITS = re.compile(r"(\d+\.\d\d)\d+")
_PLACED = ("d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "points", "cx", "cy", "r")


@dataclass(frozen=True)
class Drawn:
    """A figure as SVG.

    Attributes:
        text: The element.
        width: In CSS pixels at its natural size.
        panels: Of each panel x, y, width and height in the units of the element's view box.
        live: Its interactive parts, see `live.placed`.
    """

    text: str
    width: int
    panels: list[list[float]]
    live: list[dict[str, Any]]


@figures.styled
def drawn(figure: Figure, name: str) -> Drawn:
    """Draws a figure as SVG whose colours are variables of the page.

    Layers of more than 300 marks, or of lines through more than 3,000 points, become an image inside the SVG. Colours
    that stand for numbers, with their labels, are the same on a light and on a dark page.

    Args:
        figure: The matplotlib figure.
        name: Put before its ids, unique in the page.
    """
    marks.as_image(figure)
    for artist in figure.findobj():
        if _is_fixed(artist):
            artist.set_gid(_FIXED)
    _laid_out(figure)
    boxes = _boxes(figure)
    shared = [legend.get_window_extent() for legend in figure.legends]
    words = [text.get_window_extent() for text in figure.texts if text.get_visible()]
    whole = _inches(figure, Bbox.union([*boxes, *shared, *words])).padded(_PAD)
    panels = [_view(figure, _inches(figure, box).padded(2 / 72)) for box in [*boxes, *shared]]
    parts = live.placed(figure)
    return Drawn(_element(_document(figure, _DPI), name, _view(figure, whole)), round(96 * whole.width), panels, parts)


@figures.styled
def thumbnail(figure: Figure, name: str) -> str:
    """Draws the first panel alone, without a word in it. The figure is not fit for anything else afterwards.

    Args:
        figure: The matplotlib figure.
        name: Put before its ids, unique in the page.
    """
    first = figure.axes[0]
    for ax in figure.axes[1:]:
        ax.set_visible(False)
    for legend in figure.legends:
        legend.set_visible(False)
    for text in figure.findobj(Text):
        text.set_visible(False)
    if (legend := first.get_legend()) is not None:
        legend.set_visible(False)
    first.set_axis_off() if first.images else first.tick_params(which="both", length=0)
    _laid_out(figure)
    box = _inches(figure, first.get_window_extent()).padded(0.02)
    return _element(_document(figure, 100), name, _view(figure, box))


def _is_fixed(artist: Artist) -> bool:
    """Says whether the colours of an artist stand for numbers, or are to be read on ones that do: they stay."""
    if isinstance(artist, ScalarMappable):
        return artist.get_array() is not None
    ax = artist.axes
    if not isinstance(ax, Axes) or not any(isinstance(other, _MAPS) for other in ax.get_children()):
        return False
    written = isinstance(artist, Text) and artist.get_transform() == ax.transData
    return written or any(artist is other for other in (*ax.lines, *ax.collections, *ax.patches))


def _laid_out(figure: Figure) -> None:
    """Fixes places of axes once: drawing would lay them out anew, which takes as long as drawing itself."""
    ticks.make_plain(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def _boxes(figure: Figure) -> list[Bbox]:
    """Returns the panels in pixels; a colour bar belongs to the panel that it is of."""
    boxes: dict[Axes, Bbox] = {}
    for ax in figure.axes:
        bar = getattr(ax, "_colorbar", None)
        of = getattr(getattr(bar, "mappable", None), "axes", None) or ax
        box = ax.get_tightbbox() if ax.get_visible() else None
        if box is not None:
            boxes[of] = Bbox.union([boxes[of], box]) if of in boxes else box
    return list(boxes.values())


def _inches(figure: Figure, box: Bbox) -> Bbox:
    return box.transformed(figure.dpi_scale_trans.inverted())


def _view(figure: Figure, box: Bbox) -> list[float]:
    """Returns x, y, width and height of a box in inches, in points from the upper left corner of the canvas."""
    corner = (box.x0, figure.get_figheight() - box.y1, box.width, box.height)
    return [round(72 * float(number), 1) for number in corner]


def _document(figure: Figure, dpi: int) -> bytes:
    """Draws the whole canvas once; `savefig` would draw it a first time only to measure it."""
    figure.set_dpi(dpi)
    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    return buffer.getvalue()


def _element(document: bytes, name: str, view: list[float]) -> str:
    root = ElementTree.fromstring(document)
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith("}metadata") or child.tag.endswith("}style"):
                parent.remove(child)
    wanted = set(re.findall(r"(?:xlink:href=\"#|url\(#)([^\")]+)", document.decode()))
    _clean(root, name, wanted, fixed=False)
    drawing = ElementTree.Element("g", {"id": f"{name}-all"})
    drawing.extend(list(root))
    for child in list(root):
        root.remove(child)
    root.append(drawing)
    style = f"stroke-linejoin:round;stroke-linecap:butt;fill:{colours.variable('#000000')}"
    root.attrib = {"class": "whole", "viewBox": " ".join(f"{number:g}" for number in view), "style": style}
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element, name: str, wanted: set[str], *, fixed: bool) -> None:
    starts = not fixed and element.attrib.get("id") == _FIXED
    fixed = fixed or starts
    element.tag = element.tag.rpartition("}")[2]
    attributes = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value not in wanted:
                continue
            value = f"{name}-{value}"
        elif key == _LINK:
            if not value.startswith(("#", "data:image/")):
                continue
            key, value = "href", f"#{name}-{value[1:]}" if value.startswith("#") else pictures.lighter(value)
        elif key in _PLACED or (key == "transform" and "translate" in value and "scale" not in value):
            value = _DIGITS.sub(r"\1", value)
        value = value.replace("url(#", f"url(#{name}-")
        if key in ("style", "fill", "stroke") and not fixed:
            value = _COLOUR.sub(lambda found: colours.variable(found[0]), value)
        attributes[key] = value
    if starts:
        attributes["fill"] = "#000000"
    element.attrib = attributes
    element.text = element.text if element.text and element.text.strip() else None
    element.tail = None
    for child in element:
        _clean(child, name, wanted, fixed=fixed)
