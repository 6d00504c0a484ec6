"""Draws the study of embeddings in width from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.embedding_width.claims import DIAGRAM, ESCAPES, IRIS, SIGNS, SPECTRA
from condenslab.studies.shared.columns import rows
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    splits = [r for r in done if r.case["kind"] == "split" and r.values["found"]]
    escapes = [r for r in done if r.case["kind"] == "escape"]
    iris = [r for r in done if r.case["kind"] == "iris" and r.values["narrow"]]
    first = [min((r for r in splits if r.case["width"] == w), key=lambda r: r.case["seed"]) for w in _widths(splits)]
    drawn = [*_diagram(first), _spectra(first), _inertia(first)] if first else []
    if escapes:
        drawn.append(_escapes(escapes))
    if iris:
        drawn.append(_iris(min(iris, key=lambda r: r.case["seed"])))
    return drawn


def _widths(records: Sequence[Record]) -> list[int]:
    return sorted({record.case["width"] for record in records})


def _diagram(records: Sequence[Record]) -> list[Drawing]:
    """Returns the widest minimum before and after its first neuron is split; older records hold no weights."""
    known = [record for record in records if "incoming" in record.arrays]
    if not known:
        return []
    record = known[-1]
    incoming, outgoing = record.arrays["incoming"], record.arrays["outgoing"]
    equal, apart = (rows(record, kind=kind, neuron=0, copies=2)[0] for kind in ("equal", "share 0"))
    shown = [
        ("minimum", None, record.values["narrow"]),
        ("α = ½", 0.5, equal["counts"]),
        ("α = 0", 0.0, apart["counts"]),
    ]
    figure, axes = figures.panels(1, 3, width=3.5, height=2.7)
    sizes = (float(np.abs(incoming).max()), float(np.abs(outgoing).max()))
    for ax, (name, share, counts) in zip(axes[0], shown, strict=True):
        weights, out, split = incoming, outgoing, share is not None
        names = [str(number + 1) for number in range(len(out))]
        if share is not None:
            weights = np.concatenate([incoming[:1], incoming])
            out = np.concatenate([[(1 - share) * outgoing[0], share * outgoing[0]], outgoing[1:]])
            names = ["1", "1′", *names[1:]]
        copies = (0, 1) if split else (0,)
        figures.network_diagram(ax, weights, out, names=names, copies=copies, largest=sizes)
        figures.title(ax, f"{name}: ({', '.join(map(str, counts))})")
    caption = (
        f"The lowest minimum of width {record.case['width']}, and the same function with its first neuron (yellow) in "
        "two copies with output weights (1 − α)·a and α·a. Solid blue: positive weights, dashed red: negative, dotted: "
        "zero; width of a line: root of the size relative to the largest of its layer. In brackets how many "
        "eigenvalues of the Hessian are positive, zero and negative; the risk stays "
        f"R = {figures.readable(record.values['risk'], 4)}."
    )
    return [Drawing(DIAGRAM, caption, figure)]


def _inertia(records: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, len(records), width=5.2, height=4.6)
    for ax, record in zip(axes[0], records, strict=True):
        width = record.case["width"]
        labels, counts = [f"minimum of width {width}"], [record.values["narrow"]]
        for row in rows(record, neuron=0):
            share = "" if row["kind"] == "equal" else f", {row['kind']}"
            labels.append(f"{row['copies']} copies{share}")
            counts.append(row["counts"])
        if "wide_counts" in record.values:
            labels.append(f"width {record.case['wide']}")
            counts.append(record.values["wide_counts"])
        figures.signed_counts(ax, labels, counts, above=[None, *[0] * (len(labels) - 1)])
        figures.title(ax, f"Width {width}, R = {figures.readable(record.values['risk'], 4)}")
    caption = (
        "Signs of the Hessian's eigenvalues at the lowest minimum of each width, with its first neuron split into "
        "equal copies, with shares 0 and 1 of the output weight, and with all neurons copied to fill the wide network; "
        "in brackets what is added to the minimum."
    )
    return Drawing(SIGNS, caption, figure)


def _signed(records: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, len(records), width=5.4, height=3.9)
    for ax, record in zip(axes[0], records, strict=True):
        splits = rows(record, kind="equal", neuron=0)
        copies, width = [1, *(row["copies"] for row in splits)], record.case["width"]
        labels = [f"width {width}", *(f"{row['copies']} copies" for row in splits)]
        cuts = [record.values["narrow_tolerance"], *(row["tolerance"] for row in splits)]
        figures.signed_spectra(ax, labels, [record.arrays[f"eigenvalues_{number}"] for number in copies], cuts)
        figures.title(ax, f"Width {width}, R = {figures.readable(record.values['risk'], 4)}")
    figures.legend_below(axes[0, 0])
    caption = (
        "Eigenvalues of the Hessian at the lowest minimum of each width, and with its first neuron in two and three "
        "equal copies; the numbers are those of negative, zero and positive ones, in brackets what a copy adds."
    )
    return Drawing(SPECTRA, caption, figure)


def _spectra(records: Sequence[Record]) -> Drawing:
    if all("eigenvalues_1" in record.arrays for record in records):
        return _signed(records)
    figure, axes = figures.panels(len(records), 2, width=4.9, height=3.9)
    for line, record in zip(axes, records, strict=True):
        values, last = record.values, rows(record, kind="equal", neuron=0)[-1]
        first = {name: values[f"narrow_{name}"] for name in ("tolerance", "floor", "decided")}
        points = ({"counts": values["narrow"], "copies": 1} | first, last)
        for ax, point in zip(line, points, strict=True):
            figures.spectrum(
                ax,
                record.arrays[f"spectrum_{point['copies']}"],
                tolerance=point["tolerance"],
                floor=point["floor"],
                kept=point["counts"][0] + point["counts"][2],
                decided=point["decided"],
            )
            ax.set_ylabel("absolute eigenvalue")
            name = "minimum" if point["copies"] == 1 else f"{point['copies']} copies"
            figures.title(ax, f"Width {record.case['width']}, {name}: {tuple(point['counts'])}")
    caption = (
        "Absolute eigenvalues of the Hessian at the minimum, and with its first neuron in three equal copies; in "
        "brackets how many are positive, zero and negative. The cut between non-zero and zero (dashed) is the largest "
        "gap above the rounding floor (dotted)."
    )
    return Drawing(SPECTRA, caption, figure)


def _escapes(records: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=7.0, height=4.0)
    curves = {}
    for name, label in (("narrow", "width 1, perturbed"), ("wide", "split in two, perturbed")):
        for number, record in enumerate(records):
            times, risk = record.arrays[f"{name}_times"], record.arrays[f"{name}_risk"]
            curves[label if number == 0 else f"_{name} {number}"] = (np.asarray(times), np.asarray(risk))
    figures.value_curves(axes[0, 0], curves, x_label="time t of the gradient flow", y_label="risk R", logarithmic="x")
    caption = (
        f"Gradient flow from the width-1 minimum (R = {figures.readable(records[0].values['level'], 4)}) with every "
        f"parameter perturbed by noise of standard deviation {figures.readable(records[0].case['size'])}, and from "
        "the same minimum "
        f"split in two and perturbed likewise; {figures.counted(len(records), 'seed')}."
    )
    return Drawing(ESCAPES, caption, figure)


def _iris(record: Record) -> Drawing:
    points = record.values["narrow"]
    figure, axes = figures.panels(1, len(points), width=4.7, height=4.2)
    for number, ax in enumerate(axes[0]):
        labels, counts = ["4-2-3"], [points[number]]
        for row in rows(record, point=number):
            labels.append(f"neuron {row['neuron'] + 1}, {row['copies']} copies")
            counts.append(row["counts"])
        figures.signed_counts(ax, labels, counts, above=[None, *[0] * (len(labels) - 1)])
        figures.title(ax, f"R = {figures.readable(record.values['risks'][number], 4)}")
    caption = (
        "Iris, sigmoid network 4-2-3 without output biases: the lowest critical points found, with either neuron in "
        "two and three equal copies. Here a neuron has three outputs, and the signs that a copy adds are those of the "
        "neuron's own block of second derivatives."
    )
    return Drawing(IRIS, caption, figure)
