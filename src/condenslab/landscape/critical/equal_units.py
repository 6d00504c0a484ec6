"""The last Newton steps for parameters of unlike units: rates of 1e-6 beside amplitudes of 1e3."""

import numpy as np
from jaxtyping import PyTree

from condenslab.landscape.critical.stationary import derivatives, newton_step
from condenslab.risk import Risk

_STEPS = 20
_SWEEPS = 6
_RELATIVE, _ABSOLUTE = 1e-3, 1e-6
"""So far a parameter may move in a step: the point that Newton's method reached is touched up, not left."""


def in_equal_units(risk: Risk, like: PyTree, theta: np.ndarray) -> np.ndarray:
    """Goes on by Newton steps −D(D·H·D)⁺D·g, with all rows of D·H·D of one size, while Σ d_j·|g_j| falls.

    What Newton's method takes for rounding beside the largest eigenvalue of H may be the curvature of a parameter in
    large units, which is then never solved for; in equal units it is one of many.

    Args:
        risk: R.
        like: Parameters of the shapes of θ.
        theta: θ, shape (param,).

    References:
        D. Ruiz, Rutherford Appleton Laboratory report RAL-TR-2001-034, for D.
    """
    _, gradient, hessian = derivatives(risk, like, theta)
    for _ in range(_STEPS):
        if not theta.size or not (np.all(np.isfinite(hessian)) and np.all(np.isfinite(gradient))):
            break
        units = _equal_rows(hessian)
        step = units * newton_step(units * gradient, units[:, None] * hessian * units)
        there = derivatives(risk, like, theta + step)
        near = np.all(np.abs(step) <= _RELATIVE * np.abs(theta) + _ABSOLUTE)
        if not near or not np.sum(units * np.abs(there[1])) < np.sum(units * np.abs(gradient)):
            break
        theta, (_, gradient, hessian) = theta + step, there
    return theta


def _equal_rows(hessian: np.ndarray) -> np.ndarray:
    """Returns d with the largest entries of all rows of D·H·D near 1; 1 for rows of zeros."""
    units = np.ones(len(hessian))
    for _ in range(_SWEEPS):
        largest = np.abs(units[:, None] * hessian * units).max(axis=1)
        units = units / np.sqrt(np.where(largest > 0, largest, 1.0))
    return units
