"""Pictures of a landscape: what is drawn where, and what is refused."""

import numpy as np
import pytest

from condenslab import figures

X, Y = np.linspace(-1.0, 1.0, 5), np.linspace(0.0, 2.0, 4)
BOWL = 1.0 + X[:, None] ** 2 + Y[None, :] ** 2


@pytest.fixture
def ax():
    _, axes = figures.panels()
    return axes[0, 0]


def test_a_surface_with_a_trajectory(ax):
    path = np.array([[-1.0, 2.0], [0.0, 0.0]])
    figures.risk_surface(ax, X, Y, BOWL, path=path, marks={"minimum": (0.0, 0.0)}, labels=("one", "two"))
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    np.testing.assert_array_equal(lines["trajectory"], path)
    np.testing.assert_array_equal(lines["start"], path[:1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("one", "two") and ax.get_xlim() == (-1.0, 1.0)
    assert "Risk from 1 at (0, 0) to 6" in figures.description(ax.figure)


def test_a_change_of_risk_may_be_negative(ax):
    figures.risk_surface(ax, X, Y, BOWL - 2.0, change=True)
    with pytest.raises(ValueError, match="risk must not be negative"):
        figures.risk_surface(ax, X, Y, BOWL - 2.0)


def test_a_line_and_its_model(ax):
    figures.risk_line(ax, X, {"risk": X**2, "model": X**2})
    assert [line.get_label() for line in ax.lines] == ["risk", "model"]


def test_the_spectrum_names_columns_and_levels(ax):
    shares = np.array([[0.0, 0.5], [1.0, 0.5]])
    figures.level_spectrum(ax, [-2.0, -1.0, 0.0], shares, ["1", "2"], levels={"minimum": -1.5})
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "2"]
    assert "1: -1.00, 2: -2.00" in figures.description(ax.figure)
    assert ax.get_ylim() == pytest.approx((-2.08, 0.08)), "what is visited, and the levels"


def test_bad_requests(ax):
    with pytest.raises(ValueError, match="risk must have shape"):
        figures.risk_surface(ax, X, Y, BOWL.T)
    with pytest.raises(ValueError, match="two coordinates"):
        figures.risk_surface(ax, X, Y, BOWL, path=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="at least one series"):
        figures.risk_line(ax, X, {})
    with pytest.raises(ValueError, match="one row a bin"):
        figures.level_spectrum(ax, [0.0, 1.0], np.zeros((2, 2)), ["1", "2"])
