"""Draws the two studies of branches from their stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record

_NAMES = {1: "Q₁ (condensed)", 2: "Q₂", 3: "Q₃"}


def branch_drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of `branches`: the flows near each branch, and ranks and successes.

    Args:
        records: The records, in any order.
    """
    rates = [r for r in records if r.status == "done" and r.case["kind"] == "rate"]
    counted = [r for r in records if r.status == "done" and r.case["kind"] == "stability"]
    drawn = [_courses(rates), _ranks(rates)] if rates else []
    return [*drawn, _successes(counted, ["Q₁ (condensed)", "Q₂ and Q₃"])] if counted else drawn


def stability_drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns one figure a setting (m, m₀, d).

    Args:
        records: The records, in any order.
    """
    groups: dict[tuple[int, int, int], list[Record]] = {}
    for record in records:
        if record.status == "done":
            case = record.case
            groups.setdefault((case["width"], case["target_width"], case["inputs"]), []).append(record)
    return [_successes(group, None) for group in groups.values()]


def _courses(rates: list[Record]) -> Drawing:
    gaps = _gaps([r for r in rates if r.case["branch"] == 1])
    figure, axes = figures.panels(1, 2 if gaps else 1, width=4.6, height=3.6)
    shown = {}
    for branch in (1, 2, 3):
        for number, record in enumerate(r for r in rates if r.case["branch"] == branch):
            label = _NAMES[branch] if number == 0 else f"_{branch} {number}"
            shown[label] = (record.arrays["times"], record.arrays["risk"])
    time = "time t of the gradient flow"
    figures.value_curves(axes[0, 0], shown, x_label=time, y_label="risk R", logarithmic="xy")
    figures.title(axes[0, 0], "Risk near each branch")
    if gaps:
        figures.value_curves(axes[0, 1], gaps, x_label=time, y_label="|w₁ − w₂|", logarithmic="xy")
        figures.title(axes[0, 1], "Distance of the two neurons, near Q₁")
    case = rates[0].case
    return Drawing(
        "How flow comes to the branches",
        f"σ = exp, two neurons, two inputs, {case['samples']} samples, started {case['radius']:g} from a point of the "
        "branch; one line a seed. Left: the risk; a power of time is a straight line here. Right: meanwhile, the "
        "distance of the two neurons.",
        figure,
    )


def _gaps(condensed: list[Record]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns how far the neurons of Q₁ are apart, and the slope of the theory."""
    gaps = {
        _NAMES[1] if number == 0 else f"_{number}": (record.arrays["times"], record.arrays["gap"])
        for number, record in enumerate(condensed)
    }
    if gaps:
        times, gap = gaps[_NAMES[1]]
        late = times >= 1
        gaps["slope −1/2"] = (times[late], gap[-1] * np.sqrt(times[-1] / times[late]))
    return gaps


def _ranks(rates: list[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=5.4, height=3.6)
    shown = {}
    for branch in (1, 2, 3):
        record = next((r for r in rates if r.case["branch"] == branch), None)
        if record is not None:
            ranks = record.values["ranks"]
            shown[_NAMES[branch]] = (np.arange(1, len(ranks) + 1), np.array(ranks))
    figures.value_curves(axes[0, 0], shown, x_label="samples n", y_label="rank of the Hessian", whole=True)
    figures.title(axes[0, 0], "Rank of the Hessian on each branch")
    return Drawing(
        "Ranks along the branches",
        "At one point of each branch, the Hessian of the risk on the first n samples. The codimension is 5 on Q₁ "
        "and 4 on Q₂ and Q₃ (their lines coincide); where the rank is less, the risk is flat to second order in "
        "some direction across the branch.",
        figure,
    )


def _successes(group: list[Record], names: list[str] | None) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.0, height=3.9)
    case, values = group[0].case, group[0].values
    group = sorted(group, key=lambda record: record.case["samples"])
    labels = names or [
        f"blocks {blocks}, r = {r}" for blocks, r in zip(values["branches"], values["features"], strict=True)
    ]
    samples = np.array([record.case["samples"] for record in group])
    series, thresholds = {}, {}
    for branch, label in enumerate(labels):
        successes = [record.values["successes"][branch] for record in group]
        low, high = np.array([wilson(s, case["trials"]) for s in successes]).T
        series[label] = (samples, np.array(successes) / case["trials"], low, high)
        thresholds[label] = values["stable_from"][branch]
    figures.success_rates(
        axes[0, 0], series, x_label="samples n", y_label="flows that recover the target", thresholds=thresholds
    )
    name = f"m = {case['width']}, m₀ = {case['target_width']}, d = {case['inputs']}"
    figures.title(axes[0, 0], f"Recovery from near a branch, {name}")
    return Drawing(
        f"Recovery against samples, {name}",
        f"{case['trials']} flows a point, from {case['radius']:g} off a random point of the branch, with fresh "
        "samples; bars are 95 % intervals. Vertical lines: the codimension, from which on Theorem 5.4 promises "
        "recovery near almost every point. Blocks are named by their sizes; ₀ marks those whose output weights add "
        "up to zero.",
        figure,
    )
