"""Data that a risk takes and refuses: every refusal names the argument, and nothing wrong passes in silence."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import condenslab.risk
from condenslab.networks import Dropout, Scale, apply, ravel, two_layer
from condenslab.risk import CrossEntropy, EmpiricalRisk

SAMPLES = 6


def draw(outputs=1):
    return two_layer(0, width=4, inputs=2, outputs=outputs, activation="tanh", scale=Scale(0.8, 0.6))


def data(outputs=1):
    random = np.random.default_rng(7)
    return jnp.asarray(random.normal(size=(SAMPLES, 2))), jnp.asarray(random.normal(size=(SAMPLES, outputs)))


@pytest.fixture
def as_users_have_it():
    """EmpiricalRisk without the shape checks that only the tests install."""
    spec = importlib.util.spec_from_file_location("risk_without_shape_checks", condenslab.risk.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.EmpiricalRisk


def test_one_sample_is_legal_and_none_is_not():
    network, (x, y) = draw(), data()
    one = EmpiricalRisk(x[:1], y[:1])
    assert float(one.value(network)) == pytest.approx(float((network(x[:1]) - y[:1])[0, 0] ** 2), rel=1e-13)
    assert np.all(np.isfinite(ravel(one.gradient(network))))
    with pytest.raises(ValueError, match="inputs must hold at least one sample"):
        EmpiricalRisk(x[:0], y[:0])


def test_data_that_is_not_finite_is_named():
    x, y = data()
    with pytest.raises(ValueError, match=r"targets must be finite\. Got NaN or infinity in sample 3"):
        EmpiricalRisk(x, y.at[3, 0].set(jnp.nan))
    with pytest.raises(ValueError, match=r"inputs must be finite\. Got NaN or infinity in sample 1"):
        EmpiricalRisk(x.at[1, 1].set(jnp.inf), y)


def test_shapes_that_do_not_fit_are_named(as_users_have_it):
    x, y = data()
    with pytest.raises(ValueError, match="targets must have one entry a sample, 6 here"):
        as_users_have_it(x, y[:4])
    with pytest.raises(ValueError, match=r"targets must have shape \(sample, output\)"):
        as_users_have_it(x, y[:, 0])
    with pytest.raises(ValueError, match="weights must have one entry a sample, 6 here"):
        as_users_have_it(x, y, jnp.ones(5))


def test_numpy_data_is_taken_as_it_is(as_users_have_it):
    network, (x, y) = draw(), data()
    risk = as_users_have_it(
        np.asarray(x), np.asarray(y), np.ones(SAMPLES), predict=lambda net, inputs: net(jnp.asarray(inputs))
    )
    measured = risk.value(network)
    assert float(measured) == pytest.approx(float(EmpiricalRisk(x, y).value(network)), rel=1e-14)


def test_integer_targets_are_numbers_too(as_users_have_it):
    """Class labels and counts often come as integers."""
    x, _ = data()
    labels = jnp.arange(SAMPLES)[:, None]
    value = as_users_have_it(x, labels, predict=lambda net, inputs: jnp.zeros((SAMPLES, 1))).value(draw())
    assert float(value) == pytest.approx(55 / 6, rel=1e-14)  # mean of 0, 1, 4, 9, 16, 25


def test_weights_are_a_vector(as_users_have_it):
    x, y = data()
    with pytest.raises(ValueError, match="weights"):
        as_users_have_it(x, y, jnp.ones((SAMPLES, 1)))


@pytest.mark.parametrize("outputs", [1, 2])
def test_targets_need_as_many_columns_as_the_network_has_outputs(outputs):
    x, y = data(outputs=3 - outputs)
    risk = EmpiricalRisk(x, y, predict=lambda net, inputs: jnp.ones((inputs.shape[0], outputs)))
    with pytest.raises(ValueError, match="targets"):
        jax.block_until_ready(risk.value(draw()))


@pytest.mark.parametrize("bad", [-1.0, 0.0])
def test_weights_are_not_negative_and_not_all_zero(bad):
    x, y = data()
    with pytest.raises(ValueError, match="weights"):
        EmpiricalRisk(x, y, jnp.full(SAMPLES, bad))


def test_targets_of_cross_entropy_are_probabilities():
    """Either targets that do not sum to 1 are refused, or all derivatives take them into account."""
    network, (x, _) = draw(outputs=3), data()
    y = jnp.full((SAMPLES, 3), 0.5)
    try:
        risk = EmpiricalRisk(x, y, loss=CrossEntropy())
    except ValueError:
        return
    general = EmpiricalRisk(x, y, loss=CrossEntropy(), predict=lambda net, inputs: apply(net, inputs))
    ours, theirs = jax.jit(lambda net: (risk.hessian(net), general.hessian(net)))(network)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rate", [-0.5, 1.0])
def test_a_drop_probability_is_at_least_0_and_below_1(rate):
    with pytest.raises(ValueError, match="rate"):
        Dropout(jax.random.key(0), rate)
