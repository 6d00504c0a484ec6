"""Checks of scales and counts: they refuse nonsense where a value is known and let traced values pass."""

import operator
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

Real: TypeAlias = float | int | np.ndarray | Array


def library(*values: Any) -> Any:
    """Returns jax.numpy if a value is traced, else numpy (float64 whatever the precision of jax)."""
    return jnp if any(isinstance(value, Tracer) for value in values) else np


def plain(value: Any) -> Any:
    """Returns a float for a numpy number without axes, and anything else as it is."""
    return float(value) if isinstance(value, np.ndarray | np.number) and value.ndim == 0 else value


def check_finite(name: str, value: Real) -> None:
    """Refuses NaN and infinity, and what is neither a real number nor an array of such.

    Raises:
        ValueError: The value is known and not finite, or no real number (a word, None, a complex number).
    """
    if isinstance(value, Tracer):
        return
    if not _is_real(value):
        raise ValueError(f"{name} must be a real number. Got {value!r}.")
    if not np.all(np.isfinite(value)):
        raise ValueError(f"{name} must be finite. Got {value}.")


def _is_real(value: Any) -> bool:
    try:
        dtype = np.asarray(value).dtype
    except ValueError:  # rows of unequal length
        return False
    return dtype.kind in "biuf" or jnp.issubdtype(dtype, jnp.floating)


def counts(name: str, values: Any, least: int = 1) -> list[int]:
    """Returns a sequence of whole numbers, each as `count` returns it.

    Raises:
        ValueError: No sequence, or an entry that is no whole number of at least `least`.
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise ValueError(f"{name} must be a sequence of whole numbers, (5, 50, 1) say. Got {values!r}.")
    return [count(f"every number of {name}", value, least) for value in values]


def check_positive(name: str, value: Real) -> None:
    """Refuses what is not finite and above 0.

    Raises:
        ValueError: The value is known and not finite, or not above 0.
    """
    check_finite(name, value)
    if not isinstance(value, Tracer) and np.any(np.asarray(value) <= 0):
        raise ValueError(f"{name} must be positive. Got {value}.")


def check_not_negative(name: str, value: Real) -> None:
    """Refuses what is not finite and at least 0.

    Raises:
        ValueError: The value is known and not finite, or below 0.
    """
    check_finite(name, value)
    if not isinstance(value, Tracer) and np.any(np.asarray(value) < 0):
        raise ValueError(f"{name} must be at least 0. Got {value}.")


def check_number(name: str, value: Any, *, least: float = -np.inf, below: float = np.inf) -> None:
    """Refuses what is not one finite real number in [least, below).

    Raises:
        ValueError: The value is known and out of range, or no single real number (a truth value, a word, an array).
    """
    if isinstance(value, Tracer):
        return
    array = np.asarray(value) if isinstance(value, Real | np.integer | np.floating) else np.zeros(2)
    number = float(array) if array.shape == () and array.dtype.kind in "iufO" else np.nan
    if isinstance(value, bool) or not (least <= number < below and np.isfinite(number)):
        limits = [f"at least {least:g}"] if np.isfinite(least) else []
        limits += [f"below {below:g}"] if np.isfinite(below) else []
        words = f", {' and '.join(limits)}" if limits else ""
        raise ValueError(f"{name} must be one finite number{words}. Got {value!r}.")


_MOST = 2**53
"""No count is larger: it would fit in no memory, nor end in any time."""


def count(name: str, value: int, least: int = 1) -> int:
    """Returns a whole number of at least `least` as an int.

    Raises:
        ValueError: The value is not a whole number, or too small, or larger than anything that can be counted here.
    """
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}. Got {value!r}.")
    if number > _MOST:
        raise ValueError(f"{name} must be a whole number of at most 2⁵³. Got {value!r}.")
    return number


def no_dropout(dropout: object) -> None:
    """Refuses dropout for a network without hidden activations.

    Raises:
        ValueError: There is dropout.
    """
    if dropout is not None:
        raise ValueError("dropout must be None: this network has no hidden activations that noise could fall on.")


def check_shapes(owner: str, **parts: tuple[Any, str]) -> None:
    """Refuses arrays whose axes of one name differ in length; None and what is no array is passed over.

    Args:
        owner: What the arrays belong to, for the message ("a TwoLayer").
        **parts: For each argument its array, and the names of its last axes, separated by spaces. Axes in front of them
            (an ensemble's) are free.

    Raises:
        ValueError: An array has too few axes, or two of them do not fit together.
    """
    lengths: dict[str, tuple[int, str]] = {}
    for name, (array, axes) in parts.items():
        letters = axes.split()
        if not hasattr(array, "shape"):
            continue
        if len(array.shape) < len(letters):
            raise ValueError(f"{name} of {owner} must have shape ({', '.join(letters)}). Got shape {array.shape}.")
        for letter, length in zip(letters, array.shape[len(array.shape) - len(letters) :], strict=True):
            known, first = lengths.setdefault(letter, (length, name))
            if length != known:
                raise ValueError(
                    f"{first} and {name} of {owner} must agree in the axis {letter!r}: {name} has shape "
                    f"({', '.join(letters)}). Got {known} in {first} and shape {array.shape} in {name}."
                )
