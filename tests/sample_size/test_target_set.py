"""Measured minima over target sets against the closed forms of the theory, and ranks at any θ against its formulas."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks as nets
from condenslab.measures import covering_probes, model_rank
from condenslab.sample_size import (
    convolution_points,
    deep_diagonal_points,
    deep_points,
    dense_points,
    diagonal_points,
    factorisation_points,
    minimum_rank,
    optimistic,
    tangent_rank,
)

KEY = jax.random.key(0)
TANH = nets.activation("tanh")
# The target of the theory's experiment: one kernel on a line of 5 pixels.
KERNEL = jnp.array([[0.6, 0.8, 1.0]])


def normal(count, *shape, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *shape))


def dense(width, inputs, biases, seed=0):
    scale = nets.Scale(1.0, 1.0)
    return nets.two_layer(seed, width=width, inputs=inputs, activation="tanh", scale=scale, biases=biases)


@pytest.mark.parametrize(("k", "d", "bias", "width"), [(1, 1, True, 3), (2, 1, False, 3)])
def test_every_branch_of_a_two_layer_network(k, d, bias, width):
    """The minimum over all branches is the theorem's k(d + 1), k(d + 2) with biases; the generic branch has more."""
    target = dense(k, d, bias)
    found = minimum_rank(dense_points(target, width, KEY), covering_probes(0, target, 80))
    closed = optimistic.two_layer(d, width, k, bias=bias)
    assert found.decided and found.value == closed.value
    assert found.best.name == "null embedding" and len(found.points) > 3
    ranks = [point.rank.value for point in found.points]
    assert min(ranks) < max(ranks) <= closed.parameters


def test_the_21_of_the_decks_and_what_a_dead_neuron_costs():
    """Five inputs, three neurons: 21 of 63 parameters at null embedding and merges; a dead neuron makes it 22."""
    kernel = nets.ConvTwoLayer(KERNEL, jnp.zeros(1), jnp.ones((1, 1, 3)), TANH)
    found = minimum_rank(dense_points(nets.as_two_layer(kernel), 9, KEY), normal(200, 5))
    assert found.decided and found.value == 21 == optimistic.two_layer(5, 9, 3, bias=True).value
    by_name = {point.name: point.rank.value for point in found.points}
    assert by_name["blocks 7+1+1"] == by_name["blocks 3+3+3"] == 21
    assert by_name["blocks 6+1+1, free 1"] == 22
    assert {point.parameters for point in found.points} == {63}


SHARINGS = ["shared", "unshared", "full"]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("null", [0, 1])
@pytest.mark.parametrize("sharing", SHARINGS)
def test_convolution_with_and_without_sharing(sharing, null, bias):
    """6/12/18 and with biases 7/15/21; with one zero output weight 8 and 12, and not the 9 and 13 of kept units."""
    weights = jnp.ones((1, 1, 3)) if not null else jnp.array([[[1.0, 0.0, 1.0]]])
    target = nets.ConvTwoLayer(KERNEL, jnp.array([0.3]) if bias else None, weights, TANH)
    found = minimum_rank(convolution_points(target, 2, KEY, sharing=sharing), normal(150, 5))
    closed = optimistic.convolution(5, 3, 2, 1, sharing=sharing, bias=bias, null_weights=null)
    assert found.decided and found.value == closed.value
    assert closed.parameters == found.points[0].parameters
    by_name = {point.name: point.rank.value for point in found.points}
    if null and sharing != "shared":
        assert by_name["dead units kept"] == closed.value + 1
    assert by_name["dead kernel"] > closed.value


@pytest.mark.parametrize("inner", [None, 3])
@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_matrix_factorisations_of_all_ranks(rank, inner):
    """r(A, B) = d² − (d − r_A)(d − r_B) at every pair, so 0, 7, 12, 15 at the smallest for d = 4."""
    matrix = normal(4, rank) @ normal(rank, 4, seed=1)
    points = factorisation_points(matrix, inner)
    found = minimum_rank(points, nets.index_pairs(4, 4), complete=True)
    closed = optimistic.matrix(4, 4, rank, inner=inner)
    for point in found.points:
        left, right = (int(word) for word in point.name.split() if word.isdigit())
        assert point.rank.value == optimistic.factorisation_rank(4, 4, left, right)
        assert point.parameters == closed.parameters
    assert found.points[0].rank.value == closed.value == [0, 7, 12, 15][rank]


