"""The server's end of the review queue: operations of a browser become rows of the store once."""

from pathlib import Path

import pytest

from synthcur.errors import StoreError
from synthcur.review.decisions import current_decisions
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui.review.queue.operations import (
    MOST_AT_ONCE,
    Operation,
    Outcome,
    Refusal,
    apply_operations,
    read_operations,
)

NAME = "small"


@pytest.fixture
def opened(tmp_path: Path, small_collection: Collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


@pytest.fixture
def known(small_collection: Collection):
    ids = set(small_collection.synthetic["sample_id"])
    return lambda name: (ids, small_collection.labels)


@pytest.fixture
def samples(small_collection: Collection) -> list[str]:
    return small_collection.synthetic["sample_id"].tolist()


def operation(seq: int, sample: str, action: str = "keep", **more: object) -> Operation:
    fields = {"client": "c", "collection": NAME, "annotator": "ana", "queue": "random", **more}
    return Operation(seq=seq, sample=sample, action=action, **fields)


def test_operations_are_stored_in_order_with_who_where_and_why(opened, known, samples):
    sent = [
        operation(1, samples[0]),
        operation(2, samples[1], "discard", reason="off topic"),
        operation(3, samples[2], "relabel", label="pests"),
        operation(4, samples[2], "note", note="see photo"),
    ]
    assert apply_operations(opened, sent, known=known) == Outcome()
    log = opened.decisions.log(NAME)
    assert [row.action for row in log] == ["keep", "discard", "relabel", "note"]
    assert [row.sample_id for row in log] == [samples[0], samples[1], samples[2], samples[2]]
    assert (log[1].reason, log[2].label, log[3].note) == ("off topic", "pests", "see photo")
    assert {(row.annotator, row.queue) for row in log} == {("ana", "random")}
    assert opened.decisions.acknowledged(NAME, "ana", "c") == 4


def test_a_batch_sent_again_and_grown_is_stored_once(opened, known, samples):
    first = [operation(1, samples[0]), operation(2, samples[0], "undo")]
    apply_operations(opened, first, known=known)
    apply_operations(opened, [*first, operation(3, samples[1])], known=known)
    assert [row.action for row in opened.decisions.log(NAME)] == ["keep", "undo", "keep"]


def test_a_stale_operation_is_refused_and_the_next_one_stored(opened, known, samples):
    apply_operations(
        opened, [operation(1, samples[0], "discard", client="b", annotator="ben")], known=known
    )
    outcome = apply_operations(
        opened, [operation(1, samples[0]), operation(2, samples[1])], known=known
    )
    (refusal,) = outcome.refused
    assert (refusal.client, refusal.seq) == ("c", 1)
    assert refusal.what.startswith("ben has decided this row meanwhile.")
    assert {row.action for row in current_decisions(opened.decisions.log(NAME)).values()} == {
        "discard",
        "keep",
    }


def test_an_operation_that_has_seen_the_other_decision_is_stored(opened, known, samples):
    apply_operations(opened, [operation(1, samples[0], "discard", client="b")], known=known)
    seen = opened.decisions.log(NAME)[-1].seq
    outcome = apply_operations(opened, [operation(1, samples[0], expected=seen)], known=known)
    assert outcome == Outcome()


def test_an_undo_of_something_else_than_was_seen_is_refused(opened, known, samples):
    apply_operations(opened, [operation(1, samples[0])], known=known)
    apply_operations(opened, [operation(1, samples[1], client="other tab")], known=known)
    outcome = apply_operations(opened, [operation(2, samples[0], "undo")], known=known)
    assert "another window" in outcome.refused[0].what
    assert len(opened.decisions.log(NAME)) == 2


def test_an_undo_with_nothing_left_is_refused(opened, known, samples):
    outcome = apply_operations(opened, [operation(1, samples[0], "undo")], known=known)
    assert outcome.refused[0].what == "There is nothing left to undo."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sample": "gone"}, "No synthetic sample"),
        ({"action": "delete"}, "Unknown action"),
        ({"action": "relabel", "label": "no such label"}, "not a label"),
        ({"annotator": " "}, "name cannot be used"),
        ({"action": "discard", "reason": "<b>"}, "Unknown reason"),
    ],
)
def test_a_meaningless_operation_is_refused(opened, known, samples, changed, said):
    fields = {"sample": samples[0], "action": "keep", **changed}
    outcome = apply_operations(opened, [operation(1, **fields)], known=known)
    assert said in outcome.refused[0].what
    assert opened.decisions.log(NAME) == []


