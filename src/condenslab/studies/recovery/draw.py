"""Draws the recovery study from its stored records; imports no JAX and computes nothing but distances."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.recovery.claims import COURSE
from condenslab.studies.recovery.draw_networks import networks
from condenslab.studies.recovery.readings import WIDTH_1_MINIMUM, Results, plateau
from condenslab.studies.shared.arrivals import arrivals
from condenslab.sweeps import Record

_STRONG = 0.05
_OTHERS = 60
"""Of the neurons that do no work at the end so many show what all of them do."""


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed, or has no picture for more than one input, is left out.

    Args:
        records: The records, in any order.
    """
    results = Results([record for record in records if record.status == "done"])
    main = results.flow("small", decayed=True) or results.flow("small", decayed=False)
    drawn: list[Drawing | None] = []
    if main:
        drawn += [
            _overview(main[0], results),
            _course(main, results),
            _stages(main[0], results),
            _polar(main[0]),
            _film(main[0], results),
        ]
    drawn += networks(results, main)
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
    figure, axes = figures.panels(2, 3, width=3.6, height=3.2)
    axes[0, 0].set_subplotspec(axes[0, 0].get_gridspec()[0, :2])
    axes[0, 1].remove()
    interval = _plateau(record, results)
    figures.risk_curve(axes[0, 0], arrays["times"], arrays["risk"], levels=_levels(results), plateau=interval)
    figures.title(axes[0, 0], "Risk along gradient flow")
    moments = _moments(record, interval)
    curves = {f"t = {figures.readable(arrays['frame_times'][k], 2)}": arrays["frame_functions"][k] for k in moments}
    figures.function_curves(axes[0, 2], arrays["grid"], curves, samples=_samples(record))
    figures.title(axes[0, 2], "Output at three times")
    names, groups = _final_groups(record)
    for ax, frame, name in zip(axes[1], *_frames(record, moments), strict=False):
        strong = figures.grouped_neurons(
            ax, arrays["frame_angles"][frame], arrays["frame_amplitudes"][frame], groups, names
        )
        figures.title(ax, f"{name}: {strong} above {100 * _STRONG:g} %")
    if names:
        figures.legend_below(axes[1, 1])
    width = record.case["width"]
    caption = (
        f"Width {width}, seed {record.case['seed']}. Above: the risk, the lowest risks of narrow networks as lines "
        "and the time within 10 % of the first shaded; and the function at three of those times. Below: every neuron, "
        "its orientation against its amplitude relative to the largest at that time, coloured by the neuron that "
        f"it is part of at the end; grey ones end below {100 * _STRONG:g} % of the largest, the dashed line."
        + (" Inputs and targets are standardised." if record.case["standardise"] else "")
    )
    return Drawing(f"From {width} neurons to a few", caption, figure)


def _frames(record: Record, moments: list[int]) -> tuple[list[int], list[str]]:
    """Returns the frames of neurons that belong to the moments, the start instead of the first one, and their names."""
    frames = [0, *(1 + k for k in moments[1:])]
    times = [record.arrays["frame_times"][k - 1] for k in frames[1:]]
    return frames, ["start", *(f"t = {figures.readable(time, 2)}" for time in times)]


