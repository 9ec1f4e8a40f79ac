"""Background work: submit, follow, cancel, resume.

A job is a process of its own in a session of its own: it survives its tab, and the server. Its
worker (``python -m synthcur.worker FOLDER``) reads ``spec.json`` and says everything through the
spool. `poll` brings the store up to date; whoever has the store open calls it about once a second.

Jobs wait in one of two lanes. Probe scoring is over in seconds and has one place of its own;
everything that trains a model shares the long lane, with one place, or one per GPU. Most of those
seconds are imports: a `spare` process does them while a person still looks at the rows.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from synthcur.arms import get_arm
from synthcur.errors import ConflictError, InputError, WorkerError
from synthcur.files import whole_file
from synthcur.jobs.failures import stopped_unexpectedly
from synthcur.jobs.processes import gpu_count, is_running, process_identity
from synthcur.jobs.warm_worker import Spare
from synthcur.models.base_models import check_base_model
from synthcur.settings import FitSettings, ScoreSettings, TrainSettings, fingerprint
from synthcur.store.job_kinds import KINDS, JobKind, Lane
from synthcur.store.job_states import ACTIVE, FINISHED, JobState, sources
from synthcur.store.records import Job
from synthcur.store.spool import RESERVE, RESERVE_BYTES
from synthcur.store.store import Store
from synthcur.training.learning_curve import LearningCurveSettings, check_sizes
from synthcur.training.left_out import check_left_out, leaves_out

PLACES_VARIABLE = "SYNTHCUR_JOBS"
"""Environment variable: how many long jobs run at a time (default: one, or one per GPU)."""

SPARE_VARIABLE = "SYNTHCUR_SPARE"
"""Environment variable: 0 where no process is to wait ahead of its job, which takes some memory."""

STARTUP_SECONDS = 10.0
"""Seconds within which a new worker must have given a sign of life; later it counts as dead."""

LOG_BYTES = 20_000

ALLOCATOR = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""Large pages for large blocks, read when a process starts: each step allots the gradient of the
whole vocabulary, which page by page takes a tenth of its time. Other systems do not read it."""


_ROOT = Path(__file__).resolve().parents[2]


def spare() -> Spare | None:
    """Return what has a worker wait for a short job; None where `SPARE_VARIABLE` forbids it."""
    if os.environ.get(SPARE_VARIABLE, "") == "0":
        return None
    command = [sys.executable, "-m", "synthcur.worker", "--wait"]
    return Spare(command, cwd=_ROOT, env={**ALLOCATOR, **os.environ})


def submit_score(
    store: Store, name: str, settings: ScoreSettings, *, waiting: Spare | None = None
) -> Job:
    """Queue the scoring of a collection and start it if its place is free.

    Parameters
    ----------
    store, name
        Where the collection is, and its name.
    settings
        How it is scored.
    waiting
        The process that waits for a short job, if any does.

    Raises
    ------
    InputError
        If the base model may not be used here, see `base_models`.
    """
    settings = replace(settings, fit=_allowed(settings.fit))
    return _submit(store, JobKind.SCORE, name, settings.to_dict(), {}, waiting=waiting)


def submit_train(store: Store, name: str, settings: TrainSettings) -> Job:
    """Queue a training job and start it if its place is free.

    Raises
    ------
    InputError
        If an arm is unknown, leaves out rows that are not there, or needs checkers that have not
        scored the collection, or if the base model may not be used here, see `base_models`.
    """
    settings = replace(settings, fit=_allowed(settings.fit))
    arms = [get_arm(arm) for arm in settings.arms]
    if leaves_out(settings.arms):
        check_left_out(settings.arms, store.collection(name))
    scores = store.scores(name).get(settings.checkers)
    if scores is None and any(arm.needs_scores for arm in arms):
        names = ", ".join(arm.name for arm in arms if arm.needs_scores)
        raise InputError(
            f"The collection {name!r} has no scores of the {settings.checkers} checkers, which "
            f"{names} need.",
            fix=f"Run: python -m synthcur score {name} --checkers {settings.checkers}; or leave "
            "them out.",
        )
    artefacts = dict(scores.artefacts) if scores else {}
    return _submit(store, JobKind.TRAIN, name, settings.to_dict(), artefacts)


