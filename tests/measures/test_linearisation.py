"""The linearisation measure against NumPy's correlation and least squares, and on layers that are affine by design."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.measures import linearisation
from condenslab.networks import TwoLayer, activation
from condenslab.networks.draws import mlp

X = np.random.default_rng(0).normal(size=(40, 2))


def relu(weights, biases, outputs=None):
    outputs = np.ones((1, len(weights))) if outputs is None else outputs
    return TwoLayer(*(jnp.asarray(a, dtype=float) for a in (weights, biases, outputs)), None, activation("relu"))


def test_correlations_and_lines_are_those_of_numpy():
    network = mlp(0, widths=(2, 3, 4, 1), activation="tanh", std=0.9)
    hidden = X
    for layer, found in enumerate(linearisation(network, X)):
        z = hidden @ np.asarray(network.weights[layer]).T + np.asarray(network.biases[layer])
        hidden = np.tanh(z)
        expected = [abs(np.corrcoef(z[:, j], hidden[:, j])[0, 1]) for j in range(z.shape[1])]
        lines = [np.polyfit(z[:, j], hidden[:, j], 1) for j in range(z.shape[1])]
        np.testing.assert_allclose(found.correlations, expected, rtol=1e-12)
        np.testing.assert_allclose(np.stack([found.slopes, found.offsets], axis=1), lines, rtol=1e-9, atol=1e-12)
        assert found.value == pytest.approx(min(expected)) and found.linear == (min(expected) > 0.99)
        np.testing.assert_allclose(found.errors, np.abs(hidden - z * found.slopes - found.offsets).max(axis=0))


def test_units_on_one_side_of_the_kink_are_linear_and_one_across_is_not():
    """(1, 1 + b): always positive, slope 1; always negative, constant and without a correlation; across the kink."""
    points = np.linspace(-1, 1, 21)[:, None]
    layer = linearisation(relu([[1.0], [1.0], [0.0]], [2.0, -2.0, 1.0]), points)[0]
    assert layer.value == pytest.approx(1.0) and layer.linear
    assert layer.constant.tolist() == [1, 2] and np.isnan(layer.correlations[1:]).all()
    assert layer.slopes.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert layer.offsets.tolist() == pytest.approx([0.0, 0.0, 1.0])
    assert layer.errors.max() <= 1e-14
    across = linearisation(relu([[1.0], [1.0]], [2.0, 0.0]), points)[0]
    ramp = np.maximum(points[:, 0], 0)
    assert across.value == pytest.approx(np.corrcoef(points[:, 0], ramp)[0, 1]) and not across.linear


def test_small_units_are_left_out_first():
    network = relu([[1.0], [1e-4]], [2.0, 0.0], [[1.0, 1e-4]])
    points = np.linspace(-1, 1, 21)[:, None]
    assert not linearisation(network, points)[0].linear
    filtered = linearisation(network, points, drop=0.01)[0]
    assert filtered.linear and filtered.dropped.tolist() == [1]


def test_a_layer_of_constants_has_no_value():
    layer = linearisation(relu([[1.0]], [-9.0]), np.linspace(-1, 1, 5)[:, None])[0]
    assert layer.value is None and not layer.linear


def test_bad_requests():
    network = relu([[1.0]], [0.0])
    for inputs, options, message in [
        (X, {}, r"shape \(sample, 1\)"),
        (X[:1, :1], {}, "at least two samples"),
        (X[:, :1] * np.nan, {}, "must be finite"),
        (X[:, :1], {"threshold": 1.0}, "threshold"),
        (X[:, :1], {"drop": -0.1}, "drop"),
    ]:
        with pytest.raises(ValueError, match=message):
            linearisation(network, inputs, **options)
    with pytest.raises(TypeError):
        linearisation(lambda x: x, X)
