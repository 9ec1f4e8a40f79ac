"""The process that waits for a short job: takes one, leaves unused, never outlives its server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness import killing
from synthcur.jobs import job_queue
from synthcur.jobs.processes import process_identity
from synthcur.jobs.warm_worker import Spare
from synthcur.settings import ScoreSettings
from synthcur.store.store import Store

TAKES_ONE = "import pathlib, sys; line = sys.stdin.readline().strip()\n"
TAKES_ONE += "line and pathlib.Path(line, 'taken').write_text('by the spare')"


def spare(**changes) -> Spare:
    command = [sys.executable, "-c", TAKES_ONE]
    return Spare(command, cwd=Path.cwd(), env=os.environ, **changes)


def waiting(spare: Spare) -> subprocess.Popen:
    assert spare._process is not None
    return spare._process


def test_the_waiting_process_takes_one_job_and_ends_with_it(tmp_path):
    kept = spare()
    kept.prepare()
    first = waiting(kept)
    kept.prepare()
    assert waiting(kept) is first, "one waits, however often it is asked for"
    assert kept.take(tmp_path) is first
    assert first.wait(20) == 0
    assert (tmp_path / "taken").read_text() == "by the spare"
    assert kept.take(tmp_path) is None, "nobody waits any more"


def test_a_process_that_was_killed_while_it_waited_is_not_given_a_job(tmp_path):
    kept = spare()
    kept.prepare()
    waiting(kept).kill()
    waiting(kept).wait()
    assert kept.take(tmp_path) is None
    kept.prepare()
    waiting(kept).kill()
    waiting(kept).wait()
    kept.prepare()
    assert waiting(kept).poll() is None, "the next one takes its place"
    kept.dismiss()


def test_an_unused_process_leaves_by_itself_and_when_told(tmp_path):
    unused, told = spare(idle_s=0.2), spare()
    unused.prepare()
    told.prepare()
    processes = waiting(unused), waiting(told)
    told.dismiss()
    told.dismiss()
    for process in processes:
        assert process.wait(20) == 0


def test_a_process_that_cannot_be_started_is_no_failure(tmp_path):
    nobody = Spare(["/nowhere/python"], cwd=tmp_path, env={})
    nobody.prepare()
    assert nobody.take(tmp_path) is None
    nobody.dismiss()


SERVER = """
import time
from synthcur.jobs import job_queue
spare = job_queue.spare()
spare.prepare()
print(spare._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.real
def test_the_waiting_process_leaves_with_its_killed_server(monkeypatch):
    monkeypatch.setenv(job_queue.SPARE_VARIABLE, "1")
    command = [sys.executable, "-c", SERVER]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert process_identity(pid)
    server.kill()
    server.wait()
    give_up = time.monotonic() + 600
    while process_identity(pid) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert process_identity(pid) == ""


@pytest.mark.real
def test_a_job_of_the_waiting_process_is_like_any_other(tmp_path, monkeypatch):
    """Same arrays to the last bit, a log of its own, and an end that is noticed."""
    monkeypatch.setenv(job_queue.SPARE_VARIABLE, "1")
    kept, found = job_queue.spare(), []
    for is_prepared in (False, True):
        store = Store(tmp_path / f"ws{is_prepared}")
        store.add_collection(killing.collection())
        if is_prepared:
            kept.prepare()
            pid = waiting(kept).pid
        job = job_queue.submit_score(store, killing.NAME, ScoreSettings(), waiting=kept)
        assert not is_prepared or job.pid == pid
        job = killing.follow(store, job.id)
        assert job.status == "done", f"{job.what}\n{job_queue.log_tail(job)}"
        assert not killing.orphans(store), "the process ends with its job"
        found.append(killing.scored_arrays(store, job.id))
        if is_prepared:
            kept.prepare()
            job = job_queue.submit_score(store, killing.NAME, ScoreSettings(seed=1), waiting=kept)
            assert job.pid
            os.kill(job.pid, signal.SIGKILL)
            assert killing.follow(store, job.id).status == "crashed"
            kept.prepare()
            job = job_queue.submit_score(store, killing.NAME, ScoreSettings(seed=2), waiting=kept)
            job_queue.cancel(store, job.id)
            assert killing.follow(store, job.id).status == "cancelled"
        store.close()
    alone, prepared = found
    assert alone.keys() == prepared.keys()
    for key, array in alone.items():
        assert np.array_equal(array, prepared[key], equal_nan=True), key
