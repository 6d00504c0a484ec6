"""The one problem of all benchmarks: three tanh steps on 50 points, a tanh network without output bias, small start."""

import jax.numpy as jnp
import numpy as np

from condenslab import networks, tasks
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk

WIDTH = 500
RATE = 0.005
L2 = 1e-6


def make_risk(precision: str = "float64") -> EmpiricalRisk:
    """Returns R, the mean squared error on linspace(−15, 15, 50).

    Args:
        precision: `"float32"` or `"float64"`.
    """
    task = tasks.task("three_tanh")
    return EmpiricalRisk(jnp.asarray(task.inputs, precision), jnp.asarray(task.targets, precision))


def make_start(seed: int = 0, width: int = WIDTH) -> networks.TwoLayer:
    """Returns a network with every parameter drawn from N(0, variance width⁻³), in float64.

    Args:
        seed: Of the draw.
        width: m.
    """
    scale = initial.from_variance_exponent(3, width)
    return networks.two_layer(seed, width=width, inputs=1, activation="tanh", scale=scale)


def make_parameters(members: int, precision: str) -> np.ndarray:
    """Returns the starts of an ensemble, shape (member, 3, neuron), the rows w, b and a.

    Args:
        members: How many; their seeds are 0, 1, …
        precision: `"float32"` or `"float64"`.
    """
    starts = [make_start(seed) for seed in range(members)]
    rows = [[net.input_weights[:, 0], net.biases, net.output_weights[0]] for net in starts]
    return np.asarray(rows, precision)
