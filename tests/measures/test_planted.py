"""Decided means right: ranks and inertias known by construction, drawn near every threshold."""

import pytest

from condenslab.measures import inertia, model_rank, rank
from planted import matrices, networks, symmetric


def verdict(draws, measure):
    """Asserts that no decided answer is wrong, and that few are undecided where the smallest value is clear."""
    wrong, unknown, clear = [], [], 0
    for number, drawn in enumerate(draws):
        found, value = measure(drawn)
        clear += drawn.clear
        if found.decided and value != drawn.truth:
            wrong.append(f"{number} {drawn.name}: {value} for {drawn.truth}")
        if drawn.clear and not found.decided:
            unknown.append(f"{number} {drawn.name}: {found}")
    assert not wrong, f"{len(wrong)} decided answers are wrong: {wrong[:10]}"
    assert len(unknown) < 0.2 * clear, f"{len(unknown)} of {clear} clear ones are undecided: {unknown[:10]}"


def of_matrix(drawn):
    found = rank(drawn.matrix)
    return found, found.value


def of_symmetric(drawn):
    found = inertia(drawn.matrix, gradient_norm=0.0)
    return found, found.counts


def of_network(drawn):
    found = model_rank(drawn.network, drawn.probes)
    return found, found.value


KINDS = {"matrix": (matrices, of_matrix), "symmetric": (symmetric, of_symmetric), "network": (networks, of_network)}


@pytest.mark.parametrize(("kind", "count"), [("matrix", 180), ("symmetric", 160), ("network", 8)])
def test_no_decided_answer_is_wrong(kind, count):
    draw, measure = KINDS[kind]
    verdict(draw(0, count), measure)


@pytest.mark.more
@pytest.mark.parametrize(("kind", "count"), [("matrix", 2400), ("symmetric", 2000), ("network", 800)])
def test_no_decided_answer_is_wrong_among_thousands(kind, count):
    draw, measure = KINDS[kind]
    verdict(draw(1, count), measure)
