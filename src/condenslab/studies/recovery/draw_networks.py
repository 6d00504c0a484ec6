"""Draws what the networks of the recovery study are: critical functions, groups, embeddings, ranks and the contrast."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.recovery.claims import CONTRAST, CRITICAL, DISTANCE, GROUPS, RANK
from condenslab.studies.recovery.embedding import SADDLE
from condenslab.studies.recovery.readings import Results, distances
from condenslab.studies.shared.signs import draw_signs
from condenslab.sweeps import Record


def networks(results: Results, main: Sequence[Record]) -> list[Drawing | None]:
    """Returns the figures of networks, in the order of the story; None where something was not computed.

    Args:
        results: The finished records.
        main: The flows from small initialisation that the story follows.
    """
    return [
        _critical_functions(results),
        _distance(main, results),
        _groups(results),
        _embedding(results),
        _spectra(results),
        _contrast(results),
    ]


def _critical_functions(results: Results) -> Drawing | None:
    searches = [(w, r) for w, r in sorted(results.critical.items()) if "functions" in r.arrays and r.values["risks"]]
    if not searches:
        return None
    figure, axes = figures.panels(1, len(searches), width=4.4, height=3.9)
    for ax, (width, record) in zip(axes[0], searches, strict=True):
        order = np.argsort(record.values["risks"])[:5]
        curves = {}
        for k in order:
            positive, zero, negative = record.values["inertia"][k]
            label = f"R = {figures.readable(record.values['risks'][k], 4)} ({positive}, {zero}, {negative})"
            curves[label + "′" * sum(label == key.rstrip("′") for key in curves)] = record.arrays["functions"][k]
        figures.function_curves(ax, record.arrays["grid"], curves)
        figures.legend_below(ax, columns=1)
        figures.title(ax, f"Width {width}: {len(record.values['risks'])} found")
    caption = (
        "Critical functions that first appear at each width, the five of lowest risk, with the inertia (positive, "
        "zero, negative) in their own width; a prime marks another function of the same risk, such as the mirror image."
    )
    return Drawing(CRITICAL, caption, figure)


def _distance(runs: Sequence[Record], results: Results) -> Drawing | None:
    searches = [(w, r) for w, r in sorted(results.critical.items()) if r.values["risks"]]
    if not runs or not searches:
        return None
    figure, axes = figures.panels(1, 1, width=7.0, height=4.0)
    times = runs[0].arrays["times"]
    for width, record in searches:
        nearest = np.min([distances(runs[0], outputs) for outputs in record.arrays["outputs"]], axis=0)
        label = f"nearest of width {width} (closest {figures.readable(nearest.min(), 2)})"
        figures.risk_curve(axes[0, 0], times, nearest, label=label)
    axes[0, 0].set_ylabel("relative rms distance")
    caption = (
        f"Distance of the network's function (seed {runs[0].case['seed']}) to the nearest critical function of each "
        "narrow width, relative to that function, on the training inputs."
    )
    return Drawing(DISTANCE, caption, figure)


def _groups(results: Results) -> Drawing | None:
    shown = [
        ("small", True, "small, L2 stage"),
        ("small", False, "small, no L2 term"),
        ("std 1", False, "std 1"),
        ("PyTorch default", False, "PyTorch default"),
        ("std 1", True, "std 1, L2 stage"),
    ]
    figure, axes = figures.panels(1, 2, width=5.0, height=4.4)
    drawn = False
    for start, decayed, label in shown:
        for record in results.flow(start, decayed=decayed)[:1]:
            drawn = True
            thresholds = record.arrays["thresholds"]
            figures.threshold_counts(axes[0, 0], thresholds, record.arrays["threshold_counts"], label=label)
            figures.threshold_counts(axes[0, 1], thresholds, record.arrays["threshold_counts_large"], label=label)
    if not drawn:
        return None
    figures.title(axes[0, 0], "Neurons above 0.1 % of the largest")
    figures.title(axes[0, 1], "Neurons above 5 % of the largest")
    for ax in axes[0]:
        ax.set_xlabel("threshold (relative distance of (w, b))")
    caption = (
        "Number of groups as a function of the threshold, complete linkage in the invariant coordinates of the "
        "activation, for the first seed of each start. A flat line is a property of the network; a slope is a property "
        "of the threshold."
    )
    return Drawing(GROUPS, caption, figure)


def _embedding(results: Results) -> Drawing | None:
    found = {width: record for width, record in sorted(results.critical.items()) if "embedded_inertia" in record.values}
    if not found:
        return None
    labels, counts, spectra, cuts = [], [], [], []
    for width, record in found.items():
        labels += [f"minimum of width {width}", f"in width {record.case['wide']}"]
        counts += [record.values["embedded_from"], record.values["embedded_inertia"]]
        spectra += [record.arrays.get(f"{name}_eigenvalues") for name in ("embedded_from", "embedded")]
        cuts += record.values.get("embedded_tolerances", [])
    figure, axes = figures.panels(1, 1, width=7.0, height=0.9 + 0.65 * len(labels))
    above = [row - 1 if row % 2 else None for row in range(len(labels))]
    draw_signs(axes[0, 0], labels, counts, spectra, cuts, above)
    caption = (
        "Hessian eigenvalues of the lowest minimum of widths 1 and 2, before and after it is embedded into the wide "
        "network by splitting; in brackets what the embedding adds."
    )
    return Drawing(SADDLE, caption, figure)


def _spectra(results: Results) -> Drawing | None:
    shown = [
        (results.flow("small", decayed=True), "rank", "recovered, re-embedded"),
        (results.flow("small", decayed=True), "end_rank", "raw end point"),
        (results.flow("std 1", decayed=True), "start_rank", "random, std 1"),
    ]
    panels = [(runs[0], name, title) for runs, name, title in shown if runs and name in runs[0].values]
    if not panels:
        return None
    figure, axes = figures.panels(1, len(panels), width=4.6, height=4.2)
    for ax, (record, name, title) in zip(axes[0], panels, strict=True):
        _spectrum(ax, record, name, title)
    samples = panels[0][0].arrays["outputs"].shape[1]
    parameters = 3 * panels[0][0].case["width"]
    caption = (
        f"Singular values of the Jacobian on probe inputs. The rank of the recovered network is the optimistic sample "
        f"size: it compares with {samples} samples and {parameters:,} parameters. Of the raw networks the numerical "
        "rank is shown, at the dashed tolerance: undecided where no two decades stand between its values."
    )
    return Drawing(RANK, caption, figure)


def _spectrum(ax: Axes, record: Record, name: str, title: str) -> None:
    values = record.arrays[f"{name}_spectrum"]
    figures.spectrum(
        ax,
        values[: max(60, record.values[name] + 20)],
        tolerance=record.values[f"{name}_tolerance"],
        floor=record.values[f"{name}_floor"],
        kept=record.values[name],
        decided=record.values[f"{name}_decided"],
        name=title,
    )


def _contrast(results: Results) -> Drawing | None:
    starts = ("small", "std 1", "PyTorch default")
    chosen = [(s, results.flow(s, decayed=False)) for s in starts]
    chosen = [(s, runs[0]) for s, runs in chosen if runs and "frame_functions" in runs[0].arrays]
    if len(chosen) < 2:
        return None
    figure, axes = figures.panels(1, len(chosen), width=4.4, height=3.7)
    for ax, (start, record) in zip(axes[0], chosen, strict=True):
        arrays = record.arrays
        figures.orientation_amplitude(ax, arrays["frame_angles"][-1], arrays["frame_amplitudes"][-1], logarithmic=True)
        error = record.values["test_error"]
        suffix = "" if error is None else f", test error {figures.readable(error, 2)}"
        figures.title(ax, f"{start}{suffix}")
    caption = (
        "The same network and the same flow without L2 term from three initial laws: orientation and amplitude of "
        "every neuron at the end. Test error: mean squared error on 1,000 points that were not trained on."
    )
    return Drawing(CONTRAST, caption, figure)
