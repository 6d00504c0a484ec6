"""Receipts: what they compare, by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import make_receipt, risk_receipt
from condenslab.landscape.receipt import surroundings
from condenslab.networks import TwoLayer, activation
from golden import RISK_0, RISK_1, l1, stationary, three_tanh


def linear(slope, offset):
    """x ↦ slope·ReLU(x) + offset, exactly."""
    return TwoLayer(jnp.array([[1.0]]), None, jnp.array([[slope]]), jnp.array([offset]), activation("relu"))


def test_differences_by_hand():
    found = make_receipt(linear(2.0, 0.0), linear(2.5, 0.0), inputs=np.array([[-1.0], [1.0]]))
    assert found.output_difference == 0.5
    assert 0.9 < found.output_difference_random <= 1.0  # the box is widened to [−2, 2]
    assert found.relative_difference == 0.25
    assert (found.parameters_before, found.parameters_after) == (3, 3)
    assert found.risk_before is found.risk_after is found.gradient_norm_before is found.gradient_norm_after is None


def test_relative_to_the_zero_function():
    inputs = np.array([[1.0]])
    assert make_receipt(linear(0.0, 0.0), linear(0.0, 0.0), inputs=inputs).relative_difference == 0.0
    assert make_receipt(linear(0.0, 0.0), linear(1.0, 0.0), inputs=inputs).relative_difference == np.inf


def test_risks_and_gradients():
    risk, network = three_tanh(), stationary(1)
    empty = TwoLayer(jnp.zeros((0, 1)), jnp.zeros(0), jnp.zeros((1, 0)), None, activation("tanh"))
    found = risk_receipt(risk, network, empty)
    assert found.risk_before == pytest.approx(RISK_1, abs=1e-10)
    assert found.risk_after == pytest.approx(RISK_0, abs=1e-10)
    assert found.gradient_norm_before == pytest.approx(l1(risk, network), abs=1e-15)
    assert found.gradient_norm_after == 0.0
    assert found.parameters_after == 0


def test_surroundings_fill_a_wider_box():
    points = surroundings(np.array([[0.0, 5.0], [2.0, 5.0]]), 512)
    assert points.shape == (512, 2)
    assert (points.min(axis=0) >= [-1.0, 4.5]).all()
    assert (points.max(axis=0) <= [3.0, 6.5]).all()
    np.testing.assert_allclose(points.mean(axis=0), [1.0, 5.5], atol=0.02)
