"""Whatever a browser sends: no message ends the queue, and every numbered operation is answered."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui.review.queue.exchange import acknowledgement, take_in

NAME = "small"
HALF = "\ud83d"


@pytest.fixture
def opened(tmp_path: Path, small_collection: Collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


def answer(store: Store, operations: Any, collection: Collection, **sent: Any) -> dict[str, Any]:
    ids = set(collection.synthetic["sample_id"])
    message = {"operations": operations, "number": "c:1"} | sent
    outcome = take_in(store, message, known=lambda name: (ids, collection.labels))
    return acknowledgement(store, message, outcome)


def raw(sample: str, seq: int = 1, **more: Any) -> dict[str, Any]:
    fields = {"client": "c", "collection": NAME, "annotator": "ana", "action": "keep"}
    return {**fields, "sample": sample, "seq": seq, "at": 0, **more}


def names(found: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["client"], each["seq"]) for each in found]


@pytest.mark.parametrize(
    ("junk", "said"),
    [
        ({"action": "edit", "text": "x" * 500_000}, "500,000 characters"),
        ({"action": "delete"}, "Unknown action 'delete'"),
        ({"note": 3}, "its note is no text"),
        ({"label": 0}, "its label is no text"),
        ({"action": "edit", "text": False}, "its text is no text"),
        ({"expected": "0"}, "what had been seen"),
        ({"expected": -1}, "what had been seen"),
        ({"alike": "s"}, "look-alikes are no list"),
        ({"alike": [{"sample": "s"}]}, "a look-alike is not named"),
        ({"alike": [{"sample": "s", "expected": 0}] * 2_001}, "2,001 look-alikes"),
        ({"note": "x" * 5_000}, "its note has 5,000 characters"),
        ({"action": "note", "note": "x" * 2_001}, "The note has 2,001 characters"),
        ({"action": "note", "note": HALF}, "The note holds half a character, U+D83D at place 1"),
        ({"action": "edit", "text": f"a{HALF}"}, "The text holds half a character, U+D83D"),
        ({"action": "relabel", "label": HALF}, "The label holds half a character"),
        ({"sample": HALF}, "The sample holds half a character"),
        ({"collection": HALF}, "The collection holds half a character"),
        ({"annotator": HALF}, "The annotator holds half a character"),
        ({"queue": HALF}, "The queue holds half a character"),
        ({"alike": [{"sample": HALF, "expected": 0}]}, "half a character"),
        ({"annotator": ["ana"]}, "its annotator is no text"),
        ({"client": 7}, "which page sent it"),
        ({"client": "c/1"}, "which page sent it"),
        ({"client": HALF}, "The client holds half a character"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_the_next_operation_stored(
    opened, small_collection, junk, said
):
    first, second = small_collection.synthetic["sample_id"][:2]
    sent = [raw(first, 1) | junk, raw(second, 2)]
    found = answer(opened, sent, small_collection)
    (refusal,) = found["refused"]
    assert refusal["seq"] == 1
    assert said in refusal["what"]
    assert names(found["acknowledged"]) == [("c", 2)]
    assert [row.sample_id for row in opened.decisions.log(NAME)] == [second]
    json.dumps(found).encode()


def test_an_error_nobody_has_thought_of_is_a_refusal_that_the_log_explains(
    opened, small_collection, monkeypatch, caplog
):
    first, second = small_collection.synthetic["sample_id"][:2]
    stored = opened.decisions.append_batch

    def failing(name: str, decisions: list, **fields: Any) -> int:
        if decisions[0].sample_id == first:
            raise RuntimeError("nobody has thought of this")
        return stored(name, decisions, **fields)

    monkeypatch.setattr(opened.decisions, "append_batch", failing)
    found = answer(opened, [raw(first, 1), raw(second, 2)], small_collection)
    (refusal,) = found["refused"]
    assert refusal["what"].startswith("The server met an error that it does not know (RuntimeE")
    assert names(found["acknowledged"]) == [("c", 2)]
    (record,) = caplog.records
    assert record.args[0] in refusal["what"]
    assert "nobody has thought of this" in caplog.text


def test_a_number_of_one_collection_or_person_is_not_that_of_another(opened, small_collection):
    opened.add_collection(replace(small_collection, name="second"))
    first, second, third = small_collection.synthetic["sample_id"][:3]
    for sent in (
        raw(first),
        raw(first, collection="second"),
        raw(second, annotator="ben"),
        raw(third, action="note", note="n", annotator="eva"),
    ):
        found = answer(opened, [sent], small_collection)
        assert (names(found["acknowledged"]), found["refused"]) == ([("c", 1)], [])
        latest = opened.decisions.log(sent["collection"])[-1]
        assert (latest.annotator, latest.sample_id) == (sent["annotator"], sent["sample"])
    assert (len(opened.decisions.log(NAME)), len(opened.decisions.log("second"))) == (3, 1)


def test_who_takes_over_a_tab_has_not_seen_what_the_one_before_sent_from_it(
    opened, small_collection
):
    sample = small_collection.synthetic["sample_id"][0]
    answer(opened, [raw(sample)], small_collection)
    found = answer(opened, [raw(sample, 2, annotator="ben", action="discard")], small_collection)
    assert found["refused"][0]["what"].startswith("ana has decided this row meanwhile.")


def test_an_operation_for_a_collection_that_is_not_there_is_refused(opened, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    found = answer(opened, [raw(sample, collection="gone")], small_collection)
    assert (found["acknowledged"], names(found["refused"])) == ([], [("c", 1)])


def test_a_number_used_for_another_decision_is_refused_and_not_taken_for_stored(
    opened, small_collection
):
    first, second = small_collection.synthetic["sample_id"][:2]
    answer(opened, [raw(first)], small_collection)
    others = (
        raw(second),
        raw(first, action="discard"),
        raw(first, action="undo"),
        raw(first, alike=[{"sample": second, "expected": 0}]),
    )
    for other in others:
        found = answer(opened, [other], small_collection)
        assert found["acknowledged"] == []
        assert "saved under the number of this" in found["refused"][0]["what"]
    again = answer(opened, [raw(first)], small_collection)
    assert (names(again["acknowledged"]), again["refused"]) == ([("c", 1)], [])
    assert len(opened.decisions.log(NAME)) == 1


def test_more_refusals_than_anybody_reads_are_all_told(opened, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    sent = [raw(sample, seq, action="delete") for seq in range(1, 301)]
    found = answer(opened, [*sent, raw(sample, 301)], small_collection)
    assert names(found["refused"]) == [("c", seq) for seq in range(1, 301)]
    assert names(found["acknowledged"]) == [("c", 301)]


TEXTS = some.one_of(
    some.text(max_size=6),
    some.sampled_from(["", "c", "c/1", NAME, "ana", " ", "\x00", HALF, "\u2028"]),
    some.sampled_from(["\u202e", "a\r\nb"]),
    some.sampled_from(["keep", "discard", "relabel", "unsure", "note", "edit", "undo", "redo"]),
    some.text(some.characters(categories=["Cs", "Cc", "Lu"]), max_size=4),
)
JUNK = some.recursive(
    some.one_of(
        *(some.none(), some.booleans(), some.floats(), TEXTS),
        some.integers(-(2**70), 2**70),
    ),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("client", "seq", "collection", "annotator", "action", "sample", "queue", "expected")
FIELDS += ("label", "note", "reason", "text", "alike", "at", "opening")


@some.composite
def operations(draw: some.DrawFn, samples: list[str]) -> Any:
    """An operation of which some fields are junk, or junk altogether."""
    if draw(some.integers(0, 9)) == 0:
        return draw(JUNK)
    action = draw(some.sampled_from(["keep", "relabel", "note", "edit", "undo", "redo"]))
    fields = raw(draw(some.sampled_from(samples)), draw(some.integers(1, 5)), action=action)
    fields |= {"label": "pests"} if action == "relabel" else {}
    fields |= {"text": draw(TEXTS)} if action == "edit" else {}
    for name in draw(some.lists(some.sampled_from(FIELDS), max_size=2)):
        fields[name] = draw(JUNK)
    return fields


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=some.data())
def test_no_message_raises_and_every_numbered_operation_is_answered_exactly_once(
    opened, small_collection, data
):
    sent = operations(small_collection.synthetic["sample_id"][:4].tolist())
    payload = data.draw(some.one_of(some.lists(sent, max_size=6), JUNK))
    found = answer(opened, payload, small_collection, number=data.draw(JUNK))
    json.loads(json.dumps(found))
    answered = names(found["acknowledged"]) + names(found["refused"])
    assert len(answered) == len(set(answered))
    assert found["trouble"] == ""
    wanted = {
        (each["client"] if isinstance(each.get("client"), str) else "", each["seq"])
        for each in (payload if isinstance(payload, list) else [])
        if isinstance(each, dict) and is_number(each.get("seq"))
    }
    assert set(answered) == wanted
    stored = {(row["client_id"], row["client_seq"]) for row in rows(opened)}
    assert set(names(found["acknowledged"])) <= stored


def is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def rows(store: Store) -> list[Any]:
    return store._db.rows("SELECT * FROM decision")
