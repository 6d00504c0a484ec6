"""Completeness: branch and bound proves that tanh networks of width 1 have exactly these critical functions in a box.

A rectangle of (w², c), c = −b/w, is excluded where the mean value theorem shows that one of the two equations of
`roots` has no zero in it, and included where it lies in the rectangle of a proven zero; else it is halved.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from condenslab.errors import UserError
from condenslab.landscape.proof.evidence import ball_text, sealed
from condenslab.landscape.proof.exact import fraction, matrix_of, precision
from condenslab.landscape.proof.outer import is_odd, largest_input
from condenslab.landscape.proof.passes import input_balls, target_balls
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.rectangles import Rectangle, area, balls, halves, inside, meet
from condenslab.landscape.proof.roots import Equations, Root

_DIGITS = 96
_SMALLEST = Fraction(1, 2**40)
MARGIN = 64
"""Of odd data only c ≥ −(largest c)/64 is searched: the rest is its mirror image."""


@dataclass(frozen=True, eq=False)
class Completeness:
    """What branch and bound proved about width 1.

    Attributes:
        problem: The problem.
        largest_weight: The box is 0 < |w| ≤ this, exact.
        centres: (least, largest) c = −b/w, exact.
        roots: The critical functions in it that are not 0: exactly these where `complete`.
        excluded: The part of the box's area in (w², c) in which it is proven that there is no other.
        undecided: Rectangles that were left.
        every_bias: Whether, by a theorem about odd data, there is none outside the centres either.
        boxes: How many rectangles were looked at.
        outside: What lies outside, in words.
    """

    problem: Problem
    largest_weight: Fraction
    centres: tuple[Fraction, Fraction]
    roots: tuple[Root, ...]
    excluded: float
    undecided: tuple[Rectangle, ...]
    every_bias: bool
    boxes: int
    outside: str

    @property
    def complete(self) -> bool:
        """Whether nothing of the box is left."""
        return not self.undecided

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values.

        Raises:
            ValueError: Part of the box is undecided.
        """
        if not self.complete:
            raise ValueError(f"{len(self.undecided)} rectangles are undecided: there is nothing to certify.")
        roots = [{"rectangle": [str(end) for end in root.rectangle], "a": ball_text(root.a)} for root in self.roots]
        box = {"largest_weight": str(self.largest_weight), "centres": [str(end) for end in self.centres]}
        claim = {"count": len(self.roots), "every_bias": self.every_bias}
        body = {"precision": _DIGITS, "problem": self.problem.as_dict(), "box": box, "roots": roots, "claim": claim}
        return sealed("complete_width_1", body)


@dataclass
class _Search:
    equations: Equations
    roots: list[Root] = field(default_factory=list)
    boxes: int = 0


