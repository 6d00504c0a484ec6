"""The page of a watched training: a curve of each number for each layer."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from condenslab.errors import UserError
from condenslab.interop.neurons.page import check_name
from condenslab.interop.neurons.texts import INTRODUCTION, STYLE
from condenslab.sweeps.files import write_whole

_SHOWN = (("twins", "share of twins"), ("directions", "directions at .95"), ("nearest", "nearest |cosine|, median"))


def write(run: str, steps: Sequence[tuple[int, Mapping[str, Mapping[str, float]]]], page: str) -> None:
    """Writes the page.

    Args:
        run: Name of the run.
        steps: Step and numbers by layer, in order.
        page: Where to, ending in .html.

    Raises:
        UserError: Nothing is recorded, or the page cannot be written.
    """
    check_name(page)
    if not steps:
        raise UserError(f"nothing is recorded of the run {run!r} yet: call the watcher while it trains")
    rows = []
    for name in steps[-1][1]:
        points = [(step, layers[name]) for step, layers in steps if name in layers]
        curves = [_curve([(step, row[key]) for step, row in points], f"{key} of {name}") for key, _ in _SHOWN]
        cells = "".join(f"<td>{curve}</td>" for curve in curves)
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    heads = "".join(f"<th>{label}</th>" for _, label in _SHOWN)
    body = (
        f"<h1>{escape(run)}: condensation over training</h1>{INTRODUCTION}<p>{len(steps)} records, steps {steps[0][0]} "
        f"to {steps[-1][0]}, of a fixed sample of neurons a layer.</p>"
        f"<table><tr><th>layer</th>{heads}</tr>{''.join(rows)}</table>"
    )
    head = f'<meta charset="utf-8"><title>{escape(run)}</title><style>{STYLE}</style>'
    text = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    try:
        write_whole(Path(page), text.encode())
    except OSError as error:
        raise UserError(
            f"the page {page} cannot be written ({error.strerror or error}): choose another place"
        ) from error


def _curve(points: Sequence[tuple[int, float]], label: str) -> str:
    highest = max(v for _, v in points)  # from 0 upwards: what hardly changes is drawn as flat
    first, last = points[0][0], points[-1][0]
    right, up = 190 / max(last - first, 1), 45 / max(highest, 1e-12)
    across = " ".join(f"{5 + right * (step - first):.1f},{55 - up * value:.1f}" for step, value in points)
    mark = "" if len(points) > 1 else f'<circle cx="5" cy="{55 - up * points[0][1]:.1f}" r="2"/>'
    return (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 200 70" width="200" height="70">{mark}'
        f'<polyline points="{across}" fill="none" stroke="#4477aa" stroke-width="1.5"/>'
        f'<text x="5" y="68" font-size="9">{points[0][1]:.3g} → {points[-1][1]:.3g}</text></svg>'
    )
