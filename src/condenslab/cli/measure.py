"""`condenslab measure`: whose neurons, measured; as a table, as JSON, as a page. Starts without JAX."""

import sys
from typing import TYPE_CHECKING, Any

from condenslab.cli.streams import printable
from condenslab.errors import UserError

if TYPE_CHECKING:
    from condenslab.cli.measure_options import MeasureOptions
    from condenslab.interop import Measurement

_COLUMNS = ("layer", "neurons", "dead", "faint", "nearest", "> .95", "> .99", "directions", "twins", "verdict")


def run(options: "MeasureOptions") -> str:
    """Measures what the options name, writes the page if one is asked for, and returns what is to be printed.

    Args:
        options: Options of the command.

    Raises:
        UserError: The request does not fit together, or a file is not read.
    """
    from condenslab.interop.neurons import page

    if options.page is not None:
        page.check_name(options.page)
    target, later = _targets(options)
    first = _one(options, target)
    others = [_file(options, other) for other in later]
    if options.page is not None:
        page.write([first, *others], options.page)
    if options.json:
        import msgspec

        return msgspec.json.format(msgspec.json.encode(_as_dict(first, others)), indent=2).decode()
    text = "\n\n".join(as_text(found) for found in (first, *others))
    course = _course_text(first, others)
    written = f"\n\nwrote {options.page}" if options.page is not None else ""
    return f"{text}{course}{written}"


def _targets(options: "MeasureOptions") -> tuple[str, list[str]]:
    targets = list(options.targets)
    later = [name for group in options.against for name in group]
    if options.against and not all(options.against):
        raise UserError("--against needs one or more later checkpoints: condenslab measure FILE --against LATER…")
    if not targets and later:  # in `measure --against B A` the parser takes A for one of the others
        raise UserError("measure needs a file before --against: condenslab measure FILE --against LATER…")
    if len(targets) != 1:
        raise UserError(
            f"measure takes one file, folder or module:function, further ones behind --against. Got {len(targets)}: "
            "condenslab measure FILE"
        )
    return targets[0], later


def _one(options: "MeasureOptions", target: str) -> "Measurement":
    from pathlib import Path

    called = ":" in target and not Path(target).exists()
    if not called:
        if options.inputs is not None or options.weights is not None:
            raise UserError(
                f"{target} is a file of weights, which says nothing about how inputs pass through it: --inputs and "
                "--weights need module:function, a function of yours that returns the torch module"
            )
        return _file(options, target)
    if options.weights is None:
        raise UserError(f"measure {target} needs the weights of the module: --weights CHECKPOINT")
    if options.inputs is None:
        raise UserError(
            f"measure {target} looks at which neurons are silent, so it needs inputs: --inputs X.npz; for the weights "
            f"alone no module is needed: condenslab measure {options.weights}"
        )
    from condenslab.interop.torch_module import silent_neurons

    measured = _file(options, options.weights)
    return silent_neurons(measured, target, options.weights, options.inputs)


def _file(options: "MeasureOptions", file: str) -> "Measurement":
    from condenslab.interop.neurons import measure

    shown = sys.stderr.isatty() and not options.quiet

    def progress(name: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{printable(name)}")
        sys.stderr.flush()

    try:
        return measure(
            file,
            layers=options.layers,
            seed=options.seed,
            repeats=options.repeats,
            activation=options.activation,
            heads=options.heads,
            exact=options.exact,
            every=options.all,
            nulls=not options.without_nulls,
            progress=progress if shown else None,
        )
    finally:
        if shown:
            sys.stderr.write("\r\x1b[2K")


def _as_dict(first: "Measurement", others: list["Measurement"]) -> dict[str, Any]:
    plain = first.as_dict()
    if others:
        from condenslab.interop.neurons.course import course

        plain["against"] = [other.as_dict() for other in others]
        plain["course"] = [step.as_dict() for step in course([first, *others])]
    return plain


def as_text(found: "Measurement") -> str:
    """Writes a measurement for people: a table of layers, the heads, what was left out and why.

    Args:
        found: The measurement.
    """
    rows = [_COLUMNS, *(_row(layer) for layer in found.layers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = [f"{printable(found.file)}, activation {found.activation or 'unknown'}"]
    for row in rows:
        cells = [
            f"{row[0]:<{widths[0]}}",
            *(f"{c:>{w}}" for c, w in zip(row[1:-1], widths[1:-1], strict=True)),
            row[-1],
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    if not found.layers:
        lines.append("  no layer with neurons was found")
    for head in found.heads:
        ov = f", OV {head.ov['nearest']['largest']:.2f}" if head.ov else ""
        lines.append(
            f"  {printable(head.block)}: {head.heads} heads, nearest pair QK {head.qk['nearest']['largest']:.2f}{ov}"
        )
    reasons: dict[str, list[str]] = {}
    for name, reason in found.skipped:
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"  left out: {printable(names[0])}{more} ({printable(reason)})")
    if found.layers:
        lines.append(
            "  twins: nearer to another neuron than any in a rotation of the layer, in per cent; cosines up to sign"
        )
    return "\n".join(lines)


def _row(layer: Any) -> tuple[str, ...]:
    rotation = layer.nulls.get("rotation")
    silent = f", {layer.silent} silent on your inputs" if layer.silent is not None else ""
    return (
        printable(layer.name),
        str(layer.neurons),
        str(layer.dead),
        str(layer.faint),
        f"{layer.nearest['median']:.2f}/{layer.nearest['largest']:.2f}",
        str(layer.pairs["0.95"]),
        str(layer.pairs["0.99"]),
        str(next(row["groups"] for row in layer.directions if row["threshold"] == 0.95)),
        f"{100 * rotation.share:.0f} %" if rotation else "",
        layer.verdict + silent,
    )


def _course_text(first: "Measurement", others: list["Measurement"]) -> str:
    if not others:
        return ""
    from condenslab.interop.neurons.course import course

    lines = ["", "", "over training (from first to last: twins; directions at 0.95; median nearest cosine)"]
    for step in course([first, *others]):
        twins = " → ".join(f"{100 * share:.0f} %" for share in step.twins)
        directions = " → ".join(map(str, step.directions))
        nearest = " → ".join(f"{value:.2f}" for value in step.nearest)
        lines.append(f"  {printable(step.name)}: {twins}; {directions}; {nearest}")
    return "\n".join(lines)
