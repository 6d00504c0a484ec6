"""A figure as the page holds it: inline SVG, a film, or the numbers of an interactive plot, with its data."""

import json
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from condenslab import figures
from condenslab.report import numbers, svg


@dataclass(frozen=True)
class Plate:
    """A figure as the page shows it.

    Attributes:
        anchor: Its id in the page.
        title: A few words.
        caption: What is drawn.
        alt: The same for those who cannot see it.
        kind: "svg", "film" or "plotly".
        drawing: The SVG element, or JSON for the page's code.
        width: Natural width in CSS pixels.
        panels: View boxes of the panels of an SVG.
        data: The numbers behind it.
        live: The interactive parts of an SVG.
    """

    anchor: str
    title: str
    caption: str
    alt: str
    kind: str
    drawing: str
    width: int = 960
    panels: list[list[float]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    live: list[dict[str, Any]] = field(default_factory=list)

    @property
    def markup(self) -> Markup:
        """The drawing as it stands in the page."""
        return Markup(self.drawing)


def is_plotly(figure: Any) -> bool:
    """Says whether the figure is plotly's."""
    return hasattr(figure, "to_plotly_json")


def plate(title: str, caption: str, figure: Any, anchor: str) -> Plate:
    """Puts a figure into a form that the page can hold.

    Args:
        title: Its title.
        caption: What is drawn.
        figure: A figure of matplotlib or plotly, or a film.
        anchor: Its id in the page, unique.
    """
    if isinstance(figure, figures.Film):
        alt = f"{title.rstrip('.')}. {figure.description}"
        return Plate(anchor, title, caption, alt, "film", json.dumps(figure.content()), data=_film_data(figure))
    if is_plotly(figure):
        said = figure.layout.meta.get("description", "") if isinstance(figure.layout.meta, dict) else ""
        alt = f"{title.rstrip('.')}. {said}".strip()
        return Plate(anchor, title, caption, alt, "plotly", figure.to_json(), data=numbers.of_traces(figure))
    data = numbers.of(figure)
    made = svg.drawn(figure, anchor)
    alt = f"{title.rstrip('.')}. {figures.description(figure)}".strip()
    return Plate(anchor, title, caption, alt, "svg", made.text, made.width, made.panels, data, made.live)


def thumbnail(figure: Any, anchor: str) -> str:
    """Returns a small picture of a figure's first panel as SVG, empty where it has none that is small.

    Args:
        figure: The figure, which is not fit for anything else afterwards.
        anchor: Put before its ids, unique in the page.
    """
    if isinstance(figure, figures.Film) or is_plotly(figure) or not figure.axes:
        return ""
    return svg.thumbnail(figure, anchor)


def _film_data(film: figures.Film) -> list[dict[str, Any]]:
    content = film.content()
    curve = {"name": "risk", "kind": "line", "x": content["curve"][0], "y": content["curve"][1]}
    shown = [
        {"name": f"t = {time:g}", "kind": "points", "x": angles, "y": logs}
        for time, angles, logs in zip(content["times"], content["angles"], content["amplitudes"], strict=True)
    ]
    lines = [
        {"name": f"t = {time:g}", "kind": "line", "x": content["x"], "y": output}
        for time, output in zip(content["times"], content["outputs"], strict=True)
    ]
    return [
        {"title": "risk", "x": "time t", "y": "risk R", "series": [curve]},
        {"title": "function", "x": "input x", "y": "output f(x)", "series": lines},
        {"title": "neurons", "x": "orientation of (w, b) (rad)", "y": "log10 amplitude", "series": shown},
    ]
