"""Draws the study of generalization from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.generalization.cases import HOLE, FlowCase
from condenslab.studies.generalization.flow_claims import GAP, SPOT
from condenslab.studies.shared.descents import DescentCase
from condenslab.studies.shared.descents.draw import select
from condenslab.sweeps import Record

_FLOOR = 1e-9


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    by_adam = [record for record in done if record.case["@type"] == DescentCase.__name__]
    flows = [record for record in done if record.case["@type"] == FlowCase.__name__]
    return [*_scales(by_adam), *_gaps(by_adam, flows), *_spot(select(flows, task="missing_spot"))]


def _scales(done: Sequence[Record]) -> list[Drawing]:
    widths: dict[int, set[float]] = {}
    for record in done:
        widths.setdefault(record.case["width"], set()).add(record.case["exponent"])
    if not widths:
        return []
    width = max(widths, key=lambda width: len(widths[width]))  # the one with all scales
    chosen = [record for record in done if record.case["width"] == width]
    return [_functions(chosen, sorted(widths[width])), _errors(chosen, sorted(widths[width]))]


def _law(exponent: float) -> str:
    return "N(0, 1)" if exponent == 0 else f"N(0, {figures.power('m', -exponent)})"


def _functions(records: Sequence[Record], exponents: list[float]) -> Drawing:
    figure, axes = figures.panels(2, len(exponents), width=3.2, height=3.1)
    for column, exponent in enumerate(exponents):
        run = select(records, exponent=exponent)[0]
        arrays = run.arrays
        samples = (arrays["inputs"], arrays["targets"])
        figures.function_curves(axes[0, column], arrays["grid"], {"network": arrays["function"]}, samples=samples)
        figures.title(axes[0, column], f"{_law(exponent)}: error {figures.readable(run.values['test_error'], 2)}")
        figures.orientation_amplitude(axes[1, column], arrays["angles"], arrays["amplitudes"], logarithmic=True)
        figures.title(axes[1, column], figures.counted(run.values["groups"], "group"))
    case = records[0].case
    caption = (
        f"Target tanh(x − 6) + tanh(x + 6), {case['samples']} samples, {case['width']} tanh neurons, Adam at rate 10⁻³ "
        f"until the risk is {figures.readable(case['risk'])} or for {case['steps']:,} steps; first seed. Above: the "
        "function and "
        "its mean squared error on 1,000 held-out points. Below: every neuron."
    )
    return Drawing("Between the samples", caption, figure)


def _errors(records: Sequence[Record], exponents: list[float]) -> Drawing:
    figure, axes = figures.panels(1, 3, width=3.7, height=3.2)
    for ax, name, label in zip(
        axes[0],
        ("test_error", "groups", "steps"),
        ("test error (mean square)", "groups at the end", "steps taken"),
        strict=True,
    ):
        runs = {figures.power("m", -e) if e else "1": select(records, exponent=e) for e in exponents}
        by_scale = {name_of: [r.values[name] for r in chosen] for name_of, chosen in runs.items()}
        figures.seed_values(ax, by_scale, y_label=label, logarithmic=True)
        ax.set_xlabel("variance of the initial parameters")
    caption = "Every mark is a seed, the line their median, at equal training risk where the steps sufficed."
    return Drawing("Over seeds", caption, figure)


def _gaps(by_adam: Sequence[Record], flows: Sequence[Record]) -> list[Drawing]:
    along = select(flows, task="two_tanh")
    if not along:
        return []
    exponents = sorted({record.case["exponent"] for record in along})
    runs = {f"Flow from {_law(exponent)}": select(along, exponent=exponent) for exponent in exponents}
    runs[f"Adam from {_law(exponents[-1])}"] = select(by_adam, exponent=exponents[-1])
    shown = {title: rows for title, rows in runs.items() if rows}
    figure, axes = figures.panels(1, len(shown), width=3.3, height=3.4)
    lowest = min(max(r.values["test_error"] - r.values["final_risk"], _FLOOR) for rows in shown.values() for r in rows)
    for ax, (title, rows) in zip(axes[0], shown.items(), strict=True):
        gaps = {
            f"{width:,}": [
                max(r.values["test_error"] - r.values["final_risk"], _FLOOR) for r in select(rows, width=width)
            ]
            for width in sorted({record.case["width"] for record in rows})
        }
        figures.seed_values(ax, gaps, y_label="gap: test − training error", logarithmic=True)
        ax.set_ylim(lowest / 2, 10.0)
        ax.set_xlabel("width m")
        figures.title(ax, title)
    caption = (
        "Test less training error (mean squares) against the number of neurons, at equal training risk where the "
        "steps sufficed; a mark is a seed, the line their median, and what is below "
        f"{figures.readable(_FLOOR)} is drawn there. A wisdom that counts parameters lets the gap grow to the right."
    )
    return [Drawing(GAP, caption, figure)]


def _spot(done: Sequence[Record]) -> list[Drawing]:
    shown = {e: select(done, exponent=e)[0] for e in sorted({record.case["exponent"] for record in done})}
    if not shown:
        return []
    one = next(iter(shown.values()))
    x1, x2 = np.meshgrid(*[np.linspace(-1, 1, len(one.arrays["plane"]))] * 2, indexing="ij")
    target = np.tanh(3 * x1 + x2) + np.tanh(3 * x2 - x1)
    planes = {"The target": (target, "cividis", 2.0)} | {
        f"{_law(e)}: {figures.readable(run.values['test_error'], 2)}": (run.arrays["plane"] - target, "PuOr", 0.5)
        for e, run in shown.items()
    }
    figure, axes = figures.panels(1, len(planes), width=3.4, height=3.6)
    angle = np.linspace(0, 2 * np.pi, 100)
    for ax, (title, (plane, colours, size)) in zip(axes[0], planes.items(), strict=True):
        look = {"cmap": colours, "vmin": -size, "vmax": size}
        image = ax.imshow(plane.T, origin="lower", extent=(-1, 1, -1, 1), **look)
        ax.scatter(*one.arrays["inputs"].T, s=14, facecolor="white", edgecolor="black", linewidth=0.8)
        ax.plot(HOLE * np.cos(angle), HOLE * np.sin(angle), color="black", linewidth=1.5)
        ax.set_xlabel("x₁")
        ax.set_ylabel("x₂")
        ax.grid(False)
        label = "target" if title == "The target" else "network − target"
        figure.colorbar(image, ax=ax, label=label, orientation="horizontal")
        figures.title(ax, title)
    caption = (
        "Target tanh(3x₁ + x₂) + tanh(3x₂ − x₁), known at the dots alone, nowhere in the disc; and what networks of "
        f"{one.case['width']} tanh neurons make of it, from large and from small weights, by gradient flow until the "
        f"risk is {figures.readable(one.case['risk'])}. The number is the mean square in the disc. First seed."
    )
    return [Drawing(SPOT, caption, figure)]
