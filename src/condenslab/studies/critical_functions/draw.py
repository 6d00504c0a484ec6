"""Draws the critical_functions study from its stored records."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.critical_functions.claims import GALLERY, HIERARCHY
from condenslab.studies.critical_functions.functions import Functions, collect
from condenslab.sweeps import Record

_PANELS = 12
_COLUMNS = 4
_ZERO = 1e-20


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the gallery and the hierarchy; none where nothing was found.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    functions = collect(done)
    if not len(functions.risks):
        return []
    return [_gallery(done, functions), _hierarchy(done, functions)]


def _gallery(done: Sequence[Record], functions: Functions) -> Drawing:
    """Draws one of every mirrored pair, by width and risk."""
    orbits = _orbits(functions)
    shown = sorted(set(orbits), key=lambda k: (functions.widths[k], functions.risks[k]))[:_PANELS]
    rows = -(-len(shown) // _COLUMNS)
    figure, axes = figures.panels(rows, min(_COLUMNS, len(shown)), width=2.6, height=2.3)
    grid, inputs, targets = (done[0].arrays[name] for name in ("grid", "inputs", "targets"))
    for ax in axes.ravel()[len(shown) :]:
        ax.set_visible(False)
    for place, (ax, number) in enumerate(zip(axes.ravel(), shown, strict=False)):
        figures.function_curves(ax, grid, {"critical function": functions.curves[number]}, samples=(inputs, targets))
        ax.get_legend().remove()
        if place % _COLUMNS:
            ax.set_ylabel("")
        if place // _COLUMNS < rows - 1:
            ax.set_xlabel("")
        pair = ", a pair" if orbits.count(number) > 1 else ""
        figures.title(
            ax, f"width {functions.widths[number]}: R = {_risk(functions, number)}{pair}\n{_kind(functions, number)}"
        )
    more = len(set(orbits)) - len(shown)
    caption = (
        f"Critical functions of the three-tanh problem (circles: the 50 samples), by the width at which they first "
        f"appear and by risk; inertia (positive, zero, negative) in that width. {len(functions.risks)} functions, "
        f"{len(set(orbits))} of them up to mirror images f(x) → −f(−x), of which 'a pair' is drawn once"
        + (f"; {more} more are not shown." if more else ".")
        + _missed(done)
    )
    return Drawing(GALLERY, caption, figure)


def _missed(done: Sequence[Record]) -> str:
    """Says how many functions the searches may have missed, by Chao's estimate."""
    parts = []
    for width in sorted({record.case["width"] for record in done}):
        searches = [record for record in done if record.case["width"] == width]
        missed = float(np.mean([record.values["missed"] for record in searches]))
        error = float(np.mean([record.values["missed_error"] for record in searches]))
        parts.append(f"{figures.readable(missed, 2)} ± {figures.readable(error, 2)} at width {width}")
    return f" Missed by one search, as Chao's bias-corrected lower bound estimates: {', '.join(parts)}."


def _kind(functions: Functions, number: int) -> str:
    if not functions.widths[number]:
        return "no neuron"
    positive, zero, negative = functions.inertia[number]
    if not functions.decided[number]:
        return "inertia undecided"
    return f"{'saddle' if negative else 'minimum'} ({positive}, {zero}, {negative})"


def _orbits(functions: Functions) -> list[int]:
    """Returns for every function the lower number of its mirrored pair."""
    orbits = []
    for number in range(len(functions.risks)):
        mirror = functions.mirror(number)
        orbits.append(number if mirror is None else min(number, mirror))
    return orbits


def _spot(done: Sequence[Record], functions: Functions, number: int, pair: bool) -> tuple[str, dict[str, Any]]:
    """Returns what a node of the hierarchy says: risk, width, inertia; from it the function opens."""
    words = f"width {functions.widths[number]}, R = {_risk(functions, number)}: {_in_words(functions, number)}"
    samples = (done[0].arrays["inputs"], done[0].arrays["targets"])
    detail = figures.run_detail(done[0].arrays["grid"], functions.curves[number], samples=samples)
    return words + (", one of a mirrored pair" if pair else ""), detail


def _risk(functions: Functions, number: int) -> str:
    return figures.readable(functions.risks[number] if functions.risks[number] > _ZERO else 0.0, 4)


def _in_words(functions: Functions, number: int) -> str:
    if not functions.widths[number] or not functions.decided[number]:
        return _kind(functions, number)
    positive, zero, negative = functions.inertia[number]
    kind = "saddle" if negative else "minimum"
    return f"{kind}, inertia {positive} positive, {zero} zero, {negative} negative"


def _hierarchy(done: Sequence[Record], functions: Functions) -> Drawing:
    orbits = _orbits(functions)
    nodes = sorted(set(orbits))
    place = {node: k for k, node in enumerate(nodes)}
    edges, away, unknown = [], 0, 0
    for record in (r for r in done if r.values.get("kick_from")):
        values, arrays = record.values, record.arrays
        for k, source in enumerate(values["kick_from"]):
            begin = functions.nearest(arrays["outputs"][source])
            end = functions.nearest(arrays["kick_outputs"][k])
            if begin is None or not (values["kick_finite"][k] and values["kick_settled"][k]):
                away += 1
            elif end is None:
                unknown += 1
            elif orbits[begin] != orbits[end]:
                edges.append((place[orbits[begin]], place[orbits[end]]))
    levels = {round(float(functions.risks[k]), 10) for k in nodes}
    figure, axes = figures.panels(1, 1, width=9.6, height=2.4 + 0.36 * len(levels))
    stable = [functions.decided[k] and functions.inertia[k][2] == 0 and functions.widths[k] > 0 for k in nodes]
    figures.hierarchy(
        axes[0, 0],
        functions.widths[nodes],
        functions.risks[nodes],
        edges,
        stable=stable,
        curves=functions.curves[nodes],
        spots=[_spot(done, functions, node, orbits.count(node) > 1) for node in nodes],
        column_label="width at which the function first appears",
    )
    caption = (
        "From simple to complex: every box is a critical function (one of a mirrored pair), all to one scale. A "
        "function is embedded one neuron wider by splitting a neuron (a saddle also in its own width), kicked along "
        "the lowest eigenvector and followed by gradient flow; an arrow leads to the function where the flow ended. "
        f"{away} flows had not come to rest at the end time, or had a neuron with |w|·dx > 3: a neuron that steepens "
        f"towards a step between two samples does so for ever. {unknown} came to rest on no function of the list."
    )
    return Drawing(HIERARCHY, caption, figure)
