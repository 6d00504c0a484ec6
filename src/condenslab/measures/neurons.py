"""The hidden neurons of one layer as plain arrays, and the coordinates in which equal neurons are equal points."""

from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

import numpy as np
from jax import Array

from condenslab.networks import CNN, MLP, Activation, ConvTwoLayer, TwoLayer
from condenslab.networks.layered import Layered, layers, require_hidden
from condenslab.networks.layered import activation as effective_activation

Unit: TypeAlias = Literal["filter", "kernel"]


@dataclass(frozen=True, eq=False)
class Neurons:
    """One hidden layer seen neuron by neuron, or one convolution layer filter by filter or kernel by kernel.

    Attributes:
        incoming: u_k = (w_k, b_k), the input weights with the bias as last entry (P1's augmented vector), shape
            (neuron, coordinate); without the last entry where the layer has no biases.
        outgoing: a_k, the weights of every neuron in the next layer, shape (output, neuron).
        biased: Whether `incoming` ends with the bias.
        activation: σ.
    """

    incoming: np.ndarray
    outgoing: np.ndarray
    biased: bool
    activation: Activation


@dataclass(frozen=True, eq=False)
class InvariantCoordinates:
    """The neurons in coordinates that the symmetries of the activation leave unchanged, up to a sign.

    For an activation with σ(βz) = β^q·σ(z), β > 0, neuron (u, a) is the same function as (u/‖u‖, a‖u‖^q), and only
    these are compared; for others the points are the neurons themselves, norm included. With `parity`, (u, a) is also
    the same function as (−u, −a) (odd) or (−u, a) (even).

    Attributes:
        points: u or u/‖u‖, shape (neuron, coordinate).
        outgoing: a or a·‖u‖^q, shape (output, neuron).
        parity: "odd", "even" or None.
    """

    points: np.ndarray
    outgoing: np.ndarray
    parity: str | None


def hidden_neurons(network: Layered, layer: int = 0, *, unit: Unit | None = None) -> Neurons:
    """Returns the neurons of a hidden layer as float64 arrays.

    Of a convolution layer there are two readings, and they give different pictures of condensation. A *filter* is all
    that one output channel has: its weights on every input channel, flattened as (input channel, row, column), and its
    bias; filters that are equal compute the same channel. A *kernel* is the weights between one input and one output
    channel, without a bias: kernel (c, o) of C′ output channels is row c·C′ + o, and its `outgoing` is that of channel
    o. Output weights are flattened: those of a channel on all positions, or on all entries of the next layer's kernels.

    Args:
        network: A dense network, a `CNN`, or a `ConvTwoLayer` that shares its weights.
        layer: Which hidden layer, counted from 0 at the input; in a CNN the convolution layers come first.
        unit: What is compared in a convolution layer of a `CNN`, "filter" or "kernel"; it must be given there, and
            makes no difference elsewhere.

    Raises:
        IndexError: No such hidden layer.
        TypeError: The network is of another class, or its activation is a plain function.
        ValueError: A parameter of the layer is NaN or infinite, the network carries an ensemble axis, the unit of a
            convolution layer is not said, or a `ConvTwoLayer` shares no weights.
    """
    require_hidden(network, layer)
    if unit not in (None, "filter", "kernel"):
        raise ValueError(f"unit must be None, 'filter' or 'kernel'. Got {unit!r}.")
    all_weights, all_biases = layers(network)
    weights, bias, after = all_weights[layer], all_biases[layer], all_weights[layer + 1]
    convolves = isinstance(network, CNN) and layer < len(network.kernels)
    if convolves and unit not in ("filter", "kernel"):
        raise ValueError(
            f"unit must be filter (all input channels of an output channel, with its bias) or kernel (each pair of "
            f"channels on its own), for they condense differently. Got {unit!r} for convolution layer {layer}."
        )
    if isinstance(network, ConvTwoLayer) and not network.shared:
        raise ValueError(
            "weights must be shared: without sharing every position has neurons of its own, compared as padded "
            "kernels. Got a ConvTwoLayer without sharing: measure networks.as_two_layer(network)."
        )
    if weights.ndim != 2 and isinstance(network, TwoLayer | MLP):
        raise ValueError(
            f"one network at a time: layer {layer} must have weights of shape (neuron, input). Got {weights.shape}: "
            f"take one member out of the ensemble first."
        )
    incoming, outgoing = _flattened(weights), _flattened(np.swapaxes(np.asarray(after), 0, 1)).T
    if bias is not None:
        incoming = np.concatenate([incoming, np.asarray(bias, np.float64)[:, None]], axis=1)
    _require_finite(incoming, outgoing, layer)
    sigma = effective_activation(network, layer)
    if convolves and unit == "kernel":
        pairs = np.swapaxes(np.asarray(weights, np.float64), 0, 1)
        kernels = pairs.reshape(pairs.shape[0] * pairs.shape[1], pairs.shape[2] * pairs.shape[3])
        return Neurons(kernels, np.tile(outgoing, pairs.shape[0]), False, sigma)
    return Neurons(incoming, outgoing, bias is not None, sigma)


def norms(rows: np.ndarray) -> np.ndarray:
    """Returns ‖u‖ of every row u, also where squares of its entries would underflow or overflow, shape (row,)."""
    largest = np.abs(rows).max(axis=1, initial=0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = largest * np.linalg.norm(rows / np.where(largest > 0, largest, 1.0)[:, None], axis=1)
    return np.where(np.isinf(largest), np.inf, lengths)


def _flattened(weights: np.ndarray | Array) -> np.ndarray:
    array = np.asarray(weights, dtype=np.float64)
    return array.reshape(array.shape[0], prod(array.shape[1:]))


def _require_finite(incoming: np.ndarray, outgoing: np.ndarray, layer: int) -> None:
    finite = np.isfinite(incoming).all(axis=1) & np.isfinite(outgoing).all(axis=0)
    if not finite.all():
        raise ValueError(
            f"the weights must be finite. Neuron {int(np.argmin(finite))} of layer {layer} has NaN or infinity: "
            f"the training diverged, so there is nothing to measure."
        )


def invariant_coordinates(neurons: Neurons) -> InvariantCoordinates:
    """Returns the neurons in the invariant coordinates of their activation; a zero vector stays zero."""
    degree = neurons.activation.homogeneity
    if degree is None:
        return InvariantCoordinates(neurons.incoming, neurons.outgoing, neurons.activation.parity)
    largest = np.abs(neurons.incoming).max(axis=1, initial=0.0)[:, None]
    sized = neurons.incoming / np.where(largest > 0, largest, 1.0)
    length = np.linalg.norm(sized, axis=1)[:, None]
    with np.errstate(over="ignore"):
        outgoing = neurons.outgoing * norms(neurons.incoming)[None, :] ** degree
    return InvariantCoordinates(sized / np.where(length > 0, length, 1.0), outgoing, neurons.activation.parity)
