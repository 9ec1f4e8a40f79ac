"""The review queue in a real browser: keys, mouse, what is shown, hostile text."""

import re

import pytest
from playwright.sync_api import expect

from synthcur.review.decisions import current_decisions
from synthcur.review.queues import QUEUES
from synthcur.ui.review.cards import TEXT_LENGTH, shown
from tests.browser.review_driver import (
    PLACE,
    SAMPLE,
    bench,
    open_bench,
    press,
    shown_texts,
    wait_until_saved,
)

__all__ = ["bench", "open_bench"]  # fixtures


def test_ten_presses_at_40_ms_are_ten_rows_in_order(bench, page):
    texts = shown_texts(page, 10)
    press(page, *"asaasaasaa", every_ms=40)
    wait_until_saved(page)
    log = bench.log
    assert bench.texts == texts
    assert [row.action[0] for row in log] == list("kukkukkukk")
    assert {row.annotator for row in log} == {"me"}
    assert {row.queue for row in log} == {"mislabelled"}
    expect(page.locator(PLACE)).to_have_text("11 of 25")


def test_every_decision_by_key_becomes_its_row(bench, page):
    current = page.locator(".label.now .name").first.inner_text().removesuffix("now").strip()
    other = next(i for i, label in enumerate(bench.collection.labels, 1) if label != current)
    press(page, str(other), "x", "2", "x", "Enter", "s", "x", "Escape", "a")
    wait_until_saved(page)
    log = bench.log
    assert [(row.action, row.reason) for row in log] == [
        ("relabel", ""),
        ("discard", "off topic"),
        ("discard", ""),
        ("unsure", ""),
        ("keep", ""),
    ]
    assert log[0].label == bench.collection.labels[other - 1]


def test_the_mouse_decides_like_the_keys(bench, page):
    page.locator(".actions .keep").click()
    page.locator(".actions .discard").click()
    page.get_by_role("button", name="not natural").click()
    page.locator(".label:not(.now):not(.head)").first.click()
    page.get_by_title("Undo", exact=True).click()
    wait_until_saved(page)
    actions = bench.actions
    assert actions == ["keep", "discard", "relabel", "undo"]


def test_typing_a_note_triggers_no_key(bench, page):
    before = page.locator(SAMPLE).inner_text()
    press(page, "n")
    page.keyboard.type("ask ax jk 123?", delay=20)
    page.keyboard.press("Enter")
    wait_until_saved(page)
    log = bench.log
    assert [(row.action, row.note) for row in log] == [("note", "ask ax jk 123?")]
    assert page.locator(SAMPLE).inner_text() == before
    expect(page.locator(".noted")).to_contain_text("ask ax jk 123?")


def test_typing_the_annotators_name_triggers_no_key(bench, page):
    field = page.get_by_label("Annotator")
    field.fill("")
    field.type("Saskia", delay=20)
    field.press("Enter")
    page.wait_for_timeout(500)
    assert bench.log == []
    page.locator(SAMPLE).click()
    press(page, "a")
    wait_until_saved(page)
    assert bench.log[0].annotator == "Saskia"
    page.reload()
    expect(page.get_by_label("Annotator")).to_have_value("Saskia")


def test_a_held_key_decides_once(bench, page):
    for _ in range(5):
        page.keyboard.down("a")
    page.keyboard.up("a")
    page.keyboard.press("Control+s")
    wait_until_saved(page)
    assert len(bench.log) == 1


def test_undo_goes_back_as_often_as_there_are_decisions(bench, page):
    first = page.locator(SAMPLE).inner_text()
    press(page, "a", "x", "1", "s", "u", "u", "u", "u")
    wait_until_saved(page)
    log = bench.log
    assert [row.action for row in log] == ["keep", "discard", "unsure", "undo", "undo", "undo"]
    assert current_decisions(log) == {}
    assert page.locator(SAMPLE).inner_text() == first
    expect(page.locator(".top")).to_contain_text("0 keep · 0 discard or relabel")


def test_undo_after_a_reload_takes_back_what_was_decided_before_it(bench, page):
    first = page.locator(SAMPLE).inner_text()
    press(page, "a")
    wait_until_saved(page)
    page.reload()
    page.wait_for_selector(SAMPLE)
    press(page, "u")
    wait_until_saved(page)
    assert bench.current == {}
    assert page.locator(SAMPLE).inner_text() == first


