"""Where a network is looked at: probe inputs that cover the active region of its neurons or the cells of its knots."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from condenslab.measures.cells import further_cells, is_piecewise
from condenslab.measures.neurons import hidden_neurons
from condenslab.networks import MLP, Activation, TwoLayer
from condenslab.networks.checks import count as whole
from condenslab.networks.conversion import Key, as_seed, floating
from condenslab.networks.dense import forward
from condenslab.networks.layered import hidden_layers, require_dense, widths

_FLAT = 1e-6
"""A slope that varies by less than this fraction of the activation's own range of slopes is constant."""
_RANGE = np.linspace(-3.0, 3.0, 601)
"""Where an activation's own range of slopes is read off."""


@dataclass(frozen=True)
class Saturation:
    """Which hidden neurons no probe sees bend.

    Attributes:
        neurons: (layer, neuron) of each, counted from 0.
        total: Number of hidden neurons with non-zero input weights.
        activation: Name of the activation.
    """

    neurons: tuple[tuple[int, int], ...]
    total: int
    activation: str

    @property
    def complete(self) -> bool:
        """Whether every neuron is such a one, so that the probes say nothing about the network."""
        return 0 < self.total == len(self.neurons)

    @property
    def reason(self) -> str:
        """What is wrong and what to do, one sentence; empty where nothing is."""
        if not self.neurons:
            return ""
        layer, neuron = self.neurons[0]
        return (
            f"{len(self.neurons)} of {self.total} hidden neurons do not bend on any probe ({self.activation} is "
            f"saturated or on one side of its kink there; the first is neuron {neuron} of layer {layer}), so their "
            "columns are not generic: use measures.covering_probes, or probes over a wider range"
        )


