"""Any point made critical: gradients vanish up to rounding, for every network, weighting and predict."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import make_critical, split_to_width
from condenslab.measures import inertia_at
from condenslab.networks import MLP, TwoLayer, activation
from golden import l1


def network(outputs=1, sigma="tanh", width=2):
    random = np.random.default_rng(0)
    leaves = (random.normal(size=shape) for shape in [(width, 1), (width,), (outputs, width), (outputs,)])
    return TwoLayer(*map(jnp.asarray, leaves), activation(sigma))


def polynomial(params, inputs):
    """A model that is no network: outputs of a pytree of two arrays."""
    return (params["a"] * inputs[:, :1]) ** 3 + jnp.sin(inputs) * params["b"][None, :]


def deep():
    random, shapes = np.random.default_rng(0), itertools.pairwise((1, 3, 2, 1))
    weights = tuple(jnp.asarray(random.normal(size=(out, into))) for into, out in shapes)
    return MLP(weights, (None, jnp.ones(2), None), activation("sigmoid"))


INPUTS = np.linspace(-5, 5, 40)[:, None]


@pytest.mark.parametrize("params", [network(2, "softplus"), deep()], ids=["two outputs", "deep"])
def test_networks_become_critical(params):
    risk = make_critical(params, INPUTS, jax.random.key(0))
    assert l1(risk, params) < 1e-12
    assert float(risk.value(params)) == pytest.approx(1.0, rel=1e-12)


def test_any_predict_with_weights_and_value():
    """Samples of weight 0 keep their outputs as targets; R is Σ p r² by hand."""
    params = {"a": jnp.asarray(0.7), "b": jnp.array([1.0, -2.0])}
    x = np.random.default_rng(0).normal(size=(12, 2))
    weights = np.arange(12.0)
    risk = make_critical(params, x, jax.random.key(1), predict=polynomial, weights=weights, value=0.25)
    residuals = np.asarray(polynomial(params, jnp.asarray(x)) - risk.targets)
    assert np.all(residuals[0] == 0)
    assert float(np.sum(weights[:, None] * residuals**2) / weights.sum()) == pytest.approx(0.25, rel=1e-12)
    assert sum(float(jnp.abs(leaf).sum()) for leaf in risk.gradient(params).values()) < 1e-14


def test_keys_are_seeds_and_saddles_are_generic():
    params = network()
    first, again, other = (make_critical(params, INPUTS, jax.random.key(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.targets, again.targets)
    assert float(jnp.abs(first.targets - other.targets).max()) > 0.1
    found = [inertia_at(make_critical(params, INPUTS, jax.random.key(seed)), params) for seed in range(2)]
    assert all(f.decided and f.zero == 0 for f in found)
    assert any(f.negative > 0 for f in found)
    assert found[0].gradient_norm < 1e-12


def test_more_parameters_than_samples_are_fine_while_the_rank_is_lower():
    """A split network of 31 parameters has the Jacobian rank 7 of the narrow one: eight samples are enough."""
    wide = split_to_width(network(), 10)
    risk = make_critical(wide, np.linspace(-4, 4, 12)[:, None], jax.random.key(0))
    assert l1(risk, wide) < 1e-12


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        (INPUTS[::6], {}, "Got 7 and rank 7 with 7 parameters"),
        (INPUTS, {"weights": np.r_[np.ones(4), np.zeros(36)]}, "Got 4 and rank 4"),
        (INPUTS, {"value": 0.0}, "value must be positive"),
        (INPUTS, {"value": float("nan")}, "value must be positive"),
        (INPUTS * np.nan, {}, "inputs must be finite"),
    ],
)
def test_bad_requests(inputs, options, message):
    with pytest.raises(ValueError, match=message):
        make_critical(network(), inputs, jax.random.key(0), **options)