def test_an_unknown_queue_is_not_written_into_the_log(opened, known, samples):
    apply_operations(opened, [operation(1, samples[0], queue="<script>")], known=known)
    assert opened.decisions.log(NAME)[0].queue == ""


def test_a_workspace_that_cannot_be_written_ends_the_batch(opened, known, samples, monkeypatch):
    stored = opened.decisions.append_batch

    def failing(name: str, decisions: list, *, client_seq: int, **fields: object) -> int:
        if client_seq == 2:
            raise StoreError("The disk is full.", fix="Make room.")
        return stored(name, decisions, client_seq=client_seq, **fields)

    sent = [operation(seq, samples[seq]) for seq in (1, 2, 3)]
    monkeypatch.setattr(opened.decisions, "append_batch", failing)
    assert apply_operations(opened, sent, known=known).trouble == "The disk is full. Make room."
    assert opened.decisions.acknowledged(NAME, "ana", "c") == 1
    monkeypatch.undo()
    assert apply_operations(opened, sent, known=known) == Outcome()
    assert [row.sample_id for row in opened.decisions.log(NAME)] == samples[1:4]


RAW = {
    "client": "c",
    "seq": 1,
    "collection": NAME,
    "annotator": "ana",
    "action": "keep",
    "sample": "s",
    "at": 3,
    "opening": "x",
}


def test_an_operation_is_read_from_what_the_browser_sends():
    (found,) = read_operations([RAW])
    assert found == Operation(
        client="c", seq=1, collection=NAME, annotator="ana", action="keep", sample="s"
    )


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "keep",
        {"client": "c"},
        [None, 3, "x"],
        [{**RAW, "seq": "1"}],
        [{**RAW, "seq": True}],
        [{**RAW, "seq": -1}],
        [{**RAW, "seq": 2**60}],
    ],
)
def test_what_has_no_number_cannot_be_answered_and_is_left_out(payload):
    assert read_operations(payload) == []


def test_a_batch_has_an_upper_size():
    sent = [{**RAW, "seq": seq} for seq in range(MOST_AT_ONCE + 5)]
    assert len(read_operations(sent)) == MOST_AT_ONCE


def test_one_name_in_a_message_is_one_operation():
    assert len(read_operations([RAW, RAW | {"action": "discard"}])) == 1


def test_where_people_sign_in_nobody_decides_under_another_name(opened, known, samples):
    sent = [operation(1, samples[0]), operation(2, samples[1], annotator="ben")]
    outcome = apply_operations(opened, sent, known=known, signed_in="ben")
    (refusal,) = outcome.refused
    assert refusal.seq == 1
    assert refusal.what.startswith("This was decided as ana, and ben is signed in.")
    assert [row.annotator for row in opened.decisions.log(NAME)] == ["ben"]


def test_one_decision_about_look_alikes_is_stored_undone_and_redone_as_one(opened, known, samples):
    alike = tuple((sample, 0) for sample in samples[1:4])
    first = operation(1, samples[0], "discard", reason="duplicate", alike=alike)
    assert apply_operations(opened, [first, first], known=known) == Outcome()
    assert set(opened.decisions.state(NAME).current) == set(samples[:4])
    sent = [first, operation(2, samples[0], "undo"), operation(3, samples[0], "redo")]
    apply_operations(opened, sent[:2], known=known)
    assert opened.decisions.state(NAME).current == {}
    apply_operations(opened, sent, known=known)
    assert set(opened.decisions.state(NAME).current) == set(samples[:4])
    assert opened.decisions.acknowledged(NAME, "ana", "c") == 3


def test_ones_own_batch_is_not_stale_to_oneself(opened, known, samples):
    alike = ((samples[1], 0),)
    sent = [operation(1, samples[0], alike=alike), operation(2, samples[1], "discard")]
    assert apply_operations(opened, sent, known=known) == Outcome()


@pytest.mark.parametrize(
    "changed",
    [
        {"client": ""},
        {"client": "c/1"},
        {"sample": ["s"]},
        {"label": 3},
        {"note": "x" * 5_000},
        {"alike": "s"},
        {"alike": [{"sample": 1, "expected": 0}]},
        {"alike": [{"sample": "s", "expected": -1}]},
        {"text": 3},
    ],
)
def test_what_has_a_number_and_cannot_be_read_is_refused(changed):
    (refusal,) = read_operations([RAW | changed])
    assert isinstance(refusal, Refusal)
    assert refusal.seq == 1


def test_a_redo_with_nothing_undone_is_refused(opened, known, samples):
    outcome = apply_operations(opened, [operation(1, samples[0], "redo")], known=known)
    assert outcome.refused[0].what == "There is nothing left to redo."
