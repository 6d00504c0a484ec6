"""Existence and uniqueness of a critical point in a box by Krawczyk's operator, after Newton steps to its centre.

For a continuously differentiable g on a box X around x, any matrix Y, and an enclosure H(X) of its Jacobian on X,

    K(X) = x − Y·g(x) + (I − Y·H(X))·(X − x)

contains every zero of g in X; if K(X) lies in the interior of X, there is exactly one, and it lies in K(X).
(R. Krawczyk, Computing 4 (1969) 187–201; R. E. Moore, SIAM J. Numer. Anal. 14 (1977) 611–615.) Here g = ∇R, along all
parameters, or on a `Section` across a continuous family of critical points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.landscape.proof.enclosure import enclose
from condenslab.landscape.proof.exact import above, flint, matrix_of, midpoints, sup
from condenslab.landscape.proof.problem import Problem

_NEWTON = 24
_NEAR, _TINY = 1e-6, 1e-25
_FIRST_RADIUS = 1e-8
_TRIES = 12
_SURE = 0.1  # far below 1, so that a check that encloses less tightly has room
_ROOM = 2.0


@dataclass(frozen=True)
class Section:
    """Which equations are solved for which unknowns; the other parameters are held at the centre.

    Attributes:
        equations: Numbers of the gradient's entries.
        unknowns: As many numbers of parameters.
    """

    equations: tuple[int, ...]
    unknowns: tuple[int, ...]


@dataclass(frozen=True)
class Box:
    """A proven critical point: exactly one within `radius` of `centre`, and within `existence` of it.

    Attributes:
        centre: x, exact balls.
        radius: In it the point is the only one, in the maximum norm (over the free parameters).
        existence: The point is no farther from the centre than this.
        contraction: An upper bound of ‖I − Y·H(X)‖∞, less than 1.
    """

    centre: list[Any]
    radius: float
    existence: float
    contraction: float


@dataclass(frozen=True)
class Failure:
    """Why nothing was proven, in a sentence.

    Attributes:
        reason: The sentence.
        hopeless: Whether more digits cannot help.
    """

    reason: str
    hopeless: bool = False


def locate(problem: Problem, start: Sequence[Any], section: Section, reach: float) -> tuple[list[Any], Any] | Failure:
    """Follows Newton steps to a critical point, to the working precision.

    Args:
        problem: The problem.
        start: Where from, exact balls.
        section: What is solved.
        reach: How far the point may lie from the start, in units of max(1, |θ_j|).

    Returns:
        The centre, exact balls, and an approximate inverse Y of the Hessian there; or why there is none.
    """
    centre, scale = list(start), [max(1.0, abs(float(value.mid()))) for value in start]
    best, inverse, fresh = float("inf"), None, False
    for _ in range(_NEWTON):
        if inverse is None:
            inverse, fresh = _inverse(enclose(problem, centre, hessian=True).hessian, section), True
            if isinstance(inverse, Failure):
                return inverse
        gradient = enclose(problem, centre, hessian=False).gradient
        moves = midpoints(inverse * _column(gradient, section)).entries()
        size = max((abs(float(move)) for move in moves), default=0.0)
        if not size < best / 2:
            if fresh or size < _TINY:
                return centre, inverse
            inverse = None
            continue
        for place, move in zip(section.unknowns, moves, strict=True):
            centre[place] = (centre[place] - move).mid()
        away = max((abs(float((a - b).mid())) / s for a, b, s in zip(centre, start, scale, strict=True)), default=0.0)
        if not away <= reach:
            return Failure(
                f"the given point is not critical: Newton's method leaves it by {away:.2g} of its size, more than "
                f"{reach:g}; bring it to stationarity first (landscape.polish)",
                hopeless=True,
            )
        # Far from the root the next step needs its own Hessian; near it the old one gains many digits a step.
        inverse, fresh, best = (None if size > _NEAR else inverse), False, size
    inverse = _inverse(enclose(problem, centre, hessian=True).hessian, section) if inverse is None else inverse
    return inverse if isinstance(inverse, Failure) else (centre, inverse)


def krawczyk(problem: Problem, centre: list[Any], inverse: Any, section: Section) -> Box | Failure:
    """Proves that exactly one critical point lies in a box around a centre, the largest of a few radii that does.

    Args:
        problem: The problem.
        centre: x, exact balls.
        inverse: Y, exact.
        section: What is solved; parameters that are no unknowns are held at the centre.
    """
    step = inverse * _column(enclose(problem, centre, hessian=False).gradient, section)
    newton = max((above(abs(move)) for move in step.entries()), default=0.0)
    radius, proven = max(_FIRST_RADIUS, 8 * newton), None
    for _ in range(_TRIES):
        contraction = _contraction(problem, (centre, inverse, section), radius)
        existence = _existence(newton, contraction)
        if contraction < _SURE and existence < radius:
            if proven is not None or contraction > _SURE / 4:
                return Box(centre, radius, existence, contraction)
            proven = Box(centre, radius, existence, contraction)
            radius *= 0.7 * _SURE / max(contraction, 1e-6)  # ‖I − Y·H(X)‖ grows about as X does
        elif proven is not None:
            return proven
        else:
            radius *= min(0.7 * _SURE / contraction, 0.5) if contraction > 0 else 0.5
            if radius <= 2 * newton:
                break
    return proven or Failure(
        "Krawczyk's operator maps no box into itself: the Hessian is singular or nearly so at the point, the point is "
        "not critical, or the precision is too low"
    )


def box_around(box: Box, section: Section) -> list[Any]:
    """Returns the balls in which the point is proven to lie.

    Args:
        box: The proof.
        section: What was solved; parameters that are no unknowns are exactly those of the centre.
    """
    return _widened(box.centre, section, box.existence)


def _existence(newton: float, contraction: float) -> float:
    """‖p − x‖ ≤ ‖Yg(x)‖ + c‖p − x‖ for the zero p, c the contraction: ≤ newton/(1 − c); twice is claimed."""
    return float(np.nextafter(_ROOM * newton / (1 - contraction), np.inf)) if contraction < 1 else float("inf")


def _contraction(problem: Problem, about: tuple[list[Any], Any, Section], radius: float) -> float:
    centre, inverse, section = about
    found = enclose(problem, _widened(centre, section, radius), hessian=True)
    return sup(
        identity(len(section.unknowns)) - inverse * restricted(found.hessian, section.equations, section.unknowns)
    )


def restricted(hessian: Any, rows: Sequence[int], columns: Sequence[int]) -> Any:
    """Returns the given rows and columns of a matrix of balls.

    Args:
        hessian: The matrix.
        rows: Their numbers.
        columns: Their numbers.
    """
    entries = hessian.tolist()
    return matrix_of([[entries[i][j] for j in columns] for i in rows], len(columns))


def identity(size: int) -> Any:
    """Returns the identity matrix.

    Args:
        size: Its order.
    """
    return flint.arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _column(gradient: list[Any], section: Section) -> Any:
    return matrix_of([[gradient[k]] for k in section.equations], 1)


def _widened(centre: list[Any], section: Section, radius: float) -> list[Any]:
    moving = set(section.unknowns)
    return [flint.arb(value, radius) if k in moving else value for k, value in enumerate(centre)]


def _inverse(hessian: Any, section: Section) -> Any:
    matrix = midpoints(restricted(hessian, section.equations, section.unknowns))
    if not matrix.nrows():
        return matrix
    try:
        inverse = midpoints(matrix.inv())
    except ZeroDivisionError:
        return Failure("the Hessian cannot be inverted in this precision: it is singular or nearly so")
    if not all(entry.is_finite() for entry in inverse.entries()):
        return Failure("the Hessian is not finite at the point: it is out of range", hopeless=True)
    return inverse
