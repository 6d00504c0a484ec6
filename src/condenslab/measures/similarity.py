"""How alike the directions of neurons are: cosine similarity and the effective ratio built on it."""

from dataclasses import dataclass

import numpy as np
from jax import Array

from condenslab.networks.checks import check_number
from condenslab.networks.conversion import real_array


@dataclass(frozen=True, eq=False)
class EffectiveRatio:
    """The share of neurons whose directions stand for all others.

    Attributes:
        value: m_eff/m.
        cover: Indices of the covering neurons, shape (m_eff,), in the order in which they were chosen.
        cosine: Every neuron has a covering one at a cosine above this.
    """

    value: float
    cover: np.ndarray
    cosine: float


def cosine_similarity(weights: np.ndarray | Array) -> np.ndarray:
    """Returns D_kj = u_k·u_j/(‖u_k‖‖u_j‖), clipped to [−1, 1], shape (neuron, neuron).

    Args:
        weights: One row a neuron, bias included (`hidden_neurons(network).incoming`), shape (neuron, coordinate).

    Raises:
        ValueError: A row is zero (it has no direction) or not finite, or the array is not a matrix.

    Example:
        >>> cosine_similarity(np.array([[1.0, 0.0], [-2.0, 0.0]]))[0, 1]
        np.float64(-1.0)
    """
    unit = _unit_rows(weights)
    return np.clip(unit @ unit.T, -1.0, 1.0)


def effective_ratio(weights: np.ndarray | Array, cosine: float = 0.95) -> EffectiveRatio:
    """Returns the effective ratio m_eff/m: the smallest set of neurons with one at cosine > 0.95 of every neuron.

    Sign and bias matter, norms do not: w and −w count as two. The smallest set is a minimum set cover; the greedy cover
    computed here (always the neuron that covers most, the first one in ties) is an upper bound of it.

    Args:
        weights: One row a neuron, bias included, shape (neuron, coordinate).
        cosine: The similarity above which one neuron stands for another, in [−1, 1).

    Raises:
        ValueError: There is no neuron, a row is zero or not finite, or the array is not a matrix, or the cosine is out
            of range.

    References:
        Zhang & Xu, "Implicit regularization of dropout", TPAMI 2024, Definition 1.
    """
    check_number("cosine", cosine, least=-1.0, below=1.0)
    unit = _unit_rows(weights)
    if len(unit) == 0:
        raise ValueError("weights must hold at least one neuron: the ratio of no neurons is undefined.")
    # In blocks, so that only the Boolean matrix is held at once; a neuron covers itself whatever the rounding.
    covers = np.concatenate([unit[k : k + 1024] @ unit.T > cosine for k in range(0, len(unit), 1024)])
    np.fill_diagonal(covers, True)
    gains, uncovered, cover = covers.sum(axis=1), np.ones(len(unit), dtype=bool), []
    while uncovered.any():
        best = int(np.argmax(gains))
        newly = covers[best] & uncovered
        gains = gains - covers[:, newly].sum(axis=1)
        uncovered &= ~newly
        cover.append(best)
    return EffectiveRatio(len(cover) / len(unit), np.array(cover), cosine)


def _unit_rows(weights: np.ndarray | Array) -> np.ndarray:
    rows = real_array("weights", weights)
    if rows.ndim != 2:
        raise ValueError(f"weights must have shape (neuron, coordinate). Got shape {rows.shape}.")
    largest = np.abs(rows).max(axis=1, initial=0.0)
    bad = np.flatnonzero(~np.isfinite(largest) | (largest == 0))
    if bad.size:
        raise ValueError(
            f"every row must be finite and non-zero, because a zero vector has no direction. Row {bad[0]} is not; "
            f"drop such neurons first, by an amplitude filter for example."
        )
    rows = rows / largest[:, None]  # so that tiny weights do not underflow when they are squared
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
