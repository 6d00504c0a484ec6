"""What the primitives for counts and maps draw, and what they refuse."""

import numpy as np
import pytest

from condenslab.figures import description, measured_and_expected, panels, unreadable, value_map


def test_bars_and_lines_have_the_given_lengths():
    figure, axes = panels()
    measured_and_expected(axes[0, 0], ["a", "b"], [3, 5], [3, 4], x_label="rank")
    assert [bar.get_width() for bar in axes[0, 0].patches] == [3, 5]
    assert "b 5 (theory 4)" in description(figure)
    assert axes[0, 0].get_ylim()[0] > axes[0, 0].get_ylim()[1], "the first bar is on top"


def test_a_map_shows_every_number_and_leaves_nothing_for_nan():
    figure, axes = panels()
    value_map(
        axes[0, 0], ["1", "2"], ["x"], [[-3.0, np.nan]], x_label="n", y_label="target", value_label="log error",
        limits=(-8, 0), marks={"O": [(0, 1)]},
    )  # fmt: skip
    assert [text.get_text() for text in axes[0, 0].texts] == ["−3.0"]
    assert "log error from -3 to -3" in description(figure)
    assert axes[0, 0].get_legend().get_texts()[0].get_text() == "O"


def test_a_map_of_counts_has_whole_numbers():
    _, axes = panels()
    value_map(
        axes[0, 0], ["1", "2"], ["x"], [[0.0, 12.0]], x_label="a", y_label="b", value_label="rank", limits=(0, 16)
    )
    assert [text.get_text() for text in axes[0, 0].texts] == ["0", "12"]


def test_what_is_refused():
    _, axes = panels()
    labels = {"x_label": "n", "y_label": "t", "value_label": "v"}
    with pytest.raises(ValueError, match="shape"):
        value_map(axes[0, 0], ["1"], ["x"], [[1.0, 2.0]], limits=(0, 1), **labels)
    with pytest.raises(ValueError, match="increasing"):
        value_map(axes[0, 0], ["1"], ["x"], [[1.0]], limits=(1, 0), **labels)
    with pytest.raises(ValueError, match="whole"):
        measured_and_expected(axes[0, 0], ["a"], [1.5], [1], x_label="rank")


def test_bars_on_a_logarithmic_axis_begin_below_the_smallest_number():
    figure, axes = panels(1, 1, width=4.4)
    counts = [12, 412, 10**6, 10**14]
    measured_and_expected(axes[0, 0], list("abcd"), counts, counts, x_label="samples", logarithmic=True)
    low, high = axes[0, 0].get_xlim()
    assert 1 < low < 12 and high > 10**14
    assert unreadable(figure) == []
