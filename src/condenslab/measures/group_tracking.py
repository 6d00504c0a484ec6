"""Groups of neurons over time: which group of one moment is which of the next, and what is born, merges or splits.

Groups are told apart by their members and not by where they are, so that a group that drifts stays itself, also across
±π, and one that appears where another has been is another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from condenslab.measures.condensation import amplitudes, condensation
from condenslab.networks import MLP, TwoLayer

_MOST = 0.5
"""A group goes where most of its amplitude goes, and comes from where most of it comes from."""


@dataclass(frozen=True, eq=False)
class Track:
    """One group from its first moment to its last.

    Attributes:
        number: Its number, counted from 0 in order of appearance.
        frames: Indices of the moments at which it is there, shape (k,), consecutive.
        sizes: Members, shape (k,).
        amplitudes: Summed amplitude of the members, shape (k,).
        representatives: Input weights (w, b) of the merged neuron, a direction for homogeneous σ, shape (k,
            coordinate).
    """

    number: int
    frames: np.ndarray
    sizes: np.ndarray
    amplitudes: np.ndarray
    representatives: np.ndarray

    @property
    def angles(self) -> np.ndarray:
        """The angles atan2(b, w) in [−π, π) of a network with one input and biases, shape (k,)."""
        if self.representatives.shape[1] != 2:
            raise ValueError(
                f"angles are those of weights in the plane. Got {self.representatives.shape[1]} coordinates."
            )
        found = np.arctan2(self.representatives[:, 1] + 0.0, self.representatives[:, 0] + 0.0)
        return np.where(found >= np.pi, -np.pi, found)


@dataclass(frozen=True)
class Event:
    """Something that happened to the groups between two moments.

    Attributes:
        kind: "birth" (its members were below the filter, or belonged to no one group), "merge" (into `other`), "split"
            (off `other`), or "fade" (its members fell below the filter).
        frame: Index of the later moment.
        time: Its time.
        track: The group that began (birth, split) or ended (merge, fade).
        other: The group that it merged into or split off, or None.
    """

    kind: Literal["birth", "merge", "split", "fade"]
    frame: int
    time: float
    track: int
    other: int | None


@dataclass(frozen=True, eq=False)
class GroupHistory:
    """The groups of a layer along a run, and what they rest on.

    Attributes:
        times: Times of the moments, shape (time,).
        counts: Number of groups at each, the effective width, shape (time,).
        tracks: The groups.
        events: What happened to them, in order of time; the groups of the first moment are not births.
        threshold: Largest relative distance of two members of a group.
        amplitude_filter: Neurons below this fraction of the largest amplitude of their moment belong to no group.
        group_filter: Nor do groups below this fraction of the largest group's amplitude count.
    """

    times: np.ndarray
    counts: np.ndarray
    tracks: tuple[Track, ...]
    events: tuple[Event, ...]
    threshold: float
    amplitude_filter: float
    group_filter: float

    def count(self, kind: str) -> int:
        """Returns how many events there are of a kind: birth, merge, split or fade."""
        return sum(event.kind == kind for event in self.events)


@dataclass(frozen=True, eq=False)
class _Moment:
    """One moment: member lists, summed amplitudes and representatives of its groups, and all neurons' amplitudes."""

    members: list[np.ndarray]
    amplitude: np.ndarray
    points: np.ndarray
    neurons: np.ndarray


def track_groups(
    networks: Sequence[TwoLayer | MLP],
    times: ArrayLike,
    *,
    threshold: float = 0.1,
    amplitude_filter: float = 1e-3,
    group_filter: float = 0.01,
    layer: int = 0,
) -> GroupHistory:
    """Groups the neurons of a layer at every moment and follows the groups through time.

    Between two moments, group g goes to h when h holds at least half of g's amplitude (as it was), and h comes from g
    when at least half of h's amplitude (as it is) was in g. Such pairs are matched, largest common amplitude first: a
    matched group is the same group. What is left over is a merge (goes to a group that another one continues), a split
    (comes from a group that lives on), a birth or a fade.

    Args:
        networks: The same network at each moment, at least one.
        times: The times, shape (time,), increasing.
        threshold: As in `condensation`; about an angle in radians for homogeneous activations.
        amplitude_filter: As in `condensation`, relative to the largest amplitude of the same moment.
        group_filter: Groups below this fraction of the largest group's amplitude are left out, in [0, 1).
        layer: Which hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such hidden layer.
        ValueError: No network, times that do not fit, a weight that is not finite, or a filter out of range.

    References:
        The number of groups typically grows along training: lecture deck 002, "1d example", and arXiv 2504.09484; no
        source gives a rule for what is active or one group, so that the three filters are part of the result.
    """
    clock = np.asarray(times, dtype=np.float64)
    if clock.shape != (len(networks),) or not len(networks) or np.any(np.diff(clock) <= 0):
        raise ValueError(
            f"times must hold one increasing time a network, at least one. Got shape {clock.shape} for "
            f"{len(networks)} networks."
        )
    if not 0 <= group_filter < 1:
        raise ValueError(f"group_filter is relative to the largest group, in [0, 1). Got {group_filter}.")
    moments = [_moment(network, threshold, amplitude_filter, group_filter, layer) for network in networks]
    names, events = _follow(moments, clock)
    tracks = _tracks(moments, names)
    counts = np.array([len(moment.members) for moment in moments])
    return GroupHistory(clock, counts, tracks, tuple(events), threshold, amplitude_filter, group_filter)


