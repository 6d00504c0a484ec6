"""What is claimed of the samples needed and of two complexities, and how it is read from records; no JAX."""

import math
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.inference_or_memorisation.cases import Settings
from condenslab.sweeps import Record

_DECK = (
    "deck 001, optimistic sample size of transformers: it scales with inference, not with memorisation complexity "
    "(neither is defined there; as ranks of the rule table by us)"
)
FIGURE = "Samples needed against both complexities"
_DRAWS = 2000
_FEWER = 1.5
"""How many times fewer samples are fewer; ours."""
_TASKS = 4
"""Tasks from which a rank correlation is taken to say something."""
_OPEN = "not every task has a number of samples that fails and one that suffices"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    m = max(settings.anchors)
    return [
        Statement(
            "the number of samples needed follows inference complexity more closely than memorisation complexity",
            _DECK,
            _contrast,
            above(0),
            note="rank correlation with inference complexity less that with memorisation complexity, over the tasks",
            label="the samples needed follow inference complexity rather than memorisation complexity",
            figure=FIGURE,
        ),
        Statement(
            "it rises with inference complexity",
            _DECK,
            lambda evidence: _correlation(evidence, "inference"),
            at_least(0.7),
            note="rank correlation over the tasks; 0.7 is ours",
            figure=FIGURE,
        ),
        Statement(
            f"{m}V{m} composite needs fewer samples than {m}V{m} random, although both store {m * m} rules",
            _DECK,
            lambda evidence: _ratio(evidence, m),
            at_least(_FEWER),
            note="samples of the random task, at least, over those of the composite one, at most; the bound is ours",
            figure=FIGURE,
        ),
    ]


def _open(evidence: Evidence) -> str:
    """Returns why samples needed are not known, with what the searches themselves say, each once with its number."""
    told = [said for said in evidence.each(lambda r: r.values.get("reason", "")) if said]
    counts = ", ".join(f"{told.count(said)} times: {said}" for said in dict.fromkeys(told))
    return f"{_OPEN}; of {len(evidence)} searches {len(told)} are open ({counts})" if told else _OPEN


def needed_samples(record: Record) -> float | None:
    """Returns the geometric middle of the bracket of the samples needed, or None where it has an open end.

    Args:
        record: A record of a search.
    """
    lower, upper = record.values["lower"], record.values["upper"]
    return None if lower is None or upper is None else float(np.sqrt(lower * upper))


def _table(evidence: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    rows = evidence.each(lambda r: (needed_samples(r), r.values["inference"], r.values["memorisation"]))
    if len(rows) < _TASKS or any(row is None or row[0] is None for row in rows):
        return None
    needed, inference, memorisation = np.array(rows, float).T
    return needed, inference, memorisation


def _no_table(evidence: Evidence) -> str:
    few = f"ranks of {len(evidence)} tasks say too little, {_TASKS} are needed: the preset full has more"
    return few if len(evidence) < _TASKS else _open(evidence)


def _undefined(*columns: np.ndarray) -> str:
    """Returns why ranks do not correlate, a sentence, or nothing."""
    alike = any(len(set(column.tolist())) < 2 for column in columns)
    return "a number that is the same for every task has no rank correlation" if alike else ""


def _contrast(evidence: Evidence) -> Measured:
    table = _table(evidence)
    if table is None:
        return Measured(None, unsettled=_no_table(evidence))
    if _undefined(*table):
        return Measured(None, unsettled=_undefined(*table))
    needed, inference, memorisation = table
    value = rank_correlation(needed, inference) - rank_correlation(needed, memorisation)
    # Tasks are drawn anew with replacement: the interval in which the difference lies in 95 % of such draws.
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(_DRAWS):
        rows = chance.integers(len(needed), size=len(needed))
        if min(len(set(part[rows].tolist())) for part in table) > 1:
            one, other = (rank_correlation(needed[rows], part[rows]) for part in (inference, memorisation))
            drawn.append(one - other)
    low, high = np.percentile(drawn, [2.5, 97.5])
    note = f"{len(needed)} tasks, bootstrap interval {low:.2f} to {high:.2f}"
    crossing = "the interval of the difference holds both signs" if low <= 0 <= high and low < high else ""
    return Measured(value, note=note, unsettled=crossing)


def _correlation(evidence: Evidence, name: str) -> Measured:
    table = _table(evidence)
    if table is None:
        return Measured(None, unsettled=_no_table(evidence))
    columns = table[0], table[1 if name == "inference" else 2]
    undefined = _undefined(*columns)
    return Measured(None if undefined else rank_correlation(*columns), unsettled=undefined)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Returns Spearman's rank correlation, equal values sharing their mean rank.

    Args:
        one: Numbers.
        other: As many.

    Example:
        >>> round(rank_correlation(np.array([1, 2, 3, 4]), np.array([10, 30, 20, 40])), 6)
        0.8
    """

    def ranks(values: np.ndarray) -> np.ndarray:
        order = np.searchsorted(np.sort(values), values, side="left")
        last = np.searchsorted(np.sort(values), values, side="right") - 1
        return (order + last) / 2

    return float(np.corrcoef(ranks(np.asarray(one)), ranks(np.asarray(other)))[0, 1])


def _ratio(evidence: Evidence, m: int) -> Measured:
    """Returns the least ratio that both brackets allow; below the bound it decides only if the largest is, too."""

    def ends(kind: str) -> list[Any]:
        return evidence.where(anchors=m, kind=kind).each(lambda r: (r.values["lower"], r.values["upper"]))

    small, large = ends("composite"), ends("random")
    if not small or not large or small[0] is None or large[0] is None:
        return Measured(None)
    (below, enough), (least, most) = small[0], large[0]
    if enough is None:
        why = _open(evidence.where(anchors=m, kind="composite"))
        return Measured(None, unsettled=f"no number of samples suffices for the composite task: {why}")
    if least is None:
        return Measured(None, unsettled="no number of samples was seen to fail for the random task")
    largest = most / below if most and below else math.inf
    note = f"composite: {below or 'none'} fails, {enough} suffices; random: {least} fails, {most or 'none'} suffices"
    wide = f"the brackets allow ratios from {least / enough:.2g} to {largest:.2g}"
    return Measured(least / enough, note, wide if least / enough < _FEWER <= largest else "")
