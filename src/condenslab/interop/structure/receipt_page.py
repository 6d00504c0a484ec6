"""The receipt of a reduction or an embedding as a page: one HTML file that needs nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.neurons.page import check_name
from condenslab.interop.neurons.texts import STYLE
from condenslab.sweeps.files import write_whole

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    f"{STYLE}.wide{{overflow-x:auto}}td,th{{text-align:left;vertical-align:top}}td.n{{text-align:right;"
    "white-space:nowrap}th.n{text-align:right}.bar{display:inline-block;height:.7rem;background:#4477aa;"
    "vertical-align:middle}.bar.after{background:#cc3311}h2{font-size:1.15rem;margin-top:2rem}"
    "@media(max-width:40rem){body{margin:1rem auto}table{font-size:.75rem}td,th{padding:.2rem .3rem}}"
)
_MOST = 400
_HEADINGS = {"reduce": "What went from", "embed": "What was added to"}
_SIZES = (
    ("parameters", "parameters", ""),
    ("operations", "operations of matrix products and convolutions, one batch", ""),
    ("latency", "time for one batch, median", " ms"),
    ("accuracy", "accuracy on your inputs", ""),
)
_INTRODUCTION = {
    "reduce": (
        "Units of a layer (neurons, channels, heads) that compute the same can be one: its output weights are the sum "
        "of theirs. What holds for <b>every input</b> changes nothing but rounding; what holds for <b>your inputs</b> "
        "was seen on these alone; where no inputs are named, units were merged that are only near each other, and the "
        "outputs below say what that did."
    ),
    "embed": (
        "A critical embedding makes a network larger without changing its function: units are split or added with zero "
        "weights, layers are put in where they act linearly. A critical point of the loss becomes a critical point of "
        "the larger network, and the gradient elsewhere is the old one times known factors: it is a warm start."
    ),
}


def write(receipt: Mapping[str, Any], name: str, page: str) -> None:
    """Writes the page.

    Args:
        receipt: What `interop.reduce` or `interop.embed` say.
        name: What the module is called.
        page: Where to, ending in .html; an earlier page is replaced in one step.

    Raises:
        UserError: The name or the place does not do.
    """
    check_name(page)
    try:
        Path(page).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(page), html(receipt, name).encode("utf-8"))
    except OSError as error:
        raise UserError(
            f"the page {page} cannot be written ({error.strerror or error}): choose another place"
        ) from error


def html(receipt: Mapping[str, Any], name: str) -> str:
    """Returns the page.

    Args:
        receipt: What `interop.reduce` or `interop.embed` say.
        name: What the module is called.
    """
    kind = receipt["kind"]
    parts = [f"<h1>{_HEADINGS[kind]} {escape(name)}</h1>", f"<p>{_INTRODUCTION[kind]}</p>", _notes(receipt)]
    parts += [_units(receipt), _inserted(receipt), _outputs(receipt), _sizes(receipt), _widths(receipt)]
    if kind == "embed":
        parts.append(_gradient(receipt))
    parts += [_certificates(receipt), _refusals(receipt), _removals(receipt), _files(receipt)]
    title = f"<title>{escape(name)}: receipt</title>"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width">{title}<style>{_STYLE}</style>'
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Returns a table; numbers to the right, long ones cut with a count."""
    rows = list(rows)
    shown = "".join(
        "<tr>" + "".join(f"<td class=n>{c}</td>" if _is_number(c) else f"<td>{c}</td>" for c in row) + "</tr>"
        for row in rows[:_MOST]
    )
    more = f"<p class=small>and {len(rows) - _MOST} more, in the receipt</p>" if len(rows) > _MOST else ""
    first = rows[0] if rows else heads
    head = "".join(
        f"<th class=n>{h}</th>" if _is_number(c) else f"<th>{h}</th>" for h, c in zip(heads, first, strict=True)
    )
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{shown}</tbody></table></div>{more}"


def _is_number(cell: Any) -> bool:
    return not isinstance(cell, str) or cell[:1].isdigit()


def _value(value: float | None, unit: str = "") -> str:
    if value is None:
        return "–"
    return f"{value:,}{unit}" if isinstance(value, int) else f"{value:.3g}{unit}"


def _notes(receipt: Mapping[str, Any]) -> str:
    notes = [*receipt.get("notes", []), *(f"{k}: {v}" for k, v in receipt.get("kept", {}).items())]
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>" if items else ""


def _units(receipt: Mapping[str, Any]) -> str:
    if receipt["kind"] == "embed":
        return ""
    rows = [(escape(row["kind"]), row["units"], escape(str(row["scope"]))) for row in receipt["units"]]
    if not rows:
        return "<h2>Units that went</h2><p>None.</p>"
    return f"<h2>Units that went</h2>{_table(('kind', 'units', 'outputs stay for'), rows)}"


def _inserted(receipt: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(layer["before"]),
            layer["units"],
            escape(layer["activation"]),
            escape(layer["scope"]),
            "critical stays critical" if layer["critical"] else "",
            escape(layer["note"] or ""),
        )
        for layer in receipt.get("inserted", [])
    ]
    heads = ("in front of", "units", "activation", "outputs stay for", "", "")
    return f"<h2>New layers</h2>{_table(heads, rows)}" if rows else ""


def _outputs(receipt: Mapping[str, Any]) -> str:
    outputs = receipt["outputs"]
    given, random = outputs["given"], outputs["random"]
    rows = []
    if given:
        rows.append((f"your {given['samples']} inputs", _value(given["largest"]), _value(given["relative"])))
    rows.append((f"random inputs ({escape(random['law'])})", _value(random["largest"]), _value(random["relative"])))
    heads = ("on", "largest change of an output", "relative to the largest output")
    return f"<h2>Outputs</h2>{_table(heads, rows)}"


