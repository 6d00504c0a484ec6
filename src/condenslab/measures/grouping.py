"""Which neurons are one neuron: complete-linkage groups in invariant coordinates, and how a group is merged.

Single linkage chains: neurons in a row, each close to the next, become one group however long the row is. Complete
linkage bounds the distance of ANY two members by the threshold.
"""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from condenslab.measures.neurons import InvariantCoordinates, norms

WIDEST_LINKAGE = 4000
"""Wider layers are grouped by a greedy cover: a linkage needs all pairwise distances in memory."""

_CANCELLING = 0.5


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of neurons at one threshold.

    Attributes:
        labels: The group of every neuron, shape (neuron,), numbered from 0 without gaps.
        method: "complete linkage" or "greedy cover".
    """

    labels: np.ndarray
    method: str


@dataclass(frozen=True, eq=False)
class Merged:
    """One neuron in place of a group.

    Attributes:
        point: Its input weights in invariant coordinates, shape (coordinate,).
        outgoing: Its output weights, the signed sum over the group, shape (output,).
    """

    point: np.ndarray
    outgoing: np.ndarray


def relative_distances(points: np.ndarray, point: np.ndarray, *, signed: bool) -> np.ndarray:
    """Returns min_s ‖u_k − s·v‖ / max(‖u_k‖, ‖v‖) for every row u_k, with s = ±1 where `signed`, else s = 1.

    Args:
        points: u, shape (neuron, coordinate).
        point: v, shape (coordinate,).
        signed: Whether u and −u are the same neuron.

    Returns:
        Distances in [0, 2], shape (neuron,); 0 between two zero vectors.
    """
    sign = alignment_signs(points, point, signed=signed)
    scale = np.maximum(norms(points), norms(point[None])[0])
    safe = np.where(scale > 0, scale, 1.0)[:, None]
    return np.linalg.norm(points / safe - sign[:, None] * (point / safe), axis=1)


def _sized(rows: np.ndarray) -> np.ndarray:
    """Returns every row over its largest entry, so that products neither underflow nor overflow."""
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    return rows / np.where(largest > 0, largest, 1.0)


def coordinate_distances(points: np.ndarray, point: np.ndarray, *, signed: bool) -> np.ndarray:
    """Returns min_s max_j |u_kj − s·v_j| / max(|u_kj|, |v_j|) for every row u_k, with s = ±1 where `signed`.

    The largest relative distance of any one coordinate does not change when inputs are measured in other units; a norm
    over all of them lets a large coordinate hide that a small one, which a large input multiplies, differs.

    Args:
        points: u, shape (neuron, coordinate).
        point: v, shape (coordinate,).
        signed: Whether u and −u are the same neuron.

    Returns:
        Distances in [0, 2], shape (neuron,); 0 between two zero vectors.
    """
    scale = np.maximum(np.abs(points), np.abs(point))
    both = [
        np.divide(np.abs(points - s * point), scale, out=np.zeros_like(scale), where=scale > 0).max(axis=1, initial=0.0)
        for s in ((1.0, -1.0) if signed else (1.0,))
    ]
    return np.minimum.reduce(both)


def alignment_signs(points: np.ndarray, point: np.ndarray, *, signed: bool) -> np.ndarray:
    """Returns for every row the sign s that brings s·v closest to it, shape (neuron,); ones unless `signed`."""
    if not signed:
        return np.ones(len(points))
    return np.where(_sized(points) @ _sized(point[None])[0] < 0, -1.0, 1.0)


def complete_linkage(coordinates: InvariantCoordinates, *, coordinatewise: bool = False) -> np.ndarray:
    """Returns the complete-linkage tree in relative distance, in SciPy's format, shape (neuron − 1, 4).

    Args:
        coordinates: At least two neurons.
        coordinatewise: Whether distances are those of `coordinate_distances`.
    """
    points, signed = coordinates.points, coordinates.parity is not None
    measure = coordinate_distances if coordinatewise else relative_distances
    rows = [measure(points[k + 1 :], points[k], signed=signed) for k in range(len(points) - 1)]
    return linkage(np.concatenate(rows), method="complete")


def group(
    coordinates: InvariantCoordinates, threshold: float, *, widest: int = WIDEST_LINKAGE, coordinatewise: bool = False
) -> Grouping:
    """Groups neurons so that any two of a group are within `threshold` of each other in relative distance.

    Up to `widest` neurons the groups are complete-linkage clusters. Wider layers are covered greedily: neurons in order
    of output weight, each joins its nearest leader within r = threshold/(2 + threshold) or becomes a leader; two
    members are then at most 2r/(1 − r) = threshold apart too, but the groups may be more numerous than by linkage.

    Args:
        coordinates: The neurons, any number.
        threshold: The largest relative distance within a group.
        widest: The largest number of neurons that is grouped by linkage.
        coordinatewise: Whether distances are those of `coordinate_distances`, for which "equal" needs no units.
    """
    count = len(coordinates.points)
    if count > widest:
        return Grouping(_cover(coordinates, threshold / (2.0 + threshold), coordinatewise), "greedy cover")
    if count < 2:
        return Grouping(np.zeros(count, dtype=np.int64), "complete linkage")
    labels = fcluster(complete_linkage(coordinates, coordinatewise=coordinatewise), threshold, criterion="distance")
    return Grouping(np.unique(labels, return_inverse=True)[1], "complete linkage")


def _cover(coordinates: InvariantCoordinates, radius: float, coordinatewise: bool) -> np.ndarray:
    points, signed = coordinates.points, coordinates.parity is not None
    measure = coordinate_distances if coordinatewise else relative_distances
    nearest = np.full(len(points), np.inf)
    labels = np.full(len(points), -1)
    leaders = 0
    for k in np.argsort(-norms(coordinates.outgoing.T), kind="stable"):
        if labels[k] >= 0:
            continue
        distances = measure(points, points[k], signed=signed)
        closer = (distances <= radius) & (distances < nearest)
        closer[k] = True
        labels[closer], nearest[closer] = leaders, distances[closer]
        leaders += 1
    return np.unique(labels, return_inverse=True)[1]


def merge(coordinates: InvariantCoordinates, members: np.ndarray) -> Merged:
    """Merges a group: output weights add up (with signs for odd σ), input weights are averaged.

    With s_k the signs that align the members, a = Σ s_k a_k (odd; Σ a_k otherwise). The mean is weighted by the share
    p_k = s_k a_k·a/‖a‖² of each member in the sum, Σ p_k = 1: then the output changes only in second order of the
    members' distances. Where the group cancels (‖a‖ < ½ Σ‖a_k‖) these weights would leave the group, and ‖a_k‖ weighs
    instead. Members that are equal are represented exactly, bit for bit.

    Args:
        coordinates: The neurons.
        members: Indices of the group, at least one.
    """
    points, outgoing = coordinates.points[members], coordinates.outgoing[:, members]
    sizes = norms(outgoing.T)
    leader = points[int(np.argmax(sizes))]
    signs = alignment_signs(points, leader, signed=coordinates.parity is not None)
    if coordinates.parity == "odd":
        outgoing = outgoing * signs[None, :]
    total = outgoing.sum(axis=1)
    if norms(total[None])[0] >= _CANCELLING * sizes.sum() and np.any(total):
        largest = np.abs(total).max()  # squares of tiny weights would underflow, of huge ones overflow
        total_sized, outgoing_sized = total / largest, outgoing / largest
        shares = total_sized @ outgoing_sized / (total_sized @ total_sized)
    else:
        shares = sizes / max(sizes.sum(), np.finfo(np.float64).tiny)
    return Merged(leader + shares @ (signs[:, None] * points - leader), total)
