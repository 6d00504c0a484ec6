"""The published target matrices and observation orders, exactly as printed, and the orders that we add."""

from fractions import Fraction
from itertools import combinations

import numpy as np

_PRINTED = {
    "M1": "1 .3 .7 -.4; 2 .6 1.4 -.8; 4 1.2 2.8 -1.6; 7 2.1 4.9 -2.8",
    "M2": "4 .6 1.8 .8; 6 .9 2.7 1.2; 8 1.2 3.6 1.6; 18 2.7 8.1 3.6",
    "M3": "-1.8 2.4 7.7 -5.3; .4 1.8 5.4 -3.6; 3.2 1.8 4.8 -3; 6.6 2.4 5.9 -3.5",
    "M4": "7.6 3.3 19.8 -7.3; 7.6 2.1 10.7 -2.4; 8.8 1.8 7.6 -.2; 19.2 3.6 14.1 .9",
    "M5": "-1.8 2.4 7.7 -5.3; .4 1.8 5.4 -3.6; 3.2 1.8 4.8 -3; 6.6 2.4 5.9 -3.5",
    "M6": "8.5 9.3 22.5 -6.1; 8.2 6.1 12.5 -1.6; 11.5 19.8 15.7 3.4; 20.4 11.6 17.7 2.5",
    "M7": "3.6 -1.2 8.1 -3.5; 8.1 -3.5 3.6 -1.2; 9.1 -1.7 11.4 -.6; 11.4 -.6 9.1 -1.7",
    "M8": "12.1 17.3 24.1 -4.9; 16.3 24.1 16.1 1.1; 14.2 25.8 16.9 4.3; 22.2 15.6 18.5 3.1",
}
"""LSH, App. C = OPT, App. B. M5 is printed identical to M3; the figures' M5 has rank 3 and is not known."""

RANKS = {"M1": 1, "M2": 1, "M3": 2, "M4": 2, "M5": 2, "M6": 3, "M7": 4, "M8": 4}
OPTIMISTIC = {0: 0, 1: 7, 2: 12, 3: 15, 4: 16}
"""2rd − r² for d = 4 (OPT, eq. 20)."""

ORDERS = {
    "1": "31 43 21 13 24 41 11 12 42 44 32 34 33 22 23 14",
    "2": "34 21 23 43 41 44 11 33 12 14 13 24 32 22 31 42",
    "3": "24 33 31 44 43 34 13 14 23 33 11 12 42 22 21 41",
    "3 corrected": "24 33 31 44 43 34 13 14 23 32 11 12 42 22 21 41",
    "4": "44 23 42 12 14 32 41 31 11 34 13 22 24 21 33 43",
    "5": "24 34 41 12 22 44 11 31 32 42 21 13 43 33 23 14",
    "6": "43 44 21 34 33 31 23 11 41 24 14 13 12 22 32 42",
}
"""LSH, Fig. 4, entries (row, column) counted from 1. Order 3 is printed with 33 twice and 32 missing; the corrected one
has 32 in the second place of 33, which gives the n drawn in the figure."""

NEEDED = {"1": 8, "2": 9, "3": 12, "3 corrected": 10, "4": 11, "5": 12, "6": 13}
"""The first n with rank 7: where the figure's test error falls (10 for order 3; as printed it is 12)."""


def exact(name: str) -> np.ndarray:
    """Returns a target as fractions, shape (4, 4)."""
    rows = [[Fraction(entry) for entry in row.split()] for row in _PRINTED[name].split(";")]
    return np.array(rows, dtype=object)


def numbers(name: str) -> np.ndarray:
    """Returns a target in float64, shape (4, 4)."""
    return exact(name).astype(np.float64)


def printed_order(name: str) -> tuple[int, ...]:
    """Returns a published order as row-major numbers."""
    return tuple(4 * (int(pair[0]) - 1) + int(pair[1]) - 1 for pair in ORDERS[name].split())


def hook_order(target: np.ndarray) -> tuple[int, ...]:
    """Returns the order by hooks, from the rows and columns of the largest minor on, as row-major numbers.

    The first r hooks of a matrix of rank r are r whole rows and columns. What they determine is the better conditioned
    the larger the determinant is where they cross: those with the largest r × r minor come first, within them and after
    them those of larger norm, since from small initialisation gradient descent finds a rank-1 matrix from these.

    Args:
        target: Shape (4, 4).
    """
    rank = int(np.linalg.matrix_rank(target))
    choices = list(combinations(range(4), rank))
    crossings = [(r, c) for r in choices for c in choices]
    chosen = max(crossings, key=lambda rc: abs(np.linalg.det(target[np.ix_(*rc)])))
    rows, columns = (
        sorted(range(4), key=lambda k, of=of, norm=norm: (k not in of, -norm[k]))
        for of, norm in zip(chosen, (np.linalg.norm(target, axis=1), np.linalg.norm(target, axis=0)), strict=True)
    )
    order = [pair for k in range(4) for pair in [(k, j) for j in range(k, 4)] + [(i, k) for i in range(k + 1, 4)]]
    return tuple(int(4 * rows[i] + columns[j]) for i, j in order)


def cross_order(row: int, column: int) -> tuple[int, ...]:
    """Returns one full row, then one full column, then the rest in row-major order, as row-major numbers.

    Args:
        row: Counted from 0.
        column: Counted from 0.
    """
    first = [4 * row + j for j in range(4)] + [4 * i + column for i in range(4) if i != row]
    return tuple(first + [k for k in range(16) if k not in first])


def exact_factors(target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns rational factors A, B of inner dimension 4, zero-padded, with A·B the target and its rank each.

    Args:
        target: Fractions, shape (4, 4).
    """
    left, right = np.full((4, 4), Fraction(0), dtype=object), np.full((4, 4), Fraction(0), dtype=object)
    rest, place = target.copy(), 0
    while np.any(rest != 0):
        i, j = (int(k[0]) for k in np.nonzero(rest))
        left[:, place], right[place] = rest[:, j] / rest[i, j], rest[i]
        rest = rest - np.outer(left[:, place], right[place])
        place += 1
    return left, right