def _sizes(receipt: Mapping[str, Any]) -> str:
    rows = []
    for key, label, unit in _SIZES:
        pair = receipt.get(key)
        if pair and pair["before"] is not None:
            rows.append((label, _value(pair["before"], unit), _value(pair["after"], unit), _bars(pair)))
    reason = receipt["latency"]["reason"]
    why = f"<p>It is not faster: {escape(reason)}.</p>" if reason else ""
    return f"<h2>Before and after</h2>{_table(('', 'before', 'after', ''), rows)}{why}"


def _bars(pair: Mapping[str, Any]) -> str:
    """Returns two bars, blue before and red after, the longer one 8rem."""
    values = [float(pair["before"]), float(pair["after"] or 0.0)]
    longest = max(values) or 1.0
    before, after = (f"{8 * value / longest:.2f}rem" for value in values)
    return f'<span class="bar" style="width:{before}"></span><br><span class="bar after" style="width:{after}"></span>'


def _widths(receipt: Mapping[str, Any]) -> str:
    rows = [
        (escape(name), w["before"], w["after"], _bars(w))
        for name, w in receipt["widths"].items()
        if w["before"] != w["after"]
    ]
    return f"<h2>Widths</h2>{_table(('layer', 'before', 'after', ''), rows)}" if rows else ""


def _gradient(receipt: Mapping[str, Any]) -> str:
    gradient, inertia = receipt["gradient"], receipt["inertia"]
    rows = [
        ("L1 norm before", _value(gradient["before"])),
        ("L1 norm after", _value(gradient["after"])),
        ("largest entry before", _value(gradient["largest"])),
        ("largest difference from what theory gives", _value(gradient["difference"])),
        ("the same, relative to the largest entry", _value(gradient["relative"])),
        ("largest entry of which theory says nothing away from critical points", _value(gradient["without_law"])),
    ]
    text = f"<h2>Gradient</h2><p>Loss: {escape(gradient['loss'])}.</p>{_table(('', ''), rows)}<h2>Inertia</h2>"
    if "reason" in inertia:
        return f"{text}<p>{escape(inertia['reason'])}.</p>"
    counts = [
        (when, *(_value(inertia[when][sign]) for sign in ("positive", "zero", "negative")), _decided(inertia[when]))
        for when in ("before", "after")
    ]
    heads = ("Hessian", "positive", "zero", "negative", "")
    return f"{text}<p>On {inertia['samples']} of your inputs.</p>{_table(heads, counts)}"


def _decided(found: Mapping[str, Any]) -> str:
    return "lower bounds" if found["bounds"] else "decided" if found["decided"] else "undecided"


def _certificates(receipt: Mapping[str, Any]) -> str:
    rows = [
        (
            escape(group["name"]),
            escape(group["role"]),
            group["size"],
            _value(group["certificate"]["deviation"]),
            _value(group["certificate"]["tolerance"]),
            _value(group["certificate"]["control"]),
        )
        for group in (*receipt["groups"], *receipt["uncertified"])
    ]
    heads = ("group", "role", "units", "outputs moved by", "allowed", "control")
    text = (
        "Each group was permuted in float64 at perturbed weights, which must move no output by more than rounding "
        "explains; the control permutes some of its axes alone, which must move them."
    )
    failed = len(receipt["uncertified"])
    said = f" The last {failed} failed and were not used." if failed else ""
    return f"<h2>Certificates: {len(receipt['groups'])} groups</h2><p>{text}{said}</p>{_table(heads, rows)}"


def _refusals(receipt: Mapping[str, Any]) -> str:
    rows: dict[str, list[str]] = {}
    for one in receipt["refusals"]:
        names = [one["group"]] if "group" in one else one["parameters"]
        rows.setdefault(one["reason"], []).extend(names)
    for name, reason in receipt.get("not_merged", {}).items():
        rows.setdefault(reason, []).append(name)
    unique = {reason: list(dict.fromkeys(names)) for reason, names in rows.items()}
    listed = [(escape(reason), escape(_few(names)), len(names)) for reason, names in unique.items()]
    operators = [f"{escape(name)} ({count})" for name, count in receipt["operators"].items()]
    without = f"<p>Operators without a rule: {', '.join(operators)}.</p>" if operators else ""
    return f"<h2>Left as they are</h2>{without}{_table(('why', 'which', 'how many'), listed)}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (" …" if len(names) > 4 else "")


def _removals(receipt: Mapping[str, Any]) -> str:
    rows = [
        (escape(r["group"]), escape(r["kind"]), *(f"<span>{_numbers(r[key])}</span>" for key in ("units", "into")))
        for r in receipt.get("removals", [])
    ]
    heads = ("group", "kind", "units, by their old numbers", "merged into")
    return f"<h2>Which units</h2>{_table(heads, rows)}" if rows else ""


def _numbers(units: Sequence[int]) -> str:
    if all(unit < 0 for unit in units):
        return "–"
    return " ".join(map(str, units[:60])) + (f" … ({len(units)})" if len(units) > 60 else "")


def _files(receipt: Mapping[str, Any]) -> str:
    if "files" not in receipt:
        return ""
    loads, reason = receipt["from_pretrained"]["loads"], receipt["from_pretrained"]["reason"]
    said = (
        "<code>from_pretrained</code> loads the folder."
        if loads
        else f"No <code>from_pretrained</code>: {escape(reason)}."
    )
    batch = "any number" if receipt["program"]["any_batch"] else "a fixed number"
    return (
        f"<h2>Files</h2><p>{escape(', '.join(receipt['files']))}. "
        f'<code>torch.export.load("{escape(receipt["program"]["file"])}").module()</code> runs with PyTorch alone and '
        f"takes {batch} of samples. {said}</p>"
    )
