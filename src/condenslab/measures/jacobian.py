"""The Jacobian of a model's outputs in its parameters, as fast as the structure of the model allows."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from condenslab.networks import TwoLayer, apply
from condenslab.networks.conversion import floating, numbers
from condenslab.risk import EmpiricalRisk


def output_jacobian(
    network: PyTree, inputs: np.ndarray | Array, *, predict: Callable[[PyTree, Array], Array] = apply
) -> Float[Array, "sample output param"]:
    """Returns ∂f_o(x_i)/∂θ_j, θ in the order of the ravelled parameters.

    Two-layer networks in closed form; other networks of this package by reverse differentiation sample by sample, since
    their outputs on one sample do not depend on the others; any other `predict` by differentiation of the whole batch.

    Args:
        network: θ, any pytree that `predict` takes.
        inputs: Inputs, shape (sample, input) (or what `predict` takes).
        predict: (params, inputs) → outputs (sample, output).

    Raises:
        ValueError: There is no sample.
    """
    points = floating("inputs", inputs) if predict is apply else numbers("inputs", inputs)
    if points.ndim == 0 or points.shape[0] == 0:
        raise ValueError(f"inputs must hold at least one sample, shape (sample, input). Got shape {points.shape}.")
    if predict is apply and isinstance(network, TwoLayer):
        return _two_layer(network, points)
    if predict is apply:
        return _sample_by_sample(network, points)
    outputs = jax.eval_shape(predict, network, points)
    risk = EmpiricalRisk(points, jnp.zeros(outputs.shape, outputs.dtype), predict=predict)
    return _whole(risk, network)


@eqx.filter_jit
def _two_layer(network: TwoLayer, inputs: Array) -> Array:
    """Returns A_ok σ′(z_ik) x_ij, A_ok σ′(z_ik), δ_oo′ σ(z_ik) and δ_oo′, laid out as the leaves are."""
    value, slope = network.activation.derivatives(network.preactivations(inputs), 1)
    samples, outputs = inputs.shape[0], network.output_weights.shape[0]
    eye = jnp.eye(outputs, dtype=value.dtype)
    pushed = slope[:, None, :] * network.output_weights[None, :, :]
    parts = [(pushed[:, :, :, None] * inputs[:, None, None, :]).reshape(samples, outputs, -1)]
    if network.biases is not None:
        parts.append(pushed)
    parts.append((eye[None, :, :, None] * value[:, None, None, :]).reshape(samples, outputs, -1))
    if network.output_bias is not None:
        parts.append(jnp.broadcast_to(eye[None], (samples, outputs, outputs)))
    return jnp.concatenate(parts, axis=2)


@eqx.filter_jit
def _sample_by_sample(network: PyTree, inputs: Array) -> Array:
    theta, unravel = ravel_pytree(network)
    one = jax.jacrev(lambda t, x: unravel(t)(x[None])[0])
    return jax.vmap(one, in_axes=(None, 0))(theta, inputs)


@eqx.filter_jit
def _whole(risk: EmpiricalRisk, params: PyTree) -> Array:
    return risk.jacobian(params)
