"""Rank and inertia of matrices of integers that stand for numbers of hundreds of binary digits, by elimination.

Rows and columns are first brought to one size by powers of two, which changes neither. What elimination with complete
pivoting leaves is zero where it has the size of rounding, a unit times what it may have grown; and something else only
where it is far above that. Between the two nothing is said.
"""

import math
from dataclasses import dataclass

import numpy as np

_SLACK = 40
"""Binary digits for what rounding grows by, beside what is accounted for."""
_COEFFICIENT = 30
_EXTRA = 8


@dataclass(frozen=True)
class Elimination:
    """What elimination found.

    Attributes:
        positive: Positive pivots (for a rank: all pivots).
        negative: Negative pivots; 0 for a rank.
        size: Rows or columns, whichever are fewer.
        certain: Whether every pivot is far above rounding, and what is left has its size.
        zero_to: log₁₀ of how large, beside rows and columns of size 1, what is left can be at most.
        least: log₁₀ of the smallest pivot, likewise.
        volume: Σ log₂ of the pivots: what a change of the matrix does to the smallest of them shows in it.
    """

    positive: int
    negative: int
    size: int
    certain: bool
    zero_to: float
    least: float
    volume: float

    @property
    def rank(self) -> int:
        """Number of pivots."""
        return self.positive + self.negative


def eliminated_rank(matrix: np.ndarray, bits: int, expected: int) -> Elimination:
    """Returns the rank of a matrix in units of 2⁻ᵇ.

    A large matrix is looked at through a few more random combinations of its rows, and of its columns, than the rank
    that is expected: they have the same rank as long as that is smaller than their number, with probability 1 − 2⁻²⁰.

    Args:
        matrix: Python integers, shape (row, column).
        bits: b.
        expected: The rank that is expected; a higher one is found too.
    """
    scaled, shift = _equilibrated(matrix)
    size = min(expected + _EXTRA, *matrix.shape)
    random = np.random.default_rng(0)
    while True:
        rows, first = _combined(scaled, size, random)
        square, second = _combined(rows.T, size, random)
        found = _rank(square, bits, shift + first + second)
        if found.rank < size or size == min(matrix.shape):
            whole = min(matrix.shape)
            certain = found.certain or found.rank == whole
            return Elimination(found.rank, 0, whole, certain, found.zero_to, found.least, found.volume)
        size = min(2 * size, *matrix.shape)


