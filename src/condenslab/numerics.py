"""Where a spectrum is cut, and in which precision: the one place that decides what counts as zero."""

import math
from dataclasses import dataclass

import numpy as np

_DECIDED_DECADES = 2.0


@dataclass(frozen=True)
class SpectrumCut:
    """Where a list of non-negative values splits into "non-zero" and "zero".

    Attributes:
        count: How many values lie above the cut.
        tolerance: The cut itself, in the units of the values: the geometric middle of the gap.
        gap: Width of the gap around the cut, in decades (powers of ten); infinite for an all-zero spectrum.
        floor: The rounding floor, in the units of the values; nothing below it can be told from zero.
        lower_gap: The widest gap below the cut, in decades, down to the floor: structure among the "zeros".
    """

    count: int
    tolerance: float
    gap: float
    floor: float
    lower_gap: float = 0.0

    @property
    def decided(self) -> bool:
        """Whether the gap is at least two decades wide and has no rival below it.

        A rival is a gap of at least two decades less than two decades narrower: the "zeros" then fall in two classes,
        of which one may be true values.
        """
        rival = self.lower_gap >= _DECIDED_DECADES and self.gap - self.lower_gap < _DECIDED_DECADES
        return self.gap >= _DECIDED_DECADES and not rival


def require_float64(array: np.ndarray, quantity: str, tolerance: float | None) -> None:
    """Refuses single precision for a quantity that counts zeros, unless the caller states a tolerance.

    Args:
        array: The array that the quantity is computed from.
        quantity: Its name, for the message ("rank", "inertia").
        tolerance: The caller's own absolute cut, or None.

    Raises:
        TypeError: The array is not float64 and no tolerance is given.
    """
    if array.dtype != np.float64 and tolerance is None:
        raise TypeError(
            f"{quantity} must be computed in float64, because zeros are told from small values by a gap that single "
            f"precision closes. Got {array.dtype}. Enable x64 in jax, or state tolerance=…"
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
    """Cuts a spectrum at its largest gap above the rounding floor.

    The floor counts as a virtual last value, so that full rank is found too; values below it are raised to it. A fixed
    relative threshold is not enough: true small eigenvalues of an embedded critical point can be 1e-10 of the largest.

    Args:
        values: Non-negative values, shape (count,), in any order.
        floor: The rounding floor, in the units of the values.
        tolerance: An absolute cut that replaces the largest gap, when the caller knows better.

    Returns:
        The cut. With a stated tolerance, `gap` is the distance in decades of its two neighbours (of the tolerance
        itself where nothing is kept, of the floor where nothing is dropped) and gaps below are the caller's business.

    Raises:
        ValueError: A value is negative or not finite.

    Example:
        >>> cut_spectrum(np.array([3.0, 1e-3, 1e-14]), floor=1e-15).count
        2
    """
    descending = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    if not np.all(np.isfinite(descending)) or np.any(descending < 0):
        raise ValueError("a spectrum must be finite and non-negative. Got a negative, NaN or infinite value.")
    floor = max(floor, float(np.finfo(np.float64).tiny))
    if tolerance is not None:
        kept, dropped = descending[descending > tolerance], descending[descending <= tolerance]
        lowest, highest = (kept[-1] if kept.size else tolerance), max(floor, dropped[0] if dropped.size else floor)
        return SpectrumCut(kept.size, tolerance, max(0.0, math.log10(max(lowest, floor) / highest)), floor)
    if descending.size == 0 or descending[0] <= floor:
        return SpectrumCut(0, floor, math.inf, floor)
    raised = np.log10(np.maximum(np.append(descending, floor), floor))
    gaps = raised[:-1] - raised[1:]
    last = int(np.argmax(gaps))
    middle = float(10 ** ((raised[last] + raised[last + 1]) / 2))
    return SpectrumCut(last + 1, middle, float(gaps[last]), floor, float(gaps[last + 1 :].max(initial=0.0)))
