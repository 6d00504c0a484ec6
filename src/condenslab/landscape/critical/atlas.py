"""An atlas of critical functions: for each the width it first appears at, its mirror images, and its hits."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.landscape.critical.certify import CriticalPoint
from condenslab.landscape.critical.distinct import outputs
from condenslab.landscape.critical.points import CriticalPoints
from condenslab.risk import EmpiricalRisk, require_samples

_SYMMETRIES = ((-1, -1), (-1, 1), (1, -1))
_SAME_SAMPLE = 1e-9


@dataclass(frozen=True)
class Chao1:
    """An estimate of how many classes there are, from how often each was seen: a lower bound in expectation.

    With f₁ classes seen once and f₂ seen twice.

    Attributes:
        observed: S, the number of classes seen.
        singletons: f₁.
        doubletons: f₂.
        estimate: S + f₁²/(2f₂); where f₂ = 0 the bias-corrected value.
        bias_corrected: S + f₁(f₁ − 1)/(2(f₂ + 1)).
        variance: Of `bias_corrected`: f₁(f₁−1)/(2(f₂+1)) + f₁(2f₁−1)²/(4(f₂+1)²) + f₁²f₂(f₁−1)²/(4(f₂+1)⁴).
    """

    observed: int
    singletons: int
    doubletons: int
    estimate: float
    bias_corrected: float
    variance: float

    @property
    def missed(self) -> float:
        """The bias-corrected estimate of how many classes were not seen."""
        return self.bias_corrected - self.observed

    @property
    def standard_error(self) -> float:
        """The square root of the variance."""
        return math.sqrt(self.variance)


def chao1(hits: Sequence[int] | np.ndarray) -> Chao1:
    """Estimates how many classes there are from the number of hits of each class seen.

    Args:
        hits: How often each class was seen, positive whole numbers; classes never seen are left out.

    Raises:
        ValueError: A number of hits is not positive.

    References:
        A. Chao, Scand. J. Statist. 11 (1984) 265–270; bias-corrected form and variances: A. Chao, in Encyclopedia of
        Statistical Sciences, 2nd ed. (2005), "Species estimation and applications".

    Example:
        >>> chao1([5, 2, 1, 1]).estimate
        6.0
    """
    seen = np.asarray(hits)
    if seen.ndim != 1 or seen.dtype.kind not in "iuf":
        raise ValueError(f"hits must be numbers, shape (class,). Got {hits!r}.")
    if np.any(seen < 1):
        raise ValueError("every number of hits must be at least 1: leave out what was never seen. Got a smaller one.")
    once, twice = int(np.count_nonzero(seen == 1)), int(np.count_nonzero(seen == 2))
    corrected = len(seen) + once * (once - 1) / (2 * (twice + 1))
    estimate = len(seen) + once**2 / (2 * twice) if twice else corrected
    variance = (
        once * (once - 1) / (2 * (twice + 1))
        + once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )
    return Chao1(len(seen), once, twice, float(estimate), float(corrected), float(variance))


@dataclass(frozen=True, eq=False)
class AtlasEntry:
    """One critical function.

    Attributes:
        point: The most accurate representative, in the narrowest network found.
        width: The width that it first appears at: that of `point`.
        hits: Starts that ended on it, for each searched width that found it.
        orbit: Number of its class modulo the symmetries of the target; mirror images share it.
        symmetric: The symmetries (s, t) of the target that leave the function as it is: t·f(s·x) = f(x).
    """

    point: CriticalPoint
    width: int
    hits: dict[int, int]
    orbit: int
    symmetric: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class CriticalAtlas:
    """The critical functions that searches of several widths found, as functions and modulo symmetry.

    A critical function of width m is one of every wider network, by embedding; `embeddings` says where that was seen.

    Attributes:
        entries: One a function: by width, then by risk.
        grid: Where functions were compared, shape (point, input).
        functions: Their outputs there, shape (entry, point, output).
        symmetries: The (s, t), signs of inputs and targets, under which the data set is invariant: with (x, y) it
            holds (s·x, t·y). Then t·f(s·x) is critical with f, at the same risk.
        searched: The widths of the searches and their numbers of starts that came to an end.
        interrupted: Whether one of them ended early.
    """

    entries: tuple[AtlasEntry, ...]
    grid: np.ndarray
    functions: np.ndarray
    symmetries: tuple[tuple[int, int], ...]
    searched: dict[int, int]
    interrupted: bool

    @property
    def orbits(self) -> int:
        """How many functions there are modulo the symmetries of the target."""
        return len({entry.orbit for entry in self.entries})

    @property
    def embeddings(self) -> tuple[tuple[int, int, int], ...]:
        """(entry, searched width, hits) wherever a wider search ended on an embedded narrower function."""
        return tuple(
            (number, width, hits)
            for number, entry in enumerate(self.entries)
            for width, hits in sorted(entry.hits.items())
            if width > entry.width
        )

    def of_width(self, width: int) -> tuple[AtlasEntry, ...]:
        """Returns the entries that first appear at a width, smallest risk first."""
        return tuple(entry for entry in self.entries if entry.width == width)

    def estimate(self, width: int) -> Chao1:
        """Estimates how many functions the search of a width can end on, those of narrower networks included.

        Args:
            width: A searched width.

        Raises:
            ValueError: That width was not searched.
        """
        if width not in self.searched:
            raise ValueError(f"width must be one of the searched ones, {sorted(self.searched)}. Got {width}.")
        return chao1([entry.hits[width] for entry in self.entries if width in entry.hits])


def critical_atlas(risk: EmpiricalRisk, searches: Sequence[CriticalPoints]) -> CriticalAtlas:
    """Joins searches of several widths on one problem into an atlas.

    Args:
        risk: R, the one that was searched.
        searches: What `critical_points` returned; two of one width are added up, as one with all their starts.

    Raises:
        ValueError: There are no searches, or they compared functions on different grids.
    """
    require_samples(risk)
    if not searches:
        raise ValueError("an atlas needs at least one search. Got none.")
    grid = searches[0].grid
    if any(search.grid.shape != grid.shape or np.any(search.grid != grid) for search in searches):
        raise ValueError("the searches must be on one data set: they compared functions on different grids.")
    apart = max(search.same for search in searches)
    risk = risk.counted()
    symmetries = data_symmetries(np.asarray(risk.inputs), np.asarray(risk.targets), np.asarray(risk.probabilities))
    found = _joined(searches, apart)
    found.sort(key=lambda entry: (entry[0].width, entry[0].risk))
    functions = np.array([function for _, function, _ in found]).reshape(len(found), *searches[0].functions.shape[1:])
    mirrored = [np.array([t * outputs(point.network, s * grid) for point, _, _ in found]) for s, t in symmetries]
    orbits = _orbits(functions, mirrored, apart)
    entries = []
    for number, (point, function, hits) in enumerate(found):
        fixed = tuple(
            symmetry
            for symmetry, images in zip(symmetries, mirrored, strict=True)
            if np.abs(images[number] - function).max() < apart
        )
        entries.append(AtlasEntry(point, point.width, hits, orbits[number], fixed))
    searched: dict[int, int] = {}
    for search in searches:
        ended = sum(fate.name != "UNFINISHED" for fate in search.fates)
        searched[search.width] = searched.get(search.width, 0) + ended
    early = any(search.interrupted for search in searches)
    return CriticalAtlas(tuple(entries), grid, functions, symmetries, searched, early)


def data_symmetries(inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Returns the (s, t) of (−1, −1), (−1, 1), (1, −1) with which (s·x, t·y) is the same weighted data set as (x, y).

    Args:
        inputs: x, shape (sample, input).
        targets: y, shape (sample, output).
        weights: Shape (sample,).
    """

    def ordered(s: int, t: int) -> np.ndarray:
        rows = np.concatenate([s * inputs / scale, t * targets / height, weights[:, None] / weights.max()], axis=1)
        rounded = np.round(rows / _SAME_SAMPLE) * _SAME_SAMPLE + 0.0
        return rows[np.lexsort(rounded.T[::-1])]

    scale, height = np.abs(inputs).max() or 1.0, np.abs(targets).max() or 1.0
    plain = ordered(1, 1)
    return tuple(pair for pair in _SYMMETRIES if np.abs(ordered(*pair) - plain).max() <= 10 * _SAME_SAMPLE)