def complete_width_one(
    problem: Problem,
    *,
    largest_weight: Fraction | str | None = None,
    centres: tuple[Fraction | str, Fraction | str] | None = None,
    max_boxes: int = 200_000,
    time_limit: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Completeness:
    """Proves which critical functions networks a·tanh(w·x + b) have for 0 < |w| ≤ W and all centres −b/w in a range.

    Args:
        problem: One input, one output, squared loss with equal weights, tanh with hidden biases and no output bias.
        largest_weight: W; by default 3/dx, dx the median distance of neighbouring inputs: steeper neurons step between
            two samples, and their critical points are mostly at infinity.
        centres: The range of c; by default that of the inputs, outside which odd data have none (`every_bias`).
        max_boxes: Rectangles to look at.
        time_limit: Wall seconds, or None.
        progress: Called with the decided part of the area now and then.

    Returns:
        What is proven; complete, or with the rectangles that are left.

    Raises:
        UserError: The problem is of another form.
    """
    weight, (low, high) = box_of(problem, largest_weight, centres)
    reach = largest_input(problem)
    with precision(_DIGITS):
        x = [row[0] for row in input_balls(problem)]
        search = _Search(Equations(x, matrix_of(target_balls(problem), 1)))
        mirrored = is_odd(problem) and low == -high
        whole: Rectangle = (Fraction(0), weight**2, -high / MARGIN if mirrored else low, high)
        left = _branch(search, whole, (max_boxes, time_limit), progress)
        left += _mirror(search) if mirrored else []
        undecided = sum((area(part) for part in left), Fraction(0))
        every = is_odd(problem) and low <= -reach and high >= reach
        return Completeness(
            problem,
            weight,
            (low, high),
            tuple(search.roots),
            float(1 - undecided / area(whole)),
            tuple(left),
            every,
            search.boxes,
            _outside(weight, every),
        )


def box_of(
    problem: Problem, largest_weight: Fraction | str | None, centres: tuple[Fraction | str, Fraction | str] | None
) -> tuple[Fraction, tuple[Fraction, Fraction]]:
    """Returns the exact box of weights and centres, by default as `complete_width_one` says.

    Args:
        problem: The problem.
        largest_weight: W, or None.
        centres: The range of c, or None.

    Raises:
        UserError: The problem is of another form, or the box is empty.
    """
    _check(problem)
    inputs = sorted(fraction(row[0]) for row in problem.inputs)
    reach = largest_input(problem)
    weight = fraction(str(largest_weight)) if largest_weight is not None else _steepest(inputs)
    low, high = (-reach, reach) if centres is None else (fraction(str(centres[0])), fraction(str(centres[1])))
    if weight <= 0 or low >= high:
        raise UserError(f"the box must have 0 < W and least < largest centre. Got W = {weight}, {low} to {high}.")
    return weight, (low, high)


def _branch(
    search: _Search, whole: Rectangle, limits: tuple[int, float | None], progress: Callable[[float], None] | None
) -> list[Rectangle]:
    most, seconds = limits
    end = None if seconds is None else time.monotonic() + seconds
    pending, done, total, left = [whole], Fraction(0), area(whole), []
    while pending:
        if search.boxes >= most or (end is not None and time.monotonic() > end):
            break
        part = pending.pop()
        if area(part) < total * _SMALLEST:  # what cannot be decided must not keep the rest from being looked at
            left.append(part)
            continue
        search.boxes += 1
        if _decided(search, part, whole):
            done += area(part)
            if progress is not None and search.boxes % 64 == 0:
                progress(float(done / total))
        else:
            pending += halves(part)
    return pending + left


def _decided(search: _Search, part: Rectangle, whole: Rectangle) -> bool:
    """Returns whether the rectangle holds no zero of g but the known ones; may find a new one."""
    if any(inside(part, root.rectangle) for root in search.roots):
        return True
    box = balls(part)
    middle = [value.mid() for value in box]
    value, _ = search.equations.at(middle, second=False)
    _, slopes = search.equations.at(box, second=True)
    for k in range(2):
        if not (value[k] + slopes[k, 0] * (box[0] - middle[0]) + slopes[k, 1] * (box[1] - middle[1])).contains(0):
            return True
    root = search.equations.root_near(part, whole, search.roots)
    if root is not None:
        search.roots.append(root)
        return inside(part, root.rectangle)
    return False


def _check(problem: Problem) -> None:
    shape = problem.shape
    fits = shape.widths[0] == shape.widths[-1] == 1 and len(shape.widths) == 3 and shape.biases == (True, False)
    if not fits or shape.activation != "tanh" or problem.loss != "squared" or problem.weights is not None:
        raise UserError(
            "completeness is for one input, one output, tanh with hidden biases and no output bias, and the squared "
            f"loss with equal sample weights. Got {shape} with {problem.loss}."
        )


def _steepest(inputs: list[Fraction]) -> Fraction:
    gaps = sorted(b - a for a, b in pairwise(inputs) if b > a)
    if not gaps:
        raise UserError("completeness needs at least two different inputs, or state largest_weight.")
    return 3 / gaps[len(gaps) // 2]


def _outside(weight: Fraction, every: bool) -> str:
    steep = f"|w| > {float(weight):.4g}, neurons that step between two samples"
    flat = "w = 0 has only constant functions"
    if every:
        return f"{steep}; {flat}; every bias is covered, the data being odd with x·y ≥ 0"
    return f"{steep}; {flat}; centres −b/w outside the stated range"


def _mirror(search: _Search) -> list[Rectangle]:
    """Adds the mirror images of the roots, −f(−x) at −c; returns rectangles of which it is not clear whether known."""
    unclear = []
    for root in list(search.roots):
        q0, q1, c0, c1 = root.rectangle
        image = (q0, q1, -c1, -c0)
        if c0 + c1 == 0 or any(other.rectangle == image for other in search.roots):
            continue
        if any(meet(image, other.rectangle) for other in search.roots):
            unclear.append(image)
            continue
        search.roots.append(Root(image, root.w, -root.b, root.a))
    return unclear
