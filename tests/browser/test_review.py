"""The review queue in a real browser: keys, the operation log, reloads, crashes, hostile text."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from synthcur.queues import QUEUES
from synthcur.review import Decision, current_decisions
from synthcur.schema import Collection
from synthcur.store import Store
from synthcur.ui.review_cards import TEXT_LENGTH, shown
from synthcur.workspace import open_store
from tests.conftest import add_scores
from tests.serving import Server, served

SAMPLE = ".review .sample"
SAVED = ".review .saved"
PLACE = ".review .top h1 + .muted"


@dataclass(frozen=True)
class Bench:
    """A scored collection of a test's own, open in the browser."""

    collection: Collection
    server: Server
    store: Store

    @property
    def log(self) -> list[Decision]:
        return self.store.decisions(self.collection.name)

    @property
    def actions(self) -> list[str]:
        return [row.action for row in self.log]

    @property
    def current(self) -> dict[str, Decision]:
        return current_decisions(self.log)

    @property
    def texts(self) -> list[str]:
        """Texts of the samples in the log, in its order."""
        text_of = self.collection.synthetic.set_index("sample_id")["text"]
        return [text_of[row.sample_id] for row in self.log]


@pytest.fixture
def open_bench(page: Page, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    stores = []

    def put(server: Server, collection: Collection) -> Bench:
        own = replace(collection, name=f"{collection.name}-{tmp_path.name}"[:60])
        store = open_store(server.workspace)
        stores.append(store)
        store.add_collection(own)
        add_scores(store, own)
        open_review(page, server, own.name)
        return Bench(own, server, store)

    yield put
    for store in stores:
        store.close()


@pytest.fixture
def bench(
    open_bench: Callable[..., Bench], demo_server: Server, small_collection: Collection
) -> Bench:
    """The small collection on the shared server, its first queue open."""
    return open_bench(demo_server, small_collection)


def open_review(page: Page, server: Server, collection: str) -> None:
    page.goto(f"{server.url}/review?collection={collection}")
    page.wait_for_selector(SAMPLE)
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def wait_until_saved(page: Page) -> None:
    expect(page.locator(SAVED)).to_have_text("saved", timeout=30_000)


def press(page: Page, *keys: str, every_ms: int = 60) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(every_ms)


def shown_texts(page: Page, presses: int) -> list[str]:
    """Walk through the queue and back; return the texts in their order."""
    texts = []
    for _ in range(presses):
        texts.append(page.locator(SAMPLE).inner_text())
        press(page, "j")
    press(page, *["k"] * presses)
    return texts


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
        expect(page.locator(SAVED)).to_have_text("saved", timeout=30_000)
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
    bench.store.append_decision(
        bench.collection.name,
        sample_id=sample_id,
        annotator="Ben",
        action="discard",
        client_id="other",
        client_seq=1,
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


def test_two_tabs_of_one_person_do_not_overwrite_each_other(bench, page, server, small_collection):
    second = page.context.new_page()
    open_review(second, bench.server, bench.collection.name)
    press(page, "a")
    wait_until_saved(page)
    press(second, "s")
    expect(second.locator(".notice")).to_contain_text("me has decided this row meanwhile")
    assert bench.actions == ["keep"]


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
    press(page, "j", *["a"] * 24, every_ms=30)
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
