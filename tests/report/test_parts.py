"""What the page is made of: drawings in colours of the page, numbers read off figures, parts that are kept."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from condenslab import figures, report, studies
from condenslab.report import colours, numbers, packing, svg, ticks
from condenslab.studies.contract import study as contract
from condenslab.sweeps import Record, Run, Store
from judging import drawn


def luminance(colour):
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return float(
        np.where(channels > 0.04045, ((channels + 0.055) / 1.055) ** 2.4, channels / 12.92) @ [0.2126, 0.7152, 0.0722]
    )


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [*figures.OKABE_ITO.values(), "#222222", "#444444", "#6b6b6b", "#800080", "#00008b"])
def test_what_can_be_read_on_white_can_be_read_on_dark(colour):
    if contrast(colour, "#ffffff") >= 3:
        assert contrast(colours.dark(colour), colours.dark("#ffffff")) >= 3


@pytest.mark.parametrize("colour", ["#fdeee5", "#eeeeee", "#fbf7d0", "#ffffff"])
def test_light_areas_are_no_slabs_on_a_dark_page(colour):
    assert luminance(colours.dark(colour)) < 0.12


def heat_map():
    figure, axes = figures.panels(1, 2)
    figures.cosine_heatmap(axes[0, 0], np.array([[1.0, 0.5], [0.5, 1.0]]))
    axes[0, 0].text(0, 0, "here", color="#123456")
    axes[0, 0].plot([0, 1], [0, 1], color="#135791")
    axes[0, 1].plot([0, 1], [0, 1], color="#197531")
    axes[0, 1].text(0, 0, "there", color="#654321")
    figures.title(axes[0, 0], "Cosines")
    return figure


def test_a_drawing_has_colours_of_the_page_except_where_they_are_numbers():
    drawn = svg.drawn(heat_map(), "mine")
    assert "var(--c654321)" in drawn.text and "#123456" in drawn.text.lower()
    assert "var(--c123456)" not in drawn.text
    assert "#135791" in drawn.text and "var(--c197531)" in drawn.text, "what lies on a map is made for it"
    assert not re.search(r"#(?!123456|135791|000000)[0-9a-f]{6}\b", re.sub(r"<image[^>]*>", "", drawn.text).lower())


@pytest.mark.parametrize(("marks", "images"), [(300, 0), (301, 2)])
def test_a_cloud_of_more_than_300_marks_becomes_an_image(marks, images):
    figure, axes = figures.panels(1, 2)
    place = np.linspace(0.0, 1.0, marks)
    axes[0, 0].scatter(place, place)
    axes[0, 1].plot(place, place, "o")
    assert svg.drawn(figure, "mine").text.count("<image ") == images


@pytest.mark.parametrize(("ways", "images"), [(30, 0), (31, 1)])
def test_ways_through_more_than_3000_points_become_an_image(ways, images):
    figure, axes = figures.panels(1, 1)
    angle = np.linspace(0, 1, 100)[:, None] + np.linspace(0, 6, ways)
    figures.polar_courses(axes[0, 0], angle, np.exp(angle))
    assert svg.drawn(figure, "mine").text.count("<image") == images


def test_a_line_without_marks_stays_a_line():
    figure, axes = figures.panels()
    axes[0, 0].plot(np.linspace(0.0, 1.0, 1000))
    assert "<image " not in svg.drawn(figure, "mine").text


def test_a_colour_bar_belongs_to_its_panel():
    drawn = svg.drawn(heat_map(), "mine")
    assert len(drawn.panels) == 2
    (x, y, width, height), (other, *_) = drawn.panels
    assert x + width <= other + 8, "panels do not overlap by more than their margins"
    left, top, right, bottom = map(float, re.search(r'viewBox="([^"]+)"', drawn.text)[1].split())
    assert x >= left - 3 and y >= top - 3 and y + height <= bottom + 3 and other < right


def test_two_drawings_on_one_page_share_no_id():
    texts = [svg.drawn(heat_map(), name).text for name in ("one", "two")]
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    assert ids[0] and not ids[0] & ids[1]


def test_numbers_are_read_off_every_kind_of_series():
    figure, axes = figures.panels(2, 2)
    axes[0, 0].plot([1.0, 2.0], [3.0, np.nan], label="line")
    axes[0, 1].scatter([1.0], [2.0], c=[5.0], label="dots")
    axes[1, 0].bar(["a"], [2.0], label="bars")
    axes[1, 1].pcolormesh(np.array([[1.0, 2.0]]))
    found = [panel["series"][0] for panel in numbers.of(figure)]
    assert found[0] == {"name": "line", "kind": "line", "x": [1.0, 2.0], "y": [3.0, None]}
    assert found[1] == {"name": "dots", "kind": "points", "x": [1.0], "y": [2.0], "z": [5.0]}
    assert (found[2]["name"], found[2]["bottom"], found[2]["top"]) == ("bars", [0.0], [2.0])
    assert found[3]["z"] == [[1.0, 2.0]]
    (traces,) = numbers.of_traces(go.Figure(go.Surface(z=[[0.0, 1.0]], name="sea")))
    assert traces["series"] == [{"name": "sea", "kind": "surface", "z": [[0.0, 1.0]]}]


def draw(records):
    """Draws what the one record says, and counts how often it was asked."""
    CALLS.append(len(records))
    figure, axes = figures.panels()
    figures.function_curves(axes[0, 0], [0.0, 1.0], {"f": records[0].values["curve"]})
    return [contract.Drawing("Curve", "It is drawn.", figure)]


CALLS: list[int] = []


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Writes the page of a store with one run of a study that counts its drawings."""
    CALLS.clear()
    monkeypatch.setitem(__import__("sys").modules, "drawing_of_the_report_tests", __import__("types").ModuleType("m"))
    module = __import__("sys").modules["drawing_of_the_report_tests"]
    module.__file__, module.draw = __file__, draw
    module.STUDY = drawn("counted", draw, figures="drawing_of_the_report_tests:draw")
    monkeypatch.setitem(studies.REGISTRY, "counted", "drawing_of_the_report_tests:STUDY")
    store = Store(tmp_path / "runs", create=True)

    def write(curve, seed=0, at="2026-01-01T00:00:00+00:00"):
        store.add(
            [Record("counted", f"r{seed}", {"seed": seed}, "done", values={"curve": curve}, provenance={"utc": at})]
        )
        done = {"done": 1, "diverged": 0, "failed": 0}
        store.add_run(Run("counted", 1, "quick", seed, {}, {}, None, [f"r{seed}"], done, [], [], {}))
        return report.write(tmp_path / "runs", tmp_path / "a.html")

    return write


