"""Draws the landscape_slices study from its stored records."""

from collections.abc import Sequence
from pathlib import Path

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.landscape_slices.claims import LINES, PERMUTED, PLANES, TRAJECTORY, quadratic
from condenslab.sweeps import Record

IMAGES = "The risk of a small network on images"


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    critical = sorted((r for r in done if r.case["kind"] == "critical"), key=lambda r: r.case["width"])
    runs = [record for record in done if record.case["kind"] == "trajectory"]
    images = [_images(record) for record in done if record.case["kind"] == "images"]
    drawn = [_planes(critical), _lines(critical)] if critical else []
    return drawn + ([_trajectory(runs[0]), _permuted(runs)] if runs else []) + images


def _name(record: Record) -> str:
    return f"Width {record.case['width']} in width {record.case['width'] + record.case['copies']}"


def _planes(critical: list[Record]) -> Drawing:
    figure, axes = figures.panels(1, len(critical), width=4.6, height=4.2)
    for ax, record in zip(axes[0], critical, strict=True):
        first, second = (reach * record.arrays["axis"] for reach in record.arrays["reach"])
        labels = ("lowest eigenvector", "highest eigenvector")
        change = record.arrays["plane"] - record.values["risk"]
        marks = {"embedded minimum": (0.0, 0.0)}
        figures.risk_surface(ax, first, second, change, marks=marks, labels=labels, change=True)
        figures.title(ax, _name(record))
    caption = (
        "The change of the risk over the plane of the eigenvectors of the lowest and the highest eigenvalue of the "
        "Hessian, through a minimum of the narrow network whose first neuron is split in equal shares."
    )
    return Drawing(PLANES, caption, figure)


def _lines(critical: list[Record]) -> Drawing:
    figure, axes = figures.panels(1, len(critical), width=4.6, height=3.3)
    for column, record in enumerate(critical):
        middle = len(record.arrays["axis"]) // 2
        plane, lowest = record.arrays["plane"], record.arrays["reach"][0] * record.arrays["axis"]
        curves = {"risk": plane[:, middle], "½λt² model": quadratic(record, 0)}
        figures.risk_line(axes[0, column], lowest, curves, label="step along the lowest eigenvector")
        figures.title(axes[0, column], _name(record))
    change = max(record.values["flat_deviation"] for record in critical)
    caption = (
        "The risk along the lowest eigenvector and its quadratic model, whose curvature is the eigenvalue. As the "
        f"share of the first copy goes from −1 to 2, the risk changes by at most {figures.readable(change)}."
    )
    return Drawing(LINES, caption, figure)


def _trajectory(run: Record) -> Drawing:
    figure, axes = figures.panels(1, 2, width=5.6, height=4.6)
    arrays = run.arrays
    figures.risk_surface(
        axes[0, 0],
        arrays["first"],
        arrays["second"],
        arrays["plane"],
        path=arrays["coordinates"],
        labels=("first principal direction", "second principal direction"),
    )
    figures.title(axes[0, 0], "Plane of the trajectory")
    figures.risk_surface(
        axes[0, 1],
        arrays["axis"],
        arrays["axis"],
        arrays["across"],
        marks={"end": (0.0, 0.0)},
        labels=("first random direction", "second random direction"),
    )
    figures.title(axes[0, 1], "Random directions, filter-normalised")
    caption = (
        f"Gradient flow of a width-{run.case['width']} network from N(0, width⁻³), seed {run.case['seed']}. Left: the "
        "plane of the two principal directions about the end, with the trajectory at times evenly spaced in log t "
        f"from 0.1 on; it holds {100 * run.values['explained']:.1f} % of the mean squared distance from the end. "
        "Right: the risk around the end along two random directions."
    )
    return Drawing(TRAJECTORY, caption, figure)


def _permuted(runs: list[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.4, height=3.6)
    curves = {f"seed {run.case['seed']}": run.arrays["line"] for run in runs[:5]}
    label = "t on the line from θ (0) to the same network with swapped neurons (1)"
    figures.risk_line(axes[0, 0], runs[0].arrays["steps"], curves, label=label)
    axes[0, 0].set_yscale("log")
    caption = "The risk on the line between the trained network and the same network with its neurons swapped in pairs."
    return Drawing(PERMUTED, caption, figure)


def _images(run: Record) -> Drawing:
    figure, axes = figures.panels(1, 1, width=5.8, height=4.6)
    axis = run.arrays["axis"]
    labels = ("first random direction", "second random direction")
    figures.risk_surface(axes[0, 0], axis, axis, run.arrays["plane"], marks={"end": (0.0, 0.0)}, labels=labels)
    figures.title(axes[0, 0], "Cross-entropy around the end of training")
    case, values = run.case, run.values
    caption = (
        f"A tanh network of {case['width']} neurons, {values['parameters']:,} parameters, after {case['steps']} steps "
        f"of Adam on the first {case['samples']:,} images in {Path(case['folder']).name}, of which it names "
        f"{100 * values['accuracy']:.1f} % rightly: its risk on them along two random directions, filter-normalised. "
        "Context, on which nothing is claimed. The deck's picture (Skorokhodov and Burtsev, arXiv 1910.03867) is of a "
        "plane that was searched for, this one is drawn at random."
    )
    return Drawing(IMAGES, caption, figure)
