"""Dense networks against loops over neurons in numpy; dropout against its law; neuron coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.networks import (
    MLP,
    Dropout,
    Scale,
    TwoLayer,
    activation,
    apply,
    as_mlp,
    mlp,
    parameter_count,
    ravel,
    two_layer,
    unravel,
)
from condenslab.networks.structure import from_neurons, neuron_order, neuron_tangents, to_neurons

BIASES = pytest.mark.parametrize("biases", [True, False])
OUTPUT_BIAS = pytest.mark.parametrize("output_bias", [True, False])


def draw(biases=True, output_bias=True, width=4, inputs=2, outputs=3):
    return two_layer(
        0,
        width=width,
        inputs=inputs,
        outputs=outputs,
        activation="tanh",
        scale=Scale(1.0, 1.0),
        biases=biases,
        output_bias=output_bias,
    )


def points(samples=5, inputs=2):
    return jnp.asarray(np.random.default_rng(1).normal(size=(samples, inputs)))


@BIASES
@OUTPUT_BIAS
@pytest.mark.parametrize("inputs", [1, 2])
def test_two_layers_are_a_sum_over_neurons(biases, output_bias, inputs):
    network, x = draw(biases, output_bias, inputs=inputs), np.asarray(points(inputs=inputs))
    w, b, a, c = jax.tree.map(
        np.asarray, (network.input_weights, network.biases, network.output_weights, network.output_bias)
    )
    expected = np.zeros((5, 3))
    for i in range(5):
        for k in range(4):
            expected[i] += a[:, k] * np.tanh(np.dot(w[k], x[i]) + (b[k] if biases else 0.0))
        expected[i] += c if output_bias else 0.0
    np.testing.assert_allclose(network(jnp.asarray(x)), expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(apply(network, jnp.asarray(x)), network(jnp.asarray(x)))
    np.testing.assert_allclose(as_mlp(network)(jnp.asarray(x)), expected, rtol=1e-13, atol=1e-15)
    assert parameter_count(network) == 4 * (inputs + biases + 3) + 3 * output_bias
    assert network.width == 4


@pytest.mark.parametrize("residual", [True, False])
def test_deep_networks_layer_by_layer(residual):
    """A skip joins hidden layers of equal width, and no others; the last layer is affine."""
    network = mlp(0, widths=(2, 3, 3, 4, 1), activation="tanh", std=0.7, output_bias=True, residual=residual)
    x = points()
    hidden = np.asarray(x)
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        affine = hidden @ np.asarray(weight).T + np.asarray(bias)
        if layer == 3:
            hidden = affine
        else:
            hidden = np.tanh(affine) + (hidden if residual and layer == 1 else 0.0)
    np.testing.assert_allclose(network(x), hidden, rtol=1e-12, atol=1e-15)
    assert network.widths == (2, 3, 3, 4, 1)
    assert parameter_count(network) == 9 + 12 + 16 + 5


def test_the_first_hidden_layer_skips_too_when_its_width_is_the_input_dimension():
    network = mlp(0, widths=(2, 2, 1), activation="tanh", std=1.0, residual=True)
    x = points()
    hidden = np.tanh(np.asarray(x @ network.weights[0].T) + np.asarray(network.biases[0])) + np.asarray(x)
    np.testing.assert_allclose(network(x), hidden @ np.asarray(network.weights[1]).T, rtol=1e-13)


@OUTPUT_BIAS
def test_width_zero_is_a_constant(output_bias):
    network = draw(output_bias=output_bias)
    empty = TwoLayer(jnp.zeros((0, 2)), jnp.zeros(0), jnp.zeros((3, 0)), network.output_bias, network.activation)
    expected = np.broadcast_to(network.output_bias if output_bias else 0.0, (5, 3))
    np.testing.assert_array_equal(empty(points()), expected)
    assert parameter_count(empty) == 3 * output_bias and empty.width == 0


def test_one_sample_is_legal():
    network = draw()
    np.testing.assert_allclose(network(points(1)), network(points(5))[:1], rtol=1e-13)


def test_an_mlp_needs_a_bias_entry_for_each_matrix():
    with pytest.raises(ValueError, match="2 matrices and 1 bias"):
        MLP((jnp.ones((2, 1)), jnp.ones((1, 2))), (None,), activation("tanh"))


@BIASES
@OUTPUT_BIAS
def test_ravelled_parameters_are_the_leaves_in_order(biases, output_bias):
    network = draw(biases, output_bias)
    parts = [network.input_weights, network.biases, network.output_weights, network.output_bias]
    expected = np.concatenate([np.ravel(part) for part in parts if part is not None])
    np.testing.assert_array_equal(ravel(network), expected)
    back = unravel(2 * ravel(network), network)
    np.testing.assert_array_equal(back.output_weights, 2 * network.output_weights)
    with pytest.raises(ValueError, match="shape"):
        unravel(jnp.zeros(3), network)


@BIASES
@OUTPUT_BIAS
def test_neuron_coordinates(biases, output_bias):
    network = draw(biases, output_bias)
    neurons = to_neurons(network)
    for k in range(4):
        own = [network.input_weights[k], network.biases[k : k + 1] if biases else [], network.output_weights[:, k]]
        np.testing.assert_array_equal(neurons[k], np.concatenate([np.asarray(part) for part in own]))
    rebuilt = from_neurons(neurons, network.output_bias, network)
    np.testing.assert_array_equal(ravel(rebuilt), ravel(network))
    ends = network.output_bias if output_bias else jnp.zeros(0)
    np.testing.assert_array_equal(ravel(network)[neuron_order(network)], jnp.concatenate([neurons.reshape(-1), ends]))
    fewer = from_neurons(neurons[1:3], network.output_bias, network)
    assert fewer.width == 2 and np.array_equal(fewer.input_weights, network.input_weights[1:3])


@BIASES
def test_neuron_tangents_are_derivatives_and_neurons_do_not_couple(biases):
    network, x = draw(biases, output_bias=False), points()
    cotangent = jnp.asarray(np.random.default_rng(2).normal(size=(5, 3)))
    tangents = jax.jit(lambda c: neuron_tangents(network, x, c))(cotangent)

    def outputs(neurons):
        return from_neurons(neurons, None, network)(x)

    neurons = to_neurons(network)
    np.testing.assert_allclose(tangents.jacobian, jax.jit(jax.jacfwd(outputs))(neurons), rtol=1e-12, atol=1e-14)
    hessian = np.array(jax.jit(jax.hessian(lambda u: jnp.sum(cotangent * outputs(u))))(neurons))
    for k in range(4):
        np.testing.assert_allclose(tangents.blocks[k], hessian[k, :, k], rtol=1e-12, atol=1e-13)
        hessian[k, :, k] = 0.0
    np.testing.assert_array_equal(hessian, 0.0)


def test_dropout_zeroes_or_divides_by_the_keep_probability():
    hidden = jnp.ones((200, 300)) * jnp.linspace(1.0, 2.0, 300)[None, :]
    noisy = Dropout(jax.random.key(0), 0.3)(hidden, 0)
    kept = np.asarray(noisy != 0)
    np.testing.assert_allclose(np.asarray(noisy)[kept], np.asarray(hidden)[kept] / 0.7, rtol=1e-14)
    assert abs(kept.mean() - 0.7) < 5 * np.sqrt(0.21 / kept.size)
    assert not np.array_equal(noisy, Dropout(jax.random.key(0), 0.3)(hidden, 1)), "layers have streams of their own"
    np.testing.assert_array_equal(noisy, Dropout(jax.random.key(0), 0.3)(hidden, 0))


def test_dropout_keeps_the_output_of_two_layers_on_average():
    network, x, masks = draw(), points(), 4_000
    noisy = jax.vmap(lambda key: apply(network, x, Dropout(key, 0.4)))(jax.random.split(jax.random.key(0), masks))
    error = np.std(noisy, axis=0) / np.sqrt(masks)
    assert np.all(np.abs(np.mean(noisy, axis=0) - network(x)) < 5 * error)
    assert np.all(error > 0)


@pytest.mark.parametrize("deep", [True, False])
def test_dropout_of_rate_zero_is_the_identity(deep):
    network = mlp(0, widths=(2, 4, 4, 1), activation="tanh", std=1.0, residual=True) if deep else draw()
    x = points()
    np.testing.assert_array_equal(network(x, Dropout(jax.random.key(0), 0.0)), network(x))
    assert not np.array_equal(network(x, Dropout(jax.random.key(0), 0.5)), network(x))
