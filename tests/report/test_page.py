"""The atlas: everything that the store says, nothing from elsewhere, and failing claims in plain sight."""

import hashlib
import itertools
import json
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import numpy as np
import plotly.graph_objects as go
import pytest

from condenslab import figures, report, studies
from condenslab.errors import UserError
from condenslab.report import packing
from condenslab.sweeps import Record, Run, Store, watched
from judging import drawn

HOSTILE = "<script>alert('x')</script> & \"R\" < 0.1 {{ 7 * 7 }} </td><img src=x onerror=alert(1)>"
VOID = {"meta", "img", "br", "link", "input", "hr"}
PROVENANCE = {
    "condenslab": "0.1.0",
    "jax": "0.10.1",
    "device": "cpu",
    "seconds": 84.2,
    "utc": "2026-01-01T00:01:00+00:00",
}


@dataclass
class Element:
    """An element of the page with its attributes, its text and what is inside it."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Element"] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words)).strip()

    def all(self, tag: str) -> list["Element"]:
        own = [self] if self.tag == tag else []
        return own + [found for child in self.children for found in child.all(tag)]

    def everything(self) -> list["Element"]:
        return [self] + [found for child in self.children for found in child.everything()]


class Reader(HTMLParser):
    """Reads a page as a browser would, and fails on tags that are not balanced."""

    def __init__(self, text: str):
        super().__init__()
        self.root = Element("page", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert self.open == [self.root], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(self.open[-1].children[-1])

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"{tag} closes {self.open[-1].tag}"
        self.open.pop()

    def handle_data(self, data):
        if not {element.tag for element in self.open} & {"script", "style"}:
            for element in self.open:
                element.words.append(data)
        else:
            self.open[-1].words.append(data)


def parts(page: Path) -> dict[str, str]:
    """Returns the parts that wait in a page, inflated, by name."""
    found = [s for s in front(page).all("script") if s.attributes.get("type") == "application/gzip"]
    return {s.attributes["data-name"]: packing.unpacked("".join(s.words)) for s in found}


def front(page: Path) -> Element:
    """Returns what is in the page before anything is inflated."""
    return Reader(page.read_text(encoding="utf-8")).root


def read(page: Path) -> Element:
    """Returns the front with the view of every study behind it."""
    root = front(page)
    views = [Reader(text).root for name, text in parts(page).items() if "." not in name and name != "plotly"]
    root.children += views
    root.words += [word for view in views for word in view.words]
    return root


def claim(verdict="holds", statement="the plateau is seen", **change):
    row = {"study": "toy", "preset": "quick", "seed": 0, "claim": statement, "source": "P1 §2", "verdict": verdict}
    measured = {"expected": 3, "measured": [3, 3, 3], "tolerance": 0.5, "margin": 1.0}
    return row | measured | change


def a_run(*claims, **change):
    base = {"study": "toy", "revision": 1, "preset": "quick", "seed": 0, "settings": {"width": 500, "rates": [0.1]}}
    rest = {"overrides": {}, "data": None, "records": ["r0"], "claims": list(claims), "provenance": PROVENANCE}
    counts = {"counts": {"done": 1, "diverged": 0, "failed": 0}, "failures": []}
    return Run(**{**base, **rest, **counts, **change})


def a_record(name="r0", **change):
    return Record(**{"study": "toy", "id": name, "case": {"seed": 0}, "status": "done", **change})


def picture(title="Risk in time", caption="It falls."):
    figure, axes = figures.panels()
    figures.function_curves(axes[0, 0], [0.0, 1.0, 2.0], {"f": [1.0, 0.0, 1.0]})
    return studies.Drawing(title, caption, figure)


def cloud(neurons):
    figure, axes = figures.panels()
    figures.orientation_amplitude(axes[0, 0], np.linspace(-3, 3, neurons), np.ones(neurons))
    return studies.Drawing("Neurons", "They are many.", figure)


def player():
    zeros = np.zeros((2, 3))
    return studies.Drawing(
        "Film", "Move it.", figures.trajectory_player([0, 1, 2], zeros, zeros, zeros, [0, 1], [1, 1])
    )


def surface():
    return studies.Drawing("Surface", "Turn it.", go.Figure(go.Surface(z=[[0.0, 1.0], [1.0, 2.0]])))


@pytest.fixture
def toy(monkeypatch):
    """A registered study that draws nothing; a test may replace its `draw`."""
    study = drawn("toy", lambda records: [], question="Why <so> few?", source="Deck 000 & paper")
    module = ModuleType("toy_study_of_the_report_tests")
    module.STUDY = study
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(studies.REGISTRY, "toy", f"{module.__name__}:STUDY")
    return study


@pytest.fixture
def write(toy, tmp_path):
    """Stores runs and records, and returns the page's path."""

    def store_and_write(*runs, records=(), **options):
        store = Store(tmp_path / "runs", create=True)
        store.add([a_record(), *records])
        for run in runs:
            store.add_run(run)
        return report.write(tmp_path / "runs", tmp_path / "atlas.html", **options)

    return store_and_write


