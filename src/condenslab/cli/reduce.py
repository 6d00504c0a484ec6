"""`condenslab reduce` and `condenslab embed`: a torch module made smaller or larger, with a receipt."""

import json
from typing import TYPE_CHECKING, Any

from condenslab.errors import UserError

if TYPE_CHECKING:
    from condenslab.cli.reduce_options import EmbedOptions, ReduceOptions


def run_reduce(options: "ReduceOptions") -> str:
    """Reduces the module that the options name, writes it, and returns what is to be printed.

    Args:
        options: Options of the command.

    Raises:
        UserError: The request does not fit together, or as `interop.reduce` and `interop.save`.
    """
    target, weights, folder = _needed("reduce", options)
    widths = _widths(options.width)
    asked = [options.threshold is not None, options.budget is not None, bool(widths)]
    if options.exact and any(asked):
        raise UserError("--exact removes only what changes nothing: leave it out with --threshold, --width or --budget")
    from condenslab.interop import reduce, save
    from condenslab.interop.structure.writing import check_folder

    check_folder(folder)
    _check_page(options)
    module, data = _loaded(target, weights, options.inputs)
    edited = reduce(
        module,
        data,
        silent=options.silent,
        threshold=options.threshold,
        widths=widths,
        budget=options.budget,
        repair=options.repair,
        retrain=options.retrain,
        uniform=options.uniform,
        multiple=options.round_to,
        layers=options.layers,
        seed=options.seed,
    )
    return _written(edited, options, save)


def run_embed(options: "EmbedOptions") -> str:
    """Widens the module that the options name, writes it, and returns what is to be printed.

    Args:
        options: Options of the command.

    Raises:
        UserError: The request does not fit together, or as `interop.embed` and `interop.save`.
    """
    target, weights, folder = _needed("embed", options)
    from condenslab.interop import embed, save
    from condenslab.interop.structure.writing import check_folder

    check_folder(folder)
    _check_page(options)
    module, data = _loaded(target, weights, options.inputs)
    kind: Any = options.kind
    edited = embed(
        module,
        data,
        widths=_widths(options.width),
        kind=kind,
        deepen=options.deepen,
        activation=options.activation,
        tangent=options.tangent,
        inertia=options.inertia,
        seed=options.seed,
    )
    return _written(edited, options, save)


def _needed(command: str, options: "ReduceOptions | EmbedOptions") -> tuple[str, str, str]:
    grown = " --width encoder.0=2048" if command == "embed" else ""
    example = f"condenslab {command} mynet:build --weights w.pt --inputs x.npz{grown} -o DIR"
    if len(options.targets) != 1 or ":" not in options.targets[0]:
        raise UserError(
            f"{command} takes one MODULE:FUNCTION, a function of yours that returns a torch module. Got "
            f"{' '.join(options.targets) or 'none'}: {example}"
        )
    for value, name in (
        (options.weights, "--weights W"),
        (options.inputs, "--inputs X.npz, some samples to trace the module with and to compare its outputs on"),
        (options.output, "-o DIR"),
    ):
        if not value:
            raise UserError(f"{command} needs {name}: {example}")
    return options.targets[0], str(options.weights), str(options.output)


