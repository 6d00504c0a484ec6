"""The four equations of width 2: both output weights are eliminated as functions of the neurons.

With ŝ_j as in `roots`, S = (ŝ_1, ŝ_2), G = SᵀS, a = G⁻¹Sᵀy the best output weights and r = y − S·a, the critical points
of two independent neurons, both with an output weight, are the zeros with a_1, a_2 ≠ 0 of

    g_t = ⟨∂_tŝ_j(t), r⟩,   t = w_1², c_1, w_2², c_2,

whose derivatives follow from those of r (G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 1973):

    ∂_t a = G⁻¹·B_t,   B_it = δ_ij(t)·⟨∂_tŝ_i, r⟩ − ⟨ŝ_i, ∂_tŝ_j(t)⟩·a_j(t),
    ∂_t g_k = δ_j(k)j(t)·⟨∂_t∂_kŝ, r⟩ − ⟨∂_kŝ, ∂_tŝ⟩·a_j(t) − ⟨∂_kŝ, S·∂_t a⟩.

Enclosed like this they are narrow: r is enclosed sample by sample, and no large numbers cancel.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from condenslab.landscape.proof.exact import flint, matrix_of, midpoints
from condenslab.landscape.proof.krawczyk import identity
from condenslab.landscape.proof.rectangles import Rectangle, balls
from condenslab.landscape.proof.units import unit_rows

_CACHE = 1024
_SLACK = 1.05  # so that a check that encloses somewhat less tightly decides the same

Pair = tuple[Rectangle, Rectangle]


@dataclass(frozen=True, eq=False)
class _Side:
    """Enclosures of a neuron at every sample: ŝ, its first derivatives, and its second ones, shape (3, sample)."""

    values: list[Any]
    first: list[Any]
    second: Any


@dataclass(frozen=True)
class Look:
    """What is known of a rectangle.

    Attributes:
        verdict: "x" no zero lies in it, "r" exactly one, a critical function; "." unknown.
        widest: The coordinate across which to cut an unknown one.
    """

    verdict: str
    widest: int


class Pairs:
    """g of a problem, in the working precision of the moment; a rectangle of one neuron is enclosed once."""

    def __init__(self, points: list[Any], targets: Any):
        """Takes the data.

        Args:
            points: The inputs as balls.
            targets: y, a column of balls.
        """
        self.points, self.targets = points, targets
        self.over = lru_cache(maxsize=_CACHE)(lambda part: self._side(*balls(part), second=True))
        self.at = lru_cache(maxsize=_CACHE)(lambda part: self._side(*(b.mid() for b in balls(part)), second=False))

    def look(self, pair: Pair) -> Look:
        """Returns whether a rectangle holds no zero, by the mean value theorem or Krawczyk's operator, or exactly one.

        Args:
            pair: The rectangle, one of each neuron.
        """
        box = [ball for part in pair for ball in balls(part)]
        moves = [ball - ball.mid() for ball in box]
        wide = [move * _SLACK for move in moves]
        widest = _widest(pair)
        try:
            weights, at = self._values(self.at(pair[0]), self.at(pair[1]))
            slopes = self._slopes(self.over(pair[0]), self.over(pair[1]), midpoints(weights))
        except ZeroDivisionError:
            return Look(".", widest)
        spread = (slopes * flint.arb_mat(4, 1, wide)).entries()
        if any(not (value + change).contains(0) for value, change in zip(at, spread, strict=True)):
            return Look("x", 0)
        try:
            inverse = midpoints(midpoints(slopes).inv())
        except ZeroDivisionError:
            return Look(".", widest)
        rest = (identity(4) - inverse * slopes) * flint.arb_mat(4, 1, wide)
        step = inverse * flint.arb_mat(4, 1, at)
        image = [rest[k, 0] - step[k, 0] for k in range(4)]
        if any(not own.overlaps(move) for own, move in zip(image, wide, strict=True)):
            return Look("x", 0)
        within = all(move.contains_interior(own) for own, move in zip(image, moves, strict=True))
        if within and self._has_weights([ball.mid() + own for ball, own in zip(box, image, strict=True)]):
            return Look("r", 0)
        return Look(".", widest)

    def _has_weights(self, box: list[Any]) -> bool:
        """Returns whether both neurons have an output weight, w ≠ 0 and are independent, for all of a box."""
        sides = self._side(box[0], box[1], second=False), self._side(box[2], box[3], second=False)
        try:
            weights, _ = self._values(*sides)
        except ZeroDivisionError:
            return False
        return bool(box[0] > 0 and box[2] > 0) and not any(value.contains(0) for value in weights.entries())

    def _side(self, q: Any, c: Any, *, second: bool) -> _Side:
        rows = unit_rows(self.points, q, c, second=second)
        return _Side(rows[0], rows[1] + rows[2], matrix_of(rows[3:], len(self.points)) if second else None)

    def _values(self, first: _Side, second: _Side) -> tuple[Any, list[Any]]:
        """Returns a and g."""
        samples = len(self.points)
        s = flint.arb_mat(2, samples, first.values + second.values)
        d = flint.arb_mat(4, samples, first.first + second.first)
        weights = (s * s.transpose()).inv() * (s * self.targets)
        return weights, (d * (self.targets - s.transpose() * weights)).entries()

    def _slopes(self, first: _Side, second: _Side, near: Any) -> Any:
        """Returns ∂g, an `arb_mat` of shape (4, 4); `near` are exact output weights next to a."""
        samples = len(self.points)
        s = flint.arb_mat(2, samples, first.values + second.values)
        d = flint.arb_mat(4, samples, first.first + second.first)
        inverse = (s * s.transpose()).inv()
        residual = self.targets - s.transpose() * near
        change = inverse * (s * residual)
        residual -= s.transpose() * change
        a = (near + change).entries()
        mixed, inner = (s * d.transpose()).tolist(), (d * d.transpose()).tolist()
        slope = (d * residual).entries()
        bends = [(side.second * residual).entries() for side in (first, second)]
        moved = [[(slope[t] if t // 2 == i else 0) - mixed[i][t] * a[t // 2] for t in range(4)] for i in range(2)]
        direct = [
            [(bends[k // 2][k % 2 + t % 2] if k // 2 == t // 2 else 0) - inner[k][t] * a[t // 2] for t in range(4)]
            for k in range(4)
        ]
        return flint.arb_mat(direct) - flint.arb_mat(mixed).transpose() * (inverse * flint.arb_mat(moved))


def _widest(pair: Pair) -> int:
    """Returns the coordinate in which the rectangle is widest: relative in w², against 4 in c."""
    sizes = []
    for q0, q1, c0, c1 in pair:
        sizes += [(q1 - q0) / (q1 + q0), (c1 - c0) / 4]
    return max(range(4), key=lambda t: sizes[t])
