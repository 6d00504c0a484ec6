"""Draws the study of generalization from its stored records."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.shared.descents.draw import select
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    exponents = sorted({r.case["exponent"] for r in records if r.status == "done"})
    if not exponents:
        return []
    return [_functions(records, exponents), _errors(records, exponents)]


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
        figures.title(axes[1, column], f"{run.values['groups']} groups")
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
        by_scale = {_law(e): [r.values[name] for r in select(records, exponent=e)] for e in exponents}
        figures.seed_values(ax, by_scale, y_label=label, logarithmic=True)
        ax.tick_params(axis="x", labelrotation=20)
    caption = "Every mark is a seed, the line their median, at equal training risk where the steps sufficed."
    return Drawing("Over seeds", caption, figure)
