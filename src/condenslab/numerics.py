"""Where a spectrum is cut, and in which precision: the one place that decides what counts as zero."""

import math
import os
from dataclasses import dataclass

import numpy as np

CLEAR_DECADES = 3.0
"""How far above the noise the smallest value that is kept must lie, before noise is a reason to call others zero."""


@dataclass(frozen=True)
class SpectrumCut:
    """Where a list of non-negative values splits into what is above the noise and what is not.

    Attributes:
        count: How many values lie above the noise. They are not zero.
        tolerance: The cut, in the units of the values: the geometric middle between the smallest value that is kept
            and the noise, or the caller's own.
        gap: How far the smallest value that is kept lies above the cut-off of the others, the noise, in decades (powers
            of ten); infinite for an all-zero spectrum.
        floor: The noise, in the units of the values; nothing below it can be told from zero.
        size: How many values there are.
    """

    count: int
    tolerance: float
    gap: float
    floor: float
    size: int

    @property
    def full(self) -> bool:
        """Whether every value is clearly above the noise, by a decade."""
        return self.count == self.size and (self.size == 0 or self.gap >= 1.0)

    @property
    def decided(self) -> bool:
        """Whether every value is above the noise, or those that are lie three decades above it.

        The second is an argument for zero only where the noise is that of the values: what is below it may be zero or
        not, and a spectrum that fades into the noise says nothing about its end.
        """
        return self.full or self.gap >= CLEAR_DECADES


def whole_as_float(array: np.ndarray) -> np.ndarray:
    """Returns whole numbers and truth values as float64, which holds them exactly, and anything else as it is.

    Raises:
        ValueError: One is beyond 2⁵³, where float64 has gaps.
    """
    if array.dtype.kind not in "biu":
        return array
    if array.size and max(-int(array.min()), int(array.max())) > 2**53:
        raise ValueError("whole numbers must lie within ±2⁵³, which float64 holds exactly. Got larger ones.")
    return array.astype(np.float64)


def require_tolerance(tolerance: float | None) -> None:
    """Refuses a stated tolerance that cuts nowhere.

    Raises:
        ValueError: It is negative, NaN or infinite, or no real number.
    """
    real = isinstance(tolerance, int | float | np.integer | np.floating) and not isinstance(tolerance, bool)
    if tolerance is not None and not (real and 0 <= tolerance < np.inf):
        raise ValueError(f"tolerance must be a number of at least 0, or None. Got {tolerance}.")


def require_float64(array: np.ndarray, quantity: str, tolerance: float | None) -> None:
    """Refuses single precision for a quantity that counts zeros, unless the caller states a tolerance.

    Args:
        array: The array that the quantity is computed from.
        quantity: Its name, for the message ("rank", "inertia").
        tolerance: The caller's own absolute cut, or None.

    Raises:
        TypeError: The array is not float64 and no tolerance is given, or it holds no real numbers.
    """
    if array.dtype.kind in "cSUOmM":
        raise TypeError(f"{quantity} must be computed from real numbers. Got an array of {array.dtype}.")
    if array.dtype != np.float64 and tolerance is None:
        raise TypeError(
            f"{quantity} must be computed in float64, because zeros are told from small values by a gap that single "
            f"precision closes. Got {array.dtype}. Enable x64 in jax, or state tolerance=…"
        )


def require_memory(size: int, what: str, instead: str) -> None:
    """Refuses what does not fit in this machine's memory before it is asked for.

    Args:
        size: Bytes that it takes.
        what: It, for the message.
        instead: What to use instead.

    Raises:
        ValueError: It takes more than the machine has.
    """
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else math.inf
    if size > 0.8 * have:
        raise ValueError(
            f"{what} takes about {size / 2**30:,.0f} GiB of memory, and this machine has {have / 2**30:,.0f} GiB. Use "
            f"{instead}, which does not form it."
        )


def rounding_floor(largest: float, shape: tuple[int, ...]) -> float:
    """Returns eps·s₁·max(shape), below which a computed float64 singular value is rounding.

    Args:
        largest: s₁, the largest singular value.
        shape: Shape of the matrix.

    Example:
        >>> rounding_floor(1.0, (1024, 4)) == 2.0**-42
        True
    """
    return float(np.finfo(np.float64).eps) * largest * max(shape, default=1)


def cut_spectrum(values: np.ndarray, floor: float, tolerance: float | None = None) -> SpectrumCut:
    """Cuts a spectrum at its noise: what lies above is not zero, however wide the gaps among it.

    A fixed relative threshold is not enough: true small eigenvalues of an embedded critical point can be 1e-10 of the
    largest. Nor is the largest gap: true values may lie on both sides of it.

    Args:
        values: Non-negative values, shape (count,), in any order.
        floor: The noise, in the units of the values: at least the rounding floor.
        tolerance: An absolute cut that replaces the noise, when the caller knows better.

    Returns:
        The cut. With a stated tolerance, `gap` is the distance in decades of its two neighbours (of the tolerance
        itself where nothing is kept, of the floor where nothing is dropped).

    Raises:
        ValueError: A value is negative or not finite.

    Example:
        >>> cut_spectrum(np.array([3.0, 1e-3, 1e-16]), floor=1e-15).count
        2
    """
    descending = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    if not np.all(np.isfinite(descending)) or np.any(descending < 0):
        raise ValueError("a spectrum must be finite and non-negative. Got a negative, NaN or infinite value.")
    floor = max(floor, float(np.finfo(np.float64).tiny))
    if tolerance is not None:
        kept, dropped = descending[descending > tolerance], descending[descending <= tolerance]
        lowest, highest = (kept[-1] if kept.size else tolerance), max(floor, dropped[0] if dropped.size else floor)
        gap = max(0.0, math.log10(max(lowest, floor) / highest))
        return SpectrumCut(kept.size, tolerance, gap, floor, descending.size)
    kept = descending[descending > floor]
    if kept.size == 0:
        return SpectrumCut(0, floor, math.inf, floor, descending.size)
    gap = math.log10(kept[-1] / floor)
    return SpectrumCut(kept.size, float(math.sqrt(kept[-1]) * math.sqrt(floor)), gap, floor, descending.size)
