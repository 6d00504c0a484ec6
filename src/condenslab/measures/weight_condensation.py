"""Condensation inside a decoder: which rows of its matrices point the same way, beside what no change of basis alters.

Sources draw the cosines of the rows of W_Q, one row a unit of d_k. Those depend on a basis that training does not fix:
W_Q A and W_K A⁻ᵀ are the same attention for every invertible A. W_Q W_Kᵀ and W_V W_Oᵀ do not.
"""

from dataclasses import dataclass

import numpy as np
from jax import Array
from scipy.stats import beta

from condenslab.measures.similarity import cosine_similarity, effective_ratio
from condenslab.networks import Decoder
from condenslab.networks.checks import check_number, count
from condenslab.networks.conversion import real_array


@dataclass(frozen=True, eq=False)
class WeightCondensation:
    """How the rows of a matrix are aligned.

    Attributes:
        cosines: D_kj = u_k·u_j/(‖u_k‖‖u_j‖), shape (unit, unit), of the units that have a direction.
        units: Numbers of these units.
        aligned: Share of pairs of units with |D| above the threshold.
        chance: The same share for independent directions of that dimension.
        groups: Units in a greedy cover at that cosine, over their number; without sign (w and −w are two).
        effective_rank: exp of the entropy of the singular values over their sum.
        rank: Largest that it could be: the smaller side of the matrix (for a product of factors their inner size).
        threshold: The cosine above which two units are aligned.
    """

    cosines: np.ndarray
    units: np.ndarray
    aligned: float
    chance: float
    groups: float
    effective_rank: float
    rank: int
    threshold: float


def weight_condensation(
    rows: np.ndarray | Array,
    *,
    threshold: float = 0.7,
    rank: int | None = None,
    dimension: int | None = None,
    heads: int = 1,
) -> WeightCondensation:
    """Returns how the rows of a matrix are aligned.

    Args:
        rows: One row a unit, shape (unit, coordinate); rows of zeros have no direction and are left out.
        threshold: The cosine above which two units are aligned; 0.7 is that of the source.
        rank: The largest effective rank that is possible, where it is not the smaller side.
        dimension: Of the subspace that rows of a head are drawn from, for `chance`, if it is not the whole space: rows
            of a product of thin factors are confined, and align by chance more often.
        heads: How many blocks of equally many rows have a subspace each.

    Raises:
        ValueError: Fewer than two units have a direction, an entry is not finite, or a threshold outside of [0, 1).

    References:
        Zhang et al., arXiv 2405.05409 (threshold 0.7); Roy & Vetterli, EUSIPCO 2007 (effective rank).
    """
    matrix = real_array("weights", rows)
    check_number("threshold", threshold, least=0.0, below=1.0)
    count("heads", heads)
    if matrix.ndim != 2 or not np.all(np.isfinite(matrix)):
        raise ValueError(f"weights must be a finite matrix (unit, coordinate). Got shape {matrix.shape}.")
    units = np.flatnonzero(matrix.any(axis=1))
    if len(units) < 2:
        raise ValueError("at least two units must have a direction to be compared. Got fewer: the others are zero.")
    cosines = cosine_similarity(matrix[units])
    pairs = np.abs(cosines[np.triu_indices(len(units), 1)])
    within = (len(matrix) / heads - 1) / (len(matrix) - 1)
    near, far = (_chance(threshold, size) for size in (dimension or matrix.shape[1], matrix.shape[1]))
    chance = within * near + (1 - within) * far
    groups = effective_ratio(matrix[units], threshold).value
    return WeightCondensation(
        cosines,
        units,
        float((pairs > threshold).mean()),
        chance,
        groups,
        effective_rank(matrix),
        min(matrix.shape) if rank is None else rank,
        threshold,
    )


def _chance(threshold: float, dimension: int) -> float:
    """The squared cosine of independent directions in d dimensions is Beta(1/2, (d − 1)/2)."""
    return float(beta.sf(threshold**2, 0.5, (dimension - 1) / 2)) if dimension > 1 else 1.0


def effective_rank(matrix: np.ndarray | Array) -> float:
    """Returns exp(−Σ p_i log p_i), p the singular values over their sum: between 1 and the rank; 0 of a zero matrix.

    Args:
        matrix: Any matrix, shape (row, column).

    Raises:
        ValueError: No matrix of finite real numbers.

    Example:
        >>> round(effective_rank(np.eye(3)), 6)
        3.0
    """
    entries = real_array("matrix", matrix)
    if entries.ndim != 2 or not np.all(np.isfinite(entries)):
        raise ValueError(f"matrix must be a finite matrix, shape (row, column). Got shape {entries.shape}.")
    largest = np.abs(entries).max(initial=0.0)
    if largest == 0:
        return 0.0
    values = np.linalg.svd(entries / largest, compute_uv=False)  # so that no sum of huge values overflows
    shares = values / values.sum()
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


def decoder_condensation(network: Decoder, block: int, *, threshold: float = 0.7) -> dict[str, WeightCondensation]:
    """Returns how the matrices of a block of a decoder are condensed, and its embedding.

    "queries", "keys" and "values": the rows that the sources draw, one a unit of d_k or d_v of any head, in d_model.
    "query-key" and "value-output": the rows of W_Q W_Kᵀ and W_V W_Oᵀ, summed over heads for the latter and of all heads
    for the former, which no change of basis of a head alters. "forward": the neurons of the feed-forward layer.
    "tokens": the embedding.

    Args:
        network: One decoder.
        block: Which block, counted from 0.
        threshold: The cosine above which two units are aligned.

    Raises:
        IndexError: No such block.
    """
    if not 0 <= block < network.depth:
        raise IndexError(f"block must be one of 0 to {network.depth - 1}. Got {block}.")
    q, k, v, o = (
        np.asarray(part[block], np.float64) for part in (network.queries, network.keys, network.values, network.outputs)
    )
    units = lambda part: np.moveaxis(part, 1, 2).reshape(-1, part.shape[1])  # noqa: E731
    scores = np.concatenate(list(np.einsum("hmd,hnd->hmn", q, k)))
    written = np.einsum("hmd,hnd->mn", v, o)
    rows = {
        "queries": units(q),
        "keys": units(k),
        "values": units(v),
        "query-key": scores,
        "value-output": written,
        "forward": np.asarray(network.expand[block], np.float64).T,
        "tokens": np.asarray(network.tokens, np.float64),
    }
    both, mixed = (min(part.shape[0] * part.shape[2], part.shape[1]) for part in (q, v))
    confined = {
        "query-key": {"rank": both, "dimension": min(q.shape[2], q.shape[1]), "heads": len(q)},
        "value-output": {"rank": mixed, "dimension": mixed},
    }
    return {
        name: weight_condensation(part, threshold=threshold, **confined.get(name, {})) for name, part in rows.items()
    }
