"""Kill the worker of a job, its server, or both, at random moments, and let it go on each time.

Rounds score and train by turns. The server is a process that opens the store, submits or resumes
one job and polls, as the app does; some jobs are asked to stop just before the kill. After the
kills the job is followed to its end, and its figures are compared with those of the same job that
nobody disturbed. Run by ``python -m benchmarks.faults --jobs 30``.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.collections import add_scores, make_collection
from synthcur.jobs import job_queue
from synthcur.jobs.processes import process_identity
from synthcur.settings import FitSettings, ScoreSettings, TrainSettings
from synthcur.store.job_states import FINISHED
from synthcur.store.records import Job
from synthcur.store.spool import read_spool
from synthcur.store.store import Store

NAME = "killed"
LABELS = ("even", "odd")
TARGETS = ("worker", "server", "both")
NOTICE_SECONDS = 120.0
"""A killed worker is known to be gone within this however busy the machine is; how long it took is
measured (`benchmarks.faults`)."""

SERVER = """
import sys, time
from synthcur.jobs import job_queue
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store.store import Store
import json
workspace, kind, settings, job = sys.argv[1:]
store = Store(workspace)
spare = job_queue.spare()
if kind == "score":
    spare.prepare()
if job:
    job = job_queue.resume(store, job) if store.job(job).status != "done" else store.job(job)
elif kind == "train":
    job = job_queue.submit_train(store, "killed", TrainSettings.from_dict(json.loads(settings)))
else:
    settings = ScoreSettings.from_dict(json.loads(settings))
    job = job_queue.submit_score(store, "killed", settings, waiting=spare)
print(job.id, flush=True)
while True:
    job_queue.poll(store, waiting=spare)
    time.sleep(0.05)
"""


def collection(rows: int = 64) -> Any:
    """Build a small task that the words of the tiny model can tell apart."""
    words = {"even": ["late", "parcel", "courier"], "odd": ["aphids", "slugs", "mites"]}
    made = []
    for source, split, n in (
        ("synthetic", "train", rows),
        ("real", "train", 16),
        ("real", "validation", 16),
        ("real", "test", 16),
    ):
        rng = random.Random(f"{source}{split}")
        for i in range(n):
            label = LABELS[i % 2]
            text = " ".join(rng.choices(words[label], k=4)) + f" {source} {split} {i}"
            made.append((source, split, text, label))
    return make_collection(NAME, made, LABELS)


def settings(model: str, *, epochs: int = 4) -> TrainSettings:
    """Two arms, one of them dynamic, with two seeds."""
    recipe = FitSettings(base_model=model, epochs=epochs, learning_rate=1e-3, batch_size=4)
    return TrainSettings(arms=("ce", "dimp"), seeds=2, fit=recipe)


def workspace(folder: Path) -> Store:
    """Make a workspace with the collection and invented scores."""
    store = Store(folder)
    store.add_collection(collection())
    add_scores(store, store.collection(NAME))
    return store


def serve(
    folder: Path, kind: str, asked: Mapping[str, Any], job: str = ""
) -> tuple[subprocess.Popen[str], str]:
    """Start a server that submits a job, or lets one go on; return it and the job's id."""
    command = [sys.executable, "-c", SERVER, str(folder), kind, json.dumps(asked), job]
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **ENVIRONMENT}
    )
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


ENVIRONMENT = {
    "SYNTHCUR_CHECKPOINT_SECONDS": "0.0",
    "OMP_NUM_THREADS": "1",
    job_queue.SPARE_VARIABLE: "1",  # every scoring job has a process that waited for it
}


def follow(store: Store, job_id: str) -> Job:
    """Poll until the job has ended, however slow the machine is."""
    while (job := store.job(job_id)).status not in FINISHED:
        job_queue.poll(store)
        time.sleep(0.05)
    return job


def shown(store: Store, job_id: str) -> set[tuple[Any, ...]]:
    """Return the metric rows that a page would show, speed left out."""
    frame = store.metrics(job_id).drop(columns=["id", "samples_per_s"])
    return {tuple(None if v != v else v for v in row) for row in frame.itertuples(index=False)}


Figures = dict[tuple[Any, ...], np.ndarray]


def predictions(store: Store, job_id: str) -> Figures:
    """Return what every finished run predicts for the test rows."""
    runs = [run for run in store.runs(job_id) if run.is_done]
    return {
        (run.arm, run.seed): store.artefacts.array(str(run.predictions), "probs") for run in runs
    }


