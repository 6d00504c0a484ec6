"""The three-tanh problem with its published and verified critical points, and critical points made to order."""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from condenslab.networks import TwoLayer, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk

# The exercise of deck 000 on linspace(-15, 15, 50), solved outside this package: (a, w, b) per neuron, risk, inertia
# in the own width.
WIDTH_1 = [(3.746951, 0.089537, 0.0)]
WIDTH_2 = [(-2.341854, -0.154989, -0.417625), (0.788588, 1.302005, -9.335645)]
WIDTH_3 = [(1.0, 1.0, -7.0), (1.0, 1.0, 0.0), (1.0, 1.0, 7.0)]
RISK_1, RISK_2, RISK_0 = 0.1090227421, 0.0697915121, 5.1453300991


def tanh_network(neurons):
    """Returns the network with one input and no output bias that has these (a, w, b)."""
    a, w, b = (jnp.array([neuron[i] for neuron in neurons]) for i in range(3))
    return TwoLayer(w[:, None], b, a[None, :], None, activation("tanh"))


def three_tanh():
    """Returns the risk of tanh(x − 7) + tanh(x) + tanh(x + 7) on linspace(−15, 15, 50)."""
    x = np.linspace(-15.0, 15.0, 50)[:, None]
    return EmpiricalRisk(jnp.asarray(x), jnp.asarray(np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7)))


@functools.cache
def stationary(width):
    """Returns the published minimum of width 1 or 2 brought to stationarity by plain Newton steps."""
    network = tanh_network(WIDTH_1 if width == 1 else WIDTH_2)
    for _ in range(6):
        step = np.linalg.solve(_hessian(three_tanh(), network), gradient(three_tanh(), network))
        network = unravel(ravel(network) - jnp.asarray(step), network)
    return network


_gradient = eqx.filter_jit(lambda risk, network: ravel(risk.gradient(network)))
_hessian = eqx.filter_jit(lambda risk, network: risk.hessian(network))
_jacobian = eqx.filter_jit(lambda risk, network: risk.jacobian(network))


def gradient(risk, network):
    """Returns ∇R as an array."""
    return np.asarray(_gradient(risk, network))


def l1(risk, network):
    """Returns the L1 norm of ∇R."""
    return float(np.abs(gradient(risk, network)).sum())


def made_critical(network, inputs, seed=0):
    """Returns a risk for which the given network is critical: residuals in the left null space of its Jacobian."""
    inputs = jnp.asarray(inputs)
    outputs = network(inputs)
    jacobian = np.asarray(_jacobian(EmpiricalRisk(inputs, outputs), network))
    tall = jacobian.reshape(-1, jacobian.shape[2])
    left = np.linalg.svd(tall, full_matrices=True)[0][:, tall.shape[1] :]
    residuals = left @ np.random.default_rng(seed).normal(size=left.shape[1])
    return EmpiricalRisk(inputs, outputs - jnp.asarray(residuals.reshape(outputs.shape)))
