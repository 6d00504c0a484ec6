"""Width 2 as far as it goes: branch and bound over pairs of tanh neurons proves which critical functions a box holds.

A rectangle of (w_1², c_1, w_2², c_2) is excluded or included by `pairs`, else cut. Next to parallel neurons all four
equations vanish, so that this never ends by itself there: what is left by then is reported, and the certificate is the
tree of cuts, so that a check needs the decided rectangles only.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from condenslab.errors import UserError
from condenslab.landscape.proof.complete import box_of
from condenslab.landscape.proof.evidence import sealed
from condenslab.landscape.proof.exact import fraction, matrix_of, precision
from condenslab.landscape.proof.pairs import Pair, Pairs
from condenslab.landscape.proof.passes import input_balls, target_balls
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.rectangles import Rectangle, area, meet

_DIGITS = 64
CUT = Fraction(31, 64)
"""Where a side is cut: not in the middle, where the symmetry of data puts zeros."""
Ends = tuple[Fraction | str, Fraction | str]


@dataclass(frozen=True, eq=False)
class Exclusion:
    """Which critical functions of two neurons a box holds, as far as it is decided.

    Attributes:
        problem: The problem.
        box: For each neuron (least w², largest w², least c, largest c), c = −b/w, exact.
        roots: Rectangles that hold exactly one critical function of two independent neurons with output weights each.
        excluded: The part of the box's volume in (w_1², c_1, w_2², c_2) that is decided: the roots are the only such
            functions in it. Pairs in either order are one where both neurons have the same box.
        undecided: Rectangles that were left.
        boxes: How many rectangles were looked at.
        tree: The cuts in pre-order: 0 to 3 a cut across w_1², c_1, w_2², c_2 at 31/64, the lower part first; x none, r
            exactly one, s the same pairs in the other order, "." undecided.
    """

    problem: Problem
    box: Pair
    roots: tuple[Pair, ...]
    excluded: float
    undecided: int
    boxes: int
    tree: str

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values: of what is decided, with the part of the volume that this is."""
        box = [[str(end) for end in part] for part in self.box]
        claim = {"count": len(self.roots), "decided": str(_decided(self.tree)), "undecided": self.undecided}
        body = {"precision": _DIGITS, "problem": self.problem.as_dict(), "box": box, "tree": self.tree, "claim": claim}
        return sealed("critical_pairs", body)


def exclude_width_two(
    problem: Problem,
    *,
    weights: tuple[Ends, Ends] | None = None,
    centres: tuple[Ends, Ends] | None = None,
    max_boxes: int = 2_000,
    time_limit: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Exclusion:
    """Proves which critical functions a_1·tanh(w_1·x + b_1) + a_2·tanh(w_2·x + b_2) lie in the decided part of a box.

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
    end = None if time_limit is None else time.monotonic() + time_limit
    top = _Node(whole)
    pending, boxes, done, volume = deque([top]), 0, 0.0, float(area(whole[0]) * area(whole[1]))
    with precision(_DIGITS):
        pairs = Pairs([row[0] for row in input_balls(problem)], matrix_of(target_balls(problem), 1))
        while pending and boxes < max_boxes and (end is None or time.monotonic() < end):
            node = pending.popleft()
            if whole[0] == whole[1] and node.pair[0][2] >= node.pair[1][3]:  # c_1 ≥ c_2: the same in the other order
                node.code = "s"
                continue
            boxes += 1
            found = pairs.look(node.pair)
            node.code = found.verdict
            if found.verdict == ".":
                node.cut(found.widest)
                pending += node.halves
            else:
                done += float(area(node.pair[0]) * area(node.pair[1])) / volume
            if progress is not None and boxes % 64 == 0:
                progress(done)
    nodes = top.preorder()
    _drop_twins([node for node in nodes if node.code == "r"])
    tree = "".join(node.code for node in nodes)
    roots = tuple(node.pair for node in nodes if node.code == "r")
    return Exclusion(problem, whole, roots, float(_decided(tree)), tree.count("."), boxes, tree)


@dataclass(eq=False)
class _Node:
    """A rectangle and what became of it."""

    pair: Pair
    code: str = "."
    halves: tuple["_Node", ...] = ()

    def cut(self, axis: int) -> None:
        """Cuts it across a coordinate."""
        sides = [*self.pair[0], *self.pair[1]]
        low, high = sides[2 * axis : 2 * axis + 2]
        middle = low + CUT * (high - low)
        self.code = str(axis)
        self.halves = (_Node(_with(sides, 2 * axis + 1, middle)), _Node(_with(sides, 2 * axis, middle)))

    def preorder(self) -> list["_Node"]:
        """Returns it and all below it, each before its halves."""
        found: list[_Node] = []
        pending: list[_Node] = [self]
        while pending:
            node = pending.pop()
            found.append(node)
            pending.extend(reversed(node.halves))
        return found


def _with(sides: list[Fraction], place: int, end: Fraction) -> Pair:
    a, b, c, d, e, f, g, h = (end if k == place else side for k, side in enumerate(sides))
    return (a, b, c, d), (e, f, g, h)


def _drop_twins(roots: list["_Node"]) -> None:
    """Leaves rectangles undecided that may hold a function of another one, its neurons exchanged."""
    for number, node in enumerate(roots):
        for other in roots[: number + 1]:
            if all(meet(own, its) for own, its in zip(node.pair, other.pair[::-1], strict=True)):
                node.code = "."


def _decided(tree: str) -> Fraction:
    """Returns the decided part of the volume, of what is not there twice."""
    pending, decided, whole = [Fraction(1)], Fraction(0), Fraction(1)
    for code in tree:
        volume = pending.pop()
        if code in "0123":
            pending += [(1 - CUT) * volume, CUT * volume]
        decided += volume if code in "xr" else 0
        whole -= volume if code == "s" else 0
    return decided / whole if whole else Fraction(0)


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
