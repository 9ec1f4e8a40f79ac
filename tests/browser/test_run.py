"""A run that outlives a reload, its server and a cancel, and a model that outlives the page."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from harness import killing
from harness.collections import add_scores
from harness.serving import Server, served
from synthcur.arms import ARMS, FLOOR
from synthcur.jobs import job_queue
from synthcur.jobs.processes import process_identity
from synthcur.schema import REAL, TEST, Collection
from synthcur.settings import TrainSettings
from synthcur.store.records import Job
from synthcur.store.spool import Spool
from synthcur.store.store import Store
from synthcur.workspace import open_store

SECONDS = 1_000
EPOCHS, ROWS = 100, 480
"""Long enough that a quick machine does not end before it was looked at, stopped and resumed."""

EPOCH = re.compile(r"epoch (\d+\.\d)")

LOAD = """
import json, sys
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline
folder, texts = sys.argv[1], json.loads(sys.argv[2])
model = AutoModelForSequenceClassification.from_pretrained(folder)
read = pipeline("text-classification", model=folder, tokenizer=folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
with torch.inference_mode():
    logits = [model(**tokenizer(text, return_tensors="pt")).logits[0].tolist() for text in texts]
print(json.dumps({"logits": logits, "labels": [each["label"] for each in read(texts)]}))
"""


def test_a_run_goes_on_through_reload_restart_and_cancel_to_a_model_that_loads(
    page: Page, tmp_path: Path, tiny_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHCUR_CHECKPOINT_SECONDS", "0.5")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    store = open_store(tmp_path / "ws")
    store.add_collection(killing.collection(rows=ROWS))
    add_scores(store, store.collection(killing.NAME))
    with served(store.workspace) as server:
        page.goto(f"{server.url}/train?collection={killing.NAME}")
        _start(page, tiny_model)
        _watch_it_grow(page)
        before = _epoch(page)
        page.reload()
        assert _epoch(page) >= before, "a reload shows where the run is"
        server.kill()
    # What the dead server has sent may still be on its way to the screen; no more than is stored.
    before = round(store.metrics(store.jobs()[0].id)["epoch"].iloc[-1], 1)
    rows = killing.shown(store, store.jobs()[0].id)
    port = int(server.url.rpartition(":")[2])
    with served(store.workspace, port=port) as server:
        # The open tab finds the new server by itself.
        deadline = time.monotonic() + 600
        while _epoch(page) <= before:
            assert time.monotonic() < deadline, "the curve goes on"
            page.wait_for_timeout(100)
        _cancel_and_resume(page, store)
        page.get_by_role("button", name="See the results").wait_for(timeout=600 * SECONDS)
        job = store.jobs()[0]
        assert job.status == "done", job.what
        assert rows <= killing.shown(store, job.id), "no row that was shown is lost"
        page.get_by_role("button", name="See the results").click()
        verdict = page.get_by_role("heading", level=1)
        expect(verdict).to_contain_text(re.compile("plain training"))
        with page.expect_download() as download:
            page.get_by_role("button", name=re.compile("Download the .* model")).click()
        _load_in_a_fresh_process(Path(download.value.path()), tmp_path / "model", store)
    store.close()


def test_two_people_who_press_twice_each_start_one_run(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    store = open_store(tmp_path / "ws")
    store.add_collection(killing.collection(rows=240))
    add_scores(store, store.collection(killing.NAME))
    with served(store.workspace) as server:
        people = [new_page(), new_page()]
        for each in people:
            each.goto(f"{server.url}/train?collection={killing.NAME}")
            each.get_by_role("button", name="Start training").wait_for()
        for each in people:
            each.get_by_role("button", name="Start training").dblclick(no_wait_after=True)
        for each in people:
            each.get_by_role("button", name=re.compile("Cancel")).wait_for()
        (job,) = store.jobs()
        job_queue.cancel(store, job.id)
        killing.follow(store, job.id)
    store.close()


def test_a_press_that_meets_the_end_of_a_run_is_not_lost(
    page: Page, server: Server, small_collection: Collection
) -> None:
    with _seemingly_training(server, small_collection, ["sleep", "3000"]) as training:
        store, job, spool, sleeper = training
        page.goto(f"{server.url}/train?collection={small_collection.name}")
        cancel = page.get_by_role("button", name=re.compile("Cancel"))
        cancel.hover()
        spool.append("run_started", arm="ce", seed=0, steps=20)
        spool.append("run_done", arm="ce", seed=0, val_accuracy=0.75, seconds=2.0, rows=40)
        store.ingest(job.id)
        cancel.click()
    assert sleeper.returncode == -signal.SIGTERM


def test_a_second_click_in_the_same_place_does_not_stop_a_run_at_once(
    page: Page, server: Server, small_collection: Collection
) -> None:
    deaf = ["sh", "-c", "trap '' TERM; sleep 3000"]
    with _seemingly_training(server, small_collection, deaf) as (_, _, _, busy):
        page.goto(f"{server.url}/train?collection={small_collection.name}")
        box = page.get_by_role("button", name=re.compile("Cancel")).bounding_box()
        assert box is not None
        place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.click(*place)
        at_once = page.get_by_role("button", name="Stop at once")
        at_once.wait_for()
        page.mouse.click(*place)
        page.wait_for_timeout(2_000)
        assert busy.poll() is None
        expect(page.get_by_role("button", name=re.compile("Cancel"))).to_be_disabled()
        at_once.click()
    assert busy.returncode == -signal.SIGKILL


@contextmanager
def _seemingly_training(
    server: Server, collection: Collection, command: list[str]
) -> Iterator[tuple[Store, Job, Spool, subprocess.Popen[bytes]]]:
    """A training job whose process is `command`, of which the end is waited for."""
    store = open_store(server.workspace)
    store.add_collection(collection)
    settings = asdict(TrainSettings(arms=("ce",), seeds=6))
    job = store.add_job("train", collection.name, settings=settings, scores={})
    store.claim_job(job.id)
    job.folder.mkdir(parents=True)
    with (
        closing(store),
        subprocess.Popen(command, start_new_session=True) as process,
        closing(Spool(job.folder / "spool.jsonl")) as spool,
    ):
        spool.append("started", pid=process.pid, identity=process_identity(process.pid))
        try:
            yield store, job, spool, process
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # nobody else ends it now
            raise


def _start(page: Page, model: str) -> None:
    _choose(page, "Model", "Other: folder or hub name")
    named = page.get_by_role("textbox", name="Folder or hub name")
    named.fill(model)
    named.press("Enter")
    _choose(page, "Recipe", "Fixed values")
    for label, value in (("Seeds", 1), ("Epochs", EPOCHS)):
        field = page.get_by_label(label, exact=True)
        field.fill(str(value))
        field.press("Enter")
    for arm in (
        *(ARMS[name].title for name in (*FLOOR, "dimp")),
        "Label model (synthetic + real), recommended",
    ):
        page.get_by_test_id("stCheckbox").get_by_text(arm, exact=True).click()
    expect(page.get_by_text(re.compile("Estimate: 2 runs")).first).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("button", name=re.compile("Cancel")).wait_for()


def _choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).click()
    page.get_by_role("option", name=option).click()
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def _epoch(page: Page) -> float:
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text(EPOCH, timeout=600 * SECONDS)
    found = EPOCH.search(heading.inner_text())
    assert found is not None
    return float(found[1])


def _watch_it_grow(page: Page) -> None:
    """See at least three different last values of the curve, without touching the page."""
    curve = page.get_by_label(re.compile("Training loss by epoch")).first
    curve.wait_for(timeout=600 * SECONDS)
    seen: set[str | None] = set()
    deadline = time.monotonic() + 600
    while len(seen) < 3 and time.monotonic() < deadline:
        seen.add(curve.get_attribute("aria-label"))
        page.wait_for_timeout(100)
    assert len(seen) >= 3, "the curve grew while it was watched"


def _cancel_and_resume(page: Page, store: Store) -> None:
    job = store.jobs()[0]
    kept = job.folder / "checkpoint.safetensors"
    deadline = time.monotonic() + 600
    # The checkpoint goes when its run has ended: one that is nearly through is not cancelled here.
    while not (kept.is_file() and _is_in_its_first_half(store, job)):
        assert time.monotonic() < deadline, "there are two runs, and time for them"
        page.wait_for_timeout(50)
    page.get_by_role("button", name=re.compile("Cancel")).click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("was cancelled", timeout=600 * SECONDS)
    assert kept.is_file(), "the last checkpoint is kept"
    resume = page.get_by_role("button", name="Resume")
    resume.click()
    expect(resume).to_have_count(0)


def _is_in_its_first_half(store: Store, job: Job) -> bool:
    running = [run for run in store.runs(job.id) if run.status == "running"]
    metrics = store.metrics(job.id)
    return any(
        metrics[(metrics["arm"] == run.arm) & (metrics["seed"] == run.seed)]["epoch"].max()
        < EPOCHS / 2
        for run in running
    )


def _load_in_a_fresh_process(archive: Path, folder: Path, store: Store) -> None:
    """The downloaded folder says of the test rows what the page's figures rest on."""
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (inside,) = {path.parent for path in folder.rglob("model.safetensors")}
    test = store.collection(killing.NAME).part(REAL, TEST)
    texts = test["text"].tolist()
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOAD), str(inside), json.dumps(texts)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    said = json.loads(answer.stdout.splitlines()[-1])
    (run,) = [
        run
        for run in store.runs(store.jobs()[0].id)
        if run.model and run.arm == json.loads((inside / "synthcur.json").read_text())["arm"]
    ]
    logits = np.array(said["logits"])
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    stored = store.artefacts.array(str(run.predictions), "probs")
    # The page reads with bfloat16 where the hardware has it, a fresh process with float32.
    assert np.allclose(probs, stored, atol=1e-2)
    labels = store.collection(killing.NAME).labels
    assert said["labels"] == [labels[i] for i in probs.argmax(axis=1)]
