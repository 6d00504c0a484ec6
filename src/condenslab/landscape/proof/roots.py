"""The critical functions of width 1 as zeros of two equations, and the proof of a zero by Krawczyk's operator.

The output weight is eliminated: with ŝ(w, c) = σ(w(x − c))/w, N = ⟨y, ŝ⟩ and D = ⟨ŝ, ŝ⟩, the risk at the best output
weight is ⟨y, y⟩ − N²/D, and where N ≠ 0 the critical points of R are the zeros of

    g_α = N_α·D − N·⟨ŝ, ŝ_α⟩,   α = q = w², c.

N itself is divided out: where N = 0 the function is 0, along a whole curve on which subdivision would never end. ŝ is
smooth at w = 0 in (q, c), so that a box may reach down to it.
"""

from dataclasses import dataclass
from typing import Any

from condenslab.landscape.proof.exact import ball, flint, matrix_of, midpoints
from condenslab.landscape.proof.rectangles import Rectangle, balls, fraction_of, meet, middles
from condenslab.landscape.proof.units import unit_rows

_ON_AXIS = 1e-9


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
class Equations:
    """g of a problem, in the working precision of the moment.

    Attributes:
        points: The inputs as balls.
        targets: y, a column of balls.
    """

    points: list[Any]
    targets: Any

    def at(self, box: list[Any], *, second: bool) -> tuple[list[Any], Any]:
        """Returns g, and its Jacobian where second derivatives are asked for.

        Args:
            box: Balls q, c.
            second: Whether the Jacobian is computed, which is the larger part of the work.
        """
        rows = unit_rows(self.points, box[0], box[1], second=second)
        matrix = matrix_of(rows, len(self.points))
        n = [entry for (entry,) in (matrix * self.targets).tolist()]
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

    def root_near(self, part: Rectangle, whole: Rectangle, known: list[Root]) -> Root | None:
        """Returns a new zero near a rectangle, proven by Krawczyk's operator in one twice as large, or None.

        Args:
            part: The rectangle.
            whole: The zero's rectangle must lie in this one.
            known: It must not meet the rectangles of these.
        """
        centre = [value.mid() for value in balls(part)]
        widths = [(part[1] - part[0]), (part[3] - part[2])]
        inverse: Any = None
        for _ in range(6):
            value, slopes = self.at(centre, second=True)
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
        if outside or any(meet(rectangle, root.rectangle) for root in known):
            return None
        box = balls(rectangle)
        _, slopes = self.at(box, second=True)
        value, _ = self.at(centre, second=False)
        rest = flint.arb_mat(2, 2, [1, 0, 0, 1]) - inverse * slopes
        move = inverse * flint.arb_mat(2, 1, value)
        spans = [box[k] - centre[k] for k in range(2)]
        image = [centre[k] - move[k, 0] + rest[k, 0] * spans[0] + rest[k, 1] * spans[1] for k in range(2)]
        if not all(box[k].contains_interior(image[k]) for k in range(2)):
            return None
        return self._described(rectangle, image)

    def _described(self, rectangle: Rectangle, image: list[Any]) -> Root | None:
        rows = matrix_of(unit_rows(self.points, image[0], image[1], second=False), len(self.points))
        n, d = (rows * self.targets)[0, 0], (rows * rows.transpose())[0, 0]
        if n.contains(0):
            return None
        w = image[0].sqrt()
        return Root(rectangle, w, -w * image[1], n / d / w)
