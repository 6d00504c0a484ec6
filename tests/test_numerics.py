"""Where a spectrum is cut: spectra prescribed, so that the right answer is known by construction."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.numerics import cut_spectrum, require_float64, require_memory, rounding_floor

laws = settings(max_examples=80, deadline=None, derandomize=True, database=None)


def matrix(values, rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """Returns a matrix with these singular values."""
    random = np.random.default_rng(seed)
    left, _ = np.linalg.qr(random.normal(size=(rows, len(values))))
    right, _ = np.linalg.qr(random.normal(size=(columns, len(values))))
    return (left * np.asarray(values)) @ right.T


@given(
    above=st.lists(st.floats(-14, 0), min_size=1, max_size=8),
    below=st.lists(st.floats(-30, -15.1), max_size=8),
    scale=st.floats(-30, 30),
)
@laws
def test_what_is_above_the_noise_counts_at_any_scale_and_in_any_order(above, below, scale):
    values = 10.0 ** (scale + np.array(above + below))
    cut = cut_spectrum(np.random.default_rng(0).permutation(values), floor=10.0 ** (scale - 15))
    assert cut.count == len(above)
    gap = min(above) + 15
    assert cut.gap == pytest.approx(gap, abs=1e-9)
    assert cut.tolerance == pytest.approx(10.0 ** (scale + (min(above) - 15) / 2), rel=1e-9)
    assert cut.decided == (gap >= (3 if below else 1))


@pytest.mark.parametrize("rank", [1, 5, 9])
def test_rank_of_a_matrix_with_prescribed_singular_values(rank):
    singular = np.logspace(0, -5, rank)
    spectrum = np.linalg.svd(matrix(singular, 40, 9), compute_uv=False)
    cut = cut_spectrum(spectrum, rounding_floor(spectrum[0], (40, 9)))
    assert (cut.count, cut.decided) == (rank, True)


def test_true_small_values_are_kept_where_a_relative_threshold_fails():
    """An embedded critical point has true eigenvalues 1e-10 of the largest; the gap is below them."""
    values = np.array([458.0, 13.0, 0.06, 1e-4, 5e-8, 3e-14, 1e-15])
    cut = cut_spectrum(values, rounding_floor(458.0, (7, 7)))
    assert (cut.count, cut.decided) == (5, True)
    assert np.count_nonzero(values > 1e-9 * values[0]) == 4


def test_full_rank_is_found_by_the_virtual_last_value():
    cut = cut_spectrum(np.array([3.0, 2.0, 1.0]), rounding_floor(3.0, (3, 3)))
    assert (cut.count, cut.decided) == (3, True)
    assert cut.floor == pytest.approx(3 * 3.0 * 2.0**-52)


@pytest.mark.parametrize("values", [np.zeros(4), np.zeros(0)])
def test_an_all_zero_spectrum_has_nothing_above_the_cut(values):
    cut = cut_spectrum(values, floor=0.0)
    assert (cut.count, cut.decided) == (0, True)


def test_a_spectrum_without_a_gap_is_undecided():
    cut = cut_spectrum(np.logspace(0, -17, 35), floor=1e-15)
    assert not cut.decided
    assert cut.gap == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize(("gap", "decided"), [(2.9, False), (3.1, True)])
def test_three_decades_above_the_noise_decide(gap, decided):
    cut = cut_spectrum(np.array([1.0, 10.0**-5, 10.0**-20]), floor=10.0 ** -(5 + gap))
    assert (cut.count, cut.decided) == (2, decided)
    assert cut.gap == pytest.approx(gap, abs=1e-9)


def test_values_below_the_floor_are_all_alike():
    low = cut_spectrum(np.array([1.0, 0.1, 1e-17, 1e-40, 0.0]), floor=1e-16)
    assert (low.count, low.gap) == (2, pytest.approx(15.0))


def test_a_stated_tolerance_counts_what_is_above_it():
    values = np.array([1.0, 0.5, 1e-3, 1e-4])
    cut = cut_spectrum(values, floor=1e-15, tolerance=0.01)
    assert (cut.count, cut.tolerance) == (2, 0.01)
    assert cut.gap == pytest.approx(math.log10(0.5 / 1e-3), abs=1e-9)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_spectrum_is_finite_and_not_negative(bad):
    with pytest.raises(ValueError, match="finite and non-negative"):
        cut_spectrum(np.array([1.0, bad]), floor=1e-16)


def test_rounding_floor_is_that_of_numpy_matrix_rank():
    """numpy's default tolerance is S.max() * max(M, N) * eps."""
    assert rounding_floor(7.5, (30, 400)) == 7.5 * 400 * np.finfo(np.float64).eps


def test_single_precision_is_refused_unless_a_tolerance_is_stated():
    single = np.ones(3, dtype=np.float32)
    with pytest.raises(TypeError, match="rank must be computed in float64"):
        require_float64(single, "rank", None)
    require_float64(single, "rank", 1e-3)
    require_float64(single.astype(np.float64), "rank", None)


def test_a_spectrum_below_the_floor_has_nothing_above_the_cut():
    """Nothing below the floor can be told from zero, so nothing of it may be counted."""
    assert cut_spectrum(np.array([1e-20, 1e-21]), floor=1e-16).count == 0


def test_a_tolerance_just_above_the_largest_value_decides_nothing():
    cut = cut_spectrum(np.array([1.0, 0.9]), floor=1e-16, tolerance=1.0 + 1e-9)
    assert cut.count == 0 and not cut.decided


def test_a_value_above_the_noise_is_no_zero():
    """6.1 decades above 1e-5 are no reason to drop it."""
    assert cut_spectrum(np.array([458.0, 13.0, 1e-5, 3e-11, 1e-11]), floor=1e-10).count == 3


def test_memory_is_estimated_before_it_is_asked_for():
    require_memory(2**20, "a small matrix", "nothing")
    with pytest.raises(ValueError, match=r"the Hessian takes about .* GiB .* Use products"):
        require_memory(2**60, "the Hessian", "products")
