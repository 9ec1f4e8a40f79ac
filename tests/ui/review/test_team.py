"""What the team is told, and that it tells how sure that is."""

import json
from dataclasses import replace

from synthcur.review import agreement
from synthcur.review.agreement import Audit
from synthcur.review.decisions import Decision
from synthcur.ui.review.messages import queues
from synthcur.ui.review.team import (
    agreement_in_words,
    audit_in_words,
    log_lines,
    people,
    weights_in_words,
    weights_test,
)
from tests.support.reviewing import bench_of, decided


def _by(annotator, bench, row, action, seq, **more):
    return replace(decided(bench, row, action, seq, **more), annotator=annotator)


def test_people_stand_in_alphabetical_order_above_the_numbers_of_all_together(small_collection):
    plain = bench_of(small_collection)
    log = [
        _by("ben", plain, 0, "keep", 1),
        _by("ben", plain, 1, "discard", 2),
        _by("ana", plain, 2, "keep", 3),
        _by("eva", plain, 2, "note", 4, note="only a note"),
    ]
    table = people(bench_of(small_collection, log))
    assert table["Annotator"].tolist() == ["ana", "ben", "all together"]
    assert table["Decisions"].tolist() == [1, 2, 3]
    assert table["Changed"].tolist() == ["0 %", "50 %", "33 %"]
    assert people(bench_of(small_collection, log[:2]))["Annotator"].tolist() == ["ben"]


def test_agreement_comes_with_its_interval_and_number_of_rows(small_collection):
    plain = bench_of(small_collection)
    log = [
        _by(who, plain, row, "discard" if (row + (who == "ben" and row == 3)) % 2 else "keep", seq)
        for seq, (row, who) in enumerate(
            ((row, who) for row in range(12) for who in ("ana", "ben")), start=1
        )
    ]
    lines = agreement_in_words(bench_of(small_collection, log))
    assert lines[0].startswith("Cohen’s kappa of ana and ben: 0.8")
    assert "[" in lines[0]
    assert lines[0].endswith("12 rows.")
    assert lines[-1] == "1 of 12 rows judged differently."
    assert "Set an overlap" in agreement_in_words(plain)[0]


def test_the_test_of_the_weights_reads_the_random_check_alone(small_collection):
    plain = bench_of(small_collection)
    rows = queues(plain, ())["random"]
    log = [
        decided(plain, row, "discard" if i < 5 else "keep", i + 1)
        for i, row in enumerate(rows.rows[:20])
    ]
    found = weights_test(bench_of(small_collection, log), rows.sample_ids)
    assert set(found) == {"P′", "Q", "Weight"}
    assert (found["Weight"].n_positive, found["Weight"].n_negative) == (5, 15)
    assert len(weights_in_words(found)) == 4
    assert len(weights_in_words(weights_test(plain, rows.sample_ids))) == 1


def test_the_audit_says_before_and_after_of_what_and_how_sure():
    lines = audit_in_words(Audit(5, 50, 0.043, 0.214, 2, 48, 0.012, 0.14))
    assert lines == [
        "In the file: 5 of 50, 10.0 % [4.3 %, 21.4 %].",
        "As the other queues have left it: 2 of 48, 4.2 % [1.2 %, 14.0 %].",
        "Stop rule: the upper end of that interval below 10 %. It is 14.0 %: go on.",
    ]
    good = audit_in_words(Audit(5, 80, 0.027, 0.138, 1, 80, 0.002, 0.067))
    assert good[-1].endswith("It is 6.7 %: you can stop.")
    assert len(audit_in_words(agreement.audit({}, {}))) == 1


def test_the_downloaded_log_holds_every_row_with_who_when_what_and_why(small_collection):
    plain = bench_of(small_collection)
    log = [
        _by("ana", plain, 0, "discard", 1, reason="off topic", created_at=5.0),
        _by("ben", plain, 1, "note", 2, note="naïve\n</script>"),
        _by("ana", plain, 0, "undo", 3, undoes=1),
    ]
    read = [Decision(**json.loads(line)) for line in log_lines(log).decode().splitlines()]
    assert read == log
