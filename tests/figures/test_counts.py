"""Counts and their evidence: what is kept, where the gap is, how many of which sign, how stable a count is."""

import numpy as np
import pytest

from condenslab import figures

VALUES = np.array([1e3, 1.0, 1e-12, 1e-14, 0.0])
CUT = {"tolerance": 1e-6, "floor": 1e-13}


@pytest.fixture
def ax():
    _, axes = figures.panels()
    return axes[0, 0]


def line(ax, start):
    (found,) = [line for line in ax.lines if str(line.get_label()).startswith(start)]
    return found


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_kept_and_dropped_differ_in_shape_and_colour(ax):
    figures.spectrum(ax, VALUES, **CUT, kept=2, decided=True)
    kept, dropped, low = line(ax, "kept (2)"), line(ax, "dropped"), line(ax, "below the floor")
    np.testing.assert_array_equal(kept.get_xydata(), [[1, 1e3], [2, 1.0]])
    np.testing.assert_array_equal(dropped.get_xydata(), [[3, 1e-12]])
    np.testing.assert_array_equal(low.get_xydata(), [[4, 1e-13], [5, 1e-13]])
    assert len({part.get_marker() for part in (kept, dropped, low)}) == 3
    assert kept.get_color() != dropped.get_color()


def test_the_cut_the_floor_and_the_gap_are_marked(ax):
    figures.spectrum(ax, VALUES, **CUT, kept=2, decided=True)
    np.testing.assert_array_equal(line(ax, "cut 1×10⁻⁶").get_ydata(), 1e-6)
    np.testing.assert_array_equal(line(ax, "rounding floor 1×10⁻¹³").get_ydata(), 1e-13)
    assert words(ax) == ["gap: 12.0 decades"]
    assert (ax.get_yscale(), ax.get_xlabel()) == ("log", "index")


def test_the_gap_ends_at_the_floor_where_the_rank_is_full(ax):
    figures.spectrum(ax, VALUES[:2], **CUT, kept=2, decided=True)
    assert words(ax) == ["gap: 13.0 decades"]


@pytest.mark.parametrize(
    ("decided", "name", "title"),
    [
        (True, "", "rank 2, decided"),
        (False, "", "rank undecided (candidate 2)"),
        (True, "reduced", "reduced: rank 2, decided"),
    ],
)
def test_the_title_says_whether_it_is_decided(ax, decided, name, title):
    figures.spectrum(ax, VALUES, **CUT, kept=2, decided=decided, name=name)
    assert ax.get_title(loc="left") == title


def test_nothing_kept_and_a_zero_spectrum_can_be_drawn(ax):
    figures.spectrum(ax, np.zeros(3), **CUT, kept=0, decided=True)
    assert len(line(ax, "below the floor").get_xdata()) == 3
    assert words(ax) == []


def test_a_long_spectrum_has_a_logarithmic_index(ax):
    figures.spectrum(ax, np.geomspace(1, 1e-5, 1500), **CUT, kept=1500, decided=False)
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    ("values", "change", "message"),
    [
        ([1.0, 2.0], {}, "sorted, largest first. Got 1 before 2"),
        ([1.0, -1.0], {}, "values must not be negative"),
        ([1.0, np.nan], {}, "values must be finite"),
        ([1.0], {"kept": 2}, r"kept must be from 0 to the number of values \(1\). Got 2"),
        ([1.0], {"floor": 0.0}, "floor must be positive and finite. Got 0.0"),
        ([1.0], {"tolerance": np.inf}, "tolerance must be positive and finite. Got inf"),
    ],
)
def test_a_bad_spectrum_is_refused(ax, values, change, message):
    with pytest.raises(ValueError, match=message):
        figures.spectrum(ax, values, **{**CUT, "kept": 1, "decided": True, **change})


def test_the_longest_run_of_a_count_is_named(ax):
    thresholds = [0.01, 0.1, 0.2, 0.3, 0.5, 1.0]
    figures.threshold_counts(ax, thresholds, [9, 3, 3, 3, 2, 2], label="seed 0")
    (curve,) = ax.lines
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack([thresholds, [9, 3, 3, 3, 2, 2]]))
    assert curve.get_label() == "seed 0: 3 from 0.1 to 0.3"
    assert ax.get_xscale() == "log"
    assert all(tick == round(tick) for tick in ax.get_yticks())


def test_a_count_that_never_changes_runs_from_end_to_end(ax):
    figures.threshold_counts(ax, [0.1, 0.2, 0.4], [3, 3, 3])
    assert ax.lines[0].get_label() == "groups: 3 from 0.1 to 0.4"
    assert ax.get_xscale() == "linear"


def test_a_count_that_always_changes_has_no_run(ax):
    figures.threshold_counts(ax, [0.1, 0.2, 0.4], [9, 5, 2])
    assert ax.lines[0].get_label() == "groups: no two neighbours agree"


def test_a_second_series_is_added_and_hides_no_first(ax):
    figures.threshold_counts(ax, [0.1, 0.2], [3, 2], label="seed 0")
    figures.threshold_counts(ax, [0.1, 0.2], [3, 2], label="seed 1")
    first, second = ax.lines
    assert first.get_marker() != second.get_marker()
    assert first.get_markersize() > second.get_markersize() and first.get_linewidth() > second.get_linewidth()


def test_three_groups_are_told_from_two_beside_many(ax):
    figures.threshold_counts(ax, [0.1, 0.2], [3, 2], label="small")
    figures.threshold_counts(ax, [0.1, 0.2], [450, 300], label="large")
    ax.figure.draw_without_rendering()
    shown = [label.get_text() for label in ax.get_yticklabels()]
    assert {"0", "1", "2", "3", "10", "100"} <= set(shown)
    low, high = ax.get_ylim()
    assert low == 0 and high > 450


@pytest.mark.parametrize(
    ("thresholds", "counts", "message"),
    [
        ([0.2, 0.1], [1, 1], "thresholds must be in increasing order"),
        ([0.1, 0.2], [1], r"counts must be as long as thresholds \(2\). Got 1"),
        ([0.1], [1.5], "counts must be whole numbers"),
    ],
)
def test_bad_thresholds_are_refused(ax, thresholds, counts, message):
    with pytest.raises(ValueError, match=message):
        figures.threshold_counts(ax, thresholds, counts)
