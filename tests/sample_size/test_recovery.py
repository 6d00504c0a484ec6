"""Local linear recovery: the transition at the model rank, against closed forms and an independent linear solve."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import split_to_width
from condenslab.networks import MatrixFactorisation, TwoLayer, activation, as_mlp
from condenslab.networks.factored import index_pairs
from condenslab.sample_size import llr_transition, tangent_features, transition_of


def dense(weights, biases, outgoing):
    parts = [
        None if part is None else jnp.asarray(np.asarray(part, dtype=float)) for part in (weights, biases, outgoing)
    ]
    return TwoLayer(*parts, None, activation("tanh"))


PAIR = dense([[0.7, -0.3], [1.1, 0.9]], [0.2, -0.5], [[1.0, -0.8]])
INPUTS = np.random.default_rng(0).normal(size=(12, 2))
PROBES = np.random.default_rng(1).normal(size=(80, 2))


@pytest.fixture(scope="module")
def transitions():
    """r = k(d + 2) = 8 at the target, and split to width 5; one more with a dead random neuron."""
    dead = dense([[0.7, -0.3], [1.1, 0.9], [0.4, 0.5]], [0.2, -0.5, 0.1], [[1.0, -0.8, 0.0]])
    points = {"narrow": PAIR, "split": split_to_width(PAIR, 5), "dead": dead, "deep": as_mlp(PAIR)}
    return {name: llr_transition(point, INPUTS, PROBES) for name, point in points.items()}


@pytest.mark.parametrize(("point", "rank"), [("narrow", 8), ("split", 8), ("dead", 9), ("deep", 8)])
def test_recovery_sets_in_at_the_model_rank(transitions, point, rank):
    found = transitions[point]
    assert found.model_rank.value == found.first == rank and found.recovers
    assert found.sample_ranks.tolist() == [min(n, rank) for n in range(1, 13)]


@pytest.mark.parametrize("point", ["narrow", "split", "dead"])
def test_the_deviation_vanishes_at_the_transition(transitions, point):
    found = transitions[point]
    before = found.samples < found.first
    assert found.deviations[before].min() > 1e-4 and found.deviations[~before].max() < 1e-9
    assert np.all(np.diff(found.deviations) < 1e-12), "more samples never leave more freedom"


@pytest.mark.parametrize("samples", [5, 8])
def test_the_solution_is_that_of_gradient_descent_on_the_linear_problem(transitions, samples):
    """Against least squares by numpy: the interpolant nearest to a₀, a = a₀ − J⁺J·a₀."""
    rows = tangent_features(PAIR, INPUTS[:samples])[:, 0]
    probed = tangent_features(PAIR, PROBES)[:, 0]
    start = np.arange(1.0, 9.0)
    solution = start - np.linalg.lstsq(rows, rows @ start, rcond=1e-13)[0]
    expected = np.linalg.norm(probed @ solution) / np.linalg.norm(probed @ start)
    found = llr_transition(PAIR, INPUTS[:samples], PROBES, start=start)
    assert found.drawn[-1] == pytest.approx(expected, rel=1e-6, abs=1e-10)


def test_several_outputs_count_together():
    """Two outputs: r = m(d + 1) + 2m = 10, and n samples give min(2n, …) until then."""
    network = dense([[0.7, -0.3], [1.1, 0.9]], [0.2, -0.5], [[1.0, -0.8], [0.3, 0.6]])
    found = llr_transition(network, INPUTS, PROBES)
    assert found.model_rank.value == 10
    assert found.sample_ranks[:4].tolist() == [2, 4, 6, 8] and found.first >= 5


def test_too_few_samples_do_not_recover():
    found = llr_transition(PAIR, INPUTS[:3], PROBES)
    assert found.first is None and found.recovers is False


def test_entries_of_a_matrix_are_no_generic_inputs():
    """Rank 1 in 4 × 4: r = 7, but seven entries that leave out a row have rank 6 at most."""
    left, right = np.zeros((4, 4)), np.zeros((4, 4))
    left[:, 0], right[0] = [1, 2, 4, 7], [1, 0.3, 0.7, -0.4]
    network = MatrixFactorisation(jnp.asarray(left), jnp.asarray(right))
    features = tangent_features(network, index_pairs(4, 4))
    assert transition_of(features[:12], features).first is None
    assert transition_of(features[[0, 1, 2, 3, 4, 8, 12]], features).first == 7


def test_what_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        tangent_features(PAIR, np.zeros((0, 2)))
    features = tangent_features(PAIR, INPUTS)
    with pytest.raises(ValueError, match="same number of parameters"):
        transition_of(features, features, start=np.zeros(3))
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), PAIR)
    with pytest.raises(TypeError, match="float64"):
        tangent_features(single, np.zeros((2, 2), dtype=np.float32))
