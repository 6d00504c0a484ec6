"""Which end points are the same function, and the narrowest network of each."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.landscape.critical.search import Ends, in_chunks
from condenslab.landscape.critical.stationary import newton
from condenslab.landscape.receipt import surroundings
from condenslab.landscape.reduction.reduce import reduce
from condenslab.networks import TwoLayer, ravel, unravel
from condenslab.networks.structure import from_neurons, to_neurons
from condenslab.risk import EmpiricalRisk, SquaredLoss

_GRID_POINTS = 2000
_GRID_MARGIN = 1 / 6
_CHUNK = 256
_REDUCTION_THRESHOLDS = (1e-3, 1e-6)
_REDUCTION_DROP = 1e-6
CANDIDATES = 8
"""So many of the starts that ended on a function are reduced in search of its narrowest network."""

_IDLE = 1e-3


def grid_of(inputs: np.ndarray) -> np.ndarray:
    """Returns the data and a box wider by a sixth on every side, which is [−20, 20] for data on [−15, 15].

    Args:
        inputs: x, shape (sample, input).
    """
    if inputs.shape[1] > 1:
        return np.concatenate([inputs, surroundings(inputs, _GRID_POINTS, _GRID_MARGIN)])
    low, high = inputs.min(), inputs.max()
    margin = _GRID_MARGIN * (high - low or 1.0)
    return np.unique(np.append(np.linspace(low - margin, high + margin, _GRID_POINTS), inputs))[:, None]


def distinct(risk: EmpiricalRisk, ends: Ends, accepted: list[int], grid: np.ndarray, apart: float) -> list[list[int]]:
    """Groups starts by the function they ended on, most accurate first in each group.

    Args:
        risk: R.
        ends: Where the starts ended.
        accepted: The starts to group.
        grid: Where functions are compared, shape (point, input); holds the data.
        apart: Functions that differ by less than this everywhere on the grid are one.
    """
    groups: list[list[int]] = []
    known = np.empty((_CHUNK, len(grid), risk.targets.shape[1]))
    roots = np.empty(_CHUNK)
    # Functions that close have √R at most so far apart, by the triangle inequality: a quick test of most pairs.
    plain = isinstance(risk.loss, SquaredLoss) and risk.scale is None
    reach = apart * np.sqrt(risk.targets.shape[1]) if plain else np.inf
    order = np.array(sorted(accepted, key=lambda k: ends.norms[k]), int)
    for some, padded in in_chunks(order):
        networks = jax.tree.map(lambda leaf, own=padded: leaf[own], ends.networks)
        values, risks = jax.device_get(_evaluate_all(risk, networks, jnp.asarray(grid)))
        for k, function, root in zip(some, values, np.sqrt(np.abs(risks)), strict=False):
            count = len(groups)
            close = np.flatnonzero(np.abs(roots[:count] - root) <= reach)
            near = close[np.abs(known[close] - function).max(axis=(1, 2)) < apart]
            if near.size:
                groups[near[0]].append(int(k))
                continue
            if count == len(known):  # room for as many again: a copy for every new function would take most of the time
                known, roots = np.concatenate([known, known]), np.append(roots, roots)
            known[count], roots[count] = function, root
            groups.append([int(k)])
    return groups


def narrowest(
    risk: EmpiricalRisk, ends: Ends, members: list[int], grid: np.ndarray, apart: float, tolerance: float
) -> PyTree:
    """Returns the narrowest network with the same critical function among reductions of a few members.

    Networks that are not two-layer ones are only brought to stationarity.

    Args:
        risk: R.
        ends: Where the starts ended.
        members: Starts that ended on the function, most accurate first.
        grid: Where functions are compared, shape (point, input).
        apart: Functions that differ by less than this everywhere on the grid are one.
        tolerance: The L1 norm of the gradient that counts as zero.
    """
    original = ends.network(members[0])
    function = outputs(original, grid)
    for candidate in _reductions(ends, members, grid, apart) if isinstance(original, TwoLayer) else []:
        theta, norm, _, _ = newton(risk, candidate, np.asarray(ravel(candidate)), tolerance=tolerance)
        narrow = unravel(jnp.asarray(theta), candidate)
        if norm <= tolerance and np.abs(outputs(narrow, grid) - function).max() < apart:
            return canonical(narrow)
    theta, _, _, _ = newton(risk, original, np.asarray(ravel_pytree(original)[0]), tolerance=tolerance)
    polished = ravel_pytree(original)[1](jnp.asarray(theta))
    return canonical(polished) if isinstance(polished, TwoLayer) else polished


def outputs(network: PyTree, grid: np.ndarray) -> np.ndarray:
    """Returns the outputs of a network on the grid, shape (point, output)."""
    return np.asarray(_evaluate(network, grid)[0])


def canonical(network: TwoLayer) -> TwoLayer:
    """Returns one of the equivalent networks: input weights positive where the sign is free, neurons sorted by them."""
    neurons = np.asarray(to_neurons(network))
    inputs = network.input_weights.shape[1]
    hidden = inputs + (network.biases is not None)
    first = np.take_along_axis(neurons, np.argmax(neurons[:, :inputs] != 0, axis=1)[:, None], axis=1)
    if network.activation.parity is not None:
        sign = np.where(first < 0, -1.0, 1.0)
        flipped = sign if network.activation.parity == "odd" else 1.0
        neurons = np.concatenate([sign * neurons[:, :hidden], flipped * neurons[:, hidden:]], axis=1)
    order = np.lexsort(neurons[:, :hidden].T[::-1])
    return from_neurons(jnp.asarray(neurons[order]), network.output_bias, network)


def _reductions(ends: Ends, members: list[int], grid: np.ndarray, apart: float) -> list[TwoLayer]:
    """Returns reductions of a few members that are narrower than the search, narrowest first."""
    found = [
        reduce(_without_idle(ends.network(k), grid, apart), threshold=threshold, drop=_REDUCTION_DROP).network
        for threshold in _REDUCTION_THRESHOLDS
        for k in members[:CANDIDATES]
    ]
    narrower = [network for network in found if network.width < ends.networks.width]
    return sorted(narrower, key=lambda network: network.width)


def _without_idle(network: TwoLayer, grid: np.ndarray, apart: float) -> TwoLayer:
    """Removes neurons whose output is nowhere near the difference at which functions are told apart."""
    kept = np.flatnonzero(np.asarray(_evaluate(network, grid)[1]) > _IDLE * apart)
    neurons = to_neurons(network)[kept]
    return from_neurons(neurons, network.output_bias, network)


@eqx.filter_jit
def _evaluate_all(risk: EmpiricalRisk, networks: PyTree, grid: Array) -> tuple[Array, Array]:
    return jax.vmap(lambda network: (risk.predict(network, grid), risk.value(network)))(networks)


@jax.jit
def _evaluate(network: PyTree, grid: Array) -> tuple[Array, Array]:
    """Returns the outputs on the grid and the largest contribution of each neuron of a two-layer network to them."""
    if not isinstance(network, TwoLayer):
        return network(grid), jnp.zeros(0)
    hidden = network.activation(network.preactivations(grid))
    return network(grid), jnp.abs(hidden).max(axis=0) * jnp.abs(network.output_weights).max(axis=0)
