"""What keeps a figure from being read is found: text that is cut, text on text, panels without room."""

import numpy as np
import pytest

from condenslab import figures


def panel(**kwargs):
    figure, axes = figures.panels(1, 1, **kwargs)
    return figure, axes[0, 0]


def test_a_plain_figure_has_no_fault():
    figure, ax = panel()
    figures.function_curves(ax, np.linspace(0, 1, 9), {"f": np.linspace(0, 1, 9)})
    assert figures.unreadable(figure) == []


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_ticks_outside_of_the_view_are_not_drawn(scale):
    figure, ax = panel()
    ax.set_xscale(scale)
    ax.set_xticks([1e-6, 1e-4, 1.0, 5.0, 100.0], ["not drawn"] * 4 + ["drawn"])
    ax.set_xlim(50.0, 200.0)
    assert figures.unreadable(figure) == []


def test_a_title_beyond_the_figure_is_cut():
    figure, ax = panel(width=3.0)
    ax.set_title("m" * 60)
    assert [fault.split(":")[0] for fault in figures.unreadable(figure)] == ["cut at the edge"]


def test_ticks_that_are_too_close_lie_on_each_other():
    figure, ax = panel(width=3.0)
    ax.set_xticks([0.5, 0.52], ["one half", "a bit more"])
    assert figures.unreadable(figure) == ["one on the other: 'one half' and 'a bit more'"]


def test_numbers_in_cells_that_are_too_narrow_lie_on_each_other():
    figure, ax = panel()
    names = [str(k) for k in range(40)]
    numbers = np.full((1, 40), -12.3)
    figures.value_map(ax, names, ["a"], numbers, x_label="n", y_label="width", value_label="value", limits=(-20.0, 0.0))
    assert sum("'−12.3' and" in fault for fault in figures.unreadable(figure)) > 30


def test_slanted_ticks_and_hidden_text_are_left_alone():
    figure, ax = panel()
    ax.set_xticks([0.5, 0.53], ["one half", "a bit more"], rotation=45)
    ax.text(0.5, 0.5, "here").set_visible(False)
    ax.text(0.5, 0.5, "there")
    assert figures.unreadable(figure) == []


def test_panels_without_room_are_named():
    figure, ax = panel(width=2.0, height=2.0)
    ax.set_ylabel("a label\nof\nmany\nlines\nbeside\nthe\naxes")
    assert figures.unreadable(figure)[0].startswith("panel 1 has 0.")
    figure, _ = figures.panels(1, 8, width=0.3)
    assert figures.unreadable(figure) == ["the labels leave no room for the panels"]
