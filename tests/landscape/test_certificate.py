"""The Newton–Kantorovich certificate: closed forms, brute-force Lipschitz constants, points that have none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import certificate, make_critical, split
from condenslab.landscape.critical.certificate import _lipschitz
from condenslab.networks import MLP, TwoLayer, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk
from golden import stationary, tanh_network, three_tanh


def linear_network(weight, offset):
    """f(x) = w·x + b: an MLP without hidden layer, whose risk is a quadratic form."""
    return MLP((jnp.array([[weight]]),), (jnp.array([offset]),), activation("tanh"))


def test_a_quadratic_risk_in_closed_form():
    """The normal equations of linear regression: β = 1/λ_min of 2E[x̃x̃ᵀ], and the exact point is within r₋."""
    x, y = np.array([-1.0, 0.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0, 1.0])
    risk = EmpiricalRisk(jnp.asarray(x[:, None]), jnp.asarray(y[:, None]))
    design = np.stack([x, np.ones(4)], axis=1)
    exact = np.linalg.lstsq(design, y, rcond=None)[0]
    near = linear_network(exact[0] + 1e-6, exact[1] - 1e-6)
    found = certificate(risk, near)
    assert found.beta == pytest.approx(1 / np.linalg.eigvalsh(design.T @ design / 2)[0], rel=1e-9)
    distance = np.linalg.norm(np.asarray(ravel(near)) - exact)
    assert found.holds
    assert distance <= found.existence <= 50 * distance
    assert found.uniqueness > 0.1
    assert found.same_inertia


def test_a_polynomial_risk_of_degree_eight():
    """f(x) = a·σ(w·x) with σ(z) = z³ − 3z at one sample x = 1: R = (a(w³ − 3w) − y)², critical at w = 1 only with y."""
    cubic = activation("tanh").__class__("cubic", lambda z: z**3 - 3 * z, multiplicity=1, parity="odd")
    inputs, targets = jnp.array([[1.0], [2.0]]), jnp.array([[-2.0], [2.0]])  # f = z³ − 3z at w = a = 1: zero risk
    network = TwoLayer(jnp.array([[1.0 + 1e-8]]), None, jnp.array([[1.0]]), None, cubic)
    found = certificate(EmpiricalRisk(inputs, targets), network)
    assert found.holds
    assert 1e-8 <= found.existence < 1e-6 < found.uniqueness


@pytest.mark.parametrize("width", [1, 2])
def test_the_published_minima_have_a_certificate(width):
    found = certificate(three_tanh(), stationary(width))
    assert found.holds
    assert found.same_inertia
    assert found.existence < 1e-8 < found.uniqueness
    moved = unravel(ravel(stationary(width)).at[0].add(1e-9), stationary(width))
    assert certificate(three_tanh(), moved).existence >= 1e-9 - found.existence


def test_points_of_the_fixture_in_a_deeper_network():
    weights = jnp.array([[1.1], [-0.8]]), jnp.array([[1.7, -1.2], [0.8, 1.9]]), jnp.array([[1.3, -1.1]])
    biases = jnp.array([0.9, 1.6]), jnp.array([0.4, -0.7]), jnp.array([0.2])
    network = MLP(weights, biases, activation("tanh"))
    risk = make_critical(network, np.linspace(-5, 5, 60)[:, None], jax.random.key(1))
    found = certificate(risk, network)
    assert found.holds
    assert found.existence < found.uniqueness


@pytest.mark.parametrize("deep", [False, True])
def test_the_lipschitz_constant_bounds_differences_of_hessians(deep):
    random = np.random.default_rng(0)
    x = jnp.asarray(random.normal(size=(20, 2)))
    risk = EmpiricalRisk(x, jnp.sin(x))
    if deep:
        weights = tuple(jnp.asarray(random.normal(size=shape)) for shape in [(2, 2), (2, 2), (2, 2)])
        network = MLP(weights, (None, jnp.ones(2), None), activation("tanh"), residual=True)
    else:
        parts = [jnp.asarray(random.normal(size=shape)) for shape in [(2, 2), (2,), (2, 2), (2,)]]
        network = TwoLayer(*parts, activation("sigmoid"))
    theta, radius = np.asarray(ravel(network)), 0.05
    hessian = jax.jit(lambda t: risk.hessian(unravel(t, network)))
    bound = _lipschitz(risk, network, radius)
    for _ in range(20):
        direction = random.normal(size=theta.size)
        direction *= radius / np.linalg.norm(direction)
        change = np.linalg.norm(np.asarray(hessian(theta + direction) - hessian(theta)), 2)
        assert change <= bound * radius
    assert bound < 1e5


def test_a_degenerate_point_has_no_certificate():
    found = certificate(three_tanh(), split(stationary(1), 0))
    assert not found.holds
    assert found.uniqueness == 0.0


def test_what_is_refused():
    with pytest.raises(ValueError, match="smooth"):
        kinked = tanh_network([(1.0, 1.0, 0.0)])
        kinked = TwoLayer(kinked.input_weights, kinked.biases, kinked.output_weights, None, activation("relu"))
        certificate(three_tanh(), kinked)
    with pytest.raises(ValueError, match="squared loss"):
        risk = three_tanh()
        certificate(EmpiricalRisk(risk.inputs, risk.targets, predict=lambda n, x: n(x)), stationary(1))
