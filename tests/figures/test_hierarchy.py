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


@pytest.mark.parametrize("inches", [(3.5, 4.5), (9.6, 8.0)])
def test_pictures_of_a_crowded_column_and_their_marks_do_not_overlap(inches):
    """Every node of a column next to the others, as at many levels of one width; arrows end outside of the boxes."""
    figure, axes = figures.panels(1, 1)
    figure.set_size_inches(*inches)
    columns, heights = [1] + [2] * 12 + [3] * 12, [9.0, *range(8, 2, -1), *range(8, 2, -1), *np.arange(12) / 4]
    curves = np.random.default_rng(0).normal(size=(25, 9))
    figures.hierarchy(axes[0, 0], columns, heights, [(0, 1), (1, 14)], stable=[1, 0] * 12 + [1], curves=curves)
    figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in axes[0, 0].patches]
    assert len(boxes) == 25
    for k, box in enumerate(boxes):
        for other in boxes[:k]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert width <= 0.1 or height <= 0.1, (k, box, other)
    for marks in axes[0, 0].collections:
        for x, y in axes[0, 0].transData.transform(marks.get_offsets()):
            assert sum(box.contains(x, y) for box in boxes) == 1
