"""The house style: it leaves no trace, numbers read well, and labels keep their distance."""

import itertools
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from condenslab import figures
from condenslab.figures.style import figure_of, next_series, spread

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
COSINE = np.array([[1.0, 0.5], [0.5, 1.0]])
PRIMITIVES = {
    "orientation_amplitude": lambda ax: figures.orientation_amplitude(
        ax, [3.1, -3.1], [1.0, 2.0], initial_angle=[0.0], initial_amplitude=[0.5]
    ),
    "cosine_heatmap": lambda ax: figures.cosine_heatmap(ax, COSINE),
    "risk_curve": lambda ax: figures.risk_curve(
        ax, [1.0, 1e4], [1.0, 0.1], levels=[("width 1", 0.5)], plateau=(10.0, 1e3)
    ),
    "function_curves": lambda ax: figures.function_curves(
        ax, [0.0, 1.0], {"a": [0.0, 1.0], "b": [1.0, 0.0]}, samples=([0.5], [0.5])
    ),
    "spectrum": lambda ax: figures.spectrum(ax, [1.0, 1e-12, 0.0], tolerance=1e-6, floor=1e-13, kept=1, decided=True),
    "signed_counts": lambda ax: figures.signed_counts(ax, ["a", "b"], [[3, 0, 0], [3, 1490, 7]]),
    "sample_sizes": lambda ax: figures.sample_sizes(ax, ["a", "b"], [3, 7], [4, np.nan], [9, 2100]),
    "threshold_counts": lambda ax: figures.threshold_counts(ax, [0.1, 0.2], [3, 3]),
}
every_primitive = pytest.mark.parametrize("draw", PRIMITIVES.values(), ids=PRIMITIVES)


def panel():
    figure, axes = figures.panels()
    return figure, axes[0, 0]


@every_primitive
def test_no_setting_changes_and_no_window_opens(draw):
    before, windows = dict(matplotlib.rcParams), plt.get_fignums()
    _, ax = panel()
    draw(ax)
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == windows


def test_settings_come_back_after_an_error():
    before = dict(matplotlib.rcParams)
    _, ax = panel()
    with pytest.raises(ValueError, match="values must be finite"):
        figures.spectrum(ax, [np.nan], tolerance=1.0, floor=1.0, kept=1, decided=True)
    assert dict(matplotlib.rcParams) == before


@every_primitive
def test_every_primitive_labels_its_axes_and_describes_itself(draw):
    figure, ax = panel()
    draw(ax)
    assert ax.get_xlabel()
    assert ax.get_ylabel() or all(label.get_text() for label in ax.get_yticklabels())
    assert re.search(r"\d", figures.description(figure)), "the description holds numbers"
    assert "colorbar" not in figures.description(figure)


@every_primitive
def test_the_legend_hides_no_data(draw):
    figure, ax = panel()
    draw(ax)
    figure.draw_without_rendering()
    if legend := ax.get_legend():
        assert legend.get_window_extent().y1 <= ax.xaxis.label.get_window_extent().y0
        assert legend.get_window_extent().y0 >= 0, "and is inside the figure"


def test_series_differ_in_more_than_colour():
    looks = [figures.series(index) for index in range(5)]
    for one, other in itertools.combinations(looks, 2):
        assert one.colour != other.colour
        assert one.line_style != other.line_style
        assert one.marker != other.marker
    assert len({figures.series(index) for index in range(210)}) == 210


def test_the_next_series_skips_unnamed_lines():
    _, ax = panel()
    ax.plot([0, 1], label="a curve")
    ax.axhline(1.0, label="_a level")
    assert next_series(ax) == figures.series(1)


def test_panels_have_the_size_and_grid_asked_for():
    figure, axes = figures.panels(2, 3, width=4.0, height=3.0)
    assert axes.shape == (2, 3)
    assert tuple(figure.get_size_inches()) == (12.0, 6.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"rows": 0}, "at least 1. Got 0 and 1"), ({"width": -1.0}, "positive, in inches. Got -1.0")],
)
def test_impossible_panels_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        figures.panels(**arguments)


def test_axes_without_a_figure_are_refused():
    _, ax = panel()
    ax.remove()
    with pytest.raises(ValueError, match="ax must be part of a figure"):
        figure_of(ax)


def test_descriptions_add_up_over_panels():
    figure, axes = figures.panels(1, 2)
    figures.describe(axes[0, 0], "One.")
    figures.describe(axes[0, 0], "Two.")
    figures.describe(axes[0, 1], "Three.")
    assert figures.description(figure) == "One. Two. Three."


def test_titles_are_bold_and_at_the_left():
    _, ax = panel()
    figures.title(ax, "Cosines")
    assert ax.get_title(loc="left") == "Cosines"
    assert ax.title.get_text() == ""


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 3, "0"),
        (0.1090227421, 4, "0.109"),
        (0.1090227421, 8, "0.10902274"),
        (1234.5, 3, "1234"),
        (50_000.0, 3, "5×10⁴"),
        (-2.5e-7, 2, "-2.5×10⁻⁷"),
        (9.999e-4, 2, "1×10⁻³"),
        (1e300, 3, "1×10³⁰⁰"),
    ],
)
def test_numbers_read_well(value, digits, text):
    assert figures.readable(value, digits) == text


@given(st.floats(1e-300, 1e300), st.integers(1, 12))
def test_a_readable_number_is_the_number(value, digits):
    text = re.sub(r"×10(.*)", lambda match: f"e{match[1].translate(SUPERSCRIPTS)}", figures.readable(value, digits))
    assert float(text) == pytest.approx(value, rel=0.500001 * 10.0 ** (1 - digits))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_spread_keeps_the_distance_the_order_and_the_mean(positions):
    wanted = np.array(positions)
    moved = spread(wanted, 11.0)
    order = np.argsort(wanted, kind="stable")
    assert np.all(np.diff(moved[order]) >= 11.0 - 1e-9)
    assert moved.mean() == pytest.approx(wanted.mean(), abs=1e-9)


def test_spread_moves_nothing_that_is_far_apart():
    wanted = np.array([30.0, 0.0, 15.0])
    np.testing.assert_array_equal(spread(wanted, 11.0), wanted)


@pytest.mark.parametrize("seed", range(4))
def test_spread_moves_as_little_as_possible(seed):
    wanted = np.sort(np.random.default_rng(seed).uniform(0, 30, 5))
    apart = {"type": "ineq", "fun": lambda x: np.diff(x) - 11.0}
    start = wanted.mean() + 11.0 * (np.arange(5) - 2)
    best = minimize(lambda x: np.sum((x - wanted) ** 2), start, constraints=apart, options={"ftol": 1e-12}).x
    np.testing.assert_allclose(spread(wanted, 11.0), best, atol=1e-4)


@pytest.mark.parametrize(
    ("exponent", "text"), [(-3, "m⁻³"), (-0.2, "m⁻⁰·²"), (1.5, "m¹·⁵"), (-2.0, "m⁻²"), (12, "m¹²")]
)
def test_powers_have_their_exponent_raised(exponent, text):
    assert figures.power("m", exponent) == text
