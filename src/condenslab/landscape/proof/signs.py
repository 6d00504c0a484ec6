"""Inertia as a theorem: Gershgorin discs of VᵀHV for every H in a ball matrix, V proven invertible.

By Sylvester's law VᵀHV has the inertia of H. Every eigenvalue of a symmetric matrix lies in one of its Gershgorin
discs, and a union of k discs that is apart from the others holds exactly k; so the discs that lie right of 0 count
positive eigenvalues and those left of it negative ones, as long as no other disc overlaps them across 0.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.landscape.proof.exact import exact_matrix, flint, floats, midpoints, sup

_ROUNDS = 6
_SMALL = 1e-3


@dataclass(frozen=True)
class ProvenInertia:
    """Numbers of positive, zero and negative eigenvalues of every matrix in an enclosure, as a theorem.

    Attributes:
        positive: So many eigenvalues are positive, proven.
        zero: So many are exactly 0, proven by an exact identity, not by an enclosure.
        negative: So many are negative, proven.
        open: So many have no proven sign; the three counts are the whole inertia where this is 0.
    """

    positive: int
    zero: int
    negative: int
    open: int = 0

    @property
    def decided(self) -> bool:
        """Whether every sign is proven."""
        return self.open == 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """(positive, zero, negative)."""
        return self.positive, self.zero, self.negative

    def __str__(self) -> str:
        """Returns the counts, and how many signs are open."""
        if self.decided:
            return str(self.counts)
        return f"at least {self.counts}, {self.open} of {sum(self.counts) + self.open} signs open"


def proven_inertia(matrix: Any) -> ProvenInertia:
    """Proves the inertia of every symmetric matrix in a ball matrix, as far as it goes.

    V is made by floating-point eigenvectors of the midpoint, refined on the congruent matrix scaled to a unit diagonal,
    so that eigenvalues of very different size get discs of their own size. None of this is trusted: V is exact, and
    ‖I − W·V‖∞ < 1 for some W proves it invertible.

    Args:
        matrix: An `arb_mat`, symmetric, shape (param, param).
    """
    size = matrix.nrows()
    if size == 0:
        return ProvenInertia(0, 0, 0)
    basis = _basis(matrix)
    if basis is None or not _invertible(basis):
        return ProvenInertia(0, 0, 0, size)
    discs = (basis.transpose() * matrix * basis).tolist()
    positive = negative = 0
    for i, row in enumerate(discs):
        radius = sum((abs(entry) for j, entry in enumerate(row) if j != i), flint.arb(0))
        positive += bool(row[i] - radius > 0)
        negative += bool(row[i] + radius < 0)
    # An open disc that overlaps proven ones may hold their eigenvalues only by giving its own: counts are kept only if
    # the open discs are a block of their own, which scaling to a unit diagonal gives; else nothing is claimed.
    if positive + negative < size and not _separated(discs):
        return ProvenInertia(0, 0, 0, size)
    return ProvenInertia(positive, 0, negative, size - positive - negative)


def _separated(discs: list[list[Any]]) -> bool:
    """Returns whether the discs without a sign overlap none with one."""
    intervals = []
    for i, row in enumerate(discs):
        radius = sum((abs(entry) for j, entry in enumerate(row) if j != i), flint.arb(0))
        intervals.append((row[i] - radius, row[i] + radius, bool(row[i] - radius > 0) or bool(row[i] + radius < 0)))
    signed = [(low, high) for low, high, known in intervals if known]
    loose = [(low, high) for low, high, known in intervals if not known]
    return all(a_high < b_low or b_high < a_low for a_low, a_high in signed for b_low, b_high in loose)


def _invertible(basis: Any) -> bool:
    try:
        inverse = midpoints(midpoints(basis).inv())
    except ZeroDivisionError:
        return False
    size = basis.nrows()
    identity = flint.arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
    return sup(identity - inverse * basis) < 1


def _basis(matrix: Any) -> Any:
    """Returns an exact V for which VᵀHV is nearly diagonal with entries ±1, or None where H is not finite."""
    middle = midpoints(matrix)
    basis = exact_matrix(np.eye(matrix.nrows()))
    for _ in range(_ROUNDS):
        turned = floats(basis.transpose() * middle * basis)
        if not np.all(np.isfinite(turned)):
            return None
        _, vectors = np.linalg.eigh((turned + turned.T) / 2)
        rotated = midpoints(basis * exact_matrix(vectors))
        diagonal = np.abs(np.diag(floats(rotated.transpose() * middle * rotated)))
        largest = diagonal.max(initial=0.0)
        lengths = 1 / np.sqrt(np.where(diagonal > 0, diagonal, largest or 1.0))
        basis = midpoints(rotated * exact_matrix(np.diag(lengths)))
        scaled = floats(basis.transpose() * middle * basis)
        if np.abs(scaled - np.diag(np.diag(scaled))).sum(axis=1).max(initial=0.0) < _SMALL:
            break
    return basis
