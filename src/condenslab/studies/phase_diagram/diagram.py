"""What claims and drawings of the phase diagram read off the records: slopes, boundary, orientations; no JAX."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.scaling import Slope, width_slope, zero_crossing
from condenslab.sweeps import Record
from condenslab.tasks import task

KINKS = (float(np.arctan2(-1 / 6, -1.0)), float(np.arctan2(-1 / 6, 1.0)))
"""Orientations of neurons whose kinks are at the samples ±1/6 and which point away from 0: −2.976 and −0.165 rad."""
SAMPLES = task("square_on_four_points").inputs[:, 0]
"""Inputs x of the case "square"; the targets are x²."""
PORTRAIT = 200
"""How many neurons of a run a cell of the diagram keeps to be looked at."""
OUTPUTS = 101
"""At how many points it keeps the function."""
_STRONG = 0.05
_GAP = 0.05


@dataclass(frozen=True)
class Point:
    """The slope at one point of a diagram, with what it rests on.

    Attributes:
        gamma: γ.
        gamma_prime: γ′.
        slope: The least-squares line, or None where fewer than two widths converged.
        missing: Widths whose run did not converge.
    """

    gamma: float
    gamma_prime: float
    slope: Slope | None
    missing: tuple[int, ...]


def spaced(size: int, most: int) -> np.ndarray:
    """Returns at most so many indices below a size, evenly spaced, with both ends."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))


def boundary(gamma_prime: float) -> float:
    """Returns the theory's γ on the boundary at γ′."""
    return 1.0 + max(gamma_prime, 0.0)


def converged(record: Record) -> bool:
    """Returns whether a run came to the risk that was asked for; in older records those that did not are `done` too."""
    return bool(record.values.get("converged"))


def slope_value(records: Sequence[Record]) -> float | None:
    """Returns the slope of log RD(θ_w) against log m, or None where a run did not converge or nothing moved.

    Args:
        records: Runs of one point and one seed, of at least two widths.
    """
    if not all(map(_moved, records)):
        return None
    slope = width_slope([r.case["width"] for r in records], [r.values["input_distance"] for r in records])
    return None if slope is None else slope.value


def points(records: Iterable[Record], data: str) -> list[Point]:
    """Returns the slopes of a diagram to draw, by γ′ and γ; a width that did not converge is left out and named.

    Args:
        records: The records.
        data: "square" or "digits".
    """
    runs = [r for r in records if r.case["kind"] == "point" and r.case["data"] == data and not r.case["keep"]]
    if not runs:
        return []
    first = min(r.case["seed"] for r in runs)  # which alone has the whole diagram
    grouped: dict[tuple[float, float], list[Record]] = {}
    for record in sorted(runs, key=lambda r: r.case["width"]):
        if record.case["seed"] == first:
            grouped.setdefault((record.case["gamma_prime"], record.case["gamma"]), []).append(record)
    drawn = []
    for (gamma_prime, gamma), group in sorted(grouped.items()):
        moved = [r for r in group if _moved(r)]
        slope = width_slope([r.case["width"] for r in moved], [r.values["input_distance"] for r in moved])
        missing = tuple(r.case["width"] for r in group if not _moved(r))
        drawn.append(Point(gamma, gamma_prime, slope, missing))
    return drawn


def zero_line(diagram: Sequence[Point]) -> dict[float, float | None]:
    """Returns γ′ → γ at which the slope vanishes, for every γ′ with at least two points; None where it does not."""
    rows: dict[float, list[Point]] = {}
    for point in diagram:
        if point.slope is not None:
            rows.setdefault(point.gamma_prime, []).append(point)
    return {
        prime: zero_crossing([p.gamma for p in row], [p.slope.value for p in row if p.slope])
        for prime, row in rows.items()
        if len(row) > 1
    }


def orientations(record: Record) -> list[float]:
    """Returns the angles of the groups of the strong neurons, weighted by amplitude, increasing from −π.

    Two strong neurons next to each other on the circle are of one group if their angles differ by at most 0.05 rad.

    Args:
        record: A record with features.
    """
    angle, amplitude = record.arrays["angle"], record.arrays["amplitude"]
    strong = amplitude > _STRONG * amplitude.max()
    order = np.argsort(angle[strong])
    angles, weights = angle[strong][order], amplitude[strong][order]
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    cuts = np.flatnonzero(gaps > _GAP) + 1
    if not cuts.size:
        return [float(np.angle(np.sum(weights * np.exp(1j * angles))))]
    groups = np.split(np.roll(np.arange(len(angles)), -cuts[0]), (cuts - cuts[0])[1:])
    return sorted(float(np.angle(np.sum(weights[g] * np.exp(1j * angles[g])))) for g in groups if len(g))


def _moved(record: Record) -> bool:
    return converged(record) and record.values["input_distance"] > 0
