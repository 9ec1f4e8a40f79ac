"""How long a training job will take, judged by finished runs of the same model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthcur.arms import ARMS
from synthcur.learning_curve import NO_REAL_ROWS, LearningCurveSettings
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store import Store

RUNS_MEASURED = 5
"""The speed is the median of at most this many runs, the newest first."""


@dataclass(frozen=True)
class Estimate:
    """A job before it is started.

    Attributes
    ----------
    n_runs
        Arms times seeds.
    seconds
        Expected time of all runs together; None where no run of the model has finished yet.
    measured_on
        Number of the job by whose runs the time was judged; None with `seconds`.
    """

    n_runs: int
    seconds: float | None = None
    measured_on: int | None = None


def estimate(store: Store, settings: TrainSettings, rows: Mapping[str, int]) -> Estimate:
    """Say how long a job would take on this machine.

    Parameters
    ----------
    store
        Workspace whose finished runs are the measure, whatever their collection.
    settings
        The job.
    rows
        Number of rows by what arms train on: ``synthetic``, ``real``.
    """
    n_runs = len(settings.arms) * settings.seeds
    speeds, number = _seconds_per_row(store, settings.fit)
    if not speeds:
        return Estimate(n_runs)
    read = sum(rows_of_arm(arm, rows) for arm in settings.arms)
    seconds = float(np.median(speeds)) * read * settings.fit.epochs * settings.seeds
    return Estimate(n_runs, seconds, number)


def estimate_learning_curve(
    store: Store, settings: LearningCurveSettings, rows: Mapping[str, int]
) -> Estimate:
    """Say how long a learning curve would take; the seconds that its probes take are left out.

    Parameters
    ----------
    store, settings
        See `estimate`.
    rows
        Number of ``synthetic`` and ``validation`` rows.
    """
    speeds, number = _seconds_per_row(store, settings.fit)
    if not speeds:
        return Estimate(settings.n_runs)
    read = 0.0
    for size in (NO_REAL_ROWS, *settings.sizes):
        at = {"synthetic": rows["synthetic"], "real": size}
        for arm in settings.arms_at(size):
            if arm.rows == "real":
                read += _read_by_real_only(size, rows, settings.fit)
            else:
                read += rows_of_arm(arm.name, at) * settings.fit.epochs
    return Estimate(settings.n_runs, float(np.median(speeds)) * read * settings.seeds, number)


def _read_by_real_only(size: int, rows: Mapping[str, int], fit: FitSettings) -> float:
    """Rows that real rows alone take, learned as long as the synthetic ones (`runs.recipe_of`).

    So few rows are passed so often that judging them after every pass is what takes the time; a
    row judged costs a third of a row learned.
    """
    steps = math.ceil(rows["synthetic"] / fit.batch_size) * fit.epochs
    epochs = round(steps / math.ceil(size / fit.batch_size))
    return min(max(fit.epochs, epochs), 100) * (size + rows["validation"] / 3)


def rows_of_arm(arm: str, rows: Mapping[str, int]) -> int:
    """Return how many rows one epoch of an arm reads."""
    if ARMS[arm].rows == "both":
        return rows["synthetic"] + rows["real"]
    return rows[ARMS[arm].rows]


def _seconds_per_row(store: Store, fit: FitSettings) -> tuple[list[float], int | None]:
    """Seconds a row and epoch of the newest runs of the same model, and their newest job."""
    speeds: list[float] = []
    number = None
    for job in store.jobs():
        if job.kind != "train" or not _is_alike(FitSettings.from_dict(job.settings["fit"]), fit):
            continue
        for run in store.runs(job.id):
            if run.seconds and run.rows and run.status == "done":
                number = number or job.number
                epochs = job.settings["fit"]["epochs"]
                speeds.append(run.seconds / (run.rows * epochs))
        if len(speeds) >= RUNS_MEASURED:
            break
    return speeds[:RUNS_MEASURED], number


def _is_alike(first: FitSettings, second: FitSettings) -> bool:
    """Whether two recipes cost the same a row: equal in model and in the longest text."""
    return (first.base_model, first.max_length) == (second.base_model, second.max_length)
