"""Input designs: even grids and random points, whose seed is always given."""

import numpy as np
import pytest

from condenslab.tasks import designs


def test_a_grid_is_even_and_holds_its_ends():
    np.testing.assert_allclose(designs.grid(-15, 15, 50)[:, 0], -15 + 30 * np.arange(50) / 49, rtol=1e-14)
    assert designs.grid(2.0, 5.0, 1).tolist() == [[2.0]]


def test_a_grid_of_two_inputs_is_every_pair_once():
    points = designs.grid(0.0, 1.0, 3, inputs=2)
    assert sorted(map(tuple, points)) == [(a, b) for a in (0.0, 0.5, 1.0) for b in (0.0, 0.5, 1.0)]


def test_uniform_points_fill_the_cube():
    points = designs.uniform(0, -4.0, 2.0, 20_000, inputs=5)
    assert points.shape == (20_000, 5)
    assert points.min() >= -4 and points.max() <= 2
    np.testing.assert_allclose(points.mean(axis=0), -1.0, atol=5 * np.sqrt(3 / 20_000))
    np.testing.assert_allclose(points.var(axis=0), 3.0, rtol=0.05)
    assert np.abs(np.corrcoef(points.T) - np.eye(5)).max() < 5 / np.sqrt(20_000)


def test_normal_points_have_the_stated_std():
    points = designs.normal(0, 20_000, inputs=3, std=0.5)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=5 * 0.5 / np.sqrt(20_000))
    np.testing.assert_allclose(points.std(axis=0), 0.5, rtol=0.03)


@pytest.mark.parametrize(
    "draw", [lambda seed, n: designs.uniform(seed, 0, 1, n, 2), lambda s, n: designs.normal(s, n, 2)]
)
def test_a_seed_means_the_same_points_and_larger_designs_hold_the_smaller(draw):
    np.testing.assert_array_equal(draw(0, 10), draw(0, 10))
    np.testing.assert_array_equal(draw(0, 25)[:10], draw(0, 10))
    assert not np.array_equal(draw(0, 10), draw(1, 10))


@pytest.mark.parametrize("seed", [None, -1, 0.5, True])
def test_there_is_no_default_seed(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        designs.normal(seed, 3)


def test_nonsense_is_named():
    with pytest.raises(ValueError, match="in order"):
        designs.grid(1.0, 0.0, 3)
    with pytest.raises(ValueError, match="finite"):
        designs.uniform(0, 0.0, np.inf, 3)
    with pytest.raises(ValueError, match="samples must be a whole number of at least 1"):
        designs.grid(0.0, 1.0, 0)
    with pytest.raises(ValueError, match="inputs must be a whole number"):
        designs.normal(0, 3, inputs=0)
    with pytest.raises(ValueError, match="std must be positive"):
        designs.normal(0, 3, std=0.0)
