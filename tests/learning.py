"""Small problems for the tests of training, and slow, obvious ways to train them."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import scipy.integrate
from jax.flatten_util import ravel_pytree

from condenslab import networks
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk, SquaredLoss


def normal(key, *shape, scale=1.0):
    """Returns what `scale * jax.random.normal(key, shape)` does, without a program for each shape."""
    count = math.prod(shape)
    assert count <= 256, "larger draws are to be made otherwise"
    return jnp.asarray(scale * np.asarray(jax.random.normal(key, (256,)))[:count].reshape(shape))


def small_network(seed=0, *, width=3, inputs=1, outputs=1, biases=True, output_bias=False, std=0.8, activation="tanh"):
    """Returns a two-layer network with normal parameters."""
    keys = jax.random.split(jax.random.key(seed), 4)
    return TwoLayer(
        normal(keys[0], width, inputs, scale=std),
        normal(keys[1], width, scale=std) if biases else None,
        normal(keys[2], outputs, width, scale=std),
        normal(keys[3], outputs, scale=std) if output_bias else None,
        networks.activation(activation),
    )


def small_risk(seed=0, *, samples=6, inputs=1, outputs=1, loss=SquaredLoss()):
    """Returns a risk with normal data; the targets are probabilities where the loss is not the squared one."""
    keys = jax.random.split(jax.random.key(1000 + seed), 2)
    targets = normal(keys[1], samples, outputs)
    if not isinstance(loss, SquaredLoss):
        targets = jax.nn.softmax(targets, axis=1)
    return EmpiricalRisk(normal(keys[0], samples, inputs, scale=2.0), targets, loss=loss)


def linear(params, inputs):
    """Returns inputs·weights + offset, a prediction whose parameters are a plain dictionary."""
    return inputs @ params["weights"] + params["offset"][None, :]


def linear_problem():
    """Returns a risk that is quadratic in its four parameters, and a start."""
    keys = jax.random.split(jax.random.key(7), 3)
    inputs, targets = jax.random.normal(keys[0], (5, 3)), jax.random.normal(keys[1], (5, 1))
    start = {"offset": jnp.ones(1), "weights": jax.random.normal(keys[2], (3, 1))}
    return EmpiricalRisk(inputs, targets, predict=linear), start


def quadratic_form(risk):
    """Returns (H, b, c) with R(θ) = ½θᵀHθ − bᵀθ + c for the linear problem, θ = (offset, weights)."""
    design = np.column_stack([np.ones(len(risk.inputs)), np.asarray(risk.inputs)])
    targets = np.asarray(risk.targets)[:, 0]
    return 2 * design.T @ design / len(design), 2 * design.T @ targets / len(design), np.mean(targets**2)


def flow_by_scipy(risk, network, times, *, l2=0.0, method="LSODA"):
    """Returns θ along the gradient flow of R + l2·‖θ‖² at the given times, shape (time, param)."""
    theta, unravel = ravel_pytree(network)
    field = jax.jit(lambda t: -ravel_pytree(risk.gradient(unravel(t)))[0] - 2 * l2 * t)
    span = (0.0, float(times[-1]))
    found = scipy.integrate.solve_ivp(
        lambda _, t: np.asarray(field(t)), span, np.asarray(theta), method, t_eval=times, rtol=1e-11, atol=1e-13
    )
    assert found.success, found.message
    return found.y.T


def flat(params):
    """Returns any parameters as one vector."""
    return np.asarray(ravel_pytree(params)[0])


def distance(first, second):
    """Returns the largest difference of two parameter sets."""
    return float(np.max(np.abs(flat(first) - flat(second))))


def same(first, second):
    """Returns whether two trajectories are equal bit for bit."""
    return (
        first.stop is second.stop
        and first.steps == second.steps
        and np.array_equal(first.times, second.times)
        and all(np.array_equal(first.records[name], second.records[name]) for name in first.records)
        and np.array_equal(flat(first.network), flat(second.network))
    )
