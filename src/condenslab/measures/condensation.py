"""How far the neurons of a layer have gathered: amplitudes, orientations, groups, effective width.

A neuron's input weights always include its bias, as the augmented vector (w, b) of Luo et al. (JMLR 22(71), 2021).
"""

from dataclasses import dataclass

import numpy as np

from condenslab.measures.grouping import WIDEST_LINKAGE, complete_linkage, group, merge
from condenslab.measures.neurons import InvariantCoordinates, Unit, hidden_neurons, invariant_coordinates, norms
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.checks import check_number, count
from condenslab.networks.conversion import real_array
from condenslab.networks.layered import Layered


@dataclass(frozen=True, eq=False)
class Group:
    """Neurons that compute one function.

    Attributes:
        members: Indices of the neurons in the layer, shape (size,), ascending.
        representative: Input weights (w, b) of the merged neuron, shape (coordinate,); a direction for homogeneous σ.
        amplitude: Sum of the members' amplitudes, Σ‖a_k‖·‖u_k‖.
        net_amplitude: Amplitude of the merged neuron; less than `amplitude` where output weights cancel.
    """

    members: np.ndarray
    representative: np.ndarray
    amplitude: float
    net_amplitude: float

    @property
    def size(self) -> int:
        """The number of neurons in the group."""
        return len(self.members)


@dataclass(frozen=True, eq=False)
class Condensation:
    """The groups of one hidden layer, and what they rest on.

    Attributes:
        labels: The group of every neuron, shape (neuron,); −1 for neurons that the filter dropped.
        groups: The groups, largest summed amplitude first.
        threshold: The largest relative distance of two members of a group.
        amplitude_filter: Neurons below this fraction of the largest amplitude were dropped.
        dropped_amplitude: Sum of the dropped neurons' amplitudes.
        total_amplitude: Sum of all amplitudes.
        layer: Which hidden layer, counted from 0.
        method: "complete linkage", or "greedy cover" for wide layers (then the count is an upper bound).
        unit: What was compared in a convolution layer, "filter" or "kernel"; None elsewhere.
    """

    labels: np.ndarray
    groups: tuple[Group, ...]
    threshold: float
    amplitude_filter: float
    dropped_amplitude: float
    total_amplitude: float
    layer: int
    method: str
    unit: Unit | None = None

    @property
    def effective_width(self) -> int:
        """The number of groups."""
        return len(self.groups)


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """The number of groups as a function of the threshold.

    Attributes:
        thresholds: Relative distances, shape (threshold,).
        counts: Groups at each threshold, shape (threshold,).
        kept: How many neurons the amplitude filter kept.
        amplitude_filter: The filter, relative to the largest amplitude.
        method: "complete linkage" (all counts from one tree), or "greedy cover" (one cover a threshold).
    """

    thresholds: np.ndarray
    counts: np.ndarray
    kept: int
    amplitude_filter: float
    method: str


def amplitudes(network: Layered, layer: int = 0, *, unit: Unit | None = None) -> np.ndarray:
    """Returns A_k = ‖a_k‖·‖(w_k, b_k)‖ of every neuron, the bias included, shape (neuron,).

    a_k is the vector of the neuron's weights in the next layer: |a_k| for a network with one output.

    Args:
        network: A dense or convolution network.
        layer: Which hidden layer, counted from 0 at the input.
        unit: As in `hidden_neurons`.

    Raises:
        IndexError: No such hidden layer.
        ValueError: A weight is NaN or infinite, or the unit of a convolution layer is not said.

    References:
        Luo et al., JMLR 22(71), 2021, section 3.1 (there w already contains the bias).
    """
    neurons = hidden_neurons(network, layer, unit=unit)
    return norms(neurons.outgoing.T) * norms(neurons.incoming)


def orientations(network: TwoLayer | MLP) -> np.ndarray:
    """Returns atan2(b_k, w_k) in [−π, π) of the first hidden layer of a network with one input, shape (neuron,).

    +π is wrapped to −π, because the two are one direction. A neuron with w = b = 0 has no direction: NaN.

    Raises:
        ValueError: The network has more than one input, or a weight is NaN or infinite.

    References:
        Luo et al., JMLR 22(71), 2021, section 3.1. Public code computes sign(b)·arccos(w/‖(w, b)‖), wrong at b = 0.
    """
    neurons = hidden_neurons(network, 0)
    inputs = neurons.incoming.shape[1] - neurons.biased
    if inputs != 1:
        raise ValueError(
            f"orientations are angles, defined for networks with 1 input. Got {inputs}; use cosine_similarity."
        )
    weight = neurons.incoming[:, 0]
    bias = neurons.incoming[:, 1] if neurons.biased else np.zeros_like(weight)
    angle = np.arctan2(bias + 0.0, weight + 0.0)  # adding 0.0 turns −0.0 into 0.0
    angle = np.where(angle >= np.pi, -np.pi, angle)
    return np.where((weight == 0) & (bias == 0), np.nan, angle)


