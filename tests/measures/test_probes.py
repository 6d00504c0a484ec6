"""Probes cover what they should, and where they do not the rank says so."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.measures import cell_probes, covering_probes, model_rank, saturation
from condenslab.networks import TwoLayer, activation


def two_layer(weights, biases, outgoing, sigma="tanh"):
    as_array = [jnp.asarray(np.asarray(part, dtype=float)) for part in (weights, biases, outgoing)]
    return TwoLayer(as_array[0], as_array[1], as_array[2], None, activation(sigma))


FAR = ([[1.0], [3.0]], [-40.0, 900.0], [[1.0, 0.5]])
"""Steps at 40 and −300: two generic neurons, rank 6."""


@pytest.mark.parametrize(("sigma", "rank"), [("tanh", 6), ("relu", 4)])
def test_covering_probes_find_the_rank_that_a_fixed_law_misses(sigma, rank):
    """Two ReLU neurons have rank 2·(d + 1): the scale of w and a is one direction less each."""
    network = two_layer(*FAR, sigma)
    found = model_rank(network, covering_probes(0, network))
    assert (found.value, found.decided) == (rank, True)


@pytest.mark.parametrize("sigma", ["tanh", "relu", "sigmoid", "softplus"])
def test_probes_on_which_everything_saturates_are_refused(sigma):
    network = two_layer(*FAR, sigma)
    with pytest.raises(ValueError, match="covering_probes"):
        model_rank(network, np.random.default_rng(0).normal(size=(40, 1)))


def test_one_saturated_neuron_makes_the_answer_undecided():
    network = two_layer([[1.0], [3.0]], [0.0, 900.0], [[1.0, 0.5]])
    probes = np.random.default_rng(0).normal(size=(40, 1))
    found = model_rank(network, probes)
    assert not found.decided and "neuron 1 of layer 0" in str(found)
    assert saturation(network, probes).neurons == ((0, 1),)


def test_small_weights_and_dead_neurons_are_not_saturated():
    probes = np.random.default_rng(0).normal(size=(40, 1))
    assert not saturation(two_layer([[1e-9], [0.0]], [0.0, 5.0], [[1.0, 1.0]]), probes).neurons
    assert not saturation(two_layer([[1.0], [3.0]], [3.0, 900.0], [[1.0, 0.5]], "exp"), probes).neurons


def test_deep_networks_are_looked_at_layer_by_layer():
    network = networks.mlp(0, widths=(2, 6, 5, 1), activation="tanh", std=1.0)
    probes = covering_probes(1, network)
    assert probes.shape == (3 * networks.parameter_count(network), 2)
    assert not saturation(network, probes).neurons
    assert model_rank(network, probes).value <= networks.parameter_count(network)


def test_every_coordinate_visits_every_cell_equally_often():
    knots = [np.array([-1.0, -0.9, 0.0, 5.0]), np.linspace(0, 1, 8)]
    probes = cell_probes(3, knots, 21)
    for axis, edges in enumerate(knots):
        assert np.histogram(probes[:, axis], edges)[0].tolist() == [21 // (len(edges) - 1)] * (len(edges) - 1)
    with pytest.raises(ValueError, match="at least the number of cells"):
        cell_probes(0, knots, 5)
    with pytest.raises(ValueError, match="increasing"):
        cell_probes(0, [np.array([1.0, 1.0])], 5)


def test_thresholds_of_a_spectrum():
    network = two_layer([[1.0], [2.0]], [0.3, -0.4], [[1.0, 0.5]])
    found = model_rank(network, covering_probes(0, network))
    expected = [int(np.sum(found.singular_values > t * found.singular_values[0])) for t in (1e-2, 1e-8)]
    assert found.counts_at([1e-2, 1e-8]).tolist() == expected
