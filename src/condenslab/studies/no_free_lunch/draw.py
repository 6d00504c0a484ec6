"""Draws the study of the free lunch that there is not from its stored records; imports no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.no_free_lunch.cases import PLANTED, SCHEMES, SEARCHES
from condenslab.studies.no_free_lunch.claims import LABELS, RANKS, SEARCHED
from condenslab.studies.shared.descents.cases import PLACES, DescentCase
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

_DEFAULTS = {"width": None, "drop": 0.0, "decay": 0.0, "rate": 1e-3}


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    kinds = {kind: [r for r in done if r.case["@type"] == kind] for kind in ("SearchCase", DescentCase.__name__)}
    fitted = [r for r in done if r.case["@type"] == "RankCase"]
    drawn = [_searches(kinds["SearchCase"]), _labels(kinds[DescentCase.__name__]), _ranks(fitted)]
    return [drawing for drawing in drawn if drawing is not None]


def _searches(done: Sequence[Record]) -> Drawing | None:
    if not done:
        return None
    figure, axes = figures.panels(1, 2, width=4.4, height=3.6)
    ordered = sorted(done, key=lambda record: SEARCHES.index(record.case["search"]))
    case, values = ordered[0].case, ordered[0].values
    asked = np.arange(1, case["places"] + 1)
    blind = sum(1 - (v / case["values"]) ** asked for v in range(1, case["values"]))
    lines = (blind, ordered[0].arrays["blind_course_peaked"])
    for ax, name, line in zip(axes[0], ("course_all", "course_peaked"), lines, strict=True):
        curves = {record.case["search"]: (asked, record.arrays[name]) for record in ordered}
        figures.value_curves(ax, curves, x_label="points asked", y_label="best value so far (mean)")
        ax.plot(asked, line, color="black", linestyle=":", linewidth=2.5, label="blind search")
        figures.legend_below(ax, columns=2)
    figures.title(axes[0, 0], f"All {values['functions']:,} functions")
    figures.title(axes[0, 1], f"The {values['functions_peaked']:,} with one peak")
    caption = (
        f"Every function from {case['places']} points to {case['values']} values, searched for its largest value by "
        "four rules. Over all of them (left) the rules are one line, that of blind search; over those that rise and "
        "then fall (right) rules that begin in the middle and use what they have seen find the peak sooner."
    )
    return Drawing(SEARCHED, caption, figure)


def scheme_of(case: dict[str, object], width: int) -> str:
    """Returns the name of the setting of a run.

    Args:
        case: The fields of its case.
        width: The usual width.
    """
    usual = _DEFAULTS | {"width": width}
    return next(
        name
        for name, change in SCHEMES.items()
        if all(case[field] == value for field, value in (usual | change).items())
    )


def _labels(done: Sequence[Record]) -> Drawing | None:
    if not done:
        return None
    figure, axes = figures.panels(1, 2, width=4.6, height=3.8)
    width = max(record.case["width"] for record in done)
    shown = {"random_labels": "Random labels", "planted_labels": "Labels of three neurons"}
    for ax, (task, title) in zip(axes[0], shown.items(), strict=True):
        groups: dict[str, list[float]] = {}
        for record in done:
            if record.case["task"] == task:
                groups.setdefault(scheme_of(record.case, width), []).append(record.values["test_right"])
        if groups:
            figures.seed_values(ax, groups, y_label="share of hidden labels predicted")
        ax.axhline(0.5, color="#888888", linestyle="--", linewidth=1.0)
        ax.set_ylim(0.3, 1.03)
        ax.tick_params(axis="x", labelrotation=40)
        figures.title(ax, title)
    caption = (
        f"Labels ±1 on {PLACES} points, of which {done[0].case['samples']} are given to tanh networks of {width} "
        "neurons with parameters from N(0, m^−γ), by Adam; each setting changes one thing at γ = 1. A mark is a seed, "
        "the line their median, the dashed line is chance."
    )
    return Drawing(LABELS, caption, figure)


def _ranks(done: Sequence[Record]) -> Drawing | None:
    names = {"random": "random function", "planted": f"{PLANTED} neurons"}
    groups = {label: [decided(record, name) for record in done] for name, label in names.items()}
    known = {label: [v for v in values if v is not None] for label, values in groups.items()}
    if not all(known.values()) or not known:
        return None
    case = done[0].case
    figure, axes = figures.panels(1, 1, width=4.6, height=3.4)
    figures.seed_values(axes[0, 0], known, y_label="optimistic sample size (rank)")
    axes[0, 0].axhline(case["points"], color="#888888", linestyle="--", linewidth=1.0)
    axes[0, 0].set_ylim(0, case["points"] + 1)
    figures.title(axes[0, 0], f"Functions on {case['points']} points")
    caption = (
        f"Rank of networks of {case['neurons']} neurons ({3 * case['neurons']} parameters) where they are a function "
        f"of {case['points']} random values, and the least rank where they are a function of {PLANTED} neurons. The "
        "dashed line is the number of points: a random function must be seen on all of them. A mark is a function."
    )
    return Drawing(RANKS, caption, figure)
