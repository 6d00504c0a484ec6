"""What nearest neighbours look like by chance: rotated neurons, and columns permuted.

**Rotation**: W → O·W with a random orthogonal O keeps every singular value, so whatever a layer shows beyond it, no
method that looks at singular values alone can see. O is three rounds of random signs, a Hartley transform over the
neurons and a permutation: exactly orthogonal, close to uniform, and fast. **Columns permuted** independently keep every
input's weights and destroy what neurons have in common: what a layer shows beyond it is low rank or condensation.
"""

import numpy as np

from condenslab.interop.neurons.cosines import nearest, unit

KINDS = ("rotation", "columns")
_ROUNDS = 3


def rotated(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns O·W.

    Args:
        rows: W, shape (neuron, number).
        rng: Where O comes from.
    """
    mixed = rows
    for _ in range(_ROUNDS):
        signs = rng.choice(np.array([-1, 1], np.float32), len(rows))
        mixed = _hartley(mixed * signs[:, None])[rng.permutation(len(rows))]
    return mixed


def _hartley(rows: np.ndarray) -> np.ndarray:
    """Returns the orthonormal Hartley transform over the first axis, Σ_j (cos + sin)(2πjk/n) W_j/√n."""
    count = len(rows)
    spectrum = np.fft.rfft(rows, axis=0, norm="ortho")
    below = spectrum.real - spectrum.imag
    above = (spectrum.real + spectrum.imag)[1 : (count + 1) // 2][::-1]
    return np.concatenate([below, above]).astype(np.float32, copy=False)


def permuted(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns the rows with each column permuted by itself.

    Args:
        rows: Shape (neuron, number).
        rng: Where the permutations come from.
    """
    return rng.permuted(rows, axis=0)


def of_nearest(rows: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    """Returns the largest |cosine| of each neuron with another one in a draw from a null.

    Args:
        rows: Shape (neuron, number).
        kind: One of `KINDS`.
        rng: Where the draw comes from.
    """
    drawn = rotated(rows, rng) if kind == "rotation" else permuted(rows, rng)
    return nearest(unit(drawn))