def _joined(searches: Sequence[CriticalPoints], apart: float) -> list[tuple[CriticalPoint, np.ndarray, dict[int, int]]]:
    """Returns (representative, outputs on the grid, hits by width) of each distinct function."""
    found: list[tuple[CriticalPoint, np.ndarray, dict[int, int]]] = []
    for search in sorted(searches, key=lambda search: search.width):
        for point, function in zip(search.points, search.functions, strict=True):
            near = next((k for k, (_, other, _) in enumerate(found) if np.abs(other - function).max() < apart), None)
            if near is None:
                found.append((point, function, {search.width: point.hits}))
                continue
            hits = found[near][2]
            hits[search.width] = hits.get(search.width, 0) + point.hits
            best = min(found[near][0], point, key=lambda one: (one.width, one.gradient_norm))
            found[near] = (best, found[near][1], hits)
    return found


def _orbits(functions: np.ndarray, mirrored: Sequence[np.ndarray], apart: float) -> list[int]:
    """Numbers the classes modulo the symmetries; functions without partner are classes of their own."""
    orbits: list[int] = []
    for number in range(len(functions)):
        images = [images[number] for images in mirrored]
        partner = (k for k in range(number) if any(np.abs(image - functions[k]).max() < apart for image in images))
        near = next(partner, None)
        orbits.append(len(set(orbits)) if near is None else orbits[near])
    return orbits
