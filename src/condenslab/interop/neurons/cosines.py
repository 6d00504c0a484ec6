"""Nearest neighbours and close pairs among directions, exactly, in blocks."""

from dataclasses import dataclass

import numpy as np

from condenslab.interop.neurons.rows import Rows, norms

BLOCK = 512
CLOSE, CLOSER = 0.95, 0.99


@dataclass(frozen=True)
class Neighbours:
    """What one pass over all pairs of directions finds.

    Attributes:
        nearest: For each neuron the largest |cosine| with another one; 0 where there is none.
        close: Pairs with |cosine| above 0.95.
        closer: Pairs above 0.99.
        participation: n²/Σ cos² over all pairs, a neuron with itself included: n if orthogonal, 1 if parallel.
        pairs: The close pairs, or as many of them as were asked for.
    """

    nearest: np.ndarray
    close: int
    closer: int
    participation: float
    pairs: list[tuple[int, int]]


def unit(rows: np.ndarray) -> np.ndarray:
    """Returns rows scaled to norm 1; a row of zeros stays.

    Args:
        rows: Shape (neuron, number).
    """
    return rows / np.maximum(norms(rows), np.float32(1e-30))[:, None]


def nearest(directions: np.ndarray) -> np.ndarray:
    """Returns the largest |cosine| of each neuron with another one.

    Args:
        directions: Unit rows, shape (neuron, number).
    """
    count = len(directions)
    best = np.zeros(count, np.float32)
    for begin in range(0, count, BLOCK):
        left = directions[begin : begin + BLOCK]
        for other in range(begin, count, BLOCK):
            product = np.abs(left @ directions[other : other + BLOCK].T)
            _note(best, product, begin, other)
    return best


def neighbours(rows: Rows, chosen: np.ndarray | None = None, *, block: int = BLOCK, most_pairs: int = 0) -> Neighbours:
    """Compares all pairs, holding two blocks of neurons at a time.

    Args:
        rows: The neurons.
        chosen: Which of them; by default all.
        block: Neurons a block.
        most_pairs: How many close pairs to list.
    """
    count = len(rows) if chosen is None else len(chosen)
    whole = count * rows.width <= 1 << 25
    kept = unit(_some(rows, chosen, 0, count)) if whole else None

    def directions(begin: int) -> np.ndarray:
        return kept[begin : begin + block] if kept is not None else unit(_some(rows, chosen, begin, begin + block))

    best = np.zeros(count, np.float32)
    close = closer = 0
    squares = 0.0
    pairs: list[tuple[int, int]] = []
    for begin in range(0, count, block):
        left = directions(begin)
        for other in range(begin, count, block):
            product = left @ (left if other == begin else directions(other)).T
            flat = product.ravel()
            squares += float(flat @ flat) * (1 if other == begin else 2)
            largest = _note(best, np.abs(product, out=product), begin, other)
            if largest > CLOSE:
                above = product > CLOSE
                share = 2 if other == begin else 1
                close += int(above.sum()) // share
                closer += int((product > CLOSER).sum()) // share
                pairs += _listed(above, begin, other, most_pairs - len(pairs))
    np.minimum(best, 1, out=best)  # rounding may exceed it
    return Neighbours(best, close, closer, count * count / max(squares, 1e-30), pairs)


def _some(rows: Rows, chosen: np.ndarray | None, begin: int, end: int) -> np.ndarray:
    return rows.block(begin, end) if chosen is None else rows.take(chosen[begin:end])


def _note(best: np.ndarray, product: np.ndarray, begin: int, other: int) -> float:
    """Takes over the maxima of a block of |cosines|, whose own diagonal counts as 0; returns the largest."""
    if begin == other:
        np.fill_diagonal(product, 0)
    left = product.max(axis=1)
    here = best[begin : begin + len(product)]
    np.maximum(here, left, out=here)
    if begin != other:
        there = best[other : other + product.shape[1]]
        np.maximum(there, product.max(axis=0), out=there)
    return float(left.max()) if len(left) else 0.0


def _listed(above: np.ndarray, begin: int, other: int, most: int) -> list[tuple[int, int]]:
    if most <= 0:
        return []
    found = ((begin + int(i), other + int(j)) for i, j in np.argwhere(above) if begin + i < other + j)
    return [pair for pair, _ in zip(found, range(most), strict=False)]
