"""Curves: exact data on the right axes, and level names that can be read."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from condenslab import figures

TIMES = np.geomspace(1e-2, 1e6, 60)
RISK = 1e-4 + 1.0 / (1.0 + TIMES)


@pytest.fixture
def ax():
    _, axes = figures.panels()
    return axes[0, 0]


def line(ax, label):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return found


def test_risk_and_time_are_logarithmic_and_exact(ax):
    figures.risk_curve(ax, TIMES, RISK, time_label="epoch")
    np.testing.assert_array_equal(line(ax, "risk").get_xydata(), np.column_stack([TIMES, RISK]))
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "risk R")


def test_zero_time_and_zero_risk_are_left_out_and_said_so(ax):
    figures.risk_curve(ax, [0.0, 1.0, 2.0], [1.0, 0.5, 0.0])
    np.testing.assert_array_equal(line(ax, "risk").get_xydata(), [[1.0, 0.5]])
    assert ax.get_xlabel() == "time t (t = 0 and risk 0 not shown)"


CLOSE = (("width 1", 0.109), ("width 2", 0.1089), ("width 2′", 0.07), ("width 3", 0.07), ("end", 1e-9))


def test_levels_are_lines_at_their_values(ax):
    figures.risk_curve(ax, TIMES, RISK, levels=CLOSE)
    for name, value in CLOSE:
        np.testing.assert_array_equal(line(ax, f"_{name}").get_ydata(), value)
    low, high = ax.get_ylim()
    assert low < 1e-9 and high > RISK.max()


@pytest.mark.parametrize("height", [2.4, 3.3, 5.0])
def test_names_of_close_levels_overlap_neither_each_other_nor_the_data(height):
    figure, axes = figures.panels(height=height)
    ax = axes[0, 0]
    figures.risk_curve(ax, TIMES, RISK, levels=CLOSE, plateau=(1.0, 10.0))
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]  # without the leader line
    assert [text.get_text().partition(":")[0] for text in ax.texts] == [name for name, _ in CLOSE]
    for one, other in itertools.combinations(boxes, 2):
        assert min(one.y1, other.y1) - max(one.y0, other.y0) <= 1.0, "not more than a pixel"
    assert all(box.x0 > ax.get_window_extent().x1 for box in boxes)


def test_a_plateau_is_shaded_with_its_length(ax):
    figures.risk_curve(ax, TIMES, RISK, plateau=(10.0, 1e5))
    (span,) = ax.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (10.0, 1e5)
    assert span.get_label() == "plateau, 4.0 decades of time"


def test_a_second_curve_looks_different_and_keeps_the_axis_label(ax):
    figures.risk_curve(ax, TIMES, RISK, levels=[("width 1", 0.1)], label="flow", time_label="time t of the flow")
    figures.risk_curve(ax, TIMES, RISK / 2, label="without L2")
    one, other = line(ax, "flow"), line(ax, "without L2")
    assert one.get_color() != other.get_color() and one.get_linestyle() != other.get_linestyle()
    assert ax.get_xlabel() == "time t of the flow"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["flow", "without L2"]


@pytest.mark.parametrize(
    ("times", "risk", "options", "message"),
    [
        ([1.0, 2.0], [1.0], {}, r"risk must be as long as times \(2\). Got 1"),
        ([2.0, 1.0], [1.0, 1.0], {}, "times must be in increasing order. Got 2 before 1"),
        ([1.0], [np.inf], {}, "risk must be finite. Got inf"),
        ([1.0], [-1.0], {}, "risk must not be negative. Got -1"),
        ([-1.0], [1.0], {}, "times must not be negative"),
        ([0.0], [1.0], {}, "time > 0 and risk > 0. Got none"),
        ([1.0], [1.0], {"levels": [("zero", 0.0)]}, "levels must be positive on a logarithmic axis. Got 0"),
        ([1.0], [1.0], {"plateau": (3.0, 2.0)}, r"0 < start < end. Got \(3, 2\)"),
        ([1.0], [1.0], {"plateau": (1.0, np.inf)}, "plateau must be"),
    ],
)
def test_a_bad_risk_is_refused(ax, times, risk, options, message):
    with pytest.raises(ValueError, match=message):
        figures.risk_curve(ax, times, risk, **options)


def test_functions_and_samples_are_exact(ax):
    x = np.linspace(-1, 1, 7)
    figures.function_curves(ax, x, {"target": x**2, "network": x}, samples=([0.5, -0.5], [0.25, 0.3]))
    np.testing.assert_array_equal(line(ax, "target").get_xydata(), np.column_stack([x, x**2]))
    np.testing.assert_array_equal(line(ax, "network").get_xydata(), np.column_stack([x, x]))
    points = line(ax, "2 training samples")
    np.testing.assert_array_equal(points.get_xydata(), [[0.5, 0.25], [-0.5, 0.3]])
    assert points.get_linestyle() == "None" and to_rgba(points.get_markerfacecolor()) == (1, 1, 1, 1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input x", "output f(x)")


@pytest.mark.parametrize(
    ("x", "curves", "samples", "message"),
    [
        ([0.0, 1.0], {}, None, "at least one function. Got none"),
        ([1.0, 0.0], {"f": [0.0, 0.0]}, None, "x must be in increasing order"),
        ([0.0, 1.0], {"f": [0.0]}, None, r"curve 'f' must be as long as x \(2\). Got 1"),
        ([0.0, 1.0], {"f": [0.0, np.nan]}, None, "curve 'f' must be finite"),
        ([0.0, 1.0], {"f": [0.0, 1.0]}, ([0.0], [1.0, 2.0]), "sample y must be as long as sample x"),
    ],
)
def test_bad_functions_are_refused(ax, x, curves, samples, message):
    with pytest.raises(ValueError, match=message):
        figures.function_curves(ax, x, curves, samples=samples)
