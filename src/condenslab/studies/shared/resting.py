"""Where the risk of a run rests: its plateaus, read from the recorded course."""

import numpy as np

_RESTING = 0.5
"""A risk rests where |d log R/d log t| has a local minimum below this."""


def resting_records(times: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Returns the records at which a run is slowest on logarithmic axes: minima of |d log R/d log t| below 0.5.

    A run that ends at rest ends on one.

    Args:
        times: Increasing times, those of 0 are left out, shape (time,).
        risk: Positive risks, shape (time,).
    """
    later = np.flatnonzero(times > 0)
    logs = np.log(np.maximum(risk[later], np.finfo(float).tiny))
    slope = np.abs(np.gradient(logs, np.log(times[later])))
    padded = np.concatenate([[np.inf], slope, [np.inf]])
    return later[(slope <= padded[:-2]) & (slope <= padded[2:]) & (slope < _RESTING)]


def resting_levels(times: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Returns the risks at which a run rests, those of `resting_records`.

    Args:
        times: As there.
        risk: As there.
    """
    return risk[resting_records(times, risk)]


def nearest_rest(times: np.ndarray, risk: np.ndarray, level: float) -> float | None:
    """Returns the resting level of a run nearest to a level, by ratio, or None where nothing rests.

    Args:
        times: As in `resting_levels`.
        risk: As there.
        level: R.
    """
    levels = resting_levels(times, risk)
    return float(levels[np.argmin(np.abs(levels / level - 1))]) if levels.size else None


def decades_near(times: np.ndarray, risk: np.ndarray, level: float, reading: float) -> float:
    """Returns how long a run stays near a level: decades of time of the longest stretch of records within it.

    A run that only crosses the level, or has an inflection there, stays for a small part of a decade; a plateau of a
    logarithmic figure is seen from about half a decade on.

    Args:
        times: Increasing times, those of 0 are left out, shape (time,).
        risk: Positive risks, shape (time,).
        level: R.
        reading: Largest relative deviation from the level.

    Example:
        >>> decades_near(np.array([1.0, 10.0, 100.0, 1000.0]), np.array([1.0, 0.1, 0.1, 0.01]), 0.1, 0.2)
        1.0
    """
    longest, begin = 0.0, None
    for time, value in zip(times, risk, strict=True):
        near = time > 0 and abs(value / level - 1) <= reading
        begin = (time if begin is None else begin) if near else None
        longest = longest if begin is None else max(longest, float(np.log10(time / begin)))
    return longest
