"""The mean of dropout as a penalty: against all masks written out, its gradient, and as something to train on."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.networks import Scale
from condenslab.risk import CrossEntropy, EmpiricalRisk
from condenslab.training import GradientDescent, descend, dropout_penalty, dropout_risk, ensemble


@pytest.fixture(scope="module")
def setting():
    rng = np.random.default_rng(1)
    risk = EmpiricalRisk(
        jnp.asarray(rng.normal(size=(6, 2))), jnp.asarray(rng.normal(size=(6, 2))), jnp.asarray(rng.uniform(0.5, 2, 6))
    )
    network = networks.two_layer(
        3, width=4, inputs=2, outputs=2, activation="tanh", scale=Scale(1.0, 1.0), output_bias=True
    )
    return risk, network


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5])
def test_the_mean_over_all_masks_is_exact(setting, rate):
    """2⁴ masks, written out: E‖A·(mask/(1−ρ))⊙σ + c − y‖²."""
    risk, network = setting
    hidden = np.tanh(np.asarray(risk.inputs) @ np.asarray(network.input_weights).T + np.asarray(network.biases))
    mean = 0.0
    for mask in itertools.product([0, 1], repeat=4):
        chance = np.prod([1 - rate if kept else rate for kept in mask])
        outputs = (hidden * np.array(mask) / (1 - rate)) @ np.asarray(network.output_weights).T + np.asarray(
            network.output_bias
        )
        mean += chance * np.sum(
            np.asarray(risk.probabilities) * ((outputs - np.asarray(risk.targets)) ** 2).sum(axis=1)
        )
    assert float(risk.value(network) + dropout_penalty(risk, network, rate)) == pytest.approx(float(mean), rel=1e-13)
    assert float(dropout_risk(risk, 4, rate).value(network)) == pytest.approx(float(mean), rel=1e-13)


def test_its_gradient_is_that_of_the_sum_and_its_outputs_begin_with_the_networks(setting):
    risk, network = setting
    joined = dropout_risk(risk, 4, 0.25)
    expected = jax.grad(lambda theta: risk.value(theta) + dropout_penalty(risk, theta, 0.25))(network)
    np.testing.assert_allclose(networks.ravel(joined.gradient(network)), networks.ravel(expected), atol=1e-13)
    np.testing.assert_array_equal(joined.outputs(network)[:, :2], network(risk.inputs))


def test_an_ensemble_runs_over_rates(setting):
    risk, network = setting
    rates = [0.0, 0.5]
    risks = [dropout_risk(risk, 4, rate) for rate in rates]
    ends = ensemble(descend, risks, network, GradientDescent(rate=0.05), steps=100)
    alone = descend(risk, network, GradientDescent(rate=0.05), steps=100)
    np.testing.assert_allclose(networks.ravel(ends[0].network), networks.ravel(alone.network), atol=1e-12)
    penalty = [float(dropout_penalty(risk, end.network, 0.5)) for end in ends]
    assert penalty[1] < penalty[0]


def test_what_has_no_closed_form_is_refused(setting):
    risk, network = setting
    with pytest.raises(ValueError, match="DROP"):
        dropout_risk(risk, 4, 1.0)
    with pytest.raises(TypeError, match="TwoLayer"):
        dropout_penalty(risk, networks.as_mlp(network), 0.5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="SquaredLoss"):
        dropout_risk(EmpiricalRisk(jnp.ones((1, 1)), jnp.ones((1, 1)), loss=CrossEntropy()), 4, 0.5)
    with pytest.raises(TypeError, match="predict"):
        dropout_risk(EmpiricalRisk(jnp.ones((1, 1)), jnp.ones((1, 1)), predict=lambda p, x: p * x), 4, 0.5)
