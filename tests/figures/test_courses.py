"""Series along runs, groups over time, values of seeds: what is drawn, and what is refused."""

import numpy as np
import pytest

from condenslab import figures


def test_a_series_named_with_an_underscore_has_the_look_of_the_one_before():
    figure, axes = figures.panels()
    ax = axes[0, 0]
    curves = {"a": ([1, 2], [3, 4]), "_a 1": ([1, 2], [5, 6]), "b": ([0, 1, 10], [0, 2, 300])}
    figures.value_curves(ax, curves, x_label="step", y_label="groups", logarithmic="xy")
    assert ax.lines[0].get_color() == ax.lines[1].get_color() != ax.lines[2].get_color()
    assert ax.lines[2].get_xdata().tolist() == [1, 10], "what is not positive has no place on a logarithmic axis"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "groups", "log")
    assert "a: from 3 to 4." in figures.description(figure)
    with pytest.raises(ValueError, match="at least one series"):
        figures.value_curves(ax, {}, x_label="", y_label="")
    with pytest.raises(ValueError, match="increasing"):
        figures.value_curves(ax, {"a": ([2, 1], [0, 0])}, x_label="", y_label="")


def test_a_group_is_a_line_broken_at_the_cut():
    figure, axes = figures.panels()
    ax = axes[0, 0]
    crossing = ([1, 10, 100], [3.0, -3.1, -3.0], [1.0, 1.0, 1.0])
    figures.group_courses(ax, [crossing, ([10, 100], [0.0, 0.1], [2.0, 4.0])], events=[(10, 0.0, "born")])
    lines = [line for line in ax.lines if line.get_linestyle() == "-"]
    assert len(lines) == 2, "one piece of the crossing group, one of the other"
    assert max(line.get_linewidth() for line in lines) == lines[1].get_linewidth()
    assert "2 groups over time, 1 events" in figures.description(figure)
    with pytest.raises(ValueError, match="at least one group"):
        figures.group_courses(ax, [])
    with pytest.raises(ValueError, match="negative"):
        figures.group_courses(ax, [([1], [0.0], [-1.0])])


def test_marks_of_either_side_of_a_threshold_have_a_colour_each():
    _, axes = figures.panels()
    ax, sides = axes[0, 0], (0.5, "recovers", "does not")
    figures.seed_values(ax, {"3": [1.0, 0.1, 0.2], "4": [0.3]}, y_label="error", threshold=sides)
    found: dict[str, list[float]] = {}
    for line in ax.lines:
        if line.get_linestyle() == "None":
            found.setdefault(line.get_color(), []).extend(line.get_ydata())
    assert sorted(sorted(values) for values in found.values()) == [[0.1, 0.2, 0.3], [1.0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["recovers", "does not"]


def test_every_seed_is_a_mark_and_their_median_a_line():
    figure, axes = figures.panels()
    ax = axes[0, 0]
    figures.seed_values(ax, {"large": [1.0, 3.0, 2.0], "small": [0.1]}, y_label="test error", logarithmic=True)
    marks = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert [len(line.get_xdata()) for line in marks] == [3, 1]
    assert np.allclose(ax.lines[1].get_ydata(), 2.0)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["large", "small"]
    assert "large: median 2 of 3 seeds." in figures.description(figure)
    with pytest.raises(ValueError, match="positive"):
        figures.seed_values(ax, {"a": [0.0]}, y_label="", logarithmic=True)
    with pytest.raises(ValueError, match="at least one condition"):
        figures.seed_values(ax, {}, y_label="")
