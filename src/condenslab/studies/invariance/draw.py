"""Draws the studies of invariance from their stored records."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.invariance.discovery import EXPECTED, incidence, title
from condenslab.studies.invariance.manifolds import DISTANCES, LOSS_FIGURE
from condenslab.sweeps import Record

_FLOOR = 1e-18


def discovery_drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns one table of axes and symmetries for each architecture.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    first = {record.case["architecture"]: record for record in reversed(done)}
    return [_table(record, EXPECTED[name]) for name, record in first.items()]


def _table(record: Record, expected: Mapping[str, tuple[str, ...]]) -> Drawing:
    sets, axes = record.values["sets"], record.values["axes"]
    names = {frozenset(members): name for name, members in expected.items()}
    rows = [
        f"{names.get(frozenset(members), 'not expected')} ({size})"
        for members, size in zip(sets, record.values["sizes"], strict=True)
    ]
    architecture = record.case["architecture"]
    figure, panels = figures.panels(1, 1, width=max(5.0, 1.2 + 0.42 * len(axes)), height=1.6 + 0.34 * len(rows))
    figures.incidence_table(panels[0, 0], rows, [_axis(name) for name in axes], incidence(sets, axes) > 0)
    figures.title(panels[0, 0], f"Permutation symmetries of {architecture}")
    return Drawing(
        title(architecture),
        "Each row is a symmetry that was found from the function alone: the axes marked in it are permuted together "
        "(in brackets the number of units). Axes without a mark are inputs, outputs and positions.",
        figure,
    )


def _axis(name: str) -> str:
    """Names an axis of a parameter for readers, who count from 1: "coefficients[0][1]" is "coefficients 1, axis 2"."""
    leaf, _, axis = name.removesuffix("]").rpartition("[")
    words = re.sub(r"\[(\d+)\]", lambda found: f" {int(found[1]) + 1}", leaf).replace("_", " ").replace(".", " ")
    return f"{words}, axis {int(axis) + 1}"


def manifold_drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the distance to every manifold along training, first seed of each method, and the gradients of losses.

    Args:
        records: The records, in any order.
    """
    finished = [record for record in records if record.status == "done"]
    done = [record for record in finished if "method" in record.case]
    names = list(dict.fromkeys(record.case["manifold"] for record in done))
    if not names:
        return []
    figure, axes = figures.panels(-(-len(names) // 2), 2, width=4.6, height=3.3)
    for panel, name in zip(axes.flat, names, strict=False):
        runs = [record for record in done if record.case["manifold"] == name]
        curves = {}
        for record in sorted(runs, key=lambda record: record.case["seed"]):
            course, steps = np.asarray(record.arrays["course"]), np.asarray(record.arrays["steps"])
            last = record.case["steps"]
            curves.setdefault(
                record.case["method"], (steps * (last / max(steps[-1], 1e-300)), np.maximum(course, _FLOOR))
            )
        figures.value_curves(
            panel, curves, x_label="steps of GD (flow: time / rate)", y_label="distance", logarithmic="y"
        )
        panel.set_ylim(_FLOOR / 3, 10.0)  # one scale, on which rounding is seen to be nothing
        figures.title(panel, name.capitalize())
    for panel in axes.flat[len(names) :]:
        panel.set_visible(False)
    return [
        Drawing(
            DISTANCES,
            "One seed a method. Distances below 1e-18 are drawn there. The manifolds: equal, opposite and dead "
            "neurons; the balance a² − ‖w‖² of ReLU neurons (relative change); neurons with equal input weights "
            "but unequal output weights.",
            figure,
        ),
        *_losses([record for record in finished if "loss" in record.case]),
    ]


def _losses(records: Sequence[Record]) -> list[Drawing]:
    """Returns the largest normal part of the gradient by manifold and loss, or nothing without records."""
    manifolds = list(dict.fromkeys(record.case["manifold"] for record in records))
    losses = list(dict.fromkeys(record.case["loss"] for record in records))
    if not records:
        return []
    parts = np.full((len(manifolds), len(losses)), np.nan)
    for record in records:
        place = manifolds.index(record.case["manifold"]), losses.index(record.case["loss"])
        parts[place] = np.fmax(parts[place], max(record.values["largest"], _FLOOR))
    figure, axes = figures.panels(1, 1, width=7.0, height=2.9)
    figures.value_map(
        axes[0, 0],
        losses,
        manifolds,
        np.log10(parts),
        x_label="loss",
        y_label="set",
        value_label="log₁₀ of the normal part",
        limits=(-18.0, 0.0),
    )
    figures.title(axes[0, 0], "Gradient normal to the set, relative to the whole")
    caption = (
        "The largest part of ∇R that is normal to a set of parameters, over random data sets and seeds; below 1e-18 it "
        "is drawn there. On structural invariant manifolds it is rounding for every loss; for equal input weights with "
        "unequal output weights, which are none, it is of order 1."
    )
    return [Drawing(LOSS_FIGURE, caption, figure)]
