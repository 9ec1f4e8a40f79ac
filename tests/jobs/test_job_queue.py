"""Background jobs tell the truth, whoever is killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from synthcur.errors import InputError, NotFoundError, WorkerError
from synthcur.jobs import job_queue
from synthcur.jobs.processes import is_running, process_identity
from synthcur.settings import FitSettings, ScoreSettings, TrainSettings
from synthcur.store.job_states import FINISHED
from synthcur.store.store import Store


@pytest.fixture
def opened(tmp_path, small_collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    for job in store.active_jobs():
        if job.pid and process_identity(job.pid) == job.identity:
            os.killpg(job.pid, signal.SIGKILL)
    store.close()


def until(store, job_id, *states):
    """Poll until the job is in one of the states, however slow the machine is; return it."""
    while (job := store.job(job_id)).status not in states:
        assert job.status not in FINISHED, f"{job.status}: {job.what}\n{job_queue.log_tail(job)}"
        job_queue.poll(store)
        time.sleep(0.1)
    return job


def test_the_identity_of_a_process_is_not_that_of_a_later_one():
    sleeper = subprocess.Popen(["sleep", "60"])
    identity = process_identity(sleeper.pid)
    assert identity
    assert identity == process_identity(sleeper.pid)
    assert identity != process_identity(os.getpid())
    assert is_running(sleeper.pid, identity)
    assert not is_running(sleeper.pid, process_identity(os.getpid())), "the pid was given on"
    assert not is_running(None, identity)
    sleeper.kill()
    time.sleep(0.1)
    assert process_identity(sleeper.pid) == "", "a process that waits to be reaped counts as gone"
    sleeper.wait()
    assert process_identity(sleeper.pid) == ""
    assert not is_running(sleeper.pid, identity)
    assert not is_running(sleeper.pid, ""), "a job without a name for its process has none"


def test_arms_that_need_checkers_are_refused_before_anything_starts(opened, small_collection):
    with pytest.raises(InputError, match="imp need"):
        job_queue.submit_train(opened, small_collection.name, TrainSettings(arms=("ce", "imp")))
    with pytest.raises(InputError, match="Unknown arm 'magic'"):
        job_queue.submit_train(opened, small_collection.name, TrainSettings(arms=("magic",)))
    assert opened.jobs() == []


def test_a_killed_worker_is_known_with_its_log_at_hand(opened, small_collection):
    job = job_queue.submit_score(opened, small_collection.name, ScoreSettings())
    job = until(opened, job.id, "running")
    os.kill(job.pid, signal.SIGKILL)
    job = until(opened, job.id, "crashed")
    assert "stopped unexpectedly" in job.what
    assert str(job.folder / "log.txt") in job.fix
    assert isinstance(job_queue.log_tail(job), str)


def test_a_worker_whose_pid_belongs_to_somebody_else_is_not_touched(opened, small_collection):
    job = opened.add_job("score", small_collection.name, settings={}, scores={})
    opened.claim_job(job.id)
    sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
    opened.set_worker(job.id, pid=sleeper.pid, identity="another boot:1")
    assert job_queue.cancel(opened, job.id).status == "crashed"
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


def test_a_second_job_of_a_kind_waits_and_can_be_cancelled_while_waiting(opened, small_collection):
    first = job_queue.submit_score(opened, small_collection.name, ScoreSettings())
    second = job_queue.submit_score(opened, small_collection.name, ScoreSettings(seed=1))
    assert (first.status, second.status) == ("starting", "queued")
    assert job_queue.cancel(opened, second.id).status == "cancelled"
    assert second.pid is None


def test_cancel_ends_the_worker_and_the_next_job_starts(opened, small_collection):
    first = job_queue.submit_score(opened, small_collection.name, ScoreSettings())
    second = job_queue.submit_score(opened, small_collection.name, ScoreSettings(seed=1))
    first = until(opened, first.id, "running")
    assert job_queue.cancel(opened, first.id).status in ("cancelling", "cancelled")
    first = until(opened, first.id, "cancelled")
    while process_identity(first.pid):
        time.sleep(0.05)
    second = until(opened, second.id, "running")
    os.killpg(second.pid, signal.SIGKILL)
    until(opened, second.id, "crashed")


def test_a_job_cancelled_before_its_process_is_noted_ends_cancelled(
    opened, small_collection, monkeypatch
):
    started = subprocess.Popen

    def cancelled_meanwhile(*arguments, **options):
        process = started(*arguments, **options)
        (job,) = opened.active_jobs()
        assert job_queue.cancel(opened, job.id).status == "cancelling"
        return process

    monkeypatch.setattr(job_queue.subprocess, "Popen", cancelled_meanwhile)
    job = job_queue.submit_score(opened, small_collection.name, ScoreSettings())
    until(opened, job.id, "cancelled")


def test_a_worker_that_cannot_be_started_fails_in_words(opened, small_collection, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    job = job_queue.submit_score(opened, small_collection.name, ScoreSettings())
    assert job.status == "failed"
    assert "could not be started" in job.what


@pytest.mark.real
def test_a_job_outlives_its_server_and_its_words_are_read_on(tmp_path, small_collection):
    workspace = tmp_path / "ws"
    store = Store(workspace)
    store.add_collection(small_collection)
    store.close()
    code = textwrap.dedent(
        f"""
        import time
        from synthcur.jobs import job_queue
        from synthcur.settings import ScoreSettings
        from synthcur.store.store import Store
        store = Store({str(workspace)!r})
        job = job_queue.submit_score(store, {small_collection.name!r}, ScoreSettings())
        print(job.id, flush=True)
        while True:
            job_queue.poll(store)
            time.sleep(0.2)
        """
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    job_id = server.stdout.readline().strip()
    reader = Store(workspace)
    while reader.job(job_id).status in ("queued", "starting"):
        time.sleep(0.1)
    server.kill()
    server.wait()
    job = reader.job(job_id)
    assert process_identity(job.pid) == job.identity, "the worker died with its server"
    assert os.getpriority(os.PRIO_PROCESS, job.pid) > os.getpriority(os.PRIO_PROCESS, 0)
    job = until(reader, job_id, "done", "failed", "crashed")
    assert job.status == "done", f"{job.what}\n{job_queue.log_tail(job)}"
    assert "probe" in reader.scores(small_collection.name)
    reader.close()


@pytest.mark.real
def test_a_base_model_that_cannot_be_reached_fails_in_words(opened, small_collection, tmp_path):
    empty = tmp_path / "model"
    empty.mkdir()
    settings = TrainSettings(arms=("ce",), seeds=1, fit=FitSettings(base_model=str(empty)))
    job = job_queue.submit_train(opened, small_collection.name, settings)
    with pytest.raises(WorkerError, match="model"):
        job_queue.wait(opened, job.id)
    assert opened.job(job.id).status == "failed"


@pytest.mark.parametrize("act", [job_queue.resume, job_queue.cancel, job_queue.put_first])
def test_a_job_that_is_not_there_is_named_as_such(opened, act):
    with pytest.raises(NotFoundError):
        act(opened, "nowhere")
