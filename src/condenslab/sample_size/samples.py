"""Which samples recover a target: designs of matrix entries, their order, and minimal designs.

Entries of a matrix are no continuous inputs, so that "almost every design of r(θ′) samples recovers" does not hold:
whether r(θ′) entries suffice, and how many of an order are needed, is decided by the ranks of their tangents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from condenslab.measures import Rank, rank
from condenslab.networks.checks import count


@dataclass(frozen=True, eq=False)
class Design:
    """Samples that recover a target, as few as its model rank allows.

    Attributes:
        samples: Their numbers, in the order in which they were chosen.
        rank: The rank of their tangents.
        model_rank: The rank of all tangents, r(θ′).
    """

    samples: tuple[int, ...]
    rank: Rank
    model_rank: Rank

    @property
    def minimal(self) -> bool:
        """Whether no smaller design can recover: as many tangents (samples × outputs) as the rank."""
        return len(self.samples) == self.model_rank.value == self.rank.value


def matrix_design(entries: Sequence[tuple[int, int]], shape: tuple[int, int]) -> tuple[int, ...]:
    """Returns observed entries as row-major numbers, the order of `networks.index_pairs`.

    Args:
        entries: (row, column) of each observation, counted from 0, in order.
        shape: (rows, columns) of the matrix.

    Raises:
        IndexError: An entry lies outside the matrix.
        ValueError: An entry is not two whole numbers, or observed twice, or none is.

    Example:
        >>> matrix_design([(0, 0), (2, 1)], (4, 4))
        (0, 9)
    """
    if len(shape) != 2:
        raise ValueError(f"shape must be (rows, columns) of the matrix. Got {shape!r}.")
    rows, columns = (count(name, size) for name, size in zip(("rows", "columns"), shape, strict=True))
    seen: set[tuple[int, int]] = set()
    for entry in entries:
        whole = isinstance(entry, Sequence | np.ndarray) and len(entry) == 2
        if not whole or not all(isinstance(number, int | np.integer) for number in entry):
            raise ValueError(f"an observed entry must be two whole numbers, (row, column). Got {entry!r}.")
        i, j = entry
        if not (0 <= i < rows and 0 <= j < columns):
            raise IndexError(
                f"an observed entry must lie inside the {rows} × {columns} matrix, rows 0 to {rows - 1} and columns 0 "
                f"to {columns - 1}. Got {tuple(entry)}; printed designs often count from 1."
            )
        if (i, j) in seen:
            raise ValueError(f"an entry must be observed once, as it adds nothing again. Got {tuple(entry)} twice.")
        seen.add((i, j))
    if not seen:
        raise ValueError("a design must observe at least one entry. Got none.")
    return tuple(int(i) * columns + int(j) for i, j in entries)


def hooks(rows: int, columns: int) -> list[tuple[int, int]]:
    """Returns the order of entries by hooks: row 0, then column 0, then the rest of row 1, of column 1, and so on.

    After k hooks k(rows + columns − k) entries are observed, which is the optimistic sample size of rank k.

    Args:
        rows: Of the matrix.
        columns: Of the matrix.

    Raises:
        ValueError: A size is not a positive whole number.

    Example:
        >>> hooks(2, 2)
        [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    rows, columns = count("rows", rows), count("columns", columns)
    order = []
    for k in range(min(rows, columns)):
        order += [(k, j) for j in range(k, columns)] + [(i, k) for i in range(k + 1, rows)]
    return order


def observed_components(entries: Sequence[tuple[int, int]], shape: tuple[int, int]) -> int:
    """Returns the number of components of the bipartite graph whose edges are the observed entries.

    Rows and columns that are not observed are components of their own. For a rank-1 target without zeros, observed
    entries have tangents of rank rows + columns − components, so that they recover it exactly if the graph is
    connected.

    Args:
        entries: (row, column) of each observation.
        shape: (rows, columns) of the matrix.

    Raises:
        IndexError: An entry lies outside the matrix.
        ValueError: An entry is observed twice, or none is.

    Example:
        >>> observed_components([(0, 0), (0, 1), (1, 0)], (2, 2))
        1
    """
    matrix_design(entries, shape)
    label = np.arange(sum(shape))
    for i, j in entries:
        label[label == label[shape[0] + j]] = label[i]
    return len(set(label.tolist()))


def order_ranks(features: Float[np.ndarray, "sample output param"], order: Sequence[int]) -> list[Rank]:
    """Returns the rank of the tangents of the first n samples of an order, n = 1 … .

    Args:
        features: Tangents of all samples, see `tangent_features`.
        order: Numbers of the samples.

    Raises:
        IndexError: A number is that of no sample.
        ValueError: Tangents of another shape.
    """
    _check_features(features)
    outside = [n for n in order if not isinstance(n, int | np.integer) or not 0 <= n < len(features)]
    if outside:
        raise IndexError(f"order must number samples from 0 to {len(features) - 1}. Got {outside[0]!r}.")
    chosen = features[list(order)]
    return [rank(chosen[: n + 1].reshape(-1, features.shape[-1])) for n in range(len(chosen))]


def first_recovering(features: Float[np.ndarray, "sample output param"], order: Sequence[int]) -> int | None:
    """Returns how many samples of an order recover the target: the first n whose tangents have the rank of all.

    Args:
        features: Tangents of all samples at a target point.
        order: Numbers of the samples.

    Returns:
        n, or None where the whole order does not recover, or a rank on the way is not decided.

    Raises:
        IndexError: A number is that of no sample.
    """
    _check_features(features)
    whole = rank(features.reshape(-1, features.shape[-1]))
    for n, found in enumerate(order_ranks(features, order), start=1):
        if not (found.decided and whole.decided):
            return None
        if found.value == whole.value:
            return n
    return None


def minimal_design(features: Float[np.ndarray, "sample output param"]) -> Design:
    """Chooses samples that recover the target, each time the one whose tangents are farthest from those before.

    For one output this is QR with column pivoting of J_Sᵀ and finds a design of exactly r(θ′) samples; for more it is
    greedy, and a sample counts all its outputs.

    Args:
        features: Tangents of all candidates at a target point.

    Raises:
        ValueError: Tangents of another shape.
    """
    _check_features(features)
    whole = rank(features.reshape(-1, features.shape[-1]))
    left = np.array(features, dtype=np.float64)
    chosen: list[int] = []
    basis = 0
    while basis < whole.value and len(chosen) < len(features):
        best = int(np.argmax(np.linalg.norm(left, axis=(1, 2))))
        _, values, right = np.linalg.svd(left[best], full_matrices=False)
        fresh = right[values > whole.tolerance * 1e-3]
        if not len(fresh):
            break
        chosen.append(best)
        basis += len(fresh)
        left = left - (left @ fresh.T) @ fresh
        left[best] = 0.0
    picked = features[chosen].reshape(-1, features.shape[-1])
    return Design(tuple(chosen), rank(picked), whole)


def _check_features(features: np.ndarray) -> None:
    if np.ndim(features) != 3:
        raise ValueError(f"features must have shape (sample, output, param). Got shape {np.shape(features)}.")
