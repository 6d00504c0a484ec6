"""Networks as lists of layers, and the one forward pass: against the formula by hand, in NumPy, for every reader."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import measures
from condenslab.measures.linearisation import layer_states
from condenslab.networks import TwoLayer, as_mlp, cnn, conv_two_layer, mlp, two_layer
from condenslab.networks.dense import forward, skips
from condenslab.networks.initial import Scale
from condenslab.networks.layered import LayerArrays, layers, require_dense_layer, width, widths, with_layers
from condenslab.networks.structure_deep import Pass

POINTS = np.random.default_rng(0).standard_normal((7, 3))
RESIDUAL = mlp(0, widths=(3, 3, 4, 4, 2), activation="tanh", std=0.7, output_bias=True, residual=True)
DENSE = {
    "two layers": two_layer(1, width=5, inputs=3, activation="tanh", scale=Scale(1.0, 1.0), output_bias=True),
    "one neuron": two_layer(1, width=1, inputs=3, activation="tanh", scale=Scale(1.0, 1.0), biases=False),
    "deep": mlp(0, widths=(3, 4, 4, 1), activation="tanh", std=0.7),
    "residual": RESIDUAL,
    "linear": mlp(0, widths=(3, 2), activation="tanh", std=0.7),
}


def by_hand(network) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns (h_{l−1}, z_l) of every layer, h_l = tanh(z_l), plus h_{l−1} where a residual layer is as wide as it."""
    found, hidden = [], POINTS
    for weight, bias in zip(*layers(network), strict=True):
        z = np.einsum("ik,jk->ij", hidden, np.asarray(weight)) + (0.0 if bias is None else np.asarray(bias))
        found.append((hidden, z))
        adds = getattr(network, "residual", False) and z.shape == hidden.shape
        hidden = np.tanh(z) + (hidden if adds else 0.0)
    return found


@pytest.mark.parametrize("name", DENSE)
def test_every_reader_sees_the_pass_of_the_formula(name):
    network, expected = DENSE[name], by_hand(DENSE[name])
    outputs = expected[-1][1]
    np.testing.assert_allclose(network(jnp.asarray(POINTS)), outputs, atol=1e-13)
    for states in (list(forward(network, jnp.asarray(POINTS))), layer_states(network, POINTS)):
        for state, (hidden, z) in zip(states, expected, strict=True):
            np.testing.assert_allclose(state.inputs, hidden, atol=1e-13)
            np.testing.assert_allclose(state.preactivations, z, atol=1e-13)
    deep = as_mlp(network) if isinstance(network, TwoLayer) else network
    np.testing.assert_allclose(Pass(deep, jnp.asarray(POINTS)).outputs.T, outputs, atol=1e-13)
    for layer, (hidden, _) in enumerate(expected[:-1]):
        seen = measures.layer_inputs(network, POINTS, layer)
        np.testing.assert_allclose(seen[:, : hidden.shape[1]], hidden, atol=1e-13)


def test_a_residual_layer_is_one_as_wide_as_what_it_reads_and_never_the_last():
    assert skips((3, 3, 4, 4, 4)) == (0, 2)
    assert RESIDUAL.skips == (0, 2)
    assert DENSE["deep"].skips == DENSE["two layers"].skips == ()
    assert skips((2, 2)) == ()


@pytest.mark.parametrize(
    "network",
    [
        *DENSE.values(),
        cnn(0, inputs=(1, 6, 6), channels=(2, 3), size=3, hidden=(4,), outputs=2, activation="relu", std=0.5),
        conv_two_layer(0, inputs=4, kernels=3, size=2, activation="relu", scale=Scale(1.0, 1.0)),
    ],
)
def test_layers_go_out_and_come_back_unchanged(network):
    for again in (with_layers(network, *layers(network)), LayerArrays.of(network).put_into(network)):
        assert jax.tree.structure(again) == jax.tree.structure(network)
        for new, old in zip(jax.tree.leaves(again), jax.tree.leaves(network), strict=True):
            assert new.dtype == old.dtype
            np.testing.assert_array_equal(new, old)


def test_widths_and_what_has_no_neurons():
    assert widths(DENSE["two layers"]) == (3, 5, 1)
    assert LayerArrays.of(RESIDUAL).widths == widths(RESIDUAL) == (3, 3, 4, 4, 2)
    assert width(RESIDUAL, 1) == 4
    with pytest.raises(IndexError, match="0 to 2"):
        require_dense_layer(RESIDUAL, 3)
    with pytest.raises(TypeError):
        widths("a network")  # pyright: ignore[reportArgumentType]


def test_layers_that_are_not_finite_cannot_be_edited():
    weights, biases = layers(RESIDUAL)
    bad = with_layers(RESIDUAL, (*weights[:2], weights[2] * np.nan, weights[3]), biases)
    with pytest.raises(ValueError, match="Layer 2 has NaN or infinity"):
        LayerArrays.of(bad)
