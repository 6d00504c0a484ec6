"""The spread of the orientations of neurons, and which side of the boundary a point is on; imports no JAX."""

import numpy as np

from condenslab.sweeps import Record

BINS = 180
"""Of orientation, each 2 degrees wide."""
_TOP = 2
"""The target x² at four points has two kinks, so condensed networks have two orientations (Fig. 2c)."""


def spread(angle: np.ndarray, amplitude: np.ndarray) -> float:
    """Returns 1 − the share of the summed amplitude in the two heaviest 2-degree bins of orientation.

    0 where all amplitude is in two directions; 1 − 2/180 where it is spread evenly. To be free of where bins begin, a
    bin counts with both halves of its neighbours: the sum of two half-width bins that overlap by half.

    Args:
        angle: atan2(b, w) of each neuron, shape (neuron,).
        amplitude: |a|·‖(w, b)‖ of each neuron, shape (neuron,).
    """
    half = np.bincount(
        np.floor((angle + np.pi) / (2 * np.pi) * 2 * BINS).astype(int) % (2 * BINS), amplitude, minlength=2 * BINS
    )
    share, left = 0.0, half.copy()
    for _ in range(_TOP):
        pairs = left + np.roll(left, -1)
        at = int(np.argmax(pairs))
        share += pairs[at]
        left[[at, (at + 1) % (2 * BINS)]] = 0.0
    return float(1.0 - share / amplitude.sum())


def spread_at_end(record: Record) -> float | None:
    """Returns the spread of a run that came to the risk asked for; older records of others are `done` too."""
    return record.values["spread"] if record.values.get("converged") else None


def beyond_boundary(gamma_prime: float, gamma: float) -> float:
    """Returns how far right of the boundary γ = 1 + max(γ′, 0) a point is, along γ."""
    return round(gamma - 1.0 - max(gamma_prime, 0.0), 9)
