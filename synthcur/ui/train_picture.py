"""What the live part of the Train page shows of a job, worked out once for all tabs.

It is worked out anew when a metric has come or a run has changed its state, by whoever asks first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from synthcur import curves
from synthcur.curves import EFFECTIVE_ROWS, LOSS, VAL_ACCURACY, VAL_MACRO_F1, Measure
from synthcur.evaluation import ACCURACY, MACRO_F1
from synthcur.findings import floor_in_words
from synthcur.majority import majority_score
from synthcur.records import Job, Run
from synthcur.report import below_probes, idle_runs
from synthcur.schema import REAL, VALIDATION
from synthcur.settings import TrainSettings
from synthcur.store import Store
from synthcur.ui import resources, train_tables

_METRICS = {VAL_ACCURACY: ACCURACY, VAL_MACRO_F1: MACRO_F1}
"""Measures that always naming the largest label has a score of."""

MEASURES = (LOSS, VAL_ACCURACY, VAL_MACRO_F1, EFFECTIVE_ROWS)


@dataclass(frozen=True)
class Picture:
    """What is drawn of a job at one moment; nobody changes it.

    Attributes
    ----------
    lines
        By the column of a measure: what `curves.curve_table` makes of it.
    runs
        The table of runs.
    latest
        The last known value of every measure of the run in progress; empty without one.
    idle
        Number of finished runs that learned nothing.
    floor
        Which arms stay below a linear probe, in a sentence; empty where none does.
    """

    lines: Mapping[str, pd.DataFrame]
    runs: pd.DataFrame
    latest: Mapping[str, float]
    idle: int = 0
    floor: str = ""


def picture(store: Store, job: Job, runs: list[Run]) -> Picture:
    """Return what is to be drawn of a job with these runs."""
    states = tuple((run.arm, run.seed, run.status, run.model) for run in runs)
    return _picture(job.id, job.is_active, store.last_metric(job.id), states, store)


@st.cache_resource(show_spinner=False, max_entries=16)
def _picture(
    job_id: str,
    is_active: bool,
    last_metric: int,
    states: tuple[tuple[str, int, str, str | None], ...],
    _store: Store,
) -> Picture:
    job, runs, metrics = _store.job(job_id), _store.runs(job_id), _store.metrics(job_id)
    settings = TrainSettings.from_dict(job.settings)
    finished = [(run.arm, run.seed) for run in runs if run.status == "done"]
    drawn = curves.on_one_axis(metrics, runs, length=curves.axis_of(job).length)
    running = [run for run in runs if run.status == "running"]
    idle = idle_runs(_store, runs)
    collection = resources.collection(job.collection)
    validation = collection.label_ids(collection.part(REAL, VALIDATION))

    def lines(measure: Measure) -> pd.DataFrame:
        metric = _METRICS.get(measure)
        return curves.curve_table(
            drawn,
            measure,
            finished=finished,
            arms=settings.arms,
            majority=majority_score(validation, metric) if metric else None,
        )

    return Picture(
        lines={measure.column: lines(measure) for measure in MEASURES},
        runs=train_tables.runs_table(settings, runs, metrics, is_active=is_active, idle=idle),
        latest=train_tables.latest(metrics, running[-1]) if running else {},
        idle=len(idle),
        floor=_floor(_store, settings, runs),
    )


def _floor(store: Store, settings: TrainSettings, runs: list[Run]) -> str:
    done = [run for run in runs if run.status == "done"]
    by_arm = {arm: [run for run in done if run.arm == arm] for arm in settings.arms}
    below = below_probes(store, {arm: own for arm, own in by_arm.items() if own})
    return floor_in_words(below)
