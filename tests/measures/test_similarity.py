"""Cosine similarity and effective ratio."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.measures import cosine_similarity, effective_ratio


def test_cosines_by_hand():
    found = cosine_similarity(np.array([(3.0, 4.0), (-6.0, -8.0), (4.0, -3.0), (1e-200, 0.0)]))
    expected = [(1, -1, 0, 0.6), (-1, 1, 0, -0.6), (0, 0, 1, 0.8), (0.6, -0.6, 0.8, 1)]
    np.testing.assert_allclose(found, expected, atol=1e-15)
    assert np.abs(found).max() <= 1.0


def test_a_zero_row_has_no_direction():
    with pytest.raises(ValueError, match="Row 1 is not"):
        cosine_similarity(np.array([(1.0, 0.0), (0.0, 0.0)]))
    with pytest.raises(ValueError, match="Row 0 is not"):
        effective_ratio(np.array([(np.inf, 0.0), (1.0, 0.0)]))
    with pytest.raises(ValueError, match="shape"):
        cosine_similarity(np.ones(3))


def test_ratio_by_hand():
    """Sign matters, norm does not: five rows in the directions u, u, −u, v, v."""
    rows = np.array([(1.0, 0.0), (5.0, 0.1), (-1.0, 0.0), (0.0, 2.0), (0.0, 1.0)])
    found = effective_ratio(rows)
    assert found.value == 3 / 5
    assert found.cover.tolist() == [0, 3, 2]
    with pytest.raises(ValueError, match="at least one neuron"):
        effective_ratio(np.zeros((0, 2)))


def test_a_cover_is_no_partition():
    """Directions at 0°, 15°, 30°: the middle one covers all at cosine 0.95 (18.2°), although the ends do not."""
    angles = np.deg2rad([0.0, 15.0, 30.0])
    assert effective_ratio(np.stack([np.cos(angles), np.sin(angles)], axis=1)).cover.tolist() == [1]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 8), cosine=st.floats(0.3, 0.99))
def test_the_cover_against_brute_force(seed, count, cosine):
    rows = np.random.default_rng(seed).normal(size=(count, 2))
    covers = cosine_similarity(rows) > cosine
    np.fill_diagonal(covers, True)
    optimum = next(
        size
        for size in range(1, count + 1)
        if any(covers[list(chosen)].any(axis=0).all() for chosen in itertools.combinations(range(count), size))
    )
    found = effective_ratio(rows, cosine)
    assert covers[found.cover].any(axis=0).all()
    assert optimum <= len(found.cover) <= np.ceil(optimum * (1 + np.log(count)))
    assert found.value == len(found.cover) / count
