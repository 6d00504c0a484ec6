"""Designs of matrix entries: published orders, counted subsets, graphs, and designs that are minimal."""

from itertools import combinations

import numpy as np
import pytest

from condenslab.sample_size import (
    first_recovering,
    hooks,
    matrix_design,
    minimal_design,
    observed_components,
    order_ranks,
)

SHAPE = (4, 4)
EVERY = [(i, j) for i in range(4) for j in range(4)]


def matrix_tangents(target):
    """Tangents of f(i, j) = (AB)_ij at balanced factors of the target, by the formula: rows e_i ⊗ B_j and e_j ⊗ A_i."""
    u, s, v = np.linalg.svd(target)
    s = np.where(s > 1e-10 * s[0], s, 0.0)
    left, right = u * np.sqrt(s), np.sqrt(s)[:, None] * v
    d = len(target)
    rows = []
    for i, j in EVERY:
        a, b = np.zeros((d, d)), np.zeros((d, d))
        a[i], b[:, j] = right[:, j], left[i]
        rows.append(np.concatenate([a.ravel(), b.ravel()]))
    return np.array(rows)[:, None, :]


def product(rank, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(4, rank)) @ random.normal(size=(rank, 4))


def test_spanning_subsets_of_seven_entries():
    """4096 of the 11440 seven-entry designs recover rank 1 (4³·4³ spanning trees of K₄,₄, by Cayley's formula)."""
    counted = sum(observed_components(chosen, SHAPE) == 1 for chosen in combinations(EVERY, 7))
    assert counted == 4**3 * 4**3 == 4096


@pytest.mark.parametrize("seed", range(6))
def test_rank_one_designs_recover_exactly_if_connected(seed):
    random = np.random.default_rng(seed)
    features = matrix_tangents(product(1, seed))
    chosen = random.choice(16, size=8, replace=False).tolist()
    components = observed_components([EVERY[k] for k in chosen], SHAPE)
    assert order_ranks(features, chosen)[-1].value == 8 - components
    assert (first_recovering(features, chosen) is not None) == (components == 1)


@pytest.mark.parametrize(("rank", "expected"), [(1, 7), (2, 12), (3, 15), (4, 16)])
def test_hooks_and_minimal_designs_need_the_optimistic_number(rank, expected):
    """2rd − r² = 7, 12, 15, 16 (OPT, eq. 20)."""
    features = matrix_tangents(product(rank))
    assert first_recovering(features, matrix_design(hooks(4, 4), SHAPE)) == expected
    found = minimal_design(features)
    assert found.minimal and len(found.samples) == expected


def test_a_minimal_design_of_rank_one_is_a_spanning_tree():
    found = minimal_design(matrix_tangents(product(1, 3)))
    assert observed_components([EVERY[k] for k in found.samples], SHAPE) == 1


def test_hooks_visit_every_entry_once():
    assert sorted(hooks(3, 5)) == [(i, j) for i in range(3) for j in range(5)]
    assert [len(set(hooks(4, 4)[:n])) for n in (7, 12, 15, 16)] == [7, 12, 15, 16]


def test_a_sample_may_count_several_outputs():
    random = np.random.default_rng(0)
    features = random.normal(size=(9, 2, 5)) @ random.normal(size=(5, 12))
    found = minimal_design(features)
    assert found.rank.value == found.model_rank.value == 5 and len(found.samples) == 3


def test_bad_designs():
    with pytest.raises(IndexError, match="inside the 4 × 4 matrix"):
        matrix_design([(4, 1)], SHAPE)
    with pytest.raises(ValueError, match="observed once"):
        observed_components([(1, 1), (1, 1)], SHAPE)
    with pytest.raises(ValueError, match="at least one"):
        matrix_design([], SHAPE)
    with pytest.raises(IndexError, match="number samples"):
        order_ranks(np.ones((2, 1, 1)), [2])
