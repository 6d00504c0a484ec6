"""Dense networks as lists of weight matrices and biases, the form in which edits are written once for all depths."""

from collections.abc import Sequence
from typing import TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.measures.neurons import hidden_layers
from condenslab.networks import MLP, TwoLayer

Dense = TypeVar("Dense", TwoLayer, MLP)

NULL = -1
"""What index maps hold for a null neuron, one that copies none."""


def layers(network: TwoLayer | MLP) -> tuple[tuple[Array, ...], tuple[Array | None, ...]]:
    """Returns (W_1 … W_L) and (b_1 … b_L), an entry None where a layer has no biases.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    hidden_layers(network)
    if isinstance(network, TwoLayer):
        return (network.input_weights, network.output_weights), (network.biases, network.output_bias)
    return network.weights, network.biases


def with_layers(network: Dense, weights: Sequence[Array], biases: Sequence[Array | None]) -> Dense:
    """Returns the network with other weights and biases, of any widths but the same depth."""
    if isinstance(network, TwoLayer):
        leaves = (weights[0], biases[0], weights[1], biases[1])
        return eqx.tree_at(
            lambda n: (n.input_weights, n.biases, n.output_weights, n.output_bias),
            network,
            leaves,
            is_leaf=lambda x: x is None,
        )
    return eqx.tree_at(lambda n: (n.weights, n.biases), network, (tuple(weights), tuple(biases)))


def widths(network: TwoLayer | MLP) -> tuple[int, ...]:
    """Returns the widths (m_0, …, m_L), input and output dimension included.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    weights, _ = layers(network)
    return (weights[0].shape[-1], *(weight.shape[-2] for weight in weights))


def skips(widths: Sequence[int]) -> tuple[int, ...]:
    """Returns the hidden layers to which a residual network of these widths adds their input."""
    return tuple(layer for layer in range(len(widths) - 2) if widths[layer] == widths[layer + 1])


def layer_name(position: int, depth: int) -> str:
    """Returns how messages call layer `position` of 1 … L = `depth`: hidden layers are counted from 0."""
    return "the output layer" if position == depth else f"hidden layer {position - 1}"


@eqx.filter_jit
def copied(
    network: Dense,
    indices: Sequence[np.ndarray | Array],
    shares: Sequence[np.ndarray | Array],
    terms: Sequence[np.ndarray | Array],
) -> Dense:
    """Returns the network with W′_ij = α_ij·W_{I(i)I(j)} (α_ij where one is null) and b′_i = α_b,i + b_{I(i)}.

    Args:
        network: The narrow network.
        indices: I_0 … I_L, each of shape (wide neuron,).
        shares: α of every layer, shape (neurons out, neurons in).
        terms: α_b of every layer, shape (neuron,); those of layers without biases are ignored.
    """
    wide_weights, wide_biases = [], []
    for k, (weight, bias) in enumerate(zip(*layers(network), strict=True)):
        rows, columns, share = indices[k + 1], indices[k], shares[k].astype(weight.dtype)
        both = (rows != NULL)[:, None] & (columns != NULL)[None, :]
        wide_weights.append(jnp.where(both, share * _taken(weight, rows, columns), share))
        if bias is not None:
            bias = terms[k].astype(bias.dtype) + jnp.where(rows != NULL, bias[jnp.maximum(rows, 0)], 0.0)
        wide_biases.append(bias)
    return with_layers(network, wide_weights, wide_biases)


@eqx.filter_jit
def copied_gradient(
    gradient: Dense,
    indices: Sequence[np.ndarray | Array],
    betas: Sequence[np.ndarray | Array],
    constants: Sequence[np.ndarray | Array],
) -> Dense:
    """Returns the gradient of the copied network: β_i·g_{W, I(i)I(j)} (β_i·σ(b*_j)·g_{b, I(i)} for null j), β_i·g_b.

    Args:
        gradient: g, of the structure of the narrow network.
        indices: I_0 … I_L, each of shape (wide neuron,).
        betas: β of every layer, shape (neuron,), 0 for null neurons.
        constants: σ(b*_j) of the neurons before every layer, shape (neuron,).
    """
    wide_weights, wide_biases = [], []
    for k, (weight, bias) in enumerate(zip(*layers(gradient), strict=True)):
        rows, columns = indices[k + 1], indices[k]
        beta, value = betas[k].astype(weight.dtype), constants[k].astype(weight.dtype)
        if bias is not None:
            bias = beta * bias[jnp.maximum(rows, 0)]
        from_null = jnp.zeros((1, 1), weight.dtype) if bias is None else bias[:, None] * value[None, :]
        own = beta[:, None] * _taken(weight, rows, columns)
        wide_weights.append(jnp.where((columns != NULL)[None, :], own, from_null))
        wide_biases.append(bias)
    return with_layers(gradient, wide_weights, wide_biases)


def _taken(weight: Array, rows: np.ndarray | Array, columns: np.ndarray | Array) -> Array:
    return weight[jnp.maximum(rows, 0)][:, jnp.maximum(columns, 0)]
