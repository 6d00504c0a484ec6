"""Draws the study of knobs from its stored records."""

from collections.abc import Sequence
from textwrap import fill

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.knobs.cases import KNOBS
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: All records of a run, in the order of its cases.
    """
    if not records:
        return []
    knobs = [knob for knob in KNOBS if sum(bool(runs) for runs in turned(records, knob).values()) > 1]
    return [_ends(records, knobs), _courses(records, knobs), _neurons(records, knobs)] if knobs else []


def baseline(records: Sequence[Record]) -> dict[str, float]:
    """Returns the values of the baseline: those of the first case.

    Args:
        records: All records of a run, in the order of its cases.
    """
    return {knob: records[0].case[knob] for knob in KNOBS}


def turned(records: Sequence[Record], knob: str) -> dict[float, list[Record]]:
    """Returns the finished runs in which at most one knob is turned, by its value and seed, to draw them.

    Args:
        records: All records of a run, in the order of its cases.
        knob: A key of `KNOBS`.
    """
    base = baseline(records)
    alone = [r for r in records if all(r.case[other] == base[other] for other in KNOBS if other != knob)]
    values = dict.fromkeys(r.case[knob] for r in alone if knob != "descent" or r.case[knob])  # 0 is Adam
    return {
        value: sorted((r for r in alone if r.case[knob] == value and r.status == "done"), key=lambda r: r.case["seed"])
        for value in values
    }


def _setting(records: Sequence[Record]) -> str:
    case, base = records[0].case, baseline(records)
    words = ", ".join(f"{KNOBS[knob]} {figures.readable(base[knob])}" for knob in KNOBS if knob != "descent")
    return (
        f"Target tanh(x − 6) + tanh(x + 6), {case['samples']} samples, {case['width']} tanh neurons, Adam "
        "unless gradient descent is named, "
        f"{case['steps']:,} steps. Baseline: {words}. Groups: neurons above 5 % of the largest amplitude whose (w, "
        "b) agree up to sign to 10 %."
    )


def _ends(records: Sequence[Record], knobs: list[str]) -> Drawing:
    figure, axes = figures.panels(1, len(knobs), width=3.2, height=3.2)
    for ax, knob in zip(axes[0], knobs, strict=True):
        ends = {
            f"{figures.readable(value)}": [r.values["groups"] for r in runs]
            for value, runs in turned(records, knob).items()
            if runs
        }
        figures.seed_values(ax, ends, y_label="groups at the end")
        ax.set_ylim(bottom=0)
        ax.set_xlabel(fill(KNOBS[knob].replace("std m^(−γ/2)", "variance m⁻ᵞ"), 30))
    caption = f"{_setting(records)} Every mark is a seed, the line their median; the first column is the baseline."
    return Drawing("One measure, four knobs", caption, figure)


def _courses(records: Sequence[Record], knobs: list[str]) -> Drawing:
    figure, axes = figures.panels(2, len(knobs), width=3.2, height=3.0)
    for column, knob in enumerate(knobs):
        groups, risks = {}, {}
        for value, runs in turned(records, knob).items():
            for k, run in enumerate(runs):
                label = f"{figures.readable(value)}" if k == 0 else f"_{figures.readable(value)} {k}"
                groups[label] = (run.arrays["times"], run.arrays["groups"])
                risks[label] = (run.arrays["times"], run.arrays["risk"])
        figures.value_curves(axes[0, column], groups, x_label="step", y_label="groups", logarithmic="xy")
        figures.value_curves(axes[1, column], risks, x_label="step", y_label="risk R (without R₁)", logarithmic="xy")
        figures.title(axes[0, column], fill(KNOBS[knob], 30))
    caption = f"{_setting(records)} Above: groups along training. Below: risk. Thick: first seed."
    return Drawing("Along training", caption, figure)


def _neurons(records: Sequence[Record], knobs: list[str]) -> Drawing:
    shown = [("baseline", next(iter(turned(records, knobs[0]).values())))]
    for knob in knobs:
        value, runs = list(turned(records, knob).items())[-1]
        shown.append((f"{KNOBS[knob].split(',')[0]} {figures.readable(value)}", runs))
    shown = [(name, runs[0]) for name, runs in shown if runs]
    figure, axes = figures.panels(2, len(shown), width=3.0, height=3.0)
    for column, (name, run) in enumerate(shown):
        arrays = run.arrays
        figures.orientation_amplitude(axes[0, column], arrays["angles"], arrays["amplitudes"])
        figures.title(axes[0, column], f"{name}: {run.values['groups']}")
        samples = (arrays["inputs"], arrays["targets"])
        figures.function_curves(axes[1, column], arrays["grid"], {"network": arrays["function"]}, samples=samples)
    caption = (
        f"{_setting(records)} The baseline and the last value of every knob, first seed, with the number of groups: "
        "every neuron's orientation and amplitude, and the function."
    )
    return Drawing("What the neurons look like", caption, figure)
