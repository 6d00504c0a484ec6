"""Draws the study of convolution networks from its stored records."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.cnn_condensation.claims import PUBLISHED_TEST_ACCURACY
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record

_MOST = 256
_WAYS = {
    "first": "layer 1, filters 5 × 5",
    "filters": "layer 2, whole filters",
    "pairs": "layer 2, one kernel a pair of channels",
}


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    exponents = sorted({r.case["exponent"] for r in records if r.status == "done"})
    if not exponents:
        return []
    maps = [_maps(_at_exponent(records, exponent)[0]) for exponent in (exponents[-1], exponents[0])[: len(exponents)]]
    return [*maps, _kernels(records, exponents), _course(records, exponents)]


def _at_exponent(records: Sequence[Record], exponent: float) -> list[Record]:
    """Returns the finished runs of a scale, by seed."""
    runs = [r for r in records if r.status == "done" and r.case["exponent"] == exponent]
    return sorted(runs, key=lambda r: r.case["seed"])


def _maps(record: Record) -> Drawing:
    figure, axes = figures.panels(2, 3, width=3.4, height=3.3)
    for column, (name, words) in enumerate(_WAYS.items()):
        for row, moment in enumerate(("start", "end")):
            ax = axes[row, column]
            _map(ax, record.arrays[f"{name}_{moment}"], bar=column == 2)
            ratio = figures.readable(record.values[f"{name}_{moment}"], 2)
            figures.title(ax, f"{words if row == 0 else 'after training'}: {ratio}")
    case = record.case
    caption = (
        "Cosines of kernels (biases left out) before (above) and after training (below), with the effective ratio "
        f"at cosine 0.95; std = {figures.power('fan-in', -case['exponent'])}, seed {case['seed']}, "
        f"{case['samples']} images. "
        "Flattening whole filters and comparing the kernels of every pair of channels one by one give different "
        f"pictures; of the latter the map shows at most {_MOST}."
    )
    return Drawing(f"Kernels from std = fan-in^−{figures.readable(case['exponent'])}", caption, figure)


def _map(ax: Axes, rows: np.ndarray, *, bar: bool) -> None:
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST)).round().astype(int))]
    unit = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)
    figures.cosine_heatmap(ax, np.clip(unit @ unit.T, -1.0, 1.0), colour_bar=bar)
    ax.set_xlabel("kernel (ordered)")
    ax.set_ylabel("kernel (ordered)")


def _kernels(records: Sequence[Record], exponents: list[float]) -> Drawing:
    figure, axes = figures.panels(len(exponents), 2, width=5.0, height=2.6)
    for row, exponent in enumerate(exponents):
        record = _at_exponent(records, exponent)[0]
        for column, moment in enumerate(("start", "end")):
            ax = axes[row, column]
            _sheet(ax, record.arrays[f"first_{moment}"])
            figures.title(
                ax, f"{figures.power('fan-in', -exponent)}, {'before' if moment == 'start' else 'after'} training"
            )
    caption = (
        "The 5 × 5 kernels of the first layer, each scaled to its own largest entry (red positive, blue negative), "
        "ordered by the leading singular vector of their directions."
    )
    return Drawing("The kernels themselves", caption, figure)


def _sheet(ax: Axes, rows: np.ndarray, across: int = 8) -> None:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    ordered = rows[np.argsort(np.linalg.svd(unit)[0][:, 0])]
    side = int(np.sqrt(rows.shape[1]))
    down = -(-len(rows) // across)
    sheet = np.full((down * (side + 1), across * (side + 1)), np.nan)
    for number, kernel in enumerate(ordered):
        top, left = (number // across) * (side + 1), (number % across) * (side + 1)
        sheet[top : top + side, left : left + side] = kernel.reshape(side, side) / np.abs(kernel).max()
    ax.imshow(sheet, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    ax.set_axis_off()


def _course(records: Sequence[Record], exponents: list[float]) -> Drawing:
    figure, axes = figures.panels(1, 3, width=3.8, height=3.3)
    curves = {}
    for exponent in exponents:
        for k, run in enumerate(_at_exponent(records, exponent)):
            label = f"{figures.power('fan-in', -exponent)}" if k == 0 else f"_{figures.readable(exponent)} {k}"
            curves[label] = (run.arrays["times"], 1 - run.arrays["accuracy"])
    figures.value_curves(axes[0, 0], curves, x_label="step", y_label="training error rate", logarithmic="x")
    figures.title(axes[0, 0], "Training")
    for ax, name, label in (
        (axes[0, 1], "test_accuracy", "test accuracy"),
        (axes[0, 2], "first_end", "effective ratio, layer 1"),
    ):
        by_scale = {
            f"{figures.power('fan-in', -e)}": [r.values[name] for r in _at_exponent(records, e)] for e in exponents
        }
        figures.seed_values(ax, by_scale, y_label=label)
    axes[0, 1].axhline(PUBLISHED_TEST_ACCURACY, color="#888888", linestyle="--", linewidth=1.0)
    figures.title(axes[0, 1], "Test (dashed: the slide's 97.62 %)")
    axes[0, 2].set_ylim(0, 1.05)
    figures.title(axes[0, 2], "Condensation at the end")
    caption = (
        "Every mark is a seed. The slide's setting is not published and ours is another: fewer images, so that the "
        "two test accuracies are not to be compared."
    )
    return Drawing("Accuracy and condensation", caption, figure)
