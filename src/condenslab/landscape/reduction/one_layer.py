"""One layer of a network reduced: its units grouped, merged, dropped and folded into the next layer's biases.

Everything here is numpy in float64; functions stand in the order in which `edit_layer` calls them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from condenslab.measures.grouping import alignment_signs, coordinate_distances, group, merge
from condenslab.measures.neurons import InvariantCoordinates, Neurons, invariant_coordinates, norms
from condenslab.networks import Activation
from condenslab.networks.layered import LayerArrays, Layered
from condenslab.networks.layered import activation as effective_activation

EXACT = 1e-12
"""Relative distances up to this are rounding: the threshold of an exact reduction.

At this threshold every coordinate of two units is compared on its own, and only input weights that are zero count as
none: what is small depends on the units of the inputs and on the scale of the unit, which a network is free to choose.
"""

_SUM_ROUNDINGS = 8.0
_SAME = 32 * float(np.finfo(np.float64).eps)
"""Relative distances up to this are the rounding of one and the same number, as that of a quotient by a norm."""


@dataclass(frozen=True, eq=False)
class Part:
    """One unit of the reduced layer: whom it stands for, its input weights and its output weights."""

    members: np.ndarray
    incoming: np.ndarray
    outgoing: np.ndarray


@dataclass(frozen=True, eq=False)
class Edit:
    """What the reduction of one layer comes to.

    Attributes:
        parts: The units of the reduced layer, in the order of their first members.
        gone: Units that were grouped and whose output weights then cancelled, or were too small: one entry a group.
        dropped: Units that went without a successor.
        folded: Units that are constant and went into the next layer's biases.
        constant: All units that are constant, folded or not.
        coordinates: The units in invariant coordinates, before.
        neurons: The units, before.
        method: "complete linkage" or "greedy cover".
    """

    parts: list[Part]
    gone: list[Part]
    dropped: np.ndarray
    folded: np.ndarray
    constant: np.ndarray
    coordinates: InvariantCoordinates
    neurons: Neurons
    method: str

    @property
    def shrinks(self) -> bool:
        """Whether the layer has fewer units than before."""
        return len(self.parts) < len(self.neurons.incoming)

    def in_terms_of(self, before: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Returns groups, dropped and folded units in terms of the units that `before` stands for."""

        def named(indices: np.ndarray) -> np.ndarray:
            return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *(before[k] for k in indices)]))

        return [named(part.members) for part in self.parts], named(self.dropped), named(self.folded)


def edit_layer(
    network: Layered, arrays: LayerArrays, layer: int, threshold: float, drop: float
) -> tuple[Edit, LayerArrays]:
    """Groups, merges, drops and folds the units of one layer.

    Args:
        network: Says which activation, pooling and padding the layers have; its weights are not read.
        arrays: The weights.
        layer: Which hidden layer.
        threshold: The largest relative distance of two units that are merged.
        drop: Amplitude, relative to the largest, below which units are dropped.

    Returns:
        What became of the units, and the layers afterwards.
    """
    neurons = units(arrays, layer, effective_activation(network, layer))
    constant = np.flatnonzero(_constant(neurons))
    coordinates = invariant_coordinates(neurons)
    others = np.setdiff1d(np.arange(len(neurons.incoming)), constant)
    parts, gone, method = _merge_all(coordinates, others, threshold, drop)
    values = _constant_values(neurons)
    shift, folded = None, np.zeros(0, dtype=np.int64)
    if folds(network, arrays, layer):
        folded = constant
        shift = neurons.outgoing[:, folded] @ values[folded]
    else:
        parts += _merge_constants(neurons, constant, values)
    parts.sort(key=lambda part: int(part.members[0]))
    taken = np.concatenate([*(part.members for part in parts), folded])
    dropped = np.setdiff1d(np.arange(len(neurons.incoming)), taken)
    edit = Edit(parts, gone, dropped, folded, constant, coordinates, neurons, method)
    return edit, _assemble(arrays, layer, edit, shift)


def units(arrays: LayerArrays, layer: int, activation: Activation) -> Neurons:
    """Returns the units of a hidden layer, their weights flattened."""
    weights, bias, after = arrays.weights[layer], arrays.biases[layer], arrays.weights[layer + 1]
    incoming = weights.reshape(len(weights), int(np.prod(weights.shape[1:])))
    if bias is not None:
        incoming = np.concatenate([incoming, bias[:, None]], axis=1)
    last = np.moveaxis(after, 1, -1)
    outgoing = last.reshape(int(np.prod(last.shape[:-1])), last.shape[-1])
    return Neurons(incoming, outgoing, bias is not None, activation)


def _constant(neurons: Neurons) -> np.ndarray:
    return np.all(neurons.incoming[:, : neurons.incoming.shape[1] - neurons.biased] == 0, axis=1)


def _summed(terms: np.ndarray) -> np.ndarray:
    """Returns the sums of the rows; what a row cancels to is 0 where it is the rounding of its own terms."""
    total = terms.sum(axis=1)
    level = _SUM_ROUNDINGS * terms.shape[1] * np.finfo(np.float64).eps * np.abs(terms).sum(axis=1)
    return np.where(np.abs(total) <= level, 0.0, total)


