"""Neurons that look as if they were steps between samples, or constants: what is to be followed further out."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.networks import MLP, TwoLayer
from condenslab.networks.dense import skips
from condenslab.networks.layered import layers, widths
from condenslab.risk import EmpiricalRisk

IDLE = 1e-7
"""A neuron contributes nothing where its output is below this, relative to the largest |target|."""

STEEPEST = 3.0
"""A neuron is looked at further out where its preactivation jumps by more than this from sample to sample."""

_CONSTANT = 1e-6
_TWINS = 1e-3
_CHUNK = 256


def suspects(risk: EmpiricalRisk, network: TwoLayer | MLP, steepest: float = STEEPEST) -> list[tuple[int, int]]:
    """Returns (hidden layer, neuron) of what looks saturated; neurons with a twin, which would stand in, are left out.

    Args:
        risk: R.
        network: One network.
        steepest: The largest jump of a preactivation between neighbouring samples.
    """
    if network.activation.homogeneity is not None or not ravel_pytree(network)[0].size:
        return []
    weights, biases = layers(network)
    found = []
    batch = jax.tree.map(lambda leaf: leaf[None], network)
    for layer, (z, flat, live) in enumerate(jax.device_get(_hidden(risk, batch))):
        bad = (live & (flat | (_median_jump(np.nan_to_num(z)) > steepest)))[0]
        bias = biases[layer]
        rows = np.asarray(weights[layer] if bias is None else jnp.concatenate([weights[layer], bias[:, None]], axis=1))
        found += [(layer, int(neuron)) for neuron in np.flatnonzero(bad) if not _has_twin(rows, int(neuron))]
    return found


def _has_twin(rows: np.ndarray, neuron: int) -> bool:
    others, own = np.delete(rows, neuron, axis=0), rows[neuron]
    apart = np.minimum(np.abs(others - own).max(axis=1, initial=0.0), np.abs(others + own).max(axis=1, initial=0.0))
    return bool(np.any(apart <= _TWINS * np.abs(own).max()))


def escaped(risk: EmpiricalRisk, like: PyTree, theta: np.ndarray, steepest: float) -> np.ndarray:
    """Says of every member whether some neuron of the first layer is far too steep, shape (member,).

    Args:
        risk: R.
        like: A network of the shapes of θ.
        theta: θ, shape (member, param).
        steepest: The largest jump of a preactivation between neighbouring samples.
    """
    if not isinstance(like, TwoLayer | MLP) or like.activation.homogeneity is not None:
        return np.zeros(len(theta), dtype=bool)
    shape = widths(like)[:2]
    places = np.asarray(layers(ravel_pytree(like)[1](jnp.arange(theta.shape[1], dtype=float)))[0][0])
    first = theta[:, places.astype(int).ravel()].reshape(len(theta), shape[1], shape[0])
    return np.any(_median_jump(np.einsum("nd,skd->skn", np.asarray(risk.inputs), first)) > steepest, axis=1)


def looks_saturated(risk: EmpiricalRisk, networks: PyTree, steepest: float) -> np.ndarray:
    """Whether some neuron of each network is constant on the data, or steps between two samples, shape (start,).

    A neuron that contributes nothing is not asked: without it the network is as critical (arXiv 2405.17501,
    Proposition 4.1).

    Args:
        risk: R.
        networks: Networks with a leading axis on every array.
        steepest: The largest jump of a preactivation between neighbouring samples.
    """
    count = len(jax.tree.leaves(networks)[0])
    if not isinstance(networks, TwoLayer | MLP) or networks.activation.homogeneity is not None:
        return np.zeros(count, dtype=bool)
    parts = []
    for low in range(0, count, _CHUNK):
        own = np.minimum(np.arange(low, low + _CHUNK), count - 1) if count > _CHUNK else np.arange(count)
        seen = jax.device_get(_hidden(risk, jax.tree.map(lambda leaf, own=own: leaf[own], networks)))
        bad = [np.any(live & (flat | (_median_jump(np.nan_to_num(z)) > steepest)), axis=1) for z, flat, live in seen]
        parts.append(np.any(bad, axis=0))
    return np.concatenate(parts)[:count]


def _median_jump(projections: np.ndarray) -> np.ndarray:
    """Returns the median of the positive differences of neighbours along the last axis, 0 where there is none."""
    jumps = np.sort(np.diff(np.sort(projections, axis=-1), axis=-1), axis=-1)
    positive = np.count_nonzero(jumps > 0, axis=-1)
    if jumps.shape[-1] == 0:
        return np.zeros(positive.shape)
    middle = np.minimum(jumps.shape[-1] - positive + positive // 2, jumps.shape[-1] - 1)
    return np.take_along_axis(jumps, middle[..., None], axis=-1)[..., 0]


@eqx.filter_jit
def _hidden(risk: EmpiricalRisk, networks: TwoLayer | MLP) -> list[tuple[Array, Array, Array]]:
    """Returns preactivations, whether they are constant, and whether they count, for the neurons of every hidden layer.

    Shapes (start, neuron, sample), (start, neuron) and (start, neuron).
    """
    over = skips(widths(networks)) if isinstance(networks, MLP) and networks.residual else ()
    largest = jnp.abs(risk.targets).max()

    def hidden_layers(network: TwoLayer | MLP) -> list[tuple[Array, Array, Array]]:
        (weights, biases), hidden, seen = layers(network), risk.inputs, []
        for number, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            z = hidden @ weight.T if bias is None else hidden @ weight.T + bias[None, :]
            value, slope = network.activation.derivatives(z, 1)
            height = jnp.abs(value).max(axis=0)
            flat = jnp.abs(slope).max(axis=0) <= _CONSTANT * height
            unit = largest if number == len(weights) - 2 else 1.0
            seen.append((z.T, flat, height * jnp.abs(weights[number + 1]).max(axis=0) > IDLE * unit))
            hidden = value + hidden if number in over else value
        return seen

    return jax.vmap(hidden_layers)(networks)
