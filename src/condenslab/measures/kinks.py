"""Where neurons with a kink at 0 change sides: their preactivations, and points in the cells that a line meets."""

import numpy as np

from condenslab.networks import MLP, TwoLayer, as_mlp

_FAR = 1e4
"""How many times the size of the inputs a line reaches to either side."""


def line_points(network: MLP | TwoLayer, known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns a point in every cell that a random line meets, within a finite stretch of it, shape (cell, input).

    Args:
        network: Neurons with a kink at 0.
        known: Inputs, shape (sample, input); the line begins near one of them.
        random: The generator that is drawn from.
    """
    start = known[random.integers(len(known))]
    spread = float(np.median(np.abs(known))) + 1e-3
    way = random.standard_normal(known.shape[1])
    begin = start + 0.1 * spread * random.standard_normal(known.shape[1])
    ends = _FAR * max(1.0, spread)
    times = np.array([-ends, ends])
    depth = len(preactivations(network, begin[None]))
    for layer in range(depth):
        z = preactivations(network, begin + times[:, None] * way)[layer]
        a, b, low, high = times[:-1, None], times[1:, None], z[:-1], z[1:]
        crosses = (low > 0) != (high > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.unique(np.concatenate([times, (a - low * (b - a) / (high - low))[crosses]]))
    middles = (times[:-1] + times[1:]) / 2
    middles[0], middles[-1] = times[1] - spread if len(times) > 2 else 0.0, times[-2] + spread
    return begin + middles[:, None] * way


def preactivations(network: MLP | TwoLayer, inputs: np.ndarray) -> list[np.ndarray]:
    """Returns the preactivations of every hidden layer, each of shape (sample, neuron).

    Args:
        network: Neurons with a kink at 0.
        inputs: Shape (sample, input).
    """
    layered = as_mlp(network) if isinstance(network, TwoLayer) else network
    leak = 0.01 if layered.activation.name == "leaky_relu" else 0.0
    found, hidden = [], inputs
    for weight, bias in zip(layered.weights[:-1], layered.biases[:-1], strict=True):
        z = hidden @ np.asarray(weight).T + (0.0 if bias is None else np.asarray(bias))
        active = np.where(z > 0, z, leak * z)
        hidden = active + hidden if layered.residual and active.shape == hidden.shape else active
        found.append(z)
    return found
