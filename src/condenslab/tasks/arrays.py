"""Arrays that a task holds: finite float64 matrices with one row a sample, which nobody can write to."""

import operator

import numpy as np
from numpy.typing import ArrayLike


def matrix(name: str, values: ArrayLike, axes: str = "(sample, input)") -> np.ndarray:
    """Returns a read-only float64 copy of a matrix of finite numbers with at least one row and one column.

    Args:
        name: The argument's name, for the message.
        values: What the caller gave.
        axes: What its two axes are, for the message.

    Raises:
        ValueError: Not real numbers, not a matrix, empty, or NaN or infinite somewhere.
    """
    array = _numbers(name, values)
    if array.ndim != 2:
        hint = f" Write {name}[:, None] for a single column." if array.ndim == 1 else ""
        raise ValueError(f"{name} must have shape {axes}. Got shape {array.shape}.{hint}")
    if array.size == 0:
        raise ValueError(f"{name} must have at least one row and one column. Got shape {array.shape}.")
    return _sealed(name, array)


def vector(name: str, values: ArrayLike, length: int) -> np.ndarray:
    """Returns a read-only float64 copy of a vector of finite numbers of that length.

    Raises:
        ValueError: Not real numbers, of another shape, or NaN or infinite somewhere.
    """
    array = _numbers(name, values)
    if array.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},). Got shape {array.shape}.")
    return _sealed(name, array)


def count(name: str, value: int) -> int:
    """Returns a whole number of at least 1 as an int.

    Raises:
        ValueError: The value is not a whole number, or below 1.
    """
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be a whole number of at least 1. Got {value!r}.")
    return number


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of numbers. Got rows of unequal length.") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers. Got an array of {array.dtype}.")
    return array


def _sealed(name: str, array: np.ndarray) -> np.ndarray:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        where = ", ".join(map(str, bad[0]))
        raise ValueError(f"{name} must be finite. Got {array[tuple(bad[0])]} at index {where} ({len(bad)} in all).")
    copy = array.astype(np.float64)
    copy.setflags(write=False)
    return copy
