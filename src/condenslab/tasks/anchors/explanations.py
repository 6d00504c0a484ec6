"""What an answer to a rule can mean: composed, by symmetry, another rule's, or none of these."""

import numpy as np

from condenslab.tasks.anchors.task import AnchorTask, Sequences

ANSWERS = ("inferential", "symmetric", "memorised", "other")
"""Labels of answers, in the order in which they are looked for; a rule on which the first two agree says nothing."""


def mirrored(task: AnchorTask) -> np.ndarray:
    """Returns for every rule the taught offset of its mirror image (a₂, a₁), shape (rule,).

    Returns:
        −1 − the largest item, so that the answer is negative, where the mirror image is not trained or is the rule.
    """
    none = -1 - task.layout.items[1]
    found = {tuple(r.tolist()): int(o) for r, o, w in zip(task.rules, task.taught, task.withheld, strict=True) if not w}
    rules = [tuple(rule.tolist()) for rule in task.rules]
    return np.array([found.get(rule[::-1], none) if rule != rule[::-1] else none for rule in rules])


def explanations(task: AnchorTask, sequences: Sequences) -> dict[str, np.ndarray]:
    """Returns the answer that each explanation gives to every sequence, shape (sample,) each.

    "taught" is the offset of training, "inferential" the composed one, "symmetric" that of the mirrored pair. A task
    without composition has no "inferential" answer, one without pairs no "symmetric" one: these are negative.

    Args:
        task: The task.
        sequences: Sequences of it.
    """
    none = np.full(len(sequences), -1)
    composed = none if task.composed is None else sequences.keys + task.composed[sequences.rules]
    taught = np.where(task.withheld[sequences.rules], -1, sequences.keys + task.taught[sequences.rules])
    return {
        "taught": taught,
        "inferential": composed,
        "symmetric": sequences.keys + mirrored(task)[sequences.rules],
    }


def labelled(task: AnchorTask, sequences: Sequences, predictions: np.ndarray) -> dict[str, np.ndarray]:
    """Returns which share of predictions each explanation accounts for.

    An answer is "inferential" if it is the composed one, else "symmetric" if it is that of the mirrored pair, else
    "memorised" if it is this key under another trained rule (a rule recalled in the wrong place), else "other". On a
    rule where composition and symmetry agree the first name says nothing: `task.taught` tells.

    Args:
        task: The task.
        sequences: Sequences of it.
        predictions: Predicted tokens, shape (…, sample).

    Returns:
        A share for every name in `ANSWERS`, shape (…).

    Raises:
        ValueError: The predictions are not one a sequence.
    """
    given = np.asarray(predictions)
    if given.shape[-1] != len(sequences):
        raise ValueError(f"predictions must be one a sequence, {len(sequences)}. Got shape {given.shape}.")
    answers = explanations(task, sequences)
    inferential = given == answers["inferential"]
    symmetric = (given == answers["symmetric"]) & ~inferential
    recalled = np.isin(given - sequences.keys, task.taught[~task.withheld]) & ~inferential & ~symmetric
    other = ~(inferential | symmetric | recalled)
    return {n: p.mean(axis=-1) for n, p in zip(ANSWERS, (inferential, symmetric, recalled, other), strict=True)}