def rows(page):
    return [row for table in page.all("table") for row in table.all("tr")[1:]]


@pytest.mark.parametrize("label", ["", HOSTILE])
def test_hostile_text_is_shown_and_not_executed(write, toy, label):
    toy.draw = lambda records: [picture(HOSTILE, HOSTILE)]
    settings = {"width": HOSTILE}
    mine = claim(statement=HOSTILE, source=HOSTILE, expected=HOSTILE, label=label, figure=HOSTILE, reason=HOSTILE)
    run = a_run(mine, settings=settings, overrides=settings)
    path = write(run, records=[a_record("r1", status="failed", message=HOSTILE)])
    page, shown = read(path), re.sub(r"\s+", " ", HOSTILE)
    (row,) = rows(page)
    assert row.all("td")[1].text.count(shown) == 5
    assert row.all("td")[2].text == shown
    assert page.all("figcaption")[0].text == f"{shown} {shown}"
    assert sum(shown in part.text for part in page.all("li")) >= (3 if label else 1)
    code = [script for script in page.all("script") if script.attributes.get("type") != "application/gzip"]
    assert len(code) == 1 and "alert" not in "".join(code[0].words)
    assert page.all("img") == []
    assert not [name for element in page.everything() for name in element.attributes if name.startswith("on")]


def test_hostile_text_in_an_interactive_figure_closes_no_script(write, toy):
    drawing = surface()
    drawing.figure.update_layout(title=HOSTILE)
    toy.draw = lambda records: [drawing]
    path = write(a_run(claim()))
    assert "onerror" not in path.read_text()
    assert read(path).all("img") == []
    assert json.loads(parts(path)["toy-figure-1.plotly"])["layout"]["title"]["text"] == HOSTILE


