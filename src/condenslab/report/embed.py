"""A figure as part of a page: an image inside the HTML, or an interactive plot without anything to fetch."""

import base64
import io
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from condenslab import figures

_MOST_SVG_BYTES = 700_000
_DPI = 200
_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "plotlyServerURL": "",
    "modeBarButtons": [["toImage", "zoom2d", "resetScale2d"]],
}


def is_plotly(figure: Any) -> bool:
    """Says whether the figure is plotly's; everything else must be matplotlib's."""
    return hasattr(figure, "to_plotly_json")


def words(title: str, figure: Any) -> str:
    """Returns the text alternative: the title, and what the drawing primitives said of their panels."""
    said = _meta(figure).get("description", "") if is_plotly(figure) else figures.description(figure)
    return f"{title.rstrip('.')}. {said}".strip()


@figures.styled
def image(figure: Figure) -> tuple[str, int]:
    """Returns a figure as a data URI and its width in CSS pixels.

    It is SVG, or PNG where the SVG would be larger than 700 kB (many points).

    Args:
        figure: The matplotlib figure.
    """
    kind, data = "svg+xml", _bytes(figure, "svg")
    if len(data) > _MOST_SVG_BYTES:
        kind, data = "png", _bytes(figure, "png")
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}", round(96 * figure.get_figwidth())


def interactive(figure: Any, name: str) -> Markup:
    """Returns the HTML of a plotly figure, without the library.

    Args:
        figure: The plotly figure.
        name: The id of its element, unique in the page.
    """
    return Markup(figure.to_html(full_html=False, include_plotlyjs=False, auto_play=False, config=_CONFIG, div_id=name))


def library() -> Markup:
    """Returns plotly.js itself, to be put into the page once."""
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


def _meta(figure: Any) -> dict[str, Any]:
    meta = figure.layout.meta
    return meta if isinstance(meta, dict) else {}


def _bytes(figure: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    date = {"Date": None} if kind == "svg" else None
    figure.savefig(buffer, format=kind, dpi=_DPI, metadata=date, bbox_inches="tight", pad_inches=0.05)
    return buffer.getvalue()
