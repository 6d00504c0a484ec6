"""Distances against widths: what is drawn is what was given, and widths are written only where they fit."""

import numpy as np

from condenslab import figures


def test_marks_are_the_distances_and_close_widths_are_not_written_over_each_other():
    widths, distances = [1000, 5000, 10000, 11000, 40000], [0.5, 0.1, np.nan, 0.05, 0.01]
    _, axes = figures.panels()
    figures.scaling_lines(axes[0, 0], widths, {"γ = 0.5": distances})
    marks = axes[0, 0].lines[0].get_xydata()
    np.testing.assert_array_equal(marks, [(1000, 0.5), (5000, 0.1), (11000, 0.05), (40000, 0.01)])
    assert [text.get_text() for text in axes[0, 0].get_xticklabels()] == ["1,000", "5,000", "", "11,000", "40,000"]
