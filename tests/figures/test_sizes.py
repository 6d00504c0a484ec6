"""O, practice and M on one axis: every number stands at its place, and what is not known is left out."""

import numpy as np
import pytest

from condenslab import figures

ROWS = ["narrow", "wide"]


@pytest.fixture
def ax():
    return figures.panels()[1][0, 0]


def marks(ax):
    return {str(line.get_label()): list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in ax.lines}


def test_every_number_stands_at_its_place(ax):
    figures.sample_sizes(ax, ROWS, [21, 21], [25, 40], [63, 2100])
    assert marks(ax) == {
        "optimistic size O": [(21, 0), (21, 1)],
        "tuned practice": [(25, 0), (40, 1)],
        "parameters M": [(63, 0), (2100, 1)],
    }
    assert sorted(text.get_text() for text in ax.texts) == sorted(["21", "21", "25", "40", "63", "2,100"])
    assert ax.get_xscale() == "log" and figures.unreadable(ax.figure) == []
    assert "wide: O = 21, 40 in practice, M = 2100." in figures.description(ax.figure)


def test_what_did_not_work_or_was_not_tried_is_left_out(ax):
    figures.sample_sizes(ax, ROWS, [21, 21], [np.nan, 40], [63, 2100])
    assert marks(ax)["tuned practice"] == [(40, 1)]
    other = figures.panels()[1][0, 0]
    figures.sample_sizes(other, ROWS, [21, 21], None, [63, 2100])
    assert "tuned practice" not in marks(other)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (([21], None, [63, 63]), r"optimistic must be as long as labels \(2\). Got 1"),
        (([21, 21], [1.0], [63, 63]), r"practice must be as long as labels \(2\). Got 1"),
        (([0, 21], None, [63, 63]), "must be positive"),
        (([21, 21], [0.0, 1.0], [63, 63]), "must be positive"),
    ],
)
def test_what_does_not_fit_is_refused(ax, sizes, message):
    with pytest.raises(ValueError, match=message):
        figures.sample_sizes(ax, ROWS, *sizes)
