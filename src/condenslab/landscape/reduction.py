"""Reduction, the inverse of embedding: a two-layer network with the neurons that have become one merged into one."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.measures.grouping import group, merge
from condenslab.measures.neurons import InvariantCoordinates, Neurons, hidden_neurons, invariant_coordinates
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk

EXACT = 1e-12
"""Relative distances up to this are rounding: the threshold of an exact reduction."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """A reduced network, and what became of every neuron.

    Attributes:
        network: The reduced network; its neurons are in the order of their first members.
        receipt: What the reduction changed; None if neither a risk nor inputs were given.
        groups: For every neuron of the reduced network the indices of the neurons that it stands for.
        dropped: Indices of neurons that went without a successor: no output weight, no input weight, an amplitude below
            the filter, or a group whose output weights cancel.
        folded: Indices of neurons that do not depend on the input and went into the output bias.
        threshold: The largest relative distance of two neurons that were merged.
        drop: The relative amplitude below which neurons were dropped.
        method: "complete linkage" or "greedy cover".
    """

    network: TwoLayer
    receipt: Receipt | None
    groups: tuple[np.ndarray, ...]
    dropped: np.ndarray
    folded: np.ndarray
    threshold: float
    drop: float
    method: str


def reduce(
    network: TwoLayer,
    *,
    threshold: float = EXACT,
    drop: float = 0.0,
    inputs: np.ndarray | Array | None = None,
    risk: EmpiricalRisk | None = None,
) -> Reduction:
    """Merges neurons that compute the same function and drops those that compute nothing.

    In this order: neurons with zero input weights are constants a·σ(b): they go into the output bias, or are merged
    into one neuron if there is none (dropped if σ(b) = 0). Neurons below `drop` times the largest amplitude ‖a‖·‖(w,
    b)‖ go. The rest is grouped as in `measures.condensation`: norm included, up to sign for odd and even activations,
    up to positive scale for homogeneous ones. A group becomes one neuron whose output weights are the (signed) sum and
    whose input weights are the mean weighted by the members' share in that sum, which leaves a second-order output
    error. A merged neuron below `drop` (or whose sum cancels to rounding) goes as well.

    With the default threshold the output is preserved to rounding, and criticality with it; `reduce(embed(θ))` is θ up
    to symmetry if θ itself cannot be reduced. Width 0 is a legal result.

    Args:
        network: A two-layer network.
        threshold: The largest relative distance of two neurons that are merged, in (0, 2).
        drop: Amplitude, relative to the largest, below which neurons are dropped, in [0, 1).
        inputs: Data for the receipt, shape (sample, input), where there is no risk.
        risk: R, for a receipt with risk and gradient.

    Raises:
        TypeError: The network is no `TwoLayer`.
        ValueError: A weight is not finite, or threshold or drop is out of range.

    References:
        Zhang, Zhang & Luo, arXiv 2405.17501, Proposition 4.1 (critical reduction).
    """
    _check(network, threshold, drop)
    neurons = hidden_neurons(network)
    constant = _constant_neurons(neurons)
    coordinates = invariant_coordinates(neurons)
    parts, method = _merge_all(coordinates, np.flatnonzero(~constant), threshold, drop)
    shift, folded = None, np.zeros(0, dtype=np.int64)
    if network.output_bias is not None:
        folded = np.flatnonzero(constant)
        shift = neurons.outgoing[:, folded] @ _constant_values(network, neurons)[folded]
    else:
        parts += _merge_constants(neurons, np.flatnonzero(constant), _constant_values(network, neurons))
    parts.sort(key=lambda part: int(part.members[0]))
    reduced = _assemble(network, neurons, parts, shift)
    groups = tuple(part.members for part in parts)
    dropped = np.setdiff1d(np.arange(network.width), np.concatenate([*groups, folded]))
    receipt = None
    if risk is not None:
        receipt = risk_receipt(risk, network, reduced)
    elif inputs is not None:
        receipt = make_receipt(network, reduced, inputs=inputs)
    return Reduction(reduced, receipt, groups, dropped, folded, threshold, drop, method)


@dataclass(frozen=True, eq=False)
class _Part:
    """One neuron of the reduced network: whom it stands for, its input weights and its output weights."""

    members: np.ndarray
    incoming: np.ndarray
    outgoing: np.ndarray


def _merge_all(
    coordinates: InvariantCoordinates, candidates: np.ndarray, threshold: float, drop: float
) -> tuple[list[_Part], str]:
    amplitude = np.linalg.norm(coordinates.outgoing, axis=0) * np.linalg.norm(coordinates.points, axis=1)
    smallest = drop * amplitude[candidates].max(initial=0.0)
    kept = candidates[(amplitude[candidates] > 0) & (amplitude[candidates] >= smallest)]
    taken = InvariantCoordinates(coordinates.points[kept], coordinates.outgoing[:, kept], coordinates.parity)
    grouping = group(taken, threshold)
    parts = []
    for label in range(int(grouping.labels.max(initial=-1)) + 1):
        members = kept[grouping.labels == label]
        merged = merge(coordinates, members)
        net = np.linalg.norm(merged.outgoing) * np.linalg.norm(merged.point)
        if net > EXACT * amplitude[members].sum() and net >= smallest:
            parts.append(_Part(members, merged.point, merged.outgoing))
    return parts, grouping.method


def _constant_neurons(neurons: Neurons) -> np.ndarray:
    inputs = neurons.incoming.shape[1] - neurons.biased
    lengths = np.linalg.norm(neurons.incoming[:, :inputs], axis=1)
    return lengths <= EXACT * lengths.max(initial=0.0)


def _constant_values(network: TwoLayer, neurons: Neurons) -> np.ndarray:
    bias = neurons.incoming[:, -1] if neurons.biased else np.zeros(len(neurons.incoming))
    return np.asarray(network.activation(jnp.asarray(bias)), dtype=np.float64)


def _merge_constants(neurons: Neurons, constant: np.ndarray, values: np.ndarray) -> list[_Part]:
    """Returns the one neuron that replaces all constant ones, or none if they add up to nothing."""
    terms = neurons.outgoing[:, constant] * values[constant]
    total = terms.sum(axis=1)
    if np.linalg.norm(total) <= EXACT * np.abs(terms).sum():
        return []
    largest = constant[int(np.argmax(np.abs(values[constant])))]
    return [_Part(constant, neurons.incoming[largest], total / values[largest])]


def _assemble(network: TwoLayer, neurons: Neurons, parts: list[_Part], shift: np.ndarray | None) -> TwoLayer:
    coordinates = neurons.incoming.shape[1]
    incoming = np.array([part.incoming for part in parts]).reshape(-1, coordinates)
    outgoing = np.array([part.outgoing for part in parts]).reshape(-1, neurons.outgoing.shape[0]).T
    inputs = coordinates - neurons.biased
    dtype = network.input_weights.dtype
    output_bias = network.output_bias
    if output_bias is not None and shift is not None:
        output_bias = output_bias + jnp.asarray(shift, dtype)
    return TwoLayer(
        jnp.asarray(incoming[:, :inputs], dtype),
        jnp.asarray(incoming[:, inputs], dtype) if neurons.biased else None,
        jnp.asarray(outgoing, dtype),
        output_bias,
        network.activation,
    )


def _check(network: TwoLayer, threshold: float, drop: float) -> None:
    if not isinstance(network, TwoLayer):
        raise TypeError(f"only two-layer networks can be reduced. Got {type(network).__name__}.")
    if not 0.0 < threshold < 2.0:
        raise ValueError(f"threshold is a relative distance between 0 and 2. Got {threshold}.")
    if not 0.0 <= drop < 1.0:
        raise ValueError(f"drop is an amplitude relative to the largest, in [0, 1). Got {drop}.")
