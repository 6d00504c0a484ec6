"""The Rosenbrock methods against their theory: order, error estimate, L-stability."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.training import RODAS3, RODAS4, Rosenbrock

METHODS = pytest.mark.parametrize("tableau", [RODAS3, RODAS4], ids=["Rodas3", "Rodas4"])
ROTATION = np.array([[0.6, -0.8], [0.8, 0.6]])


def quartic_field(time, params, args):
    """Returns −∇ of ¼Σ(Qθ)_i⁴, whose flow is known: (Qθ)_i(t) = u_i/√(1 + 2u_i²t)."""
    turned = jnp.asarray(ROTATION)
    return -turned.T @ (turned @ params) ** 3


def quartic_flow(start, time):
    turned = ROTATION @ start
    return ROTATION.T @ (turned / np.sqrt(1 + 2 * turned**2 * time))


def linear_field(time, params, args):
    return -args * params


def dense(field):
    def linearise(params, args):
        jacobian = jax.jacfwd(lambda at: field(0.0, at, args))(params)
        return lambda shift: lambda b: jnp.linalg.solve(shift * jnp.eye(b.size) - jacobian, b)

    return linearise


QUARTIC, LINEAR = dense(quartic_field), dense(linear_field)


def one_step(tableau, field, linearise, start, length, args=None):
    """Returns the result of one step and the error estimate."""
    solver, terms = Rosenbrock(linearise, tableau), diffrax.ODETerm(field)
    end, error, *_ = solver.step(terms, 0.0, length, start, args, None, False)
    return end, error


@METHODS
def test_order_on_a_nonlinear_gradient_system(tableau):
    """The global error falls like h^order: the exact solution is known."""
    start, time = np.array([1.0, 0.5]), 1.0
    step = jax.jit(lambda y, h: one_step(tableau, quartic_field, QUARTIC, y, h)[0])
    errors = []
    for number in (32, 64, 128, 256):
        state = jnp.asarray(start)
        for _ in range(number):
            state = step(state, time / number)
        errors.append(np.linalg.norm(state - quartic_flow(start, time)))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > tableau.order - 0.15)
    assert abs(orders[-1] - tableau.order) < 0.25


@METHODS
def test_error_estimate_has_the_order_of_the_embedded_method(tableau):
    """The estimate of one step falls like h^order: the embedded method has one order less, its local error one more."""
    start = jnp.array([1.0, 0.5])
    step = jax.jit(lambda h: one_step(tableau, quartic_field, QUARTIC, start, h)[1])
    errors = [np.linalg.norm(step(length)) for length in (0.01, 0.005, 0.0025)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - tableau.order) < 0.15)


@METHODS
def test_stability_function(tableau):
    """On θ′ = −λθ: R(z) → 0 as z = −hλ → −∞ (L-stable), |R| ≤ 1 on the negative axis, R(z) = e^z to the order at 0."""
    step = jax.jit(
        lambda rate: one_step(tableau, linear_field, LINEAR, jnp.ones(1), jnp.asarray(1.0), rate)[0][0],
    )
    factors = np.array([step(rate) for rate in np.logspace(-3, 12, 61)])
    assert np.all(np.abs(factors) <= 1)
    assert abs(factors[-1]) < 1e-10
    small = 0.01
    assert abs(step(small) - np.exp(-small)) < small ** (tableau.order + 1)


@METHODS
def test_stiff_and_slow_together(tableau):
    """A step of 0.1 with rates 1 and 10⁸: the fast direction is gone at once, the slow one is followed."""
    rates = jnp.array([1.0, 1e8])
    end, _ = one_step(tableau, linear_field, LINEAR, jnp.ones(2), jnp.asarray(0.1), rates)
    assert abs(end[1]) < 1e-6
    assert abs(end[0] - np.exp(-0.1)) < 1e-4
