"""What a person sees when processes die under a training run: the truth, soon."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from harness.serving import served
from synthcur.jobs import job_queue
from synthcur.jobs.processes import process_identity
from synthcur.schema import Collection
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.workspace import open_store

CURVE = re.compile("Training loss by epoch")


@pytest.fixture
def store(tmp_path: Path, small_collection: Collection) -> Iterator[Store]:
    """A workspace with the small collection; no worker outlives the test."""
    opened = open_store(tmp_path / "ws")
    opened.add_collection(small_collection)
    yield opened
    for job in opened.active_jobs():
        if job.pid and process_identity(job.pid) == job.identity:
            os.killpg(job.pid, signal.SIGKILL)
    opened.close()


def start_long_run(store: Store) -> str:
    """Queue plain training of a minute or more; return the job's id."""
    settings = TrainSettings(arms=("ce",), seeds=2, fit=FitSettings(epochs=100))
    return job_queue.submit_train(store, "small", settings).id


def watch(page: Page, url: str) -> str:
    """Open the Train page and wait for the first stretch of the curve; return what it says."""
    page.goto(f"{url}/train?collection=small")
    curve = page.get_by_label(CURVE).first
    curve.wait_for(timeout=600_000)
    return curve.get_attribute("aria-label") or ""


def has_grown(page: Page, since: str) -> bool:
    curve = page.get_by_label(CURVE).first
    return curve.count() > 0 and curve.get_attribute("aria-label") not in (since, None)


def test_a_killed_worker_is_shown_with_its_log(page: Page, store: Store) -> None:
    with served(store.workspace) as server:
        job_id = start_long_run(store)
        watch(page, server.url)
        job = store.job(job_id)
        assert job.pid is not None
        os.kill(job.pid, signal.SIGKILL)
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_contain_text("stopped unexpectedly", timeout=600_000)
        page.get_by_text("Log, last lines").wait_for()
        page.get_by_role("button", name="Start training").wait_for()


def test_a_run_goes_on_while_its_server_is_dead_and_the_curve_goes_on_after(
    page: Page, store: Store
) -> None:
    with served(store.workspace) as server:
        job_id = start_long_run(store)
        watch(page, server.url)
        port = int(server.url.rsplit(":", 1)[1])
        server.kill()
    at_kill = _said(store.job(job_id))
    time.sleep(4)
    job = store.job(job_id)
    assert process_identity(job.pid or 0) == job.identity, "the worker died with its server"
    assert _said(job) > at_kill, "the worker stood still while the server was dead"
    with served(store.workspace, port=port) as server:
        seen = watch(page, server.url)
        deadline = time.monotonic() + 600
        while not has_grown(page, seen):
            assert time.monotonic() < deadline, "the curve does not go on"
            page.wait_for_timeout(200)
        assert store.job(job_id).status == "running"


def _said(job: Job) -> int:
    return (job.folder / "spool.jsonl").stat().st_size
