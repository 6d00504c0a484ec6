"""Tables of the offsets of all pairs of anchors: sums of two offsets or random ones, some pairs withheld."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from condenslab.tasks.anchors.complexity import complexities
from condenslab.tasks.anchors.splits import Split
from condenslab.tasks.anchors.task import AnchorTask, Layout

Pair = tuple[int, int]


def added(
    left: Sequence[int],
    right: Sequence[int],
    designated: Mapping[Pair, int],
    withheld: Iterable[Pair],
    layout: Layout,
    split: Split | None,
    name: str,
) -> AnchorTask:
    """Returns the task of added offsets, l_a₁ + r_a₂, with its exceptions.

    Args:
        left: l_1 … l_m.
        right: r_1 … r_m.
        designated: Pairs that are taught otherwise, with their offsets.
        withheld: Pairs that training never shows.
        layout: Of a sequence.
        split: What is held out of the pairs that training shows.
        name: What reports call it.

    Raises:
        ValueError: As `AnchorTask`, no anchors, a pair that is none of the task or both designated and withheld, or a
            withheld pair that no explanation of the trained ones determines.
    """
    m = len(left)
    if not m:
        raise ValueError("a task needs at least one anchor. Got none.")
    pairs = _all_pairs(m)
    composed = np.array([left[i - 1] + right[j - 1] for i, j in pairs])
    hidden = _marked(pairs, withheld)
    strange = sorted(set(designated) - set(pairs))
    if strange:
        raise ValueError(f"a designated pair must be two of the anchors 1 to {m}. Got {strange[0]}.")
    lost = sorted(set(designated) & {pair for pair, hid in zip(pairs, hidden, strict=True) if hid})
    if lost:
        raise ValueError(f"a withheld pair is never taught, so it cannot be designated. Got {lost[0]} in both.")
    taught = np.array([designated.get(pair, int(offset)) for pair, offset in zip(pairs, composed, strict=True)])
    task = AnchorTask(name, np.array(pairs), taught, composed, hidden, layout, split)
    _require_inferable(task)
    return task


def drawn(
    anchors: int,
    seed: int,
    of: Callable[[int, int], Pair],
    kind: str,
    withheld: Iterable[Pair],
    layout: Layout,
    split: Split | None,
    name: str,
) -> AnchorTask:
    """Returns the task of random offsets, one a class of pairs, that no simpler explanation than `kind` fits.

    Args:
        anchors: m, at least 2.
        seed: Of the offsets.
        of: (a₁, a₂) → the class of the pair: pairs of one class have one offset.
        kind: The name of the explanation that must be the best, as `complexities` says it.
        withheld: Pairs that training never shows.
        layout: Of a sequence.
        split: What is held out of the pairs that training shows.
        name: What reports call it.

    Raises:
        ValueError: As `AnchorTask`, fewer than 2 anchors, or a withheld pair that is none of the task or that no
            explanation of the trained ones determines.
    """
    if anchors < 2:
        raise ValueError(f"a table of pairs needs at least 2 anchors. Got {anchors}.")
    pairs = _all_pairs(anchors)
    classes = [of(*pair) for pair in pairs]
    distinct = sorted(set(classes))
    span = max(anchors * anchors, 16)
    chance = np.random.default_rng([seed, 23])
    while True:
        pool = dict(zip(distinct, chance.permutation(np.arange(-span, span + 1)).tolist(), strict=False))
        taught = np.array([pool[one] for one in classes])
        free = AnchorTask(name, np.array(pairs), taught, None, np.zeros(len(pairs), bool), _roomy(layout, span))
        if complexities(free).explanation == kind:  # by chance a small table is additive, or symmetric
            break
    hidden = _marked(pairs, withheld)
    # What is asked of a withheld pair is the offset of its class; nothing else is composed.
    task = AnchorTask(name, np.array(pairs), taught, taught if hidden.any() else None, hidden, layout, split)
    _require_inferable(task)
    return task


def _all_pairs(anchors: int) -> list[Pair]:
    return [(i, j) for i in range(1, anchors + 1) for j in range(1, anchors + 1)]


def _roomy(layout: Layout, span: int) -> Layout:
    """Returns a layout in which offsets of any sign fit, for looking at a table before it is used."""
    return Layout(items=(10**6, 10**6 + span), length=layout.length)


def _marked(pairs: Sequence[Pair], withheld: Iterable[Pair]) -> np.ndarray:
    hidden = [tuple(pair) for pair in withheld]
    strange = sorted(set(hidden) - set(pairs))
    if strange:
        raise ValueError(f"a withheld pair must be one of the pairs of the task. Got {strange[0]}.")
    return np.array([pair in hidden for pair in pairs], bool)


def _require_inferable(task: AnchorTask) -> None:
    """Refuses a withheld rule that the best explanation of the trained ones leaves open.

    Raises:
        ValueError: There is one.
    """
    if not task.withheld.any():
        return
    found = complexities(task)
    left = [rule for rule, sure in found.inferred.items() if not sure]
    if left:
        raise ValueError(
            f"withholding {left[0]} leaves nothing to infer it from: the trained pairs are explained as "
            f"{found.explanation} with {found.inference} rules, which do not determine it. Withhold fewer pairs."
        )
