"""The page in a browser: it works from disk, by keyboard, at every width, and asks nothing of any network."""

import json

import pytest

pytestmark = pytest.mark.more


def shown(tab, selector):
    return tab.locator(f"{selector}:visible").count()


def test_the_front_shows_a_film_and_cards_with_pictures(at):
    tab = at(reduced_motion="reduce")
    assert tab.locator("h1").inner_text() == "50 neurons. Two of them do the work."
    assert "2" in tab.locator(".strip").inner_text() and "150" in tab.locator(".strip").inner_text()
    tab.wait_for_selector(".thumb svg")
    assert shown(tab, "a.card") == 2 and tab.locator("figure").count() == 0


def test_a_study_is_alone_in_the_document_and_leaves_it(at):
    tab = at()
    tab.click("a.card >> nth=0")
    tab.wait_for_selector("#study figure svg")
    assert tab.locator("#study h2").inner_text() == "Why recovery?" and not tab.locator("#front").is_visible()
    assert tab.evaluate("document.activeElement.tagName") == "H2"
    tab.goto(tab.url.replace("#recovery", "#other-claim-1"))
    tab.wait_for_selector("#other-claim-1.target")
    assert tab.locator("#recovery").count() == 0
    tab.keyboard.press("Escape")
    tab.wait_for_selector("#front", state="visible")
    assert tab.locator("figure").count() == 0
    tab.go_back()
    tab.wait_for_selector("#other")


def test_a_link_to_a_claim_or_a_figure_leads_there(at):
    tab = at("#recovery-claim-2")
    tab.wait_for_selector("tr.target")
    assert "the error is small" in tab.locator("tr.target").inner_text()
    tab.click("tr.target a")
    tab.wait_for_selector("figure.target")
    assert tab.locator("figure.target").get_attribute("id") == "recovery-figure-1"


def test_filters_filter(at):
    tab = at()
    tab.click('[data-value="landscape"]')
    assert shown(tab, "a.card") == 1 and "other" in tab.locator("a.card:visible").inner_text()
    assert tab.locator("#found").inner_text() == "1 study"
    tab.click('[data-value="landscape"]')
    tab.click('[data-value="fails"]')
    assert shown(tab, "a.card") == 1 and shown(tab, "#claims li") == 1
    tab.click('[data-value="fails"]')
    tab.fill("#search", "plateau")
    assert shown(tab, "a.card") == 2 and shown(tab, "#claims li") == 2
    tab.fill("#search", "error is")
    assert shown(tab, "a.card") == 1 and tab.locator("#found").inner_text() == "1 study, 1 claim"
    tab.fill("#search", "no such words")
    assert shown(tab, "a.card") == 0 and shown(tab, "#claims li") == 0


def test_the_film_goes_by_keyboard_and_pausing_raises_nothing(at):
    tab = at(reduced_motion="reduce")
    time = tab.locator(".film input[type=range]")
    last = time.get_attribute("aria-valuetext")
    time.focus()
    tab.keyboard.press("ArrowLeft")
    assert time.get_attribute("aria-valuetext") != last
    tab.keyboard.press("ArrowRight")
    assert time.get_attribute("aria-valuetext") == last
    play = tab.locator(".film .play")
    tab.keyboard.press("Space")
    assert play.get_attribute("aria-pressed") == "true"
    play.click()
    assert play.get_attribute("aria-pressed") == "false"
    tab.wait_for_timeout(400)
    tab.locator(".film .scale").click()
    assert "logarithmic" in tab.locator(".film .scale").inner_text()
    box = tab.locator("canvas.risk").bounding_box()
    tab.mouse.click(box["x"] + 60, box["y"] + 60)
    assert time.get_attribute("aria-valuetext") != last


def test_motion_is_for_those_who_want_it(at):
    assert at(reduced_motion="reduce").locator(".play").get_attribute("aria-pressed") == "false"
    assert at(reduced_motion="no-preference").locator(".play").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("place", ["", "#recovery"])
def test_tab_reaches_every_control(at, place):
    tab = at(place, reduced_motion="reduce")
    if place:
        tab.wait_for_selector(".live.scene canvas")
    tab.wait_for_timeout(600)
    wanted = tab.evaluate(
        """() => { const all = [...document.querySelectorAll(
        'a[href], button, input:not([type=radio]), input:checked, summary, [tabindex="0"]')].filter((e) =>
        e.checkVisibility() && !e.closest('.plotly'));
        all.forEach((e, k) => (e.dataset.tab = k)); return all.length }"""
    )
    reached = set()
    for _ in range(3 * wanted + 40):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.dataset.tab"))
    assert {str(k) for k in range(wanted)} <= reached


def test_the_data_of_a_figure_is_saved(at):
    tab = at("#recovery")
    with tab.expect_download() as saved:
        tab.click('#recovery-figure-1 [data-save="csv"]')
    lines = saved.value.path().read_text().split("\n")
    assert lines[0].strip() == "panel,series,kind,row,column,x,y,z"
    assert len([line for line in lines if line.startswith("Risk in time,f,line,")]) == 150
    with tab.expect_download() as saved:
        tab.click('#recovery-figure-1 [data-save="json"]')
    content = json.loads(saved.value.path().read_text())
    assert [row["label"] for row in content["claims"]] == ["recovery rests on a plateau", "the error is small"]
    assert content["command"] == "condenslab run recovery --preset quick --seed 0"
    assert len(content["panels"]) == 3


def test_full_screen_shows_one_figure_in_large_type(at):
    tab = at("#recovery")
    tab.keyboard.press("f")
    tab.wait_for_selector("dialog[open] .stage svg")
    first = tab.locator("dialog .place").inner_text()
    size = tab.evaluate(
        """() => { const svg = document.querySelector('.stage svg'), box = svg.getBoundingClientRect();
        const [, , w, h] = svg.getAttribute('viewBox').split(' ');
        return 8 * Math.min(box.width / w, box.height / h) }"""
    )
    assert size >= 18
    tab.keyboard.press("ArrowRight")
    assert tab.locator("dialog .place").inner_text() != first
    for _ in range(8):
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(100)
    tab.keyboard.press("Escape")
    tab.wait_for_selector("dialog", state="hidden")
    assert tab.locator("#study h2").is_visible()


def test_colours_can_be_chosen(at):
    tab = at("#recovery", color_scheme="light")
    ink = "getComputedStyle(document.querySelector('svg.whole')).fill"
    light = tab.evaluate(ink)
    tab.click("#theme")
    tab.click("#theme")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark" and tab.evaluate(ink) != light
    assert at("#recovery", color_scheme="dark").evaluate(ink) != light


@pytest.mark.parametrize("width", [1400, 800, 390])
@pytest.mark.parametrize("place", ["", "#recovery"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_page(at, tmp_path, width, place, scheme):
    tab = at(place, width=width, color_scheme=scheme, reduced_motion="reduce")
    tab.wait_for_timeout(500)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    if place and width == 390:
        assert tab.locator("#recovery-figure-1 svg.part").count() == 3, "panels stand under one another"
    picture = tmp_path / "page.png"
    tab.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 20_000


def test_it_can_be_printed(at):
    tab = at("#recovery", color_scheme="dark")
    tab.emulate_media(media="print")
    assert shown(tab, "button") == 0
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(tab.pdf()) > 10_000


def test_the_first_picture_is_on_the_first_screen_within_half_a_second(at):
    tab = at(reduced_motion="reduce")
    assert tab.locator("canvas.function").bounding_box()["y"] < 450
    paint = tab.evaluate("performance.getEntriesByType('paint').map((entry) => entry.startTime)")
    assert paint and min(paint) < 500
