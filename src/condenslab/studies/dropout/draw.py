"""Draws the dropout study from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.dropout.cases import KINDS, TEACHERS
from condenslab.studies.shared.descents.draw import select
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    drawn = [*(_teacher(records, task) for task in TEACHERS), _curve(records), _course(records)]
    return [drawing for drawing in drawn if drawing is not None]


def _firsts(records: Sequence[Record], task: str) -> list[tuple[str, Record]]:
    kinds = [(words, _runs_of(records, task, kind)) for kind, words in KINDS.items()]
    return [(words, runs[0]) for words, runs in kinds if runs]


def _runs_of(records: Sequence[Record], task: str, kind: str) -> list[Record]:
    runs = select(records, task=task, penalty=kind == "penalty")
    return [r for r in runs if (r.case["drop"] > 0) == (kind != "none")]


def _teacher(records: Sequence[Record], task: str) -> Drawing | None:
    shown = _firsts(records, task)
    if not shown:
        return None
    figure, axes = figures.panels(1, len(shown), width=3.6, height=3.4)
    for column, (words, run) in enumerate(shown):
        unit = run.arrays["weights"] / np.linalg.norm(run.arrays["weights"], axis=1, keepdims=True)
        figures.cosine_heatmap(axes[0, column], np.clip(unit @ unit.T, -1, 1), colour_bar=column == len(shown) - 1)
        figures.title(axes[0, column], f"{words}: {figures.counted(run.values['orientations'], 'orientation')}")
    case = shown[-1][1].case
    caption = (
        f"Teacher tanh(x₁ + … + x₁₀), 30 samples, {TEACHERS[task]}, 100 tanh neurons, keep "
        f"{figures.readable(1 - case['drop'])} "
        f"(drop {figures.readable(case['drop'])}), Adam at rate 10⁻³, {case['steps']:,} steps, first seed. "
        "Cosines of the input weights of "
        "all neurons above 5 % of the largest amplitude, ordered by the leading eigenvector."
    )
    return Drawing(f"Dropout on a teacher of one neuron, {TEACHERS[task]}", caption, figure)


def _curve(records: Sequence[Record]) -> Drawing | None:
    shown = _firsts(records, "two_tanh")
    if not shown:
        return None
    figure, axes = figures.panels(2, len(shown), width=3.6, height=3.2)
    for column, (words, run) in enumerate(shown):
        arrays = run.arrays
        figures.orientation_amplitude(
            axes[0, column],
            arrays["angles"],
            arrays["amplitudes"],
            initial_angle=arrays["start_angles"],
            initial_amplitude=arrays["start_amplitudes"],
        )
        figures.title(axes[0, column], f"{words}: {figures.counted(run.values['orientations'], 'orientation')}")
        samples = (arrays["inputs"], arrays["targets"])
        figures.function_curves(axes[1, column], arrays["grid"], {"network": arrays["function"]}, samples=samples)
        figures.title(axes[1, column], f"Test error {figures.readable(run.values['test_error'], 2)}")
    case = shown[-1][1].case
    caption = (
        f"Target tanh(x − 6) + tanh(x + 6), 50 samples, {case['width']} tanh neurons from N(0, m⁻⁰·²), keep "
        f"{figures.readable(1 - case['drop'])}, Adam at rate 10⁻³, {case['steps']:,} steps, first seed. "
        "Above: every neuron before and "
        "after. Below: the function."
    )
    return Drawing("Dropout on a target of one input", caption, figure)


def _course(records: Sequence[Record]) -> Drawing | None:
    tasks = [task for task in (*TEACHERS, "two_tanh") if _firsts(records, task)]
    if not tasks:
        return None
    figure, axes = figures.panels(1, len(tasks), width=4.0, height=3.5)
    for ax, task in zip(axes[0], tasks, strict=True):
        curves = {}
        for kind, words in KINDS.items():
            for k, run in enumerate(_runs_of(records, task, kind)):
                curves[words if k == 0 else f"_{words} {k}"] = (run.arrays["times"], run.arrays["orientations"])
        figures.value_curves(ax, curves, x_label="step", y_label="orientations (cosine 0.95)", logarithmic="xy")
        figures.title(ax, f"Teacher, {TEACHERS[task]}" if task in TEACHERS else "Target of one input")
    caption = (
        "Number of orientations of the neurons above 5 % of the largest amplitude, along training; thick: first "
        "seed. In the plane no more than about 18 directions differ by more than the cosine 0.95 allows."
    )
    return Drawing("How the number of orientations falls", caption, figure)
