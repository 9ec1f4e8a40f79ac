"""What the live part of the Train page shows of a job, worked out once for all tabs.

It is worked out anew when a metric has come or a run has changed its state, by whoever asks first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from synthcur.arms import base_of
from synthcur.charts import curve_axis, curves
from synthcur.charts.curves import EFFECTIVE_ROWS, LOSS, SCORES, VAL_LOG_LOSS, Measure
from synthcur.results.comparison import Undertrained, below_probes, undertrained
from synthcur.results.findings import floor_in_words
from synthcur.schema import REAL, VALIDATION
from synthcur.settings import TrainSettings
from synthcur.stats.majority import first_metric, majority_score
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.ui.train import tables as train_tables

_METRICS = {measure: metric for metric, measure in SCORES.items()}
"""Measures that always naming the largest label has a score of."""

MEASURES = (LOSS, VAL_LOG_LOSS, *_METRICS, EFFECTIVE_ROWS)

IN_A_ROW = 3
"""Charts that stand side by side."""


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
    state
        The finished runs that learned nothing or were still learning.
    floor
        Which arms stay below a linear probe, in a sentence; empty where none does.
    largest
        Share of the largest label among the validation rows.
    first
        The score that comes first on them, `majority.first_metric`.
    """

    lines: Mapping[str, pd.DataFrame]
    runs: pd.DataFrame
    latest: Mapping[str, float]
    state: Undertrained
    floor: str
    largest: float
    first: str

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is drawn above the runs: `IN_A_ROW` of the measures that are told, in this order.

        Runs of release 0.1 tell no log loss.
        """
        scores = sorted(SCORES.values(), key=lambda each: each != SCORES[self.first])
        is_old = self.lines[VAL_LOG_LOSS.column].empty and not self.lines[scores[0].column].empty
        return (*((LOSS,) if is_old else (LOSS, VAL_LOG_LOSS)), *scores)[:IN_A_ROW]


def drawn_arms(settings: TrainSettings) -> tuple[str, ...]:
    """Return the arms that have curves: those that leave rows out would hide the others."""
    whole = tuple(arm for arm in settings.arms if base_of(arm) == arm)
    return whole or settings.arms


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
    finished = [(run.arm, run.seed) for run in runs if run.is_done]
    drawn = curve_axis.on_one_axis(metrics, runs, length=curve_axis.axis_of(job).length)
    running = [run for run in runs if run.is_running]
    state = undertrained(_store, job, runs)
    collection = _store.versions.read_by(job)
    validation = collection.label_ids(collection.part(REAL, VALIDATION))
    first = first_metric(validation)

    def lines(measure: Measure) -> pd.DataFrame:
        metric = _METRICS.get(measure)
        return curves.curve_table(
            drawn,
            measure,
            finished=finished,
            arms=drawn_arms(settings),
            majority=majority_score(validation, metric) if metric else None,
        )

    return Picture(
        lines={measure.column: lines(measure) for measure in MEASURES},
        runs=train_tables.runs_table(
            settings, runs, metrics, is_active=is_active, state=state, metric=first
        ),
        latest=train_tables.latest(metrics, running[-1]) if running else {},
        state=state,
        floor=_floor(_store, settings, runs),
        largest=majority_score(validation),
        first=first,
    )


def _floor(store: Store, settings: TrainSettings, runs: list[Run]) -> str:
    done = [run for run in runs if run.is_done]
    by_arm = {arm: [run for run in done if run.arm == arm] for arm in drawn_arms(settings)}
    below = below_probes(store, {arm: own for arm, own in by_arm.items() if own})
    return floor_in_words(below)
