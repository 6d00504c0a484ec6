"""The landscape_slices study: claims on made-up records."""

from dataclasses import asdict

import numpy as np

from condenslab.studies.landscape_slices.cases import CriticalCase, TrajectoryCase
from condenslab.studies.landscape_slices.claims import decide, quadratic
from condenslab.sweeps import Record, case_id

NAME = "landscape_slices"
AXIS = np.linspace(-1.0, 1.0, 5)


def record(case, values, arrays=None):
    return Record(NAME, case_id(NAME, 1, case, "float64"), asdict(case), "done", "", values, arrays or {})


def saddle(width, risk, lowest, curvature):
    """A record of R + ½(lowest·s² + 2·t²) on a plane."""
    plane = risk + 0.5 * (lowest * AXIS[:, None] ** 2 + 2.0 * AXIS[None, :] ** 2)
    values = {
        "risk": risk,
        "eigenvalues": [lowest, 0.0, 2.0],
        "curvatures": [curvature, 1e-9, 2.0],
        "flat_deviation": 1e-17,
        "start_risk": 5.0,
    }
    arrays = {"axis": AXIS, "reach": np.ones(2), "plane": plane}
    return record(CriticalCase(width, 7, 5), values, arrays)


def test_a_saddle_and_a_global_minimum():
    run = record(TrajectoryCase(0, 100, 1e6, 5), {"asymmetry": 1e-16, "explained": 0.9})
    claims = decide([saddle(1, 0.1, -0.5, -0.5), saddle(3, 0.0, 0.0, 0.0), run])
    assert [claim.verdict for claim in claims] == ["holds"] * 6
    np.testing.assert_allclose(quadratic(saddle(1, 0.1, -0.5, -0.5), 0), 0.1 - 0.25 * AXIS**2)


def test_what_does_not_hold_fails():
    run = record(TrajectoryCase(0, 100, 1e6, 5), {"asymmetry": 1e-3, "explained": 0.3})
    claims = decide([saddle(1, 0.1, 0.5, 0.6), saddle(3, 0.0, -0.1, -0.1), run])
    assert [claim.verdict for claim in claims] == ["fails", "holds", "fails", "fails", "fails", "fails"]
    assert {claim.verdict for claim in decide([])} == {"undecided"}
