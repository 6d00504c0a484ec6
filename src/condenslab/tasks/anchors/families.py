"""The families of anchor tasks: the published one, and single, composite, left-right, symmetric and random tables."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from condenslab.tasks.anchors.checks import whole
from condenslab.tasks.anchors.complexity import complexities
from condenslab.tasks.anchors.offsets import PUBLISHED, coinciding_sums, generic_offsets
from condenslab.tasks.anchors.splits import ModulusSplit, Split
from condenslab.tasks.anchors.task import AnchorTask, Layout

Pair = tuple[int, int]


def published(split: Split | str = "code", layout: Layout = Layout(vocabulary=201)) -> AnchorTask:
    """Returns the task of the sources: four anchors, (3, 4) designated as x − 6, (4, 3) withheld, length 9, 20 to 99.

    Composition would make (3, 4) x − 10. A network that answers (4, 3) with x − 10 composes, one with x − 6 has learned
    that mirrored pairs agree.

    Args:
        split: Its split, or the name of a published one: "text" (modulus 7), "code" (9) or "earlier" (8).
        layout: Of a sequence; by default with the 201 tokens of the published code.
    """
    rule = ModulusSplit.published(split) if isinstance(split, str) else split
    return composite(PUBLISHED, designated={(3, 4): -6}, withheld=[(4, 3)], layout=layout, split=rule, name="published")


def single(
    offsets: Sequence[int] | Mapping[int, int],
    *,
    layout: Layout = Layout(),
    split: Split | None = None,
    name: str = "single",
) -> AnchorTask:
    """Returns the task of single anchors: f(x; a) = x + g_a.

    Args:
        offsets: g_1 … g_m, or by anchor token.
        layout: Of a sequence.
        split: What is held out.
        name: What reports call it.
    """
    table = dict(offsets) if isinstance(offsets, Mapping) else dict(enumerate(offsets, start=1))
    if not table:
        raise ValueError("a task needs at least one anchor. Got none.")
    values = np.array(list(table.values()))
    rules = np.array(list(table))[:, None]
    return AnchorTask(name, rules, values, None, np.zeros(len(rules), bool), layout, split)


def composite(
    offsets: Sequence[int] | int,
    *,
    designated: Mapping[Pair, int] = {},
    withheld: Iterable[Pair] = (),
    layout: Layout = Layout(),
    split: Split | None = None,
    name: str = "composite",
) -> AnchorTask:
    """Returns the task of pairs whose offsets add up: f(x; a₁, a₂) = x + g_a₁ + g_a₂.

    Args:
        offsets: g_1 … g_m, or m for generic ones. Offsets whose sums coincide are warned of.
        designated: Pairs that are taught otherwise, with their offsets.
        withheld: Pairs that training never shows.
        layout: Of a sequence.
        split: What is held out of the pairs that training shows.
        name: What reports call it.

    Raises:
        ValueError: As `AnchorTask`, or a withheld pair that no explanation of the trained ones determines.
    """
    chosen = generic_offsets(offsets) if isinstance(offsets, int | np.integer) else _offsets(offsets)
    twins = coinciding_sums(chosen)
    if twins:
        warnings.warn(
            f"offsets {chosen} give the pairs {twins[0][0]} and {twins[0][1]} the same sum ({len(twins)} in all): "
            "composition cannot be told from other explanations there; generic_offsets(m) avoids that.",
            stacklevel=2,
        )
    return _added(chosen, chosen, designated, withheld, layout, split, name)


def left_right(
    left: Sequence[int] | int,
    right: Sequence[int] | None = None,
    *,
    designated: Mapping[Pair, int] = {},
    withheld: Iterable[Pair] = (),
    layout: Layout = Layout(),
    split: Split | None = None,
    name: str = "left_right",
) -> AnchorTask:
    """Returns the task of pairs with other offsets on the left than on the right: f(x; a₁, a₂) = x + l_a₁ + r_a₂.

    Args:
        left: l_1 … l_m, or m for generic ones.
        right: r_1 … r_m; by default the generic offsets in reverse, so that mirrored pairs differ.
        designated: As for `composite`.
        withheld: As for `composite`.
        layout: Of a sequence.
        split: As for `composite`.
        name: What reports call it.
    """
    chosen = generic_offsets(left) if isinstance(left, int | np.integer) else _offsets(left)
    other = tuple(reversed(chosen)) if right is None else _offsets(right)
    if len(other) != len(chosen):
        raise ValueError(f"left and right must have one offset an anchor each. Got {len(chosen)} and {len(other)}.")
    return _added(chosen, other, designated, withheld, layout, split, name)


def symmetric(
    anchors: int,
    seed: int,
    *,
    withheld: Iterable[Pair] = (),
    layout: Layout = Layout(),
    split: Split | None = None,
    name: str = "symmetric",
) -> AnchorTask:
    """Returns the task of pairs with random offsets that mirrored pairs share, and that are no composition.

    Args:
        anchors: m, at least 2.
        seed: Of the offsets.
        withheld: As for `composite`.
        layout: Of a sequence.
        split: As for `composite`.
        name: What reports call it.
    """
    return _drawn(anchors, seed, lambda i, j: (min(i, j), max(i, j)), "symmetric", withheld, layout, split, name)


def random(
    anchors: int,
    seed: int,
    *,
    withheld: Iterable[Pair] = (),
    layout: Layout = Layout(),
    split: Split | None = None,
    name: str = "random",
) -> AnchorTask:
    """Returns the task of pairs with random offsets, all different: every rule must be stored.

    Args:
        anchors: m, at least 2.
        seed: Of the offsets.
        withheld: Refused: nothing is left to infer a rule from.
        layout: Of a sequence.
        split: As for `composite`.
        name: What reports call it.
    """
    return _drawn(anchors, seed, lambda i, j: (i, j), "memorised", withheld, layout, split, name)


def from_table(
    table: Mapping[Pair, int],
    *,
    withheld: Mapping[Pair, int] = {},
    layout: Layout = Layout(),
    split: Split | None = None,
    name: str = "table",
) -> AnchorTask:
    """Returns the task of your own table of pairs.

    Args:
        table: The taught offset of every trained pair of anchor tokens.
        withheld: Pairs that training never shows, with the offset that is expected of them.
        layout: Of a sequence.
        split: As for `composite`.
        name: What reports call it.
    """
    both = sorted(set(table) & set(withheld))
    if both:
        raise ValueError(f"a pair is either taught or withheld. Got {both[0]} in both.")
    every = {**table, **withheld}
    rules, offsets = np.array(list(every)).reshape(-1, 2), np.array(list(every.values()))
    hidden = np.array([pair in withheld for pair in every], bool)
    return AnchorTask(name, rules, offsets, offsets if withheld else None, hidden, layout, split)


FAMILIES: dict[str, Callable[..., AnchorTask]] = {
    "composite": lambda m, seed, **options: composite(m, **options),
    "left_right": lambda m, seed, **options: left_right(m, **options),
    "symmetric": symmetric,
    "random": random,
}
"""Families of mVm tasks by name: functions of (anchors, seed, layout=…, split=…)."""


def family(kind: str, anchors: int, seed: int, *, layout: Layout = Layout(), split: Split | None = None) -> AnchorTask:
    """Returns an mVm task of a family, named as the lectures do: "4V4 composite".

    Args:
        kind: One of `FAMILIES`.
        anchors: m.
        seed: Of random offsets.
        layout: Of a sequence.
        split: What is held out.

    Raises:
        ValueError: No such family.
    """
    if kind not in FAMILIES:
        raise ValueError(f"a family is one of {', '.join(FAMILIES)}. Got {kind!r}.")
    made = FAMILIES[kind](anchors, seed, layout=layout, split=split)
    return replace(made, name=f"{anchors}V{anchors} {kind}")


def _offsets(given: Sequence[int]) -> tuple[int, ...]:
    return tuple(whole("offsets", list(given) if not isinstance(given, str) else given).tolist())


def _added(
    left: Sequence[int],
    right: Sequence[int],
    designated: Mapping[Pair, int],
    withheld: Iterable[Pair],
    layout: Layout,
    split: Split | None,
    name: str,
) -> AnchorTask:
    """Returns the task of added offsets, with its exceptions."""
    m = len(left)
    if not m:
        raise ValueError("a task needs at least one anchor. Got none.")
    pairs = [(i, j) for i in range(1, m + 1) for j in range(1, m + 1)]
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


def _drawn(
    anchors: int,
    seed: int,
    of: Callable[[int, int], Pair],
    kind: str,
    withheld: Iterable[Pair],
    layout: Layout,
    split: Split | None,
    name: str,
) -> AnchorTask:
    """Returns the task of random offsets, one a class of pairs, that no simpler explanation than `kind` fits."""
    if anchors < 2:
        raise ValueError(f"a table of pairs needs at least 2 anchors. Got {anchors}.")
    pairs = [(i, j) for i in range(1, anchors + 1) for j in range(1, anchors + 1)]
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
