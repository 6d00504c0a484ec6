"""Inertia of every symmetric matrix in a ball matrix: LDLᵀ with 1 × 1 and 2 × 2 pivots, in ball arithmetic.

Each elimination step is a congruence, so by Sylvester's law the signs of the pivots are the inertia; a 2 × 2 pivot of
negative determinant has one positive and one negative eigenvalue.
"""

from typing import Any

_RATIO = 0.6


def signs(matrix: Any) -> tuple[int, int, int]:
    """Returns (positive, negative, open): pivots of proven sign, and the size of the rest at which it had to stop.

    Args:
        matrix: A symmetric `arb_mat`.
    """
    a = [list(row) for row in matrix.tolist()]
    positive = negative = 0
    while a:
        n = len(a)
        best = max(range(n), key=lambda i: _below(a[i][i]))
        i, j = max(((i, j) for i in range(n) for j in range(i)), key=lambda p: _below(a[p[0]][p[1]]), default=(0, 0))
        if _below(a[best][best]) > _RATIO * _below(a[i][j]) or n == 1:
            pivot = a[best][best]
            if pivot.contains(0) or not pivot.is_finite():
                return positive, negative, n
            positive, negative = positive + bool(pivot > 0), negative + bool(pivot < 0)
            rest = [k for k in range(n) if k != best]
            a = [[a[r][c] - a[r][best] * a[c][best] / pivot for c in rest] for r in rest]
            continue
        determinant = a[i][i] * a[j][j] - a[i][j] * a[i][j]
        if not determinant < 0:
            return positive, negative, n
        positive, negative = positive + 1, negative + 1
        rest = [k for k in range(n) if k not in (i, j)]
        a = [[a[r][c] - _correction(a, (i, j), r, c, determinant) for c in rest] for r in rest]
    return positive, negative, 0


def _correction(a: list[list[Any]], pair: tuple[int, int], r: int, c: int, determinant: Any) -> Any:
    """Returns [a_ri a_rj]·P⁻¹·[a_ci a_cj]ᵀ for the 2 × 2 pivot P."""
    i, j = pair
    first = a[j][j] * a[c][i] - a[i][j] * a[c][j]
    second = a[i][i] * a[c][j] - a[i][j] * a[c][i]
    return (a[r][i] * first + a[r][j] * second) / determinant


def _below(value: Any) -> float:
    """Returns a lower bound of |value|, 0 where the ball holds 0; only to choose pivots."""
    return float(value.abs_lower().mid()) if value.is_finite() else 0.0
