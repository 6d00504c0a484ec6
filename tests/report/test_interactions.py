"""What a reader can ask of a figure, in a browser: by mouse and by keyboard, at every width; the still one is kept."""

import pytest

pytestmark = pytest.mark.more
FIGURE = "#recovery-figure-3"


@pytest.fixture
def figure(at):
    def go_to(**options):
        tab = at("#recovery", reduced_motion="reduce", **options)
        tab.wait_for_selector(f"{FIGURE} .spot")
        return tab, tab.locator(FIGURE)

    return go_to


def test_a_place_says_what_it_is_and_opens_what_lies_behind(figure):
    tab, found = figure()
    found.locator(".spot").nth(1).hover()
    assert found.locator(".tip").inner_text() == "width 1×, n 4: error 0.1"
    found.locator(".spot").first.click()
    detail = found.locator(".live.detail")
    assert "seed 0\n0.001" in detail.inner_text()
    assert "seed 1\ndiverged" in detail.inner_text()
    found.locator(".spot").nth(3).click()
    assert detail.count() == 1 and detail.locator("canvas").count() == 2
    assert "2 neurons, 2 of them" in detail.locator(".neurons").get_attribute("aria-label")
    detail.locator("button").click()
    assert detail.count() == 0 and tab.locator(f"{FIGURE} svg.whole").is_visible()


def test_places_are_reached_by_arrow_keys_and_opened_by_enter(figure):
    tab, found = figure()
    assert found.locator('.spot[tabindex="0"]').count() == 1, "one stop for Tab"
    found.locator('.spot[tabindex="0"]').focus()
    said = "document.activeElement.getAttribute('aria-label')"
    assert tab.evaluate(said) == "width 1×, n 3: error 0.5" == found.locator(".tip").inner_text().split(" · ")[0]
    tab.keyboard.press("ArrowRight")
    assert tab.evaluate(said) == "width 1×, n 4: error 0.1"
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate(said) == "width 2×, n 4: error 1"
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate(said) == "width 2×, n 4: error 1", "nothing lies below"
    tab.keyboard.press("Enter")
    assert found.locator(".live.detail b").first.inner_text() == "width 2×, n 4: error 1"
    tab.keyboard.press("Escape")
    assert found.locator(".tip").count() == 0 and found.is_visible(), "the first Escape only hides the words"


def test_a_threshold_counts_and_moves_its_line(figure):
    tab, found = figure()
    spectrum, counts = found.locator(".live.threshold input").all()
    said = found.locator(".live.threshold output")
    assert said.first.inner_text() == "4 of 8 values above 3×10⁻⁴"
    before = found.locator("line.cut").first.get_attribute("y1")
    spectrum.focus()
    for _ in range(40):
        tab.keyboard.press("ArrowRight")
    assert said.first.inner_text().startswith("2 of 8 values above 0.0")
    assert float(found.locator("line.cut").first.get_attribute("y1")) < float(before), "higher"
    assert spectrum.get_attribute("aria-valuetext") == said.first.inner_text()
    assert said.nth(1).inner_text() == "at 0.2: 3 groups"
    counts.focus()
    for _ in range(60):
        tab.keyboard.press("ArrowLeft")
    assert said.nth(1).inner_text() == "at 0.1: 9 groups"


def test_a_heat_map_is_put_in_another_order_and_back(figure):
    _, found = figure()
    radios = found.locator(".live.orders input")
    assert [radio.input_value() for radio in radios.all()] == ["as drawn", "angle", "group", "time"]
    pictures = set()
    for name in ("angle", "group", "time"):
        found.get_by_label(f"by {name}").check()
        assert found.locator("image.order").count() == 1
        pictures.add(found.locator("image.order").get_attribute("href"))
    assert all(picture.startswith("data:image/png") for picture in pictures)
    found.get_by_label("as drawn").check()
    assert found.locator("image.order").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_all_works_where_panels_stand_under_one_another(figure, scheme):
    tab, found = figure(width=390, color_scheme=scheme)
    assert found.locator("svg.part").count() == 4
    assert found.locator(".spot").count() == 4, "each place once, in its own panel"
    for place in found.locator(".spot").all():
        place.scroll_into_view_if_needed()
        box, frame = place.bounding_box(), found.locator("svg.part").first.bounding_box()
        assert frame["x"] <= box["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"]
    found.locator(".spot").first.click()
    found.get_by_label("by time").check()
    assert found.locator(".live.detail").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_still_figure_is_what_is_printed(figure):
    tab, found = figure()
    found.locator(".spot").first.click()
    tab.emulate_media(media="print")
    assert found.locator("svg.whole").is_visible()
    assert not any(part.is_visible() for part in found.locator(".live, .over, .tip").all())


def test_a_surface_turns_by_keys_and_by_dragging(at):
    tab = at("#recovery", reduced_motion="reduce")
    canvas = tab.locator("#recovery-figure-4 .live.scene canvas")
    canvas.scroll_into_view_if_needed()
    seen = [canvas.screenshot()]
    said = [canvas.get_attribute("aria-label")]
    canvas.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowUp")
    box = canvas.bounding_box()
    for step in (None, (60, 30)):
        if step:
            tab.mouse.move(box["x"] + 50, box["y"] + 50)
            tab.mouse.down()
            tab.mouse.move(box["x"] + 50 + step[0], box["y"] + 50 + step[1])
            tab.mouse.up()
        seen.append(canvas.screenshot())
        said.append(canvas.get_attribute("aria-label"))
    assert len(set(seen)) == len(set(said)) == 3
    assert "with the lines up" in said[0] and tab.locator("#recovery-figure-4 svg.whole").is_visible()
