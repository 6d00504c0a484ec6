"""Groups of neurons with the same direction: a cover by balls, in the coordinates that the activation leaves free."""

from collections.abc import Callable

import numpy as np

from condenslab.interop.neurons.cosines import unit
from condenslab.interop.neurons.rows import norms

_MOST_AT_ONCE = 1024
SYMMETRIES = {
    "tanh": "sign",
    "erf": "sign",
    "sin": "sign",
    "softsign": "sign",
    "tanhshrink": "sign",
    "relu": "scale",
    "leaky_relu": "scale",
    "leakyrelu": "scale",
    "gelu": "none",
    "gelu_new": "none",
    "gelu_pytorch_tanh": "none",
    "quick_gelu": "none",
    "silu": "none",
    "swish": "none",
    "mish": "none",
    "elu": "none",
    "selu": "none",
    "softplus": "none",
    "sigmoid": "none",
    "hardswish": "none",
    "relu6": "none",
}
"""What an activation leaves free: a common sign of a neuron, its positive scale, or neither."""

METHODS = {
    "direction": "direction up to sign (activation unknown)",
    "sign": "weights and bias, norm included, up to sign (odd activation)",
    "scale": "direction of weights and bias (positively homogeneous activation)",
    "none": "weights and bias, norm included (activation without symmetry)",
}
"""How each symmetry is said."""


def cover(rows: np.ndarray, threshold: float, symmetry: str) -> int:
    """Counts groups: the longest neuron without a group opens one and takes all that resemble it.

    Two neurons a, b resemble each other by cosine where scale is free, else by 1 − ‖a − b‖²/(2 max(‖a‖², ‖b‖²)), which
    is the cosine at equal norms; by the better sign where the sign is free.

    Args:
        rows: Neurons without zero rows, shape (neuron, number).
        threshold: Resemblance from which on two are in a group.
        symmetry: A key of `METHODS`.
    """
    lengths = norms(rows)
    order = np.argsort(-lengths, kind="stable")
    directions, lengths = unit(rows)[order], lengths[order]
    resemblance = _resemblance(symmetry)
    groups = 0
    if len(directions) <= _MOST_AT_ONCE:
        return _covered(directions @ directions.T, lengths, threshold, symmetry)
    while len(directions):
        alike = resemblance(directions @ directions[0], lengths, lengths[0]) > threshold
        alike[0] = True
        directions, lengths = directions[~alike], lengths[~alike]
        groups += 1
    return groups


def _covered(cosines: np.ndarray, lengths: np.ndarray, threshold: float, symmetry: str) -> int:
    """Counts groups of neurons that are in order of length."""
    resemblance = _resemblance(symmetry)
    groups = 0
    left = np.ones(len(cosines), bool)
    for number in range(len(cosines)):
        if left[number]:
            left &= ~(resemblance(cosines[number], lengths, lengths[number]) > threshold)
            groups += 1
    return groups


def count_cosines(cosines: np.ndarray, lengths: np.ndarray, threshold: float, symmetry: str) -> int:
    """Counts groups as `count`, where all cosines are known.

    Args:
        cosines: Shape (neuron, neuron).
        lengths: Norms of the neurons, none of them 0.
        threshold: As in `cover`.
        symmetry: As in `cover`.
    """
    near = np.flatnonzero((np.abs(cosines) > threshold).sum(axis=1) > 1)
    if not len(near):
        return len(cosines)
    near = near[np.argsort(-lengths[near], kind="stable")]
    return len(cosines) - len(near) + _covered(cosines[np.ix_(near, near)], lengths[near], threshold, symmetry)


def count(rows: np.ndarray, nearest: np.ndarray, threshold: float, symmetry: str) -> int:
    """Counts groups as `cover`, where who has no neighbour within the threshold is known to be one alone.

    Args:
        rows: Neurons, shape (neuron, number).
        nearest: The largest |cosine| of each with another one.
        threshold: As in `cover`.
        symmetry: As in `cover`.
    """
    near = nearest > threshold
    together = cover(rows[near], threshold, symmetry) if near.any() else 0
    return int(len(rows) - near.sum() + together)


def _resemblance(symmetry: str) -> Callable[[np.ndarray, np.ndarray, float], np.ndarray]:
    def with_norm(cosines: np.ndarray, lengths: np.ndarray, longest: float) -> np.ndarray:
        ratio = lengths / longest
        return 1 - (1 + ratio**2 - 2 * ratio * cosines) / 2

    if symmetry == "direction":
        return lambda cosines, *_: np.abs(cosines)
    if symmetry == "scale":
        return lambda cosines, *_: cosines
    if symmetry == "sign":
        return lambda cosines, lengths, longest: with_norm(np.abs(cosines), lengths, longest)
    return with_norm