def _moment(network: TwoLayer | MLP, threshold: float, neuron: float, group: float, layer: int) -> _Moment:
    found = condensation(network, threshold=threshold, amplitude_filter=neuron, layer=layer)
    largest = found.groups[0].amplitude if found.groups else 0.0
    kept = [cluster for cluster in found.groups if cluster.amplitude >= group * largest]
    points = np.array([cluster.representative for cluster in kept])
    return _Moment(
        [cluster.members for cluster in kept],
        np.array([cluster.amplitude for cluster in kept]),
        points,
        amplitudes(network, layer),
    )


def _follow(moments: list[_Moment], times: np.ndarray) -> tuple[list[list[int]], list[Event]]:
    """Returns the track number of every group at every moment, and the events."""
    names = [list(range(len(moments[0].members)))]
    events: list[Event] = []
    following = len(names[0])
    for frame in range(1, len(moments)):
        before, after = moments[frame - 1], moments[frame]
        same, goes, comes = _match(before, after)
        own = [names[-1][same[h]] if h in same else -1 for h in range(len(after.members))]
        for h in range(len(own)):
            if own[h] < 0:
                own[h], following = following, following + 1
                kind = "split" if h in comes else "birth"
                other = names[-1][comes[h]] if h in comes else None
                events.append(Event(kind, frame, float(times[frame]), own[h], other))
        for g in sorted(set(range(len(before.members))) - set(same.values())):
            kind = "merge" if g in goes else "fade"
            other = own[goes[g]] if g in goes else None
            events.append(Event(kind, frame, float(times[frame]), names[-1][g], other))
        names.append(own)
    return names, events


def _match(before: _Moment, after: _Moment) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """Returns {later: earlier} of what is the same, {earlier: later} of where to, {later: earlier} of where from."""
    old, new = before.neurons, after.neurons
    common = [[np.intersect1d(g, h) for h in after.members] for g in before.members]
    shape = (len(before.members), len(after.members))
    leaving = np.array([[old[both].sum() for both in row] for row in common]).reshape(shape)
    coming = np.array([[new[both].sum() for both in row] for row in common]).reshape(shape)
    goes_to = leaving >= _MOST * np.array([old[g].sum() for g in before.members]).reshape(-1, 1)
    comes_from = coming >= _MOST * np.array([new[h].sum() for h in after.members]).reshape(1, -1)
    goes = {int(g): int(h) for g, h in np.argwhere(goes_to & (leaving > 0))}
    comes = {int(h): int(g) for g, h in np.argwhere(comes_from & (coming > 0))}
    same: dict[int, int] = {}
    for flat in np.argsort(-coming, axis=None, kind="stable"):
        g, h = divmod(int(flat), shape[1])
        related = goes.get(g) == h or comes.get(h) == g
        if related and h not in same and g not in same.values():
            same[h] = g
    return same, goes, comes


def _tracks(moments: list[_Moment], names: list[list[int]]) -> tuple[Track, ...]:
    places: dict[int, list[tuple[int, int]]] = {}
    for frame, own in enumerate(names):
        for group, number in enumerate(own):
            places.setdefault(number, []).append((frame, group))
    return tuple(
        Track(
            number,
            np.array([frame for frame, _ in place]),
            np.array([len(moments[frame].members[group]) for frame, group in place]),
            np.array([moments[frame].amplitude[group] for frame, group in place]),
            np.array([moments[frame].points[group] for frame, group in place]),
        )
        for number, place in sorted(places.items())
    )
