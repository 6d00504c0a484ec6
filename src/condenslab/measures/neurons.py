"""The hidden neurons of one layer as plain arrays, and the coordinates in which equal neurons are equal points."""

from dataclasses import dataclass

import numpy as np

from condenslab.networks import MLP, Activation, TwoLayer


@dataclass(frozen=True, eq=False)
class Neurons:
    """One hidden layer seen neuron by neuron.

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


def hidden_layers(network: TwoLayer | MLP) -> int:
    """Returns the number of hidden layers.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    if isinstance(network, TwoLayer):
        return 1
    if isinstance(network, MLP):
        return len(network.weights) - 1
    raise TypeError(f"the network must be a TwoLayer or an MLP, whose neurons are known. Got {type(network).__name__}.")


def require_layer(network: TwoLayer | MLP, layer: int) -> None:
    """Checks that `layer` numbers a hidden layer, counted from 0 at the input.

    Raises:
        IndexError: It does not.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    count = hidden_layers(network)
    if not 0 <= layer < count:
        valid = f"0 to {count - 1}" if count else "none, the network is linear"
        raise IndexError(f"layer must number a hidden layer, counted from 0 at the input ({valid}). Got {layer}.")


def hidden_neurons(network: TwoLayer | MLP, layer: int = 0) -> Neurons:
    """Returns the neurons of a hidden layer as float64 arrays.

    Args:
        network: A dense network.
        layer: Which hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such hidden layer.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: A parameter of the layer is NaN or infinite, or the network carries an ensemble axis.
    """
    require_layer(network, layer)
    if isinstance(network, TwoLayer):
        weights, biases, outgoing = network.input_weights, network.biases, network.output_weights
    else:
        weights, biases, outgoing = network.weights[layer], network.biases[layer], network.weights[layer + 1]
    if weights.ndim != 2:
        raise ValueError(
            f"one network at a time: layer {layer} must have weights of shape (neuron, input). Got {weights.shape}: "
            f"take one member out of the ensemble first."
        )
    incoming = np.asarray(weights, dtype=np.float64)
    if biases is not None:
        incoming = np.concatenate([incoming, np.asarray(biases, dtype=np.float64)[:, None]], axis=1)
    outgoing = np.asarray(outgoing, dtype=np.float64)
    finite = np.isfinite(incoming).all(axis=1) & np.isfinite(outgoing).all(axis=0)
    if not finite.all():
        raise ValueError(
            f"the weights must be finite. Neuron {int(np.argmin(finite))} of layer {layer} has NaN or infinity: "
            f"the training diverged, so there is nothing to measure."
        )
    return Neurons(incoming, outgoing, biases is not None, network.activation)


def invariant_coordinates(neurons: Neurons) -> InvariantCoordinates:
    """Returns the neurons in the invariant coordinates of their activation; a zero vector stays zero."""
    degree = neurons.activation.homogeneity
    if degree is None:
        return InvariantCoordinates(neurons.incoming, neurons.outgoing, neurons.activation.parity)
    norms = np.linalg.norm(neurons.incoming, axis=1)
    safe = np.where(norms > 0, norms, 1.0)
    return InvariantCoordinates(
        neurons.incoming / safe[:, None], neurons.outgoing * norms[None, :] ** degree, neurons.activation.parity
    )