def scored_arrays(store: Store, job_id: str) -> Figures:
    """Return every array that scoring has left behind."""
    found = store.scores(NAME)["probe"].artefacts if "probe" in store.scores(NAME) else {}
    return {
        (stage, path.stem): store.artefacts.array(name, path.stem)
        for stage, name in found.items()
        for path in (store.artefacts.root / name).glob("*.npy")
    }


def half_artefacts(store: Store) -> list[str]:
    """List artefacts that are visible without being whole, and models told of that are not."""
    bad = []
    for path in store.artefacts.root.iterdir():
        if not path.name.startswith("."):
            try:
                json.loads((path / "meta.json").read_text("utf-8"))
                for array in path.glob("*.npy"):
                    np.load(array, allow_pickle=False)
            except (OSError, ValueError):
                if path.exists():  # a run's earlier history goes as a whole
                    bad.append(path.name)
    for job in store.jobs():
        for run in store.runs(job.id):
            if run.model and not (job.folder / run.model / "model.safetensors").is_file():
                bad.append(f"{job.id}/{run.model}")
    return bad


def orphans(store: Store, *, seconds: float = 30) -> list[int]:
    """List workers that still live some time after their jobs have ended."""
    limit = time.monotonic() + seconds
    while True:
        ended = [job for job in store.jobs() if job.status in FINISHED]
        left = [job.pid for job in ended if job.pid and process_identity(job.pid) == job.identity]
        if not left or time.monotonic() > limit:
            return left
        time.sleep(0.1)


def finish(store: Store, job_id: str) -> Job:
    """Let a job go on until it is done; a worker killed last may still have looked alive."""
    for _ in range(3):
        job_queue.poll(store)
        if store.job(job_id).status in FINISHED and store.job(job_id).status != "done":
            job_queue.resume(store, job_id)
        job = follow(store, job_id)
        if job.status == "done":
            break
    return job


def kill(pid: int | None, identity: str) -> bool:
    """Kill a process if it still is the one meant."""
    if not pid or not identity or process_identity(pid) != identity:
        return False
    os.kill(pid, signal.SIGKILL)
    return True


@dataclass(frozen=True)
class Work:
    """A kind of job, and what its figures are."""

    kind: str
    settings: Mapping[str, Any]
    figures: Callable[[Store, str], Figures]

    def workspace(self, folder: Path) -> Store:
        """Make a workspace in which the job can be submitted."""
        store = workspace(folder) if self.kind == "train" else Store(folder)
        if self.kind == "score":
            store.add_collection(collection())
        return store


@dataclass(frozen=True)
class Whole:
    """What a job leaves behind when nobody disturbs it, and when it said what."""

    figures: Figures
    rows: set[tuple[Any, ...]]
    moments: list[float]
    """Seconds since the beginning at which the worker said each of its words."""


def undisturbed(folder: Path, work: Work) -> Whole:
    """Do the work without a kill."""
    store = work.workspace(folder)
    began = time.time()
    server, job_id = serve(store.workspace, work.kind, work.settings)
    job = follow(store, job_id)
    assert job.status == "done", f"{job.what}\n{job_queue.log_tail(job)}"
    server.kill()
    server.wait()
    moments = [record["at"] - began for record in told(job)]
    found = Whole(work.figures(store, job.id), shown(store, job.id), moments)
    store.close()
    return found


def end(store: Store, job_id: str) -> float:
    """Kill the worker, whoever it is by now, and return how long its end went unnoticed."""
    began = time.monotonic()
    while time.monotonic() - began < NOTICE_SECONDS:
        job_queue.poll(store)
        job = store.job(job_id)
        if job.status in FINISHED:
            return time.monotonic() - began
        kill(job.pid, job.identity)
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} is still {store.job(job_id).status}")


def told(job: Job) -> list[dict[str, Any]]:
    """Return what the worker of a job has said so far."""
    return read_spool(job.folder / "spool.jsonl", 0)[0]


def wait_for_a_moment(store: Store, job_id: str, *, moments: list[float], chosen: float) -> None:
    """Wait until the job is where an undisturbed one was `chosen` seconds after its beginning.

    Counted in what its worker says, so that a busy machine does not shift the moment to its end.
    """
    before = len(told(store.job(job_id)))
    words = sum(moment <= chosen for moment in moments)
    while len(told(store.job(job_id))) - before < words and store.job(job_id).is_active:
        time.sleep(0.02)
    after = chosen - (moments[words - 1] if words else 0.0)
    until = time.monotonic() + after
    while time.monotonic() < until and store.job(job_id).is_active:
        time.sleep(0.01)


