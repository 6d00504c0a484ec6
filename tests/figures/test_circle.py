"""The circle of directions: ways of neurons with direction as angle, and arrows that run where a law turns."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.quiver import Quiver

from condenslab import figures

PI = np.pi
ANGLES = [[0.0, PI / 2], [0.1, PI / 2], [0.2, -PI / 2]]
SIZES = [[1e-8, 1e-8], [1e-4, 1e-6], [1.0, 1e-2]]


@pytest.fixture
def ax():
    return figures.panels()[1][0, 0]


def radius(points):
    return np.hypot(*np.asarray(points).T)


def test_the_end_has_its_direction_as_angle_and_the_largest_amplitude_lies_on_the_rim(ax):
    figures.polar_courses(ax, ANGLES, SIZES, decades=10.0)
    filled = next(c for c in ax.collections if c.get_label() == "_others")
    (x, y), second = filled.get_offsets()
    assert np.arctan2(y, x) == pytest.approx(0.2) and radius((x, y)) == pytest.approx(1.0)
    assert radius(second) == pytest.approx(0.8), "two decades of ten below"


def test_a_way_is_drawn_from_start_to_end(ax):
    figures.polar_courses(ax, ANGLES, SIZES, decades=10.0)
    (lines,) = [c for c in ax.collections if isinstance(c, LineCollection)]
    first = lines.get_segments()[0]
    assert radius(first) == pytest.approx([0.2, 0.6, 1.0])


def test_without_decades_the_start_is_seen_as_a_ring_outside_of_the_centre(ax):
    figures.polar_courses(ax, ANGLES, SIZES)
    (lines,) = [c for c in ax.collections if isinstance(c, LineCollection)]
    starts = [radius(way)[0] for way in lines.get_segments()]
    assert min(starts) > 0.04 and max(starts) < 0.2


def test_groups_have_their_colours_and_names(ax):
    figures.polar_courses(ax, ANGLES, SIZES, groups=[0, -1], names=["the strong one"])
    assert "the strong one" in [c.get_label() for c in ax.collections]
    assert "Ways of 2 neurons, 1 of them in 1 group" in figures.description(ax.figure)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amplitude": [[1.0]]}, r"amplitude must have the shape of angle \(3, 2\)"),
        ({"amplitude": -np.asarray(SIZES)}, "amplitude must not be negative"),
        ({"groups": [0, 1], "names": ["a"]}, "groups must be -1 or an index into the 1 names"),
        ({"groups": [0]}, "groups must be as long as columns of angle"),
        ({"decades": 0.0}, "decades must be positive"),
    ],
)
def test_ways_that_do_not_fit_are_refused(ax, change, message):
    with pytest.raises(ValueError, match=message):
        figures.polar_courses(ax, **({"angle": ANGLES, "amplitude": SIZES} | change))


def test_arrows_run_where_neurons_of_either_sign_turn(ax):
    places = np.linspace(-PI, PI, 13)[:-1]
    figures.direction_field(ax, places, -np.sin(places), [0.0, PI], [True, True])
    outer, inner = [c for c in ax.collections if isinstance(c, Quiver)]
    for arrows, sign in ((outer, 1), (inner, -1)):
        turning = arrows.X * arrows.V - arrows.Y * arrows.U
        moving = np.abs(np.sin(places)) > 1e-6
        np.testing.assert_array_equal(np.sign(turning[moving]), np.sign(-sign * np.sin(places[moving])))


def test_directions_at_rest_are_solid_where_they_attract(ax):
    figures.direction_field(ax, [0.0, 1.0], [1.0, 2.0], [0.5, 1.5], [True, False])
    solid, dashed = ax.lines
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert np.arctan2(solid.get_ydata()[1], solid.get_xdata()[1]) == pytest.approx(0.5)
    assert "2 directions at rest, 1 of them attracting." in figures.description(ax.figure)


def test_a_field_that_does_not_fit_is_refused(ax):
    with pytest.raises(ValueError, match="turning must be as long as angles"):
        figures.direction_field(ax, [0.0, 1.0], [1.0], [], [])
