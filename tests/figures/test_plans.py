"""The figure of needed samples beside parameters, read back from the axes."""

import numpy as np
import pytest

from condenslab.figures import description, panels, sample_plan


def test_marks_are_where_the_numbers_are():
    figure, axes = panels()
    sample_plan(axes[0, 0], ["asked", "wider", "other"], [21, 0, np.nan], [2100, 21000, 45], practical=(26, 35))
    samples, parameters = axes[0, 0].lines
    assert samples.get_xdata()[0] == 21 and len(samples.get_xdata()) == 2
    np.testing.assert_array_equal(parameters.get_xdata(), [2100, 21000, 45])
    (bar,) = axes[0, 0].patches
    assert (bar.get_x(), bar.get_width()) == (26, 9)
    assert [label.get_text() for label in axes[0, 0].get_yticklabels()] == ["asked", "wider", "other"]
    assert "asked: 21 of 2\u2009100" in description(figure) and "other: unknown of 45" in description(figure)
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("labels", "samples", "parameters"),
    [(["a"], [1, 2], [3, 4]), ([], [], []), (["a"], [-1], [3]), (["a"], [1], [0]), (["a"], [np.inf], [3])],
)
def test_mistakes(labels, samples, parameters):
    _, axes = panels()
    with pytest.raises(ValueError, match="must"):
        sample_plan(axes[0, 0], labels, samples, parameters)
