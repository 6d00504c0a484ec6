"""What a figure accepts: finite numbers of the right shape, and an error that says what came instead."""

import numpy as np
from numpy.typing import ArrayLike


def numbers(name: str, values: ArrayLike, dimensions: int) -> np.ndarray:
    """Returns the values as a float64 array of that many dimensions, all of them finite and at least one.

    Args:
        name: The argument's name, for the message.
        values: What the caller gave.
        dimensions: 1 for a vector, 2 for a matrix.

    Raises:
        ValueError: Not numbers, not real, not of that many dimensions, empty, or NaN or infinite somewhere.
    """
    raw = np.asarray(values)
    if raw.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers. Got an array of {raw.dtype}.")
    array = raw.astype(np.float64)
    if array.ndim != dimensions:
        raise ValueError(f"{name} must be an array with {dimensions} dimension(s). Got shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty. Got shape {array.shape}.")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = ", ".join(map(str, bad[0]))
        raise ValueError(f"{name} must be finite. Got {array[tuple(bad[0])]} at index {where} ({len(bad)} in all).")
    return array


def same_length(first: str, one: np.ndarray, second: str, other: np.ndarray) -> None:
    """Raises unless the two arrays have equally many rows.

    Raises:
        ValueError: The first dimensions differ.
    """
    if len(one) != len(other):
        raise ValueError(f"{second} must be as long as {first} ({len(one)}). Got {len(other)}.")


def not_negative(name: str, array: np.ndarray) -> None:
    """Raises if an entry is below zero.

    Raises:
        ValueError: An entry is negative.
    """
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative. Got {array.min():g}.")


def rising(name: str, array: np.ndarray) -> None:
    """Raises unless the entries never fall.

    Raises:
        ValueError: An entry is smaller than the one before it.
    """
    falls = np.flatnonzero(np.diff(array) < 0)
    if len(falls):
        at = int(falls[0])
        raise ValueError(f"{name} must be in increasing order. Got {array[at]:g} before {array[at + 1]:g}.")


def counts(name: str, values: ArrayLike, dimensions: int) -> np.ndarray:
    """Returns the values as whole numbers of at least 0.

    Args:
        name: The argument's name, for the message.
        values: What the caller gave.
        dimensions: 1 for a vector, 2 for a matrix.

    Raises:
        ValueError: As for `numbers`; or negative, or not whole.
    """
    array = numbers(name, values, dimensions)
    not_negative(name, array)
    if np.any(array != np.round(array)):
        raise ValueError(f"{name} must be whole numbers. Got {array[array != np.round(array)][0]:g}.")
    return array.astype(np.int64)