def _merge_all(
    coordinates: InvariantCoordinates, candidates: np.ndarray, threshold: float, drop: float
) -> tuple[list[Part], list[Part], str]:
    amplitude = norms(coordinates.outgoing.T) * norms(coordinates.points)
    smallest = drop * amplitude[candidates].max(initial=0.0)
    live = np.any(coordinates.outgoing != 0, axis=0) & np.any(coordinates.points != 0, axis=1)
    kept = candidates[live[candidates] & (amplitude[candidates] >= smallest)]
    groups, method = _grouped(coordinates, kept, threshold)
    parts, gone = [], []
    for members in groups:
        merged = merge(coordinates, members)
        signs = np.ones(len(members))
        if coordinates.parity == "odd":
            signs = alignment_signs(coordinates.points[members], merged.point, signed=True)
        outgoing = _summed(signs * coordinates.outgoing[:, members])
        stays = outgoing.any() and np.linalg.norm(outgoing) * np.linalg.norm(merged.point) >= smallest
        (parts if stays else gone).append(Part(members, merged.point, outgoing))
    return parts, gone, method


def _grouped(coordinates: InvariantCoordinates, kept: np.ndarray, threshold: float) -> tuple[list[np.ndarray], str]:
    """Returns the groups of some units, and how they were found.

    In exact mode what nearly cancels is not merged but where its units are one: a·(σ(z + δ) − σ(z)) is a·δ·σ′(z), for
    which nothing stands in a sum that is 0, and for large a it is as large as what other units do.
    """
    taken = InvariantCoordinates(coordinates.points[kept], coordinates.outgoing[:, kept], coordinates.parity)
    grouping = group(taken, threshold, coordinatewise=threshold <= EXACT)
    groups = [kept[grouping.labels == label] for label in range(int(grouping.labels.max(initial=-1)) + 1)]
    if not _SAME < threshold <= EXACT:
        return groups, grouping.method
    found: list[np.ndarray] = []
    for members in groups:
        found += [members] if _keeps(coordinates, members) else _grouped(coordinates, members, _SAME)[0]
    return found, grouping.method


def _keeps(coordinates: InvariantCoordinates, members: np.ndarray) -> bool:
    """Returns whether merging moves no output by more than EXACT of the merged unit's, or the rounding of its terms."""
    if len(members) == 1:
        return True
    merged = merge(coordinates, members)
    signed = coordinates.parity is not None
    apart = coordinate_distances(coordinates.points[members], merged.point, signed=signed)
    sizes = np.abs(coordinates.outgoing[:, members])
    level = np.maximum(EXACT * np.abs(merged.outgoing), _SAME * sizes.sum(axis=1))
    return bool(np.all(sizes @ apart <= level))


def _constant_values(neurons: Neurons) -> np.ndarray:
    bias = neurons.incoming[:, -1] if neurons.biased else np.zeros(len(neurons.incoming))
    return np.asarray(neurons.activation(jnp.asarray(bias)), dtype=np.float64)


def folds(network: Layered, arrays: LayerArrays, layer: int) -> bool:
    """Returns whether constants of a layer can go into the biases of the next one.

    They cannot where it has none, and where it pads its input with zeros: then a constant channel is not constant.
    """
    padded = getattr(network, "padding", "valid") == "same" and arrays.weights[layer + 1].ndim == 4
    return arrays.biases[layer + 1] is not None and not padded


def _merge_constants(neurons: Neurons, constant: np.ndarray, values: np.ndarray) -> list[Part]:
    """Returns the one unit that replaces all constant ones, or none if they add up to nothing."""
    terms = neurons.outgoing[:, constant] * values[constant]
    total = _summed(terms)
    if not total.any():
        return []
    largest = constant[int(np.argmax(np.abs(values[constant])))]
    return [Part(constant, neurons.incoming[largest], total / values[largest])]


def _assemble(arrays: LayerArrays, layer: int, edit: Edit, shift: np.ndarray | None) -> LayerArrays:
    weights, biases = list(arrays.weights), list(arrays.biases)
    before, after = weights[layer], weights[layer + 1]
    coordinates, rows = edit.neurons.incoming.shape[1], edit.neurons.outgoing.shape[0]
    count = len(edit.parts)
    incoming = np.array([part.incoming for part in edit.parts]).reshape(count, coordinates)
    outgoing = np.array([part.outgoing for part in edit.parts]).reshape(count, rows).T
    inputs = coordinates - edit.neurons.biased
    weights[layer] = incoming[:, :inputs].reshape(count, *before.shape[1:])
    biases[layer] = incoming[:, inputs] if edit.neurons.biased else None
    pairs = after.shape[0], *after.shape[2:]
    weights[layer + 1] = np.moveaxis(outgoing.reshape(*pairs, count), -1, 1)
    bias = biases[layer + 1]
    if bias is not None and shift is not None:
        biases[layer + 1] = bias + shift.reshape(pairs).sum(axis=tuple(range(1, len(pairs))))
    return replace(arrays, weights=tuple(weights), biases=tuple(biases))