def test_only_what_changed_is_drawn_again(page):
    first = page([0.0, 1.0]).read_text()
    second = page([0.0, 1.0]).read_text()
    assert CALLS == [1]
    views = [re.findall(r'data-name="counted"[^<]*', text) for text in (first, second)]
    assert views[0] == views[1] != []
    changed = page([0.0, 2.0]).read_text()
    assert len(CALLS) == 2
    assert re.findall(r'data-name="counted"[^<]*', changed) != views[0]


def test_what_was_computed_again_is_drawn_again(page):
    page([0.0, 1.0])
    page([0.0, 1.0], at="2026-02-02T00:00:00+00:00")
    assert len(CALLS) == 2


def test_a_damaged_page_is_drawn_again(page):
    path = page([0.0, 1.0])
    text = path.read_text()
    place = text.index('data-name="counted"') + 120
    path.write_text(text[:place] + ("A" if text[place] != "A" else "B") * 8 + text[place + 8 :])
    again = page([0.0, 1.0]).read_text()
    assert len(CALLS) == 2
    assert re.findall(r'data-name="counted"[^<]*', again) == re.findall(r'data-name="counted"[^<]*', text)


def test_a_foreign_page_gives_nothing(tmp_path):
    foreign = tmp_path / "a.html"
    foreign.write_bytes(b"\xff\xfe not a page")
    assert packing.earlier(foreign) == packing.earlier(tmp_path / "none.html") == {}
    evil = f'<script type="application/gzip" data-name="x" data-key="{"0" * 32}"><img src=x></script>'
    foreign.write_text(evil)
    assert packing.earlier(foreign) == {}


def test_tick_labels_are_read_without_a_formula():
    figure, axes = figures.panels()
    axes[0, 0].loglog([1e-3, 20.0], [1.0, 8.0])
    axes[0, 0].set_xticks([1e-3, 1.0])
    ticks.make_plain(figure)
    figure.draw_without_rendering()
    assert [label.get_text() for label in axes[0, 0].get_xticklabels()] == ["10⁻³", "10⁰"]
    assert ticks.plain(r"$\mathdefault{-2\times10^{-12}}$") == "−2×10⁻¹²"
    kept = r"$\mathdefault{10^{0.50}}$"
    assert ticks.plain(kept) == kept, "a broken exponent has no superscript of its own"


def test_a_figure_is_drawn_once(monkeypatch):
    figure, count = heat_map(), []
    draw = type(figure).draw
    monkeypatch.setattr(type(figure), "draw", lambda self, renderer: count.append(1) or draw(self, renderer))
    svg.drawn(figure, "mine")
    assert len(count) == 1