def condensation(
    network: Layered,
    *,
    threshold: float = 0.1,
    amplitude_filter: float = 0.01,
    layer: int = 0,
    unit: Unit | None = None,
    widest_linkage: int = WIDEST_LINKAGE,
) -> Condensation:
    """Groups the neurons of a hidden layer that compute the same function, and counts the groups.

    Two neurons are compared in the invariant coordinates of the activation: up to sign for odd and even ones, up to
    positive scale only for homogeneous ones. For tanh they are one neuron when (w, b) agree, norm included: with
    u = (w, b), min_s ‖u − s·v‖/max(‖u‖, ‖v‖) ≤ threshold, s = ±1. Groups are complete-linkage clusters. In convolution
    layers u is a filter or a kernel (`unit`); kernels are compared as if each were a neuron without bias, which says
    how they are distributed, not that they compute one function.

    Args:
        network: A dense or convolution network.
        threshold: The largest relative distance of two members of a group, in (0, 2).
        amplitude_filter: Neurons with less than this fraction of the largest amplitude are dropped first, in [0, 1);
            neurons of amplitude 0 always are.
        layer: Which hidden layer, counted from 0 at the input.
        unit: As in `hidden_neurons`.
        widest_linkage: Layers with more kept neurons than this are grouped by a greedy cover, and the result says so.

    Returns:
        The groups, largest summed amplitude first. Amplitudes are those of `amplitudes`, ‖a_k‖·‖u_k‖^q for
        q-homogeneous σ.

    Raises:
        IndexError: No such hidden layer.
        ValueError: A weight is not finite, threshold or filter is out of range, or the unit of a convolution layer is
            not said.
    """
    _require_threshold(threshold)
    count("widest_linkage", widest_linkage, least=0)
    coordinates, amplitude, kept = _kept(network, amplitude_filter, layer, unit)
    grouping = group(_take(coordinates, kept), threshold, widest=widest_linkage)
    groups = []
    for label in range(int(grouping.labels.max(initial=-1)) + 1):
        members = kept[grouping.labels == label]
        merged = merge(coordinates, members)
        net = float(norms(merged.outgoing[None])[0] * norms(merged.point[None])[0])
        groups.append(Group(members, merged.point, float(amplitude[members].sum()), net))
    groups.sort(key=lambda g: -g.amplitude)
    labels = np.full(len(amplitude), -1)
    for position, found in enumerate(groups):
        labels[found.members] = position
    return Condensation(
        labels,
        tuple(groups),
        threshold,
        amplitude_filter,
        float(amplitude[labels < 0].sum()),
        float(amplitude.sum()),
        layer,
        grouping.method,
        unit,
    )


def group_counts(
    network: Layered,
    thresholds: np.ndarray,
    *,
    amplitude_filter: float = 0.01,
    layer: int = 0,
    unit: Unit | None = None,
    widest_linkage: int = WIDEST_LINKAGE,
) -> GroupCounts:
    """Returns the number of groups of `condensation` at every threshold, from one linkage.

    Args:
        network: A dense or convolution network.
        thresholds: Relative distances in (0, 2), shape (threshold,).
        amplitude_filter: As in `condensation`.
        layer: Which hidden layer, counted from 0 at the input.
        unit: As in `hidden_neurons`.
        widest_linkage: As in `condensation`.

    Raises:
        IndexError: No such hidden layer.
        ValueError: A weight is not finite, or a threshold or the filter is out of range.
    """
    thresholds = real_array("thresholds", thresholds)
    if thresholds.ndim != 1:
        raise ValueError(f"thresholds must have shape (threshold,). Got shape {thresholds.shape}.")
    for threshold in thresholds:
        _require_threshold(float(threshold))
    coordinates, _, kept = _kept(network, amplitude_filter, layer, unit)
    coordinates = _take(coordinates, kept)
    if len(kept) > widest_linkage:
        groupings = [group(coordinates, float(t), widest=widest_linkage) for t in thresholds]
        counts = np.array([g.labels.max() + 1 for g in groupings], dtype=np.int64)
        return GroupCounts(thresholds, counts, len(kept), amplitude_filter, "greedy cover")
    heights = complete_linkage(coordinates)[:, 2] if len(kept) > 1 else np.zeros(0)
    counts = len(kept) - np.searchsorted(np.sort(heights), thresholds, side="right")
    return GroupCounts(thresholds, counts, len(kept), amplitude_filter, "complete linkage")


def _require_threshold(value: float) -> None:
    check_number("threshold", value)
    if not 0.0 < value < 2.0:
        raise ValueError(f"threshold must lie between 0 and 2. Got {value}.")


def _take(coordinates: InvariantCoordinates, kept: np.ndarray) -> InvariantCoordinates:
    return InvariantCoordinates(coordinates.points[kept], coordinates.outgoing[:, kept], coordinates.parity)


def _kept(
    network: Layered, amplitude_filter: float, layer: int, unit: Unit | None
) -> tuple[InvariantCoordinates, np.ndarray, np.ndarray]:
    check_number("amplitude_filter", amplitude_filter)
    if not 0.0 <= amplitude_filter < 1.0:
        raise ValueError(f"amplitude_filter is relative to the largest amplitude, in [0, 1). Got {amplitude_filter}.")
    coordinates = invariant_coordinates(hidden_neurons(network, layer, unit=unit))
    sizes = norms(coordinates.outgoing.T), norms(coordinates.points)
    with np.errstate(over="ignore"):
        amplitude = sizes[0] * sizes[1]
        finite = np.isfinite(amplitude.sum())
    if not finite:
        raise ValueError(
            f"amplitudes |a|·‖(w, b)‖ must be numbers of float64. Neuron {int(np.argmax(amplitude))} of layer {layer} "
            f"has a larger one than 1.8e308: the training diverged, so there is nothing to measure."
        )
    # Relative ones, which do not underflow where all weights are tiny.
    relative = np.prod([part / (part.max(initial=0.0) or 1.0) for part in sizes], axis=0)
    kept = np.flatnonzero((relative > 0) & (relative >= amplitude_filter * relative.max(initial=0.0)))
    return coordinates, amplitude, kept
