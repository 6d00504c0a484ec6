"""Merging effectively linear layers: the reverse of lifting, exact where the layers are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import lift, make_critical, merge_layers, tangent_segment
from condenslab.networks import MLP, activation
from lifted import INPUTS, NARROW, POINTS, deep


@pytest.mark.parametrize("carried", ["preactivations", "activations"])
def test_merging_undoes_lifting(carried):
    """Parameters come back, and with them the function everywhere, not only on the data."""
    lifted = lift(NARROW, layer=1, width=4, count=2, carried=carried, inputs=INPUTS)
    merged = merge_layers(lifted.network, inputs=INPUTS)
    assert merged.merged == (1, 2) and merged.network.widths == (1, 2, 1)
    assert [layer.linear for layer in merged.linearity] == [False, True, True]
    np.testing.assert_allclose(merged.network.weights[1], NARROW.output_weights, atol=1e-13)
    np.testing.assert_allclose(merged.network.biases[1], NARROW.output_bias, atol=1e-13)
    away = jnp.linspace(-50, 50, 9)[:, None]
    np.testing.assert_allclose(merged.network(away), NARROW(away), atol=1e-11)
    assert merged.receipt.output_difference <= 1e-13


def test_a_lift_with_residual_connections_and_of_leaky_relu():
    network = deep(1, (2, 3, 5, 2), sigma="leaky_relu", residual=True)
    lifted = lift(network, layer=2, residual=True, inputs=POINTS)
    merged = merge_layers(lifted.network, layers=(2,), inputs=POINTS)
    for new, old in zip(merged.network.weights, network.weights, strict=True):
        np.testing.assert_allclose(new, old, atol=1e-12)
    assert merged.receipt.output_difference <= 1e-12


def test_a_critical_point_stays_critical_when_its_linear_layer_goes():
    """Made critical with the deep network's own data; the shallow one is critical because its layer is in between."""
    risk = make_critical(NARROW, INPUTS, jax.random.key(3))
    merged = merge_layers(lift(NARROW, layer=0, width=2, risk=risk).network, risk=risk)
    assert merged.merged == (0,) and merged.receipt.gradient_norm_after <= 1e-12


def test_an_approximate_lift_comes_back_approximately():
    network = deep(sigma="tanh")
    lifted = lift(network, layer=1, segment=tangent_segment(network.activation), inputs=POINTS)
    merged = merge_layers(lifted.network, layers=(1,), inputs=POINTS)
    np.testing.assert_allclose(merged.network.weights[1], network.weights[1], rtol=1e-3, atol=1e-4)
    assert merged.linearity[1].value > 1 - 1e-8
    assert 0 < merged.receipt.output_difference < lifted.receipt.output_difference + 1e-3


def test_everything_linear_leaves_a_linear_map_and_nothing_linear_leaves_the_network():
    """Without biases too: inputs on one side keep a ReLU layer linear."""
    positive = MLP((jnp.array([[1.0], [2.0]]), jnp.array([[3.0, -1.0]])), (None, None), activation("relu"))
    merged = merge_layers(positive, inputs=np.array([[1.0], [2.0], [3.0]]))
    assert merged.network.widths == (1, 1)
    assert float(merged.network.weights[0][0, 0]) == pytest.approx(1.0)
    kept = merge_layers(NARROW, inputs=INPUTS)
    assert kept.merged == () and kept.receipt.output_difference == 0.0


def test_bad_requests():
    with pytest.raises(IndexError, match=r"0 to 0. Got \[1\]"):
        merge_layers(NARROW, layers=(1,), inputs=INPUTS)
    with pytest.raises(ValueError, match="Got both or neither"):
        merge_layers(NARROW)
    for widths, layer in [((2, 3, 3, 3, 1), 1), ((2, 3, 4, 3, 1), 1)]:
        with pytest.raises(ValueError, match="residual connections of the layers that stay"):
            merge_layers(deep(0, widths, residual=True), layers=(layer,), inputs=POINTS)
