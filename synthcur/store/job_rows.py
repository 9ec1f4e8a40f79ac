"""Rows of jobs: how they are read, and the one place that changes the status of one."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthcur.review.decisions import EDIT
from synthcur.review.log_state import LogState
from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import FINISHED, JobState, RunState, check_move
from synthcur.store.records import Job, Run

ANY = tuple(JobState)


def move(
    db: sqlite3.Connection,
    job_id: str,
    to: JobState,
    *,
    only_from: Sequence[JobState] = ANY,
    at: float,
    **columns: object,
) -> bool:
    """Move a job to a state, and its runs with it where it ends, inside the caller's transaction.

    Parameters
    ----------
    to
        The state.
    only_from
        States that the caller takes the job to be in.
    at
        When it happens.
    **columns
        Further columns to be set with it. What ailed the job (`what`, `fix`) is forgotten unless it
        is given.

    Returns
    -------
    bool
        False if the job is in no state of `only_from`, or there is none; nothing is changed.

    Raises
    ------
    ConflictError
        If it is, but cannot go from there to that state, see `job_states.MOVES`.
    """
    row = db.execute("SELECT number, status FROM job WHERE id=?", (job_id,)).fetchone()
    if row is None or row["status"] not in only_from:
        return False
    check_move(row["number"], JobState(row["status"]), to)
    ended_at = at if to in FINISHED else None
    values = {"status": to, "ended_at": ended_at, "what": "", "fix": "", **columns}
    changes = ", ".join(f"{column}=?" for column in values)
    db.execute(f"UPDATE job SET {changes} WHERE id=?", (*values.values(), job_id))
    if to in FINISHED:
        db.execute(
            "UPDATE run SET status=? WHERE job_id=? AND status=?",
            (RunState.STOPPED, job_id, RunState.RUNNING),
        )
    return True


def specified(state: LogState) -> list[dict[str, Any]]:
    """Return what a log comes to as the worker of a job is told: verdicts, then texts."""
    verdicts = [
        {"sample_id": each.sample_id, "action": each.action, "label": each.label}
        for each in state.current.values()
    ]
    return verdicts + [
        {"sample_id": sample_id, "action": EDIT, "text": text}
        for sample_id, text in state.texts.items()
    ]


def read_job(row: sqlite3.Row, folder: Path) -> Job:
    """Return a row of the table of jobs as a record; `folder` is where the job's files are."""
    values = dict(row)
    del values["spool_offset"], values["request"]
    for each in ("settings", "spec", "recipe"):
        values[each] = json.loads(values[each] or "null")
    values["kind"], values["status"] = JobKind(values["kind"]), JobState(values["status"])
    return Job(**values, folder=folder)


def read_run(row: sqlite3.Row) -> Run:
    """Return a row of the table of runs as a record."""
    return Run(**{**dict(row), "status": RunState(row["status"])})


def marks(values: Sequence[object]) -> str:
    """Return the placeholders of an SQL list."""
    return ",".join("?" * len(values))
