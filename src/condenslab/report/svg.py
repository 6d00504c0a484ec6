"""A matplotlib figure as SVG that can stand inside a page: small, without ids that clash, in colours of the page."""

import io
import re
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import Collection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from condenslab import figures
from condenslab.report import colours

_DPI = 150
_MOST_POINTS = 1500
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
    """

    text: str
    width: int
    panels: list[list[float]]


@figures.styled
def drawn(figure: Figure, name: str) -> Drawn:
    """Draws a figure as SVG whose colours are variables of the page.

    Layers of more than 1,500 points become an image inside the SVG. Colours that stand for numbers, with their labels,
    are the same on a light and on a dark page.

    Args:
        figure: The matplotlib figure.
        name: Put before its ids, unique in the page.
    """
    for artist in figure.findobj(_many):
        artist.set_rasterized(True)
    for artist in figure.findobj(_is_fixed):
        artist.set_gid(_FIXED)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=_DPI, metadata={"Date": None}, bbox_inches="tight", pad_inches=_PAD)
    whole = figure.get_tightbbox().padded(_PAD)
    return Drawn(_element(buffer.getvalue(), name), round(96 * whole.width), _panels(figure, whole))


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
    box = first.get_window_extent().transformed(figure.dpi_scale_trans.inverted()).padded(0.02)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=100, metadata={"Date": None}, bbox_inches=box)
    return _element(buffer.getvalue(), name)


def _many(artist: Artist) -> bool:
    return isinstance(artist, Collection) and np.size(artist.get_offsets()) > 2 * _MOST_POINTS


def _is_fixed(artist: Artist) -> bool:
    """Says whether the colours of an artist stand for numbers, or are to be read on ones that do: they stay."""
    if isinstance(artist, ScalarMappable):
        return artist.get_array() is not None
    ax = artist.axes
    if not isinstance(ax, Axes) or not any(isinstance(other, _MAPS) for other in ax.get_children()):
        return False
    written = isinstance(artist, Text) and artist.get_transform() == ax.transData
    return written or any(artist is other for other in (*ax.lines, *ax.collections, *ax.patches))


def _panels(figure: Figure, whole: Bbox) -> list[list[float]]:
    """Returns the panels in points from the upper left corner; a colour bar belongs to the panel that it is of."""
    boxes: dict[Axes, Bbox] = {}
    for ax in figure.axes:
        bar = getattr(ax, "_colorbar", None)
        of = getattr(getattr(bar, "mappable", None), "axes", None) or ax
        box = ax.get_tightbbox()
        if box is not None and ax.get_visible():
            boxes[of] = Bbox.union([boxes[of], box]) if of in boxes else box
    shared = [legend.get_window_extent() for legend in figure.legends]
    inches = [box.transformed(figure.dpi_scale_trans.inverted()) for box in [*boxes.values(), *shared]]
    left, top = (72 * number for number in (whole.x0, whole.y1))
    views = [(72 * b.x0 - left - 2, top - 72 * b.y1 - 2, 72 * b.width + 4, 72 * b.height + 4) for b in inches]
    return [[round(float(number), 1) for number in view] for view in views]


def _element(document: bytes, name: str) -> str:
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
    root.attrib = {"class": "whole", "viewBox": root.attrib["viewBox"], "style": style}
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
            key, value = "href", f"#{name}-{value[1:]}" if value.startswith("#") else value
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
