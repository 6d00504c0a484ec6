"""Is an exact solution next to a point, or only an infimum at infinity? On channels whose end is known."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape.critical.exact_solutions import attains_zero
from condenslab.networks import TwoLayer, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk

W, B = 0.8, 0.3


def neurons(a, w, b=None):
    biases = None if b is None else jnp.asarray(b, float)
    return TwoLayer(jnp.asarray(w, float)[:, None], biases, jnp.asarray(a, float)[None, :], None, activation("tanh"))


def risk_of(samples, target):
    x = np.linspace(-2.1, 2.3, samples)[:, None]
    return EmpiricalRisk(jnp.asarray(x), jnp.asarray(target(x)))


@pytest.mark.parametrize("samples", [6, 7, 20])
@pytest.mark.parametrize("steep", 10.0 ** np.arange(1, 8))
def test_two_neurons_that_merge_never_attain_their_derivative(samples, steep):
    """t·(σ((w + 1/2t)x + b) − σ((w − 1/2t)x + b)) → x·σ′(wx + b): R falls like t⁻⁴, attained by no two neurons."""
    risk = risk_of(samples, lambda x: x / np.cosh(W * x + B) ** 2)
    assert not attains_zero(risk, neurons([steep, -steep], [W + 0.5 / steep, W - 0.5 / steep], [B, B]))


@pytest.mark.parametrize("steep", [5.0, 10.0, 20.0, 40.0, 1e2, 1e3])
def test_a_neuron_that_turns_into_a_step_never_attains_it(steep):
    risk = risk_of(8, np.sign)
    assert not attains_zero(risk, neurons([1.0], [steep], [0.0]))


@pytest.mark.parametrize(
    ("samples", "far"), [(n, far) for n in (2, 4, 6) for far in (0.0, 1e-12, 1e-7, 1e-5)] + [(20, 0.0), (20, 1e-12)]
)
def test_next_to_an_exact_solution_it_is_found(samples, far):
    exact = neurons([1.5, -0.7], [W, -1.3], [B, 0.9])
    risk = risk_of(samples, lambda x: np.asarray(exact(jnp.asarray(x))))
    theta = np.asarray(ravel(exact))
    moved = theta + far * np.random.default_rng(samples).choice([-1.0, 1.0], theta.size)
    assert attains_zero(risk, unravel(jnp.asarray(moved), exact))
