"""Where on a drawing the interactive parts of its figure are: places in the units of axes become places of the SVG."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from condenslab.figures.interactive import attached


def placed(figure: Figure) -> list[dict[str, Any]]:
    """Returns the interactive parts of a figure, with places in points from the upper left corner of its canvas.

    Args:
        figure: The figure, after its layout.

    Returns:
        For each part `kind`, what it needs, `title` of the panel and `panel`: left, top, width, height of the axes.
        Spots have `at`, the same of theirs; a threshold has `ends`: where its limits are on the axis that it moves
        along.
    """
    return [_placed(figure, ax, part) for ax in figure.axes if ax.get_visible() for part in attached(ax)]


def _placed(figure: Figure, ax: Axes, part: dict[str, Any]) -> dict[str, Any]:
    box = ax.get_window_extent().transformed(figure.dpi_scale_trans.inverted())
    corner = (box.x0, figure.get_figheight() - box.y1, box.width, box.height)
    found = {**part, "panel": [round(72 * float(number), 1) for number in corner], "title": ax.get_title(loc="left")}
    if part["kind"] == "spots":
        found["spots"] = [_spot(figure, ax, spot) for spot in part["spots"]]
    if part["kind"] == "threshold":
        across = part["rule"] == "at"
        low, high = ((end, ax.get_ylim()[0]) if across else (ax.get_xlim()[0], end) for end in part["limits"])
        found["ends"] = [_point(figure, ax, *end)[0 if across else 1] for end in (low, high)]
    return found


def _spot(figure: Figure, ax: Axes, spot: dict[str, Any]) -> dict[str, Any]:
    left, bottom, right, top = spot["box"]
    one, other = _point(figure, ax, left, bottom), _point(figure, ax, right, top)
    (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(one, other, strict=True))
    at = [round(number, 1) for number in (x0, y0, x1 - x0, y1 - y0)]
    return {"at": at, "words": spot["words"], **({"detail": spot["detail"]} if spot["detail"] else {})}


def _point(figure: Figure, ax: Axes, x: float, y: float) -> tuple[float, float]:
    across, up = figure.dpi_scale_trans.inverted().transform(ax.transData.transform((x, y)))
    return 72 * float(across), 72 * (figure.get_figheight() - float(up))
