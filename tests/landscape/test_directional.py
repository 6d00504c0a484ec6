"""One-sided derivatives against difference quotients, and their lowest value against brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import (
    dead_neurons,
    directional_derivative,
    directional_stationarity,
    perturbed_changes,
)
from condenslab.networks import TwoLayer, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk

RELU = activation("relu")


def with_kinks(seed=0):
    """Returns a risk on five samples and a network whose first two neurons have a sample or two at their kinks."""
    random = np.random.default_rng(seed)
    x = np.c_[[-1.0, -0.5, 0.0, 0.5, 1.0], np.ones(5)]
    weights = random.normal(size=(4, 2))
    weights[0] = [2.0, -1.0]  # w·x̃ = 0 at x = 0.5
    weights[1] = 0.0  # at its kink on all samples
    weights[3] = [0.1, -1.0]  # negative on all samples
    outer = random.normal(size=(1, 4))
    network = TwoLayer(jnp.asarray(weights), None, jnp.asarray(outer), None, RELU)
    return EmpiricalRisk(jnp.asarray(x), jnp.asarray(random.normal(size=(5, 1)))), network


def moved(network, direction, step):
    return unravel(ravel(network) + step * ravel(direction), network)


@jax.jit
def slopes_along(risk, network, directions):
    """Returns R′(θ; v) for many directions of the input weights."""
    still = jnp.zeros_like(network.output_weights)
    return jax.vmap(lambda d: directional_derivative(risk, network, TwoLayer(d, None, still, None, RELU)))(directions)


def test_difference_quotients_from_one_side():
    risk, network = with_kinks()
    random = np.random.default_rng(1)
    for _ in range(10):
        direction = unravel(jnp.asarray(random.normal(size=ravel(network).size)), network)
        quotient = (risk.value(moved(network, direction, 1e-7)) - risk.value(network)) / 1e-7
        np.testing.assert_allclose(directional_derivative(risk, network, direction), quotient, rtol=1e-5, atol=1e-5)


def test_the_lowest_derivative_against_brute_force():
    """Over the box the minimum of a piecewise linear function of two variables is on a fine grid of its border."""
    risk, network = with_kinks()
    found = directional_stationarity(risk, network)
    border = np.linspace(-1, 1, 2001)
    sides = [np.c_[border, np.full(2001, s)] for s in (-1.0, 1.0)]
    box = np.concatenate([*sides, *(side[:, ::-1] for side in sides)])
    for neuron in range(3):
        directions = np.zeros((len(box), 4, 2))
        directions[:, neuron] = box
        slopes = slopes_along(risk, network, jnp.asarray(directions))
        lowest = min(0.0, float(slopes.min()))
        assert found.lowest[neuron] <= lowest + 1e-12
        np.testing.assert_allclose(found.lowest[neuron], lowest, rtol=2e-3)
    assert sorted(set(found.kinks[:, 0].tolist())) == [0, 1]
    assert not found.holds(1e-6)


def test_dead_neurons_stay_and_a_minimum_is_not_left():
    risk, network = with_kinks()
    np.testing.assert_array_equal(dead_neurons(risk, network), [False, False, False, True])
    exact = EmpiricalRisk(risk.inputs, network(risk.inputs))
    changes = perturbed_changes(exact, network, key=jax.random.key(0), count=50, amplitude=1e-3)
    assert changes.min() >= 0 and changes.max() > 0
    stationary = directional_stationarity(exact, network)
    assert stationary.holds(1e-14) and stationary.new_neuron == pytest.approx(0.0, abs=1e-14)


def test_a_neuron_without_output_can_escape():
    """One sample at x = 1, target 1 and f = 0: a neuron that sees it lowers R by 2·a·dw; one that does not, never."""
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.ones((1, 1)))
    weights = jnp.array([[0.0], [-1.0]])
    network = TwoLayer(weights, None, jnp.zeros((1, 2)), None, RELU)
    found = directional_stationarity(risk, network)
    np.testing.assert_allclose(found.escape, [2.0, 0.0])
    assert found.new_neuron == pytest.approx(2.0) and found.output_slope == 0.0


@pytest.mark.parametrize("size", [1.0, 1e-7])
def test_small_neurons_are_silent_by_their_own_input_weights_and_tell_by_their_rate_whether_they_rest(size):
    """On one sample at 1 the residual is s² − 1: a neuron (s, s) has the slope 2s(1 − s²), by its size 2(1 − s²)."""
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.full((1, 1), 3.0))
    live = TwoLayer(jnp.array([[1.0], [size]]), None, jnp.array([[2.0, size]]), None, RELU)
    found = directional_stationarity(risk, live, idle=1e-8)
    assert found.escape.tolist() == [0.0, 0.0] and found.rates[1] == pytest.approx(2 * (1 - size**2))
    resting = EmpiricalRisk(risk.inputs, live(risk.inputs))
    assert directional_stationarity(resting, live, idle=1e-8).rates.tolist() == [0.0, 0.0]
    silent = TwoLayer(live.input_weights, None, jnp.array([[2.0, 1e-9 * size]]), None, RELU)
    assert directional_stationarity(risk, silent, idle=1e-8).escape[1] == pytest.approx(2.0)
    assert directional_stationarity(risk, silent).escape[1] == 0.0


def test_a_neuron_that_is_zero_has_no_rate():
    risk, network = with_kinks()
    zero = TwoLayer(0 * network.input_weights, None, 0 * network.output_weights, None, RELU)
    assert directional_stationarity(risk, zero).rates.tolist() == [0.0] * 4


def test_bad_requests():
    risk, network = with_kinks()
    smooth = TwoLayer(network.input_weights, None, network.output_weights, None, activation("tanh"))
    with pytest.raises(TypeError, match="linear on both sides"):
        directional_stationarity(risk, smooth)
    with pytest.raises(ValueError, match="count must be"):
        perturbed_changes(risk, network, key=jax.random.key(0), count=0, amplitude=1.0)
