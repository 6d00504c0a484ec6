"""The families of anchor tasks: the published one, and single, composite, left-right, symmetric and random tables."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from condenslab.tasks.anchors.checks import whole
from condenslab.tasks.anchors.offsets import PUBLISHED, coinciding_sums, generic_offsets
from condenslab.tasks.anchors.pair_tables import Pair, added, drawn
from condenslab.tasks.anchors.splits import ModulusSplit, Split
from condenslab.tasks.anchors.task import AnchorTask, Layout


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
    return added(chosen, chosen, designated, withheld, layout, split, name)


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
    return added(chosen, other, designated, withheld, layout, split, name)


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
    return drawn(anchors, seed, lambda i, j: (min(i, j), max(i, j)), "symmetric", withheld, layout, split, name)


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
    return drawn(anchors, seed, lambda i, j: (i, j), "memorised", withheld, layout, split, name)


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
