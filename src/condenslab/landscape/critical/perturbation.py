"""Small random changes of a network whose dead neurons stay as they are: evidence for local minima of the risk."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float

from condenslab.networks import TwoLayer, activation
from condenslab.networks.checks import check_number, check_positive
from condenslab.networks.checks import count as whole
from condenslab.networks.conversion import Key, as_key
from condenslab.risk import EmpiricalRisk, Risk, require_samples

_RELU = activation("relu")
_CHUNK = 256


def dead_neurons(risk: Risk, network: TwoLayer) -> Bool[np.ndarray, " neuron"]:
    """Returns which neurons have negative preactivations on all samples, so that ReLU ignores them.

    Args:
        risk: R, for its inputs; samples of weight 0 are padding and keep no neuron alive.
        network: θ, a ReLU network.

    Raises:
        TypeError: Not a `TwoLayer`, or an activation other than ReLU: it is 0 on no interval.
    """
    risk = require_samples(risk)
    if not isinstance(network, TwoLayer) or network.activation != _RELU:
        raise TypeError(f"neurons die in a TwoLayer of ReLU (networks.activation('relu')). Got {network!r:.80}.")
    return _dead(risk, network)


def _dead(risk: EmpiricalRisk, network: TwoLayer) -> Bool[np.ndarray, " neuron"]:
    if network.activation != _RELU:
        return np.zeros(network.width, dtype=bool)
    return np.asarray(jnp.all(network.preactivations(risk.counted().inputs) < 0, axis=0))


def perturbed_changes(
    risk: Risk, network: TwoLayer, *, key: Key, count: int, amplitude: float
) -> Float[np.ndarray, " draw"]:
    """Returns R(θ + δ) − R(θ) for random δ, uniform on [−amplitude, amplitude] for every parameter of a live neuron.

    Dead neurons of ReLU stay as they are. No change below zero is evidence for a local minimum, not a proof.

    Args:
        risk: R, in float64.
        network: θ.
        key: A JAX key or an integer seed.
        count: How many draws, at least 1.
        amplitude: Positive.

    Raises:
        ValueError: No draws, or an amplitude that is not positive.

    References:
        The test of Wu, Simsek and Ged, ICLR 2025 (arXiv 2402.05626), with 5000 draws and a tenth of the smallest
        parameter.
    """
    risk = require_samples(risk)
    draws = whole("count", count)
    check_number("amplitude", amplitude)
    check_positive("amplitude", amplitude)
    alive = jnp.asarray(~_dead(risk, network), network.input_weights.dtype)
    keys = jax.random.split(as_key(key), draws)
    return np.asarray(_changes(risk, network, alive, keys, jnp.asarray(amplitude)))


@eqx.filter_jit
def _changes(risk: EmpiricalRisk, network: TwoLayer, alive: Array, keys: Array, amplitude: Array) -> Array:
    leaves, structure = jax.tree.flatten(network)
    masks = jax.tree.leaves(
        TwoLayer(
            jnp.broadcast_to(alive[:, None], network.input_weights.shape),
            None if network.biases is None else alive,
            jnp.broadcast_to(alive[None, :], network.output_weights.shape),
            None if network.output_bias is None else jnp.ones_like(network.output_bias),
            network.activation,
        )
    )
    before = risk.value(network)

    def change(key: Array) -> Array:
        own = jax.random.split(key, len(leaves))
        moved = [
            leaf + mask * jax.random.uniform(part, leaf.shape, leaf.dtype, -amplitude, amplitude)
            for part, leaf, mask in zip(own, leaves, masks, strict=True)
        ]
        return risk.value(jax.tree.unflatten(structure, moved)) - before

    return jax.lax.map(change, keys, batch_size=min(_CHUNK, len(keys)))
