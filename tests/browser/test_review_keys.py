"""The bench by keyboard alone: every action, the rail, keys of one's own, history of a row."""

import re
from dataclasses import replace

from playwright.sync_api import Locator, Page, expect

from synthcur.review.queues import QUEUES
from tests.browser.review_driver import SAMPLE, bench, open_bench, press, wait_until_saved

__all__ = ["bench", "open_bench"]  # fixtures

HAS_FOCUS = "element => element.contains(document.activeElement)"


def tab_to(page: Page, target: Locator, *, most: int = 80) -> None:
    """Press Tab until an element has the focus, as somebody without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate(HAS_FOCUS):
            return
    raise AssertionError(f"{most} presses of Tab do not reach {target}")


def test_the_whole_page_works_by_keyboard_alone(bench, page):
    press(page, "a", "s", "x", "2", "k", "1", every_ms=150)
    press(page, "n")
    page.keyboard.type("by key")
    press(page, "Enter", "e")
    page.keyboard.press("Control+a")
    page.keyboard.type("another text")
    press(page, "Enter", "u", "U", every_ms=300)
    wait_until_saved(page)
    actions = bench.actions
    assert actions[:3] == ["keep", "unsure", "discard"]
    assert actions[-4:] == ["note", "edit", "undo", "undo"], "a redo takes back the undo"
    press(page, "?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    press(page, "Escape")
    expect(sheet).to_be_hidden()

    tab_to(page, page.get_by_role("radiogroup"))
    page.keyboard.press("ArrowDown")
    expect(page.locator(".review h1")).to_have_text(QUEUES["low_weight"].title)
    press(page, "a")
    wait_until_saved(page)
    assert bench.log[-1].queue == "low_weight"

    tab_to(page, page.get_by_role("button", name="Team", exact=True))
    page.keyboard.press("Enter")
    team = page.get_by_role("dialog", name="Team and guidelines")
    expect(team).to_be_visible()
    page.keyboard.press("Escape")
    expect(team).to_have_count(0)
    press(page, "m")
    page.wait_for_url("**/curate*")


def test_a_key_of_ones_own_takes_the_place_of_the_usual_one_and_outlives_a_reload(bench, page):
    press(page, "?")
    page.get_by_role("button", name="Replace the key of: keep as it is").click()
    press(page, "x")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("x already does something else")
    page.get_by_role("button", name="Replace the key of: keep as it is").click()
    press(page, "q", "Escape")
    expect(page.locator(".actions .keep kbd")).to_have_text("q")
    page.reload()
    page.wait_for_selector(SAMPLE)
    press(page, "a", "q")
    wait_until_saved(page)
    assert bench.actions == ["keep"], "the usual key does nothing any more"
    press(page, "?")
    page.get_by_role("button", name="Usual keys").click()
    press(page, "Escape", "a")
    wait_until_saved(page)
    assert bench.actions == ["keep", "keep"]


def test_the_history_of_a_row_says_who_did_what_and_strikes_out_what_was_taken_back(bench, page):
    press(page, "x", "2", "u", "a", "k", every_ms=200)
    wait_until_saved(page)
    expect(page.get_by_title("History", exact=True)).to_be_enabled()
    press(page, "h")
    past = page.locator(".review .past")
    expect(past).to_have_text(
        [
            re.compile("me.*kept"),
            re.compile("me.*took back: discarded: off topic"),
            re.compile("me.*discarded: off topic"),
        ]
    )
    expect(page.locator(".review .past s")).to_have_text(["discarded: off topic"])
    press(page, "h")
    expect(past).to_have_count(0)


def test_a_filter_leaves_the_rows_that_match_and_typing_in_it_is_no_key(bench, page):
    text = page.locator(SAMPLE).inner_text()
    word = max(re.findall(r"\w+", text), key=len)
    page.get_by_role("button", name="Filter").click()
    field = page.get_by_label("Words in the text")
    field.fill(word)
    field.press("Enter")
    expect(page.locator('[data-testid="stSidebar"]')).to_contain_text("rows of the queue match")
    expect(page.locator(SAMPLE)).to_contain_text(word)
    assert bench.log == []


def test_g_shows_the_guidelines_of_every_label_and_goes_back(
    open_bench, page, demo_server, small_collection
):
    written = {label: f"What {label} means." for label in small_collection.labels}
    bench = open_bench(demo_server, replace(small_collection, guidelines=written))
    guides = page.locator(".review .guide")
    few, every = guides.count(), len(bench.collection.labels)
    assert 0 < few < every
    press(page, "g")
    expect(guides).to_have_count(every)
    press(page, "j")
    expect(guides).to_have_count(every)
    press(page, "k")
    page.get_by_role("button", name="Those of this row only").click()
    expect(guides).to_have_count(few)
    assert bench.log == []


def test_the_queue_of_the_map_says_what_is_missing_and_leads_to_the_map(bench, page):
    page.get_by_text(QUEUES["map"].title, exact=True).click()
    expect(page.locator(".summary")).to_contain_text("No row is selected on the map")
    press(page, "a", "x", "m")
    page.get_by_role("button", name="Select rows on the map").click()
    page.wait_for_url("**/curate*")
    expect(page.get_by_text("1 row selected")).to_have_count(0)
    assert bench.log == []
