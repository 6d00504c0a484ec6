"""The structured solve against the dense one, through an independent channel: automatic differentiation and NumPy."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from condenslab.risk import CrossEntropy, EmpiricalRisk, SquaredLoss
from condenslab.training.linearise import dense_solver, invert_shifted, two_layer_solver
from learning import small_network, small_risk

SHIFTS = (1e-9, 1e-3, 1.0, 1e6)


def assert_solves(make, risk, network):
    """Over all shifts, the solution agrees with NumPy's as far as the condition numbers of the method's parts allow."""
    theta, unravel = ravel_pytree(network)
    right = np.random.default_rng(0).normal(size=theta.size)

    @jax.jit
    def both(shift):
        hessian = jax.hessian(lambda t: risk.value(unravel(t)))(theta)
        return hessian, make(risk, network)(shift)(jnp.asarray(right))

    for shift in SHIFTS:
        hessian, found = (np.asarray(part) for part in both(shift))
        matrix = hessian + shift * np.eye(len(hessian))
        exact = np.linalg.solve(matrix, right)
        condition = max(np.linalg.cond(matrix), np.linalg.norm(hessian, 2) / shift)
        assert np.linalg.norm(found - exact) <= 1e-13 * condition * np.linalg.norm(exact)


CASES = [
    (biases, output_bias, 2 if isinstance(loss, CrossEntropy) or not biases else 1, loss)
    for biases, output_bias, loss in itertools.product((True, False), (True, False), (SquaredLoss(), CrossEntropy()))
]


@pytest.mark.parametrize(("biases", "output_bias", "outputs", "loss"), CASES)
def test_two_layer_solver_is_the_dense_solve(biases, output_bias, outputs, loss):
    network = small_network(1, width=4, inputs=2, outputs=outputs, biases=biases, output_bias=output_bias)
    risk = small_risk(1, samples=3, inputs=2, outputs=outputs, loss=loss)
    assert_solves(two_layer_solver, risk, network)


@pytest.mark.parametrize("activation", ["x2_tanh", "relu", "gelu"])
def test_two_layer_solver_with_other_activations_and_weights(activation):
    network = small_network(2, activation=activation)
    risk = small_risk(2)
    risk = EmpiricalRisk(risk.inputs, risk.targets, weights=jnp.arange(6.0))
    assert_solves(two_layer_solver, risk, network)


def test_dense_solver_is_the_dense_solve():
    assert_solves(dense_solver, small_risk(3), small_network(3, output_bias=True))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_invert_shifted(size):
    """Against NumPy, on indefinite blocks, one of which has a zero where elimination without pivoting would begin."""
    blocks = np.random.default_rng(size).normal(size=(7, size, size))
    blocks = blocks + blocks.transpose(0, 2, 1)
    blocks[0, 0, 0] = -0.3
    invert = jax.jit(invert_shifted)
    for shift in (1e-6, 0.3, 1e8):
        exact = np.linalg.inv(blocks + shift * np.eye(size)) if size > 1 or shift != 0.3 else None
        if exact is not None:
            found = np.moveaxis(np.asarray(invert(blocks, shift)), -1, 0)
            condition = np.linalg.cond(blocks + shift * np.eye(size))
            difference = np.linalg.norm(found - exact, axis=(1, 2)) / np.linalg.norm(exact, axis=(1, 2))
            assert np.all(difference <= 1e-14 * condition)
