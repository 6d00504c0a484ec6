"""Slopes against the width, against SciPy's linear regression and lines made to measure."""

import numpy as np
import pytest
from scipy.stats import linregress

from condenslab import measures


def test_slope_and_standard_error_are_those_of_scipy():
    rng = np.random.default_rng(0)
    widths = np.array([100, 300, 1000, 5000, 20000])
    distances = 3.0 * widths**-0.4 * np.exp(0.1 * rng.normal(size=5))
    slope, known = measures.width_slope(widths, distances), linregress(np.log(widths), np.log(distances))
    assert slope is not None and slope.standard_error is not None
    np.testing.assert_allclose(
        [slope.value, slope.standard_error, slope.intercept], [known.slope, known.stderr, known.intercept], rtol=1e-12
    )


def test_what_was_not_measured_is_left_out():
    slope = measures.width_slope([10, 100, 1000], [1.0, np.nan, 100.0])
    assert slope is not None and slope.standard_error is None
    assert slope.widths.tolist() == [10, 1000] and abs(slope.value - 1.0) < 1e-12
    assert measures.width_slope([10, 100], [1.0, np.nan]) is None


@pytest.mark.parametrize(
    "gammas, slopes, zero",
    [
        ([0.5, 1.0, 1.5], [-0.4, 0.1, 0.3], 0.9),
        ([0.5, 1.0, 1.5], [-0.4, np.nan, 0.4], 1.0),
        ([0.5, 1.0], [0.1, 0.4], None),
        # A first point that noise has put on the wrong side does not make the boundary.
        ([0.1, 0.2, 0.3, 1.0, 1.2], [-0.01, 0.01, -0.3, -0.1, 0.1], 1.1),
    ],
)
def test_where_the_slope_vanishes(gammas, slopes, zero):
    found = measures.zero_crossing(gammas, slopes)
    assert found is None if zero is None else abs(found - zero) < 1e-12


def test_bad_requests():
    with pytest.raises(ValueError, match="one length"):
        measures.width_slope([1, 2], [1.0])
    with pytest.raises(ValueError, match="positive"):
        measures.width_slope([1, 2], [1.0, 0.0])
    with pytest.raises(ValueError, match="must increase"):
        measures.zero_crossing([1.0, 1.0], [0.1, 0.2])
