"""Decisions on their way: reloads, killed servers, two tabs, several people in one queue."""

import os
import re
import signal

from playwright.sync_api import expect

from harness.serving import served
from tests.browser.review_driver import (
    SAMPLE,
    SAVED,
    bench,
    open_bench,
    open_review,
    press,
    shown_texts,
    wait_until_saved,
)

__all__ = ["bench", "open_bench"]  # fixtures


def test_a_reload_continues_and_back_reaches_what_was_decided(bench, page):
    texts = shown_texts(page, 10)
    press(page, *"a" * 9)
    wait_until_saved(page)
    page.reload()
    page.wait_for_selector(SAMPLE)
    assert page.locator(SAMPLE).inner_text() == texts[9]
    for text in reversed(texts[:9]):  # more than the browser was sent with the reload
        press(page, "k")
        expect(page.locator(SAMPLE)).to_have_text(text)
        expect(page.locator(".verdict")).to_have_text(re.compile("kept"))


def test_decisions_that_a_killed_server_never_got_are_stored_once_after_a_reload(
    open_bench, page, server, small_collection
):
    bench = open_bench(server, small_collection)
    texts = shown_texts(page, 3)
    server.process.send_signal(signal.SIGSTOP)
    press(page, "a", "s", "a")
    expect(page.locator(SAVED)).to_have_text("3 unsaved")
    server.kill()
    port = int(server.url.rsplit(":", 1)[1])
    with served(server.workspace, port=port) as again:
        questions = []
        page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.accept()))
        open_review(page, again, bench.collection.name)
        wait_until_saved(page)
        page.reload()
        page.wait_for_selector(SAMPLE)
        page.wait_for_timeout(1_000)
    log = bench.log
    assert bench.texts == texts
    assert [row.action for row in log] == ["keep", "unsure", "keep"]
    assert questions[:1] == ["beforeunload"]


def test_an_open_tab_saves_by_itself_when_a_killed_server_is_back(
    open_bench, page, server, small_collection
):
    bench = open_bench(server, small_collection)
    texts = shown_texts(page, 4)
    press(page, "a")
    wait_until_saved(page)
    server.kill()
    press(page, "s", "a")
    expect(page.locator(SAVED)).to_have_text("2 unsaved")
    with served(server.workspace, port=int(server.url.rsplit(":", 1)[1])):
        expect(page.locator(SAVED)).to_have_text("saved")
        press(page, "a")
        wait_until_saved(page)
    assert bench.texts == texts
    assert bench.actions == ["keep", "unsure", "keep", "keep"]


def test_decisions_that_arrive_twice_are_stored_once(bench, page):
    server = bench.server
    server.process.send_signal(signal.SIGSTOP)
    press(page, "a", "a", "a")
    page.wait_for_timeout(4_000)
    os.kill(server.process.pid, signal.SIGCONT)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector(SAMPLE)
    wait_until_saved(page)
    assert len({row.sample_id for row in bench.log}) == 3
    assert len(bench.log) == 3


def test_a_row_decided_elsewhere_meanwhile_is_refused_and_shown(bench, page):
    text = page.locator(SAMPLE).inner_text()
    rows = bench.collection.synthetic
    sample_id = rows[rows["text"] == text]["sample_id"].item()
    bench.store.turns.leave(bench.collection.name, "me")  # as after ten minutes of silence
    bench.store.decisions.append(
        bench.collection.name,
        sample_id=sample_id,
        annotator="Ben",
        action="discard",
        client_id="other",
        client_seq=1,
        expected_seq=0,
    )
    press(page, "a", "s")
    notice = page.locator(".notice")
    expect(notice).to_contain_text("Not saved: keep. Ben has decided this row meanwhile.")
    wait_until_saved(page)
    assert bench.current[sample_id].annotator == "Ben"
    assert bench.actions == ["discard", "unsure"]
    notice.get_by_role("button", name="Show the row").click()
    assert page.locator(SAMPLE).inner_text() == text
    expect(page.locator(".verdict")).to_contain_text("discarded")


def test_two_tabs_of_one_person_do_not_overwrite_each_other(bench, page):
    second = page.context.new_page()
    open_review(second, bench.server, bench.collection.name)
    press(page, "a")
    wait_until_saved(page)
    press(second, "s")
    expect(second.locator(".notice")).to_contain_text("me has decided this row meanwhile")
    assert bench.actions == ["keep"]


def test_two_people_in_one_queue_are_shown_different_rows(bench, page):
    press(page, "a")
    wait_until_saved(page)
    second = page.context.browser.new_context().new_page()
    second.context.add_cookies(
        [{"name": "synthcur-annotator", "value": "Ben", "url": bench.server.url}]
    )
    second.goto(f"{bench.server.url}/review?collection={bench.collection.name}")
    expect(second.locator(".review .top")).to_contain_text("with others")
    press(page, "a")  # from her next message on, she who holds all the rows holds fewer
    wait_until_saved(page)
    second.get_by_role("button", name="Ask whether rows of others are free now").click()
    second.get_by_role("button", name=re.compile("Go through the .* undecided")).click()
    expect(second.locator(SAMPLE)).to_be_visible()
    for _ in range(3):
        press(page, "a", every_ms=300)
        press(second, "s", every_ms=300)
    wait_until_saved(page)
    wait_until_saved(second)
    log = bench.log
    assert len({row.sample_id for row in log}) == len(log) == 8
    assert [row.annotator for row in log].count("Ben") == 3
    assert second.locator(".notice").count() == 0
    second.context.close()


def test_nobody_is_led_to_rows_that_others_decided_meanwhile(bench, page):
    second = page.context.browser.new_context().new_page()
    second.context.add_cookies(
        [{"name": "synthcur-annotator", "value": "Ben", "url": bench.server.url}]
    )
    address = f"{bench.server.url}/review?collection={bench.collection.name}"
    second.goto(address)
    expect(second.locator(".review .top")).to_contain_text("with others")
    press(page, "a")
    wait_until_saved(page)
    second.goto(address)
    further = re.compile("Ask whether rows of others are free now|Go through the .* undecided")
    for number in range(60):
        one = (page, second)[number % 2]
        if one.locator(SAMPLE).count():
            press(one, "a", every_ms=150)
        elif one.get_by_role("button", name=further).count():
            one.get_by_role("button", name=further).click()
            one.wait_for_timeout(300)
    for one in (page, second):
        wait_until_saved(one)
        expect(one.locator(".review .summary")).to_contain_text("25 of 25 decided")
        assert one.locator(".notice").count() == 0
    assert {row.annotator for row in bench.log} == {"me", "Ben"}
    assert len(bench.log) == len({row.sample_id for row in bench.log}) == 25
    press(second, "k")
    last = [row for row in bench.log if row.annotator == "Ben"][-1]
    expect(second.locator(SAMPLE)).to_have_text(bench.texts[bench.log.index(last)])
    second.context.close()
