"""Draws the relu_stationary study from its stored records."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.relu_stationary.cases import EXPERIMENTS
from condenslab.studies.relu_stationary.claims import RISKS, plateaus
from condenslab.sweeps import Record

_LINES = 3


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; experiments that were not computed are left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    groups = {n: [r for r in done if r.case["experiment"] == n] for n in EXPERIMENTS}
    groups = {number: runs for number, runs in groups.items() if runs}
    return [_curves(groups), _neurons(groups)] if groups else []


def _curves(groups: dict[int, list[Record]]) -> Drawing:
    figure, axes = figures.panels(1, len(groups), width=4.6, height=4.0)
    for ax, (number, runs) in zip(axes[0], groups.items(), strict=True):
        for run in runs[:_LINES]:
            label = f"seed {run.case['seed']}"
            figures.risk_curve(ax, run.arrays["times"], run.arrays["risk"], label=label, time_label="step")
        ax.set_xscale("linear")
        ax.set_yscale("linear")
        ax.set_ylim(0, 1.06 * max(float(np.max(run.arrays["risk"])) for run in runs[:_LINES]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step / 1000:,.0f}"))
        ax.set_xlabel("step (thousands)")
        levels = plateaus(runs[0].arrays["risk"])
        for level in levels:
            ax.axhline(level, color="0.5", linestyle=(0, (4, 2)), linewidth=0.8, label=f"_{level}")
        figures.title(ax, f"Experiment {number}: {figures.counted(len(levels), 'plateau')}")
        figures.describe(ax, f"Plateaus of seed {runs[0].case['seed']} at {', '.join(map(figures.readable, levels))}.")
    caption = (
        "Risk (mean over samples and outputs) against the step, neither logarithmic, of three seeds of each "
        f"experiment. Dashed: the plateaus of the first seed, at {_listed(groups)}."
    )
    return Drawing(RISKS, caption, figure)


def _listed(groups: dict[int, list[Record]]) -> str:
    parts = []
    for number, runs in groups.items():
        levels = ", ".join(figures.readable(level) for level in plateaus(runs[0].arrays["risk"]))
        parts.append(f"{levels or 'no level'} in experiment {number}")
    return "; ".join(parts)


def _neurons(groups: dict[int, list[Record]]) -> Drawing:
    figure, axes = figures.panels(1, len(groups), width=4.6, height=4.0)
    for ax, (number, runs) in zip(axes[0], groups.items(), strict=True):
        run = runs[0]
        weights, inputs = run.arrays["input_weights"], EXPERIMENTS[number].inputs
        lengths = np.linalg.norm(weights, axis=1)
        _scatter(ax, weights[:, :2] / np.maximum(lengths, 1e-300)[:, None], run.arrays["amplitudes"], inputs[:, :2])
        ax.set_xlabel("first input weight / ‖w‖")
        ax.set_ylabel("second input weight / ‖w‖")
        figures.title(ax, f"Experiment {number}: {figures.counted(len(run.arrays['group_amplitudes']), 'group')}")
        figures.legend_below(ax)
    caption = (
        "Directions of the input weights at the end, first seed; the area of a disc is the amplitude |a|·‖w‖. Rays: "
        "kinks, directions orthogonal to a sample (for two inputs; inside the disc where there are three). Neurons "
        "that rest on a ray are at a kink, where the risk has one-sided derivatives only."
    )
    return Drawing("Neurons at the end", caption, figure)


def _scatter(ax: Axes, directions: np.ndarray, amplitudes: np.ndarray, samples: np.ndarray) -> None:
    for number, sample in enumerate(samples):
        normal = np.array([-sample[1], sample[0]]) / np.linalg.norm(sample)
        name = "orthogonal to a sample" if number == 0 else f"_{number}"
        ax.plot(*np.outer(normal, [-1.15, 1.15]), color="0.75", linewidth=0.9, zorder=1, label=name)
    sizes = 8 + 220 * amplitudes / amplitudes.max()
    colour = figures.OKABE_ITO["vermillion"]
    ax.scatter(*directions.T, s=sizes, color=colour, alpha=0.55, linewidths=0, zorder=3, label="neuron")
    ax.add_patch(Circle((0, 0), 1.0, fill=False, edgecolor="0.6", linewidth=0.8, zorder=0.5))
    ax.set_xlim(-1.25, 1.25)
    ax.set_ylim(-1.25, 1.25)
    ax.set_aspect("equal")
    figures.describe(ax, f"{len(amplitudes)} neurons, largest amplitude {figures.readable(amplitudes.max())}.")
