"""The time left is read from the pace of the work, not from what came before it."""

import pytest

from synthcur.store.spool import Spool, read_spool
from synthcur.worker import progress
from synthcur.worker.progress import PACE_RECORDS, Progress


@pytest.fixture
def left(tmp_path, monkeypatch):
    """Tell (second, done) pairs of 1,000 units and return the times left that were told."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def tell(*pairs):
        path = tmp_path / "spool.jsonl"
        told = Progress(Spool(path), "train", "Training", total=1_000)
        for now[0], done in pairs:
            told(done)
        records, _ = read_spool(path, 0)
        return [record["eta_s"] for record in records]

    return tell


def test_loading_is_no_part_of_the_pace(left):
    assert left((60.0, 10), (61.0, 20)) == [None, None, 98.0]


def test_what_a_resumed_job_finds_done_took_no_time(left):
    assert left((60.0, 900), (61.0, 910)) == [None, None, 9.0]


def test_the_pace_is_that_of_the_last_records(left):
    slow = [(100.0 * n, n) for n in range(1, 301)]
    quick = [(30_000.0 + n, 300 + n) for n in range(1, PACE_RECORDS + 1)]
    assert left(*slow, *quick)[-1] == pytest.approx(1_000 - 300 - PACE_RECORDS)


def test_nothing_is_left_at_the_end(left):
    assert left((60.0, 1_000)) == [None, 0.0]
