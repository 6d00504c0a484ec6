"""Draws the studies of invariance from their stored records."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import LogLocator, NullLocator

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.invariance.discovery import EXPECTED, incidence, title
from condenslab.studies.invariance.manifolds import DISTANCES, LOSS_FIGURE, ROUNDING
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
    figure, axes = figures.panels(1, 1, width=7.4, height=4.4)
    ax = axes[0, 0]
    figures.value_curves(
        ax, _courses(done, names), x_label="steps of GD (flow: time / rate)", y_label="distance", logarithmic="y"
    )
    ax.set_ylim(_FLOOR / 3, 10.0)  # one scale, on which rounding is seen to be nothing
    ax.yaxis.set_major_locator(LogLocator(base=1000, numticks=12))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.axhspan(_FLOOR / 3, ROUNDING, color="#EEEEEE", linewidth=0, zorder=0)
    ax.text(0.99, ROUNDING / 2, "rounding", transform=ax.get_yaxis_transform(), ha="right", va="top", fontsize=8)
    figures.legend_below(ax, columns=2)
    return [
        Drawing(
            DISTANCES,
            "First seed; of several methods the first is drawn strong. Distances below 10⁻¹⁸ are drawn there; below "
            "10⁻¹² (grey) they are rounding. The manifolds: equal, opposite and dead "
            "neurons; the balance a² − ‖w‖² of ReLU neurons (relative change; under flow until it slides along a "
            "kink, which on orthogonal inputs it never does); neurons with equal input weights but unequal output "
            "weights.",
            figure,
        ),
        *_losses([record for record in finished if "loss" in record.case]),
    ]


def _losses(records: Sequence[Record]) -> list[Drawing]:
    """Returns the largest normal part of the gradient by set and loss, or nothing without records."""
    if not records:
        return []
    losses = list(dict.fromkeys(record.case["loss"] for record in records))
    figure, axes = figures.panels(1, len(losses), width=2.6, height=3.4)
    for ax, loss in zip(axes[0], losses, strict=True):
        parts: dict[str, list[float]] = {}
        for record in records:
            if record.case["loss"] == loss:
                parts.setdefault(record.case["manifold"], []).append(max(record.values["largest"], _FLOOR))
        figures.seed_values(ax, parts, y_label="normal part of ∇R", logarithmic=True)
        ax.set_ylim(_FLOOR / 3, 10.0)
        ax.axhspan(_FLOOR / 3, ROUNDING, color="#EEEEEE", linewidth=0, zorder=0)
        ax.tick_params(axis="x", labelrotation=90)
        figures.title(ax, loss)
    caption = (
        "The largest part of ∇R that is normal to a set of parameters, relative to ∇R, over random data sets; a mark a "
        "start. Below 10⁻¹⁸ it is drawn there; below 10⁻¹² (grey) it is rounding. Equal, opposite and dead neurons are "
        "structural invariant manifolds; equal input weights with unequal output weights are none."
    )
    return [Drawing(LOSS_FIGURE, caption, figure)]


def _courses(done: Sequence[Record], names: Sequence[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns the distance along training by manifold, of each method's first seed."""
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name in names:
        runs = sorted((r for r in done if r.case["manifold"] == name), key=lambda r: r.case["seed"])
        first = {record.case["method"]: record for record in reversed(runs)}
        methods = list(dict.fromkeys(record.case["method"] for record in runs))
        for number, method in enumerate(methods):
            steps, course = (np.asarray(first[method].arrays[key]) for key in ("steps", "course"))
            label = f"{name} ({', '.join(methods)})" if number == 0 else f"_{name}, {method}"
            across = steps * (first[method].case["steps"] / max(steps[-1], 1e-300))
            curves[label] = (across, np.maximum(course, _FLOOR))
    return curves
