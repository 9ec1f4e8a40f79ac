"""Time of a job before it is started, by what finished runs took."""

from dataclasses import asdict, replace

import pytest

from synthcur.jobs.estimate import estimate
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.spool import Spool

ROWS = {"synthetic": 96, "real": 32, "validation": 0}
FIT = FitSettings(batch_size=32)


def add_run(store, settings, *, seconds, steps):
    job = store.add_job("train", "small", settings=asdict(settings), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("run_started", arm="ce", seed=0, steps=steps)
    spool.append("run_done", arm="ce", seed=0, seconds=seconds, rows=96)
    spool.append("done")
    spool.close()
    store.ingest(job.id)
    return job.number


def test_without_a_measured_step_of_the_model_no_time_is_said(fill, small_collection):
    store = fill(small_collection)
    add_run(store, TrainSettings(fit=FitSettings(base_model="other")), seconds=10, steps=3)
    found = estimate(store, TrainSettings(arms=("ce", "imp"), seeds=3), ROWS)
    assert (found.n_runs, found.seconds, found.measured_on) == (6, None, None)


def test_time_follows_rows_epochs_arms_and_seeds(fill, small_collection):
    store = fill(small_collection)
    number = add_run(store, TrainSettings(fit=FIT), seconds=9.6, steps=6)
    settings = TrainSettings(arms=("ce", "ce_both"), seeds=2, fit=replace(FIT, epochs=4))
    found = estimate(store, settings, ROWS)
    # 9.6 s for 6 batches of 32 rows: 0.05 s a row; (96 + 128) rows, 4 epochs, 2 seeds.
    assert found.seconds == pytest.approx(0.05 * 224 * 4 * 2)
    assert found.measured_on == number


def test_real_rows_alone_take_as_many_steps_as_the_synthetic_ones(fill, small_collection):
    store = fill(small_collection)
    add_run(store, TrainSettings(fit=FIT), seconds=9.6, steps=6)
    many = {"synthetic": 3200, "real": 320, "validation": 0}
    seconds = {
        arm: estimate(store, TrainSettings(arms=(arm,), seeds=1, fit=FIT), many).seconds
        for arm in ("ce", "ce_real")
    }
    assert seconds["ce_real"] == pytest.approx(seconds["ce"])


def test_a_run_of_many_epochs_over_few_rows_is_measured_by_its_steps(fill, small_collection):
    """A run of real rows alone passes them as often as it takes, whatever its settings say."""
    store = fill(small_collection)
    settings = TrainSettings(fit=replace(FIT, epochs=1))
    add_run(store, settings, seconds=30, steps=20)
    found = estimate(store, TrainSettings(arms=("ce",), seeds=1, fit=settings.fit), ROWS)
    assert found.seconds == pytest.approx(30 / 20 * 3)


def test_the_newest_runs_decide_and_one_slow_run_does_not(fill, small_collection):
    store = fill(small_collection)
    for seconds in (900, 10, 10, 500, 10, 10):
        number = add_run(store, TrainSettings(fit=FIT), seconds=seconds, steps=3)
    settings = TrainSettings(arms=("ce",), seeds=1, fit=replace(FIT, epochs=1))
    found = estimate(store, settings, ROWS)
    assert found.seconds == pytest.approx(10)
    assert found.measured_on == number


def test_steps_of_a_run_that_goes_on_or_was_stopped_are_a_measure_too(fill, small_collection):
    store = fill(small_collection)
    job = store.add_job("train", "small", settings=asdict(TrainSettings(fit=FIT)), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    run = {"arm": "ce", "seed": 0}
    spool.append("run_started", **run, steps=30)
    for step, rate in ((10, 4.0), (20, 48.0), (30, 96.0)):
        spool.append("metric", **run, step=step, epoch=step / 3, loss=1.0, samples_per_s=rate)
    spool.close()
    store.ingest(job.id)
    settings = TrainSettings(arms=("ce",), seeds=1, fit=replace(FIT, epochs=1))
    found = estimate(store, settings, ROWS)
    assert (found.seconds, found.measured_on) == (pytest.approx(96 / 48), job.number)
    number = add_run(store, TrainSettings(fit=FIT), seconds=10, steps=3)
    found = estimate(store, settings, ROWS)
    assert (found.seconds, found.measured_on) == (pytest.approx(10), number)


def test_a_probe_counts_as_reading_its_rows_and_never_as_a_measure(fill, small_collection):
    store = fill(small_collection)
    add_run(store, TrainSettings(fit=FIT), seconds=9.6, steps=6)
    probe = TrainSettings(arms=("probe_both",), seeds=2, fit=replace(FIT, steps=5000))
    assert estimate(store, probe, ROWS).seconds == pytest.approx(0.05 * 128 / 3 * 2)
    before = estimate(store, TrainSettings(fit=FIT), ROWS)
    add_run(store, TrainSettings(fit=FIT), seconds=0.1, steps=None)
    assert estimate(store, TrainSettings(fit=FIT), ROWS) == before
