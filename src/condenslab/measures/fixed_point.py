"""Numbers with hundreds of binary digits: integers that count units of 2⁻ᵇ, in numpy arrays of Python integers.

Sums are exact, products and quotients are rounded to one unit, functions to a few. What is far from the size of a
unit is far from rounding: that is all that a second computation of a rank needs.
"""

import math
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

_GUARD = 32
_LARGEST_EXPONENT, _LARGEST_FLOAT = 20_000, 997


class BeyondPrecisionError(Exception):
    """A number or an operation that has no place among fixed-point numbers of these digits."""


class FixedPoint:
    """Arithmetic in units of 2⁻ᵇ on numpy arrays of dtype object.

    Attributes:
        bits: b.
        nudge: None, or a number that says how constants and parameters are changed in their last digits.
    """

    def __init__(self, bits: int, nudge: int | None = None) -> None:
        self.bits = bits
        self.nudge = nudge
        self.one = 1 << bits
        self.infinity = 1 << (bits + 4 * _LARGEST_EXPONENT)

    def array(self, values: Any) -> np.ndarray:
        """Returns floating-point numbers in units, exactly.

        Args:
            values: Floats, any shape.

        Raises:
            BeyondPrecisionError: A number has digits below the unit, or is NaN.
        """
        floats = np.asarray(values, dtype=np.float64)
        mantissas, exponents = np.frexp(np.where(np.isfinite(floats), floats, 0.0))
        whole = np.ldexp(mantissas, 53).astype(np.int64).astype(object)
        shifts = exponents.astype(np.int64) - 53 + self.bits
        found = np.empty(floats.shape, dtype=object)
        found[...] = _shifted(whole, shifts.astype(object))
        if np.any(np.isnan(floats)):
            raise BeyondPrecisionError("NaN is no number.")
        infinite = np.isinf(floats)
        if np.any(infinite):
            found[infinite] = [self.infinity if value > 0 else -self.infinity for value in floats[infinite]]
        return found

    def floats(self, values: np.ndarray) -> np.ndarray:
        """Returns the float64 numbers next to numbers in units; what is beyond float64 at about 1e300.

        Args:
            values: Numbers in units, any shape.
        """
        most = self.one << _LARGEST_FLOAT
        found = [max(-most, min(most, int(value))) / self.one for value in values.reshape(-1)]
        return np.array(found, dtype=np.float64).reshape(values.shape)

    def constant(self, values: Any) -> np.ndarray:
        """Returns numbers of which float64 holds the rounded value, in units; changed in their last digits by `nudge`.

        Numbers of one size are changed alike, so that equal ones stay equal; those of few binary digits are exact.

        Args:
            values: Floats, any shape.
        """
        floats = np.asarray(values, dtype=np.float64)
        if self.nudge is None:
            return self.array(floats)
        mantissas = np.abs(np.frexp(np.where(np.isfinite(floats), floats, 0.0))[0])
        change = 2.0**-51 * np.sin(1e6 * mantissas + self.nudge)
        return self.array(floats * np.where(looks_rounded(floats), 1.0 + change, 1.0))

    def multiply(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Returns a·b entry by entry, rounded down."""
        return self.rescaled(a * b)

    def rescaled(self, products: Any) -> np.ndarray:
        """Returns products of two numbers, in units of 2⁻²ᵇ, in units again."""
        return np.asarray(products >> self.bits, dtype=object)

    def divide(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Returns a/b entry by entry.

        Raises:
            BeyondPrecisionError: A divisor is zero, or too near to it for its digits.
        """
        if np.any(np.abs(b) < (1 << (self.bits // 2))):
            raise BeyondPrecisionError("a divisor is too small.")
        return np.asarray((a << self.bits) // b, dtype=object)

    def apply(self, name: str, values: np.ndarray) -> np.ndarray:
        """Returns a function of every entry.

        Args:
            name: exp, exp2, log, log2, log1p, expm1, tanh, logistic, erf, erfc, sin, cos, sqrt or rsqrt.
            values: Numbers in units.

        Raises:
            BeyondPrecisionError: An argument is out of the function's range.
        """
        function = np.frompyfunc(getattr(self, f"_{name}"), 1, 1)
        return np.asarray(function(values), dtype=object).reshape(values.shape)

    def _exp(self, x: int) -> int:
        work = self.bits + 2 * _GUARD
        scaled = x << (work - self.bits)
        turns, rest = divmod(scaled, _ln2(work))
        if turns > _LARGEST_EXPONENT:
            raise BeyondPrecisionError("an exponential overflows.")
        if turns < -self.bits - 2:
            return 0
        halvings = 12
        small = rest >> halvings
        term, total, n = 1 << work, 1 << work, 1
        while term:
            term = (term * small >> work) // n
            total, n = total + term, n + 1
        for _ in range(halvings):
            total = total * total >> work
        shift = turns - (work - self.bits)
        return total << shift if shift >= 0 else total >> -shift

    def _log(self, x: int) -> int:
        if x <= 0:
            raise BeyondPrecisionError("a logarithm of no positive number.")
        y = int((math.log(x) - self.bits * math.log(2)) * 2**53)
        y = y << (self.bits - 53) if self.bits >= 53 else y >> (53 - self.bits)
        digits = 40
        while digits < self.bits:  # Halley's iteration triples the digits
            e = self._exp(y)
            y, digits = y + ((2 * (x - e)) << self.bits) // (x + e), 3 * digits
        return y

    def _exp2(self, x: int) -> int:
        extra = _GUARD + max(0, abs(x).bit_length() - self.bits)
        wide = FixedPoint(self.bits + extra)
        return wide._exp((x << extra) * _ln2(wide.bits) >> wide.bits) >> extra

    def _log2(self, x: int) -> int:
        return (self._log(x) << self.bits) // _ln2(self.bits)

    def _log1p(self, x: int) -> int:
        return self._log(self.one + x)

    def _expm1(self, x: int) -> int:
        return self._exp(x) - self.one

    def _tanh(self, x: int) -> int:
        small = self._exp(-2 * abs(x))
        value = ((self.one - small) << self.bits) // (self.one + small)
        return value if x >= 0 else -value

    def _logistic(self, x: int) -> int:
        small = self._exp(-abs(x))
        return ((self.one if x >= 0 else small) << self.bits) // (self.one + small)

    def _erf(self, x: int) -> int:
        """By erf z = 2/√π·e^(−z²)·Σ 2ⁿz^(2n+1)/(2n+1)!!, of which all terms have one sign."""
        square = x * x >> self.bits
        if square > self.bits << self.bits:
            return self.one if x > 0 else -self.one
        wide = FixedPoint(self.bits + _GUARD + 2 * (square >> self.bits))
        extra = wide.bits - self.bits
        z = abs(x) << extra
        square = z * z >> wide.bits
        term, total, n = z, z, 1
        while term:
            term = (2 * term * square >> wide.bits) // (2 * n + 1)
            total, n = total + term, n + 1
        value = (2 * total * wide._exp(-square) // math.isqrt(wide.pi << wide.bits)) >> extra
        return value if x > 0 else -value

    def _erfc(self, x: int) -> int:
        return self.one - self._erf(x)

    def _sin(self, x: int) -> int:
        return self._cos(x - self.pi // 2)

    def _cos(self, x: int) -> int:
        work = self.bits + _GUARD
        angle = (x % (2 * self.pi)) - self.pi
        square = (angle * angle) >> (2 * self.bits - work)
        term, total, n = 1 << work, 1 << work, 0
        while term:
            n += 2
            term = (term * square >> work) // (n * (n - 1))
            total += term if n % 4 == 0 else -term
        return -(total >> _GUARD)

    def _sqrt(self, x: int) -> int:
        if x < 0:
            raise BeyondPrecisionError("a root of a negative number.")
        return math.isqrt(x << self.bits)

    def _rsqrt(self, x: int) -> int:
        root = self._sqrt(x)
        if root < 1 << (self.bits // 2):
            raise BeyondPrecisionError("a divisor is too small.")
        return (self.one << self.bits) // root

    @cached_property
    def pi(self) -> int:
        """π in units, by Machin's formula."""
        work = self.bits + _GUARD
        return (16 * _inverse_tangent(5, work) - 4 * _inverse_tangent(239, work)) >> _GUARD


def looks_rounded(values: np.ndarray, digits: int = 3) -> np.ndarray:
    """Returns which numbers use the last of float64's binary digits, as rounded ones do.

    Args:
        values: Floats, any shape.
        digits: How many of the last digits are looked at.
    """
    mantissas, _ = np.frexp(np.where(np.isfinite(values), values, 0.0))
    return np.asarray(np.ldexp(mantissas, 53).astype(np.int64) % 2**digits != 0)


@lru_cache(maxsize=64)
def _ln2(bits: int) -> int:
    total, power, n = 0, (2 << (bits + _GUARD)) // 3, 1
    while power:
        total, power, n = total + power // n, power // 9, n + 2
    return total >> _GUARD


def _inverse_tangent(x: int, bits: int) -> int:
    """Returns arctan(1/x)."""
    total, power, n, sign = 0, (1 << bits) // x, 1, 1
    while power:
        total, power, n, sign = total + sign * (power // n), power // (x * x), n + 2, -sign
    return total


def _shift(value: int, places: int) -> int:
    if places >= 0:
        return value << places
    if value & ((1 << -places) - 1):
        raise BeyondPrecisionError("a number has digits below the unit.")
    return value >> -places


_shifted = np.frompyfunc(_shift, 2, 1)
