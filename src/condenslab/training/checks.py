"""Numbers of a training run, checked where they enter: each that cannot be meant is refused in one sentence."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from condenslab.networks.checks import count


def check_number(name: str, value: Any, *, least: float = 0.0, below: float = np.inf, infinite: bool = False) -> None:
    """Refuses a number, or an array of numbers, that is NaN or outside of [least, below).

    None, traced values and what is no number (the marks by which JAX selects leaves) is passed over.

    Args:
        name: The argument's name, for the message.
        value: What the caller gave.
        least: The smallest number that is accepted.
        below: Every number must be below this.
        infinite: Whether the infinities are accepted.

    Raises:
        ValueError: A number is out of range.
        TypeError: It is no real number (complex, or words).
    """
    if value is None or isinstance(value, bool | Tracer):
        return
    if not isinstance(value, int | float | np.ndarray | np.generic | jax.Array):
        if isinstance(value, str | complex | list | tuple):
            raise TypeError(f"{name} must be a real number. Got {value!r}.")
        return
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be a real number. Got {value!r}.")
    endless = infinite & np.isinf(numbers)
    if not np.all(endless | ((numbers >= least) & (numbers < below))):
        open_end = "not be negative or NaN" if infinite else "not be negative, NaN or infinite"
        limits = f"be at least {least:g} and below {below:g}" if np.isfinite(below) else open_end
        raise ValueError(f"{name} must {limits}. Got {value}.")


def check_rate(rate: Any) -> None:
    """Refuses a learning rate that is none at all, negative, NaN or infinite; see `check_number`.

    Raises:
        ValueError: It is out of range.
        TypeError: It is None, a truth value or a schedule.
    """
    if rate is None or isinstance(rate, bool) or inspect.isfunction(rate):
        raise TypeError(f"rate must be a real number. Got {rate!r}; for a schedule give an optax optimiser.")
    check_number("rate", rate)


def check_count(name: str, value: Any, least: int = 0) -> int:
    """Returns a whole number; what is whole only by its value, such as 1e3, is refused, because a quotient is not.

    Raises:
        ValueError: Not a whole number of at least `least`.
    """
    given: Any = value.item() if isinstance(value, np.ndarray | jax.Array) and value.ndim == 0 else value
    return count(name, given, least=least)


def check_whole(name: str, values: Sequence[int] | np.ndarray) -> np.ndarray:
    """Returns whole numbers, given in any number type, as integers.

    Raises:
        ValueError: One of them is none.
    """
    numbers = np.asarray(values)
    if numbers.size and (numbers.dtype.kind not in "iuf" or not np.all(numbers == np.round(numbers))):
        raise ValueError(f"{name} must be whole numbers. Got {values!r}.")
    return numbers.astype(np.int64)


def check_recorders(record: Any) -> None:
    """Refuses recorders that are not functions by their names.

    Raises:
        TypeError: They are not.
    """
    named = isinstance(record, Mapping) and all(isinstance(name, str) for name in record)
    if not named or not all(callable(recorder) for recorder in record.values()):
        raise TypeError(
            f"record must be functions (risk, params) → array by their names, {{'risk': record_risk}} say. "
            f"Got {record!r}."
        )


def check_limits(time_limit: float | None, progress: Any) -> None:
    """Refuses a time limit that is negative or NaN, and a progress that is no function.

    Raises:
        ValueError: As said for the limit.
        TypeError: As said for the progress.
    """
    check_number("time_limit", time_limit, infinite=True)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function (fraction, text), or None. Got {progress!r}.")
