"""The page of measured checkpoints: layers ranked, each with its pictures, the null beside it, and how to read them."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.neurons import pictures
from condenslab.interop.neurons.course import course
from condenslab.interop.neurons.measurement import Measurement
from condenslab.interop.neurons.report import LayerReport
from condenslab.interop.neurons.texts import INTRODUCTION, STYLE, VERDICT_TEXTS


def check_name(page: str) -> None:
    """Refuses a name that is none of an HTML page.

    Args:
        page: The name.

    Raises:
        UserError: It does not end in .html or .htm.
    """
    if Path(page).suffix.lower() not in (".html", ".htm"):
        raise UserError(f"the page is HTML, so its name must end in .html. Got {page!r}")


def write(measured: Sequence[Measurement], page: str) -> None:
    """Writes one HTML file that needs nothing else, the network included.

    Args:
        measured: The checkpoints, earliest first.
        page: Where to; an earlier page is replaced in one step.

    Raises:
        UserError: The name or the place does not do.
    """
    from condenslab.sweeps.files import write_whole

    check_name(page)
    try:
        Path(page).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(page), html(measured).encode("utf-8"))
    except OSError as error:
        raise UserError(
            f"the page {page} cannot be written ({error.strerror or error}): choose another place"
        ) from error


def html(measured: Sequence[Measurement]) -> str:
    """Returns the page.

    Args:
        measured: The checkpoints, earliest first.
    """
    title = escape(Path(measured[0].file).name or measured[0].file)
    parts = [f"<h1>Has {title} condensed?</h1>", INTRODUCTION, _summary(measured[0]), _course(measured)]
    for found in measured:
        if len(measured) > 1:
            parts.append(f"<h2>{escape(found.file)}</h2>")
        ranked = sorted(found.layers, key=_rank)
        parts += [_layer(layer) for layer in ranked]
        parts += [_heads(found), _skipped(found)]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return (
        f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{"".join(parts)}</body></html>'
    )


def _rank(layer: LayerReport) -> tuple[float, str]:
    return (-layer.nulls["rotation"].share if layer.nulls else 1.0, layer.name)


def _summary(found: Measurement) -> str:
    counts = {verdict: sum(layer.verdict == verdict for layer in found.layers) for verdict in VERDICT_TEXTS}
    said = ", ".join(f"<b>{count}</b> {verdict}" for verdict, count in counts.items() if count) or "none has neurons"
    digest = f"<p class=small>SHA-256 {found.sha256}</p>" if found.sha256 else ""
    return (
        f"<p>{escape(found.file)}: {len(found.layers)} layers; {said}. "
        f"Activation: {escape(found.activation or 'unknown')}.</p>{digest}{_table(found)}"
    )


def _table(found: Measurement) -> str:
    rows = []
    for layer in sorted(found.layers, key=_rank):
        rotation, columns = layer.nulls.get("rotation"), layer.nulls.get("columns")
        at_close = next(row["groups"] for row in layer.directions if row["threshold"] == 0.95)
        cells = (
            f'<a href="#{escape(layer.name)}">{escape(layer.name)}</a>',
            layer.neurons,
            layer.dead,
            layer.faint,
            f"{layer.nearest['median']:.2f}",
            f"{layer.nearest['largest']:.2f}",
            layer.pairs["0.95"],
            layer.pairs["0.99"],
            at_close,
            layer.effective_width,
            f"{100 * rotation.share:.0f} %" if rotation else "",
            f"{100 * columns.share:.0f} %" if columns else "",
            f"<b>{layer.verdict}</b>",
        )
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = "".join(f"<th>{name}</th>" for name in _HEADINGS)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


_HEADINGS = (
    "layer",
    "neurons",
    "dead",
    "faint",
    "nearest, median",
    "nearest, largest",
    "pairs &gt; .95",
    "pairs &gt; .99",
    "directions at .95",
    "effective width",
    "twins beyond rotation",
    "twins beyond columns",
    "verdict",
)


def _layer(layer: LayerReport) -> str:
    directions, rotated, amplitudes = layer.picture
    name = escape(layer.name)
    silent = (
        f"<p>{layer.silent} of {layer.neurons} neurons gave 0 on all of your inputs.</p>"
        if layer.silent is not None
        else ""
    )
    shown = ""
    if layer.nulls and len(directions) > 1:
        own, beside = (pictures.ordered(rows) for rows in (directions, rotated))
        figures = (
            _figure(f'<img alt="|cosines| of {name}" src="{pictures.heat_map(own @ own.T)}">', "|cosine|, this layer"),
            _figure(
                f'<img alt="|cosines|, rotated" src="{pictures.heat_map(beside @ beside.T)}">', "|cosine|, rotated"
            ),
            _figure(
                pictures.orientations(directions, amplitudes, f"orientations of {name}"), "orientations, this layer"
            ),
            _figure(pictures.orientations(rotated, amplitudes, "orientations, rotated"), "orientations, rotated"),
            _figure(
                pictures.histogram(layer.cosines, layer.nulls["rotation"].cosines, f"nearest cosines of {name}"),
                "nearest |cosine|: bars this layer, line rotated",
            ),
        )
        shown = f"<div class=row>{''.join(figures)}</div>"
    groups = ", ".join(f"{row['groups']} at {row['threshold']:g}" for row in layer.directions)
    return (
        f'<section id="{name}"><h3>{name}: {layer.verdict}</h3><p>{VERDICT_TEXTS[layer.verdict]}</p>{shown}{silent}'
        f"<p class=small>Directions: {groups}. {_null_text(layer)} Method: {escape(layer.method)}.</p></section>"
    )


def _figure(content: str, caption: str) -> str:
    return f"<figure>{content}<figcaption>{caption}</figcaption></figure>"


def _null_text(layer: LayerReport) -> str:
    return " ".join(
        f"{null.twins} of {null.of} are nearer than in the null “{kind}” ({null.repeats} draws, "
        f"seed {null.seed}; its nearest cosines: median {null.median:.2f}, largest {null.largest:.2f})."
        for kind, null in layer.nulls.items()
    )


def _course(measured: Sequence[Measurement]) -> str:
    if len(measured) < 2:
        return ""
    rows = "".join(
        f"<tr><td>{escape(step.name)}</td><td>{' → '.join(f'{100 * share:.0f} %' for share in step.twins)}</td>"
        f"<td>{' → '.join(map(str, step.directions))}</td><td>{' → '.join(f'{v:.2f}' for v in step.nearest)}</td></tr>"
        for step in course(measured)
    )
    head = "<tr><th>layer</th><th>twins</th><th>directions at .95</th><th>nearest, median</th></tr>"
    return f"<h2>Over training</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _heads(found: Measurement) -> str:
    if not found.heads:
        return ""
    rows = "".join(
        f"<tr><td>{escape(head.block)}</td><td>{head.heads}</td><td>{head.qk['nearest']['largest']:.2f}</td>"
        f"<td>{_largest(head.ov)}</td></tr>"
        for head in found.heads
    )
    head = "<tr><th>block</th><th>heads</th><th>nearest pair, QK</th><th>nearest pair, OV</th></tr>"
    text = "The rows of W_Q, W_K, W_V are in an arbitrary basis; W_Q′W_K and W_V′W_O are not, and are compared here."
    return f"<h3>Attention heads</h3><p>{text}</p><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _largest(products: dict[str, Any] | None) -> str:
    return f"{products['nearest']['largest']:.2f}" if products else "–"


def _skipped(found: Measurement) -> str:
    reasons: dict[str, list[str]] = {}
    for name, reason in found.skipped:
        reasons.setdefault(reason, []).append(name)
    items = "".join(
        f"<li>{escape(reason)}: {escape(', '.join(names[:3]))}{' …' if len(names) > 3 else ''} ({len(names)})</li>"
        for reason, names in reasons.items()
    )
    return f"<h3>Left out</h3><ul class=small>{items}</ul>" if items else ""