def _widths(pairs: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for pair in pairs:
        name, _, width = pair.rpartition("=")
        if not name or not width.isdecimal():
            raise UserError(f"--width needs LAYER=N with a whole number N. Got {pair}")
        found[name] = int(width)
    return found


def _loaded(target: str, weights: str, inputs: str | None) -> tuple[Any, Any]:
    from condenslab.interop.structure.torch_data import read_data
    from condenslab.interop.torch_module import load_module

    module = load_module(target, weights)
    return module, read_data(str(inputs), module)


def _check_page(options: "ReduceOptions | EmbedOptions") -> None:
    if options.page is not None:
        from condenslab.interop.neurons.page import check_name

        check_name(options.page)


def _written(edited: Any, options: "ReduceOptions | EmbedOptions", save: Any) -> str:
    """Writes the folder and the page, and returns what is to be printed."""
    files = save(edited, options.output)
    if options.page is not None:
        from condenslab.interop.structure import receipt_page

        receipt_page.write(edited.receipt, options.targets[0], options.page)
    if options.json:
        return json.dumps(edited.receipt, indent=1, allow_nan=False)
    page = f"\nwrote {options.page}" if options.page is not None else ""
    return f"{as_text(edited.receipt)}\nwrote {', '.join(files)} in {options.output}{page}"


def as_text(receipt: dict[str, Any]) -> str:
    """Writes a receipt for people.

    Args:
        receipt: What `interop.reduce` and `interop.embed` say.
    """
    lines = []
    for name, width in receipt["widths"].items():
        if width["before"] != width["after"]:
            lines.append(f"  {name}: {width['before']} → {width['after']} units")
    lines += [f"  {_inserted(layer)}" for layer in receipt.get("inserted", [])]
    lines = lines or ["  no width changed"]
    for row in receipt.get("units", []):
        lines.append(f"  removed {row['units']} units, {row['kind']} (outputs stay for: {row['scope']})")
    given, random = receipt["outputs"]["given"], receipt["outputs"]["random"]
    if given:
        lines.append(
            f"  outputs on your {given['samples']} inputs: moved by {_number(given['relative'])} of the largest"
        )
    lines.append(f"  outputs on random inputs: moved by {_number(random['relative'])} of the largest")
    for key in ("parameters", "operations", "accuracy"):
        pair = receipt.get(key)
        if pair and pair["before"] is not None:
            lines.append(f"  {key}: {_number(pair['before'])} → {_number(pair['after'])}")
    if receipt["kind"] == "embed":
        lines += [f"  {line}" for line in _embedded(receipt)]
    time = receipt["latency"]
    reason = f" ({time['reason']})" if time["reason"] else ""
    lines.append(f"  time for {time['samples']} samples: {time['before']:.2f} → {time['after']:.2f} ms{reason}")
    groups = receipt["groups"]
    lines.append(f"  {len(groups)} groups of interchangeable units, each certified by a permutation")
    refused = {g["role"]: g["refusal"] for g in groups if g["refusal"]}
    lines += [f"  not merged, {role}: {reason}" for role, reason in refused.items()]
    lines += [f"  operator without a rule: {name}, {count} times" for name, count in receipt["operators"].items()]
    lines += [f"  {name}: {reason}" for name, reason in receipt.get("kept", {}).items()]
    return "\n".join(["receipt", *lines, *(f"  note: {note}" for note in receipt.get("notes", []))])


def _inserted(layer: dict[str, Any]) -> str:
    note = f"; {layer['note']}" if layer["note"] else ""
    return (
        f"new layer of {layer['units']} units ({layer['activation']}) in front of {layer['before']} (outputs stay for: "
        f"{layer['scope']}{note})"
    )


def _embedded(receipt: dict[str, Any]) -> list[str]:
    gradient, inertia = receipt["gradient"], receipt["inertia"]
    sizes = f"{_number(gradient['before'])} → {_number(gradient['after'])}"
    lines = [
        f"gradient, L1 norm: {sizes}; away from what theory gives by {_number(gradient['relative'])} of the largest "
        f"entry ({gradient['loss']})"
    ]
    if "reason" in inertia:
        return [*lines, f"inertia: {inertia['reason']}"]
    return [*lines, f"inertia: {_signs(inertia['before'])} → {_signs(inertia['after'])}"]


def _signs(found: dict[str, Any]) -> str:
    if found["bounds"]:
        return f"at least {found['positive']} positive and {found['negative']} negative"
    counts = f"({found['positive']}, {found['zero']}, {found['negative']})"
    return counts if found["decided"] else f"{counts} undecided"


def _number(value: float | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"
