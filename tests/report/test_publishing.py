"""Figures for a paper: widths of columns, type that stays its size, fonts inside the file."""

import re
import sys
import warnings
from types import ModuleType

import numpy as np
import pytest
from matplotlib.text import Text

from condenslab import figures, report, studies
from condenslab.errors import UserError
from condenslab.report.publishing import encoded, fit
from condenslab.sweeps import Record, Run, Store
from judging import drawn


def picture(columns, rows=1, width=4.4):
    figure, axes = figures.panels(rows, columns, width=width)
    for ax in axes.flat:
        figures.function_curves(ax, np.linspace(0, 1, 9), {"f": np.linspace(0, 1, 9)})
    return figure


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A store with a run of a study that draws two figures and a film, and one of a study that cannot draw."""

    def draw(records):
        zeros = np.zeros((2, 3))
        film = figures.trajectory_player([0, 1, 2], zeros, zeros, zeros, [0, 1], [1, 1])
        shown = (("Risk / in time", picture(1)), ("Two", picture(2)), ("Film", film))
        return [studies.Drawing(title, "Drawn.", figure) for title, figure in shown]

    module = ModuleType("publishing_study")
    module.STUDY = drawn("drawn", draw)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(studies.REGISTRY, "drawn", "publishing_study:STUDY")
    store = Store(tmp_path / "runs", create=True)
    store.add([Record("drawn", "r0", {}, "done")])
    for name in ("drawn", "gone"):
        counts = {"done": 1, "diverged": 0, "failed": 0}
        store.add_run(Run(name, 1, "quick", 0, {}, {}, None, ["r0"], counts, [], [], {}))
    return tmp_path / "runs"


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_every_format_is_written(runs, tmp_path, kind, start):
    written, notes = report.save_figures(runs, tmp_path / "out", kind)
    assert [path.name for path in written] == [
        f"drawn-quick-0-1-Risk-in-time.{kind}",
        f"drawn-quick-0-2-Two.{kind}",
    ]
    assert all(path.read_bytes().startswith(start) for path in written)
    (note,) = notes
    assert note.startswith("the figures of gone could not be drawn")


def test_fonts_are_in_the_file(runs, tmp_path):
    (pdf, _), _ = report.save_figures(runs, tmp_path / "out", "pdf")
    assert b"/FontFile2" in pdf.read_bytes() and b"/Type3" not in pdf.read_bytes()
    (svg, _), _ = report.save_figures(runs, tmp_path / "out", "svg")
    assert "<text" not in svg.read_text(), "letters are outlines"


def test_the_same_store_gives_the_same_files(runs, tmp_path):
    once, again = (report.save_figures(runs, tmp_path / name, "pdf")[0] for name in ("a", "b"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


@pytest.mark.parametrize(("columns", "width"), [(1, 3.5), (2, 7.2), (3, 7.2)])
def test_a_figure_is_one_or_two_columns_wide(columns, width):
    figure = picture(columns)
    sizes = {text.get_text(): text.get_fontsize() for text in figure.findobj(Text) if text.get_text()}
    fit(figure)
    assert figure.get_figwidth() == width and figure.get_figheight() >= 2.6
    assert sizes.items() <= {text.get_text(): text.get_fontsize() for text in figure.findobj(Text)}.items()
    figure.draw_without_rendering()
    for ax in figure.axes:
        assert ax.get_window_extent().width / figure.dpi > 0.8, "inches: a panel is left"


def legend_below_every_panel(figure, label):
    for ax in figure.axes:
        figures.function_curves(ax, np.linspace(0, 1, 9), {f"{label} {i}": np.linspace(0, i, 9) for i in range(1, 4)})
        figures.legend_below(ax)


def legend_beside_the_panels(figure, label):
    (line,) = figure.axes[0].plot([0, 1])
    figure.legend([line], [label], loc="outside right")


@pytest.mark.parametrize("legend", [legend_below_every_panel, legend_beside_the_panels])
@pytest.mark.parametrize(("columns", "letters"), [(1, 8), (1, 16), (3, 8), (3, 14)])
def test_long_legends_leave_the_panels_room(legend, columns, letters):
    figure, axes = figures.panels(1, columns, width=4.4)
    legend(figure, "m" * letters)
    fit(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    for ax in axes.flat:
        assert ax.get_window_extent().width / figure.dpi >= 1.1, "inches"


def test_what_is_wider_than_two_columns_stays_as_it_is():
    figure = picture(6, width=2.0)
    fit(figure)
    assert figure.get_figwidth() == 12.0


def test_one_study_alone_can_be_asked_for(runs, tmp_path):
    assert report.save_figures(runs, tmp_path / "out", "png", study="drawn")[1] == []
    with pytest.raises(UserError, match="no finished run of 'other'"):
        report.save_figures(runs, tmp_path / "out", study="other")


def test_another_format_and_a_place_that_cannot_be_written_are_refused(runs, tmp_path):
    with pytest.raises(UserError, match=re.escape("figures can be svg, pdf, png. Got 'gif'")):
        report.save_figures(runs, tmp_path / "out", "gif")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="cannot be written"):
        report.save_figures(runs, tmp_path / "file" / "out")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("marks", "image"), [(290, False), (5000, True)])
def test_a_vector_file_of_very_many_marks_stays_small(marks, image):
    figure, axes = figures.panels(1, 1)
    axes[0, 0].scatter(*np.random.default_rng(0).normal(size=(2, marks)), s=4)
    content = encoded(figure, "svg")
    assert len(content) < 400_000
    assert (b"<image" in content) == image
