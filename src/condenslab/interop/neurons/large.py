"""Duplicates among very many neurons: compared after a random projection to 128 dimensions, then verified exactly."""

import numpy as np

from condenslab.interop.neurons.cosines import CLOSE, unit
from condenslab.interop.neurons.rows import Rows, norms

DIMENSIONS = 128
_BLOCK, _COMPARED, _DEVIATIONS, _MOST_CANDIDATES = 1024, 256, 6.0, 2_000_000


def duplicates(rows: Rows, rng: np.random.Generator, *, threshold: float = CLOSE) -> list[tuple[int, int, float]]:
    """Returns the pairs whose |cosine| exceeds a threshold, without comparing all pairs in full.

    A Gaussian projection to k dimensions estimates a cosine c with standard deviation (1 − c²)/√k; pairs whose estimate
    exceeds the threshold less six of them are computed exactly, so that what is returned is true and a pair at the
    threshold is missed with probability 1e-9.

    Args:
        rows: The neurons.
        rng: Where the projection comes from.
        threshold: The |cosine|.

    Returns:
        (neuron, neuron, |cosine|), the first being the smaller.
    """
    count = len(rows)
    onto = rng.standard_normal((rows.width, DIMENSIONS), dtype=np.float32)
    sketch = np.empty((count, DIMENSIONS), np.float32)
    for begin in range(0, count, _BLOCK):
        sketch[begin : begin + _BLOCK] = rows.block(begin, begin + _BLOCK) @ onto
    sketch = unit(sketch)
    floor = threshold - _DEVIATIONS * (1 - threshold**2) / np.sqrt(DIMENSIONS)
    candidates: list[np.ndarray] = []
    total = 0
    for begin in range(0, count, _COMPARED):
        product = np.abs(sketch[begin : begin + _COMPARED] @ sketch[begin:].T)
        np.fill_diagonal(product, 0)
        if product.max() <= floor:
            continue
        found = np.argwhere(product > floor)
        found = found[found[:, 1] > found[:, 0]] + begin
        candidates.append(found)
        total += len(found)
        if total > _MOST_CANDIDATES:
            break
    return _verified(rows, np.concatenate(candidates) if candidates else np.empty((0, 2), int), threshold)


def _verified(rows: Rows, candidates: np.ndarray, threshold: float) -> list[tuple[int, int, float]]:
    kept: list[tuple[int, int, float]] = []
    step = max(1, (1 << 23) // max(rows.width, 1))
    for begin in range(0, len(candidates), step):
        some = candidates[begin : begin + step]
        left, right = rows.take(some[:, 0]), rows.take(some[:, 1])
        products = np.einsum("ij,ij->i", left, right)
        cosines = np.abs(products) / np.maximum(norms(left) * norms(right), np.float32(1e-30))
        kept += [(int(i), int(j), float(c)) for (i, j), c in zip(some, cosines, strict=True) if c > threshold]
    return kept


def nearest_of_sample(rows: Rows, sample: np.ndarray) -> np.ndarray:
    """Returns the largest |cosine| of each neuron of a sample with any other neuron.

    Args:
        rows: The neurons.
        sample: Which are looked at, in increasing order.
    """
    chosen = unit(rows.take(sample))
    best = np.zeros(len(sample), np.float32)
    for begin in range(0, len(rows), _BLOCK):
        product = np.abs(chosen @ unit(rows.block(begin, begin + _BLOCK)).T)
        inside = (sample >= begin) & (sample < begin + _BLOCK)
        product[np.flatnonzero(inside), sample[inside] - begin] = 0
        np.maximum(best, product.max(axis=1), out=best)
    return best
