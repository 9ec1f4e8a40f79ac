"""What is edited is the text itself: every character that was not typed over stays as it was."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from playwright.sync_api import Locator, Page, expect

from synthcur.review.decisions import EDIT_LENGTH, NOTE_LENGTH
from synthcur.schema import SYNTHETIC, Collection
from synthcur.ui.review import queue
from synthcur.ui.review.cards import TEXT_LENGTH, shown
from tests.browser.review_driver import SAMPLE, Bench, open_bench, press, wait_until_saved

__all__ = ["open_bench"]  # fixtures

SCRIPT = (Path(queue.__file__).parent / "edit.js").read_text("utf-8")
FIELD = ".review textarea"
Opened = Callable[[str], Bench]


@pytest.fixture
def opened(open_bench, demo_server, small_collection: Collection) -> Opened:
    """Open a bench whose synthetic rows all have one text, behind their number."""

    def put(text: str) -> Bench:
        rows = small_collection.rows.copy()
        is_synthetic = rows["source"] == SYNTHETIC
        rows.loc[is_synthetic, "text"] = [f"{i} {text}" for i in range(is_synthetic.sum())]
        return open_bench(demo_server, replace(small_collection, rows=rows))

    return put


def edit(page: Page) -> Locator:
    """Open the field of the row shown and put the caret behind its number."""
    press(page, "e")
    field = page.locator(FIELD)
    expect(field).to_be_focused()
    field.evaluate("field => field.setSelectionRange(1, 1)")
    return field


def original(bench: Bench) -> str:
    """Return the text in the file of the row decided last."""
    text_of = bench.collection.synthetic.set_index("sample_id")["text"]
    return text_of[bench.log[-1].sample_id]


ODD = {
    "long": "word " * 1_203,
    "longer than any field of a form": "word " * 20_000,
    "direction marks": "\u200fשלום \u200e(abc)\u202e \u2066x\u2069",
    "Windows breaks": "one\r\ntwo\r\n\r\nfour\r\n",
    "old Macintosh breaks": "one\rtwo\r",
    "every kind of break": "one\r\ntwo\nthree\rfour\u2028five\u2029six\u0085seven\x0beight\x0cnine",
    "control characters": "\x00nul \x07bell \x1b[31m \x7f tab\tend",
    "invisible characters": "zero\u200bwidth \ufeffmark\u00adhyphen \u2060joiner",
    "blanks at the ends": "  padded \t\n ",
    "beyond the basic plane": "👩‍👩‍👧‍👦 𝔘𝔫𝔦 🏳️‍🌈 " * 300,
}


@pytest.mark.parametrize("kind", ODD)
def test_one_typed_letter_changes_nothing_else(opened, page, kind):
    bench = opened(ODD[kind])
    edit(page)
    page.keyboard.type("Z")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    before = original(bench)
    assert [(row.action, row.text) for row in bench.log] == [("edit", f"{before[:1]}Z{before[1:]}")]
    edited = shown(bench.log[0].text, TEXT_LENGTH)
    expect(page.locator(SAMPLE)).to_be_visible()
    assert page.locator(SAMPLE).evaluate("element => element.textContent") == edited


@pytest.mark.parametrize("kind", ODD)
def test_a_field_that_was_only_opened_saves_nothing(opened, page, kind):
    bench = opened(ODD[kind])
    edit(page)
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_count(0)
    press(page, "a")
    wait_until_saved(page)
    assert bench.actions == ["keep"]


def test_an_edit_of_an_edit_and_the_way_back_to_the_file(opened, page):
    bench = opened(ODD["every kind of break"])
    for letter in "ZY":  # the second one before the first need be stored
        edit(page)
        page.keyboard.type(letter)
        page.keyboard.press("Enter")
    wait_until_saved(page)
    before = original(bench)
    assert bench.log[-1].text == f"{before[:1]}YZ{before[1:]}"
    page.reload()
    page.wait_for_selector(SAMPLE)
    edit(page)
    press(page, "Delete", "Delete")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert (bench.log[-1].action, bench.log[-1].text) == ("edit", None)
    assert bench.store.decisions.state(bench.collection.name).texts == {}


def test_a_text_that_cannot_be_sent_is_refused_before_anybody_types(opened, page):
    bench = opened("x" * EDIT_LENGTH)
    press(page, "e")
    panel = page.locator(".review .panel")
    expect(panel).to_contain_text("This text is too long to be edited here")
    expect(panel).to_contain_text(f"up to {EDIT_LENGTH:,} can be edited")
    expect(page.locator(FIELD)).to_have_count(0)
    press(page, "Escape", "a")
    wait_until_saved(page)
    assert bench.actions == ["keep"]


def test_the_longest_text_that_can_be_edited_is_saved_whole_and_a_longer_one_stays_in_the_field(
    opened, page
):
    bench = opened("ж" * (EDIT_LENGTH - 5))
    field = edit(page)
    page.keyboard.type("ZZZZ")
    page.keyboard.press("Enter")
    expect(page.locator(".review .fault")).to_contain_text(f"at most {EDIT_LENGTH:,} can be saved")
    expect(field).to_be_visible()
    press(page, "Backspace", "Backspace", "Enter")
    wait_until_saved(page)
    before = original(bench)
    assert bench.log[-1].text == f"{before[:1]}ZZ{before[1:]}"


def test_a_note_keeps_its_breaks_and_what_is_pasted_too_long_is_not_cut(opened, page):
    bench = opened("text")
    name, note = bench.collection.name, "one\r\ntwo\u2028 three "
    sample = bench.collection.synthetic["sample_id"]
    for number, each in enumerate(sample, start=1):
        bench.store.turns.leave(name, "me")
        bench.store.decisions.append(
            name,
            sample_id=each,
            annotator="me",
            action="note",
            note=note,
            client_id="file",
            client_seq=number,
            expected_seq=0,
        )
    page.reload()
    page.wait_for_selector(SAMPLE)
    press(page, "n", "Enter", "n")
    field = page.locator(FIELD)
    field.evaluate("field => field.setSelectionRange(1, 1)")
    page.keyboard.insert_text("x" * NOTE_LENGTH)
    page.keyboard.press("Enter")
    expect(page.locator(".review .fault")).to_contain_text("2,016 characters; at most 2,000")
    page.keyboard.press("Control+z")
    page.keyboard.type("Z")
    page.keyboard.press("Enter")
    wait_until_saved(page)
    assert bench.log[-1].note == f"{note[:1]}Z{note[1:]}"
    assert len(bench.log) == len(sample) + 1


def unsaved(page: Page, bench: Bench, **changed: object) -> None:
    """Put an operation among those that the page has yet to send, and load the page again."""
    text_of = bench.collection.synthetic.set_index("text")["sample_id"]
    operation = {
        **{"client": "f" * 24, "seq": 1, "collection": bench.collection.name, "annotator": "me"},
        **{"action": "keep", "sample": text_of[page.locator(SAMPLE).inner_text()], "expected": 0},
        **{"queue": "mislabelled", "opening": "", "at": -1, **changed},
    }
    page.evaluate(
        "unsaved => sessionStorage.setItem('synthcur.review.unsaved', unsaved)",
        json.dumps([operation]),
    )
    page.reload()
    page.wait_for_selector(SAMPLE)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"action": "note", "note": "\ud83d"}, "Not saved: note. The note holds half a character"),
        ({"action": "edit", "text": "x" * 200_001}, "Not saved: edit. The new text has 200,001"),
        ({"action": "delete"}, "Not saved: delete. Unknown action"),
        ({"note": [1]}, "Not saved: keep. The decision cannot be read: its note is no text"),
    ],
)
def test_what_the_server_cannot_take_is_refused_by_name_and_the_queue_goes_on(
    opened, page, changed, words
):
    bench = opened("text")
    unsaved(page, bench, **changed)
    expect(page.locator(".notice")).to_contain_text(words)
    press(page, "a", "s")
    wait_until_saved(page)
    assert bench.actions == ["keep", "unsure"]
    page.reload()
    page.wait_for_selector(SAMPLE)
    expect(page.locator(".notice")).to_have_count(0)


def test_a_text_that_was_refused_is_in_its_field_again(opened, page):
    bench = opened("text")
    text = page.locator(SAMPLE).inner_text()
    sample = bench.collection.synthetic.set_index("text")["sample_id"][text]
    edit(page)
    page.keyboard.type("Z")
    bench.store.turns.leave(bench.collection.name, "me")
    bench.store.decisions.append(
        bench.collection.name,
        sample_id=sample,
        annotator="Ben",
        action="note",
        note="wait",
        client_id="other",
        client_seq=1,
        expected_seq=0,
    )
    page.keyboard.press("Enter")
    notice = page.locator(".notice")
    expect(notice).to_contain_text("Not saved: edit. Ben has decided this row meanwhile.")
    notice.get_by_role("button", name="Show the row").click()
    expect(page.locator(FIELD)).to_have_value(f"{text[:1]}Z{text[1:]}")
    page.locator(FIELD).press("Enter")
    wait_until_saved(page)
    assert bench.log[-1].text == f"{text[:1]}Z{text[1:]}"


LINES = some.lists(some.sampled_from(["", "a", "b", "long line"]), min_size=1, max_size=6)
BREAKS = some.sampled_from(["\n", "\r\n", "\r"])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=some.data())
def test_whatever_is_typed_every_line_that_stays_keeps_the_break_behind_it(page, data):
    lines = [f"{i} {line}" for i, line in enumerate(data.draw(LINES))]
    kinds = [data.draw(BREAKS) for _ in lines[1:]]
    text = lines[0] + "".join(kind + line for kind, line in zip(kinds, lines[1:], strict=True))
    stays = data.draw(some.lists(some.booleans(), min_size=len(lines), max_size=len(lines)))
    typed: list[str] = []
    for line, is_left in zip(lines, stays, strict=True):
        typed += data.draw(some.lists(some.sampled_from(["new", "newer"]), max_size=1))
        typed += [line] if is_left else []
    found = with_breaks(page, text, "\n".join(typed))
    assert found.replace("\r\n", "\n").replace("\r", "\n") == "\n".join(typed)
    for line, kind in zip(lines, kinds, strict=False):
        if line in typed[:-1]:
            behind = found[found.index(line) + len(line) :]
            assert behind.startswith(kind)
            assert kind != "\r" or not behind.startswith("\r\n")
    assert with_breaks(page, text, "\n".join(lines)) == text


def with_breaks(page: Page, text: str, typed: str) -> str:
    return page.evaluate(
        """async ([script, text, typed]) => {
            const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
            return (await import(address)).withBreaks(text, typed);
        }""",
        [SCRIPT, text, typed],
    )