def submit_learning_curve(store: Store, name: str, settings: LearningCurveSettings) -> Job:
    """Queue a learning curve over the number of real rows and start it if its place is free.

    Its checkers are trained in the job, on the real rows of each size.

    Raises
    ------
    InputError
        If an arm is unknown, or the real training rows cannot give a size, or if the base model
        may not be used here, see `base_models`.
    """
    settings = replace(settings, fit=_allowed(settings.fit))
    for arm in settings.arms:
        get_arm(arm)
    collection = store.collection(name)
    check_sizes(settings.sizes, collection.real_train_labels)
    return _submit(store, JobKind.LEARNING_CURVE, name, settings.to_dict(), {})


def _allowed(fit: FitSettings) -> FitSettings:
    return replace(fit, base_model=check_base_model(fit.base_model))


def _submit(
    store: Store,
    kind: JobKind,
    name: str,
    settings: Mapping[str, Any],
    scores: Mapping[str, str],
    *,
    waiting: Spare | None = None,
) -> Job:
    """Queue a job; asked twice for the same while it waits or runs, it is the same job."""
    collection = store.collection_info(name).fingerprint
    request = fingerprint(kind, name, collection, settings, scores)
    lane = KINDS[kind].lane(settings)
    job = store.add_job(kind, name, settings=settings, scores=scores, lane=lane, request=request)
    start_next(store, waiting=waiting)
    return store.job(job.id)


def resume(store: Store, job_id: str) -> Job:
    """Let a job that failed, was cancelled or stopped unexpectedly go on.

    Finished runs are not trained again, and the run that was stopped goes on from its last
    checkpoint, with the rows, decisions and scores the job began with.

    Raises
    ------
    ConflictError
        If the job is not in such a state, or another one does the same work.
    NotFoundError
        If there is no such job.
    """
    store.ingest(store.job(job_id).id)
    try:
        store.requeue_job(job_id)
    except ConflictError as error:
        job = store.job(job_id)
        if job.is_active:
            return job
        is_done = job.status == JobState.DONE
        same = "it is done" if is_done else "the same work waits or runs already"
        raise ConflictError(
            f"Job {job.number} cannot go on: {same}.", fix="Nothing to do."
        ) from error
    start_next(store)
    return store.job(job_id)


def put_first(store: Store, job_id: str) -> Job:
    """Let a waiting job start before all others that wait; no effect on any other."""
    store.put_first(job_id)
    return store.job(job_id)


def places(lane: str) -> int:
    """How many jobs of a lane run at a time."""
    if lane == Lane.SHORT:
        return 1
    given = os.environ.get(PLACES_VARIABLE, "")
    return int(given) if given.isdecimal() and int(given) > 0 else max(1, gpu_count())


def poll(store: Store, *, waiting: Spare | None = None) -> None:
    """Take in all spools, mark the dead, start what waits; `waiting` as in `submit_score`."""
    for job in store.active_jobs():
        if job.status != JobState.QUEUED:
            _refresh(store, job)
    start_next(store, waiting=waiting)


def start_next(store: Store, *, waiting: Spare | None = None) -> None:
    """Start what is queued, the highest priority first, then the oldest, while there is a place.

    A short job goes to the process that waits for one, if any does.
    """
    for job in store.active_jobs():
        if job.status == JobState.QUEUED and store.claim_job(job.id, places=places(job.lane)):
            _spawn(store, store.job(job.id), waiting if job.lane == Lane.SHORT else None)


