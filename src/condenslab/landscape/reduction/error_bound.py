"""How far an output can move when one layer is reduced: a bound from Lipschitz constants and operator norms.

With |σ(y) − σ(z)| ≤ Λ|y − z|, a group of units (u_k, a_k) merged into (ū, Σ s_k a_k), s_k its signs, moves the next
layer's preactivations by at most Σ_k ‖a_k‖·Λ·‖u_k − s_k ū‖·‖(h, 1)‖, h what the layer reads; a dropped unit by at most
‖a_k‖·(|σ(0)| + Λ‖u_k‖·‖(h, 1)‖). From there to the output the difference grows at most by Π Λ‖W_j‖. ‖·‖ are Euclidean
and spectral norms. For convolutions images are vectors: a pixel is read at most `overlap` = ⌈height/stride⌉·⌈width/
stride⌉ times, so ‖K ∗ ·‖ ≤ √overlap·‖K as a matrix‖, and a bias counts once a position. Pooling expands nothing.
"""

from dataclasses import dataclass
from math import prod

import jax.numpy as jnp
import numpy as np

from condenslab.landscape.reduction.one_layer import Edit
from condenslab.measures.grouping import alignment_signs
from condenslab.networks import CNN, MLP, Activation, ConvTwoLayer
from condenslab.networks.layered import LayerArrays, Layered


@dataclass(frozen=True)
class Geometry:
    """What the bound needs of the layers besides their weights.

    Attributes:
        overlap: How often an entry of a layer's input is read by one of its units at most, one a layer.
        places: At how many positions a unit is evaluated, before pooling, one a layer.
        skips: Whether a hidden layer adds its input, one a layer.
        radius: The largest norm of an input.
    """

    overlap: tuple[int, ...]
    places: tuple[int, ...]
    skips: tuple[bool, ...]
    radius: float


def geometry(network: Layered, inputs: np.ndarray) -> Geometry:
    """Returns the geometry of a network on inputs, a batch of the shape that it takes."""
    radius = float(np.linalg.norm(inputs.reshape(len(inputs), prod(inputs.shape[1:])), axis=1).max(initial=0.0))
    if isinstance(network, ConvTwoLayer):
        return Geometry((prod(network.size), 1), (prod(network.positions), 1), (False, False), radius)
    if isinstance(network, CNN):
        head = (1,) * len(network.weights)
        overlap, places = _convolutions(network, inputs.shape[2:])
        flags = (False,) * (len(overlap) + len(head))
        return Geometry((*overlap, *head), (*places, *head), flags, radius)
    if isinstance(network, MLP):
        widths = network.widths
        ones, flags = (1,) * (len(widths) - 1), (layer in network.skips for layer in range(len(widths) - 1))
        return Geometry(ones, ones, tuple(flags), radius)
    return Geometry((1, 1), (1, 1), (False, False), radius)


def edit_bound(arrays: LayerArrays, layer: int, edit: Edit, activation: Activation, where: Geometry) -> float | None:
    """Returns a bound of ‖f′(x) − f(x)‖ over all inputs with ‖x‖ ≤ radius, or None if σ has no Lipschitz constant.

    Args:
        arrays: The layers before the edit.
        layer: Which hidden layer was edited.
        edit: How.
        activation: σ.
        where: The geometry.
    """
    if activation.lipschitz is None or activation.homogeneity not in (None, 1):
        return None
    sizes = [_operator_norm(weights, reads) for weights, reads in zip(arrays.weights, where.overlap, strict=True)]
    reach = _reach(arrays, layer, activation, where, sizes)
    moved = _moved(arrays, layer, edit, activation, where, reach)
    for after in range(layer + 1, len(arrays.weights) - 1):
        moved *= activation.lipschitz * sizes[after + 1] + float(where.skips[after + 1])
    return float(moved)