def eliminated_inertia(matrix: np.ndarray, bits: int, *, known_to: float = 0.0) -> Elimination:
    """Returns the inertia of a symmetric matrix in units of 2⁻ᵇ, by LDLᵀ with pivots of one or two rows.

    Args:
        matrix: Python integers, shape (row, row).
        bits: b.
        known_to: log₂, in units, of how large the entries' errors are.

    References:
        Bunch & Parlett, SIAM J. Numer. Anal. 8 (1971) 639–655.
    """
    work, shift = _equilibrated(matrix, symmetric=True)
    shift += known_to
    size, positive, negative, sizes = len(work), 0, 0, []
    left = _largest(work)
    while left and left > _rounding(shift, sizes, bits):
        diagonal = np.abs(np.diagonal(work))
        place = int(np.argmax(diagonal))
        if math.log2(max(1, diagonal[place])) >= left - 1:
            pivot, column = work[place, place], work[:, place]
            positive, negative = positive + (pivot > 0), negative + (pivot < 0)
            sizes.append(left)
            work = _without(work - np.outer(column, column) // pivot, [place])
        else:
            first, second = np.unravel_index(int(np.argmax(np.abs(work))), work.shape)
            positive, negative = positive + 1, negative + 1
            sizes += [left, left]
            work = _without(_less_two(work, int(first), int(second)), [int(first), int(second)])
        left = _largest(work)
    return _verdict(positive, negative, size, sizes, shift, bits)


def _rank(matrix: np.ndarray, bits: int, shift: float) -> Elimination:
    work, sizes = matrix.copy(), []
    left = _largest(work)
    while left and left > _rounding(shift, sizes, bits):
        row, column = np.unravel_index(int(np.argmax(np.abs(work))), work.shape)
        pivot, above, beside = work[row, column], np.delete(work[row], column), np.delete(work[:, column], row)
        rest = np.delete(np.delete(work, row, axis=0), column, axis=1)
        work = rest - (np.outer(beside, (above << bits) // pivot) >> bits) if rest.size else rest
        sizes.append(left)
        left = _largest(work)
    return _verdict(len(sizes), 0, min(matrix.shape), sizes, shift, bits)


def _verdict(positive: int, negative: int, size: int, sizes: list[float], shift: float, bits: int) -> Elimination:
    rounding, top = _rounding(shift, sizes, bits), max(sizes, default=float(bits))
    least = min(sizes, default=top)
    return Elimination(
        int(positive),
        int(negative),
        size,
        positive + negative == size or least >= rounding + bits / 4,
        (rounding - top) * math.log10(2),
        (least - top) * math.log10(2),
        math.fsum(sizes),
    )


def _rounding(shift: float, sizes: list[float], bits: int) -> float:
    """Returns log₂ of what rounding can have left: entries' own, grown by the pivots' decline."""
    decline = max(sizes) - min(sizes) if sizes else 0.0
    return min(shift + _SLACK + decline, bits - 1.0)


def _largest(matrix: np.ndarray) -> float:
    """Returns log₂ of the largest entry, in units; 0 where there is none."""
    return math.log2(max(1, int(np.abs(matrix).max(initial=0)))) if matrix.size else 0.0


def _less_two(work: np.ndarray, first: int, second: int) -> np.ndarray:
    """Eliminates two rows whose common entry is larger than their diagonal ones."""
    a, b, c = work[first, first], work[first, second], work[second, second]
    one, two = work[:, first], work[:, second]
    outer = c * np.outer(one, one) - b * (np.outer(one, two) + np.outer(two, one)) + a * np.outer(two, two)
    return work - outer // (a * c - b * b)


def _without(matrix: np.ndarray, places: list[int]) -> np.ndarray:
    return np.delete(np.delete(matrix, places, axis=0), places, axis=1)


def _combined(matrix: np.ndarray, count: int, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """Returns random combinations of the rows, and log₂ of what that adds to an error; all rows if they are no more."""
    if count >= len(matrix):
        return matrix, 0.0
    coefficients = random.integers(-(2**_COEFFICIENT), 2**_COEFFICIENT, (count, len(matrix))).astype(object)
    return coefficients @ matrix, _COEFFICIENT + math.log2(len(matrix))


def _equilibrated(matrix: np.ndarray, *, symmetric: bool = False) -> tuple[np.ndarray, float]:
    """Returns the matrix with rows and columns multiplied by powers of two, and log₂ of the largest of them."""
    digits = np.frompyfunc(lambda value: int(value).bit_length(), 1, 1)
    lengths = np.asarray(digits(matrix), dtype=float).reshape(matrix.shape)
    lengths[lengths == 0] = -np.inf
    rows, columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    for _ in range(3):
        down = -_finite(np.max(lengths + rows[:, None] + columns[None, :], axis=1, initial=-np.inf))
        rows += np.floor(down / 2) if symmetric else down
        if symmetric:
            columns = rows
        else:
            columns -= _finite(np.max(lengths + rows[:, None] + columns[None, :], axis=0, initial=-np.inf))
    shifts = (rows[:, None] + columns[None, :]).astype(int)
    live = np.isfinite(lengths)
    shifts = np.where(live, shifts - shifts.min(where=live, initial=0), 0)
    return matrix << shifts.astype(object), float(shifts.max(initial=0))


def _finite(lengths: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(lengths), lengths, 0.0)