def cancel(store: Store, job_id: str) -> Job:
    """Ask a job to stop; asked a second time, end its process.

    The results of finished runs are kept.
    """
    if store.move_job(job_id, JobState.CANCELLED, only_from=(JobState.QUEUED,)):
        return store.job(job_id)
    if _is_alive(store.job(job_id)):
        is_first_time = store.move_job(
            job_id, JobState.CANCELLING, only_from=sources(JobState.CANCELLING)
        )
        job = store.job(job_id)
        # A process that is not noted yet is asked by `_spawn`, which notes it and then looks here.
        if job.status == JobState.CANCELLING and job.pid is not None:
            _signal_group(job.pid, signal.SIGTERM if is_first_time else signal.SIGKILL)
    poll(store)
    return store.job(job_id)


def wait(store: Store, job_id: str, *, on_progress: Callable[[Job], None] | None = None) -> Job:
    """Follow a job to its end, taking in what it says.

    Raises
    ------
    WorkerError
        If it did not end well; the message is the worker's own, or names the log.
    """
    while True:
        poll(store)
        job = store.job(job_id)
        if on_progress is not None:
            on_progress(job)
        if job.status in FINISHED:
            break
        time.sleep(0.3)
    if job.status != JobState.DONE:
        raise WorkerError(job.what or f"The job was {job.status}.", fix=job.fix)
    return job


def log_tail(job: Job) -> str:
    """Return the last part of what the worker printed."""
    try:
        with open(job.folder / "log.txt", "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _refresh(store: Store, job: Job) -> None:
    alive = _is_alive(job)
    # The spool is read after the look at the process: a worker that has ended has said its last.
    store.ingest(job.id)
    if alive or store.job(job.id).status in FINISHED:
        return
    if job.status == JobState.CANCELLING:
        store.move_job(job.id, JobState.CANCELLED, only_from=ACTIVE)
        return
    what, fix = stopped_unexpectedly(job.folder, job.identity)
    store.move_job(job.id, JobState.CRASHED, only_from=ACTIVE, what=what, fix=fix)


def _is_alive(job: Job) -> bool:
    if job.pid is None:
        return time.time() - (job.started_at or job.created_at) < STARTUP_SECONDS
    return is_running(job.pid, job.identity)


def _spawn(store: Store, job: Job, waiting: Spare | None) -> None:
    try:
        job.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_spec(job)
        (job.folder / RESERVE).write_bytes(b" " * RESERVE_BYTES)
        process = (waiting and waiting.take(job.folder)) or _started(job)
    except OSError as error:
        store.move_job(
            job.id,
            JobState.FAILED,
            only_from=(JobState.STARTING,),
            what=f"The worker could not be started: {error}.",
            fix="Check the disk space and the free memory, then start it again.",
        )
        return
    store.set_worker(job.id, pid=process.pid, identity=process_identity(process.pid))
    if store.job(job.id).status == JobState.CANCELLING:
        _signal_group(process.pid, signal.SIGTERM)
    # A child that has ended stays a zombie until somebody waits for it.
    threading.Thread(target=process.wait, daemon=True).start()


def _started(job: Job) -> subprocess.Popen[bytes]:
    with open(job.folder / "log.txt", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "synthcur.worker", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=_ROOT,
            env={**ALLOCATOR, **os.environ, **_own_gpu(job)},
        )


def _own_gpu(job: Job) -> dict[str, str]:
    """Give each place of the long lane a GPU of its own where there are several."""
    if gpu_count() < 2 or job.lane == Lane.SHORT:
        return {}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpu_count())))
    names = visible.split(",")
    return {"CUDA_VISIBLE_DEVICES": names[job.place % len(names)]}


def _write_spec(job: Job) -> None:
    path = job.folder / "spec.json"
    with whole_file(path, beside=path.with_suffix(".new")) as temporary:
        temporary.write_text(json.dumps(job.spec, indent=1), "utf-8")


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