def _moved(arrays: LayerArrays, layer: int, edit: Edit, activation: Activation, where: Geometry, reach: float) -> float:
    """Returns a bound of how far the next layer's preactivations move, for inputs of the layer of norm ≤ `reach`."""
    points, outgoing = edit.coordinates.points, edit.coordinates.outgoing
    biased, places, slope = edit.neurons.biased, where.places[layer], activation.lipschitz or 0.0
    patches = where.overlap[layer] * reach**2
    seen = np.sqrt(patches + places * biased)

    def weight(column: np.ndarray) -> float:
        return _block_norm(column, arrays.weights[layer + 1], where.overlap[layer + 1])

    def size(point: np.ndarray) -> float:
        return _activated(activation, slope * np.linalg.norm(point) * seen, places)

    total, handled = 0.0, set(edit.constant.tolist())
    for part in (*edit.parts, *edit.gone):
        if handled.issuperset(part.members.tolist()):
            continue
        signs = alignment_signs(points[part.members], part.incoming, signed=edit.coordinates.parity is not None)
        apart = np.linalg.norm(points[part.members] - signs[:, None] * part.incoming, axis=1)
        total += sum(weight(outgoing[:, k]) * slope * d * seen for k, d in zip(part.members, apart, strict=True))
        handled.update(part.members.tolist())
    total += sum(weight(part.outgoing) * size(part.incoming) for part in edit.gone)
    total += sum(weight(outgoing[:, k]) * size(points[k]) for k in edit.dropped if k not in handled)
    inputs = edit.neurons.incoming.shape[1] - biased
    merged = [(part.incoming, part.outgoing) for part in edit.parts if np.isin(part.members, edit.constant).all()]
    varying = [*merged, *((edit.neurons.incoming[k], edit.neurons.outgoing[:, k]) for k in edit.constant)]
    lengths = [np.linalg.norm(incoming[:inputs]) for incoming, _ in varying]
    slopes = [weight(column) * length for (_, column), length in zip(varying, lengths, strict=True) if length > 0]
    return total + slope * np.sqrt(patches) * sum(slopes)


def _reach(arrays: LayerArrays, layer: int, activation: Activation, where: Geometry, sizes: list[float]) -> float:
    """Returns a bound of the norm of what a layer reads."""
    reach, slope = where.radius, activation.lipschitz or 0.0
    for k in range(layer):
        bias = arrays.biases[k]
        offset = 0.0 if bias is None else np.linalg.norm(bias) * np.sqrt(where.places[k])
        hidden = _activated(activation, slope * (sizes[k] * reach + offset), len(arrays.weights[k]) * where.places[k])
        reach = hidden + (reach if where.skips[k] else 0.0)
    return float(reach)


def _activated(activation: Activation, argument: float, entries: int) -> float:
    """Returns a bound of the norm of σ at that many entries, given Λ times the norm of its arguments."""
    rest = abs(float(activation(jnp.zeros(())))) * np.sqrt(entries)
    largest = np.inf if activation.supremum is None else activation.supremum * np.sqrt(entries)
    return float(min(rest + argument, largest))


def _operator_norm(weights: np.ndarray, overlap: int) -> float:
    matrix = weights.reshape(len(weights), prod(weights.shape[1:]))
    return float(np.sqrt(overlap) * np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def _block_norm(column: np.ndarray, after: np.ndarray, overlap: int) -> float:
    """Returns a bound of the norm of the map that a unit's output weights are, flattened in `column`."""
    matrix = column.reshape(after.shape[0], prod(after.shape[2:]))
    return float(np.sqrt(overlap) * np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def _convolutions(network: CNN, pixels: tuple[int, ...]) -> tuple[list[int], list[int]]:
    overlap, places, extent = [], [], pixels
    for kernel, stride, pool in zip(network.kernels, network.strides, network.pools, strict=True):
        sides = kernel.shape[2:]
        fits = extent if network.padding == "same" else [n - s + 1 for n, s in zip(extent, sides, strict=True)]
        extent = tuple(-(-n // stride) for n in fits)
        overlap.append(prod(-(-side // stride) for side in sides))
        places.append(prod(extent))
        extent = tuple(n // pool for n in extent)
    return overlap, places
