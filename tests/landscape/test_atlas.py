"""The atlas of critical functions: Chao's estimate by hand, symmetries, joining searches of several widths."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from condenslab.landscape import chao1, critical_atlas, critical_points
from condenslab.landscape.critical.atlas import data_symmetries
from golden import RISK_0, RISK_1, RISK_2, three_tanh


@pytest.fixture(scope="module")
def searches():
    return [critical_points(three_tanh(), width=m, starts=300, key=jax.random.key(0)) for m in (1, 2)]


@pytest.fixture(scope="module")
def atlas(searches):
    return critical_atlas(three_tanh(), searches)


def test_chao1_by_hand():
    """S = 6, f1 = 3, f2 = 1: 6 + 9/2; bias-corrected 6 + 3·2/4; variance 6/4 + 3·25/16 + 9·4/64."""
    found = chao1([1, 1, 1, 2, 7, 30])
    assert (found.observed, found.singletons, found.doubletons) == (6, 3, 1)
    assert (found.estimate, found.bias_corrected, found.missed) == (10.5, 7.5, 1.5)
    assert found.variance == pytest.approx(1.5 + 75 / 16 + 36 / 64)
    assert found.standard_error == pytest.approx(np.sqrt(found.variance))
    alone = chao1([1, 1, 5])
    assert alone.estimate == alone.bias_corrected == 4.0
    assert chao1([]).estimate == 0.0
    assert chao1([4, 9]).variance == 0.0
    with pytest.raises(ValueError, match="at least 1"):
        chao1([0, 3])


def test_chao1_is_right_on_average_where_classes_are_equally_likely():
    """100 classes, 150 draws: the estimate is a lower bound in expectation, and sharp for equal probabilities."""
    random = np.random.default_rng(0)
    estimates = []
    for _ in range(200):
        counts = np.bincount(random.integers(0, 100, 150), minlength=100)
        estimates.append(chao1(counts[counts > 0]).bias_corrected)
    assert np.mean(estimates) == pytest.approx(100, abs=3)


def test_symmetries_of_the_data():
    x, weights = np.linspace(-1, 1, 6)[:, None], np.ones(6)
    assert data_symmetries(x, x**3, weights) == ((-1, -1),)
    assert data_symmetries(x, x**2, weights) == ((-1, 1),)
    assert data_symmetries(x, np.exp(x), weights) == ()
    assert data_symmetries(x, 0 * x, weights) == ((-1, -1), (-1, 1), (1, -1))
    assert data_symmetries(x, x**3, np.arange(1.0, 7.0)) == ()
    plane = np.array([[1.0, 2.0], [-1.0, -2.0], [0.5, 0.0], [-0.5, 0.0]])
    assert data_symmetries(plane, plane[:, :1], np.ones(4)) == ((-1, -1),)


def test_the_known_functions_with_the_width_they_first_appear_at(atlas, searches):
    assert atlas.symmetries == ((-1, -1),)
    assert [entry.width for entry in atlas.entries] == sorted(entry.width for entry in atlas.entries)
    assert [entry.point.risk for entry in atlas.of_width(0)] == pytest.approx([RISK_0], abs=1e-9)
    assert [entry.point.risk for entry in atlas.of_width(1)] == pytest.approx([RISK_1], abs=1e-9)
    lowest = atlas.of_width(2)[:2]
    assert [entry.point.risk for entry in lowest] == pytest.approx([RISK_2] * 2, abs=1e-9)
    assert lowest[0].orbit == lowest[1].orbit
    assert lowest[0].symmetric == lowest[1].symmetric == ()
    odd = atlas.of_width(1)[0]
    assert odd.symmetric == ((-1, -1),)
    assert odd.hits == {1: searches[0].points[0].hits, 2: next(p.hits for p in searches[1].points if p.width == 1)}
    assert atlas.orbits < len(atlas.entries)
    assert atlas.searched == {1: 300, 2: 300}


def test_narrow_functions_found_embedded(atlas):
    number = next(k for k, entry in enumerate(atlas.entries) if entry.width == 1)
    assert (number, 2, atlas.entries[number].hits[2]) in atlas.embeddings
    assert all(width > atlas.entries[k].width for k, width, _ in atlas.embeddings)


def test_the_estimate_counts_what_the_search_of_a_width_saw(atlas, searches):
    assert atlas.estimate(2).observed == len(searches[1].points)
    with pytest.raises(ValueError, match=r"searched ones, \[1, 2\]"):
        atlas.estimate(3)


def test_two_searches_of_one_width_are_one(searches):
    both = critical_atlas(three_tanh(), [searches[1], searches[1]])
    assert both.searched == {2: 600}
    once = critical_atlas(three_tanh(), searches[1:])
    assert [entry.hits[2] for entry in both.entries] == [2 * entry.hits[2] for entry in once.entries]


def test_bad_requests(searches):
    with pytest.raises(ValueError, match="at least one search"):
        critical_atlas(three_tanh(), [])
    with pytest.raises(ValueError, match="different grids"):
        critical_atlas(three_tanh(), [searches[0], replace(searches[1], grid=searches[1].grid + 1)])
