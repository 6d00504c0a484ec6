"""Diagrams of networks: every weight is a line, its sign and size are seen, output weights are written."""

import numpy as np
import pytest

from condenslab import figures

IN, OUT = [[2.0, -0.5], [0.0, 1.0]], [3.0, -1.5]


@pytest.fixture
def ax():
    return figures.panels()[1][0, 0]


def edges(ax):
    """Returns (start, end) → line of every weight."""
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    return {tuple(zip(line.get_xdata(), line.get_ydata(), strict=True)): line for line in lines}


def test_every_weight_is_a_line_from_its_input_to_its_neuron(ax):
    figures.network_diagram(ax, IN, OUT)
    inputs, neurons = [(0.0, 0.75), (0.0, 0.25)], [(1.0, 0.75), (1.0, 0.25)]
    expected = {(start, end) for start in inputs for end in neurons} | {(end, (2.0, 0.5)) for end in neurons}
    assert set(edges(ax)) == expected


def test_signs_differ_in_line_and_colour_and_a_zero_is_dotted(ax):
    figures.network_diagram(ax, IN, OUT)
    found = edges(ax)
    positive, negative = found[(0.0, 0.75), (1.0, 0.75)], found[(0.0, 0.25), (1.0, 0.75)]
    assert (positive.get_linestyle(), negative.get_linestyle()) == ("-", "--")
    assert positive.get_color() != negative.get_color()
    assert found[(0.0, 0.75), (1.0, 0.25)].get_linestyle() == ":"


def test_a_larger_weight_of_a_layer_has_a_wider_line(ax):
    figures.network_diagram(ax, IN, OUT, largest=(4.0, 6.0))
    widths = {key: line.get_linewidth() for key, line in edges(ax).items()}
    first, second = widths[(1.0, 0.75), (2.0, 0.5)], widths[(1.0, 0.25), (2.0, 0.5)]
    assert first / second == pytest.approx(2**0.5), "half the weight"
    assert first == pytest.approx(widths[(0.0, 0.75), (1.0, 0.75)]), "both are half of the largest"


def test_output_weights_and_names_are_written(ax):
    figures.network_diagram(ax, IN, OUT, names=["1", "1′"], copies=[0, 1])
    assert {text.get_text() for text in ax.texts} == {"x", "1", "1′", "f", "3", "−1.5"}
    assert "2 neurons with output weights 3, -1.5." in figures.description(ax.figure)


def test_copies_are_filled_in_one_colour(ax):
    figures.network_diagram(ax, [[1.0, 0.0]] * 3, [1.0, 1.0, 1.0], copies=[0, 1])
    fills = [line.get_markerfacecolor() for line in ax.lines if len(line.get_xdata()) == 1 and line.get_xdata()[0] == 1]
    assert fills[0] == fills[1] != fills[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, 2.0]], [1.0, 2.0]), r"outgoing must be as long as incoming \(1\). Got 2"),
        (([[1.0, 2.0, 3.0]], [1.0]), "columns of incoming must be as long as inputs"),
        (([[np.nan, 2.0]], [1.0]), "incoming must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(ax, arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.network_diagram(ax, *arguments)


def test_a_largest_size_is_positive(ax):
    with pytest.raises(ValueError, match="largest must be two positive sizes"):
        figures.network_diagram(ax, IN, OUT, largest=(0.0, 1.0))