@pytest.mark.parametrize("interactive", [False, True])
def test_the_page_asks_nothing_of_any_network(write, toy, interactive):
    toy.draw = lambda records: [picture(), player(), surface(), surface()] if interactive else [picture(), player()]
    path = write(a_run(claim()), a_run(claim(), seed=1))
    page = read(path)
    for element in page.everything():
        for name in ("src", "href", "srcset", "data", "poster", "action", "xlink:href"):
            target = element.attributes.get(name)
            assert target is None or target.startswith(("#", "data:image/"))
    style = "".join("".join(style.words) for style in page.all("style"))
    assert "url(" not in style and "@import" not in style
    (code,) = ["".join(s.words) for s in page.all("script") if s.attributes.get("type") != "application/gzip"]
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(|https?://(?!www.w3.org/2000/svg)", code)
    (policy,) = [meta for meta in page.all("meta") if meta.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"].startswith("default-src 'none'; img-src data: blob:;")
    assert not re.search(r"https?:|\*", policy.attributes["content"])
    libraries = [text for text in parts(path).values() if "Plotly, Inc." in text[:500]]
    assert len(libraries) == (1 if interactive else 0)


def test_only_what_the_front_shows_is_in_the_document(write, toy):
    toy.draw = lambda records: [picture(), player()]
    path = write(a_run(claim()), a_run(claim(), seed=1))
    page = front(path)
    assert not page.all("figure") and not page.all("table") and not page.all("svg")
    assert [card.attributes["href"] for card in page.all("a") if card.attributes.get("class") == "card"] == [
        "#toy-quick-0",
        "#toy-quick-1",
    ]
    waiting = parts(path)
    assert {"toy-quick-0", "toy-quick-0.data", "toy-quick-0.thumb", "toy-quick-0-figure-2.film"} <= set(waiting)
    assert 'id="toy-quick-0"' in waiting["toy-quick-0"]


def test_a_failing_claim_is_in_plain_sight(write):
    small = claim("fails", "the error is small", measured=[0.9, 0.2], margin=-0.8, reason="The step is too large.")
    page = read(write(a_run(claim(), small, claim("undecided"))))
    assert page.all("h2")[1].text == "1 study: 1 of 3 claims fails"
    assert page.all("h3")[0].text == "What does not hold"
    (index,) = [part for part in page.all("ul") if part.attributes.get("class") == "index"]
    plain = [item.text for item in index.all("li") if "hidden" not in item.attributes]
    assert [text[0] for text in plain] == ["✗", "?"]
    assert "the error is small" in plain[0] and "measured 0.9, 0.2" in plain[0]
    cells = [cell.text for cell in rows(page)[1].all("td")]
    assert cells[0] == "✗fails" and cells[2:] == ["3", "0.9, 0.2", "−0.8"]
    assert cells[1].startswith("the error is small P1 §2 Why it fails: The step is too large.")


@pytest.mark.parametrize(
    ("verdicts", "headline"),
    [
        (["holds", "holds"], "1 study: all 2 claims hold"),
        (["holds"], "1 study: the one claim holds"),
        (["fails", "fails", "holds"], "1 study: 2 of 3 claims fail"),
        (["holds", "undecided"], "1 study: no claim fails; 1 of 2 is undecided"),
        ([], "1 study: no claims were made"),
    ],
)
def test_the_headline_says_the_worst_first(write, verdicts, headline):
    page = front(write(a_run(*map(claim, verdicts))))
    assert page.all("h2")[1].text == headline


def test_a_card_says_question_answer_and_verdicts(write):
    page = front(write(a_run(claim(), claim("fails"), claim())))
    (card,) = [item for item in page.all("li") if "data-verdict" in item.attributes]
    for words in ("Why <so> few?", "2 of 3 claims hold.", "✗ 1 fails", "✓ 2 hold", "quick, seed 0"):
        assert words in card.text
    assert card.attributes["data-verdict"].split() == ["fails", "holds"]


def test_the_bar_of_a_margin_is_as_long_as_the_margin_says(write):
    page = read(write(a_run(claim(margin=1.0), claim("fails", margin=-3.0), claim("undecided", margin=None))))
    styles = [[bar.attributes["style"] for bar in row.all("i")] for row in rows(page)]
    assert styles == [["left: 50.0%; width: 25.0%"], ["left: 12.5%; width: 37.5%"], []]


def test_a_claim_and_its_figure_name_one_another(write, toy):
    toy.draw = lambda records: [picture(), picture("Other", "Else.")]
    page = read(write(a_run(claim(figure="Other", label="it rests"), claim(figure="gone"))))
    links = [[link.attributes["href"] for link in row.all("a")] for row in rows(page)]
    assert links == [["#toy-figure-2"], []]
    said = [[item.text for item in figure.all("li")] for figure in page.all("figure")]
    assert said == [[], ["✓it rests holds"]]


def test_the_numbers_of_a_figure_can_be_downloaded(write, toy):
    toy.draw = lambda records: [picture(), cloud(20), cloud(20_000)]
    data = json.loads(parts(write(a_run(claim(), overrides={"width": 5})))["toy.data"])
    (panel,) = data["figures"]["toy-figure-1"]["panels"]
    assert panel["series"] == [{"name": "f", "kind": "line", "x": [0.0, 1.0, 2.0], "y": [1.0, 0.0, 1.0]}]
    (neurons, *_) = data["figures"]["toy-figure-2"]["panels"][0]["series"]
    np.testing.assert_allclose(neurons["x"], figures.wrap(np.linspace(-3, 3, 20)), rtol=1e-6)
    assert data["figures"]["toy-figure-3"]["panels"][0]["series"][0]["left_out"] == 40_000
    assert data["command"] == "condenslab run toy --preset quick --seed 0 --set width=5"
    assert data["claims"][0]["measured"] == [3, 3, 3]


def test_every_verdict_is_a_word_and_a_symbol_and_counted(write):
    page = read(write(a_run(claim(), claim("fails"), claim("undecided"), claim())))
    assert [row.all("td")[0].text for row in rows(page)] == ["✓holds", "✗fails", "?undecided", "✓holds"]
    counts = next(part for part in page.all("ul") if part.attributes.get("class") == "counts")
    assert [item.text for item in counts.all("li")] == ["1 ✗fails", "1 ?undecided", "2 ✓holds"]


def test_values_keep_all_digits_for_who_asks(write):
    page = read(write(a_run(claim(expected=0.1090227421, measured=[0.10871234567, None], tolerance=0.0109))))
    expected, measured = rows(page)[0].all("td")[2:4]
    assert (expected.text, expected.attributes["title"]) == ("0.109", "0.1090227421")
    assert (measured.text, measured.attributes["title"]) == ("0.1087, —", "0.10871234567, —")


def test_a_run_says_what_it_asked_and_with_what(write):
    page = read(write(a_run(claim(), overrides={"width": 500}, data={"name": "my <data>.csv", "digest": "abc"})))
    text = page.text
    for words in ("Why <so> few?", "Deck 000 & paper", "Preset quick", "Seed 0", "my <data>.csv", "width = 500"):
        assert words in text
    facts = dict(zip(*[[part.text for part in page.all(tag)] for tag in ("dt", "dd")], strict=True))
    assert facts["jax"] == "0.10.1" and facts["device"] == "cpu" and facts["wall time"] == "1 min 24 s"
    assert facts["width"] == "500" and facts["rates"] == "0.1" and facts["data digest"] == "abc"
    assert facts["records"] == "1 done"


def test_provenance_tells_where_records_differ_from_the_run(write):
    records = [a_record("r1", provenance={"jax": "0.9", "device": "cpu", "traceback": "/secret/path", "seconds": 1.0})]
    page = read(write(a_run(claim(), records=["r1"]), records=records))
    facts = dict(zip(*[[part.text for part in page.all(tag)] for tag in ("dt", "dd")], strict=True))
    assert facts["jax of the records"] == "0.9"
    assert "device of the records" not in facts
    assert "/secret/path" not in page.text


def test_figures_have_captions_and_alternatives(write, toy):
    toy.draw = lambda records: [picture("A & B", "Caption <1>."), player()]
    page = read(write(a_run(claim())))
    (image,) = [part for part in page.all("div") if part.attributes.get("role") == "img"]
    assert image.attributes["aria-label"] == "A & B. Functions of x from 0 to 2: f."
    assert [caption.text for caption in page.all("figcaption")] == ["A & B Caption <1>.", "Film Move it."]
    (group,) = [part for part in page.all("div") if "data-film" in part.attributes]
    assert group.attributes["role"] == "group"
    assert group.attributes["aria-label"].startswith("Film. Interactive: the output and 3 neurons")


def test_a_layer_of_many_points_becomes_an_image_in_the_drawing(write, toy):
    toy.draw = lambda records: [cloud(300), cloud(20_000)]
    drawn = [figure.all("svg")[0] for figure in read(write(a_run(claim()))).all("figure")]
    images = [[image.attributes["href"].partition(";")[0] for image in svg.all("image")] for svg in drawn]
    assert images[0] == [] and set(images[1]) == {"data:image/png"}
    assert len(drawn[1].everything()) < 2000


def test_links_lead_somewhere_and_ids_are_unique(write, toy):
    toy.draw = lambda records: [picture(), cloud(5), player()]
    page = read(write(a_run(claim(), claim("fails")), a_run(claim("undecided"), seed=1)))
    ids = Counter(element.attributes["id"] for element in page.everything() if "id" in element.attributes)
    assert not [name for name, count in ids.items() if count > 1]
    links = [link.attributes["href"] for link in page.all("a")]
    assert len(links) >= 9
    assert not [link for link in links if link != "#" and link.removeprefix("#") not in ids]
    drawn = [part for svg in page.all("svg") for part in svg.everything()]
    inside = [value for part in drawn for value in part.attributes.values() if value and "url(#" in value]
    uses = [part.attributes["href"] for part in drawn if part.tag == "use"]
    assert inside and uses, "otherwise nothing is checked"
    assert not [name for value in inside for name in re.findall(r"url\(#([^)]+)\)", value) if name not in ids]
    assert not [name for name in uses if name.removeprefix("#") not in ids]


def test_the_page_can_be_read_aloud(write):
    page = read(write(a_run(claim())))
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("h1")) == len(page.all("main")) == 1
    levels = [int(element.tag[1]) for element in page.everything() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert all(cell.attributes["scope"] == "col" for cell in page.all("th"))


@pytest.mark.parametrize("study", ["toy", "a study that is gone"])
def test_a_run_that_cannot_be_drawn_keeps_its_claims_and_says_why(write, toy, study):
    def broken(records):
        raise KeyError("risk <curve>")

    toy.draw = broken
    page = read(write(a_run(claim("fails", "the error is small"), study=study)))
    assert "the error is small" in rows(page)[0].text
    (note,) = [part.text for part in page.all("p") if part.attributes.get("role") == "note"]
    assert "could not be drawn" in note and ("risk <curve>" in note or "gone" in note)


def test_a_run_of_another_revision_of_the_study_is_told(write):
    page = read(write(a_run(claim(), revision=7)))
    (note,) = [part.text for part in page.all("p") if part.attributes.get("role") == "note"]
    assert note.startswith("The run is of revision 7 of the study and the installed one is revision 1")


def test_records_that_failed_diverged_or_vanished_are_told(write):
    sad = [
        a_record("r1", status="failed", message="out of memory"),
        a_record("r3", status="diverged", message="it blew up"),
    ]
    counts = {"done": 2, "diverged": 1, "failed": 2}
    run = a_run(claim(), records=["r0", "r1", "r2", "r3", "gone"], counts=counts, failures=["out of memory", "bug <1>"])
    page = read(write(run, records=[*sad, a_record("r2")]))
    assert [part.text for part in page.all("p") if part.attributes.get("role") == "note"] == [
        "1 of the run's 5 records are not in the store.",
        "2 of 5 records failed when the claims were made: out of memory; bug <1>",
        "1 of 5 records diverged when the claims were made: it blew up",
    ]
    facts = dict(zip(*[[part.text for part in page.all(tag)] for tag in ("dt", "dd")], strict=True))
    assert facts["records"] == "2 done, 1 diverged, 2 failed"


def test_a_study_draws_the_records_of_its_run_in_their_order(write, toy):
    seen = []
    toy.draw = lambda records: seen.append([record.id for record in records]) or []
    write(a_run(records=["r2", "r1"]), records=[a_record("r1"), a_record("r2"), a_record("other")])
    assert seen == [["r2", "r1"]]


def test_the_latest_run_of_each_request_is_shown_unless_all_are_wanted(write):
    runs = [a_run(claim(statement="old")), a_run(claim(statement="new")), a_run(claim(statement="other seed"), seed=1)]
    shown = [row.all("span")[1].text for row in rows(read(write(*runs)))]
    assert shown == ["new", "other seed"]


def test_all_runs_are_shown_when_asked(write):
    runs = [a_run(claim(statement="old")), a_run(claim(statement="new"))]
    assert len(rows(read(write(*runs, latest=False)))) == 2


def content(folder):
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_the_store_is_only_read(write, tmp_path):
    write(a_run(claim()))
    before = content(tmp_path / "runs")
    report.write(tmp_path / "runs", tmp_path / "again.html")
    assert content(tmp_path / "runs") == before


def test_the_same_store_gives_the_same_page(write, tmp_path):
    write(a_run(claim()))
    report.write(tmp_path / "runs", tmp_path / "again.html")
    pages = [(tmp_path / name).read_text() for name in ("atlas.html", "again.html")]
    assert len({re.sub(r"Written [-\d]+ [\d:]+ UTC", "", page) for page in pages}) == 1


def test_it_returns_the_path_and_makes_the_folder(write, tmp_path):
    write(a_run(claim()))
    page = tmp_path / "new" / "folder" / "page.htm"
    assert report.write(tmp_path / "runs", str(page)) == page
    assert page.read_text().lstrip().startswith("<!DOCTYPE html>")


def test_an_empty_store_says_what_to_do(toy, tmp_path):
    Store(tmp_path / "runs", create=True)
    with pytest.raises(UserError, match=r"holds no finished run yet.*run a study first, for example `condenslab run"):
        report.write(tmp_path / "runs", tmp_path / "atlas.html")
    assert not (tmp_path / "atlas.html").exists()


def test_a_folder_without_a_store_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no store"):
        report.write(tmp_path, tmp_path / "atlas.html")


@pytest.mark.parametrize("output", ["store.json", "atlas", "atlas.pdf"])
def test_only_html_is_written_so_that_no_store_is_overwritten(write, tmp_path, output):
    write(a_run(claim()))
    with pytest.raises(UserError, match=r"must end in \.html"):
        report.write(tmp_path / "runs", tmp_path / "runs" / output)


@pytest.mark.parametrize("output", ["folder.html", "file.html/atlas.html", "a" * 300 + ".html"])
def test_a_place_that_cannot_be_written_is_a_mistake_of_the_request(write, tmp_path, output):
    write(a_run(claim()))
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file.html").write_text("mine")
    with pytest.raises(UserError, match="cannot be written"):
        report.write(tmp_path / "runs", tmp_path / output)
    assert (tmp_path / "file.html").read_text() == "mine"


def test_a_full_disk_leaves_the_earlier_page_whole(write, tmp_path, monkeypatch):
    write(a_run(claim()))
    before = content(tmp_path)

    def full(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left on device"):
        report.write(tmp_path / "runs", tmp_path / "atlas.html")
    assert content(tmp_path) == before


def watched_rows(number, layers=3):
    row = {"neurons": 200.0, "directions": 96.0 - number, "effective_width": 90.0, "twins": 0.1, "nearest": 0.5}
    return {f"layers.{place}.weight": row for place in range(layers)}


def test_watched_trainings_are_drawn_layer_by_layer(tmp_path):
    store = Store(tmp_path / "runs", create=True)
    made = [
        watched.record(run, step, watched_rows(step // 100, layers), sample=96, seed=0, groups_by="direction")
        for run, layers in ((HOSTILE, 3), ("deep", 20))
        for step in (0, 100, 200)
    ]
    store.add(made)
    page = read(report.write(tmp_path / "runs", tmp_path / "a.html"))
    heads = [found.text for found in page.all("p") if found.attributes.get("class") == "crumb"]
    assert any(HOSTILE.replace("  ", " ") in text and "watched training" in text for text in heads)
    assert not [element for element in page.everything() if "onerror" in element.attributes]
    alts = [part.attributes["aria-label"] for part in page.all("div") if part.attributes.get("role") == "img"]
    assert len(alts) == 2 and "layers.2.weight: from 1 to 0.979." in alts[0]  # (96 - 2)/96 at the end
    assert "layers.4.weight" in alts[1] and "layers.3.weight" not in alts[1]
    assert "3, steps 0 to 200" in page.text and "No claims" not in page.text
    assert page.text.count("faint lines are the others") == 1


def test_a_watched_training_that_cannot_be_drawn_is_said(tmp_path):
    store = Store(tmp_path / "runs", create=True)
    good = watched.record("mine", 0, watched_rows(0), sample=96, seed=0, groups_by="direction")
    bad = Record("watch", "0" * 16, {"run": "odd", "step": "x"}, "done", values={"layers": 3})
    store.add([good, bad])
    page = read(report.write(tmp_path / "runs", tmp_path / "a.html"))
    assert len(page.all("figure")) == 1 and "could not be drawn" in page.text
