"""What each record of a worker's spool does to the database."""

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from synthcur.store.job_kinds import KINDS, JobKind
from synthcur.store.job_rows import move
from synthcur.store.job_states import JobState, RunState, sources

METRICS = (
    *("step", "epoch", "loss", "samples_per_s", "val_accuracy", "val_macro_f1", "val_log_loss"),
    *("ess", "learned"),
)
_CHECKERS_IN_WORDS = {"probe": "Probe", "finetune": "Fine-tuned", "average": "Both kinds of"}
_RUN_RESULTS = (
    "accuracy",
    "macro_f1",
    "val_accuracy",
    "val_log_loss",
    "learned",
    "best_epoch",
    "predictions",
    "dynamics",
    "model",
    "seconds",
    "samples_per_s",
    "rows",
)


_LEARNING_RUN = (
    *("arm", "seed", "n_real", "accuracy", "macro_f1", "val_accuracy", "val_log_loss", "learned"),
    *("unfinished", "quality_accuracy", "predictions", "seconds", "rows"),
)


def take_in(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    """Apply one record to the database, inside the caller's transaction.

    Records of an unknown type are passed over: a worker of a later release may say more.
    """
    handler = _HANDLERS.get(record["t"])
    if handler is not None:
        handler(db, job, record)


def add_event(
    db: sqlite3.Connection, name: str, text: str, *, at: float | None = None, annotator: str = ""
) -> None:
    """Note in the collection's history what happened, and who did it where that is known."""
    db.execute(
        "INSERT INTO event(collection, at, text, annotator) VALUES (?,?,?,?)",
        (name, at or time.time(), text, annotator),
    )


def put_scores(
    db: sqlite3.Connection,
    name: str,
    fingerprint: str,
    checkers: str,
    artefacts: Mapping[str, str],
    trust: Mapping[str, Any],
) -> None:
    """Note the result of scoring the rows of a fingerprint; one of the same kind is replaced."""
    said = (json.dumps(dict(artefacts)), json.dumps(dict(trust)))
    db.execute(
        "INSERT OR REPLACE INTO score VALUES (?,?,?,?,?,?)",
        (name, fingerprint, checkers, *said, time.time()),
    )


def _started(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    db.execute(
        "UPDATE job SET pid=?, identity=?, started_at=? WHERE id=?",
        (record["pid"], record["identity"], record["at"], job["id"]),
    )
    _move(db, job, record, JobState.RUNNING)


def _phase(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    db.execute(
        "UPDATE job SET phase=?, phase_title=?, done=?, total=?, eta_s=? WHERE id=?",
        (
            record["phase"],
            record["title"],
            record["done"],
            record["total"],
            record["eta_s"],
            job["id"],
        ),
    )


def _scored(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    name, checkers = job["collection"], record["checkers"]
    # The job may have begun before the collection grew: its scores are of the rows it read.
    read = json.loads(job["spec"])["collection_fp"]
    put_scores(db, name, read, checkers, record["artefacts"], record["trust"])
    kind = _CHECKERS_IN_WORDS.get(checkers, checkers)
    add_event(db, name, f"{kind} checkers scored the rows", at=record["at"])


def _recipe(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    db.execute("UPDATE job SET recipe=? WHERE id=?", (json.dumps(record["found"]), job["id"]))


def _run_started(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    # A run that goes on keeps what its epochs have told so far.
    db.execute(
        "INSERT INTO run(job_id, arm, seed, status, steps) VALUES (?,?,?,?,?) ON CONFLICT"
        "(job_id, arm, seed) DO UPDATE SET status=excluded.status, steps=excluded.steps",
        (job["id"], record["arm"], record["seed"], RunState.RUNNING, record.get("steps")),
    )


def _epoch_done(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    db.execute(
        "UPDATE run SET dynamics=? WHERE job_id=? AND arm=? AND seed=?",
        (record["dynamics"], job["id"], record["arm"], record["seed"]),
    )


def _metric(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    # A run that goes on from a checkpoint tells the steps behind it once more: the row stays where
    # it is, so nothing that a page has shown is lost or doubled.
    told = [record.get(column) for column in METRICS]
    changes = ", ".join(f"{column}=?" for column in METRICS)
    cursor = db.execute(
        f"UPDATE metric SET {changes} "
        "WHERE job_id=? AND arm=? AND seed=? AND step=? AND (loss IS NULL)=?",
        (
            *told,
            job["id"],
            record["arm"],
            record["seed"],
            record["step"],
            record.get("loss") is None,
        ),
    )
    if cursor.rowcount:
        return
    columns = ("arm", "seed", *METRICS)
    db.execute(
        f"INSERT INTO metric(job_id, {', '.join(columns)}) "
        f"VALUES ({','.join('?' * (1 + len(columns)))})",
        (job["id"], record["arm"], record["seed"], *told),
    )


def _run_done(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    changes = ", ".join(f"{column}=?" for column in _RUN_RESULTS)
    db.execute(
        f"UPDATE run SET status=?, {changes} WHERE job_id=? AND arm=? AND seed=?",
        (
            RunState.DONE,
            *(record.get(column) for column in _RUN_RESULTS),
            job["id"],
            record["arm"],
            record["seed"],
        ),
    )
    # One model is kept an arm: the worker has removed the earlier seed's when this one took over.
    if record.get("model"):
        db.execute(
            "UPDATE run SET model=NULL WHERE job_id=? AND arm=? AND seed != ?",
            (job["id"], record["arm"], record["seed"]),
        )


def _learning_run(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    marks = ",".join("?" * (1 + len(_LEARNING_RUN)))
    db.execute(
        f"INSERT OR REPLACE INTO learning_run(job_id, {', '.join(_LEARNING_RUN)}) VALUES ({marks})",
        (job["id"], *(record.get(column) for column in _LEARNING_RUN)),
    )


def _done(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    finished = KINDS[JobKind(job["kind"])].finished
    if _move(db, job, record, JobState.DONE) and finished is not None:
        text = finished(job["number"], json.loads(job["settings"]))
        add_event(db, job["collection"], text, at=record["at"])


def _failed(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    words = {each: record.get(each, "") for each in ("what", "fix")}
    _move(db, job, record, JobState.FAILED, **words)


def _cancelled(db: sqlite3.Connection, job: sqlite3.Row, record: Mapping[str, Any]) -> None:
    _move(db, job, record, JobState.CANCELLED)


def _move(
    db: sqlite3.Connection,
    job: sqlite3.Row,
    record: Mapping[str, Any],
    to: JobState,
    **columns: object,
) -> bool:
    """Move a job as its worker says; words that come too late for that are passed over."""
    return move(db, job["id"], to, only_from=sources(to), at=record["at"], **columns)


_HANDLERS = {
    "started": _started,
    "phase": _phase,
    "scored": _scored,
    "recipe": _recipe,
    "run_started": _run_started,
    "metric": _metric,
    "epoch_done": _epoch_done,
    "run_done": _run_done,
    "learning_run": _learning_run,
    "done": _done,
    "failed": _failed,
    "cancelled": _cancelled,
}
