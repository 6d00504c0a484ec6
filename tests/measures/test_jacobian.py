"""Jacobians of every network against central differences, in the order of the ravelled parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.measures import output_jacobian
from condenslab.measures.tangent_array import tangent_array
from condenslab.networks import Scale

SCALE = Scale(1.0, 1.0)
NETWORKS = {
    "two layers": (networks.two_layer(0, width=3, inputs=2, outputs=2, activation="tanh", scale=SCALE), (2,)),
    "all biases": (
        networks.two_layer(1, width=2, inputs=3, outputs=2, activation="softplus", scale=SCALE, output_bias=True), (3,),
    ),
    "no biases": (networks.two_layer(2, width=2, inputs=1, activation="tanh", scale=SCALE, biases=False), (1,)),
    "deep": (networks.mlp(3, widths=(2, 3, 2, 2), activation="tanh", std=1.0), (2,)),
    "convolution": (
        networks.conv_two_layer(4, kernels=2, size=3, inputs=5, activation="tanh", scale=SCALE), (5,),
    ),
    "attention": (networks.multi_head_attention(5, heads=2, d_model=2, d=1, std=1.0), (2, 2)),
    "splines": (networks.kan(6, widths=(2, 1, 1), intervals=2, std=0.3), (2,)),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_against_central_differences(name):
    network, shape = NETWORKS[name]
    inputs = jnp.asarray(np.random.default_rng(0).uniform(-0.9, 0.9, size=(4, *shape)))
    theta = np.asarray(networks.ravel(network))
    step = 1e-6
    outputs = jax.jit(lambda t: networks.unravel(t, network)(inputs))
    columns = [(outputs(theta + step * e) - outputs(theta - step * e)) / (2 * step) for e in np.eye(theta.size)]
    np.testing.assert_allclose(output_jacobian(network, inputs), np.stack(columns, axis=2), atol=2e-8)
    np.testing.assert_allclose(tangent_array(network, inputs), np.stack(columns, axis=2), atol=2e-8)


CLOSED = {
    "residual": networks.mlp(7, widths=(2, 3, 3, 2), activation="softplus", std=1.0, output_bias=True, residual=True),
    "linear": networks.mlp(8, widths=(2, 3), activation="tanh", std=1.0),
    "two outputs": networks.conv_two_layer(
        9, kernels=3, size=2, inputs=4, outputs=2, activation="tanh", scale=SCALE
    ),
    "plane": networks.conv_two_layer(10, kernels=2, size=(2, 2), inputs=(3, 4), activation="tanh", scale=SCALE),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("shared", [True, False])
def test_closed_forms_against_reverse_differentiation_in_chunks_that_overlap(name, shared, monkeypatch):
    network = CLOSED[name]
    if isinstance(network, networks.ConvTwoLayer):
        network = network if shared else networks.as_unshared(network)
        inputs = np.random.default_rng(1).standard_normal((21, *network.input_shape))
    else:
        inputs = np.random.default_rng(1).standard_normal((21, 2))
    monkeypatch.setattr("condenslab.measures.tangent_array._ENTRIES", 1)
    monkeypatch.setattr("condenslab.measures.tangent_array._FEWEST", 8)
    found = tangent_array(network, inputs)
    expected = jax.jacrev(lambda t: networks.unravel(t, network)(jnp.asarray(inputs)))(networks.ravel(network))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_any_predict_is_differentiated_as_a_batch():
    """Outputs that mix samples, y = x·t − mean, are no sample's own."""

    def predict(t, x):
        return x * t - jnp.mean(x * t)

    x = np.array([[1.0], [3.0]])
    np.testing.assert_allclose(output_jacobian(jnp.ones(()), x, predict=predict)[:, 0, 0], [-1.0, 1.0])
