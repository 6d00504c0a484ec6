"""Dense networks whose neurons copy those of a narrow one, or none: the affine maps of compatible embeddings."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks.layered import Dense, layers, with_layers

NULL = -1
"""What index maps hold for a null neuron, one that copies none."""


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
