"""What the landscape_slices study claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.landscape_slices.cases import CriticalCase, Settings, TrajectoryCase
from condenslab.sweeps import Record

PLANES, LINES = "Planes through embedded minima", "Lines through embedded minima"
TRAJECTORY, PERMUTED = "The landscape around a trajectory", "Between a network and its permutation"
"""Titles of drawings."""

_THEOREM = "EP21, Theorem 2 = EP22, Theorem 6.1: the K-dimensional critical subspace"
_SADDLE = "EP21, Fig. 3; EP22, Theorem 6.2: a split minimum of positive risk is a strict saddle"
_GLOBAL = "EP22, section 6: at zero loss the second part of the Hessian vanishes"
_CLEAR = 1e-6
_RANDOM_WALK = 0.9
"""Share of the variance of a random walk about its end that two directions explain."""
_TARGET_WIDTH = 3
"""Minima of smaller widths have positive risk."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings.

    Args:
        settings: The settings.
    """
    return [*_curvature(settings), *_shape(settings), *_trajectories()]


def _listed(settings: Settings, widths: Sequence[int]) -> str:
    pairs = [f"{width} → {width + settings.copies}" for width in widths]
    return f"widths {', '.join(pairs) or '(none)'}"


def _of_widths(widths: Sequence[int], value: Callable[[Record], Any]) -> Callable[[Evidence], Any]:
    """Returns a reader of value(embedded minimum of a width) for every width, increasing."""
    return lambda evidence: [
        evidence.where(CriticalCase, width=width).all(lambda records: value(records[0])) for width in widths
    ]


def _curvature(settings: Settings) -> list[Statement]:
    widths = sorted(set(settings.widths))
    return [
        Statement(
            "through an embedded minimum, the curvature of the slice along an eigenvector of the Hessian is its "
            "eigenvalue",
            "definition; five-point difference, step 1e-3",
            _of_widths(widths, _curvature_difference),
            at_most(1e-3),
            note=f"largest relative difference, {_listed(settings, widths)}",
            label="the slice along an eigenvector of the Hessian curves as its eigenvalue says",
            figure=LINES,
        ),
        Statement(
            "in the critical subspace of an embedded minimum the slice is flat",
            _THEOREM,
            _of_widths(widths, lambda record: record.values["flat_deviation"] / record.values["start_risk"]),
            at_most(1e-13),
            note=f"largest change over the risk of the zero function, {_listed(settings, widths)}",
            figure=LINES,
        ),
    ]


def _curvature_difference(record: Record) -> float | None:
    """Returns the largest |curvature/eigenvalue − 1| where the eigenvalue is not zero to 1e-6 of the highest."""
    least = _CLEAR * abs(record.values["eigenvalues"][-1])
    pairs = zip(record.values["eigenvalues"], record.values["curvatures"], strict=True)
    return max((abs(curvature / value - 1) for value, curvature in pairs if abs(value) > least), default=None)


def _shape(settings: Settings) -> list[Statement]:
    widths = sorted(set(settings.widths))
    positive = [width for width in widths if width < _TARGET_WIDTH]
    zero = [width for width in widths if width >= _TARGET_WIDTH]
    return [
        Statement(
            "through an embedded minimum of positive risk the slice falls to both sides of one direction and rises "
            "along another",
            _SADDLE,
            _of_widths(positive, _fall),
            at_most(-1e-6),
            note=f"lowest change on the falling one over the risk, {_listed(settings, positive)}",
            label="an embedded minimum of positive risk is a saddle on its plane",
            figure=PLANES,
        ),
        Statement(
            "through an embedded minimum of zero risk no direction has negative curvature",
            _GLOBAL,
            _of_widths(zero, lambda record: record.values["eigenvalues"][0] / record.values["eigenvalues"][-1]),
            at_least(-1e-10),
            note=f"lowest over highest eigenvalue, {_listed(settings, zero)}",
            figure=PLANES,
        ),
    ]


def _fall(record: Record) -> float:
    """Returns the change on the falling direction over the risk; positive where the other direction does not rise."""
    plane, middle = record.arrays["plane"], len(record.arrays["axis"]) // 2
    falling, rising = plane[:, middle] - plane[middle, middle], plane[middle] - plane[middle, middle]
    both = float(max(falling[:middle].min(), falling[middle + 1 :].min()) / record.values["risk"])
    return both if rising[0] > 0 and rising[-1] > 0 else abs(both)


def _trajectories() -> list[Statement]:
    return [
        Statement(
            "on the line to a network with neurons swapped in pairs the risk is symmetric about the middle",
            "permutation symmetry: the swap maps θ_t to θ_{1−t}",
            lambda evidence: evidence.where(TrajectoryCase).each(lambda record: record.values["asymmetry"]),
            at_most(1e-10),
            note="largest difference over the largest risk",
            of="seeds",
            label="on the line to a permuted network the risk is symmetric about the middle",
            figure=PERMUTED,
        ),
        Statement(
            "the plane of the two principal directions explains more than 90 % of the trajectory's variance about its "
            "end",
            "Li et al., NeurIPS 2018 (arXiv 1712.09913), section 7: 40 % to 90 %; but a random walk alone gives 90 %",
            lambda evidence: evidence.where(TrajectoryCase).each(lambda record: record.values["explained"]),
            above(_RANDOM_WALK),
            of="seeds",
            label="two principal directions explain more than 90 % of the trajectory's variance",
            figure=TRAJECTORY,
        ),
    ]


def quadratic(record: Record, direction: int) -> np.ndarray:
    """Returns R + ½λt² on the axis of the plane, along its first or its second direction.

    Args:
        record: A record of an embedded minimum.
        direction: 0 or 1.
    """
    eigenvalue = record.values["eigenvalues"][0 if direction == 0 else -1]
    steps = record.arrays["reach"][direction] * record.arrays["axis"]
    return record.values["risk"] + 0.5 * eigenvalue * steps**2
