"""Draws the study of depths from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.depth_similarity.claims import CONSTANT, LEVELS, SETOSA, start_words, title
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws risk and accuracy along training, of the seeds that finished at all depths.

    Args:
        records: The records.
    """
    stds = sorted({record.case["std"] for record in records})
    starts = [_by_seed([record for record in records if record.case["std"] == std]) for std in stds]
    return [_drawing(seeds) for seeds in starts if seeds]


def _by_seed(records: Sequence[Record]) -> list[list[Record]]:
    """Returns the runs of every seed that finished at all depths, shallow ones first."""
    seeds, depths = {r.case["seed"] for r in records}, {r.case["depth"] for r in records}
    runs = [[r for r in records if r.case["seed"] == seed and r.status == "done"] for seed in sorted(seeds)]
    return [sorted(finished, key=lambda r: r.case["depth"]) for finished in runs if len(finished) == len(depths)]


def _drawing(seeds: list[list[Record]]) -> Drawing:
    figure, axes = figures.panels(1, 2, width=6.0, height=4.2)
    levels = [("constant function, 2/9", CONSTANT), ("setosa apart, 1/9", SETOSA), ("published level", LEVELS[2])]
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for number, record in enumerate(seeds[0]):
        name, last = f"{record.case['depth']} hidden layers", number == len(seeds[0]) - 1
        times, risk = record.arrays["times"], record.arrays["risk"]
        figures.risk_curve(axes[0, 0], times, risk, label=name, time_label="step", levels=levels if last else ())
        for k, runs in enumerate(seeds):
            arrays = runs[number].arrays
            curves[f"_{name}, {k}" if k else name] = (arrays["times"], arrays["accuracy"])
    figures.title(axes[0, 0], "Risk (mean over outputs)")
    figures.value_curves(axes[0, 1], curves, x_label="step", y_label="training accuracy", logarithmic="x")
    figures.title(axes[0, 1], f"Accuracy, {len(seeds)} seed{'s' if len(seeds) > 1 else ''}")
    case = seeds[0][0].case
    caption = (
        f"ReLU networks of width {case['width']} on Iris, gradient descent with rate {figures.readable(case['rate'])}, "
        f"{start_words(case['std'])}. Left, one seed: named are the risk of the best constant function, that of "
        "telling setosa from the rest and no more, and the third level of the published figure. Networks that rest at "
        "the same risks share these plateaus; the step at which a curve leaves one is to be compared between depths."
    )
    return Drawing(title(case["std"]), caption, figure)
