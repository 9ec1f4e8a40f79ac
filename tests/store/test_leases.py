"""Whose turn a row is: one person at a time, two where a second opinion is wanted."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from synthcur.errors import ConflictError, InputError
from synthcur.review.decisions import Decision
from synthcur.store import decision_rows, leases
from synthcur.store.store import Store

NAME = "small"


@pytest.fixture
def opened(tmp_path, small_collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


@pytest.fixture
def samples(small_collection):
    return small_collection.synthetic["sample_id"].tolist()


def decide(store: Store, sample: str, annotator: str, *, seen: int = 0, **more) -> int:
    decide.number += 1
    fields = {"action": "keep", "client_id": annotator, "client_seq": decide.number, **more}
    return store.decisions.append(
        NAME, sample_id=sample, annotator=annotator, expected_seq=seen, **fields
    )


decide.number = 0


def test_nobody_gets_a_row_that_somebody_has_and_who_holds_all_makes_room(opened, samples):
    assert opened.turns.take(NAME, "ana", samples).mine == frozenset(samples)
    assert not opened.turns.take(NAME, "ben", samples).mine
    ana = opened.turns.take(NAME, "ana", samples)
    ben = opened.turns.take(NAME, "ben", samples)
    assert len(ana.mine) == len(samples) // 2
    assert leases.LEAST_LEASED <= len(ben.mine) <= len(samples) // 2
    assert not ana.mine & ben.mine
    assert ben.taken == ana.mine


def test_rows_are_given_from_the_annotators_place_on(opened, samples):
    ana = opened.turns.take(NAME, "ana", samples, start=30, first=(samples[3],))
    assert {samples[3], *samples[30:]} < ana.mine


def test_a_decision_about_a_row_that_another_has_is_refused(opened, samples):
    opened.turns.take(NAME, "ana", samples[:5])
    with pytest.raises(ConflictError, match="ana has this row before them now"):
        decide(opened, samples[0], "ben")
    assert decide(opened, samples[0], "ana")


def test_a_lease_ends_and_the_late_one_is_told(opened, samples):
    opened.turns.take(NAME, "ana", samples[:5], seconds=-1)
    ben = opened.turns.take(NAME, "ben", samples[:5])
    assert ben.mine == frozenset(samples[:5])
    with pytest.raises(ConflictError, match="ben has this row"):
        decide(opened, samples[0], "ana")
    decide(opened, samples[0], "ben")
    with pytest.raises(ConflictError, match="ben has decided this row meanwhile"):
        decide(opened, samples[0], "ana")


def test_a_late_decision_counts_while_nobody_else_wanted_the_row(opened, samples):
    opened.turns.take(NAME, "ana", samples[:5], seconds=-1)
    assert decide(opened, samples[0], "ana")


def test_what_others_decided_is_not_offered_until_they_take_it_back(opened, samples):
    decide(opened, samples[0], "ben")
    assert opened.turns.take(NAME, "ana", samples[:2]).mine == {samples[1]}
    opened.decisions.undo(NAME, annotator="ben", client_id="ben", client_seq=10_000)
    assert opened.turns.take(NAME, "ana", samples[:2]).taken == frozenset()


def test_rows_of_the_overlap_go_to_two_people_neither_of_whom_is_stale(opened, samples):
    opened.turns.set_overlap(NAME, 1.0)
    ana, ben, eva = (opened.turns.take(NAME, each, samples[:4]) for each in ("ana", "ben", "eva"))
    assert ana.mine & ben.mine
    assert not eva.mine & ana.mine & ben.mine
    both = next(iter(ana.mine & ben.mine))
    decide(opened, both, "ana")
    decide(opened, both, "ben", action="discard")
    with pytest.raises(ConflictError):
        decide(opened, both, "eva")
    assert set(opened.decisions.state(NAME).verdicts[both]) == {"ana", "ben"}


def test_a_late_second_opinion_leaves_its_place_to_whoever_holds_the_row(opened, samples):
    opened.turns.set_overlap(NAME, 1)
    opened.turns.take(NAME, "tom", samples[:1], seconds=-1)
    decide(opened, samples[0], "ana")
    assert opened.turns.take(NAME, "eva", samples[:1]).mine
    with pytest.raises(ConflictError, match="eva has this row before them now"):
        decide(opened, samples[0], "tom")
    assert decide(opened, samples[0], "eva", seen=1)


def test_a_row_that_others_decided_is_no_longer_given_to_who_holds_it(opened, samples):
    opened.turns.take(NAME, "eva", samples[:4])
    by_ana = Decision(sample_id=samples[0], action="keep", annotator="ana")
    with opened._db.transaction() as db:  # as by a release that did not ask who holds it
        decision_rows.append(db, NAME, [by_ana], "ana", 1)
    assert samples[0] not in opened.turns.take(NAME, "eva", samples[:4]).mine


def test_a_redo_is_refused_once_the_freed_row_is_somebody_elses(opened, samples):
    decide(opened, samples[0], "ana")
    opened.decisions.undo(NAME, annotator="ana", client_id="ana", client_seq=101)
    seen = opened.decisions.state(NAME).seq
    opened.turns.take(NAME, "ben", samples[:1])
    with pytest.raises(ConflictError, match="ben has this row before them now"):
        opened.decisions.redo(NAME, annotator="ana", client_id="ana", client_seq=102)
    decide(opened, samples[0], "ben", seen=seen)
    with pytest.raises(ConflictError, match="ben has decided this row meanwhile"):
        opened.decisions.redo(NAME, annotator="ana", client_id="ana", client_seq=103)
    assert set(opened.decisions.state(NAME).verdicts[samples[0]]) == {"ben"}


def test_the_overlap_is_the_share_that_was_asked_for():
    ids = [f"s{i}" for i in range(5_000)]
    drawn = {each for each in ids if leases.is_shared(each, 0.2)}
    assert 0.18 < len(drawn) / len(ids) < 0.22
    assert drawn < {each for each in ids if leases.is_shared(each, 0.5)}
    assert not any(leases.is_shared(each, 0.0) for each in ids)
    assert all(leases.is_shared(each, 1.0) for each in ids)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_an_overlap_that_is_no_share_is_refused(opened, share):
    with pytest.raises(InputError, match="no share"):
        opened.turns.set_overlap(NAME, share)


def test_who_leaves_frees_their_rows(opened, samples):
    opened.turns.take(NAME, "ana", samples)
    opened.turns.leave(NAME, "ana")
    assert opened.turns.take(NAME, "ben", samples).mine == frozenset(samples)


def test_a_turn_that_changes_nothing_writes_nothing(opened, samples):
    opened.turns.take(NAME, "ana", samples)
    before = opened._db.rows("SELECT * FROM lease ORDER BY sample_id")
    for place in range(leases.MOST_LEASED // 2):
        opened.turns.take(NAME, "ana", samples, start=place)
    after = opened._db.rows("SELECT * FROM lease ORDER BY sample_id")
    assert [tuple(row) for row in before] == [tuple(row) for row in after]


def test_a_batch_with_one_row_of_somebody_else_is_refused_as_a_whole(opened, samples):
    opened.turns.take(NAME, "ana", samples[:1])
    rows = [Decision(sample_id=each, action="discard", annotator="ben") for each in samples[:3]]
    with pytest.raises(ConflictError):
        opened.decisions.append_batch(NAME, rows, "ben", 1, expected=[0, 0, 0])
    assert opened.decisions.log(NAME) == []


STEPS = some.lists(
    some.tuples(
        some.sampled_from(("ana", "ben", "eva")),
        some.sampled_from(("turn", "decide", "undo", "redo", "late")),
        some.integers(0, 39),
    ),
    min_size=5,
    max_size=40,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS, some.sampled_from((0.0, 0.5)))
def test_whatever_people_do_no_row_is_held_or_decided_by_more_than_may(
    tmp_path_factory, small_collection, steps, share
):
    store = Store(tmp_path_factory.mktemp("ws"))
    store.add_collection(small_collection)
    store.turns.set_overlap(NAME, share)
    samples = small_collection.synthetic["sample_id"].tolist()
    for number, (annotator, what, place) in enumerate(steps, start=1):
        if what in ("turn", "late"):
            seconds = -1.0 if what == "late" else 60.0
            store.turns.take(NAME, annotator, samples, start=place, seconds=seconds)
        elif what == "undo":
            store.decisions.undo(NAME, annotator=annotator, client_id=annotator, client_seq=number)
        elif what == "redo":
            with suppress(ConflictError):
                store.decisions.redo(
                    NAME, annotator=annotator, client_id=annotator, client_seq=number
                )
        else:
            try:
                decide(store, samples[place], annotator, seen=0, client_seq=number)
            except ConflictError:
                continue
        held = store._db.rows(
            "SELECT sample_id, COUNT(*) AS n FROM lease WHERE sample_id != '' GROUP BY sample_id"
        )
        assert all(row["n"] <= leases.places(row["sample_id"], share) for row in held)
        for sample_id, given_by in store.decisions.state(NAME).verdicts.items():
            assert len(given_by) <= leases.places(sample_id, share)
    store.close()
