"""Draws the study of tuning tolerance from its stored records."""

from collections.abc import Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.evidence import Evidence, of_records
from condenslab.studies.contract.study import Drawing
from condenslab.studies.shared.cells import cell_runs
from condenslab.studies.shared.completion.cases import SUCCESS
from condenslab.studies.tuning_tolerance.cases import ENTRIES, OPTIMISTIC
from condenslab.studies.tuning_tolerance.claims import PUBLISHED, counts, largest, successes
from condenslab.sweeps import Record

_SHOWN = 4
"""Scales that are drawn with intervals; more would hide each other."""
_PANELS = (
    ("cross", "std", "initial standard deviation", "Scales, largest row and column first"),
    ("random", "std", "initial standard deviation", "Scales, random orders"),
    ("rates", "rate", "learning rate", "Rates, largest row and column first"),
)

_RELIABLE = 0.9


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    evidence = of_records(record for record in records if record.status != "failed")
    if not {"cross", "random", "rates"} <= set(evidence.fields("part")):
        return []
    return [_shares(evidence, records), _ranges(evidence), _sizes(evidence)]


def _shares(evidence: Evidence, records: Sequence[Record]) -> Drawing:
    figure, axes = figures.panels(1, 3, width=4.6, height=4.4)
    for ax, (part, name, label, title) in zip(axes[0], _PANELS, strict=True):
        columns, rows = counts(evidence, part), evidence.where(part=part).fields(name)[::-1]
        pairs = [[successes(evidence, part, n, name, value) for n in columns] for value in rows]
        shares = np.array([[hits / trials if trials else np.nan for hits, trials in row] for row in pairs])
        cells: dict[tuple[int, int], list[Record]] = {}
        for record in (r for r in records if r.case.get("part") == part):
            place = (rows.index(record.case[name]), columns.index(len(record.case["observed"])))
            cells.setdefault(place, []).append(record)
        figures.value_map(
            ax, [str(n) for n in columns], [f"{figures.readable(value)}" for value in rows], shares,
            x_label="observed entries n", y_label=label, value_label="share of runs that succeed", limits=(0.0, 1.0),
            details=cell_runs("test error", cells, lambda record: record.values["test_error"]),
        )  # fmt: skip
        figures.title(ax, title)
    runs = {}
    for part, name, _, _ in _PANELS:
        smallest = evidence.where(part=part).fields(name)[0]
        runs[part] = successes(evidence, part, counts(evidence, part)[0], name, smallest)[1]
    caption = (
        "A rank-1 matrix of 4 × 4 entries, M1 of the sources, whose optimistic sample size is 7, from n of its "
        f"entries. Every number is the share of runs whose test error ends below {figures.readable(SUCCESS)}: "
        f"{runs['cross']} starts a "
        f"cell on the left and on the right, {runs['random']} random orders in the middle."
    )
    return Drawing("More samples forgive larger scales and rates", caption, figure)


def _ranges(evidence: Evidence) -> Drawing:
    figure, axes = figures.panels(1, 2, width=5.0, height=4.2)
    tried = evidence.where(part="random").fields("std")
    chosen = [tried[k] for k in np.unique(np.linspace(0, len(tried) - 1, _SHOWN).round().astype(int))]
    series = {}
    for std in chosen:
        rows = []
        for n in counts(evidence, "random"):
            hits, trials = successes(evidence, "random", n, "std", std)
            if trials:
                rows.append((n, hits / trials, *wilson(hits, trials)))
        series[f"std {figures.readable(std)}"] = tuple(zip(*rows, strict=True))
    figures.success_rates(axes[0, 0], series, x_label="observed entries n", y_label="share of random orders")
    figures.title(axes[0, 0], "Success with 95 % intervals")
    curves = {}
    for part, label in (("cross", "largest row and column first"), ("random", "random orders")):
        found = [(n, largest(evidence, part, n, "std")) for n in counts(evidence, part)]
        shown = [(n, std) for n, std in found if std]
        if shown:
            curves[label] = tuple(zip(*shown, strict=True))
    curves["published (error ≤ 10⁻⁶)"] = (list(PUBLISHED), list(PUBLISHED.values()))
    x_label, y_label = "observed entries n", "largest initial scale that succeeds"
    figures.value_curves(axes[0, 1], curves, x_label=x_label, y_label=y_label, logarithmic="y")
    figures.legend_below(axes[0, 1])
    figures.title(axes[0, 1], "The range of scales")
    caption = (
        "Left: success over random orders whose first seven entries have rank 7, with Wilson's 95 % intervals, for "
        "some initial scales. Right: the largest initial standard deviation up to which at least half of the runs "
        "succeed, and the published one, read off the colours of Fig. 3b (which tries powers of ten up to 10⁻¹ and "
        "does not state its order of entries). Nothing is drawn where not even the smallest scale succeeds."
    )
    return Drawing("How large the initial entries may be", caption, figure)


def _sizes(evidence: Evidence) -> Drawing:
    practice = []
    for part, name, _, _ in _PANELS:
        shares = [(n, _best(evidence, part, n, name)) for n in counts(evidence, part)]
        practice.append(next((float(n) for n, share in shares if share >= _RELIABLE), np.nan))
    figure, axes = figures.panels(1, 1, width=7.0, height=2.9)
    labels = [title.replace(", ", ",\n") for *_, title in _PANELS]
    optimistic, parameters = [OPTIMISTIC] * len(labels), [2 * ENTRIES] * len(labels)
    figures.sample_sizes(axes[0, 0], labels, optimistic, practice, parameters)
    caption = (
        "A rank-1 matrix of 4 × 4 entries as a product of two 4 × 4 matrices: the optimistic sample size 7, the least "
        f"number of observed entries at which the best of the scales or rates succeeds in {100 * _RELIABLE:.0f} % of "
        "the runs, and the 32 parameters."
    )
    return Drawing("Optimism, practice and parameters", caption, figure)


def _best(evidence: Evidence, part: str, samples: int, name: str) -> float:
    """Returns the largest share of runs that succeed over the values tried."""
    pairs = [successes(evidence, part, samples, name, value) for value in evidence.where(part=part).fields(name)]
    return max((hits / trials for hits, trials in pairs if trials), default=0.0)
