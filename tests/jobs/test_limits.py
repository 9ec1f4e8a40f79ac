"""Training jobs that meet a full disk or too little memory, in processes of their own."""

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness import killing
from synthcur.errors import StoreError
from synthcur.jobs import job_queue
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.records import Job
from synthcur.store.store import Store

MB = 1_000_000
pytestmark = pytest.mark.real


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB that only this test writes to."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up = pytest.fail if "CI" in os.environ else pytest.skip
        give_up(f"A small disk needs the right to mount one: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in killing.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def until_it_learns(store: Store, job_id: str) -> Job:
    limit = time.monotonic() + 600
    while store.metrics(job_id).empty:
        job_queue.poll(store)
        assert store.job(job_id).is_active, store.job(job_id).what
        assert time.monotonic() < limit
        time.sleep(0.02)
    return store.job(job_id)


def ended(store: Store, job_id: str) -> Job:
    """Wait for the worker's end, whether or not the store can take it in yet."""
    limit = time.monotonic() + 600
    while time.monotonic() < limit:
        # The store is on the same full disk: it refuses, and is asked again as the server does.
        with contextlib.suppress(StoreError):
            job_queue.poll(store)
        if not store.job(job_id).is_active or not job_queue._is_alive(store.job(job_id)):
            break
        time.sleep(0.05)
    return store.job(job_id)


def is_whole(store: Store) -> bool:
    return [row[0] for row in store._db.rows("PRAGMA integrity_check")] == ["ok"]


def test_a_full_disk_is_named_with_numbers_and_the_run_goes_on_when_there_is_room(
    small_disk, tmp_path, tiny_model, fast
):
    whole = killing.undisturbed(
        tmp_path / "whole",
        killing.Work("train", killing.settings(tiny_model).to_dict(), killing.predictions),
    )
    store = killing.workspace(small_disk / "ws")
    job = job_queue.submit_train(store, killing.NAME, killing.settings(tiny_model))
    until_it_learns(store, job.id)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 65_536)
    ended(store, job.id)
    assert is_whole(store)
    shown = killing.shown(store, job.id)
    ballast.unlink()
    job = killing.follow(store, job.id)
    assert job.status == "failed", job.status
    assert "disk is full" in job.what
    assert "MB" in job.what
    assert "clean" in job.fix
    job_queue.resume(store, job.id)
    job = killing.follow(store, job.id)
    assert job.status == "done", f"{job.what}\n{job_queue.log_tail(job)}"
    assert shown <= killing.shown(store, job.id), "no row that was shown is lost"
    said = killing.predictions(store, job.id)
    for key, probs in whole.figures.items():
        assert np.abs(said[key] - probs).max() <= 1e-6
    assert is_whole(store)
    store.close()


def test_too_little_memory_is_named_and_the_next_run_works(tmp_path, tiny_model, fast):
    store = killing.workspace(tmp_path / "ws")
    bundled = TrainSettings(arms=("ce",), seeds=1, fit=FitSettings(epochs=1))
    job = job_queue.submit_train(store, killing.NAME, bundled)
    while not store.runs(job.id):
        job_queue.poll(store)
        assert store.job(job.id).is_active, store.job(job.id).what
        time.sleep(0.01)
    pid = store.job(job.id).pid
    assert pid is not None
    size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (size + 16 * MB, size + 16 * MB))
    job = killing.follow(store, job.id)
    assert job.status in ("failed", "crashed"), job.status
    assert "memory" in job.what, f"{job.what}\n{job_queue.log_tail(job)}"
    assert "batch size" in job.fix
    assert is_whole(store)
    small = TrainSettings(
        arms=("ce",), seeds=1, fit=FitSettings(base_model=tiny_model, epochs=1, batch_size=4)
    )
    job = job_queue.submit_train(store, killing.NAME, small)
    job = killing.follow(store, job.id)
    assert job.status == "done", f"{job.what}\n{job_queue.log_tail(job)}"
    store.close()
