"""Completeness: branch and bound proves that tanh networks of width 1 have exactly these critical functions in a box.

The output weight is eliminated: with ŝ(w, c) = σ(w(x − c))/w, N = ⟨y, ŝ⟩ and D = ⟨ŝ, ŝ⟩, the risk at the best output
weight is ⟨y, y⟩ − N²/D, and where N ≠ 0 the critical points of R are the zeros of

    g_α = N_α·D − N·⟨ŝ, ŝ_α⟩,   α = q = w², c.

N itself is divided out: where N = 0 the function is 0, along a whole curve on which subdivision would never end. ŝ is
smooth at w = 0 in (q, c), so that the box reaches down to it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from condenslab.errors import UserError
from condenslab.landscape.proof.enclosure import input_balls, target_balls
from condenslab.landscape.proof.evidence import ball_text, sealed
from condenslab.landscape.proof.exact import ball, flint, fraction, matrix_of, midpoints, precision
from condenslab.landscape.proof.outer import is_odd, largest_input
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.rectangles import Rectangle, area, balls, fraction_of, halves, inside, meet, middles
from condenslab.landscape.proof.units import unit_rows

_DIGITS = 96
_ON_AXIS = 1e-9
_SMALLEST = Fraction(1, 2**40)
MARGIN = 64
"""Of odd data only c ≥ −(largest c)/64 is searched: the rest is its mirror image."""


@dataclass(frozen=True, eq=False)
class Root:
    """A critical function of width 1: the only one in a rectangle.

    Attributes:
        rectangle: (least w², largest w², least c, largest c).
        w: A ball that holds |w|.
        b: A ball that holds b = −|w|·c.
        a: A ball that holds the output weight.
    """

    rectangle: Rectangle
    w: Any
    b: Any
    a: Any


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
    points: list[Any]
    targets: Any
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
    _check(problem)
    inputs = sorted(fraction(row[0]) for row in problem.inputs)
    reach = largest_input(problem)
    weight = fraction(str(largest_weight)) if largest_weight is not None else _steepest(inputs)
    low, high = (-reach, reach) if centres is None else (fraction(str(centres[0])), fraction(str(centres[1])))
    if weight <= 0 or low >= high:
        raise UserError(f"the box must have 0 < W and least < largest centre. Got W = {weight}, {low} to {high}.")
    with precision(_DIGITS):
        x = [row[0] for row in input_balls(problem)]
        search = _Search(x, matrix_of(target_balls(problem), 1))
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
    value, _ = _equations(search, middle, second=False)
    _, slopes = _equations(search, box, second=True)
    for k in range(2):
        if not (value[k] + slopes[k, 0] * (box[0] - middle[0]) + slopes[k, 1] * (box[1] - middle[1])).contains(0):
            return True
    root = _root(search, part, whole)
    if root is not None:
        search.roots.append(root)
        return inside(part, root.rectangle)
    return False


def _root(search: _Search, part: Rectangle, whole: Rectangle) -> Root | None:
    """Returns a new zero near a rectangle, proven by Krawczyk's operator in one twice as large, or None."""
    centre = [value.mid() for value in balls(part)]
    widths = [(part[1] - part[0]), (part[3] - part[2])]
    inverse: Any = None
    for _ in range(6):
        value, slopes = _equations(search, centre, second=True)
        try:
            inverse = midpoints(midpoints(slopes).inv())
        except ZeroDivisionError:
            return None
        step = inverse * flint.arb_mat(2, 1, value)
        centre = [(centre[k] - step[k, 0]).mid() for k in range(2)]
        if not all(abs(c - m) <= 2 * ball(str(w)) for c, m, w in zip(centre, middles(part), widths, strict=True)):
            return None
    if abs(centre[1]) < _ON_AXIS:  # a rectangle that is symmetric holds with a root its mirror image: they are one
        centre[1] = flint.arb(0)
    ends = [fraction_of(value) for value in centre]
    rectangle = (ends[0] - widths[0], ends[0] + widths[0], ends[1] - widths[1], ends[1] + widths[1])
    outside = rectangle[0] <= 0 or rectangle[1] > whole[1] or rectangle[2] < whole[2] or rectangle[3] > whole[3]
    if outside or any(meet(rectangle, root.rectangle) for root in search.roots):
        return None
    box = balls(rectangle)
    _, slopes = _equations(search, box, second=True)
    value, _ = _equations(search, centre, second=False)
    rest = flint.arb_mat(2, 2, [1, 0, 0, 1]) - inverse * slopes
    move = inverse * flint.arb_mat(2, 1, value)
    spans = [box[k] - centre[k] for k in range(2)]
    image = [centre[k] - move[k, 0] + rest[k, 0] * spans[0] + rest[k, 1] * spans[1] for k in range(2)]
    if not all(box[k].contains_interior(image[k]) for k in range(2)):
        return None
    return _described(search, rectangle, image)


def _described(search: _Search, rectangle: Rectangle, image: list[Any]) -> Root | None:
    rows = matrix_of(unit_rows(search.points, image[0], image[1], second=False), len(search.points))
    n, d = (rows * search.targets)[0, 0], (rows * rows.transpose())[0, 0]
    if n.contains(0):
        return None
    w = image[0].sqrt()
    return Root(rectangle, w, -w * image[1], n / d / w)


def _equations(search: _Search, box: list[Any], *, second: bool) -> tuple[list[Any], Any]:
    """Returns g, and its Jacobian where second derivatives are asked for."""
    rows = unit_rows(search.points, box[0], box[1], second=second)
    matrix = matrix_of(rows, len(search.points))
    n = [entry for (entry,) in (matrix * search.targets).tolist()]
    gram = (matrix * matrix.transpose()).tolist()
    g = [n[k] * gram[0][0] - n[0] * gram[0][k] for k in (1, 2)]
    if not second:
        return g, None
    place = {(1, 1): 3, (1, 2): 4, (2, 1): 4, (2, 2): 5}
    slopes = [
        n[place[k, j]] * gram[0][0]
        + 2 * n[k] * gram[0][j]
        - n[j] * gram[0][k]
        - n[0] * (gram[j][k] + gram[0][place[k, j]])
        for k in (1, 2)
        for j in (1, 2)
    ]
    return g, flint.arb_mat(2, 2, slopes)


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
