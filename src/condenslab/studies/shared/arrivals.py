"""When neurons come to stay: an order in which a heat map of their directions can be looked at."""

import numpy as np

_SETTLED = 0.95


def arrivals(weights: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns when each neuron came within cosine 0.95 of its last direction for good, shape (neuron,).

    Args:
        weights: Input weights of every neuron along a course, none of norm 0, shape (time, neuron, input).
        times: Of the course, increasing, shape (time,).
    """
    unit = weights / np.linalg.norm(weights, axis=2, keepdims=True)
    away = (unit * unit[-1]).sum(axis=2) < _SETTLED
    first = np.where(away.any(axis=0), len(away) - np.argmax(away[::-1], axis=0), 0)
    return np.asarray(times)[np.minimum(first, len(away) - 1)]
