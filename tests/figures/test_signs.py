"""Signed spectra: counts by sign with what each row adds, eigenvalues that stay under one another, the zero band."""

import numpy as np
import pytest

from condenslab import figures

NARROW = [2.0, 1.0, 0.5]
WIDE = [2.0, 1.0, 0.5, 0.1, -0.1, 1e-14]


def drawn(labels=("narrow", "wide"), spectra=(NARROW, WIDE), tolerances=(1e-10, 1e-10)):
    _, axes = figures.panels()
    return axes[0, 0], figures.signed_spectra(axes[0, 0], labels, spectra, tolerances)


def test_signs_are_counted_and_the_difference_written_in():
    ax, counts = drawn()
    assert counts == [(3, 0, 0), (4, 1, 1)]
    assert [text.get_text() for text in ax.texts] == ["0", "0", "3", "1  (+1)", "1  (+1)", "4  (+1)"]
    assert "wide: 4 positive, 1 zero, 1 negative." in figures.description(ax.figure)


def test_a_count_that_falls_is_seen_to_fall():
    ax, _ = drawn(spectra=(WIDE, NARROW))
    assert [text.get_text() for text in ax.texts][3:] == ["0  (−1)", "0  (−1)", "3  (−1)"]


def test_eigenvalues_that_stay_stand_under_one_another():
    ax, _ = drawn()
    rows = [
        np.concatenate(
            [
                line.get_xdata()
                for line in ax.lines
                if list(line.get_ydata()) == [row] * len(line.get_xdata()) and line.get_marker() != "None"
            ]
        )
        for row in (0.0, 1.0)
    ]
    assert set(rows[0]) <= set(rows[1]) and sorted(rows[1]) == sorted(WIDE)


def test_the_band_of_zeros_is_the_tolerance():
    ax, _ = drawn(tolerances=(1e-10, 1e-6))
    (band,) = ax.patches
    assert band.get_xy()[0] == -1e-6 and band.get_width() == 2e-6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tolerances": (1e-10, 0.0)}, "tolerances must be positive. Got 0"),
        ({"tolerances": (1e-10,)}, r"tolerances must be as long as labels \(2\). Got 1"),
        ({"spectra": (NARROW,)}, r"eigenvalues must be as long as labels \(2\). Got 1"),
        ({"spectra": (NARROW, [np.nan])}, "eigenvalues must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        drawn(**change)
