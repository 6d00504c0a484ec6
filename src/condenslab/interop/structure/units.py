"""The units of a group as rows of numbers, up to their signs and scales: which are one, and which are near."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

_ROUNDINGS = 16.0
WIDEST = 6000
"""Wider groups are not compared pair by pair: a linkage needs all distances in memory."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What one gauge, or one parameter outside any, says of each unit.

    Attributes:
        names: The parameters, in the order of their columns.
        raw: Their entries, shape (unit, column), float64.
        widths: How many columns each has.
        signed: Whether a row and its negative are one.
        scaled: Whether a row and its positive multiples are one.
    """

    names: tuple[str, ...]
    raw: np.ndarray
    widths: tuple[int, ...]
    signed: bool
    scaled: bool

    @property
    def lengths(self) -> np.ndarray:
        """The factor of each unit: its norm where rows may be scaled, else 1; shape (unit,)."""
        norms = np.linalg.norm(self.raw, axis=1)
        return np.where(norms > 0, norms, 1.0) if self.scaled else np.ones(len(self.raw))

    @property
    def rows(self) -> np.ndarray:
        """The rows divided by their lengths."""
        return self.raw / self.lengths[:, None]

    def taken(self, units: np.ndarray) -> "Rows":
        """Returns the rows of some units."""
        return Rows(self.names, self.raw[units], self.widths, self.signed, self.scaled)


def relative_signs(parts: Sequence[Rows], leads: np.ndarray) -> list[np.ndarray]:
    """Returns for every part the sign of each unit against its lead, 1 where signs are not free.

    Args:
        parts: The parts.
        leads: The lead of each unit, shape (unit,).
    """
    found = []
    for part in parts:
        agree = np.einsum("ij,ij->i", part.raw, part.raw[leads])
        found.append(np.where(agree < 0, -1.0, 1.0) if part.signed else np.ones(len(part.raw)))
    return found


def equal_units(parts: Sequence[Rows], candidates: np.ndarray, epsilon: float) -> np.ndarray:
    """Returns for each unit the first one that is equal to it, up to signs and scales and rounding.

    Every coordinate is compared by itself: two agree when they differ by at most a few roundings of the larger one, or
    of what is usual for that coordinate. Units are sorted by a random projection, so that not all pairs are compared.

    Args:
        parts: The parts.
        candidates: Indices of the units that are looked at.
        epsilon: Relative rounding of the numbers, that of float32 for example.
    """
    rng = np.random.default_rng(0)
    count = len(parts[0].raw)
    projection = np.zeros(count)
    for part in parts:
        one = part.rows @ rng.standard_normal(part.raw.shape[1])
        size = np.abs(one[candidates]).max(initial=0.0) or 1.0
        projection += (np.abs(one) if part.signed else one) / size * rng.uniform(0.5, 1.0)
    leads = np.arange(count)
    order = candidates[np.argsort(projection[candidates], kind="stable")]
    floors = [epsilon * np.sqrt(np.mean(part.rows[candidates] ** 2, axis=0)) for part in parts]
    known: list[int] = []
    for unit in order:
        near = [lead for lead in known if projection[unit] - projection[lead] <= 100 * _ROUNDINGS * epsilon]
        known = near  # the others are further away from all that follow
        twin = next((lead for lead in near if _equal(parts, unit, lead, floors, epsilon)), None)
        if twin is None:
            known.append(int(unit))
        else:
            leads[unit] = twin
    return _earliest(leads)


def _equal(parts: Sequence[Rows], a: int, b: int, floors: Sequence[np.ndarray], epsilon: float) -> bool:
    for part, floor in zip(parts, floors, strict=True):
        one, two = part.raw[a] / part.lengths[a], part.raw[b] / part.lengths[b]
        if part.signed and one @ two < 0:
            two = -two
        allowed = _ROUNDINGS * epsilon * np.maximum(np.abs(one), np.abs(two)) + floor
        if not np.all(np.abs(one - two) <= allowed):
            return False
    return True


def _earliest(leads: np.ndarray) -> np.ndarray:
    """Returns the leads with the first unit of each set as the lead."""
    first = np.arange(len(leads))
    np.minimum.at(first, leads, np.arange(len(leads)))
    return first[leads]


def distances(parts: Sequence[Rows]) -> np.ndarray:
    """Returns how far any two units are apart, relative to the larger one, up to signs and scales.

    d² = Σ min_s ‖u − s·v‖² / max(Σ‖u‖², Σ‖v‖²), the sums over parts, each part divided by its root mean square norm.

    Args:
        parts: The parts.

    Returns:
        Shape (unit, unit), between 0 and 2.
    """
    count = len(parts[0].raw)
    apart, norms = np.zeros((count, count)), np.zeros(count)
    for part in parts:
        rows = part.rows
        size = np.sqrt(np.mean(np.sum(rows**2, axis=1)))
        rows = rows / size if size > 0 else rows
        square, gram = np.sum(rows**2, axis=1), rows @ rows.T
        apart += np.maximum(square[:, None] + square - 2 * (np.abs(gram) if part.signed else gram), 0.0)
        norms += square
    scale = np.maximum(norms[:, None], norms)
    found = np.sqrt(np.divide(apart, scale, out=np.zeros_like(apart), where=scale > 0))
    np.fill_diagonal(found, 0.0)
    return found


class Tree:
    """The order in which units merge, by complete linkage: any two in a cluster are at most its height apart.

    Args:
        parts: The parts.

    Raises:
        ValueError: There are more units than are compared pair by pair.
    """

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.count = len(parts[0].raw)
        if self.count > WIDEST:
            raise ValueError(f"a group of {self.count} units is wider than the {WIDEST} that are compared pair by pair")
        table = distances(parts)
        self.merges = linkage(squareform((table + table.T) / 2, checks=False), "complete") if self.count > 1 else None

    def at_threshold(self, threshold: float) -> np.ndarray:
        """Returns the cluster of each unit when units up to a distance apart are one."""
        return self._cut(threshold, "distance")

    def at_width(self, width: int) -> np.ndarray:
        """Returns the cluster of each unit when there are at most so many."""
        return self._cut(width, "maxclust")

    def _cut(self, value: float, criterion: str) -> np.ndarray:
        if self.merges is None:
            return np.zeros(self.count, np.int64)
        return np.asarray(fcluster(self.merges, value, criterion), np.int64) - 1
