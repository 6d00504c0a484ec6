"""The hierarchy and the comparison of measured and predicted numbers."""

import numpy as np
import pytest

from condenslab import figures


@pytest.fixture
def ax():
    _, axes = figures.panels()
    return axes[0, 0]


def test_nodes_stand_in_their_column_at_the_rank_of_their_height(ax):
    figures.hierarchy(ax, [0, 1, 2, 2], [5.0, 0.1, 0.07, 0.07], [(0, 1), (1, 2), (1, 2)], stable=[0, 1, 1, 1])
    filled, hollow = (collection.get_offsets() for collection in ax.collections)
    np.testing.assert_array_equal(filled[:, 1], [1, 0, 0])
    np.testing.assert_array_equal(hollow[:, 1], [2])
    assert np.abs(filled[1:, 0] - 2).max() < 0.5
    assert filled[1, 0] != filled[2, 0]
    assert len(ax.texts) == 2  # one arrow a pair
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0.07", "0.1", "5"]


def test_every_node_can_be_a_picture_of_its_function(ax):
    curves = np.array([[0.0, 0.0, 0.0], [-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [2.0, 0.0, -2.0]])
    figures.hierarchy(ax, [0, 1, 2, 2], [5.0, 0.1, 0.07, 0.07], [(0, 1), (1, 2)], stable=[0, 1, 1, 1], curves=curves)
    drawn = [line.get_xydata() for line in ax.lines]
    centres = [(line.mean(axis=0), box) for line, box in zip(drawn, ax.patches[-4:], strict=True)]
    for centre, box in centres:
        np.testing.assert_allclose(centre, [box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2])
    heights = [np.ptp(line[:, 1]) for line in drawn]
    assert heights[0] == 0 and heights[2] == pytest.approx(2 * heights[1]), "all to one scale"
    assert drawn[2][0, 1] < drawn[2][-1, 1] and drawn[3][0, 1] > drawn[3][-1, 1]
    left, right = (box.get_x() for box in ax.patches[-2:])
    assert abs(left - right) >= ax.patches[-1].get_width(), "pictures of one level stand side by side"


def test_a_hierarchy_needs_nodes_that_exist(ax):
    with pytest.raises(ValueError, match="must join two of the 2 nodes"):
        figures.hierarchy(ax, [0, 1], [1.0, 0.0], [(0, 2)], stable=[0, 1])
    with pytest.raises(ValueError):
        figures.hierarchy(ax, [0, 1], [1.0], [], stable=[0, 1])


def test_equal_points_are_drawn_once_and_counted(ax):
    figures.measured_against_predicted(ax, {"two": ([1, 1, 2], [1, 1, 3]), "none": ([], [])})
    points = ax.collections[0]
    np.testing.assert_array_equal(points.get_offsets(), [[1, 1], [2, 3]])
    assert points.get_sizes()[0] > points.get_sizes()[1]
    assert "two: 2 of 3 as predicted." in figures.description(ax.figure)
    with pytest.raises(ValueError):
        figures.measured_against_predicted(ax, {"bad": ([1.5], [1])})
