"""A sample of neurons by its Gram matrix alone: numbers and null cost the same however many inputs there are."""

from functools import lru_cache

import numpy as np

from condenslab.interop.neurons import groups
from condenslab.interop.neurons.cosines import CLOSE
from condenslab.interop.neurons.rows import SMALLEST, UnmeasurableError

_DEAD, _FAINT = 1e-4, 0.1
_FEWEST, _MOST, _TURNED = 3, 11, 400


def numbers(rows: np.ndarray, symmetry: str, seed: int) -> dict[str, float]:
    """Returns how far a sample of neurons has condensed.

    With G = W·Wᵀ the rotated neurons O·W have the Gram matrix O·G·Oᵀ. The rotations are the same at every call, so that
    a course over training has no noise of its own; there are 11 of them up to 36 neurons, 6 for 64, and at least three.

    Args:
        rows: W, shape (neuron, number).
        symmetry: A key of `groups.METHODS`.
        seed: Of the rotations.

    Returns:
        "nearest": the median |cosine| of nearest neighbours; "directions": groups at cosine 0.95; "effective_width":
        those without dead and faint neurons; "twins": the share of neurons nearer to another one than any in a
        rotation.

    Raises:
        UnmeasurableError: A number is NaN or infinite.
    """
    peak = max(float(rows.max(initial=0)), -float(rows.min(initial=0)))
    if not np.isfinite(peak):
        raise UnmeasurableError("it holds NaN or infinity")
    if peak and not SMALLEST < peak < 1 / SMALLEST:
        rows = rows / np.float32(peak)
    gram = rows @ rows.T
    lengths = np.sqrt(gram.diagonal())
    alive = lengths > _DEAD * max(float(lengths.max(initial=0)), 1e-30)
    if not alive.all():
        gram, lengths = gram[np.ix_(alive, alive)], lengths[alive]
    if not len(lengths):
        return {"nearest": 0.0, "directions": 0.0, "effective_width": 0.0, "twins": 0.0}
    cosines = gram / np.outer(lengths, lengths)
    best = _nearest(cosines)
    directions = groups.count_cosines(cosines, lengths, CLOSE, symmetry)
    strong = lengths >= _FAINT * np.median(lengths)
    effective = directions
    if not strong.all():
        effective = groups.count_cosines(cosines[np.ix_(strong, strong)], lengths[strong], CLOSE, symmetry)
    twins = int((best > _largest_by_chance(gram, seed)).sum()) if len(lengths) > 1 else 0
    return {
        "nearest": float(np.median(best)),
        "directions": float(directions),
        "effective_width": float(effective),
        "twins": twins / len(lengths),
    }


def _nearest(cosines: np.ndarray) -> np.ndarray:
    products = np.abs(cosines)
    np.fill_diagonal(products, 0)
    return np.minimum(products.max(axis=1), 1)


def _largest_by_chance(gram: np.ndarray, seed: int) -> float:
    """Returns the largest |cosine| of any two neurons in any rotation."""
    turns = _rotations(len(gram), seed)
    turned = turns @ gram @ turns.transpose(0, 2, 1)
    lengths = np.sqrt(np.maximum(np.diagonal(turned, axis1=1, axis2=2), np.float32(1e-30)))
    turned /= lengths[:, :, None] * lengths[:, None, :]
    places = np.arange(len(gram))
    turned[:, places, places] = 0
    return min(float(max(turned.max(), -turned.min())), 1.0)


@lru_cache(maxsize=64)
def _rotations(size: int, seed: int) -> np.ndarray:
    """Returns random orthogonal matrices, shape (draw, neuron, neuron)."""
    count = max(_FEWEST, min(_MOST, _TURNED // size))
    normal = np.random.default_rng([seed, size]).standard_normal((count, size, size))
    return np.linalg.qr(normal)[0].astype(np.float32)