def disturb(
    store: Store, work: Work, job_id: str, *, moments: list[float], rng: random.Random
) -> tuple[str, set[tuple[Any, ...]], tuple[int, int], float]:
    """Let the job run for a while, then kill.

    Returns
    -------
    tuple
        The job's id, the metric rows a page had shown, workers and servers killed, and the seconds
        in which the end of the worker was noticed.
    """
    server, job_id = serve(store.workspace, work.kind, work.settings, job_id)
    chosen = rng.uniform(0.0, moments[-1])
    wait_for_a_moment(store, job_id, moments=moments, chosen=chosen)
    store.ingest(job_id)
    seen, job, target = shown(store, job_id), store.job(job_id), rng.choice(TARGETS)
    if job.is_active and rng.random() < 0.2:
        job = job_queue.cancel(store, job_id)
        time.sleep(rng.uniform(0.0, 0.3))
    workers = int(target != "server" and kill(job.pid, job.identity))
    if target in ("server", "both"):
        server.kill()
    # A worker whose server alone died goes on by itself; every other one is ended for the resume.
    noticed = end(store, job_id) if target != "server" or rng.random() < 0.5 else 0.0
    server.kill()
    server.wait()
    return job_id, seen, (workers, int(target != "worker")), noticed


def run(folder: Path, model: str, *, rounds: int, seed: int = 0, kills: int = 2) -> dict[str, Any]:
    """Kill in `rounds` rounds, `kills` times each, and count what went wrong."""
    os.environ.update(ENVIRONMENT)
    works = (
        Work("score", ScoreSettings().to_dict(), scored_arrays),
        Work("train", settings(model).to_dict(), predictions),
    )
    expected = {work.kind: undisturbed(folder / f"whole-{work.kind}", work) for work in works}
    rng = random.Random(seed)
    found: dict[str, Any] = {
        **dict.fromkeys(("scorings", "trainings", "crashed", "cancelled"), 0),
        **dict.fromkeys(("workers_killed", "servers_killed"), 0),
        **dict.fromkeys(WRONG, 0),
        **{"largest_difference": 0.0, "slowest_noticed_s": 0.0},
    }
    for number in range(rounds):
        work = works[number % len(works)]
        whole = expected[work.kind]
        store, job_id = work.workspace(folder / f"round{number}"), ""
        rows_seen: set[Any] = set()
        for _ in range(kills):
            job_id, seen, hits, noticed = disturb(
                store, work, job_id, moments=whole.moments, rng=rng
            )
            rows_seen |= seen
            found["workers_killed"] += hits[0]
            found["servers_killed"] += hits[1]
            found["slowest_noticed_s"] = max(found["slowest_noticed_s"], round(noticed, 1))
            job = store.job(job_id)
            found["crashed"] += job.status == "crashed"
            found["cancelled"] += job.status == "cancelled"
            found["failed"] += job.status == "failed"
            found["half_artefacts"] += len(half_artefacts(store))
        job = finish(store, job_id)
        found["scorings" if work.kind == "score" else "trainings"] += 1
        found["not_done"] += job.status != "done"
        found["orphans"] += len(orphans(store))
        found["half_artefacts"] += len(half_artefacts(store))
        rows = shown(store, job_id)
        found["rows_lost"] += len(rows_seen - rows)
        found["rows_unlike"] += len(rows ^ whole.rows)
        said = work.figures(store, job_id)
        for key, values in whole.figures.items():
            difference = largest_difference(said[key], values) if key in said else np.inf
            found["largest_difference"] = max(found["largest_difference"], difference)
            found["unlike"] += difference > 1e-6
        store.close()
        print(json.dumps({"round": number, **found}), file=sys.stderr, flush=True)
    return found


WRONG = ("rows_lost", "rows_unlike", "orphans", "half_artefacts", "unlike", "not_done", "failed")
"""What must not happen at all."""


def largest_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return how far two arrays are apart; infinite where their shapes or their gaps are."""
    if first.shape != second.shape or not np.array_equal(np.isnan(first), np.isnan(second)):
        return float("inf")
    apart = np.abs(first.astype(np.float64) - second.astype(np.float64))
    return float(np.nanmax(apart, initial=0.0))
