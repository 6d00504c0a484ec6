"""Jacobian and Hessian of dense networks as few large matrix products, in the order of the ravelled parameters."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from condenslab.networks.dense import MLP, TwoLayer, as_mlp, parameter_count
from condenslab.networks.products import gram_slabs, sum_over_chunks, unfold_slabs
from condenslab.networks.structure import neuron_order
from condenslab.networks.structure_deep import Part, Pass, assemble, hessian_blocks

Local = Callable[..., tuple[Array, Array]]

_CHUNK = 2**18
_FEWEST_ROWS, _MOST_ROWS = 128, 4096
_FEWEST_SAMPLES = 64
_GRADIENT_CHUNK = 2**15


def dense_jacobian(
    network: TwoLayer | MLP, inputs: Float[Array, "sample input"], forms: Float[Array, "sample row output"]
) -> Float[Array, "sample row param"]:
    """Returns the derivatives of linear forms of the outputs in the parameters.

    Args:
        network: θ.
        inputs: A batch, shape (sample, input).
        forms: c, the forms Σ_o c_ro f_o(x_i) of every sample.
    """
    samples, rows, _ = forms.shape
    columns = _columns(network, Pass(_layered(network), inputs), jnp.transpose(forms, (2, 1, 0)))
    return jnp.transpose(columns.reshape(columns.shape[0], rows, samples), (2, 1, 0))


def dense_hessian(
    network: TwoLayer | MLP, inputs: Float[Array, "sample input"], data: tuple[Array, ...], local: Local
) -> Float[Array, "param param"]:
    """Returns the Hessian of Σ_i ℓ_i(f_θ(x_i)) in the parameters.

    Args:
        network: θ.
        inputs: A batch, shape (sample, input).
        data: What else ℓ_i depends on, each of shape (sample, …).
        local: (outputs, *data) → ∂ℓ_i/∂f, shape (sample, output), and a root G_i of ∂²ℓ_i/∂f² = G_i·G_iᵀ, shape
            (sample, output, output).
    """
    if isinstance(network, TwoLayer) and _one_by_one(network):
        return _by_neurons(network, inputs, data, local)
    layered = _layered(network)

    def part(x: Array, *rest: Array) -> dict[tuple[int, int], tuple[Array, Array | None]]:
        seen = Pass(layered, x)
        cotangent, root = local(seen.outputs.T, *rest)
        return hessian_blocks(seen, cotangent.T, jnp.einsum("noq,npq->opn", root, root))

    return assemble(layered, sum_over_chunks(part, (inputs, *data), hessian_rows(network)), _order(network))


def _by_neurons(network: TwoLayer, inputs: Array, data: tuple[Array, ...], local: Local) -> Array:
    """Returns the Hessian of a two-layer network with one output: a Gauss–Newton part and one block a neuron."""

    def part(x: Array, *rest: Array) -> tuple[tuple[Array, ...], Array]:
        seen = Pass(layered, x)
        cotangent, root = local(seen.outputs.T, *rest)
        return gram_slabs(_columns(network, seen, root.T)), _neuron_blocks(network, seen, cotangent[:, 0])

    layered, order = as_mlp(network), neuron_order(network)
    slabs, blocks = sum_over_chunks(part, (inputs, *data), hessian_rows(network))
    width, size = blocks.shape[:2]
    own = order[: width * size].reshape(width, size)
    return unfold_slabs(slabs).at[own[:, :, None], own[:, None, :]].add(blocks)


def _columns(network: TwoLayer | MLP, seen: Pass, forms: Float[Array, "output row sample"]) -> Array:
    """Returns the derivatives of linear forms of the outputs, shape (param, row × sample)."""
    deltas = seen.backward(forms)
    parts = [
        deltas[layer][:, None] if bias else deltas[layer][:, None] * seen.inputs[layer][None, :, None, :]
        for layer, bias in _order(network)
    ]
    size = forms.shape[1] * forms.shape[2]
    return jnp.concatenate([part.reshape(part.shape[0] * part.shape[1], size) for part in parts], axis=0)


def _neuron_blocks(network: TwoLayer, seen: Pass, cotangent: Float[Array, " sample"]) -> Array:
    """Returns what `neuron_tangents` calls blocks, for one output, with the samples last."""
    augmented = seen.augmented(0)
    forces = augmented * cotangent[None]
    size = augmented.shape[0]
    pairs = (forces[:, None, :] * augmented[None]).reshape(size * size, augmented.shape[1])
    corner = (seen.bends[0] * network.output_weights[0][:, None]) @ pairs.T
    sides = (seen.slopes[0] @ forces.T)[:, None, :]
    top = jnp.concatenate([corner.reshape(-1, size, size), jnp.swapaxes(sides, 1, 2)], axis=2)
    return jnp.concatenate([top, jnp.concatenate([sides, jnp.zeros_like(sides[:, :, :1])], axis=2)], axis=1)


def dense_gradient(
    network: TwoLayer | MLP, inputs: Float[Array, "sample input"], data: tuple[Array, ...], local: Local
) -> tuple[Array, TwoLayer | MLP]:
    """Returns Σ_i ℓ_i and its gradient, a chunk of samples at a time.

    Args:
        network: θ.
        inputs: A batch, shape (sample, input).
        data: What else ℓ_i depends on, each of shape (sample, …).
        local: (outputs, *data) → Σ_i ℓ_i over a chunk, and ∂ℓ_i/∂f, shape (sample, output).
    """
    layered = _layered(network)

    def part(x: Array, *rest: Array) -> tuple[Array, list[Array], list[Array | None]]:
        seen = Pass(layered, x, order=1)
        value, cotangent = local(seen.outputs.T, *rest)
        deltas = [delta[:, 0] for delta in seen.backward(cotangent.T[:, None, :])]
        slopes = [_weight_slope(delta, hidden) for delta, hidden in zip(deltas, seen.inputs, strict=True)]
        biases = zip(deltas, layered.biases, strict=True)
        return value, slopes, [None if bias is None else jnp.sum(delta, axis=1) for delta, bias in biases]

    value, weights, biases = sum_over_chunks(part, (inputs, *data), gradient_rows(network))
    if isinstance(network, TwoLayer):
        return value, TwoLayer(weights[0], biases[0], weights[1], biases[1], network.activation)
    return value, MLP(tuple(weights), tuple(biases), network.activation, network.residual)


def many_samples(network: TwoLayer | MLP, samples: int) -> bool:
    """Returns whether `dense_gradient` pays: with fewer samples than neurons there are no long rows.

    Args:
        network: θ.
        samples: How many.
    """
    return samples >= max(_FEWEST_SAMPLES, *_layered(network).widths)


def _weight_slope(delta: Float[Array, "outer sample"], hidden: Float[Array, "inner sample"]) -> Array:
    if delta.shape[0] == 1:
        return (hidden @ delta[0])[None]  # a row times a matrix runs four times slower than a matrix times a column
    return delta @ hidden.T


def hessian_rows(network: TwoLayer | MLP) -> int:
    """Returns how many samples fill a chunk of the Hessian: it stays in the cache, its products stay efficient.

    Args:
        network: θ.
    """
    if _one_by_one(network):
        row = parameter_count(network)
    else:
        row = max(outer * outer for outer in _layered(network).widths[1:])
    return min(max(_CHUNK // max(1, row), _FEWEST_ROWS), _MOST_ROWS)


def gradient_rows(network: TwoLayer | MLP) -> int:
    """Returns how many samples fill a chunk of the gradient, so that activations stay in the cache.

    Args:
        network: θ.
    """
    return min(max(_GRADIENT_CHUNK // max(1, *_layered(network).widths), _FEWEST_ROWS), _MOST_ROWS // 2)


def _one_by_one(network: TwoLayer | MLP) -> bool:
    return isinstance(network, TwoLayer) and network.output_weights.shape[0] == 1


def _layered(network: TwoLayer | MLP) -> MLP:
    return as_mlp(network) if isinstance(network, TwoLayer) else network


def _order(network: TwoLayer | MLP) -> list[Part]:
    """Returns the parts of the parameters in the order of the network's fields."""
    layered = _layered(network)
    biased = [layer for layer, bias in enumerate(layered.biases) if bias is not None]
    weights: list[Part] = [(layer, False) for layer in range(len(layered.weights))]
    parts = [*weights, *((layer, True) for layer in biased)]
    return sorted(parts) if isinstance(network, TwoLayer) else parts