def test_diagonal_models():
    coefficients = np.array([2.0, 0.0, -1.0, 0.0])
    x = normal(20, 4)
    squares = minimum_rank(diagonal_points(coefficients), x)
    assert [point.rank.value for point in squares.points] == [2, 4]
    assert squares.value == optimistic.diagonal(4, 2).value
    deep = minimum_rank(deep_diagonal_points(coefficients, 3), x)
    assert {point.name: point.rank.value for point in deep.points} == {
        "all factors zero": 2,
        "two factors zero": 2,
        "one factor zero": 4,
    }
    assert deep.value == optimistic.deep_diagonal(4, 3, 2).value
    assert minimum_rank(deep_diagonal_points(coefficients, 1), x).value == optimistic.deep_diagonal(4, 1, 2).value == 4


def test_the_product_model():
    x = normal(20, 2)
    for second, t in ((False, [1.0, 1.0, 0.0, 0.0]), (True, [1.0, 1.0, 2.0, 0.5])):
        found = minimum_rank({"null": nets.ProductModel(jnp.array(t))}, x)
        assert found.decided and found.value == optimistic.product_model(second=second).value


@pytest.mark.parametrize("bias", [False, True])
def test_the_bound_of_deep_networks_is_attained_by_the_null_embedding(bias):
    target = nets.mlp(0, widths=(2, 1, 2, 1), activation="tanh", std=1.0, biases=bias)
    found = minimum_rank(deep_points(target, (2, 3, 4, 1)), normal(120, 2))
    closed = optimistic.deep((2, 3, 4, 1), (1, 2), bias=bias)
    assert found.decided and found.value == closed.value == nets.parameter_count(target)
    assert closed.parameters == found.points[0].parameters


@functools.cache
def theta_cases():
    return tuple(_theta_cases())


def _theta_cases():
    scale = nets.Scale(1.0, 1.0)
    for shared in (True, False):
        for bias in (True, False):
            yield nets.conv_two_layer(
                0, kernels=2, size=3, inputs=5, activation="tanh", scale=scale, biases=bias, shared=shared
            )
    plane = {"kernels": 1, "size": (2, 2), "inputs": (3, 3), "activation": "tanh", "scale": scale}
    yield nets.conv_two_layer(0, biases=True, **plane)
    equal = jnp.concatenate([KERNEL, -KERNEL, KERNEL])
    yield nets.ConvTwoLayer(equal, None, jnp.asarray(normal(1, 3, 3)), TANH)
    yield nets.ConvTwoLayer(equal, None, jnp.asarray(np.array([[[1.0, 0, 2], [2, 0, 4], [0, 0, 0]]])), TANH)
    yield nets.TwoLayer(jnp.array([[1.0, 2], [0, 0], [0, 0], [-1, -2]]), None, jnp.array([[1.0, 1, 2, 3]]), None, TANH)
    yield nets.TwoLayer(jnp.array([[1.0, 2], [3, 1]]), jnp.array([0.1, 0.2]), jnp.array([[0.0, 1]]), None, TANH)


@pytest.mark.parametrize("number", range(9))
def test_the_rank_at_any_theta(number):
    """The theory's m_a·S + m_K·P is the rank of the coefficients and the measured model rank."""
    network = theta_cases()[number]
    shape = network.input_shape if isinstance(network, nets.ConvTwoLayer) else (2,)
    measured = model_rank(network, normal(120, *shape))
    found = tangent_rank(network)
    assert found.applies and found.rank.decided and measured.decided
    assert found.formula == found.rank.value == measured.value


def broken_cases():
    shifted = jnp.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5]])
    yield nets.ConvTwoLayer(shifted, None, jnp.ones((1, 2, 3)), TANH), "shift"
    yield nets.as_unshared(nets.ConvTwoLayer(shifted, None, jnp.ones((1, 2, 3)), TANH)), "shift"
    dead = jnp.concatenate([KERNEL, jnp.zeros((1, 3))])
    yield nets.ConvTwoLayer(dead, None, jnp.ones((1, 2, 3)), TANH), "input-ineffective"
    yield nets.ConvTwoLayer(dead, jnp.array([0.2, 0.4]), jnp.ones((1, 2, 3)), TANH), "input-ineffective"