def covering_probes(seed: Key, network: TwoLayer | MLP, count: int | None = None) -> Float[np.ndarray, "sample input"]:
    """Draws probe inputs where the neurons of a network are active.

    For each probe a point x₀ ~ N(0, s² I) is moved along w_k, k in turn, to the preactivation w_k·x + b_k = t:
    t ~ N(0, 1) for activations that saturate, t ~ s‖w_k‖·N(0, 1) for homogeneous ones, whose kink is at 0. s is the
    median distance |b_k|/‖w_k‖ of the hyperplanes from 0, at least 1. Neurons with w_k = 0 are passed over. Every
    neuron so gets its share of the probes, on both sides of its kink. Neurons of deeper layers are not aimed at;
    `saturation` says whether they are met.

    Args:
        seed: A whole number of at least 0, or a JAX key.
        network: Its own parameters choose the probes.
        count: Number of probes; by default three times as many as parameters.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: `count` is not positive, or the network has parameters that are not finite.
    """
    inputs = widths(network)[0]
    usual = 3 * max(1, sum(np.size(leaf) for leaf in jax.tree.leaves(network)))
    number = usual if count is None else whole("count", count)
    random = np.random.default_rng(as_seed(seed))
    if not hidden_layers(network):
        return random.standard_normal((number, inputs))
    neurons = hidden_neurons(network)
    weights = neurons.incoming[:, :inputs]
    biases = neurons.incoming[:, inputs] if neurons.biased else np.zeros(len(weights))
    norms = np.linalg.norm(weights, axis=1)
    alive = np.flatnonzero(norms > 0)
    if not alive.size:
        return random.standard_normal((number, inputs))
    spread = max(1.0, float(np.median(np.abs(biases[alive]) / norms[alive])))
    points = spread * random.standard_normal((number, inputs))
    chosen = alive[np.arange(number) % alive.size]
    levels = random.standard_normal(number)
    if neurons.activation.homogeneity is not None:
        levels = levels * spread * norms[chosen]
    w = weights[chosen]
    shift = levels - np.sum(points * w, axis=1) - biases[chosen]
    drawn = points + (shift / norms[chosen] ** 2)[:, None] * w
    if hidden_layers(network) < 2 or not is_piecewise(network):
        return drawn
    cells = np.concatenate([drawn[:0], *further_cells(network, drawn, as_seed(seed))])[: 2 * number // 3]
    return np.concatenate([cells, drawn[: number - len(cells)]])


def cell_probes(seed: Key, knots: Sequence[np.ndarray], count: int) -> Float[np.ndarray, "sample input"]:
    """Draws probe inputs of which every coordinate visits every cell between neighbouring knots (a Latin design).

    A spline's basis function is seen only from inside its own cells, so an empty cell loses rank.

    Args:
        seed: A whole number of at least 0, or a JAX key.
        knots: Per input its distinct knots inside the domain, ends included, in increasing order.
        count: Number of probes, at least as many as the longest list has cells.

    Returns:
        Uniform inside each cell, cells in random order and equally often (to one); shape (count, len(knots)).

    Raises:
        ValueError: Knots that are not increasing, or fewer probes than cells.

    Example:
        >>> probes = cell_probes(0, [np.array([0.0, 1.0, 10.0])], 4)
        >>> int(np.count_nonzero(probes < 1.0))
        2
    """
    random, count = np.random.default_rng(as_seed(seed)), whole("count", count)
    if not len(knots):
        raise ValueError("knots must be those of at least one input. Got none.")
    columns = []
    for axis, own in enumerate(knots):
        edges = np.asarray(own, dtype=np.float64)
        if edges.ndim != 1 or edges.size < 2 or np.any(np.diff(edges) <= 0):
            raise ValueError(f"the knots of input {axis} must be at least two increasing numbers. Got {own}.")
        if count < edges.size - 1:
            raise ValueError(f"count must be at least the number of cells, {edges.size - 1}. Got {count}.")
        cells = random.permutation(np.arange(count) % (edges.size - 1))
        columns.append(edges[cells] + random.uniform(size=count) * np.diff(edges)[cells])
    return np.stack(columns, axis=1)


def saturation(network: TwoLayer | MLP, probes: np.ndarray | Array) -> Saturation:
    """Finds the hidden neurons whose nonlinearity no probe sees.

    A neuron with w ≠ 0 is one of them if its slope σ′(z) is the same on all probes to 1e-6 of the activation's own
    range of slopes over [−3, 3], while its preactivations all lie beyond ±1 (for a homogeneous activation, on one side
    of 0). A saturated tanh and a ReLU that is on, or off, at every probe are such neurons: their columns depend on each
    other, or vanish, by the choice of probes alone. A tiny weight is not: its neuron is seen at its centre.

    Args:
        network: Any dense network.
        probes: Shape (sample, input).

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    found, total = [], 0
    require_dense(network)
    arrays = jax.tree.map(jnp.asarray, network)  # a network may hold numpy arrays, from a record or a file
    *below, _ = forward(arrays, floating("probes", probes))
    for layer, z in enumerate(np.asarray(state.preactivations) for state in below):
        alive = np.any(hidden_neurons(network, layer).incoming[:, : network.widths[layer]] != 0, axis=1)
        hidden = _hidden_from_bends(network.activation, z) & alive
        total += int(np.count_nonzero(alive))
        found += [(layer, int(neuron)) for neuron in np.flatnonzero(hidden)]
    return Saturation(tuple(found), total, network.activation.name)


def _hidden_from_bends(activation: Activation, z: np.ndarray) -> np.ndarray:
    slopes, own = _slopes(activation, z), _slopes(activation, _RANGE)
    with np.errstate(invalid="ignore"):  # an overflow is no plateau
        spread = np.max(slopes, axis=0) - np.min(slopes, axis=0)
    flat = spread <= _FLAT * max(float(np.ptp(own)), np.finfo(np.float64).tiny)
    if activation.homogeneity is not None:
        return flat & (np.all(z > 0, axis=0) | np.all(z < 0, axis=0))
    return flat & (np.min(np.abs(z), axis=0) > 1.0)


def _slopes(activation: Activation, z: np.ndarray) -> np.ndarray:
    """Returns σ′(z), in arrays of few sizes, so that few programs are compiled."""
    padded = np.zeros(max(1024, 1 << max(z.size - 1, 1).bit_length()), z.dtype)
    padded[: z.size] = z.reshape(-1)
    return np.asarray(activation.derivatives(jnp.asarray(padded), 1)[1])[: z.size].reshape(z.shape)
