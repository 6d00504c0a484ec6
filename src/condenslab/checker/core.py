"""The core of the checker: Krawczyk's theorem, and the inertia of every symmetric matrix in a ball matrix.

Whoever trusts Arb, these two functions and `jets`, which encloses gradients and Hessians, trusts that a point is
critical and which signs its curvatures have; the other files add families, embeddings, ranks and completeness.
"""

from collections.abc import Callable
from typing import Any

from condenslab.checker.reading import Refused, flint

_RATIO = 0.6
Derivatives = Callable[[list[Any], int], tuple[list[Any], Any]]
"""The gradient over a box, a list of balls, and where the order is 2 the Hessian, an `arb_mat`."""


def check_krawczyk(
    derivatives: Derivatives,
    about: tuple[list[Any], Any],
    section: tuple[list[int], list[int]],
    radii: tuple[Any, Any],
) -> None:
    """Checks that x − Y·g(x) + (I − Y·H(X))·(X − x) lies inside X: exactly one solution of g = 0 lies in the box X.

    For a solution p then |p − x| ≤ |Y·g(x)| + c·|p − x| with c = ‖I − Y·H(X)‖ < 1, which bounds how near it lies. Any
    matrix Y will do; it is the inverse of a midpoint (R. Krawczyk, Computing 4, 1969; R. E. Moore, SIAM J. Numer. Anal.
    14, 1977).

    Args:
        derivatives: What encloses the gradient and the Hessian of R over a box.
        about: The centre x, exact balls, and a matrix whose midpoint's inverse is Y.
        section: Numbers of the equations, entries of the gradient, and of the unknowns; other parameters stay at x.
        radii: Of X, and how near to x the solution is claimed to lie.

    Raises:
        Refused: It is not proven.
    """
    (centre, hessian), (rows, columns), (radius, existence) = about, section, radii
    gradient, _ = derivatives(centre, 1)
    y = _middle(sub(hessian, rows, columns))
    try:
        y = _middle(y.inv()) if rows else y
    except ZeroDivisionError:
        raise Refused("the Hessian at the centre cannot be inverted: nothing is proven") from None
    newton = _norm(y * flint.arb_mat([[gradient[k]] for k in rows])) if rows else flint.arb(0)
    _, wide = derivatives(around(centre, columns, radius), 2)
    one = flint.arb_mat(len(rows), len(rows), [int(i == j) for i in range(len(rows)) for j in range(len(rows))])
    contraction = _norm(one - y * sub(wide, rows, columns))
    if not newton + contraction * radius < radius:
        raise Refused("Krawczyk's operator does not map the stated box into itself: no critical point is proven there")
    if not newton <= existence * (1 - contraction):
        raise Refused("the point is not proven to lie as near to the centre as the certificate says")


def around(centre: list[Any], moving: list[int], radius: Any) -> list[Any]:
    """Returns balls around a centre.

    Args:
        centre: Exact balls.
        moving: The parameters that get a radius.
        radius: The radius.
    """
    own, width = set(moving), (-radius).union(radius)
    return [value + width if k in own else value for k, value in enumerate(centre)]


def sub(matrix: Any, rows: list[int], columns: list[int]) -> Any:
    """Returns rows and columns of a matrix.

    Args:
        matrix: An `arb_mat`.
        rows: Their numbers.
        columns: Their numbers.
    """
    return flint.arb_mat(len(rows), len(columns), [matrix[i, j] for i in rows for j in columns])


def signs(matrix: Any) -> tuple[int, int, int]:
    """Returns (positive, negative, open): signs of the pivots of LDLᵀ, and the size of the rest where it had to stop.

    Each step is a congruence, so by Sylvester's law the signs of the pivots are the inertia; a 2 × 2 pivot of negative
    determinant has one positive and one negative eigenvalue.

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


def _middle(matrix: Any) -> Any:
    return flint.arb_mat(matrix.nrows(), matrix.ncols(), [entry.mid() for entry in matrix.entries()])


def _norm(matrix: Any) -> Any:
    """Returns a ball above the largest absolute row sum."""
    sums = [sum((abs(entry) for entry in row), flint.arb(0)) for row in matrix.tolist()]
    largest = flint.arb(0)
    for value in sums:
        largest = largest.max(value)
    return largest.upper()
