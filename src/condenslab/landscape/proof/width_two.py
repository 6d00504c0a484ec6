"""Width 2 as far as it goes: branch and bound excludes critical functions of two tanh neurons from part of a box.

The output weights are eliminated: with ŝ_j as in `roots`, Gram matrix G, n = ⟨y, ŝ⟩ and A = det(G)·G⁻¹n, a critical
point of two independent neurons, both with an output weight, has

    E_jα = det(G)·⟨y, ∂_αŝ_j⟩ − A_1·⟨ŝ_1, ∂_αŝ_j⟩ − A_2·⟨ŝ_2, ∂_αŝ_j⟩ = 0,   j = 1, 2,  α = w_j², c_j.

A rectangle of (w_1², c_1, w_2², c_2) is excluded where the mean value theorem shows that one of the four has no zero in
it. Next to parallel neurons all four vanish, so that this never ends by itself: what is excluded by then is reported.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from condenslab.errors import UserError
from condenslab.landscape.proof.complete import box_of
from condenslab.landscape.proof.exact import flint, fraction, matrix_of, precision
from condenslab.landscape.proof.passes import input_balls, target_balls
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.rectangles import Rectangle, area, balls, halves
from condenslab.landscape.proof.units import unit_rows

_DIGITS = 64
_SECOND = {(1, 0): 3, (1, 1): 4, (2, 0): 4, (2, 1): 5}
"""Row of `unit_rows` that holds the derivative of ∂_αŝ in coordinate 0 (w²) or 1 (c)."""

Pair = tuple[Rectangle, Rectangle]
Ends = tuple[Fraction | str, Fraction | str]


@dataclass(frozen=True, eq=False)
class Exclusion:
    """From which part of a box critical functions of two neurons are excluded.

    Attributes:
        problem: The problem.
        box: For each neuron (least w², largest w², least c, largest c), c = −b/w, exact.
        excluded: The part of the box's volume in (w_1², c_1, w_2², c_2) in which no critical point of two independent
            neurons with output weights lies, proven; pairs in either order are one where both have the same box.
        undecided: Rectangles that were left.
        boxes: How many rectangles were looked at.
    """

    problem: Problem
    box: Pair
    excluded: float
    undecided: int
    boxes: int


@dataclass(frozen=True)
class _Dual:
    """A ball and its derivatives in the four coordinates."""

    value: Any
    slopes: tuple[Any, ...]

    def __mul__(self, other: "_Dual") -> "_Dual":
        slopes = (a * other.value + self.value * b for a, b in zip(self.slopes, other.slopes, strict=True))
        return _Dual(self.value * other.value, tuple(slopes))

    def __sub__(self, other: "_Dual") -> "_Dual":
        slopes = (a - b for a, b in zip(self.slopes, other.slopes, strict=True))
        return _Dual(self.value - other.value, tuple(slopes))


def exclude_width_two(
    problem: Problem,
    *,
    weights: tuple[Ends, Ends] | None = None,
    centres: tuple[Ends, Ends] | None = None,
    max_boxes: int = 2_000,
    time_limit: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Exclusion:
    """Excludes critical functions a_1·tanh(w_1·x + b_1) + a_2·tanh(w_2·x + b_2) from a part of a box.

    Nothing is said about the rest, nor about networks that one neuron suffices for: parallel neurons, or an output
    weight that is 0 (`complete_width_one`).

    Args:
        problem: One input, one output, squared loss with equal weights, tanh with hidden biases and no output bias.
        weights: For each neuron (least, largest) |w|; by default from 0 to that of `complete_width_one`.
        centres: For each neuron (least, largest) c = −b/w; by default the range of the inputs.
        max_boxes: Rectangles to look at, the largest first.
        time_limit: Wall seconds, or None.
        progress: Called with the decided part of the volume now and then.

    Raises:
        UserError: The problem is of another form, or the box is empty.
    """
    whole = _box(problem, weights, centres)
    if isinstance(max_boxes, bool) or not isinstance(max_boxes, int) or max_boxes < 1:
        raise UserError(f"max_boxes must be a whole number of at least 1. Got {max_boxes!r}.")
    alike = whole[0] == whole[1]
    end = None if time_limit is None else time.monotonic() + time_limit
    pending: deque[Pair] = deque([whole])
    boxes, total, excluded = 0, _volume(whole), Fraction(0)
    with precision(_DIGITS):
        x, y = [row[0] for row in input_balls(problem)], matrix_of(target_balls(problem), 1)
        while pending and boxes < max_boxes and (end is None or time.monotonic() < end):
            pair = pending.popleft()
            if alike and pair[0][2] >= pair[1][3]:  # c_1 ≥ c_2: the same pairs in the other order
                total -= _volume(pair)
                continue
            boxes += 1
            if _free(x, y, pair):
                excluded += _volume(pair)
            else:
                pending += _halved(pair)
            if progress is not None and boxes % 64 == 0:
                progress(float(excluded / total))
    left = [pair for pair in pending if not (alike and pair[0][2] >= pair[1][3])]
    total -= sum(map(_volume, pending), Fraction(0)) - sum(map(_volume, left), Fraction(0))
    return Exclusion(problem, whole, float(excluded / total), len(left), boxes)


def _box(problem: Problem, weights: tuple[Ends, Ends] | None, centres: tuple[Ends, Ends] | None) -> Pair:
    found: list[Rectangle] = []
    for j in range(2):
        low, high = (0, None) if weights is None else weights[j]
        weight, (least, largest) = box_of(problem, high, None if centres is None else centres[j])
        start = fraction(str(low))
        if not 0 <= start < weight:
            raise UserError(f"weights must have 0 ≤ least < largest. Got {low} to {weight}.")
        found.append((start**2, weight**2, least, largest))
    return found[0], found[1]


def _volume(pair: Pair) -> Fraction:
    return area(pair[0]) * area(pair[1])


def _halved(pair: Pair) -> list[Pair]:
    """Returns both halves, cut across the neuron with the larger rectangle."""
    first, second = pair
    if area(first) >= area(second):
        return [(half, second) for half in halves(first)]
    return [(first, half) for half in halves(second)]


def _free(x: list[Any], y: Any, pair: Pair) -> bool:
    """Returns whether one of the equations has no zero in the rectangle, by the mean value theorem."""
    box = [ball for part in pair for ball in balls(part)]
    middle = [ball.mid() for ball in box]
    at, over = _equations(x, y, middle), _equations(x, y, box)
    for centre, wide in zip(at, over, strict=True):
        value = centre.value
        for slope, ball, mid in zip(wide.slopes, box, middle, strict=True):
            value += slope * (ball - mid)
        if not value.contains(0):
            return True
    return False


def _equations(x: list[Any], y: Any, box: list[Any]) -> list[_Dual]:
    """Returns E_1q, E_1c, E_2q, E_2c with their derivatives over a box (q_1, c_1, q_2, c_2)."""
    units = [unit_rows(x, box[2 * j], box[2 * j + 1], second=True) for j in range(2)]
    rows = matrix_of([row for unit in units for row in unit], len(x))
    products, sums = (rows * rows.transpose()).tolist(), [entry for (entry,) in (rows * y).tolist()]

    def moved(j: int, k: int, t: int) -> int | None:
        """Row that holds the derivative of row k of neuron j in coordinate t, or None where it is 0."""
        if t // 2 != j:
            return None
        return 6 * j + (1 + t % 2 if k == 0 else _SECOND[k, t % 2])

    def sum_of(j: int, k: int) -> _Dual:
        places = [moved(j, k, t) for t in range(4)]
        return _Dual(sums[6 * j + k], tuple(flint.arb(0) if p is None else sums[p] for p in places))

    def product(j: int, k: int, i: int, h: int) -> _Dual:
        slopes = []
        for t in range(4):
            left, right = moved(j, k, t), moved(i, h, t)
            slope = flint.arb(0) if left is None else products[left][6 * i + h]
            slopes.append(slope if right is None else slope + products[6 * j + k][right])
        return _Dual(products[6 * j + k][6 * i + h], tuple(slopes))

    g11, g12, g22 = product(0, 0, 0, 0), product(0, 0, 1, 0), product(1, 0, 1, 0)
    n1, n2 = sum_of(0, 0), sum_of(1, 0)
    determinant, a1, a2 = g11 * g22 - g12 * g12, n1 * g22 - n2 * g12, n2 * g11 - n1 * g12
    return [
        determinant * sum_of(j, k) - a1 * product(0, 0, j, k) - a2 * product(1, 0, j, k)
        for j in range(2)
        for k in (1, 2)
    ]
