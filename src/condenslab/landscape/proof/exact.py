"""Exact numbers as text, and the working precision of the balls that enclose them."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from condenslab.errors import UserError

try:
    import flint
except ImportError as error:
    raise ImportError("proofs need python-flint, which is missing here: pip install 'condenslab[proof]'") from error

_HEXADECIMAL = re.compile(r"(-?)0x([0-9a-f]+)(?:\.([0-9a-f]+))?p([+-]?\d{1,5})", re.ASCII)
_PLAIN = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d{1,4})?|-?\d+/\d+", re.IGNORECASE | re.ASCII)
_LONGEST = 4000
LEAST_DIGITS, MOST_DIGITS = 53, 4096
"""Binary digits that a proof may begin with and that a check takes."""

Balls = list[list[Any]]
"""A table of balls (`flint.arb`), row by row."""


def exact_text(value: Any) -> str:
    """Returns a number as text that says it exactly.

    Args:
        value: A float (the binary number that it is), an integer, a fraction, or text that states the number: an
            integer, a decimal ("0.1", "1e-3"), a quotient ("30/49") or a hexadecimal float ("0x1.8p+3").

    Raises:
        UserError: NaN, infinity, or text that states no number.

    Example:
        >>> exact_text(0.75), exact_text("0.1"), exact_text(Fraction(30, 49))
        ('0x1.8000000000000p-1', '0.1', '30/49')
    """
    if isinstance(value, str):
        fraction(value)
        return value
    if isinstance(value, Fraction | int | np.integer) and not isinstance(value, bool):
        return str(value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UserError(f"a proof needs numbers or exact text such as 30/49. Got {value!r}.") from error
    if not np.isfinite(number):
        raise UserError(f"a proof needs finite numbers. Got {number}: remove or repair that sample or parameter.")
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else number.hex()


def fraction(text: str) -> Fraction:
    """Returns the rational number that a text states.

    Args:
        text: As `exact_text` makes or takes it.

    Raises:
        UserError: It states none.

    Example:
        >>> fraction("0x1.8p+1"), fraction("0.1")
        (Fraction(3, 1), Fraction(1, 10))
    """
    if len(text) > _LONGEST:
        raise UserError(f"an exact number has at most {_LONGEST} characters. Got {len(text)}: {text[:30]}…")
    match = _HEXADECIMAL.fullmatch(text)
    if match:
        sign, whole, part, exponent = match[1], match[2], match[3] or "", int(match[4])
        power = exponent - 4 * len(part)
        size = int(whole + part, 16)
        value = Fraction(size * 2**power) if power >= 0 else Fraction(size, 2**-power)
        return -value if sign else value
    if not _PLAIN.fullmatch(text):
        raise UserError(f"an exact number is an integer, a decimal, a quotient or a hexadecimal float. Got {text!r}.")
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise UserError(f"an exact number has no zero denominator. Got {text!r}.") from error


def ball(text: str) -> Any:
    """Returns the smallest ball of the working precision around an exact number; a dyadic one that fits is exact.

    Args:
        text: The number.
    """
    value = fraction(text)
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def dyadic_text(value: Any) -> str:
    """Returns the midpoint of a ball as exact text.

    Args:
        value: A finite ball.
    """
    mantissa, exponent = value.mid().man_exp()
    size = int(mantissa)
    return f"{'-' if size < 0 else ''}0x{abs(size):x}p{int(exponent)}" if size else "0"


def check_digits(digits: int, max_digits: int) -> None:
    """Refuses binary digits out of range: with fewer nothing is decided, with many more memory runs out.

    Args:
        digits: To begin with.
        max_digits: At most so many.

    Raises:
        UserError: They are no whole numbers, or out of range.
    """
    whole = all(isinstance(d, int | np.integer) and not isinstance(d, bool) for d in (digits, max_digits))
    if not whole or not LEAST_DIGITS <= digits <= max_digits <= MOST_DIGITS:
        raise UserError(
            f"a proof needs whole numbers of binary digits, {LEAST_DIGITS} ≤ digits ≤ max_digits ≤ {MOST_DIGITS}. "
            f"Got digits={digits!r}, max_digits={max_digits!r}."
        )


@contextlib.contextmanager
def precision(bits: int) -> Iterator[None]:
    """Sets the working precision of ball arithmetic for a while.

    Args:
        bits: Binary digits of a midpoint.
    """
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def floats(matrix: Any) -> np.ndarray:
    """Returns the midpoints of a matrix of balls as float64.

    Args:
        matrix: An `arb_mat`.
    """
    values = [float(entry.mid()) for entry in matrix.entries()]
    return np.array(values).reshape(matrix.nrows(), matrix.ncols())


def exact_matrix(values: np.ndarray) -> Any:
    """Returns the `arb_mat` of the binary numbers of a float64 array.

    Args:
        values: Finite, shape (row, column).
    """
    return flint.arb_mat(values.shape[0], values.shape[1], [flint.arb(float(v)) for v in values.ravel()])


def midpoints(matrix: Any) -> Any:
    """Returns the exact matrix of a ball matrix's midpoints.

    Args:
        matrix: An `arb_mat`.
    """
    return flint.arb_mat(matrix.nrows(), matrix.ncols(), [entry.mid() for entry in matrix.entries()])


def matrix_of(rows: Sequence[Sequence[Any]], columns: int) -> Any:
    """Returns the `arb_mat` of rows of balls, also where there are none.

    Args:
        rows: The rows.
        columns: Their length.
    """
    return flint.arb_mat(len(rows), columns, [entry for row in rows for entry in row])


def sup(matrix: Any) -> float:
    """Returns an upper bound of ‖M‖∞ for every matrix M in a ball matrix.

    Args:
        matrix: An `arb_mat`.
    """
    largest = 0.0
    for row in matrix.tolist():
        total = sum((entry.abs_upper() for entry in row), flint.arb(0)).upper()
        largest = max(largest, above(total))
    return largest


def above(value: Any) -> float:
    """Returns a float64 that is at least the upper end of a ball; infinity for a ball that is not finite.

    Args:
        value: The ball.
    """
    top = float(value.upper().mid())
    return float(np.nextafter(top, np.inf)) if np.isfinite(top) else float("inf")
