"""Draws the study of embeddings in depth from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.embedding_depth.layer_claims import LIFTED, METHODS, merge_title
from condenslab.studies.embedding_depth.plateau_claims import LINEAR, NORMED, PLATEAU, plateau_title, rest
from condenslab.studies.shared.columns import rows
from condenslab.studies.shared.signs import draw_signs
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    plateaus, lifts, merges, norms = (_finished(records, kind) for kind in ("plateau", "lift", "merge", "norm"))
    stds = sorted({record.case["std"] for record in plateaus})
    drawn = [_plateaus([record for record in plateaus if record.case["std"] == std]) for std in stds]
    if any(rows(record) for record in lifts):
        drawn.append(_lifts([record for record in lifts if rows(record)]))
    for method in ("adam", "sgd"):
        chosen = [record for record in merges if record.case["method"] == method]
        drawn += [_merges(chosen)] if chosen else []
    return drawn + ([_norms(norms)] if norms else [])


def _finished(records: Sequence[Record], kind: str) -> list[Record]:
    chosen = [record for record in records if record.case["kind"] == kind and record.status == "done"]
    return sorted(chosen, key=lambda record: (record.case.get("depth", 0), record.case["seed"]))


def _plateaus(records: Sequence[Record]) -> Drawing:
    seed = min(record.case["seed"] for record in records)
    shown = [record for record in records if record.case["seed"] == seed]
    figure, axes = figures.panels(1, 2, width=5.8, height=4.2)
    for number, record in enumerate(shown):
        last = number == len(shown) - 1
        figures.risk_curve(
            axes[0, 0],
            record.arrays["times"],
            record.arrays["risk"],
            label=_layers(record.case["depth"]),
            time_label="step",
            levels=[("published plateau", PLATEAU)] if last else (),
        )
    figures.title(axes[0, 0], f"Risk, seed {seed}")
    deep = next((record for record in shown if record.case["depth"] == 3), shown[-1])
    times, linearity = deep.arrays["times"], deep.arrays["linearity"]
    curves = {f"hidden layer {layer + 1}": (times, linearity[:, layer]) for layer in range(linearity.shape[1])}
    figures.value_curves(
        axes[0, 1], curves, x_label="step", y_label="MPC, smallest |correlation| of a unit", logarithmic="x"
    )
    axes[0, 1].axhline(LINEAR, color="0.4", linewidth=0.8, linestyle=":")
    where = rest(deep)
    if where is not None and times[where] > 0:
        axes[0, 1].axvline(times[where], color="0.4", linewidth=0.8)
    figures.title(axes[0, 1], f"Linearity of {_layers(deep.case['depth'])}, seed {seed}")
    caption = (
        f"Tanh networks of width {deep.case['width']} on three tanh steps, gradient descent with rate 0.01, all "
        f"parameters from a normal law of standard deviation {figures.readable(deep.case['std'])}. Left: where "
        "curves of different "
        "depth lie at one level, networks share a plateau. "
        "Right: how linear each layer of a deep network is on the data; dotted is 0.99, above which it counts as "
        "linear, and the vertical line is the rest nearest to the published plateau."
    )
    return Drawing(plateau_title(deep.case["std"]), caption, figure)


def _layers(depth: int) -> str:
    return f"{depth} hidden layer{'s' if depth > 1 else ''}"


def _lifts(records: Sequence[Record]) -> Drawing:
    names = {"three_tanh": "1-2-1 on three tanh", "iris": "4-2-3 on Iris"}
    figure, axes = figures.panels(1, len(records), width=5.4, height=5.0)
    for ax, record in zip(axes[0], records, strict=True):
        labels, counts, spectra, cuts, above = [], [], [], [], []
        known = record.values.get("narrow_tolerances", [])
        for number, narrow in enumerate(record.values["narrow"]):
            first = len(labels)
            above.append(None)
            labels.append(f"R = {figures.readable(record.values['risks'][number])}")
            counts.append(narrow)
            spectra.append(record.arrays.get(f"narrow_eigenvalues_{number}"))
            cuts += known[number : number + 1]
            for place, row in enumerate(rows(record)):
                if row["point"] == number and row["carried"] == "activations":
                    labels.append(f"{row['count']} layer{'s' if row['count'] > 1 else ''} more")
                    counts.append(row["counts"])
                    spectra.append(record.arrays.get(f"row_eigenvalues_{place}"))
                    cuts += [row["tolerance"]] if "tolerance" in row else []
                    above.append(first)
        draw_signs(ax, labels, counts, spectra, cuts, above)
        figures.title(ax, names[record.case["problem"]])
    caption = (
        "Signs of the Hessian's eigenvalues at critical points of ReLU networks with two neurons, and of the same "
        "points with one and two layers inserted before the output; in brackets what they add. How many directions "
        "are zero or negative in "
        "the deeper network depends on the point."
    )
    return Drawing(LIFTED, caption, figure)


def _merges(records: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.4, height=4.2)
    ax = axes[0, 0]
    curves = {}
    for record in records:
        values = np.array([value or 0.0 for value in record.values["linearity"]])
        curves[f"seed {record.case['seed']}"] = (np.arange(1.0, len(values) + 1), values)
    figures.value_curves(ax, curves, x_label="hidden layer", y_label="MPC, smallest |correlation| of a unit")
    ax.axhline(LINEAR, color="0.4", linewidth=0.8, linestyle=":")
    case = records[0].case
    told = "; ".join(_told(record) for record in records)
    caption = (
        f"Tanh networks of ten hidden layers, width {case['width']}, {case['steps']:,} steps of "
        f"{METHODS[case['method']]} on handwritten digits ({case['images']}). Layers above 0.99 (dotted) are merged "
        f"into the next one. {told}."
    )
    return Drawing(merge_title(case["variance"], case["method"]), caption, figure)


def _told(record: Record) -> str:
    gone, values = len(record.values["merged"]), record.values
    start = f"Seed {record.case['seed']}: {gone} merged, accuracy on held-out digits {values['accuracy']:.1%}"
    if not gone:
        return start
    agree = f"{values['retrained_agreement']:.1%} of the predictions agree"
    return f"{start} before, {values['retrained_accuracy']:.1%} after retraining, {agree}"


def _norms(records: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.4, height=4.2)
    curves = {}
    for gamma in sorted({record.case["gamma"] for record in records}, key=lambda value: value or 0.0):
        runs = [record for record in records if record.case["gamma"] == gamma]
        name = "no batch normalisation" if gamma is None else f"γ = {figures.readable(gamma)}"
        for number, record in enumerate(runs):
            curves[name if number == 0 else f"_{name} {number}"] = (record.arrays["times"], record.arrays["risk"])
    figures.value_curves(axes[0, 0], curves, x_label="step", y_label="risk R", logarithmic="xy")
    axes[0, 0].axhline(PLATEAU, color="0.4", linewidth=0.8, linestyle=":")
    figures.title(axes[0, 0], "Batch normalisation and the plateau")
    caption = (
        f"Tanh networks with two hidden layers of width {records[0].case['width']} on three tanh steps, gradient "
        "descent with rate 0.01, one line a seed. Batch normalisation is before the activations, γ its value in "
        "the beginning; dotted: the shared risk."
    )
    return Drawing(NORMED, caption, figure)
