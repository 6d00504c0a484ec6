"""How many rules a solution must hold: memorisation and inference complexity, as ranks of the rule table.

The lectures name both complexities and define neither. The definitions here are ours. An explanation writes the offset
of every rule as a linear function of its parameters, offset = D·p, with one row of the design D a rule. A solution that
fits training exactly needs rank(D restricted to the trained rules) independent numbers. Memorisation has the design 1,
one parameter a rule. Inference complexity is the smallest rank among the explanations that fit the trained rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from condenslab.tasks.anchors.task import AnchorTask


@dataclass(frozen=True)
class Complexities:
    """Two complexities of a task, and what they rest on.

    Attributes:
        memorisation: Rules to store: the trained ones.
        inference: The rank of the best explanation that fits the trained rules exactly.
        explanation: Its name.
        ranks: The rank of every explanation, exceptions included; None where it does not fit.
        exceptions: Rules taught otherwise than composed, each of which costs a composition one more rule.
        inferred: For every withheld rule whether the best explanation determines it.
    """

    memorisation: int
    inference: int
    explanation: str
    ranks: Mapping[str, int | None]
    exceptions: tuple[tuple[int, ...], ...]
    inferred: Mapping[tuple[int, ...], bool]


def complexities(task: AnchorTask) -> Complexities:
    """Returns both complexities of a task.

    Explanations: "composed" (one offset an anchor, added up), "left and right" (one an anchor and place), "symmetric"
    (one an unordered pair), "memorised" (one a rule). Left and right offsets have a common constant to exchange, so
    their rank is 2m − 1 for a full table of m anchors, not 2m.

    Args:
        task: The task.

    Example:
        >>> from condenslab.tasks import anchors
        >>> found = anchors.complexities(anchors.published())
        >>> found.memorisation, found.inference, found.explanation
        (15, 5, 'composed')
    """
    exceptional = np.zeros(len(task.rules), bool)
    if task.composed is not None:
        exceptional = (task.taught != task.composed) & ~task.withheld
    ranks: dict[str, int | None] = {}
    inferred: dict[str, dict[tuple[int, ...], bool]] = {}
    for name in _names(task):
        design = _design(task, name)
        additive = name in ("composed", "left and right")
        special = exceptional if additive else np.zeros_like(exceptional)
        ranks[name], inferred[name] = _explained(task, design, special, additive)
    best = min((name for name in ranks if ranks[name] is not None), key=lambda name: ranks[name] or 0)
    rules = [tuple(rule.tolist()) for rule in task.rules[exceptional]]
    return Complexities(int((~task.withheld).sum()), ranks[best] or 0, best, ranks, tuple(rules), inferred[best])


def _names(task: AnchorTask) -> tuple[str, ...]:
    return ("composed", "left and right", "symmetric", "memorised") if task.rules.shape[1] == 2 else ("memorised",)


def _design(task: AnchorTask, name: str) -> np.ndarray:
    """Returns the design of an explanation over all rules, shape (rule, parameter)."""
    where = np.searchsorted(task.anchors, task.rules)
    one_hot = np.eye(len(task.anchors), dtype=np.int64)
    if name == "composed":
        return one_hot[where].sum(axis=1)
    if name == "left and right":
        return np.concatenate([one_hot[where[:, 0]], one_hot[where[:, 1]]], axis=1)
    classes = np.sort(where, axis=1) if name == "symmetric" else where
    labels = np.unique(classes, axis=0, return_inverse=True)[1].ravel()
    return np.eye(labels.max() + 1, dtype=np.int64)[labels]


def _explained(
    task: AnchorTask, design: np.ndarray, special: np.ndarray, additive: bool
) -> tuple[int | None, dict[tuple[int, ...], bool]]:
    """Returns the rank of an explanation that fits, or None, and which withheld rules it determines."""
    shown = ~task.withheld & ~special
    rows, offsets = design[shown].astype(float), task.taught[shown].astype(float)
    held = [(tuple(task.rules[k].tolist()), design[k]) for k in np.flatnonzero(task.withheld)]
    if additive:
        solution = np.linalg.lstsq(rows, offsets, rcond=None)[0]
        fits = bool(np.allclose(rows @ solution, offsets, atol=1e-6))
        rank = int(np.linalg.matrix_rank(rows)) if len(rows) else 0
        sure = {rule: int(np.linalg.matrix_rank(np.vstack([rows, row]))) == rank for rule, row in held}
    else:  # one parameter a class: the columns are orthogonal, and their number is the rank
        classes = rows.argmax(axis=1)
        seen = np.unique(classes)
        fits = all(len(set(offsets[classes == c].tolist())) == 1 for c in seen)
        rank = len(seen)
        sure = {rule: bool(row.argmax() in seen) for rule, row in held}
    return (rank + int(special.sum()) if fits else None), sure
