"""Draws the pruning study from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.pruning.cases import MOMENTS
from condenslab.studies.pruning.claims import TITLES
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns a figure of every output: of its first finished seed, with the neurons of all.

    Args:
        records: The records.
    """
    done = [record for record in records if record.status == "done"]
    of = {output: [record for record in done if record.case["output"] == output] for output in TITLES}
    return [_drawing(title, of[output]) for output, title in TITLES.items() if of[output]]


def _drawing(title: str, done: Sequence[Record]) -> Drawing:
    record = done[0]
    figure, axes = figures.panels(1, 3, width=4.6, height=4.3)
    steps, risk = record.arrays["steps"], record.arrays["risk"]
    width = record.case["width"]
    figures.risk_curve(axes[0, 0], steps, risk, label=f"{width} neurons", time_label="epoch")
    for moment, words in MOMENTS.items():
        if f"{moment}_retrained_course" in record.arrays:
            onward = record.values[f"{moment}_step"] + record.arrays[f"{moment}_retrained_steps"]
            name = f"{record.values[f'{moment}_neurons']} neurons, merged {words}"
            figures.risk_curve(axes[0, 0], onward, record.arrays[f"{moment}_retrained_course"], label=name)
    figures.title(axes[0, 0], "Loss, whole and merged")
    labels = [f"seed {r.case['seed']}" for r in done]
    neurons = {name: (_epochs(r), r.arrays["neurons"]) for name, r in zip(labels, done, strict=True)}
    figures.value_curves(
        axes[0, 1], neurons, x_label="epoch of merging", y_label="neurons after merging", logarithmic="x", whole=True
    )
    figures.title(axes[0, 1], "Neurons that merging leaves")
    shown = {
        "same class as the whole network": record.arrays["agreement"],
        "right class, whole network": record.arrays["accuracy"],
        "right class, merged network": record.arrays["merged_accuracy"],
    }
    curves = {name: (_epochs(record), 100 * values) for name, values in shown.items()}
    figures.value_curves(axes[0, 2], curves, x_label="epoch of merging", y_label="held-out digits (%)", logarithmic="x")
    figures.title(axes[0, 2], "Predictions on held-out digits")
    for ax in axes[0]:
        figures.legend_below(ax, columns=1)
    also = " and one on every output" if record.case["output"] == "relu" else ""
    caption = (
        f"A ReLU network of {width} neurons{also} learns {record.case['images']} digits of MNIST (one-hot targets, "
        f"squared error summed over 10 outputs, Adam at rate {figures.readable(record.case['rate'])}, every parameter "
        f"drawn with variance {width}⁻⁶). At each recorded epoch its neurons are merged by the source's rule (cosine "
        f"at least {record.case['similarity']}, amplitude filter {record.case['amplitude_filter']}). Left, seed "
        f"{record.case['seed']}: the loss of the merged network and of the whole one. "
        "Right: how often both predict one class, and how often each is right."
    )
    return Drawing(title, caption, figure)


def _epochs(record: Record) -> np.ndarray:
    return np.asarray(record.arrays["steps"])[1:]
