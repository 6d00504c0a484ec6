"""How a descent is cut: into segments of one compiled program, and these into stretches that end in a record."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from condenslab.training.checks import check_count, check_whole

SLOTS = 16
"""Stretches a segment has room for."""
_SEGMENTS = 100
"""A run has about so many segments, between which the clock is looked at."""


class Stretches(NamedTuple):
    """The input of a segment: numbers of steps, each perhaps followed by a record.

    Attributes:
        steps: How many steps each stretch has; 0 fills up. Shape (slot,).
        recorded: Whether it ends in a record, shape (slot,).
        done: The fraction of all steps that is behind after the segment.
    """

    steps: np.ndarray
    recorded: np.ndarray
    done: np.ndarray


def record_steps(steps: int, points: int = 200) -> np.ndarray:
    """Returns at most `points` logarithmically spaced step numbers from 1 up to and including `steps`."""
    if steps == 0:
        return np.zeros(0, dtype=np.int64)
    return np.unique(np.geomspace(1, steps, points).round()).astype(np.int64)


def cut(steps: int, at: Sequence[int] | np.ndarray | None, least: int) -> list[Stretches]:
    """Cuts a run into segments of nearly equal numbers of steps, and these where they are to be recorded.

    Args:
        steps: How many steps there are.
        at: Where to record, or None for `record_steps`.
        least: A segment has at least so many steps, if they fit into its stretches.

    Raises:
        ValueError: Steps that are no whole number of at least 0, or records outside the run.
    """
    steps = check_count("steps", steps)
    points = record_steps(steps) if at is None else np.unique(check_whole("at", at))
    if points.size and (points[0] < 0 or points[-1] > steps):
        raise ValueError(f"records must lie between step 0 and step {steps}. Got {points[0]} … {points[-1]}.")
    longest = max(least, -(-steps // _SEGMENTS))
    packed: list[list[tuple[int, bool]]] = [[]]
    room, place = longest, 0
    for point in np.unique(np.append(points, steps)):
        while place < point:
            if room == 0 or len(packed[-1]) == SLOTS:
                packed.append([])
                room = longest
            count = int(min(room, point - place))
            place, room = place + count, room - count
            packed[-1].append((count, place == point))
    filled = [segment + [(0, False)] * (SLOTS - len(segment)) for segment in packed if segment]
    ends = np.cumsum([sum(count for count, _ in segment) for segment in filled])
    return [
        Stretches(np.array([c for c, _ in segment]), np.array([r for _, r in segment]), np.asarray(end / steps))
        for segment, end in zip(filled, ends, strict=True)
    ]
