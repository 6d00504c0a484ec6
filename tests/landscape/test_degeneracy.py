"""Critical subspaces, the local test matrix and saddle certificates against direct computation and verified numbers."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import (
    critical_subspace,
    k_step,
    local_test_matrix,
    make_critical,
    saddle_certificate,
    split,
)
from condenslab.measures import inertia
from condenslab.networks import MLP, TwoLayer, activation, ravel
from condenslab.risk import EmpiricalRisk
from golden import WIDTH_3, l1, stationary, tanh_network, three_tanh

hessian = eqx.filter_jit(lambda risk, network: risk.hessian(network))
value = eqx.filter_jit(lambda risk, network: risk.value(network))


@functools.cache
def saddle():
    """A critical 1-2-2-1 network."""
    random = np.random.default_rng(3)
    weights = tuple(jnp.asarray(random.normal(size=shape)) for shape in [(2, 1), (2, 2), (1, 2)])
    network = MLP(weights, tuple(jnp.asarray(random.normal(size=n)) for n in (2, 2, 1)), activation("tanh"))
    return network, make_critical(network, np.linspace(-5, 5, 60)[:, None], jax.random.key(0))


STEPS = [(0, 1), (1, 0), (0, 1), (1, 1)]


def test_a_critical_subspace_of_dimension_k():
    """Every point of θ_B + Σ α_k v_k is critical with the same output; K independent directions; corank at least K."""
    network, risk = saddle()
    found = critical_subspace(network, STEPS)
    assert found.dimension == 4
    assert np.linalg.matrix_rank(found.basis) == 4
    random = np.random.default_rng(0)
    for _ in range(3):
        wide = found.at(random.uniform(-2, 2, size=4))
        np.testing.assert_allclose(wide(risk.inputs), network(risk.inputs), atol=1e-13)
        assert l1(risk, wide) < 1e-12
        H = np.asarray(hessian(risk, wide))
        assert inertia(H, gradient_norm=0.0, tolerance=1e-9).zero >= 4
        assert np.abs(H @ found.basis.T).max() < 1e-12


def test_the_subspace_holds_the_compositions():
    """Splits of different neurons commute: T^α θ = θ_B + Σ α_k v_k; also across layers."""
    network, _ = saddle()
    steps, shares = [(0, 1), (1, 0), (0, 0)], (0.3, -0.7, 1.4)
    found = critical_subspace(network, steps).at(shares)
    composed = k_step(network, [(*step, share) for step, share in zip(steps, shares, strict=True)])(network)
    np.testing.assert_allclose(ravel(found), ravel(composed), rtol=1e-14, atol=1e-15)


def test_coranks_of_the_published_minima():
    """Width 1 in width 3 has corank 2, width 2 in width 3 has 1, the global minimum 0: m − m₀ (EP21, Figure 4)."""
    for width, steps, shares in [(1, [(0, 0)] * 2, (1 / 3, 1 / 3)), (2, [(0, 1)], (0.5,))]:
        wide = critical_subspace(stationary(width), steps).at(shares)
        found = inertia(hessian(three_tanh(), wide), gradient_norm=l1(three_tanh(), wide))
        assert (found.zero, found.decided) == (3 - width, True)


@pytest.mark.parametrize(
    ("width", "neuron", "expected", "digits"),
    [(1, 0, (-0.0194, 6.92), (4, 2)), (2, 0, (-0.0448, 5.51), (4, 2)), (2, 1, (-0.0647, 1.1e-4), (4, 5))],
)
def test_the_local_test_matrix_has_the_verified_eigenvalues(width, neuron, expected, digits):
    found = np.linalg.eigvalsh(local_test_matrix(three_tanh(), stationary(width), neuron))
    assert [round(float(eigenvalue), k) for eigenvalue, k in zip(found, digits, strict=True)] == list(expected)


@pytest.mark.parametrize("biases", [True, False])
def test_the_local_test_matrix_is_the_curvature_of_the_split(biases):
    """R changes by ½α(1 − α)·uᵀAu when the copies are moved apart; two outputs, weights, any point."""
    random = np.random.default_rng(0)
    leaves = [jnp.asarray(random.normal(size=shape)) for shape in [(3, 2), (3,), (2, 3), (2,)]]
    network = TwoLayer(leaves[0], leaves[1] if biases else None, leaves[2], leaves[3], activation("sigmoid"))
    x, y = (jnp.asarray(random.normal(size=(15, 2))) for _ in range(2))
    risk = EmpiricalRisk(x, y, jnp.asarray(random.uniform(size=15)))
    A, share, step = local_test_matrix(risk, network, 1), 0.3, 1e-3
    assert A.shape == ((3, 3) if biases else (2, 2))
    wide = split(network, 1, share=share)
    for _ in range(3):
        u = random.normal(size=len(A))
        moved = [value(risk, apart(wide, share, s * step * u)) for s in (-1, 0, 1)]
        second = float(moved[0] - 2 * moved[1] + moved[2]) / step**2
        assert second == pytest.approx(share * (1 - share) * float(u @ A @ u), abs=1e-6)


def apart(wide, share, u):
    """Moves neuron 1 by α·u and its copy, the last neuron, by −(1 − α)·u."""
    rows, factors = jnp.array([1, 3]), jnp.array([share, share - 1])
    weights = wide.input_weights.at[rows].add(factors[:, None] * u[None, :2])
    if wide.biases is None:
        return eqx.tree_at(lambda n: n.input_weights, wide, weights)
    biases = wide.biases.at[rows].add(factors * u[2])
    return eqx.tree_at(lambda n: (n.input_weights, n.biases), wide, (weights, biases))


@pytest.mark.parametrize("case", ["width 1", "width 2", "deep"])
def test_saddle_certificates(case):
    """Predicted = measured = uᵀHu, to 1e-8; an upper bound on the lowest eigenvalue times ‖u‖²."""
    network, risk = saddle() if case == "deep" else (stationary(int(case[-1])), three_tanh())
    found = saddle_certificate(risk, network)
    assert found is not None
    assert found.predicted < 0
    assert found.measured == pytest.approx(found.predicted, rel=1e-8)
    H, u = np.asarray(hessian(risk, found.network)), found.direction
    assert float(u @ H @ u) == pytest.approx(found.predicted, rel=1e-8)
    assert float(u @ u) == pytest.approx(1.5 if found.eigenvalue > 0 else 2.0)
    assert np.linalg.eigvalsh(H)[0] * float(u @ u) <= found.predicted * (1 - 1e-8)
    assert l1(risk, found.network) < 1e-12


def test_both_signs_of_the_certificate():
    """Flipping the residuals flips H2, so the two directions of the lemma are both used."""
    network, risk = saddle()
    flipped = EmpiricalRisk(risk.inputs, 2 * network(risk.inputs) - risk.targets)
    both = [saddle_certificate(r, network) for r in (risk, flipped)]
    for found in both:
        assert found.measured == pytest.approx(found.predicted, rel=1e-8)
        expected = -found.eigenvalue / 2 if found.eigenvalue > 0 else 2 * found.eigenvalue
        assert found.predicted == expected


def test_padding_is_not_looked_at():
    """Rows of weight 0 that are too large to be squared: 0·∞ must not enter."""
    plain, far = three_tanh(), 1e200 * jnp.ones((2, 1))
    weights = jnp.append(jnp.ones(len(plain.inputs)), jnp.zeros(2))
    risk = EmpiricalRisk(jnp.concatenate([plain.inputs, far]), jnp.concatenate([plain.targets, far]), weights)
    found, expected = (saddle_certificate(r, stationary(1)) for r in (risk, plain))
    assert (found.measured, found.predicted) == pytest.approx((expected.measured, expected.predicted), rel=1e-8)
    matrices = [local_test_matrix(r, stationary(2), 0) for r in (risk, plain)]
    np.testing.assert_allclose(*matrices, rtol=1e-9, atol=1e-15)


def test_the_global_minimum_has_no_certificate():
    assert saddle_certificate(three_tanh(), tanh_network(WIDTH_3)) is None


def test_a_certificate_is_refused_where_the_lemma_says_nothing():
    """With f ↦ f² copies of neurons no longer add up: the Hessian of the wide network curves up by +10 there."""
    foreign = EmpiricalRisk(three_tanh().inputs, three_tanh().targets, predict=lambda n, x: n(x) ** 2)
    with pytest.raises(ValueError, match="default predict"):
        saddle_certificate(foreign, stationary(1))


def test_bad_requests():
    network, _ = saddle()
    dead = TwoLayer(jnp.ones((2, 1)), jnp.zeros(2), jnp.array([[1.0, 0.0]]), None, activation("tanh"))
    for call, error, message in [
        (lambda: critical_subspace(network, [(0, 2)]), IndexError, "0 to 1"),
        (lambda: critical_subspace(network, [(2, 0)]), IndexError, "hidden layer"),
        (lambda: critical_subspace(network, []), ValueError, "at least one"),
        (lambda: critical_subspace(dead, [(0, 1)]), ValueError, "zero output weights"),
        (lambda: critical_subspace(network, STEPS).at([1.0]), ValueError, "each of the 4 steps"),
        (lambda: local_test_matrix(three_tanh(), stationary(2), 2), IndexError, "0 to 1. Got 2"),
    ]:
        with pytest.raises(error, match=message):
            call()
