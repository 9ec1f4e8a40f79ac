"""A log folded as it grows comes to what folding all of it gives, and each row is read once."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from harness.collections import make_collection
from synthcur.review import decisions as review
from synthcur.review.decisions import Decision, effective_collection
from synthcur.review.log_state import LogFold, LogState
from synthcur.store.store import Store

SAMPLES, PEOPLE = ("s0", "s1", "s2"), ("ana", "ben")

STEPS = some.lists(
    some.tuples(
        some.sampled_from(PEOPLE),
        some.sampled_from(SAMPLES),
        some.sampled_from((*review.ACTIONS, "undo", "undo", "redo")),
        some.integers(1, 3),
    ),
    max_size=30,
)


def write(log: list[Decision], step: tuple[str, str, str, int]) -> None:
    """Add the rows of one step as the store would: a batch, or what an undo or redo writes."""
    annotator, sample_id, action, size = step
    fold = folded(log)
    if action in ("undo", "redo"):
        taken = fold.next_undo(annotator) if action == "undo" else fold.next_redo(annotator)
        wanted = [(each.sample_id, "undo", each.seq) for each in taken]
    else:
        first = SAMPLES.index(sample_id)
        wanted = [(each, action, None) for each in SAMPLES[first : first + size]]
    batch = len(log) + 1 if len(wanted) > 1 else None
    for each, act, undoes in wanted:
        extra = {"relabel": {"label": "b"}, "note": {"note": "n"}, "edit": {"text": "t"}}
        log.append(
            Decision(
                seq=len(log) + 1,
                sample_id=each,
                annotator=annotator,
                action=act,
                undoes=undoes,
                batch=batch,
                **extra.get(act, {}),
            )
        )


def folded(log: list[Decision]) -> LogFold:
    fold = LogFold()
    fold.take_in(log)
    return fold


@settings(max_examples=150, deadline=None)
@given(STEPS, some.integers(1, 7))
def test_rows_taken_in_bit_by_bit_come_to_what_the_whole_log_comes_to(steps, at_once):
    log: list[Decision] = []
    for step in steps:
        write(log, step)
    fold = LogFold()
    for start in range(0, len(log), at_once):
        fold.take_in(log[start : start + at_once])
        state = fold.state()
    if not log:
        return
    stands = review.standing(log)
    assert state.current == review.current_decisions(log)
    assert state.notes == review.current_notes(log)
    assert state.texts == review.current_texts(log)
    assert state.versions == {row.sample_id: row.seq for row in log}
    for annotator in PEOPLE:
        own = [row for row in stands if row.annotator == annotator]
        assert list(state.own.get(annotator, ())) == own
        assert fold.next_undo(annotator)[-1:] == own[-1:]
    for sample_id, given_by in state.verdicts.items():
        for annotator, row in given_by.items():
            own = [
                each
                for each in stands
                if (each.annotator, each.sample_id) == (annotator, sample_id)
                and each.action in review.VERDICTS
            ]
            assert row.seq == own[-1].seq


@settings(max_examples=100, deadline=None)
@given(STEPS, some.integers(1, 8))
def test_as_many_redos_as_undos_bring_everything_back(steps, times):
    log: list[Decision] = []
    for step in steps:
        write(log, step)
    write(log, ("ana", "s0", "keep", 1))
    before = folded(log).state()
    undone = 0
    for _ in range(times):
        length = len(log)
        write(log, ("ana", "", "undo", 0))
        undone += len(log) > length
    for _ in range(undone):
        write(log, ("ana", "", "redo", 0))
    after = folded(log).state()
    assert (after.current, after.notes, after.texts, after.own) == (
        before.current,
        before.notes,
        before.texts,
        before.own,
    )


def test_a_decision_ends_the_redo():
    log: list[Decision] = []
    for action in ("keep", "undo", "discard"):
        write(log, ("ana", "s0", action, 1))
    assert folded(log).next_redo("ana") == []


def test_an_undo_takes_back_the_annotators_own_latest_standing_decision():
    log: list[Decision] = []
    steps = [("ana", "s0", "keep"), ("ana", "s1", "keep"), ("ben", "s2", "discard")]
    for annotator, sample_id, action in [*steps, ("ana", "", "undo")]:
        write(log, (annotator, sample_id, action, 1))
    fold = folded(log)
    assert [row.seq for row in fold.next_undo("ana")] == [1]
    assert fold.state().latest_of("ana") == log[0]
    assert fold.state().latest_of("eve") is None


def test_a_state_stays_what_it_was_while_the_log_grows():
    fold = LogFold()
    assert fold.state() == LogState()
    fold.take_in([Decision(seq=1, sample_id="s0", action="keep", annotator="ana")])
    before = fold.state()
    fold.take_in([Decision(seq=2, sample_id="s0", action="discard", annotator="ana")])
    assert before.current["s0"].action == "keep"
    assert before is not fold.state()
    assert fold.state() is fold.state()


@pytest.fixture
def opened(tmp_path, small_collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


@pytest.fixture(scope="module")
def big_collection():
    """600 synthetic rows."""
    labels = ("delivery", "pests")
    rows = [("synthetic", "train", f"text {i}", labels[i % 2]) for i in range(600)]
    rows += [("real", "train", f"real {i}", labels[i % 2]) for i in range(4)]
    return make_collection("big", rows, labels)


def fill(store: Store, name: str, sample_ids: list[str], rows: int) -> None:
    """Put rows into the log at once, as many years of work would."""
    with store._db.transaction() as db:
        db.executemany(
            "INSERT INTO decision(collection, sample_id, annotator, action, note, reason, queue, "
            "client_id, client_seq, created_at) VALUES (?,?,?,?,'','','','old',?,?)",
            [
                (name, sample_ids[i % len(sample_ids)], "ana", "keep", i, float(i))
                for i in range(1, rows + 1)
            ],
        )


def test_a_message_reads_only_the_rows_that_came_since_the_last(opened, small_collection):
    name, samples = small_collection.name, small_collection.synthetic["sample_id"].tolist()
    fill(opened, name, [*samples, *(f"s{i}" for i in range(50_000))], 50_000)
    opened.decisions.state(name)
    assert opened.decisions.rows_read == 50_000
    for seq in range(1, 11):
        opened.decisions.append(
            name, sample_id=samples[seq], annotator="me", action="keep", client_id="c",
            client_seq=seq, expected_seq=opened.decisions.state(name).versions[samples[seq]],
        )  # fmt: skip
        opened.turns.take(name, "me", samples)
        opened.decisions.undo(name, annotator="me", client_id="d", client_seq=seq)
    assert len(opened.decisions.log(name)) == 50_020
    assert opened.decisions.rows_read == 50_020


def test_a_row_that_another_process_adds_is_seen(opened, small_collection):
    other = Store(opened.workspace)
    sample = small_collection.synthetic["sample_id"][0]
    assert opened.decisions.state("small").current == {}
    other.decisions.append(
        "small",
        sample_id=sample,
        annotator="ben",
        action="keep",
        client_id="o",
        client_seq=1,
        expected_seq=0,
    )
    other.close()
    assert opened.decisions.state("small").current[sample].annotator == "ben"


def _write_and_fail(store: Store, sample: str) -> None:
    with store._db.transaction() as db:
        db.execute(
            "INSERT INTO decision(collection, sample_id, annotator, action, note, reason, queue, "
            "client_id, client_seq, created_at) VALUES ('small',?,'a','keep','','','','c',1,0)",
            (sample,),
        )
        raise ZeroDivisionError


def test_what_was_rolled_back_is_not_part_of_the_state(opened, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(opened, sample)
    assert opened.decisions.log("small") == []


def test_undo_of_a_bulk_discard_of_500_rows_restores_the_exact_state(tmp_path, big_collection):
    store = Store(tmp_path / "ws")
    store.add_collection(big_collection)
    name, samples = big_collection.name, big_collection.synthetic["sample_id"].tolist()
    for seq, (action, label) in enumerate([("relabel", "pests"), ("discard", None)], start=1):
        store.decisions.append(
            name, sample_id=samples[seq], annotator="ana", action=action, label=label,
            client_id="c", client_seq=seq, expected_seq=0,
        )  # fmt: skip

    def state() -> str:
        return effective_collection(big_collection, store.decisions.log(name)).fingerprint

    before = state()
    discards = [Decision(sample_id=each, action="discard", annotator="ana") for each in samples]
    begun = time.perf_counter()
    seen = [0] * 500
    store.decisions.append_batch(name, discards[:500], "c", 3, expected=seen)
    assert state() != before
    assert store.decisions.append_batch(name, discards[:500], "c", 3, expected=seen), (
        "sent again, it is stored once"
    )
    assert store.decisions.undo(name, annotator="ana", client_id="c", client_seq=4) is not None
    assert time.perf_counter() - begun < 5
    assert state() == before
    assert store.decisions.count(name) == 2 + 500 + 500
    assert store.decisions.redo(name, annotator="ana", client_id="c", client_seq=5) is not None
    assert len(effective_collection(big_collection, store.decisions.log(name)).synthetic) == 100
    store.close()
