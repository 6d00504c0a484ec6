"""What the study claims of the three interpolants of Fig. 2, jagged, smooth and piecewise linear; no JAX."""

from collections.abc import Callable

import numpy as np

from condenslab.studies.contract.criteria import above, below
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.phase_diagram.cases import PUBLISHED_GAMMAS, PointCase
from condenslab.studies.phase_diagram.diagram import SAMPLES, converged
from condenslab.sweeps import Record

_SOURCE = "Luo et al., JMLR 22(71), 2021, Fig. 2; deck 002: jagged, spline-like and piecewise linear interpolants"
_FIGURE = "From jagged to piecewise linear"


def against(values: np.ndarray) -> float:
    """Returns which share of a function's bending goes the other way than the samples of x² bend.

    Args:
        values: The function on an even grid, shape (point,).

    Example:
        >>> against(np.array([0.0, 1.0, 0.0, 3.0]))
        0.3333333333333333
    """
    bends = np.diff(values, 2)
    return float(np.sum(np.abs(bends[bends < 0])) / np.sum(np.abs(bends)))


def from_lines_to_spline(values: np.ndarray) -> float:
    """Returns where a function is between two interpolants of the samples, by its distances to both.

    It is 0 on the piecewise linear one, 1 on the natural cubic spline, and below 1/2 where the lines are nearer.

    Args:
        values: The function on an even grid of [−1/2, 1/2], shape (point,).
    """
    from scipy.interpolate import CubicSpline  # half a second, which a list of studies does not need

    grid = np.linspace(-0.5, 0.5, len(values))
    lines = np.interp(grid, SAMPLES, SAMPLES**2)
    spline = CubicSpline(SAMPLES, SAMPLES**2, bc_type="natural")(grid)
    away = np.linalg.norm(values - lines)
    return float(away / (away + np.linalg.norm(values - spline)))


def interpolant_statements() -> list[Statement]:
    """Returns one statement a regime."""
    linear, critical, condensed = PUBLISHED_GAMMAS

    def jagged(evidence: Evidence) -> list[float | None]:
        pairs = zip(_read(evidence, linear, against), _read(evidence, critical, against), strict=True)
        return [None if a is None or b is None else a - b for a, b in pairs]

    return [
        Statement(
            "in the linear regime the interpolant is jagged: more of it bends against the samples than at the boundary",
            _SOURCE,
            jagged,
            above(0),
            f"difference of shares, γ = {linear:g} and {critical:g}",
            of="seeds",
            label="in the linear regime the interpolant is more jagged than at the boundary",
            figure=_FIGURE,
        ),
        Statement(
            "at the boundary it is smooth: nearer to the samples' natural cubic spline than to lines between them",
            _SOURCE,
            lambda evidence: _read(evidence, critical, from_lines_to_spline),
            above(0.5),
            f"distance to the lines, in the sum of both, γ = {critical:g}",
            of="seeds",
            label="at the boundary the interpolant is nearer to a spline than to lines",
            figure=_FIGURE,
        ),
        Statement(
            "in the condensed regime it is piecewise linear: nearer to lines between the samples than to their spline",
            _SOURCE,
            lambda evidence: _read(evidence, condensed, from_lines_to_spline),
            below(0.5),
            f"distance to the lines, in the sum of both, γ = {condensed:g}",
            of="seeds",
            label="in the condensed regime the interpolant is nearer to lines than to a spline",
            figure=_FIGURE,
        ),
    ]


def _read(evidence: Evidence, gamma: float, value: Callable[[np.ndarray], float]) -> list[float | None]:
    """Returns value(the function) of every seed, None for one that did not come to the risk asked for."""

    def of(record: Record) -> float | None:
        return value(record.arrays["function"]) if converged(record) else None

    return evidence.where(PointCase, keep=True, gamma=gamma).each(of)
