"""Offsets of single anchors, of which no two sums of a pair coincide."""

from collections.abc import Sequence
from itertools import combinations_with_replacement, count

PUBLISHED: tuple[int, ...] = (5, 1, -2, -8)
"""g(x; 1) … g(x; 4) of the sources."""


def generic_offsets(anchors: int) -> tuple[int, ...]:
    """Returns offsets whose sums g_i + g_j, i ≤ j, are all different: the published ones, and further ones near 0.

    With offsets such as 1, 2, 3, 4 many pairs share a sum, so that composition and other explanations cannot be told
    apart.

    Args:
        anchors: m, how many.

    Raises:
        ValueError: m is below 1.

    Example:
        >>> generic_offsets(5)
        (5, 1, -2, -8, 6)
    """
    if anchors < 1:
        raise ValueError(f"anchors must be a whole number of at least 1. Got {anchors}.")
    chosen: list[int] = list(PUBLISHED[:anchors])
    while len(chosen) < anchors:
        chosen.append(next(g for size in count(1) for g in (size, -size) if not coinciding_sums((*chosen, g))))
    return tuple(chosen)


def coinciding_sums(offsets: Sequence[int]) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    """Returns the pairs of different anchor pairs (i ≤ j, counted from 1) whose offsets have the same sum.

    Args:
        offsets: g_1 … g_m.

    Example:
        >>> coinciding_sums((1, 2, 3))
        (((1, 3), (2, 2)),)
    """
    first: dict[int, tuple[int, int]] = {}
    found = []
    for i, j in combinations_with_replacement(range(len(offsets)), 2):
        pair = (i + 1, j + 1)
        other = first.setdefault(offsets[i] + offsets[j], pair)
        if other != pair:
            found.append((other, pair))
    return tuple(found)
