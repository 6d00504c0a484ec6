"""How far a network has moved, and how far two networks are apart modulo their symmetries."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.optimize import linear_sum_assignment

from condenslab.measures.neurons import hidden_neurons, invariant_coordinates
from condenslab.networks import MLP, TwoLayer


@dataclass(frozen=True, eq=False)
class Alignment:
    """The distance of two two-layer networks modulo permutation, sign and scale, with the matching that attains it.

    Attributes:
        distance: Euclidean distance of the parameters after matching, in normal form for homogeneous activations.
        largest: Largest absolute difference of one parameter after matching.
        matching: Neuron k of the first network is matched with neuron `matching[k]` of the second, shape (neuron,).
        signs: The sign applied to that neuron, shape (neuron,); all 1 for activations without parity.
        aligned: The second network, permuted and signed (and in normal form for homogeneous activations).
    """

    distance: float
    largest: float
    matching: np.ndarray
    signs: np.ndarray
    aligned: TwoLayer


def relative_distance(network: TwoLayer | MLP, start: TwoLayer | MLP) -> float:
    """Returns RD = ‖θ_w − θ_w(0)‖₂/‖θ_w(0)‖₂, θ_w all input weights with their biases, without the output weights.

    For deep networks θ_w is every layer but the last; an output bias never counts.

    Args:
        network: Where the parameters are.
        start: Where they started.

    Raises:
        TypeError: The two networks are of different kinds, or neither `TwoLayer` nor `MLP`.
        ValueError: Their shapes differ, or the start is zero.

    References:
        Luo et al., JMLR 22(71), 2021, eq. 16.
    """
    now, then = _input_parameters(network), _input_parameters(start)
    if type(network) is not type(start):
        raise TypeError(f"both networks must be of one kind. Got {type(network).__name__} and {type(start).__name__}.")
    if [p.shape for p in now] != [p.shape for p in then]:
        raise ValueError(
            f"both networks must have the same shapes. Got {[p.shape for p in now]} and {[p.shape for p in then]}."
        )
    moved = np.sqrt(sum(float(np.sum((p - q) ** 2)) for p, q in zip(now, then, strict=True)))
    length = np.sqrt(sum(float(np.sum(q**2)) for q in then))
    if length == 0:
        raise ValueError("the start must not be zero: the distance is relative to its length.")
    return float(moved / length)


def align(first: TwoLayer, second: TwoLayer) -> Alignment:
    """Returns the smallest distance of two networks over permutations of neurons, signs and positive scales.

    Signs act as (u, a) → (−u, −a) for odd and (−u, a) for even activations, u = (w, b). For q-homogeneous activations
    both networks are first brought to the normal form (u/‖u‖, a‖u‖^q). The minimum over permutations and signs is
    exact: an assignment problem on squared distances.

    Args:
        first: A network.
        second: Another of the same width, dimensions and activation.

    Raises:
        ValueError: Widths, dimensions, biases or activations differ, or a weight is not finite.
    """
    _require_comparable(first, second)
    ours = invariant_coordinates(hidden_neurons(first))
    theirs = invariant_coordinates(hidden_neurons(second))
    flip = -1.0 if ours.parity == "odd" else 1.0
    left = np.concatenate([ours.points, ours.outgoing.T], axis=1)
    right = np.concatenate([theirs.points, theirs.outgoing.T], axis=1)
    mirrored = np.concatenate([-theirs.points, flip * theirs.outgoing.T], axis=1)
    plain = _squared_distances(left, right)
    signed = _squared_distances(left, mirrored) if ours.parity else plain
    rows, matching = linear_sum_assignment(np.minimum(plain, signed))
    signs = np.where(signed[rows, matching] < plain[rows, matching], -1.0, 1.0)
    matched = np.where(signs[:, None] < 0, mirrored[matching], right[matching])
    difference = (left - matched).ravel()
    if first.output_bias is not None and second.output_bias is not None:
        difference = np.append(difference, np.asarray(first.output_bias) - np.asarray(second.output_bias))
    largest = float(np.abs(difference).max(initial=0.0))
    return Alignment(float(np.linalg.norm(difference)), largest, matching, signs, _from_rows(matched, second))


def _squared_distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    # From differences, row by row: the expanded square loses half the digits of a small distance.
    return np.stack([np.sum((right - row) ** 2, axis=1) for row in left]) if len(left) else np.zeros((0, len(right)))


def _from_rows(rows: np.ndarray, like: TwoLayer) -> TwoLayer:
    inputs = like.input_weights.shape[1]
    biased = like.biases is not None
    return TwoLayer(
        jnp.asarray(rows[:, :inputs]),
        jnp.asarray(rows[:, inputs]) if biased else None,
        jnp.asarray(rows[:, inputs + biased :].T),
        like.output_bias,
        like.activation,
    )


def _require_comparable(first: TwoLayer, second: TwoLayer) -> None:
    if not isinstance(first, TwoLayer) or not isinstance(second, TwoLayer):
        raise TypeError(f"align takes two TwoLayer networks. Got {type(first).__name__} and {type(second).__name__}.")
    if first.width != second.width:
        raise ValueError(
            f"networks of different widths are different points of different spaces. Got widths {first.width} and "
            f"{second.width}; reduce the wider one first, or embed the narrower one."
        )
    pairs = {
        "the input dimension": (first.input_weights.shape[1], second.input_weights.shape[1]),
        "the output dimension": (first.output_weights.shape[0], second.output_weights.shape[0]),
        "having hidden biases": (first.biases is not None, second.biases is not None),
        "having an output bias": (first.output_bias is not None, second.output_bias is not None),
        "the activation": (first.activation.name, second.activation.name),
    }
    for what, (ours, theirs) in pairs.items():
        if ours != theirs:
            raise ValueError(f"both networks must agree in {what}. Got {ours} and {theirs}.")


def _input_parameters(network: TwoLayer | MLP) -> list[np.ndarray]:
    if isinstance(network, TwoLayer):
        arrays: list[Array | None] = [network.input_weights, network.biases]
    elif isinstance(network, MLP):
        arrays = [*network.weights[:-1], *network.biases[:-1]]
    else:
        raise TypeError(f"the network must be a TwoLayer or an MLP. Got {type(network).__name__}.")
    return [np.asarray(a, dtype=np.float64) for a in arrays if a is not None]
