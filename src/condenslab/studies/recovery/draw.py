"""Draws the recovery study from its stored records; imports no JAX and computes nothing but distances."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.recovery.claims import WIDTH_1_MINIMUM, Results, distances, plateau
from condenslab.sweeps import Record

_STRONG = 0.05


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed, or has no picture for more than one input, is left out.

    Args:
        records: The records, in any order.
    """
    results = Results(records)
    main = results.flow("small", decayed=True) or results.flow("small", decayed=False)
    drawn: list[Drawing | None] = []
    if main:
        drawn += [_overview(main[0], results), _course(main, results), _stages(main[0], results), _film(main[0])]
    drawn += [_critical_functions(results), _distance(main, results), _groups(results)]
    drawn += [_embedding(results), _spectra(results), _contrast(results)]
    return [drawing for drawing in drawn if drawing is not None]


def _levels(results: Results) -> list[tuple[str, float]]:
    """Returns the lowest risk of each narrow width, as a line for the risk curve."""
    levels = []
    for width, record in sorted(results.critical.items()):
        positive = [risk for risk in record.values["risks"] if risk > 1e-12]
        if positive:
            levels.append((f"width {width}", min(positive)))
    return levels


def _overview(record: Record, results: Results) -> Drawing | None:
    arrays = record.arrays
    if "frame_functions" not in arrays:
        return None
    figure, axes = figures.panels(2, 2, width=5.0, height=3.9)
    interval = _plateau(record, results)
    figures.risk_curve(axes[0, 0], arrays["times"], arrays["risk"], levels=_levels(results), plateau=interval)
    figures.title(axes[0, 0], "Risk along gradient flow")
    moments = _moments(record, interval)
    curves = {f"t = {figures.readable(arrays['frame_times'][k], 2)}": arrays["frame_functions"][k] for k in moments}
    figures.function_curves(axes[0, 1], arrays["grid"], curves)
    figures.title(axes[0, 1], "Output at three of those times")
    _scatter(axes[1, 0], record, -1)
    figures.title(axes[1, 0], "Neurons, before and after")
    figures.cosine_heatmap(axes[1, 1], _cosine(arrays["frame_weights"][1 + moments[len(moments) // 2]]))
    figures.title(axes[1, 1], "Similarity of all neurons, on the plateau")
    width = record.case["width"]
    caption = (
        f"Width {width}, seed {record.case['seed']}. Top left: the risk rests near the minimum of the narrowest "
        "network for decades of time before it falls. Top right: the function at the start, on the plateau and at the "
        "end. Bottom left: every neuron as orientation against amplitude (logarithmic), before and after. Bottom "
        "right: cosine similarity of the input weights (bias included) of all neurons, ordered by the leading "
        "eigenvector." + (" Inputs and targets are standardised." if record.case["standardise"] else "")
    )
    return Drawing(f"From {width} neurons to a few", caption, figure)


def _stages(record: Record, results: Results) -> Drawing:
    arrays, moments = record.arrays, _moments(record, _plateau(record, results))
    frames = [0, *(1 + k for k in moments[1:])]
    names = ["start", *(f"t = {figures.readable(arrays['frame_times'][k - 1], 2)}" for k in frames[1:])]
    rows = 2 if "frame_angles" in arrays else 1
    figure, axes = figures.panels(rows, len(frames), width=3.5, height=3.5)
    for column, (frame, name) in enumerate(zip(frames, names, strict=True)):
        last = column == len(frames) - 1
        figures.cosine_heatmap(axes[-1, column], _cosine(arrays["frame_weights"][frame]), colour_bar=last)
        figures.title(axes[0, column], name)
        if rows == 2:
            _scatter(axes[0, column], record, frame, initial=False)
    caption = (
        "All neurons at the start, on the plateau and at the end"
        + (": orientation and amplitude above, " if rows == 2 else ": ")
        + "cosine similarity of input weights (bias included). Most neurons stay small; at the end those above "
        f"{100 * _STRONG:g} % of the largest amplitude number {int(_strong(record).sum())}."
    )
    return Drawing("Condensation, stage by stage", caption, figure)


def _scatter(ax: Axes, record: Record, frame: int, *, initial: bool = True) -> None:
    angles, amplitudes = record.arrays["frame_angles"], record.arrays["frame_amplitudes"]
    first = {"initial_angle": angles[0], "initial_amplitude": amplitudes[0]} if initial else {}
    figures.orientation_amplitude(ax, angles[frame], amplitudes[frame], logarithmic=True, **first)


def _plateau(record: Record, results: Results) -> tuple[float, float] | None:
    levels = _levels(results)
    return plateau(record, levels[0][1] if levels else WIDTH_1_MINIMUM)


def _strong(record: Record) -> np.ndarray:
    amplitudes = record.arrays["frame_amplitudes"][-1]
    return amplitudes > _STRONG * amplitudes.max()


def _cosine(weights: np.ndarray) -> np.ndarray:
    unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    cosine = np.clip(unit @ unit.T, -1.0, 1.0)
    np.fill_diagonal(cosine, 1.0)
    return (cosine + cosine.T) / 2


def _moments(record: Record, interval: tuple[float, float] | None) -> list[int]:
    """Returns the frames at the start, in the middle of the plateau, and at the end."""
    times = record.arrays["frame_times"]
    middle = np.sqrt(interval[0] * interval[1]) if interval else times[len(times) // 2]
    return sorted({0, int(np.argmin(np.abs(np.log(np.maximum(times, 1e-300) / middle)))), len(times) - 1})


def _course(runs: list[Record], results: Results) -> Drawing:
    figure, axes = figures.panels(1, 1, width=7.0, height=4.2)
    for number, record in enumerate(runs):
        levels = _levels(results) if number == 0 else ()
        label = f"seed {record.case['seed']}"
        figures.risk_curve(axes[0, 0], record.arrays["times"], record.arrays["risk"], levels=levels, label=label)
    free = results.flow("small", decayed=False)
    if free and free[0] is not runs[0]:
        arrays = free[0].arrays
        figures.risk_curve(
            axes[0, 0], arrays["times"], arrays["risk"], label=f"seed {free[0].case['seed']}, no L2 term"
        )
    caption = (
        "Risk against time of the gradient flow from small initialisation. Horizontal lines: the lowest positive risk "
        "of a critical function of each narrow width. The drop at the end is the second stage, in which the L2 term is "
        "switched off."
    )
    return Drawing("The plateau, seed by seed", caption, figure)


def _film(record: Record) -> Drawing | None:
    arrays = record.arrays
    if "frame_functions" not in arrays:
        return None
    film = figures.trajectory_player(
        arrays["grid"],
        arrays["frame_functions"],
        arrays["frame_angles"][1:],
        arrays["frame_amplitudes"][1:],
        arrays["frame_times"],
        arrays["frame_risk"],
    )
    caption = (
        "Move the slider: the function that the network computes, its neurons, and where it stands on the risk curve."
    )
    return Drawing("The flow as a film", caption, film)


def _critical_functions(results: Results) -> Drawing | None:
    found = [(w, r) for w, r in sorted(results.critical.items()) if "functions" in r.arrays and r.values["risks"]]
    if not found:
        return None
    figure, axes = figures.panels(1, len(found), width=4.4, height=3.9)
    for ax, (width, record) in zip(axes[0], found, strict=True):
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
    return Drawing("Critical functions of narrow networks", caption, figure)


def _distance(runs: list[Record], results: Results) -> Drawing | None:
    found = [(w, r) for w, r in sorted(results.critical.items()) if r.values["risks"]]
    if not runs or not found:
        return None
    figure, axes = figures.panels(1, 1, width=7.0, height=4.0)
    times = runs[0].arrays["times"]
    for width, record in found:
        own = record.arrays["outputs"]
        nearest = np.min([distances(runs[0], outputs) for outputs in own], axis=0)
        label = f"nearest of width {width} (closest {figures.readable(nearest.min(), 2)})"
        figures.risk_curve(axes[0, 0], times, nearest, label=label)
    axes[0, 0].set_ylabel("relative rms distance")
    caption = (
        f"Distance of the network's function (seed {runs[0].case['seed']}) to the nearest critical function of each "
        "narrow width, relative to that function, on the training inputs."
    )
    return Drawing("How near the flow passes", caption, figure)


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
    return Drawing("How many groups", caption, figure)


def _embedding(results: Results) -> Drawing | None:
    labels, counts = [], []
    for width, record in sorted(results.critical.items()):
        if "embedded_inertia" in record.values:
            labels += [f"width {width}", f"in width {record.case['wide']}"]
            counts += [record.values["embedded_from"], record.values["embedded_inertia"]]
    if not labels:
        return None
    figure, axes = figures.panels(1, 1, width=7.0, height=0.9 + 0.75 * len(labels))
    figures.inertia_bars(axes[0, 0], labels, counts)
    caption = (
        "Hessian eigenvalues of the lowest minimum of widths 1 and 2, before and after it is embedded into the wide "
        "network by splitting: a minimum becomes a strict saddle, and no count falls."
    )
    return Drawing("A minimum becomes a saddle", caption, figure)


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
        f"size: it compares with {samples} samples and {parameters:,} parameters. Where no gap of two decades stands "
        "out, the rank is undecided."
    )
    return Drawing("Model rank", caption, figure)


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
    return Drawing("What the initial scale does", caption, figure)
