"""Draws the study of initial condensation from its stored records."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.initial_condensation.cases import MULTIPLICITY
from condenslab.studies.initial_condensation.draw_field import field
from condenslab.sweeps import Record

_NAMES = {"x_tanh": "x·tanh x", "x2_tanh": "x²·tanh x", "relu": "ReLU"}


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    drawn = [_plane(records), field(records), _counts(records), _five(records), _direction(records), _deep(records)]
    return [drawing for drawing in drawn if drawing is not None]


def _chosen(records: Sequence[Record], **fields: object) -> list[Record]:
    """Returns the finished records with these fields of the case, by seed."""
    done = [r for r in records if r.status == "done" and all(r.case[name] == value for name, value in fields.items())]
    return sorted(done, key=lambda r: r.case["seed"])


def _name(activation: str) -> str:
    return _NAMES.get(activation, activation)


def _activations(records: Sequence[Record], kind: str) -> list[str]:
    return list(dict.fromkeys(r.case["activation"] for r in records if r.case["kind"] == kind and r.status == "done"))


def _plane(records: Sequence[Record]) -> Drawing | None:
    names = [name for name in _activations(records, "plane") if _chosen(records, kind="plane", activation=name)]
    if not names:
        return None
    figure, axes = figures.panels(2, len(names), width=3.4, height=3.2)
    for column, name in enumerate(names):
        runs = _chosen(records, kind="plane", activation=name, design="grid")
        runs = runs or _chosen(records, kind="plane", activation=name)
        _scatter(axes[0, column], runs[0])
        theory = f", 2p = {2 * MULTIPLICITY[name]}" if name in MULTIPLICITY else ""
        figures.title(axes[0, column], f"{_name(name)}: {runs[0].values['orientations']} seen{theory}")
        order = np.argsort(figures.wrap(runs[0].arrays["angles"]))
        cosine, last = _cosine(runs[0].arrays["weights"]), column == len(names) - 1
        figures.cosine_heatmap(axes[1, column], cosine, order=order, colour_bar=last)
    caption = (
        "One input, 40 evenly spaced samples of sin 3x + ½ sin 6x, 100 neurons, Adam, first seed, epoch 200. "
        "Above: every neuron's orientation and amplitude; grey lines are the directions of the theory for gradient "
        "flow, dashed where they do not attract. Below: cosine similarity of input weights (bias included), "
        "ordered by orientation."
    )
    return Drawing("Orientations while training begins", caption, figure)


def _scatter(ax: Axes, record: Record) -> None:
    arrays = record.arrays
    if "predicted" in arrays:
        for angle, growing in zip(figures.wrap(arrays["predicted"]), arrays["growing"], strict=True):
            ax.axvline(angle, color="#888888", linewidth=1.0, linestyle="-" if growing else "--", zorder=1)
    figures.orientation_amplitude(ax, arrays["angles"], arrays["amplitudes"] / arrays["amplitudes"].max())
    ax.set_ylabel("amplitude / largest")


def _counts(records: Sequence[Record]) -> Drawing | None:
    names = _activations(records, "plane")
    if not names:
        return None
    designs = [d for d in ("grid", "random") if _chosen(records, kind="plane", design=d)]
    figure, axes = figures.panels(1, len(designs), width=5.0, height=3.6)
    for ax, design in zip(axes[0], designs, strict=True):
        curves = {}
        for name in names:
            for k, run in enumerate(_chosen(records, kind="plane", activation=name, design=design)):
                curves[_name(name) if k == 0 else f"_{name} {k}"] = (run.arrays["times"], run.arrays["counts"])
        figures.value_curves(ax, curves, x_label="epoch", y_label="orientations (cosine 0.95)", logarithmic="y")
        figures.title(ax, "Evenly spaced samples" if design == "grid" else "Random samples")
        ax.set_yticks([1, 2, 4, 6, 10, 20, 40], ["1", "2", "4", "6", "10", "20", "40"])
        ax.minorticks_off()
    caption = (
        "Number of orientations along training, with one input; thick: first seed, thin: the others. Strays of at "
        "most 3 % of the neurons are left out. With random samples the drift Σ y x differs from seed to seed."
    )
    return Drawing("When the orientations form", caption, figure)


def _five(records: Sequence[Record]) -> Drawing | None:
    names = _activations(records, "five")
    if not names:
        return None
    figure, axes = figures.panels(1, len(names), width=3.2, height=3.2)
    for column, name in enumerate(names):
        runs = _chosen(records, kind="five", activation=name)
        figures.cosine_heatmap(axes[0, column], _cosine(runs[0].arrays["weights"]), colour_bar=column == len(names) - 1)
        counts = ", ".join(str(run.values["orientations"]) for run in runs[:6])
        figures.title(axes[0, column], f"{_name(name)}: {counts}")
    caption = (
        "Five inputs, 80 samples, 50 neurons, Adam, epoch 100: cosines of the first seed, and above each map the "
        "number of orientations of every seed. For p ≥ 2 and several inputs the number is an open question, and "
        "Adam's steps follow the signs of the gradient: more than 2p orientations contradict no theorem. Nothing "
        "is claimed here."
    )
    return Drawing("Five inputs", caption, figure)


def _direction(records: Sequence[Record]) -> Drawing | None:
    done = _chosen(records, kind="direction")
    if not done:
        return None
    stds = sorted({r.case["std"] for r in done})
    figure, axes = figures.panels(1, 2, width=4.8, height=3.5)
    curves = {}
    for method, label in (("flow", "gradient flow"), ("adam", "Adam")):
        for k, seed in enumerate(sorted({r.case["seed"] for r in done})):
            runs = [r for std in stds for r in _chosen(done, method=method, std=std, seed=seed)]
            if runs:
                missing = np.array([1 - r.values["mean_cosine"] for r in runs])
                curves[label if k == 0 else f"_{label} {k}"] = (np.array([r.case["std"] for r in runs]), missing)
    across, up = "initial standard deviation", "1 − |cosine| with Σ y x"
    figures.value_curves(axes[0, 0], curves, x_label=across, y_label=up, logarithmic="xy")
    figures.title(axes[0, 0], "Mean over neurons, by amplitude")
    for method, label in (("flow", "gradient flow"), ("adam", "Adam")):
        run = (_chosen(done, method=method, std=stds[0]) or [None])[0]
        if run is not None:
            ordered = np.sort(run.arrays["cosines"])
            axes[0, 1].plot(np.arange(1, len(ordered) + 1), ordered, label=label, linewidth=1.6)
    axes[0, 1].set_xlabel("neuron (ordered)")
    axes[0, 1].set_ylabel("|cosine| with Σ y x")
    axes[0, 1].set_ylim(0.5, 1.01)
    figures.legend_below(axes[0, 1])
    figures.title(axes[0, 1], f"Every neuron, std {figures.readable(stds[0])}, first seed")
    caption = (
        "tanh neurons with five inputs, when the risk has fallen by 0.1 %: how far they point along the direction "
        "of the theory, ±Σ y x, which is exact at leading order under gradient flow."
    )
    return Drawing("The direction ±Σ y x, under gradient flow and Adam", caption, figure)


def _deep(records: Sequence[Record]) -> Drawing | None:
    names = _activations(records, "deep")
    if not names:
        return None
    runs = [_chosen(records, kind="deep", activation=name)[0] for name in names]
    layers = len(runs[0].values["layer_orientations"])
    figure, axes = figures.panels(len(names), layers, width=2.1, height=2.1)
    for row, run in enumerate(runs):
        for layer in range(layers):
            ax = axes[row, layer]
            figures.cosine_heatmap(ax, _cosine(run.arrays[f"weights_{layer}"]), colour_bar=False)
            ax.set_xlabel("")
            ax.set_ylabel(_name(run.case["activation"]) if layer == 0 else "")
            ax.set_xticks([])
            ax.set_yticks([])
            seen = run.values["layer_orientations"][layer]
            figures.title(ax, f"layer {layer + 1}: {seen} seen" if row == 0 else f"{seen} seen")
    bar = figure.colorbar(axes[0, 0].images[0], ax=axes, ticks=[-1, 0, 1], shrink=0.5, pad=0.02)
    bar.set_label("cosine similarity")
    caption = (
        f"Six-layer residual networks, three inputs, 18 neurons a layer, Adam, epoch {runs[0].case['steps']}, first "
        "seed: cosines of the 18 neurons in every hidden layer, and how many orientations are seen at cosine 0.95. "
        "The source shows one network with another activation in every layer; here every network has one."
    )
    return Drawing("Six layers", caption, figure)


def _cosine(weights: np.ndarray) -> np.ndarray:
    unit = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    return np.clip(unit @ unit.T, -1.0, 1.0)
