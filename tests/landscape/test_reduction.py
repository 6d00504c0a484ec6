"""Reduction undoes embedding, keeps criticality, and says what it dropped."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.landscape import Splitting, reduce, split_to_width
from condenslab.measures import align
from condenslab.networks import TwoLayer, activation
from golden import WIDTH_3, l1, stationary, tanh_network, three_tanh

X = jnp.asarray(np.random.default_rng(9).normal(size=(25, 2)))


def draw(seed, *, width=3, sigma="tanh", outputs=1, biases=True, output_bias=False):
    random = np.random.default_rng(seed)
    return TwoLayer(
        jnp.asarray(random.normal(size=(width, 2))),
        jnp.asarray(random.normal(size=width)) if biases else None,
        jnp.asarray(random.normal(size=(outputs, width))),
        jnp.asarray(random.normal(size=outputs)) if output_bias else None,
        activation(sigma),
    )


def disguise(network, seed, copies=3):
    """Splits every neuron with random shares, and applies random signs, scales and an order to the copies."""
    random = np.random.default_rng(seed)
    width = network.width
    sources = np.tile(np.arange(width), copies)
    shares = random.uniform(0.2, 2.0, size=(copies, width)) * random.choice([1.0, 1.0, -0.3], size=(copies, width))
    shares[-1] += 1 - shares.sum(axis=0)
    wide = Splitting(tuple(sources.tolist()), tuple(shares.ravel().tolist()))(network)
    signs = random.choice([-1.0, 1.0], wide.width) if network.activation.parity else np.ones(wide.width)
    scales = random.uniform(0.2, 5.0, wide.width) if network.activation.homogeneity else np.ones(wide.width)
    outer = (signs if network.activation.parity == "odd" else 1.0) / scales
    order = random.permutation(wide.width)
    inner = (signs * scales)[order]
    return TwoLayer(
        jnp.asarray(inner[:, None] * np.asarray(wide.input_weights)[order]),
        None if wide.biases is None else jnp.asarray(inner * np.asarray(wide.biases)[order]),
        jnp.asarray((np.asarray(wide.output_weights) * outer)[:, order]),
        wide.output_bias,
        wide.activation,
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(
        [("tanh", 1, True, False), ("sigmoid", 2, True, True), ("relu", 2, False, False), ("x_tanh", 1, True, True)]
    ),
)
def test_reduction_undoes_embedding(seed, kind):
    sigma, outputs, biases, output_bias = kind
    narrow = draw(seed, sigma=sigma, outputs=outputs, biases=biases, output_bias=output_bias)
    found = reduce(disguise(narrow, seed), inputs=X)
    assert found.network.width == 3
    assert align(narrow, found.network).distance < 1e-12
    assert found.receipt.relative_difference < 1e-12
    assert found.receipt.output_difference_random < 1e-11
    assert sorted(np.concatenate(found.groups)) == list(range(9))


def test_plain_embeddings_are_undone_bit_for_bit():
    narrow = draw(1)
    back = reduce(split_to_width(narrow, 6)).network
    assert np.array_equal(back.input_weights, narrow.input_weights)
    assert np.array_equal(back.output_weights, narrow.output_weights)


def test_criticality_survives_both_ways():
    risk = three_tanh()
    for width in (1, 2):
        wide = split_to_width(stationary(width), 40)
        found = reduce(wide, risk=risk)
        assert found.network.width == width
        assert found.receipt.gradient_norm_before < 1e-12
        assert found.receipt.gradient_norm_after == pytest.approx(l1(risk, found.network))
        assert found.receipt.gradient_norm_after < 1e-12
        assert found.receipt.parameters_before == 120


@pytest.mark.parametrize(
    ("sigma", "rows", "width"),
    [
        ("tanh", [(1, 0, 7), (-1, 0, -7)], 1),
        ("tanh", [(1, 0, 7), (1, 0, -7)], 2),
        ("tanh", [(1, 0, 7), (2, 0, 14)], 2),  # equal direction is not enough
        ("relu", [(1, 0, 7), (2, 0, 14)], 1),
        ("relu", [(1, 0, 7), (-1, 0, -7)], 2),
        ("sigmoid", [(1, 0, 7), (-1, 0, -7)], 2),
        ("tanh", [(1, 0, 7), (1, 0, 7 + 1e-9)], 2),  # exact means exact
    ],
)
def test_what_is_merged(sigma, rows, width):
    rows = np.array(rows, dtype=float)
    network = TwoLayer(
        jnp.asarray(rows[:, :2]), jnp.asarray(rows[:, 2]), jnp.array([[1.0, 0.5]]), None, activation(sigma)
    )
    found = reduce(network, inputs=X)
    assert found.network.width == width
    assert found.receipt.output_difference < 1e-12


def test_dead_neurons_go():
    """No output weight; no input weights and σ(0) = 0; a pair that cancels."""
    network = TwoLayer(
        jnp.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0], [5.0, 5.0], [-5.0, -5.0]]),
        jnp.array([0.5, 0.1, 0.0, 2.0, -2.0]),
        jnp.array([[2.0, 0.0, 7.0, 1.0, 1.0]]),
        None,
        activation("tanh"),
    )
    found = reduce(network, inputs=X)
    assert found.network.width == 1
    assert found.dropped.tolist() == [1, 2, 3, 4]
    assert found.receipt.output_difference_random < 1e-14


@pytest.mark.parametrize("sigma", ["tanh", "sigmoid", "softplus"])
def test_constant_neurons_go_into_the_output_bias_or_become_one(sigma):
    weights, biases = jnp.array([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]), jnp.array([0.5, 0.3, -2.0])
    outgoing = jnp.array([[2.0, 1.0, 0.7]])
    with_bias = TwoLayer(weights, biases, outgoing, jnp.array([0.25]), activation(sigma))
    found = reduce(with_bias, inputs=X)
    assert (found.network.width, found.folded.tolist()) == (1, [1, 2])
    assert found.receipt.output_difference_random < 1e-14
    without = reduce(TwoLayer(weights, biases, outgoing, None, activation(sigma)), inputs=X)
    assert (without.network.width, without.folded.size) == (2, 0)
    assert without.receipt.output_difference_random < 1e-14


def test_nothing_is_left_of_the_zero_function():
    network = TwoLayer(jnp.ones((2, 2)), jnp.ones(2), jnp.array([[1.0, -1.0]]), None, activation("tanh"))
    found = reduce(network, inputs=X)
    assert found.network.width == 0
    assert found.network(X).tolist() == [[0.0]] * 25
    assert found.receipt.relative_difference == 0.0
    assert reduce(found.network, inputs=X).network.width == 0
    assert found.receipt.parameters_after == 0


def test_a_condensed_network_is_reduced_to_second_order():
    """Members within ε of their teacher: the mean leaves an output error of order ε², also with mixed signs."""
    errors = []
    for spread in (1e-2, 1e-3):
        random = np.random.default_rng(4)
        sources = np.arange(60) % 3
        shares = random.uniform(0.2, 1.0, size=60) * np.where(np.arange(60) >= 54, -1.0, 1.0)
        shares /= np.bincount(sources, shares)[sources]
        wide = Splitting(tuple(sources.tolist()), tuple(shares.tolist()))(tanh_network(WIDTH_3))
        noisy = TwoLayer(
            wide.input_weights * (1 + spread * jnp.asarray(random.normal(size=(60, 1)))),
            wide.biases * (1 + spread * jnp.asarray(random.normal(size=60))),
            wide.output_weights,
            None,
            wide.activation,
        )
        found = reduce(noisy, threshold=0.2, risk=three_tanh())
        assert found.network.width == 3
        errors.append(found.receipt.output_difference)
    assert 60 < errors[0] / errors[1] < 150  # ten times closer, a hundred times more exact


def test_weak_neurons_are_dropped_relative_to_the_largest():
    network = TwoLayer(
        jnp.array([[3.0, 0.0], [0.0, 4.0]]), jnp.array([4.0, 3.0]), jnp.array([[1.0, 1e-3]]), None, activation("tanh")
    )
    assert reduce(network, drop=1e-2).network.width == 1
    assert reduce(network, drop=1e-4).network.width == 2
    assert reduce(network, drop=1e-2).dropped.tolist() == [1]
    assert reduce(network, drop=1e-2).receipt is None


def test_bad_requests():
    with pytest.raises(ValueError, match="threshold"):
        reduce(draw(0), threshold=0.0)
    with pytest.raises(ValueError, match="drop"):
        reduce(draw(0), drop=1.0)
    with pytest.raises(ValueError, match="finite"):
        reduce(TwoLayer(jnp.ones((1, 2)), None, jnp.array([[jnp.inf]]), None, activation("tanh")))
    with pytest.raises(ValueError, match="inputs must be"):
        reduce(draw(0), inputs=np.zeros((0, 2)))


def test_what_is_small_for_one_unit_is_not_for_another():
    """A ReLU unit scaled by (1e-13, 1e13), an output 1e13 times the other, weights for an input of 1e18."""
    relu, data = activation("relu"), np.array([[1.0, 1.0], [2.0, 0.5], [-1.0, 1.0]])
    scaled = TwoLayer(jnp.array([[1e-13, 0.0], [0.0, 1.0]]), jnp.zeros(2), jnp.array([[1e13, 1.0]]), jnp.zeros(1), relu)
    outputs = TwoLayer(
        jnp.array([[1.0, 2.0], [1.0, 2.0]]), jnp.ones(2), jnp.array([[1e13, -1e13], [1.0, 1.0]]), None, relu
    )
    inputs = TwoLayer(jnp.array([[1e-18, 1.0], [3e-18, 1.0]]), jnp.ones(2), jnp.array([[1.0, 1.0]]), None, relu)
    for network, x in ((scaled, data), (outputs, data), (inputs, data * np.array([1e18, 1.0]))):
        found = reduce(network, inputs=x)
        assert found.receipt.relative_difference < 1e-12
        moved = np.abs(np.asarray(found.network(jnp.asarray(x))) - np.asarray(network(jnp.asarray(x))))
        assert np.all(moved <= 1e-12 * np.abs(np.asarray(network(jnp.asarray(x)))).max(axis=0))
    assert [reduce(network).network.width for network in (scaled, outputs, inputs)] == [2, 1, 2]


@pytest.mark.parametrize("sigma", ["tanh", "softplus", "x_tanh"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_what_nearly_cancels_is_a_derivative_and_stays(sigma, outputs):
    """a·σ(w(1 + δ)·x) − a·σ(w·x) → a·δ·(w·x)·σ′(w·x), however small δ is; equal weights do cancel."""
    w, delta, a = np.array([1.3, -0.7]), 5e-13, 1e12
    weights = np.ones((outputs, 2)) * [a, -a]
    if outputs > 1:
        weights[1] = 1.0  # a sum of 2 beside one of 0
    near = TwoLayer(np.array([w * (1 + delta), w]), None, weights, None, activation(sigma))
    found = reduce(near, inputs=X)
    assert found.network.width == 2
    assert found.receipt.output_difference == 0.0
    z = np.asarray(X) @ w
    slope = np.asarray(near.activation.derivatives(jnp.asarray(z), 1)[1])
    np.testing.assert_allclose(near(X)[:, 0], a * delta * z * slope, atol=2e-3)
    assert reduce(near, widths={0: 1}).network.width <= 1
    equal = TwoLayer(np.array([w, w]), None, np.array([[a, -a]]), None, activation(sigma))
    assert reduce(equal).network.width == 0
