"""Draws the matrix completion study from its stored records."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.matrix_completion.claims import mean_error
from condenslab.studies.shared.cells import cell_runs
from condenslab.studies.shared.completion import targets
from condenslab.studies.shared.completion.cases import SUCCESS, components
from condenslab.sweeps import Record

_FLOOR = 1e-16


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    trained = [r for r in records if r.status == "done" and r.case["kind"] == "train"]
    drawn = [_map(trained), _scale(trained), _orders(trained), _designs(trained)]
    return [drawing for drawing in drawn if drawing is not None]


def _of(records: Sequence[Record], part: str) -> list[Record]:
    return [r for r in records if r.case["part"] == part]


def _map(records: Sequence[Record]) -> Drawing | None:
    own = _of(records, "hooks")
    names = sorted({r.case["target"] for r in own})
    if not names:
        return None
    errors = [[mean_error(own, "hooks", name, n) for n in range(1, 17)] for name in names]
    logs = np.array([[np.nan if e is None else np.log10(max(e, _FLOOR)) for e in row] for row in errors])
    figure, axes = figures.panels(1, 1, width=8.6, height=0.42 * len(names) + 2.0)
    marks = [(k, targets.OPTIMISTIC[targets.RANKS[name]] - 1) for k, name in enumerate(names)]
    figures.value_map(
        axes[0, 0],
        [str(n) for n in range(1, 17)],
        [f"{name} (rank {targets.RANKS[name]})" for name in names],
        logs,
        x_label="observed entries n, by hooks",
        y_label="target",
        value_label="log₁₀ mean test error",
        limits=(-8.0, 0.0),
        marks={"optimistic sample size 7, 12, 15, 16": marks},
        details=_seeds(own, [("hooks", name) for name in names], range(1, 17)),
    )
    figures.title(axes[0, 0], "Test error of gradient descent from small initialisation")
    seeds = len({r.case["seed"] for r in own})
    caption = (
        "4 × 4 matrices factorised as A·B with 32 parameters, trained on n entries from normal entries of standard "
        f"deviation {figures.readable(own[0].case['std'])} until the training error is below 10⁻⁹; mean over "
        f"{figures.counted(seeds, 'seed')} of the "
        f"mean squared "
        "error over all 16 entries. Rows and columns are sorted by norm first; the optimistic sample size is 2rd − r²."
    )
    return Drawing("Completing matrices of rank 1 to 4", caption, figure)


def _seeds(
    records: Sequence[Record], rows: Sequence[tuple[str, str]], counts: Sequence[int]
) -> dict[tuple[int, int], dict[str, Any]]:
    """Returns the test error of every run of a cell; a row is a part and a target, a column a number of entries."""
    cells: dict[tuple[int, int], list[Record]] = {}
    for record in records:
        row, n = (record.case["part"], record.case["target"]), len(record.case["observed"])
        if row in rows and n in counts:
            cells.setdefault((rows.index(row), counts.index(n)), []).append(record)
    return cell_runs("test error", cells, lambda record: record.values["test_error"])


def _scale(records: Sequence[Record]) -> Drawing | None:
    own = _of(records, "scale")
    if not own:
        return None
    counts = sorted({len(r.case["observed"]) for r in own})
    curves = {}
    for std in sorted({r.case["std"] for r in own}, reverse=True):
        errors = [mean_error(own, "scale", "M1", n, std) for n in counts]
        curves[f"std {figures.readable(std)}"] = (counts, [np.nan_to_num(e or _FLOOR, nan=1.0) for e in errors])
    figure, axes = figures.panels(1, 1, width=5.6, height=3.9)
    figures.value_curves(axes[0, 0], curves, x_label="observed entries n", y_label="mean test error", logarithmic="y")
    axes[0, 0].axvline(7, color="black", linewidth=0.9, linestyle=":", zorder=1)
    figures.title(axes[0, 0], "Error by initial scale (M1, O = 7)")
    figures.legend_below(axes[0, 0], columns=4)
    caption = (
        "Target M1 (rank 1), entries of row 4 and column 3 first. Dotted: O = 7. One line a standard deviation "
        "of the initial entries."
    )
    return Drawing("Success against initial scale", caption, figure)


def _orders(records: Sequence[Record]) -> Drawing | None:
    names = [name for name in targets.NEEDED if _of(records, f"order {name}")]
    if not names:
        return None
    counts = sorted({len(r.case["observed"]) for r in _of(records, f"order {names[0]}")})
    errors = [[mean_error(records, f"order {name}", "M2", n) for n in counts] for name in names]
    logs = np.array([[np.nan if e is None else np.log10(max(e, _FLOOR)) for e in row] for row in errors])
    figure, axes = figures.panels(1, 1, width=7.4, height=3.9)
    marks = [(k, counts.index(targets.NEEDED[name])) for k, name in enumerate(names)]
    figures.value_map(
        axes[0, 0],
        [str(n) for n in counts],
        [f"order {name}" for name in names],
        logs,
        x_label="observed entries n",
        y_label="published order",
        value_label="log₁₀ mean test error",
        limits=(-8.0, 1.0),
        marks={"first n of rank 7": marks},
        details=_seeds(records, [(f"order {name}", "M2") for name in names], counts),
    )
    figures.title(axes[0, 0], "Error by order of the entries (M2, rank 1, O = 7)")
    caption = (
        "Six published orders, without the third, whose print is damaged. Entries are no generic inputs: seven of them "
        "may leave directions open. Marked: where the tangents of the first n entries reach rank 7."
    )
    return Drawing("Six observation orders", caption, figure)


def _designs(records: Sequence[Record]) -> Drawing | None:
    own = _of(records, "random")
    if not own:
        return None
    figure, axes = figures.panels(1, 1, width=6.4, height=3.9)
    values = {}
    for std in sorted({r.case["std"] for r in own}, reverse=True):
        for connected, word in ((True, "rank 7"), (False, "rank < 7")):
            errors = [
                max(r.values["test_error"], _FLOOR)
                for r in own
                if r.case["std"] == std and (components(r.case["observed"]) == 1) == connected
            ]
            if errors:
                won = sum(error < SUCCESS for error in errors)
                values[f"{word}\nstd {figures.readable(std)}\n{won} of {len(errors)}"] = errors
    figures.seed_values(axes[0, 0], values, y_label="test error", logarithmic=True)
    axes[0, 0].axhline(SUCCESS, color="black", linewidth=0.9, linestyle=":", zorder=1)
    figures.title(axes[0, 0], "Random designs of seven entries (M1)")
    caption = (
        "Every mark is a random design of seven entries; below the dotted line it counts as recovered (number under "
        "each column). The rank is that of the design, for some standard deviations of the initial entries."
    )
    return Drawing("Rank 7 is necessary, not sufficient", caption, figure)
