"""The tables of the Train page: the runs of a job, and the jobs before it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.arms import known_arm, short_name
from synthcur.results.comparison import Undertrained
from synthcur.results.findings import METRIC_WORDS, arm_title
from synthcur.settings import TrainSettings
from synthcur.stats.metrics import ACCURACY
from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import JobState, RunState
from synthcur.store.records import Job, Run
from synthcur.ui import parts, resources, theme
from synthcur.ui.clock import clock

_IDLE, _UNFINISHED = "learned nothing", "still learning"
MOST_ROWS = 8
"""Rows that are seen without scrolling."""

BADGES: Mapping[JobState, tuple[str, Literal["gray", "blue", "orange"], str]] = {
    JobState.QUEUED: ("waiting", "gray", ":material/schedule:"),
    JobState.STARTING: ("starting", "blue", ":material/play_circle:"),
    JobState.RUNNING: ("running", "blue", ":material/play_circle:"),
    JobState.CANCELLING: ("stopping", "gray", ":material/stop_circle:"),
    JobState.DONE: ("done", "gray", ":material/check:"),
    JobState.CANCELLED: ("cancelled", "gray", ":material/block:"),
    JobState.FAILED: ("failed", "orange", ":material/error:"),
    JobState.CRASHED: ("stopped unexpectedly", "orange", ":material/error:"),
}
"""Word, colour and icon of every state of a job."""


def runs_table(
    settings: TrainSettings,
    runs: Sequence[Run],
    metrics: pd.DataFrame,
    *,
    is_active: bool,
    state: Undertrained,
    metric: str = ACCURACY,
) -> pd.DataFrame:
    """Return all planned runs with figures that change once per epoch, so that it stands still.

    Parameters
    ----------
    settings, runs, metrics, is_active
        Of the job.
    state
        The runs that learned nothing or were still learning: that is the state of each.
    metric
        Score on the validation rows that is shown, ``accuracy`` or ``macro_f1``.
    """
    known = {(run.arm, run.seed): run for run in runs}
    planned = [(arm, seed) for seed in range(settings.seeds) for arm in settings.arms]
    # A stable sort: what runs comes first, then what has ended, then what waits.
    planned.sort(key=lambda run: _place(known.get(run)))
    waits = "waiting" if is_active else "not run"
    rows = [_run_row(waits, arm, seed, known, metrics, metric) for arm, seed in planned]
    for run, row in zip(planned, rows, strict=True):
        if run in state.nothing:
            row["State"] = [_IDLE]
        elif run in state.unfinished:
            row["State"] = [_UNFINISHED]
    return pd.DataFrame(rows)


def _title(metric: str) -> str:
    return f"Validation {METRIC_WORDS[metric]}"


def runs(table: pd.DataFrame) -> None:
    """Draw what `runs_table` returns."""
    column = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        placeholder="",
        row_height=28,
        height=28 * (min(MOST_ROWS, len(table)) + 1) + 3,
        column_config={
            "Seed": column.NumberColumn(width=50),
            "State": column.MultiselectColumn(
                options=[*RunState, "waiting", "not run", _IDLE, _UNFINISHED],
                color=_state_tints(),
                width=110,
            ),
            "Epochs": column.NumberColumn(width=60),
            **{
                _title(metric): column.NumberColumn(format="%.1f %%", width=120)
                for metric in METRIC_WORDS
            },
            "Rows": column.NumberColumn(format="localized", width=60),
            "Samples/s": column.NumberColumn(format="%.0f", width=80),
            "Time": column.TextColumn(width=70),
        },
    )


def earlier(name: str, job: Job) -> None:
    """List the collection's other training jobs and what became of them."""
    others = [each for each in resources.store().jobs(name, JobKind.TRAIN) if each.id != job.id]
    if not others:
        return
    with parts.card("Earlier", "newest first"):
        table = pd.DataFrame([_job_row(each) for each in others])
        column = st.column_config
        st.dataframe(
            table,
            hide_index=True,
            row_height=28,
            height=28 * (min(MOST_ROWS, len(table)) + 1) + 3,
            column_config={
                "Run": column.NumberColumn(width=50),
                "Started": column.TextColumn(width=100),
                "Arms": column.TextColumn(width=220),
                "Seeds": column.NumberColumn(width=50),
                "State": column.TextColumn(width=130),
            },
        )


def _job_row(job: Job) -> dict[str, Any]:
    settings = TrainSettings.from_dict(job.settings)
    return {
        "Run": job.number,
        "Started": clock(job.started_at or job.created_at),
        "Arms": ", ".join(short_name(arm) for arm in settings.arms),
        "Seeds": settings.seeds,
        "State": BADGES[job.status][0],
        "What happened": job.what,
    }


def _place(run: Run | None) -> int:
    return 2 if run is None else int(not run.is_running)


def _run_row(
    waits: str,
    arm: str,
    seed: int,
    known: Mapping[tuple[str, int], Run],
    metrics: pd.DataFrame,
    metric: str,
) -> dict[str, Any]:
    run = known.get((arm, seed))
    row: dict[str, Any] = {
        "Arm": arm_title(arm),
        "Seed": seed,
        "State": [waits],
        "Epochs": None,
        _title(metric): None,
        "Rows": None,
        "Samples/s": None,
        "Time": None,
    }
    if run is None:
        return row
    reached_so_far = latest(metrics, run)
    reached = _at_best(metrics, run, metric)
    if reached is None:
        reached = reached_so_far.get(f"val_{metric}")
    return {
        **row,
        "State": [run.status],
        "Epochs": None if _is_probe(arm) else int(reached_so_far.get("epoch", 0)),
        _title(metric): None if reached is None else 100 * reached,
        "Rows": run.rows,
        "Samples/s": run.samples_per_s,
        "Time": None if run.seconds is None else parts.duration(run.seconds),
    }


def _is_probe(arm: str) -> bool:
    known = known_arm(arm)
    return known is not None and known.is_probe


def _at_best(metrics: pd.DataFrame, run: Run, metric: str) -> float | None:
    """Return the score of the checkpoint that a finished run has kept; macro-F1 from its epoch."""
    if metric == ACCURACY or run.best_epoch is None:
        return run.val_accuracy
    own = metrics[(metrics["arm"] == run.arm) & (metrics["seed"] == run.seed)]
    # The last epoch of a run that counts in steps may be cut short.
    kept = own[np.ceil(own["epoch"]) == run.best_epoch][f"val_{metric}"].dropna()
    return None if kept.empty else float(kept.iloc[-1])


def latest(metrics: pd.DataFrame, run: Run) -> dict[str, float]:
    """Return the last known value of every measure of a run."""
    own = metrics[(metrics["arm"] == run.arm) & (metrics["seed"] == run.seed)]
    measured = ["step", "epoch", "samples_per_s", "val_accuracy", "val_macro_f1"]
    last = own[measured].ffill().tail(1)
    known = {} if last.empty else last.iloc[0].dropna().to_dict()
    return {str(column): float(value) for column, value in known.items()}


def _state_tints() -> list[str]:
    tints = theme.palette().tints
    return [
        tints["keep"],
        tints["neutral"],
        tints["discard"],
        *[tints["neutral"]] * 2,
        *[tints["discard"]] * 2,
    ]
