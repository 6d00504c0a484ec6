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


INERTIA = [[3, 0, 0], [3, 1490, 7]]


def bars(ax):
    """Returns (from, to) of every bar that has a length, by row."""
    found = {}
    for bar in (bar for bars in ax.containers for bar in bars if bar.get_width()):
        row = round(bar.get_y() + bar.get_height() / 2)
        found.setdefault(row, []).append((bar.get_x(), bar.get_x() + bar.get_width()))
    return {row: sorted(ends) for row, ends in found.items()}


def test_bars_lie_on_the_side_of_their_sign_and_zeros_in_the_band():
    _, axes = figures.panels()
    figures.signed_counts(axes[0, 0], ["alone", "embedded"], INERTIA)
    found = bars(axes[0, 0])
    assert len(found[0]) == 1 and found[0][0][0] == 0.5
    (low, up), (left, right), (start, _) = found[1]
    assert low < up == -0.5 and -0.5 < left < 0 < right < 0.5 and left == pytest.approx(-right) and start == 0.5
    assert up - low < right - left, "7 negative ones are fewer than 1,490 zeros"


def test_a_row_is_compared_with_the_one_that_is_named():
    _, axes = figures.panels()
    figures.signed_counts(
        axes[0, 0], ["minimum", "2 copies", "3 copies"], [[3, 0, 0], [4, 1, 1], [5, 2, 2]], above=[None, 0, 0]
    )
    written = [text.get_text() for text in axes[0, 0].texts]
    assert written == ["0", "0", "3", "1  (+1)", "1  (+1)", "4  (+1)", "2  (+2)", "2  (+2)", "5  (+2)"]
    assert "3 copies: 5 positive, 2 zero, 2 negative." in figures.description(axes[0, 0].figure)


@pytest.mark.parametrize("above", [[None], [None, 1], [None, -1]])
def test_a_row_is_compared_with_an_earlier_one_only(above):
    _, axes = figures.panels()
    with pytest.raises(ValueError, match="above must name an earlier row or None for each of 2 rows"):
        figures.signed_counts(axes[0, 0], ["a", "b"], INERTIA, above=above)


@pytest.mark.parametrize(
    ("labels", "counts", "message"),
    [
        (["a"], [[1, 2]], r"columns positive, zero, negative. Got shape \(1, 2\)"),
        (["a", "b"], [[1, 2, 3]], "counts must be as long as labels"),
        (["a"], [[1, -2, 3]], "counts must not be negative"),
        (["a"], [[1, 2.5, 3]], "counts must be whole numbers. Got 2.5"),
    ],
)
def test_bad_counts_are_refused(labels, counts, message):
    _, axes = figures.panels()
    with pytest.raises(ValueError, match=message):
        figures.signed_counts(axes[0, 0], labels, counts)
