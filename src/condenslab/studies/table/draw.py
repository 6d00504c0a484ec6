"""Draws the table study from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.table.answer import Answer, Stage, answer, share, spread
from condenslab.studies.table.claims import COURSE, ERRORS
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run.

    Args:
        records: The records, in any order.
    """
    found = answer(records)
    if found is None:
        return []
    drawn = [_errors(found)]
    if found.stage is not None:
        drawn += [_course(found, found.stage)]
    return drawn


def _errors(found: Answer) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.5, height=4.0)
    ax, widths = axes[0, 0], np.arange(len(found.errors))
    values, bars = (
        _shown(found, found.errors),
        _shown(found, found.errors + found.standard) - _shown(found, found.errors),
    )
    ax.errorbar(widths, values, yerr=bars, marker="o", color=figures.OKABE_ITO["blue"], label="held-out error")
    ax.axvline(found.neurons, color=figures.OKABE_ITO["vermillion"], linestyle="--", label=f"{found.neurons} neurons")
    if found.noise:
        ax.axhline(float(_shown(found, np.array(found.noise))), color="0.5", linestyle=":", label="estimated noise")
    ax.set_yscale("log")
    ax.set_xlabel("neurons")
    ax.set_ylabel(_unit(found))
    ax.legend(frameon=False)
    shown = ", ".join(f"{value:.3g}" for value in values)
    figures.describe(ax, f"Held-out error of 0 to {found.most} neurons: {shown}.")
    caption = (
        f"{found.samples} samples. Error on samples that were left out, by the number of neurons of the network that "
        f"was fitted to the others; bars: standard error of the difference from the least. {found.neurons} neurons are "
        f"the fewest within one standard error of it ({share(found.votes, found.neurons)} random cuts into folds "
        f"choose them; all: {spread(found.votes)})."
    )
    return Drawing(ERRORS, caption, figure)


def _course(found: Answer, stage: Stage) -> Drawing:
    figure, axes = figures.panels(1, 2, width=5.0, height=3.9)
    left, right = axes[0]
    for label, values, colour in (("held out", stage.held, "blue"), ("training", stage.train, "vermillion")):
        left.loglog(stage.times, _shown(found, values), color=figures.OKABE_ITO[colour], label=label)
    left.axvline(stage.time, color="0.5", linestyle=":")
    left.set_xlabel("time of the flow")
    left.set_ylabel(_unit(found))
    left.legend(frameon=False)
    for course in stage.courses:
        right.semilogx(stage.times, course, color=figures.OKABE_ITO["blue"], alpha=0.5)
    right.axhline(found.neurons, color=figures.OKABE_ITO["vermillion"], linestyle="--")
    right.axvline(stage.time, color="0.5", linestyle=":")
    right.set_xlabel("time of the flow")
    right.set_ylabel("groups of neurons, one line a fold")
    figures.describe(left, f"The held-out error is least at time {stage.time:.3g}.")
    figures.describe(right, f"{spread(stage.groups)} groups at that time.")
    caption = (
        f"Gradient flow of {stage.width} neurons from small weights, one fold of the {found.samples} samples left out. "
        f"Left: error; it is least on held-out samples at time {figures.readable(stage.time, 3)} (dotted). Right: into "
        f"how many groups the neurons have condensed ({spread(stage.groups)} at that time); dashed: the "
        f"{found.neurons} neurons that narrow networks need."
    )
    return Drawing(COURSE, caption, figure)


def _shown(found: Answer, errors: np.ndarray) -> np.ndarray:
    """Returns errors as they are drawn: nats, or root mean squares, of one target in its own unit, else in spreads."""
    if found.right is not None:
        return errors
    return np.sqrt(np.maximum(errors, 1e-16) / found.outputs) * (found.height[0] if found.outputs == 1 else 1.0)


def _unit(found: Answer) -> str:
    if found.right is not None:
        return "cross-entropy (nats)"
    return "rms error (unit of the target)" if found.outputs == 1 else "rms error / spread of each target"