@pytest.mark.parametrize("number", range(4))
def test_where_the_formula_fails_the_number_says_so(number):
    network, reason = list(broken_cases())[number]
    measured = model_rank(network, normal(120, 5))
    found = tangent_rank(network)
    assert not found.applies and reason in found.reason
    assert measured.decided and found.rank.value == measured.value


def test_mistakes():
    target = dense(2, 1, True)
    with pytest.raises(ValueError, match="intrinsic width must be at most"):
        dense_points(target, 1, KEY)
    with pytest.raises(ValueError, match="express one function"):
        minimum_rank({"one": target, "other": dense(2, 1, True, seed=1)}, normal(9, 1))
    with pytest.raises(ValueError, match="at least one point"):
        minimum_rank({}, normal(9, 1))
    few = minimum_rank({"one": target}, normal(3, 1))
    assert not few.decided and few.value is None and "more probes" in few.points[0].rank.reason
    assert "undecided" in str(few)
    with pytest.raises(ValueError, match="at least the rank"):
        factorisation_points(np.eye(3), 2)
    with pytest.raises(ValueError, match="keeps depth"):
        deep_points(nets.mlp(0, widths=(2, 2, 1), activation="tanh", std=1.0), (2, 1, 1))
    with pytest.raises(ValueError, match="shared kernels"):
        scale = nets.Scale(1.0, 1.0)
        own = nets.conv_two_layer(0, kernels=1, size=2, inputs=3, activation="tanh", scale=scale, shared=False)
        convolution_points(own, 2, KEY)
    with pytest.raises(ValueError, match="known for tanh"):
        relu = nets.activation("relu")
        tangent_rank(nets.TwoLayer(jnp.ones((1, 1)), None, jnp.ones((1, 1)), None, relu))


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e6])
def test_points_are_compared_at_the_size_of_their_function(size):
    """a·tanh(x) and 0 are two functions, however small a is; a pair that cancels up to rounding is 0."""
    probes = np.linspace(-2.0, 2.0, 30)[:, None]

    def point(*outgoing):
        weights = jnp.asarray([[1.0], [1.0]])
        return nets.TwoLayer(weights, None, size * jnp.asarray([outgoing]), None, TANH)

    with pytest.raises(ValueError, match="one function"):
        minimum_rank({"none": point(0.0, 0.0), "one": point(1.0, 0.0)}, probes)
    cancelling = {"none": point(0.0, 0.0), "pair": point(0.3, -0.1 * 3)}
    assert minimum_rank(cancelling, probes).best.name == "none"


def test_a_network_that_holds_less_than_its_neurons_is_no_target():
    """tanh(−z) = −tanh(z), and a neuron of w = 0 without a bias is 0: neither is a second neuron of the target."""
    for weights in ([[1.0], [-1.0]], [[1.0], [0.0]]):
        target = nets.TwoLayer(jnp.asarray(weights), None, jnp.ones((1, 2)), None, TANH)
        with pytest.raises(ValueError, match="irreducible"):
            dense_points(target, 3, 0)
    constant = nets.TwoLayer(jnp.asarray([[1.0], [0.0]]), jnp.ones(2), jnp.ones((1, 2)), None, TANH)
    assert "null embedding" in dense_points(constant, 3, 0)


def test_targets_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite matrix"):
        factorisation_points(np.full((2, 2), np.nan))
    for points in (diagonal_points, lambda c: deep_diagonal_points(c, 2)):
        with pytest.raises(ValueError, match="finite numbers"):
            points(np.array([np.nan]))
    with pytest.raises(ValueError, match="depth"):
        deep_diagonal_points(np.ones(1), 0)
    diverged = nets.TwoLayer(jnp.asarray([[np.nan]]), None, jnp.ones((1, 1)), None, TANH)
    with pytest.raises(ValueError, match="finite"):
        tangent_rank(diverged)
