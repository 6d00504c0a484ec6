"""Draws the study of simple models from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.contract.evidence import of_records
from condenslab.studies.contract.study import Drawing
from condenslab.studies.simple_models.cases import TARGETS
from condenslab.studies.simple_models.claims import FIGURE, error_of, success_rates
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws errors of the seven targets, and success of the sparse ones.

    Args:
        records: The records.
    """
    from condenslab import figures
    from condenslab.studies.shared.cells import cell_runs

    if all(record.status != "done" for record in records):
        return []
    evidence = of_records(records)
    figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
    formulas = {"linear": "t₀ + t₁x₁ + t₂x₂", "product": "t₀ + t₁x₁ + t₂t₃x₂"}
    for ax, (model, words) in zip(axes[0, :2], formulas.items(), strict=True):
        errors = [[error_of(evidence, model, target, n) or np.nan for n in (1, 2, 3)] for target in TARGETS.values()]
        logs = np.log10(np.maximum(errors, 1e-16))
        sizes = [3 if model == "linear" or target[2] else 2 for target in TARGETS.values()]
        marks = {"optimistic sample size": [(k, size - 1) for k, size in enumerate(sizes)]}
        cells: dict[tuple[int, int], list[Record]] = {}
        for record in (r for r in records if r.case["model"] == model and r.case["samples"] <= len(errors[0])):
            row = [list(target) for target in TARGETS.values()].index(list(record.case["target"]))
            cells.setdefault((row, record.case["samples"] - 1), []).append(record)
        figures.value_map(
            ax, ["1", "2", "3"], list(TARGETS), logs, x_label="samples n", y_label="target",
            value_label="log₁₀ median test error", limits=(-8.0, 0.0), marks=marks,
            details=cell_runs("test error", cells, lambda record: record.values["error"]),
        )  # fmt: skip
        figures.title(ax, words)
    curves = {
        label: ([n for n, _ in rates], [rate for _, rate in rates])
        for label, rates in ((m, success_rates(records, m)) for m in ("sparse linear", "squares", "deep"))
        if rates
    }
    figures.value_curves(axes[0, 2], curves, x_label="samples n", y_label="share of seeds that recover")
    figures.title(axes[0, 2], "A sparse target")
    figures.legend_below(axes[0, 2])
    caption = (
        "Gradient descent from small initialisation. Left and middle: seven targets; framed: their O. "
        "Right: a sparse target of many inputs, as a linear function, as Σ(a² − b²)x and as Σ a⁽¹⁾a⁽²⁾a⁽³⁾x: the "
        "sparsity is the optimistic sample size of both products."
    )
    return [Drawing(FIGURE, caption, figure)]
