"""Draws the study of data and plateaus from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.plateau_data.cases import GRIDS
from condenslab.studies.plateau_data.claims import LEFT, title
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the risk along training for every reading of the samples, of the first seed that finished with all numbers.

    Args:
        records: The records.
    """
    first = [_first_seed([record for record in records if record.case["grid"] == grid]) for grid in GRIDS]
    return [_drawing(runs) for runs in first if runs]


def _first_seed(records: list[Record]) -> list[Record]:
    """Returns the runs of the first seed that finished with every number of samples, the fewest first."""
    counts = {record.case["samples"] for record in records}
    for seed in sorted({record.case["seed"] for record in records}):
        runs = [record for record in records if record.case["seed"] == seed and record.status == "done"]
        if len(runs) == len(counts):
            return sorted(runs, key=lambda record: record.case["samples"])
    return []


def _drawing(runs: list[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.0, height=3.6)
    case = runs[0].case
    for number, record in enumerate(runs):
        changed = record.arrays["times_before"][-1]
        times = np.concatenate([record.arrays["times_before"], changed + record.arrays["times"][1:]])
        risk = np.concatenate([record.arrays["risk_before"], record.arrays["risk"][1:]])
        figures.risk_curve(
            axes[0, 0],
            times,
            risk,
            label=f"{record.case['samples']} samples",
            time_label="step",
            levels=[("plateau left", LEFT)] if number == len(runs) - 1 else (),
        )
    figures.title(axes[0, 0], f"Risk along training, samples changed at step {case['before']:,}")
    caption = (
        f"Networks of {case['depth']} hidden tanh layers of width {case['width']} on the sum of three tanh, gradient "
        f"descent with rate 0.01 from parameters of standard deviation {case['std']:g}. All begin with the same "
        f"{case['fewest']} samples; from step {case['before']:,} on they have as many or more: {GRIDS[case['grid']]}. "
        "To be compared is the step at which each crosses the line."
    )
    return Drawing(title(case["grid"]), caption, figure)
