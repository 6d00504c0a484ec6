"""Bounds bracket the dense rank, and meet it where neurons are copies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import split_to_width
from condenslab.measures import model_rank, rank_bounds
from condenslab.networks import TwoLayer, activation
from golden import WIDTH_3, tanh_network


def target(dead=0):
    kernels = np.zeros((3 + dead, 5))
    for s in range(3):
        kernels[s, s : s + 3] = (0.6, 0.8, 1.0)
    outgoing = np.array([[1.0] * 3 + [0.0] * dead])
    return TwoLayer(jnp.asarray(kernels), jnp.zeros(3 + dead), jnp.asarray(outgoing), None, activation("tanh"))


def test_copies_are_counted_once_at_any_width():
    """21 = 3·(5 + 2) at M = 2100 (LSH, section 5.2): from below by the sketch, from above by parallel columns."""
    probes = np.random.default_rng(0).normal(size=(90, 5))
    found = rank_bounds(0, split_to_width(target(), 300), probes, sketch=40)
    assert (found.lower, found.upper, found.directions, found.decided) == (21, 21, 21, True)
    assert found.parameters == 2100 and not found.saturated


def test_dead_parameters_are_zero_columns():
    """Null neurons have zero columns for w and b, and for a, because tanh(0) = 0."""
    found = rank_bounds(0, target(dead=4), np.random.default_rng(0).normal(size=(90, 5)), sketch=40)
    assert found.zero_columns == 4 * 7 and found.directions == 21 and str(found) == "21"


@pytest.mark.parametrize("sketch", [4, 9, 20])
def test_the_bounds_bracket_the_dense_rank(sketch):
    network = tanh_network(WIDTH_3)
    probes = np.linspace(-15.0, 14.0, 60)[:, None]
    found = rank_bounds(1, network, probes, sketch=sketch)
    assert found.lower == min(sketch, 9) <= model_rank(network, probes).value == 9 <= found.upper
    assert found.saturated == (sketch <= 9)


def test_a_sketch_bounds_from_above_where_columns_are_all_different():
    """A rank-4 linear model with 30 different columns."""
    basis = jnp.asarray(np.random.default_rng(0).normal(size=(4, 30)))
    probes = np.random.default_rng(1).normal(size=(50, 4))
    found = rank_bounds(0, jnp.zeros(30), probes, sketch=12, predict=lambda t, x: x @ (basis @ t)[:, None])
    assert (found.lower, found.upper, found.directions, found.decided) == (4, 4, 30, True)


def test_what_is_refused():
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), target())
    probes = np.zeros((4, 5))
    with pytest.raises(TypeError, match="float64"):
        rank_bounds(0, single, probes)
    with pytest.raises(ValueError, match="positive"):
        rank_bounds(0, target(), probes, sketch=0)
