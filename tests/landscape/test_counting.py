"""Counts of subspaces against enumeration: every map of neurons, every set partition."""

import itertools

import pytest

from condenslab.landscape import critical_subspaces, minimal_subspaces

PAIRS = [(1, 1), (1, 2), (1, 3), (2, 3), (2, 4), (2, 5), (3, 3), (3, 5), (4, 3)]


def surjections(r, m):
    return sum(len(set(image)) == r for image in itertools.product(range(r), repeat=m))


def partitions(things):
    """All set partitions."""
    if not things:
        yield []
        return
    first, *rest = things
    for partition in partitions(rest):
        yield [[first], *partition]
        for k in range(len(partition)):
            yield [*partition[:k], [first, *partition[k]], *partition[k + 1 :]]


def arrangements(r, m):
    """Partitions of m neurons of which r blocks carry the labels of the teacher neurons, each label once."""
    return sum(len(list(itertools.permutations(blocks, r))) for blocks in partitions(list(range(m))))


@pytest.mark.parametrize(("r", "m"), PAIRS)
def test_the_counts_are_those_of_enumeration(r, m):
    assert critical_subspaces(r, m) == surjections(r, m)
    assert minimal_subspaces(r, m) == arrangements(r, m)


def test_the_verified_values_and_large_widths():
    """The digest's values; and G(r, m) ≤ r^m, exactly r! S(r, m), also where floating point would overflow."""
    assert [minimal_subspaces(r, m) for r, m in [(1, 2), (1, 3), (2, 3), (2, 4), (2, 5), (3, 5)]] == [
        3,
        10,
        12,
        62,
        320,
        450,
    ]
    assert critical_subspaces(2, 2000) == 2**2000 - 2


@pytest.mark.parametrize("widths", [(0, 2), (2, 0), (True, 2)])
def test_widths_that_are_refused(widths):
    for counted in (critical_subspaces, minimal_subspaces):
        with pytest.raises(ValueError, match="whole number"):
            counted(*widths)
