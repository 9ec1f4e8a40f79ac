"""Jobs whose worker and server are killed, and jobs that run out of disk or memory."""

import errno
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from harness import killing
from synthcur.errors import ConflictError, StoreError
from synthcur.jobs import cleaning, failures, job_queue
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store.records import Job
from synthcur.store.spool import Spool, read_spool
from synthcur.store.store import Store
from synthcur.worker import __main__ as worker


@pytest.fixture
def idle(tmp_path: Path, small_collection, monkeypatch):
    """A store whose jobs are claimed but get no process."""
    monkeypatch.setattr(job_queue, "_spawn", lambda *_: None)
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


def say(store: Store, job: Job, *records: tuple[str, dict]) -> Job:
    """Let the job's worker have said these records."""
    job.folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(job.folder / "spool.jsonl")
    for t, fields in records:
        spool.append(t, **fields)
    spool.close()
    store.ingest(job.id)
    return store.job(job.id)


def plain(**changes) -> TrainSettings:
    return TrainSettings(arms=("ce",), seeds=2, **changes)


def test_twenty_presses_at_once_in_two_processes_stores_give_one_job(idle, small_collection):
    other = Store(idle.workspace)
    gate = threading.Barrier(20)
    ids = []

    def press(store: Store) -> None:
        gate.wait()
        ids.append(job_queue.submit_train(store, small_collection.name, plain()).id)

    threads = [threading.Thread(target=press, args=((idle, other)[i % 2],)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert len(ids) == 20
    assert len(set(ids)) == len(idle.jobs()) == 1


def test_a_job_that_ended_is_no_obstacle_to_the_same_one_again(idle, small_collection):
    first = job_queue.submit_train(idle, small_collection.name, plain())
    say(idle, first, ("started", {"pid": 1, "identity": "x"}), ("done", {}))
    assert job_queue.submit_train(idle, small_collection.name, plain()).id != first.id


def test_long_jobs_share_the_places_and_short_ones_have_their_own(
    idle, small_collection, monkeypatch
):
    name = small_collection.name
    monkeypatch.setenv(job_queue.PLACES_VARIABLE, "2")
    long = [job_queue.submit_score(idle, name, ScoreSettings(checkers="finetune"))]
    long += [
        job_queue.submit_train(idle, name, TrainSettings(arms=("ce",), seeds=n)) for n in (1, 2)
    ]
    short = job_queue.submit_score(idle, name, ScoreSettings())
    assert [idle.job(job.id).status for job in long] == ["starting", "starting", "queued"]
    assert {idle.job(job.id).place for job in long[:2]} == {0, 1}
    assert short.status == "starting"


def test_the_job_put_first_starts_next(idle, small_collection):
    name = small_collection.name
    first, second, third = (
        job_queue.submit_train(idle, name, TrainSettings(arms=("ce",), seeds=n)) for n in (1, 2, 3)
    )
    job_queue.put_first(idle, third.id)
    say(idle, first, ("started", {"pid": 1, "identity": "x"}), ("done", {}))
    job_queue.start_next(idle)
    assert idle.job(third.id).status == "starting"
    assert idle.job(second.id).status == "queued"


def test_what_a_resumed_run_tells_again_is_neither_lost_nor_doubled(idle, small_collection):
    job = job_queue.submit_train(idle, small_collection.name, plain())
    run = {"arm": "ce", "seed": 0}
    told = [("metric", {**run, "step": 10, "epoch": 1.0, "loss": 0.5})]
    told += [("metric", {**run, "step": 10, "epoch": 1.0, "val_accuracy": 0.5})]
    say(idle, job, ("run_started", {**run, "steps": 20}), *told, ("cancelled", {}))
    before = idle.metrics(job.id)
    assert job_queue.resume(idle, job.id).status == "starting"
    more = ("metric", {**run, "step": 20, "epoch": 2.0, "loss": 0.25})
    say(idle, job, ("run_started", {**run, "steps": 20}), *told, more)
    after = idle.metrics(job.id)
    assert after["step"].tolist() == [10, 10, 20]
    assert after["id"].tolist()[:2] == before["id"].tolist()
    assert [run.status for run in idle.runs(job.id)] == ["running"]


def test_only_a_job_that_was_stopped_can_go_on(idle, small_collection):
    job = job_queue.submit_train(idle, small_collection.name, plain())
    assert job_queue.resume(idle, job.id).id == job.id, "a second press finds it waiting or running"
    say(idle, job, ("started", {"pid": 1, "identity": "x"}), ("done", {}))
    with pytest.raises(ConflictError, match="it is done"):
        job_queue.resume(idle, job.id)


@pytest.mark.parametrize(
    ("error", "words", "advice"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full", "Free some disk"),
        (MemoryError(), "memory of this machine", "batch size"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory", "smaller base"),
        (RuntimeError("could not create a primitive"), "memory of this machine", "batch size"),
        (KeyError("x"), "does not know", "log"),
    ],
)
def test_the_cause_of_a_failure_is_told_with_what_to_do(tmp_path, error, words, advice):
    what, fix = failures.in_words(error, tmp_path)
    assert words in what
    assert advice in fix


def test_a_full_disk_is_seen_through_the_error_that_wraps_it(tmp_path):
    wrapped = StoreError("The result could not be written.")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert "disk is full" in failures.in_words(wrapped, tmp_path)[0]


def test_a_worker_without_a_word_is_explained_by_what_the_system_counted(tmp_path, monkeypatch):
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append("started", pid=1, identity="x", memory_kills=3)
    monkeypatch.setattr(failures, "memory_kills", lambda: 3)
    assert "from outside" in failures.stopped_unexpectedly(tmp_path, "")[0]
    monkeypatch.setattr(failures, "memory_kills", lambda: 4)
    what, fix = failures.stopped_unexpectedly(tmp_path, "")
    assert "ran out of memory" in what
    assert "batch size" in fix
    assert "restarted" in failures.stopped_unexpectedly(tmp_path, "another boot:1")[0]


@pytest.mark.parametrize(
    "last_words",
    [
        "memory allocation of 2162704 bytes failed\nstack backtrace:\n",
        "terminate called after throwing an instance of 'std::bad_alloc'\n",
        "libgomp: Thread creation failed: Resource temporarily unavailable\n",
    ],
)
def test_a_worker_that_a_library_ended_for_want_of_memory_is_explained(tmp_path, last_words):
    log = tmp_path / "log.txt"
    log.write_text("Loading\n" + last_words)
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append("started", pid=1, identity="x", log_bytes=0)
    what, fix = failures.stopped_unexpectedly(tmp_path, "")
    assert "ran out of memory" in what
    assert "batch size" in fix
    spool.append("started", pid=2, identity="y", log_bytes=log.stat().st_size)
    assert "from outside" in failures.stopped_unexpectedly(tmp_path, "")[0], "of the run before"


def test_a_worker_says_why_it_failed_and_frees_the_room_for_it(tmp_path, monkeypatch):
    (tmp_path / worker.RESERVE).write_bytes(b" " * 100)

    def execute(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("synthcur.worker.pipeline.execute", execute)
    monkeypatch.setattr(worker.signal, "signal", lambda number, handler: None)
    assert worker.work(tmp_path) == 1
    records, _ = read_spool(tmp_path / "spool.jsonl", 0)
    assert [record["t"] for record in records] == ["started", "failed"]
    assert "disk is full" in records[-1]["what"]
    assert not (tmp_path / worker.RESERVE).exists()


def test_clean_lists_sizes_first_and_removes_nothing_else(idle, small_collection):
    settings = asdict(plain())
    job = idle.add_job("train", small_collection.name, settings=settings, scores={})
    job.folder.mkdir(parents=True)
    (job.folder / "checkpoint.safetensors").write_bytes(b"x" * 3000)
    (job.folder / "models" / "ce-0").mkdir(parents=True)
    (job.folder / "models" / "ce-0" / "model.safetensors").write_bytes(b"x" * 5000)
    assert cleaning.leftovers(idle, models=True) == [], "a job that waits is left alone"
    run = {"arm": "ce", "seed": 0}
    records = [("run_started", run), ("run_done", {**run, "model": "models/ce-0"})]
    say(idle, job, *records, ("cancelled", {}))
    (only,) = cleaning.leftovers(idle)
    assert (only.size, "checkpoint" in only.what) == (3000, True)
    both = cleaning.leftovers(idle, models=True)
    assert [each.size for each in both] == [5000, 3000]
    assert cleaning.remove(idle, both) == 8000
    assert [run.model for run in idle.runs(job.id)] == [None]
    assert sorted(path.name for path in job.folder.iterdir()) == ["models", "spool.jsonl"]
    with pytest.raises(ConflictError):
        cleaning.remove(idle, both)


@pytest.mark.real
def test_killed_jobs_resume_to_the_figures_of_undisturbed_ones(tmp_path, tiny_model):
    found = killing.run(tmp_path, tiny_model, rounds=2, seed=1, kills=1)
    assert found["workers_killed"] + found["servers_killed"] > 0
    assert {name: found[name] for name in killing.WRONG} == dict.fromkeys(killing.WRONG, 0)
