"""Kill the worker of a job, its server, or both, at random moments, and let it go on each time.

    python -m tests.killing FOLDER --rounds 30 [--seed 0]

The server is a process that opens the store, submits or resumes one job and polls, as the app
does. After the kills the job is followed to its end, and its figures are compared with those of
the same job that nobody disturbed. Prints one JSON object.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synthcur import jobs
from synthcur.artefacts import Artefacts
from synthcur.processes import process_identity
from synthcur.records import FINISHED, Job
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store import Store
from tests.conftest import add_scores, make_collection

NAME = "killed"
LABELS = ("even", "odd")
TARGETS = ("worker", "server", "both")
SERVER = """
import sys, time
from synthcur import jobs
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store import Store
import json
workspace, kind, settings, job = sys.argv[1:]
store = Store(workspace)
if job:
    job = jobs.resume(store, job) if store.job(job).status != "done" else store.job(job)
elif kind == "train":
    job = jobs.submit_train(store, "killed", TrainSettings.from_dict(json.loads(settings)))
else:
    job = jobs.submit_score(store, "killed", ScoreSettings.from_dict(json.loads(settings)))
print(job.id, flush=True)
while True:
    jobs.poll(store)
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


ENVIRONMENT = {"SYNTHCUR_CHECKPOINT_SECONDS": "0.0", "OMP_NUM_THREADS": "1"}


def follow(store: Store, job_id: str, *, seconds: float) -> Job:
    """Poll until the job has ended."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        jobs.poll(store)
        if store.job(job_id).status in FINISHED:
            return store.job(job_id)
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} is {store.job(job_id).status} after {seconds} s")


def shown(store: Store, job_id: str) -> set[tuple[Any, ...]]:
    """Return the metric rows that a page would show, speed left out."""
    frame = store.metrics(job_id).drop(columns=["id", "samples_per_s"])
    return {tuple(None if v != v else v for v in row) for row in frame.itertuples(index=False)}


def figures(store: Store, job_id: str, artefacts: Artefacts) -> dict[tuple[str, int], np.ndarray]:
    """Return what every finished run predicts for the test rows."""
    runs = [run for run in store.runs(job_id) if run.status == "done"]
    return {(r.arm, r.seed): artefacts.array(str(r.predictions), "probs") for r in runs}


def half_artefacts(store: Store) -> list[str]:
    """List artefacts that are visible without being whole, and models told of that are not."""
    bad = []
    for path in store.artefacts.root.iterdir():
        if not path.name.startswith(".new-"):
            try:
                json.loads((path / "meta.json").read_text("utf-8"))
                for array in path.glob("*.npy"):
                    np.load(array, allow_pickle=False)
            except (OSError, ValueError):
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
        jobs.poll(store)
        if store.job(job_id).status in FINISHED and store.job(job_id).status != "done":
            jobs.resume(store, job_id)
        job = follow(store, job_id, seconds=600)
        if job.status == "done":
            break
    return job


def kill(pid: int | None, identity: str) -> bool:
    """Kill a process if it still is the one meant."""
    if not pid or not identity or process_identity(pid) != identity:
        return False
    os.kill(pid, signal.SIGKILL)
    return True


def undisturbed(folder: Path, model: str) -> tuple[dict[Any, np.ndarray], set[Any], float]:
    """Train without a kill; return predictions, metric rows and the seconds it took."""
    store = workspace(folder)
    os.environ.update(ENVIRONMENT)
    began = time.monotonic()
    job = jobs.submit_train(store, NAME, settings(model))
    job = follow(store, job.id, seconds=600)
    assert job.status == "done", f"{job.what}\n{jobs.log_tail(job)}"
    took = time.monotonic() - began
    found = figures(store, job.id, store.artefacts), shown(store, job.id), took
    store.close()
    return found


def run(folder: Path, model: str, *, rounds: int, seed: int = 0, kills: int = 2) -> dict[str, Any]:
    """Kill in `rounds` rounds, `kills` times each, and count what went wrong."""
    expected, rows, took = undisturbed(folder / "whole", model)
    rng = random.Random(seed)
    found = {
        **dict.fromkeys(("rounds", "kills", "crashes_seen", "rows_lost", "orphans"), 0),
        **dict.fromkeys(("half_artefacts", "unlike", "not_done", "rows_unlike"), 0),
        "largest_difference": 0.0,
    }
    for number in range(rounds):
        store = workspace(folder / f"round{number}")
        asked, job_id = settings(model).to_dict(), ""
        seen: set[Any] = set()
        for _ in range(kills):
            server, job_id = serve(store.workspace, "train", asked, job_id)
            time.sleep(rng.uniform(0.0, took))
            store.ingest(job_id)
            seen |= shown(store, job_id)
            job, target = store.job(job_id), rng.choice(TARGETS)
            if target in ("worker", "both"):
                found["kills"] += kill(job.pid, job.identity)
            server.kill() if target in ("server", "both") else None
            found["kills"] += target in ("server", "both")
            time.sleep(0.3)
            server.kill()
            server.wait()
            if target == "server":
                # The worker goes on by itself; every other time it is ended before the resume.
                kill(job.pid, job.identity) if rng.random() < 0.5 else None
            jobs.poll(store)
            if store.job(job_id).is_active:
                continue
            found["crashes_seen"] += store.job(job_id).status == "crashed"
            found["half_artefacts"] += len(half_artefacts(store))
        job = finish(store, job_id)
        found["rounds"] += 1
        found["not_done"] += job.status != "done"
        found["orphans"] += len(orphans(store))
        found["half_artefacts"] += len(half_artefacts(store))
        told = shown(store, job_id)
        found["rows_lost"] += len(seen - told)
        found["rows_unlike"] += len(told ^ rows)
        said = figures(store, job_id, store.artefacts)
        for key, probs in expected.items():
            difference = np.abs(said[key] - probs).max() if key in said else np.inf
            found["largest_difference"] = float(max(found["largest_difference"], difference))
            found["unlike"] += difference > 1e-6
        store.close()
    return found


def main() -> None:
    """Read the arguments, run, print one line of JSON."""
    from tests.tiny import write_tiny_bert

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = str(write_tiny_bert(options.folder / "tiny"))
    print(json.dumps(run(options.folder, model, rounds=options.rounds, seed=options.seed)))


if __name__ == "__main__":
    main()
