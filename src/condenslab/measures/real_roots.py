"""The distinct real roots of a polynomial with whole coefficients, counted exactly by Sturm's theorem.

Rounding splits a root of multiplicity k into k complex ones ε^(1/k) apart, so that floating-point roots do not show how
many real ones there are nor where. Integers do.
"""

from itertools import pairwise
from math import gcd

import numpy as np

_DIGITS = 60
"""Binary digits to which a root is located: more than float64 has."""


def real_roots(coefficients: list[int]) -> list[float]:
    """Returns the distinct real roots, ascending, each correct to the last digit of float64.

    Args:
        coefficients: Of the powers 0, 1, …; not all of them 0.

    References:
        Sturm (1829); Basu, Pollack & Roy, Algorithms in Real Algebraic Geometry, section 2.2.

    Example:
        >>> real_roots([0, 0, -2, 1])  # s²·(s − 2)
        [0.0, 2.0]
    """
    whole = _trimmed(coefficients)
    zero = next(k for k, c in enumerate(whole) if c)
    chain = _chain(whole[zero:])
    if len(chain[-1]) > 1:  # the greatest common divisor with the derivative holds the multiple roots
        chain = _chain(_quotient(whole[zero:], chain[-1]))
    polynomial = chain[0]
    bound = 1 + max(abs(c) for c in polynomial) // abs(polynomial[-1])  # Cauchy's
    reach = bound.bit_length() + 1
    roots = [0.0] if zero else []
    # Intervals (low, high]/2^depth that hold roots; none of them is 0, so an interval at last leaves 0 out.
    pending = [(-(1 << reach), 0, 0), (0, 1 << reach, 0)]
    while pending:
        low, high, depth = pending.pop()
        held = _changes(chain, low, depth) - _changes(chain, high, depth)
        if held == 1 and low and high and (high - low) << _DIGITS <= min(abs(low), abs(high)):
            roots.append(_ratio(high, depth))
        elif held:
            middle = low + high
            pending += [(2 * low, middle, depth + 1), (middle, 2 * high, depth + 1)]
    return sorted(roots)


def _ratio(numerator: int, depth: int) -> float:
    """Returns numerator/2^depth, also where either leaves the range of float64."""
    surplus = max(numerator.bit_length() - 64, 0)
    return float(np.ldexp(float(numerator >> surplus), surplus - depth))


def _trimmed(coefficients: list[int]) -> list[int]:
    """Returns the coefficients up to the last one that is not 0, over their common divisor."""
    used = max((k for k, c in enumerate(coefficients) if c), default=-1) + 1
    common = gcd(*coefficients) or 1
    return [c // common for c in coefficients[:used]]


def _chain(polynomial: list[int]) -> list[list[int]]:
    """Returns Sturm's chain p, p′, −(p mod p′), … up to positive factors; its last member is gcd(p, p′)."""
    chain = [polynomial, _trimmed([k * c for k, c in enumerate(polynomial)][1:])]
    while chain[-1]:
        chain.append(_trimmed([-c for c in _remainder(chain[-2], chain[-1])]))
    return chain[:-1]


def _remainder(dividend: list[int], divisor: list[int]) -> list[int]:
    """Returns a positive multiple of the remainder of the division."""
    left, leading = list(dividend), divisor[-1]
    while len(left) >= len(divisor):
        factor, shift = left[-1] if leading > 0 else -left[-1], len(left) - len(divisor)
        left = [abs(leading) * c for c in left]
        for k, c in enumerate(divisor):
            left[shift + k] -= factor * c
        left.pop()
    return left


def _quotient(dividend: list[int], divisor: list[int]) -> list[int]:
    """Returns a multiple of the quotient of a division that leaves nothing."""
    left, result = list(dividend), []
    while len(left) >= len(divisor):
        factor, shift = left[-1], len(left) - len(divisor)
        left = [divisor[-1] * c for c in left]
        result = [divisor[-1] * c for c in result]
        for k, c in enumerate(divisor):
            left[shift + k] -= factor * c
        result.append(factor)
        left.pop()
    return _trimmed(result[::-1])


def _changes(chain: list[list[int]], numerator: int, depth: int) -> int:
    """Returns how often the signs of a chain change at numerator/2^depth."""
    values = []
    for polynomial in chain:
        value = 0
        for power, c in enumerate(reversed(polynomial)):
            value = value * numerator + (c << (depth * power))
        values.append(value)
    signs = [value > 0 for value in values if value]
    return sum(a != b for a, b in pairwise(signs))
