"""Parameters that express the target of the convolution experiments, in networks of several kinds and widths.

The target is f*(x) = Σ_s tanh(0.6x_s + 0.8x_{s+1} + x_{s+2}), s = 1, 2, 3, on ℝ⁵ (LLR, Fig. 3); models have biases.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from condenslab.networks import ConvTwoLayer, TwoLayer

KERNEL = (0.6, 0.8, 1.0)
_TOKENS, _MODEL = 3, 3


def make(point: str, copies: int, seed: int) -> tuple[Any, Callable[..., Any], tuple[int, ...]]:
    """Returns a network at a target point, its predict function and the shape of one input.

    Args:
        point: "dense, split", "dense, null", "dense, dead neuron", "shared", "shared, split", "shared, dead kernel",
            "unshared" or "attention" (a random layer, one number read off it).
        copies: The dense network has width 3 · copies, the shared one so many kernels.
        seed: Of a dead neuron or kernel, and of the attention layer.
    """
    from condenslab import networks

    if point == "attention":
        layer = networks.multi_head_attention(seed, heads=1, d_model=_MODEL, d=2, std=1.0)
        return layer, _first_output, (_TOKENS, _MODEL)
    if point.startswith("dense"):
        return dense(point, copies, seed), networks.apply, (5,)
    return convolution(point, copies, seed), networks.apply, (5,)


def dense(point: str, copies: int, seed: int) -> "TwoLayer":
    """Returns the target as a two-layer tanh network with biases.

    Args:
        point: "dense, split" (equal shares), "dense, null" (further neurons are 0), or "dense, dead neuron" (one more,
            with random input weights and output weight 0).
        copies: Width 3 · copies (and one more, for the dead one).
        seed: Of the dead neuron.
    """
    import jax.numpy as jnp

    from condenslab import landscape, networks

    dead = point == "dense, dead neuron"
    width = 3 * (1 if "split" in point else copies) + dead
    weights, outgoing, biases = np.zeros((width, 5)), np.zeros((1, width)), np.zeros(width)
    for s in range(3):
        weights[s, s : s + 3], outgoing[0, s] = KERNEL, 1.0
    if dead:
        random = np.random.default_rng([seed, 2])
        weights[-1], biases[-1] = random.standard_normal(5), random.standard_normal()
    w, b, a = map(jnp.asarray, (weights, biases, outgoing))
    network = networks.TwoLayer(w, b, a, None, networks.activation("tanh"))
    return landscape.split_to_width(network, 3 * copies) if "split" in point else network


def convolution(point: str, copies: int, seed: int) -> "ConvTwoLayer":
    """Returns the target as a two-layer convolution network with biases.

    Args:
        point: "shared", "shared, split" (copies of the kernel with equal shares), "shared, dead kernel" (one more, with
            random weights and output weights 0), or "unshared".
        copies: Number of kernels, for the split one.
        seed: Of the dead kernel.
    """
    import jax.numpy as jnp

    from condenslab import networks

    count = copies if "split" in point else 2 if "dead" in point else 1
    kernels = np.tile(np.array(KERNEL), (count, 1))
    outgoing, biases = np.full((1, count, 3), 1.0 / count), np.zeros(count)
    if "dead" in point:
        random = np.random.default_rng([seed, 2])
        kernels[1], biases[1] = random.standard_normal(3), random.standard_normal()
        outgoing[0] = [[1.0] * 3, [0.0] * 3]
    k, b, a = map(jnp.asarray, (kernels, biases, outgoing))
    network = networks.ConvTwoLayer(k, b, a, networks.activation("tanh"))
    return networks.as_unshared(network) if point == "unshared" else network


def _first_output(layer: Any, inputs: Any) -> Any:
    """Returns one fixed combination of the layer's outputs, so that a sample is one equation; shape (sample, 1)."""
    outputs = layer(inputs)
    weights = np.cos(np.arange(1, outputs.shape[1] + 1))
    return outputs @ weights.astype(outputs.dtype)[:, None]
