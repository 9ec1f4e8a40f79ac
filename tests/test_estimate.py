"""Time of a job before it is started, by what finished runs took."""

from dataclasses import asdict

import pytest

from synthcur.estimate import estimate, rows_of_arm
from synthcur.settings import FitSettings, TrainSettings
from synthcur.spool import Spool

ROWS = {"synthetic": 100, "real": 20}


def add_run(store, settings, *, seconds, rows):
    job = store.add_job("train", "small", settings=asdict(settings), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("run_started", arm="ce", seed=0, steps=1)
    spool.append("run_done", arm="ce", seed=0, seconds=seconds, rows=rows)
    spool.append("done")
    spool.close()
    store.ingest(job.id)
    return job.number


def test_without_a_finished_run_of_the_model_no_time_is_said(fill, small_collection):
    store = fill(small_collection)
    add_run(store, TrainSettings(fit=FitSettings(base_model="other")), seconds=10, rows=100)
    found = estimate(store, TrainSettings(arms=("ce", "imp"), seeds=3), ROWS)
    assert (found.n_runs, found.seconds, found.measured_on) == (6, None, None)


def test_time_follows_rows_epochs_arms_and_seeds(fill, small_collection):
    store = fill(small_collection)
    number = add_run(store, TrainSettings(fit=FitSettings(epochs=2)), seconds=10, rows=100)
    settings = TrainSettings(arms=("ce", "ce_both", "ce_real"), seeds=2, fit=FitSettings(epochs=4))
    found = estimate(store, settings, ROWS)
    # 10 s for 100 rows in 2 epochs: 0.05 s a row; (100 + 120 + 20) rows, 4 epochs, 2 seeds.
    assert found.seconds == pytest.approx(0.05 * 240 * 4 * 2)
    assert found.measured_on == number


def test_the_newest_runs_decide_and_one_slow_run_does_not(fill, small_collection):
    store = fill(small_collection)
    for seconds in (900, 10, 10, 500, 10, 10):
        number = add_run(store, TrainSettings(fit=FitSettings(epochs=1)), seconds=seconds, rows=100)
    settings = TrainSettings(arms=("ce",), seeds=1, fit=FitSettings(epochs=1))
    found = estimate(store, settings, ROWS)
    assert found.seconds == pytest.approx(10)
    assert found.measured_on == number


def test_arms_read_the_rows_they_train_on():
    assert [rows_of_arm(arm, ROWS) for arm in ("imp", "ce_real", "ce_both")] == [100, 20, 120]