def test_hostile_text_and_labels_show_as_characters_and_fetch_nothing(
    open_bench, page, demo_server, hostile_collection
):
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    bench = open_bench(demo_server, hostile_collection)
    texts = {shown(text, TEXT_LENGTH) for text in hostile_collection.synthetic["text"]}
    for _ in range(8):
        assert page.locator(SAMPLE).evaluate("element => element.textContent") in texts
        press(page, "1", every_ms=100)
    wait_until_saved(page)
    assert page.locator(".review :is(img, script, a, iframe)").count() == 0
    assert [url for url in fetched if "beacon.invalid" in url] == []
    assert page.title() != "owned"
    assert len(bench.log) == 8


def test_the_end_of_a_queue_is_a_summary_with_a_way_to_what_was_left(bench, page):
    press(page, "j")
    for _ in range(24):
        page.wait_for_selector(SAMPLE)
        press(page, "a", every_ms=30)
    expect(page.locator(".summary")).to_contain_text("End of the queue: 24 of 25 decided")
    wait_until_saved(page)
    page.get_by_role("button", name="Go through the 1 undecided").click()
    expect(page.locator(PLACE)).to_have_text("1 of 25")
    press(page, "s")
    expect(page.locator(".summary")).to_contain_text("25 of 25 decided")
    wait_until_saved(page)
    assert len(bench.current) == 25
    expect(page.locator('[data-testid="stSidebar"]')).to_contain_text("25 rows, 25 done")


def test_keys_work_after_a_queue_was_chosen_with_the_mouse(bench, page):
    page.get_by_text(QUEUES["low_weight"].title, exact=True).click()
    expect(page.locator(".review h1")).to_have_text("Low weight")
    press(page, "a", "j")
    wait_until_saved(page)
    assert [(row.action, row.queue) for row in bench.log] == [("keep", "low_weight")]
    expect(page.locator(".review h1")).to_have_text("Low weight")


def test_the_random_check_does_not_show_what_the_checkers_think(bench, page):
    page.get_by_text(QUEUES["random"].title, exact=True).click()
    expect(page.locator(".review h1")).to_have_text("Random check")
    expect(page.locator(".why")).to_contain_text("Drawn at random.")
    assert page.locator(".review .bar").count() == 0
    expect(page.locator(".review .header")).not_to_contain_text("weight")


def test_on_the_map_opens_the_map_with_the_row_selected(bench, page):
    press(page, "m")
    page.wait_for_url("**/curate*")
    expect(page.locator('[data-testid="stMainBlockContainer"]')).to_contain_text(
        re.compile("1 (row selected|selected row)")
    )


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720)])
def test_the_actions_stay_in_view(bench, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(300)
    card = page.locator(".review .card").bounding_box()
    assert card is not None
    for button in page.locator(".actions button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= card["x"] + card["width"]


def test_look_alikes_take_one_decision_and_one_undo(bench, page):
    page.get_by_text(QUEUES["redundant"].title, exact=True).click()
    expect(page.locator(".review h1")).to_have_text("Redundant")
    press(page, "f")
    expect(page.locator(".review .alike")).to_have_count(1)
    press(page, "x")
    wait_until_saved(page)
    assert [(row.action, row.reason) for row in bench.log] == [("discard", "duplicate")] * 2
    press(page, "u")
    wait_until_saved(page)
    assert bench.current == {}
    press(page, "U")
    wait_until_saved(page)
    assert {row.action for row in bench.current.values()} == {"discard"}
    assert len(bench.current) == 2


def test_an_edit_is_a_new_version_and_the_old_text_stays_in_view(bench, page):
    before = page.locator(SAMPLE).inner_text()
    press(page, "e")
    page.keyboard.press("Control+a")
    page.keyboard.type("another text", delay=10)
    page.keyboard.press("Enter")
    wait_until_saved(page)
    expect(page.locator(SAMPLE)).to_have_text("another text")
    expect(page.locator(".review .text")).to_contain_text(before)
    (row,) = bench.log
    assert (row.action, row.text) == ("edit", "another text")
    press(page, "u")
    wait_until_saved(page)
    expect(page.locator(SAMPLE)).to_have_text(before)


def test_the_team_is_told_who_agrees_and_no_key_decides_behind_the_dialog(bench, page):
    page.get_by_role("button", name="Team", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Do people agree with the weights?")
    press(page, "a", "s", "x")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.locator(SAMPLE).click()
    press(page, "a")
    wait_until_saved(page)
    assert bench.actions == ["keep"]
