"""Draws the study of trajectories from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.shared.arrivals import arrivals
from condenslab.studies.trajectory.claims import COURSE, LEVELS, PAIR, PAIR_AMPLITUDE, PAIR_ANGLES, nearest
from condenslab.sweeps import Record

_KINDS = ("birth", "merge", "split", "fade")
_NEAR, _SMALL = 0.05, 0.02
"""A neuron ends in a group within so many radians, unless its amplitude is below such a part of the largest."""
_WAYS = 200
"""Of a wide network so many neurons are enough to see where all go."""
_LOOKS = {"birth": "born", "merge": "merges", "split": "splits off"}


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    four, pair = _finished(records, "four_relu"), _finished(records, "relu_pair")
    drawn = []
    if four:
        drawn += [_course(nearest(four), four), _polar(four), _stages(nearest(four)), _film(nearest(four))]
    if pair:
        drawn.append(_pair(pair[0]))
    return drawn


def _finished(records: Sequence[Record], task: str) -> list[Record]:
    chosen = [record for record in records if record.status == "done" and record.case["task"] == task]
    return sorted(chosen, key=lambda record: record.case["seed"])


def _course(record: Record, runs: list[Record]) -> Drawing:
    arrays = record.arrays
    figure, axes = figures.panels(3, 1, width=8.6, height=3.2)
    levels = [("published", level) for level in LEVELS]
    figures.risk_curve(
        axes[0, 0],
        arrays["times"],
        arrays["risk"],
        levels=levels,
        label=f"seed {record.case['seed']}",
        time_label="epoch",
    )
    for run in runs:
        if run is not record:
            axes[0, 0].plot(run.arrays["times"][1:], run.arrays["risk"][1:], color="#BBBBBB", linewidth=0.8, zorder=1)
    figures.title(axes[0, 0], "Risk (grey: the other seeds)")
    figures.group_courses(axes[1, 0], _lines(record), events=_events(record))
    figures.title(axes[1, 0], "Orientation of every group; width: summed amplitude")
    counts = {f"seed {record.case['seed']}": (arrays["group_times"], arrays["group_counts"])}
    for number, run in enumerate(run for run in runs if run is not record):
        counts[f"_other {number}"] = (run.arrays["group_times"], run.arrays["group_counts"])
    labels = {"x_label": "epoch", "y_label": "number of groups"}
    figures.value_curves(axes[2, 0], counts, logarithmic="x", whole=True, **labels)
    figures.title(axes[2, 0], "Effective width (thin: the other seeds)")
    for ax in axes[:, 0]:
        ax.set_xlim(20, arrays["times"][-1] * 1.05)
    values = record.values
    caption = (
        "Target of four ReLU neurons, 100 neurons, gradient descent at rate 0.1 from std 10⁻⁴; the seed that comes "
        "nearest to the levels of the lecture notes. A group is a set of neurons within "
        f"{figures.readable(values['threshold'])} in "
        f"direction, of at least {100 * values['amplitude_filter']:g} % of the largest neuron and "
        f"{100 * values['group_filter']:g} % of the largest group; it is followed by its members, so that a drift "
        "is no birth. The source gives no such rule."
    )
    return Drawing(COURSE, caption, figure)


def _lines(record: Record) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    arrays = record.arrays
    number, times = arrays["track_number"], arrays["group_times"][arrays["track_frame"]]
    return [
        (times[number == k], arrays["track_angle"][number == k], arrays["track_amplitude"][number == k])
        for k in np.unique(number)
    ]


def _events(record: Record) -> list[tuple[float, float, str]]:
    """Returns births, merges and splits where the track begins or ends; fading ones are left out."""
    arrays, marked = record.arrays, []
    for kind, time, track in zip(arrays["event_kind"], arrays["event_time"], arrays["event_track"], strict=True):
        name = _KINDS[int(kind)]
        if name in _LOOKS:
            angles = arrays["track_angle"][arrays["track_number"] == track]
            marked.append((float(time), float(angles[-1] if name == "merge" else angles[0]), _LOOKS[name]))
    return marked


def _polar(runs: Sequence[Record]) -> Drawing:
    shown = sorted(
        [nearest(runs), *(run for run in runs if run is not nearest(runs))][:2], key=lambda r: r.case["seed"]
    )
    figure, axes = figures.panels(1, len(shown), width=4.8, height=4.8)
    for ax, run in zip(axes[0], shown, strict=True):
        names, groups = ends(run)
        angles, amplitudes = run.arrays["frame_angles"], run.arrays["frame_amplitudes"]
        figures.polar_courses(ax, angles, amplitudes, groups=groups, names=names)
        figures.title(ax, f"Seed {run.case['seed']}: {figures.counted(len(names), 'direction')} at the end")
        if names:
            figures.legend_below(ax)
    caption = (
        "The way of every neuron in the plane of (w, b): the angle is its orientation, the radius its amplitude "
        "|a|·‖(w, b)‖ relative to the largest of all, logarithmic. Hollow: the start; filled: epoch "
        f"{shown[0].arrays['frame_times'][-1]:,.0f}. In colour: the neurons of the dominant groups, with their "
        "orientation; grey: the others."
    )
    return Drawing("The way of every neuron", caption, figure)


def ends(record: Record) -> tuple[list[str], np.ndarray]:
    """Returns the dominant groups by angle, in words, and for every neuron which of them it ends in, or −1.

    Args:
        record: Of a finished run.
    """
    angles = np.sort(np.asarray(record.values["dominant_angles"], dtype=float))
    last, sizes = record.arrays["frame_angles"][-1], record.arrays["frame_amplitudes"][-1]
    away = np.abs(figures.wrap(last[:, None] - angles))
    near = (away.min(axis=1) < _NEAR) & (sizes > _SMALL * sizes.max())
    return [f"{angle:+.2f} rad".replace("-", "−") for angle in angles], np.where(near, away.argmin(axis=1), -1)


def _stages(record: Record) -> Drawing:
    arrays = record.arrays
    wanted = [step for step in (0, 100, 3000, 5000, 10_000, 100_000) if step <= arrays["frame_times"][-1]]
    frames = list(dict.fromkeys(int(np.abs(arrays["frame_times"] - step).argmin()) for step in wanted))
    turns = np.stack([np.cos(arrays["frame_angles"]), np.sin(arrays["frame_angles"])], axis=-1)
    came = arrivals(turns, arrays["frame_times"])
    figure, axes = figures.panels(3, len(frames), width=2.6, height=2.7)
    for column, frame in enumerate(frames):
        angles, amplitudes = arrays["frame_angles"][frame], arrays["frame_amplitudes"][frame]
        figures.orientation_amplitude(axes[0, column], angles, amplitudes, logarithmic=True)
        figures.title(axes[0, column], f"epoch {arrays['frame_times'][frame]:,.0f}")
        ax = axes[1, column]
        ax.plot(arrays["grid"], arrays["target"], color="#BBBBBB", linewidth=3.0)
        ax.plot(arrays["grid"], arrays["frame_functions"][frame], color=figures.OKABE_ITO["vermillion"], linewidth=1.4)
        ax.plot(arrays["inputs"], arrays["targets"], "o", color="black", markersize=2.5)
        ax.set_xlabel("input x")
        cosine, order = np.cos(angles[:, None] - angles), np.argsort(figures.wrap(angles))
        last = column == len(frames) - 1
        figures.cosine_heatmap(axes[2, column], cosine, order=order, times=came, colour_bar=last)
        for row in range(3):
            if column:
                axes[row, column].set_ylabel("")
    axes[1, 0].set_ylabel("output f(x)")
    caption = (
        "The same run at some epochs. Above: orientation and amplitude (logarithmic) of every neuron. In the middle: "
        "the network (red), the target (grey) and the samples. Below: cosines of the neurons' orientations, in order "
        "of angle."
    )
    return Drawing("Stage by stage", caption, figure)


def _film(record: Record) -> Drawing:
    arrays = record.arrays
    film = figures.trajectory_player(
        arrays["grid"],
        arrays["frame_functions"],
        arrays["frame_angles"],
        arrays["frame_amplitudes"],
        arrays["frame_times"],
        arrays["frame_risk"],
        arrays["target"],
        samples=(arrays["inputs"], arrays["targets"]),
    )
    return Drawing("The run as a film", "Function, neurons and risk at any epoch.", film)


def _pair(record: Record) -> Drawing:
    arrays = record.arrays
    figure, axes = figures.panels(1, 3, width=4.4, height=3.7)
    some = np.unique(np.linspace(0, record.case["width"] - 1, _WAYS).round().astype(int))
    names, groups = ends(record)
    ways = (arrays["frame_angles"][:, some], arrays["frame_amplitudes"][:, some])
    figures.polar_courses(axes[0, 2], *ways, groups=groups[some], names=names, rays=PAIR_ANGLES)
    figures.title(axes[0, 2], f"The way of {len(some)} of the neurons")
    figures.legend_below(axes[0, 2])
    figures.orientation_amplitude(
        axes[0, 0],
        arrays["frame_angles"][-1],
        arrays["frame_amplitudes"][-1],
        initial_angle=arrays["frame_angles"][0],
        initial_amplitude=arrays["frame_amplitudes"][0],
    )
    for angle in PAIR_ANGLES:
        axes[0, 0].axvline(angle, color="#888888", linewidth=0.8, zorder=1)
    sums = ", ".join(f"{value:.4f}" for value in record.values["dominant_amplitudes"])
    figures.title(axes[0, 0], f"Summed amplitudes {sums}")
    curves = {"network": arrays["frame_functions"][-1], "target": arrays["target"]}
    figures.function_curves(axes[0, 1], arrays["grid"], curves, samples=(arrays["inputs"], arrays["targets"]))
    figures.title(axes[0, 1], "Function")
    caption = (
        f"Target 0.2·R(x − 1/3) + 0.2·R(−x − 1/3), 1000 neurons from std 10⁻³, epoch {record.case['steps']:,}. The "
        "grey lines are −π + atan(1/3) and −atan(1/3); the neurons of each orientation must sum to "
        f"{PAIR_AMPLITUDE:.4f}. Right: ways in the plane of (w, b) from the start (hollow) to the end (filled), the "
        "radius a logarithm of the amplitude."
    )
    return Drawing(PAIR, caption, figure)
