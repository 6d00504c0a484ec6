"""Every registered activation against closed forms, and its declared symmetries against its values."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import chebyshev, polynomial

from condenslab.errors import UserError
from condenslab.measures import inertia_at, model_rank
from condenslab.networks import ACTIVATIONS, Activation, TwoLayer, activation
from condenslab.risk import EmpiricalRisk

laws = settings(max_examples=30, deadline=None, derandomize=True, database=None)
every = pytest.mark.parametrize("sigma", ACTIVATIONS.values(), ids=lambda a: a.name)

erf = np.vectorize(math.erf, otypes=[float])
CLOSED_FORMS = {
    "tanh": lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1),
    "relu": lambda z: np.where(z > 0, z, 0.0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "gelu": lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
    "swish": lambda z: z / (1 + np.exp(-z)),
    "exp": lambda z: np.e**z,
    "x_tanh": lambda z: z * np.sinh(z) / np.cosh(z),
    "x2_tanh": lambda z: z**2 * np.sinh(z) / np.cosh(z),
}
MULTIPLICITY = {"tanh": 1, "sigmoid": 1, "softplus": 1, "gelu": 1, "swish": 1, "exp": 1, "x_tanh": 2, "x2_tanh": 3}
SYMMETRIES = {  # parity, homogeneity; what the list leaves out has neither
    "tanh": ("odd", None),
    "x_tanh": ("even", None),
    "x2_tanh": ("odd", None),
    "relu": (None, 1),
    "leaky_relu": (None, 1),
}


def taylor(sigma: Activation, orders: int = 4) -> np.ndarray:
    """Returns the derivatives of orders 0 … at 0 from values alone, by Chebyshev interpolation on [-1/4, 1/4]."""
    nodes = chebyshev.chebpts1(16) / 4
    coefficients = polynomial.Polynomial(chebyshev.cheb2poly(chebyshev.chebfit(4 * nodes, values(sigma, nodes), 12)))
    return np.array([coefficients.coef[s] * 4.0**s * math.factorial(s) for s in range(orders)])


def values(sigma: Activation, z: np.ndarray) -> np.ndarray:
    return np.asarray(sigma(jnp.asarray(z, dtype=jnp.float64)))


def test_the_registry_has_the_ten():
    assert set(ACTIVATIONS) == set(CLOSED_FORMS)
    assert all(ACTIVATIONS[name].name == name for name in ACTIVATIONS)


@every
def test_values_are_those_of_the_closed_form(sigma):
    z = np.linspace(-6, 6, 241)
    np.testing.assert_allclose(values(sigma, z), CLOSED_FORMS[sigma.name](z), rtol=1e-12, atol=1e-14)


@every
def test_declared_facts_are_those_of_the_theory(sigma):
    assert sigma.multiplicity == MULTIPLICITY.get(sigma.name)
    assert (sigma.parity, sigma.homogeneity) == SYMMETRIES.get(sigma.name, (None, None))


@every
def test_multiplicity_by_numerical_derivatives_at_zero(sigma):
    if sigma.multiplicity is None:
        step = 1e-6
        right, left = (values(sigma, np.array([sign * step]))[0] / (sign * step) for sign in (1, -1))
        assert abs(right - left) > 0.5, "an activation without multiplicity has a kink at 0"
        return
    derivatives = taylor(sigma)
    p = sigma.multiplicity
    np.testing.assert_allclose(derivatives[1:p], 0.0, atol=1e-7)
    assert abs(derivatives[p]) > 0.1


@every
@given(z=st.floats(-20, 20))
@laws
def test_parity(sigma, z):
    here, there = values(sigma, np.array([z, -z]))
    if sigma.parity == "odd":
        assert there == pytest.approx(-here, rel=1e-14, abs=0)
    if sigma.parity == "even":
        assert there == pytest.approx(here, rel=1e-14, abs=0)


@every
def test_no_parity_is_left_undeclared(sigma):
    z = np.array([0.3, 1.7])
    if sigma.parity is None:
        assert np.abs(values(sigma, -z) - values(sigma, z)).max() > 1e-2
        assert np.abs(values(sigma, -z) + values(sigma, z)).max() > 1e-2


@every
@given(z=st.floats(-20, 20), factor=st.floats(1e-3, 1e3))
@laws
def test_homogeneity(sigma, z, factor):
    if sigma.homogeneity is None:
        return
    scaled, plain = values(sigma, np.array([factor * z, z]))
    assert scaled == pytest.approx(factor**sigma.homogeneity * plain, rel=1e-13, abs=1e-300)


@every
def test_no_homogeneity_is_left_undeclared(sigma):
    """σ(2z)/σ(z) is the same at all z > 0, and at all z < 0, for a homogeneous σ only."""
    z = np.array([0.5, 2.0])
    ratio = values(sigma, 2 * z) / values(sigma, z)
    assert (abs(ratio[0] - ratio[1]) > 1e-2) == (sigma.homogeneity is None)


BOUNDED = {"tanh", "sigmoid"}
STEEP = {"exp", "x2_tanh"}  # no slope bounds their differences


@every
def test_the_declared_constants_are_bounds_and_nearly_reached(sigma):
    """By secants of the values on a dense grid, and by σ′ itself, into both tails and densely about 0."""
    assert (sigma.lipschitz is None) == (sigma.name in STEEP)
    assert (sigma.supremum is not None) == (sigma.name in BOUNDED)
    z = np.concatenate([-np.logspace(4, 1, 200), np.linspace(-10, 10, 200_001), np.logspace(1, 4, 200)])
    if sigma.lipschitz is not None:
        found, slopes = (np.asarray(d) for d in jax.jit(lambda x: sigma.derivatives(x, 1))(jnp.asarray(z)))
        gaps = np.diff(z)
        wide = gaps > 0
        # Rounding of σ(y) − σ(z) is a few units in the last place of the larger of the two.
        noise = 8 * np.finfo(float).eps * np.maximum(np.abs(found[1:]), np.abs(found[:-1]))
        assert np.all(np.abs(np.diff(found))[wide] <= sigma.lipschitz * gaps[wide] + noise[wide])
        assert np.abs(slopes).max() <= sigma.lipschitz * (1 + 1e-15)
        assert np.abs(slopes).max() >= 0.99 * sigma.lipschitz, "a bound, but a loose one"
    if sigma.supremum is not None:
        found = np.abs(values(sigma, z))
        assert 0.999 * sigma.supremum <= found.max() <= sigma.supremum


@pytest.mark.parametrize(
    ("name", "low", "high", "second"),
    [
        ("gelu", 1.0, 2.0, lambda z: (2 - z**2) * np.exp(-(z**2) / 2)),
        ("swish", 2.0, 3.0, lambda z: 2 - z * np.tanh(z / 2)),
        ("x_tanh", 1.0, 2.0, lambda z: 1 - z * np.tanh(z)),
    ],
)
def test_the_steepest_point_in_closed_form(name, low, high, second):
    """σ″ is a positive multiple of `second`, at whose root (√2 for gelu) |σ′| is largest: the bound holds there."""
    sigma, at = activation(name), scipy.optimize.brentq(second, low, high, xtol=1e-15)
    steepest = float(sigma.derivatives(jnp.asarray(at), 1)[1])
    assert steepest <= sigma.lipschitz <= steepest * 1.001
    around = np.asarray(sigma.derivatives(jnp.asarray(np.array([at - 1e-3, at + 1e-3])), 1)[1])
    assert np.all(around < steepest)


@every
def test_derivatives_by_central_differences(sigma):
    z, step = np.linspace(-3.05, 3.05, 12), 1e-5
    exact = [np.asarray(d) for d in sigma.derivatives(jnp.asarray(z), 3)]
    assert len(exact) == 4
    np.testing.assert_array_equal(exact[0], values(sigma, z))
    for order in range(3):
        up = np.asarray(sigma.derivatives(jnp.asarray(z + step), order)[order])
        down = np.asarray(sigma.derivatives(jnp.asarray(z - step), order)[order])
        np.testing.assert_allclose(exact[order + 1], (up - down) / (2 * step), rtol=1e-6, atol=1e-8)


def test_equal_with_the_function_and_hashable():
    sigma = activation("tanh")
    assert dataclasses.replace(sigma) == sigma and hash(dataclasses.replace(sigma)) == hash(sigma)
    assert Activation("tanh", lambda z: jnp.tanh(z), multiplicity=1, parity="odd", lipschitz=1.0) != sigma
    assert activation("tanh") != activation("relu")


def test_a_function_edited_under_its_name_is_compiled_anew():
    """R, rank and inertia of a·σ(w·x + b) for σ the identity and the sine: 1·(w, a) and 3 parameters count."""
    x = np.linspace(-2.0, 2.0, 30)[:, None]

    def network(function):
        sigma = Activation("mine", function)
        return TwoLayer(jnp.array([[1.3]]), jnp.array([0.2]), jnp.array([[0.7]]), None, sigma)

    risk = EmpiricalRisk(x, np.zeros((30, 1)))
    for function, rank in ((lambda z: z, 2), (jnp.sin, 3)):
        expected = np.mean((0.7 * np.asarray(function(1.3 * x + 0.2))) ** 2)
        assert float(risk.value(network(function))) == pytest.approx(expected, rel=1e-12)
        assert model_rank(network(function), x).value == rank
        found = inertia_at(risk, network(function))
        hessian = jax.hessian(lambda t, f=function: jnp.mean((t[2] * f(t[0] * x + t[1])) ** 2))
        truth = np.linalg.eigvalsh(hessian(jnp.array([1.3, 0.2, 0.7])))
        np.testing.assert_allclose(np.sort(found.eigenvalues), truth, atol=1e-12)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UserError, match="did you mean 'softplus'"):
        activation("softpls")


def test_softplus_and_its_derivatives_in_closed_form():
    """log(1 + eᶻ), s = 1/(1 + e⁻ᶻ), s(1 − s), s(1 − s)(1 − 2s), in NumPy, into both tails and at 0."""
    z = np.concatenate([np.linspace(-40.0, 40.0, 4001), [-700.0, 700.0, -1e-9, 0.0]])
    e = np.exp(-np.abs(z))
    s, rest = np.where(z >= 0, 1.0, e) / (1 + e), np.where(z >= 0, e, 1.0) / (1 + e)
    expected = np.maximum(z, 0) + np.log1p(e), s, s * rest, s * rest * (rest - s)
    found = jax.jit(lambda x: activation("softplus").derivatives(x, 3))(jnp.asarray(z))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=4e-15, atol=0 if theirs is not expected[3] else 1e-16)


@pytest.mark.parametrize(
    "wrong",
    [{"multiplicity": 0}, {"homogeneity": -1}, {"lipschitz": math.nan}, {"supremum": -1.0}],
)
def test_properties_that_no_function_has_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Activation("mine", jnp.sin, **wrong)


def test_derivatives_of_any_real_number():
    """sin at 0: 0, 1, 0, −1."""
    mine = Activation("sin", jnp.sin, multiplicity=1, parity="odd")
    assert [float(v) for v in mine.derivatives(jnp.asarray(0), 3)] == [0.0, 1.0, 0.0, -1.0]
    with pytest.raises(ValueError, match="order"):
        mine.derivatives(jnp.zeros(2), -1)
