"""How distances scale with the width: slopes on logarithmic axes with their standard errors, and where they vanish.

Numbers only and no JAX, so that claims and drawings of stored records need none; public in `condenslab.measures`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Slope:
    """The line log RD = value·log m + intercept through the measured points, by ordinary least squares.

    Attributes:
        value: S, the slope.
        standard_error: √(Σ residual²/(N − 2)/Σ(log m − mean)²), N points; None for two points, through which every line
            passes.
        intercept: Of the line at log m = 0.
        widths: m of the points used, shape (point,).
        distances: RD of the points used, shape (point,).
    """

    value: float
    standard_error: float | None
    intercept: float
    widths: np.ndarray
    distances: np.ndarray


def width_slope(
    widths: Sequence[float | int] | np.ndarray, distances: Sequence[float | int] | np.ndarray
) -> Slope | None:
    """Returns S, the least-squares slope of log RD against log m: below 0 in the linear regime, above in the condensed.

    Points whose distance is NaN (not measured) are left out; the result says which ones were used.

    Args:
        widths: m, shape (point,), positive.
        distances: RD(θ*) at these widths, shape (point,), positive, or NaN where it was not measured.

    Returns:
        The slope, or None if fewer than two different widths are left.

    Raises:
        ValueError: The lists differ in length, or a number is not positive.

    References:
        Luo et al., JMLR 22(71), 2021, eq. 19.

    Example:
        >>> round(width_slope([100, 1000, 10000], [1.0, 0.1, 0.01]).value, 12)
        -1.0
    """
    m, distance = np.asarray(widths, np.float64), np.asarray(distances, np.float64)
    if m.shape != distance.shape or m.ndim != 1:
        raise ValueError(
            f"widths and distances must be lists of one length. Got shapes {m.shape} and {distance.shape}."
        )
    used = ~np.isnan(distance)
    m, distance = m[used], distance[used]
    if np.any(~(m > 0)) or np.any(~(distance > 0)) or not np.isfinite([*m, *distance]).all():
        raise ValueError(f"widths and distances must be positive and finite. Got {m.tolist()} and {distance.tolist()}.")
    if len(np.unique(m)) < 2:
        return None
    x, y = np.log(m), np.log(distance)
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ y) / spread
    intercept = float(y.mean() - slope * x.mean())
    freedom = len(m) - 2
    residual = y - slope * x - intercept
    error = math.sqrt(float(residual @ residual) / freedom / spread) if freedom > 0 else None
    return Slope(slope, error, intercept, m, distance)


def zero_crossing(
    gammas: Sequence[float | int] | np.ndarray, slopes: Sequence[float | int] | np.ndarray
) -> float | None:
    """Returns the γ at which the slope changes from below 0 to above, by linear interpolation: a point of the boundary.

    Points without a slope (NaN) are left out. Of several changes (noise) the one that leaves the fewest points on the
    wrong side counts, of those the first.

    Args:
        gammas: γ, shape (point,), increasing.
        slopes: S at each, shape (point,).

    Returns:
        γ, or None where no two neighbours are of different sign.

    Raises:
        ValueError: The lists differ in length, or γ does not increase.

    References:
        Luo et al., JMLR 22(71), 2021, Fig. 4 (stars).

    Example:
        >>> zero_crossing([0.5, 1.5], [-0.5, 0.5])
        1.0
    """
    gamma, slope = np.asarray(gammas, np.float64), np.asarray(slopes, np.float64)
    if gamma.shape != slope.shape or gamma.ndim != 1:
        raise ValueError(f"gammas and slopes must be lists of one length. Got shapes {gamma.shape} and {slope.shape}.")
    if np.any(np.diff(gamma) <= 0):
        raise ValueError(f"gammas must increase. Got {gamma.tolist()}.")
    gamma, slope = gamma[~np.isnan(slope)], slope[~np.isnan(slope)]
    above = slope > 0
    rises = np.flatnonzero(~above[:-1] & above[1:])
    if not rises.size:
        return None
    wrong = [int(above[: k + 1].sum() + (~above[k + 1 :]).sum()) for k in rises]
    k = int(rises[int(np.argmin(wrong))])
    return float(gamma[k] - slope[k] * (gamma[k + 1] - gamma[k]) / (slope[k + 1] - slope[k]))
