"""What nearest neighbours look like by chance: rotated neurons, and columns permuted.

**Rotation**: W → O·W with a random orthogonal O keeps every singular value, so whatever a layer shows beyond it, no
method that looks at singular values alone can see. O is rounds of random signs and a Hartley transform over the
neurons: exactly orthogonal, close to uniform, and fast. **Columns permuted** independently keep every input's weights
and destroy what neurons have in common: what a layer shows beyond it is low rank or condensation.

Each draw has the null's law; to be cheap, one goes on from the one before it, by a further round of signs and
transform, or by a random cyclic shift of every column behind a permutation that stays.
"""

from collections.abc import Iterator

import numpy as np

KINDS = ("rotation", "columns")
_ROUNDS = 3


def draws(rows: np.ndarray, kind: str, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yields draws from a null without end, each of the shape of the rows.

    Args:
        rows: W, shape (neuron, number).
        kind: One of `KINDS`.
        rng: Where the draws come from.
    """
    columns = np.ascontiguousarray(rows.T)  # along the neurons, so that transforms and shifts run through memory
    return _rotations(columns, rng) if kind == "rotation" else _permutations(columns, rng)


def _rotations(columns: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    for _ in range(_ROUNDS - 1):
        columns = _turned(columns, rng)
    while True:
        columns = _turned(columns, rng)
        yield columns.T


def _turned(columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the orthonormal Hartley transform Σ_j (cos + sin)(2πjk/n) x_j/√n behind random signs."""
    count = columns.shape[1]
    signs = rng.choice(np.array([-1, 1], np.float32), count)
    spectrum = np.fft.rfft(columns * signs, axis=1, norm="ortho")
    below = spectrum.real - spectrum.imag
    above = (spectrum.real + spectrum.imag)[:, 1 : (count + 1) // 2][:, ::-1]
    return np.concatenate([below, above], axis=1).astype(np.float32, copy=False)


def _permutations(columns: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    count = columns.shape[1]
    twice = np.tile(rng.permuted(columns, axis=1), 2)
    while True:
        shifted = np.empty_like(columns)
        for column, start in enumerate(rng.integers(0, count, len(columns))):
            shifted[column] = twice[column, start : start + count]
        yield shifted.T
