"""Distances: the relative one by hand, the aligned one against every permutation and sign."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.measures import align, relative_distance
from condenslab.networks import MLP, TwoLayer, activation, as_mlp


def draw(seed, *, width=3, inputs=2, outputs=1, sigma="tanh", biases=True, output_bias=False):
    random = np.random.default_rng(seed)
    return TwoLayer(
        jnp.asarray(random.normal(size=(width, inputs))),
        jnp.asarray(random.normal(size=width)) if biases else None,
        jnp.asarray(random.normal(size=(outputs, width))),
        jnp.asarray(random.normal(size=outputs)) if output_bias else None,
        activation(sigma),
    )


def transformed(network, order, signs=None, scales=None):
    """The same function: neurons permuted, signed by parity, scaled by homogeneity."""
    signs = np.ones(network.width) if signs is None else np.asarray(signs)
    scales = np.ones(network.width) if scales is None else np.asarray(scales)
    outer = signs if network.activation.parity == "odd" else np.ones(network.width)
    degree = network.activation.homogeneity or 0
    return TwoLayer(
        jnp.asarray((signs * scales)[:, None] * np.asarray(network.input_weights)[order]),
        None if network.biases is None else jnp.asarray(signs * scales * np.asarray(network.biases)[order]),
        jnp.asarray(outer * scales**-degree * np.asarray(network.output_weights)[:, order]),
        network.output_bias,
        network.activation,
    )


def flat(network):
    parts = [network.input_weights, network.biases, network.output_weights, network.output_bias]
    return np.concatenate([np.asarray(part).ravel() for part in parts if part is not None])


def brute_force(first, second):
    """The distance over every permutation and every sign."""
    signs = [1.0, -1.0] if first.activation.parity else [1.0]
    return min(
        np.linalg.norm(flat(first) - flat(transformed(second, list(order), sign)))
        for order in itertools.permutations(range(first.width))
        for sign in itertools.product(signs, repeat=first.width)
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sigma=st.sampled_from(["tanh", "sigmoid", "x_tanh"]),
    width=st.integers(0, 3),
    biases=st.booleans(),
    outputs=st.integers(1, 2),
    output_bias=st.booleans(),
)
def test_alignment_against_brute_force(seed, sigma, width, biases, outputs, output_bias):
    kinds = {"sigma": sigma, "width": width, "biases": biases, "outputs": outputs, "output_bias": output_bias}
    first, second = draw(seed, **kinds), draw(seed + 1, **kinds)
    found = align(first, second)
    assert found.distance == pytest.approx(brute_force(first, second), rel=1e-12)
    assert found.distance == pytest.approx(np.linalg.norm(flat(first) - flat(found.aligned)), rel=1e-12)
    assert found.largest == pytest.approx(np.abs(flat(first) - flat(found.aligned)).max(initial=0.0), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), sigma=st.sampled_from(["tanh", "sigmoid", "x_tanh", "relu"]))
def test_equivalent_networks_are_at_distance_zero(seed, sigma):
    random = np.random.default_rng(seed)
    network = draw(seed, width=6, outputs=2, sigma=sigma, output_bias=True)
    signs = random.choice([-1.0, 1.0], 6) if network.activation.parity else None
    scales = random.uniform(0.1, 10, 6) if network.activation.homogeneity else None
    order = random.permutation(6)
    moved = transformed(network, order, signs, scales)
    x = jnp.asarray(random.normal(size=(9, 2)))
    np.testing.assert_allclose(moved(x), network(x), atol=1e-12)
    found = align(network, moved)
    assert found.distance < 1e-13
    assert found.matching.tolist() == np.argsort(order).tolist()
    if signs is not None:
        assert found.signs.tolist() == signs[np.argsort(order)].tolist()


def test_what_is_no_symmetry_is_a_distance():
    """ReLU has no sign symmetry, tanh no scale symmetry."""
    relu, tanh = draw(0, sigma="relu"), draw(0)
    flipped = TwoLayer(-relu.input_weights, -relu.biases, -relu.output_weights, None, relu.activation)
    assert align(relu, flipped).distance > 1
    scaled = TwoLayer(2 * tanh.input_weights, 2 * tanh.biases, tanh.output_weights / 2, None, tanh.activation)
    assert align(tanh, scaled).distance > 0.5


def test_networks_that_cannot_be_compared():
    for other, message in [
        (draw(0, width=4), "Got widths 3 and 4; reduce"),
        (draw(0, inputs=3), "input dimension"),
        (draw(0, outputs=2), "output dimension"),
        (draw(0, biases=False), "hidden biases"),
        (draw(0, output_bias=True), "output bias"),
        (draw(0, sigma="relu"), "activation"),
    ]:
        with pytest.raises(ValueError, match=message):
            align(draw(0), other)
    with pytest.raises(TypeError):
        align(draw(0), as_mlp(draw(0)))


def test_relative_distance_by_hand():
    start = TwoLayer(jnp.array([[3.0]]), jnp.array([4.0]), jnp.array([[7.0]]), None, activation("tanh"))
    moved = TwoLayer(jnp.array([[3.0]]), jnp.array([6.5]), jnp.array([[99.0]]), None, activation("tanh"))
    assert relative_distance(moved, start) == 0.5
    assert relative_distance(start, start) == 0.0
    assert relative_distance(as_mlp(moved), as_mlp(start)) == 0.5


def test_relative_distance_of_a_deep_network_leaves_out_the_last_layer():
    def deep(inner, last):
        weights = (jnp.array([[3.0]]), jnp.array([[inner]]), jnp.array([[last]]))
        return MLP(weights, (None, None, jnp.array([last])), activation("tanh"))

    assert relative_distance(deep(9.0, 5.0), deep(4.0, 1.0)) == 1.0


def test_relative_distance_refuses():
    with pytest.raises(ValueError, match="same shapes"):
        relative_distance(draw(0), draw(0, width=4))
    zero = TwoLayer(jnp.zeros((1, 1)), jnp.zeros(1), jnp.ones((1, 1)), None, activation("tanh"))
    with pytest.raises(ValueError, match="must not be zero"):
        relative_distance(zero, zero)
    with pytest.raises(TypeError, match="one kind"):
        relative_distance(draw(0), as_mlp(draw(0)))
