"""Derivatives of a two-layer network in closed form, neuron by neuron.

The second derivative of a risk in the parameters of a two-layer network is one small block per neuron plus a
Gauss–Newton part of low rank. Here are the two ingredients in *neuron coordinates* u_k = (w_k, b_k, a_k), shape
(neuron, coordinate): the parameters of neuron k side by side, biases left out where the network has none.
"""

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, Int

from condenslab.networks.dense import TwoLayer


class NeuronTangents(eqx.Module):
    """First derivatives of the outputs and second derivatives of a linear form of them.

    Attributes:
        jacobian: ∂f_o(x_i)/∂u_k, shape (sample, output, neuron, coordinate).
        blocks: Σ_{i,o} c_io ∂²f_o(x_i)/∂u_k∂u_k, shape (neuron, coordinate, coordinate), for the given cotangent c.
    """

    jacobian: Float[Array, "sample output neuron coordinate"]
    blocks: Float[Array, "neuron coordinate coordinate"]


def augment(network: TwoLayer, inputs: Float[Array, "sample input"]) -> Float[Array, "sample augmented"]:
    """Returns the inputs with a last column of ones where the network has hidden biases: x̃ = (x, 1)."""
    if network.biases is None:
        return inputs
    return jnp.concatenate([inputs, jnp.ones_like(inputs[:, :1])], axis=1)


def neuron_tangents(
    network: TwoLayer,
    inputs: Float[Array, "sample input"],
    cotangent: Float[Array, "sample output"],
    scale: Float[Array, ""] | None = None,
) -> NeuronTangents:
    """Differentiates a two-layer network, or a multiple of it, in neuron coordinates.

    With z_ik = w_k·x_i + b_k and x̃ = (x, 1): ∂f_o/∂(w,b)_k = A_ok σ′(z_ik) x̃_i and ∂f_o/∂A_o′k = δ_oo′ σ(z_ik). The
    block of neuron k has Σ c_io A_ok σ″(z_ik) x̃_i x̃_iᵀ for (w,b)(w,b) and Σ_i c_io σ′(z_ik) x̃_i for (w,b)A_o.

    Args:
        network: Any two-layer network.
        inputs: A batch, shape (sample, input).
        cotangent: c, weights of the outputs in the linear form, shape (sample, output).
        scale: A factor of the outputs f, scalar, or None for 1.
    """
    if scale is not None:
        cotangent = scale.astype(cotangent.dtype) * cotangent
    value, slope, bend = network.activation.derivatives(network.preactivations(inputs), 2)
    augmented = augment(network, inputs)
    weights = network.output_weights
    outputs = weights.shape[0]
    inner = slope[:, None, :, None] * weights[None, :, :, None] * augmented[:, None, None, :]
    outer = value[:, None, :, None] * jnp.eye(outputs, dtype=value.dtype)[None, :, None, :]
    curved = bend * (cotangent @ weights)
    pairs = augmented[:, :, None] * augmented[:, None, :]
    corner = (curved.T @ pairs.reshape(pairs.shape[0], -1)).reshape(-1, *pairs.shape[1:])
    forces = cotangent[:, :, None] * augmented[:, None, :]
    sides = (slope.T @ forces.reshape(forces.shape[0], -1)).reshape(-1, *forces.shape[1:])
    empty = jnp.zeros((network.width, outputs, outputs), value.dtype)
    blocks = jnp.concatenate(
        [
            jnp.concatenate([corner, jnp.swapaxes(sides, 1, 2)], axis=2),
            jnp.concatenate([sides, empty], axis=2),
        ],
        axis=1,
    )
    jacobian = jnp.concatenate([inner, outer], axis=3)
    return NeuronTangents(jacobian if scale is None else scale.astype(jacobian.dtype) * jacobian, blocks)


def to_neurons(network: TwoLayer) -> Float[Array, "neuron coordinate"]:
    """Returns the parameters of every neuron side by side, u_k = (w_k, b_k, a_k); an output bias is left out."""
    parts = [network.input_weights]
    if network.biases is not None:
        parts.append(network.biases[:, None])
    return jnp.concatenate([*parts, network.output_weights.T], axis=1)


def from_neurons(
    neurons: Float[Array, "neuron coordinate"], output_bias: Float[Array, " output"] | None, like: TwoLayer
) -> TwoLayer:
    """Returns the network with these neuron coordinates: the inverse of `to_neurons`.

    Args:
        neurons: u, shape (neuron, coordinate); the number of neurons may differ from that of `like`.
        output_bias: c, or None.
        like: Says the input dimension, whether there are hidden biases, and the activation.
    """
    inputs = like.input_weights.shape[1]
    hidden = inputs + (like.biases is not None)
    return TwoLayer(
        neurons[:, :inputs],
        None if like.biases is None else neurons[:, inputs],
        neurons[:, hidden:].T,
        output_bias,
        like.activation,
    )


def neuron_order(network: TwoLayer) -> Int[Array, " param"]:
    """Returns, for each entry of (u_1, …, u_m, c) laid end to end, its index in the ravelled parameters θ.

    Example:
        With θ the ravelled network, θ[neuron_order(network)] is `to_neurons` flattened, followed by the output bias.
    """
    theta, unravel = ravel_pytree(network)
    indices = unravel(jnp.arange(theta.size, dtype=theta.dtype))
    flat = to_neurons(indices).reshape(-1)
    if indices.output_bias is not None:
        flat = jnp.concatenate([flat, indices.output_bias])
    return flat.astype(jnp.int32)
