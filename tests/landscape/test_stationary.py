"""Polishing and Newton's method."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import Fate, polish, split, split_to_width
from condenslab.landscape.critical.stationary import newton_step
from condenslab.measures import align, inertia_at
from condenslab.networks import TwoLayer, activation
from condenslab.risk import CrossEntropy, EmpiricalRisk
from golden import RISK_1, WIDTH_1, WIDTH_3, l1, made_critical, stationary, tanh_network, three_tanh


def moved(network, size, seed=0):
    random = np.random.default_rng(seed)
    return TwoLayer(
        network.input_weights + size * jnp.asarray(random.normal(size=network.input_weights.shape)),
        network.biases + size * jnp.asarray(random.normal(size=network.biases.shape)),
        network.output_weights + size * jnp.asarray(random.normal(size=network.output_weights.shape)),
        network.output_bias,
        network.activation,
    )


def test_the_target_is_recovered_from_nearby():
    found, report = polish(three_tanh(), moved(tanh_network(WIDTH_3), 0.05))
    assert report.fate is Fate.CRITICAL
    assert align(found, tanh_network(WIDTH_3)).largest < 1e-10
    assert report.receipt.risk_before > 1e-6 > 1e-25 > report.receipt.risk_after
    assert report.receipt.gradient_norm_after <= 1e-11


def test_the_published_digits_are_polished():
    found, report = polish(three_tanh(), tanh_network(WIDTH_1))
    assert report.fate is Fate.CRITICAL
    assert report.receipt.risk_after == pytest.approx(RISK_1, abs=1e-10)
    assert l1(three_tanh(), found) < 1e-13


def test_a_saddle_is_kept_without_descent_and_left_with_it():
    risk, saddle = three_tanh(), split(stationary(1), 0)
    kept, report = polish(risk, moved(saddle, 1e-4), descend=False, steps=200)  # degenerate: 60 to 63 steps
    assert report.fate is Fate.CRITICAL
    assert report.receipt.risk_after == pytest.approx(RISK_1, abs=1e-8)
    assert inertia_at(risk, kept).counts == (4, 1, 1)
    _, left = polish(risk, moved(saddle, 1e-2))
    assert left.receipt.risk_after < RISK_1 - 1e-3


def test_degenerate_points_are_no_obstacle():
    """Duplicated neurons: the Hessian is singular, Newton's step is that of least norm."""
    risk, wide = three_tanh(), split_to_width(stationary(1), 5)
    _, report = polish(risk, wide, descend=False)
    assert report.fate is Fate.CRITICAL
    assert report.receipt.output_difference < 1e-10


def test_a_point_made_critical_is_found_again():
    random = np.random.default_rng(2)
    network = TwoLayer(
        jnp.asarray(random.normal(size=(2, 1))),
        jnp.asarray(random.normal(size=2)),
        jnp.asarray(random.normal(size=(1, 2))),
        jnp.asarray(random.normal(size=1)),
        activation("tanh"),
    )
    risk = made_critical(network, np.linspace(-5, 5, 60)[:, None])
    found, report = polish(risk, moved(network, 1e-6), descend=False)
    assert report.fate is Fate.CRITICAL
    assert align(found, network).largest < 1e-9


def test_an_unbounded_descent_says_so():
    """One sample of cross-entropy with a hard label: the risk falls for ever and no point is critical."""
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.array([[1.0, 0.0]]), loss=CrossEntropy())
    start = TwoLayer(jnp.ones((1, 1)), jnp.zeros(1), jnp.ones((2, 1)), jnp.zeros(2), activation("tanh"))
    _, report = polish(risk, start)
    assert report.fate in {Fate.UNCONVERGED, Fate.SATURATED}


def test_separable_classes_are_at_infinity_however_small_their_gradient():
    """Three classes on a circle, separated: R(c·a) falls for every c > 1, so no gradient is zero but by rounding."""
    angles = 2 * np.pi * np.arange(3) / 3
    x = jnp.asarray(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    risk = EmpiricalRisk(x, jnp.eye(3), loss=CrossEntropy())
    start = TwoLayer(3 * x, jnp.zeros(3), 25 * jnp.eye(3), jnp.zeros(3), activation("tanh"))
    assert l1(risk, start) < 1e-13
    _, report = polish(risk, start)
    assert report.fate is Fate.SATURATED


def test_more_steps_can_be_allowed_and_are_checked():
    far = moved(tanh_network(WIDTH_3), 0.3)
    _, few = polish(three_tanh(), far, steps=1)
    found, many = polish(three_tanh(), far, steps=1000)
    assert (few.fate, many.fate) == (Fate.UNCONVERGED, Fate.CRITICAL)
    assert "steps=" in Fate.UNCONVERGED.value
    for steps in (0, -3, True):
        with pytest.raises(ValueError, match="positive integer"):
            polish(three_tanh(), found, steps=steps)


def test_width_zero_has_nothing_to_polish():
    empty = TwoLayer(jnp.zeros((0, 1)), jnp.zeros(0), jnp.zeros((1, 0)), None, activation("tanh"))
    found, report = polish(three_tanh(), empty)
    assert (found.width, report.fate) == (0, Fate.CRITICAL)


def test_newton_steps_solve_what_can_be_solved():
    random = np.random.default_rng(0)
    basis = np.linalg.qr(random.normal(size=(4, 4)))[0]
    hessian = basis @ np.diag([3.0, -1.0, 1e-6, 0.0]) @ basis.T
    gradient = random.normal(size=4)
    np.testing.assert_allclose(newton_step(gradient, hessian), -np.linalg.pinv(hessian) @ gradient, rtol=1e-6)
    both = newton_step(np.stack([gradient, 2 * gradient]), np.stack([hessian, hessian]))
    np.testing.assert_allclose(both[1], 2 * both[0], rtol=1e-12)


def test_single_precision_is_refused():
    single = TwoLayer(jnp.ones((1, 1), jnp.float32), None, jnp.ones((1, 1), jnp.float32), None, activation("tanh"))
    with pytest.raises(TypeError, match="float64"):
        polish(three_tanh(), single)