def _samples(record: Record) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns inputs and targets, which older records do not hold."""
    arrays = record.arrays
    return (arrays["inputs"][:, 0], arrays["targets"][:, 0]) if "inputs" in arrays else None


def _stages(record: Record, results: Results) -> Drawing:
    arrays = record.arrays
    frames, names = _frames(record, _moments(record, _plateau(record, results)))
    flat = "frame_angles" in arrays
    came = arrivals(arrays["frame_weights"], np.concatenate([[0.0], arrays["frame_times"]]))
    figure, axes = figures.panels(2 if flat else 1, len(frames), width=3.5, height=3.5)
    final, groups = _final_groups(record)
    for column, (frame, name) in enumerate(zip(frames, names, strict=True)):
        order = np.argsort(arrays["frame_angles"][frame]) if flat else None
        cosine = _cosine(arrays["frame_weights"][frame])
        bar = column == len(frames) - 1
        figures.cosine_heatmap(axes[-1, column], cosine, order=order, times=came, colour_bar=bar)
        figures.title(axes[0, column], name)
        if flat:
            angles, amplitudes = arrays["frame_angles"][frame], arrays["frame_amplitudes"][frame]
            figures.grouped_neurons(axes[0, column], angles, amplitudes, groups, final, logarithmic=True)
    caption = (
        "All neurons at the start, on the plateau and at the end"
        + (": orientation and amplitude (logarithmic) above, " if flat else ": ")
        + f"cosine similarity of input weights (bias included){', ordered by angle' if flat else ''}. At the end those "
        f"above {100 * _STRONG:g} % of the largest amplitude, the dashed line, number {int(_strong(record).sum())}."
    )
    return Drawing("Condensation, stage by stage", caption, figure)


def _polar(record: Record) -> Drawing | None:
    arrays = record.arrays
    if "frame_angles" not in arrays:
        return None
    names, groups = _final_groups(record)
    weak = np.flatnonzero(groups < 0)
    weak = weak[np.unique(np.linspace(0, len(weak) - 1, min(len(weak), _OTHERS)).round().astype(int))]
    some = np.sort([*np.flatnonzero(groups >= 0), *weak]).astype(int)
    ways = (arrays["frame_angles"][:, some], arrays["frame_amplitudes"][:, some])
    figure, axes = figures.panels(1, 1, width=5.2, height=5.4)
    figures.polar_courses(axes[0, 0], *ways, groups=groups[some], names=names)
    if names:
        figures.legend_below(axes[0, 0], columns=1)
    coloured = f"In colour: those above {100 * _STRONG:g} % of the largest at the end, by what they become. "
    caption = (
        "Ways of neurons in the plane of (w, b): the angle is the orientation, the radius the amplitude |a|·‖(w, b)‖ "
        "relative to the largest, logarithmic. Hollow: the start; filled: the end, "
        f"t = {figures.readable(arrays['frame_times'][-1], 2)}. "
        f"{'As tanh(−z) = −tanh(z), opposite directions do the same work. ' if names else ''}"
        f"{coloured if names else ''}Grey: {len(weak)} of the others."
    )
    return Drawing("The ways of the neurons", caption, figure)


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
        "of a critical function of each narrow width. The last stage of each is without the L2 term."
    )
    return Drawing(COURSE, caption, figure)


def _film(record: Record, results: Results) -> Drawing | None:
    arrays = record.arrays
    if "frame_functions" not in arrays:
        return None
    names, groups = _final_groups(record)
    facts = [("parameters", f"{3 * record.case['width']:,}")]
    if "rank" in record.values:
        facts.append(("model rank of what is left", f"{record.values['rank']:,}"))
    film = figures.trajectory_player(
        arrays["grid"],
        arrays["frame_functions"],
        arrays["frame_angles"][1:],
        arrays["frame_amplitudes"][1:],
        arrays["frame_times"],
        arrays["frame_risk"],
        samples=_samples(record),
        curve=(arrays["times"], arrays["risk"]),
        groups=groups,
        names=names,
        levels=_levels(results)[:1],
        facts=[*facts, ("samples", f"{record.case['samples']:,}")],
    )
    caption = "The function that the network computes, its neurons, and where it stands on the risk curve, at any time."
    return Drawing("The flow as a film", caption, film)


def _final_groups(record: Record) -> tuple[list[str], np.ndarray]:
    """Returns the neurons that merging leaves, in words, and for every neuron which of them it ends in, or −1.

    A neuron goes with the one whose direction is nearest up to sign, if its amplitude ends above 5 % of the largest.
    """
    if not {"reduced_parameters", "frame_angles"} <= {*record.arrays} or record.case["activation"] != "tanh":
        return [], np.full(record.case["width"], -1)
    table = record.arrays["reduced_parameters"]
    table = table * np.where(table[:, :1] < 0, -1.0, 1.0)
    table = table[np.argsort(np.arctan2(table[:, 1], table[:, 0]))]
    turn = record.arrays["frame_angles"][-1][:, None] - np.arctan2(table[:, 1], table[:, 0])
    nearest = np.argmax(np.abs(np.cos(turn)), axis=1)
    return [_neuron(*row) for row in table], np.where(_strong(record), nearest, -1)


def _neuron(w: float, b: float, a: float) -> str:
    """Writes a·tanh(w·x + b) as one would by hand."""

    def factor(number: float) -> str:
        return "" if abs(number - 1) < 5e-3 else f"{number:.3g}·"

    shift = "" if abs(b) < 5e-3 else f" {'+' if b > 0 else '−'} {abs(b):.3g}"
    return f"{factor(a)}tanh({factor(w)}x{shift})"
