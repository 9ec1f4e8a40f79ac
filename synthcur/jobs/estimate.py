"""An estimate of how long a training job takes, from step times of earlier runs of its model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthcur.arms import get_arm
from synthcur.settings import AUTOMATIC, FitSettings, TrainSettings
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.training.learning_curve import NO_REAL_ROWS, LearningCurveSettings
from synthcur.training.recipes import (
    PUBLISHED_WIDTH,
    automatic,
    count_epochs,
    count_judged,
    count_rows,
    recipe_of,
)

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
        Expected time of all runs together; None where no step of the model was measured yet.
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
        Number of rows by what arms train on: ``synthetic``, ``real``; ``validation``; and the
        number of ``labels``.
    """
    n_runs = len(settings.arms) * settings.seeds
    speeds, number = _seconds_per_row(store, settings.fit)
    if not speeds:
        return Estimate(n_runs)
    read = sum(_read_by_arm(arm, rows, settings) for arm in settings.arms)
    return Estimate(n_runs, float(np.median(speeds)) * read * settings.seeds, number)


def estimate_learning_curve(
    store: Store, settings: LearningCurveSettings, rows: Mapping[str, int]
) -> Estimate:
    """Say how long a learning curve would take; the seconds that its probes take are left out.

    Parameters
    ----------
    store, settings
        See `estimate`.
    rows
        Number of ``synthetic`` and ``validation`` rows, and of ``labels``.
    """
    speeds, number = _seconds_per_row(store, settings.fit)
    if not speeds:
        return Estimate(settings.n_runs)
    read = 0.0
    for size in (NO_REAL_ROWS, *settings.sizes):
        at = {**rows, "real": size}
        read += sum(_read_by_arm(arm.name, at, settings) for arm in settings.arms_at(size))
    return Estimate(settings.n_runs, float(np.median(speeds)) * read * settings.seeds, number)


def _read_by_arm(arm: str, rows: Mapping[str, int], settings: TrainSettings) -> float:
    """Rows that one run of an arm takes.

    Real rows alone are so few and are passed so often that judging them is what takes the time; a
    validation row costs a third of a training row. So does each row that a probe reads; fitting
    the probe itself costs little. An arm that leaves rows out takes as many steps as with them.
    """
    n_synthetic, n_real = rows["synthetic"], rows["real"]
    trained = get_arm(arm)
    n_rows = count_rows(trained, n_synthetic, n_real)
    if trained.is_probe:
        return n_rows / 3
    fit = settings.fit
    if settings.recipe == AUTOMATIC:
        # How wide the model is changes its learning rate only.
        together = n_synthetic + n_real
        fit = automatic(fit, width=PUBLISHED_WIDTH, n_rows=together, n_labels=rows["labels"])
    recipe = recipe_of(trained, fit, n_synthetic, n_real)
    n_epochs = count_epochs(n_rows, recipe)
    learned = recipe.steps * recipe.batch_size if recipe.steps else n_epochs * n_rows
    if trained.rows != "real":
        return learned
    return learned + count_judged(n_epochs) * rows["validation"] / 3


def _seconds_per_row(store: Store, fit: FitSettings) -> tuple[list[float], int | None]:
    """Seconds a row learned of the newest runs of the same model, and their newest job.

    Finished runs tell best: their time includes loading and judging. Where there is none, the steps
    of a run that was stopped or still goes on are taken.
    """
    alike = [
        job
        for job in store.jobs(kind=JobKind.TRAIN)
        if job.settings["fit"]["base_model"] == fit.base_model
    ]
    for speeds_of in (_of_finished_runs, _of_steps):
        speeds: list[float] = []
        number = None
        for job in alike:
            found = speeds_of(store, job)
            number = number or (job.number if found else None)
            speeds += found
            if len(speeds) >= RUNS_MEASURED:
                break
        if speeds:
            return speeds[:RUNS_MEASURED], number
    return [], None


def _of_finished_runs(store: Store, job: Job) -> list[float]:
    batch = FitSettings.from_dict(job.settings["fit"]).batch_size
    return [
        run.seconds / (run.rows * run.steps / math.ceil(run.rows / batch))
        for run in store.runs(job.id)
        if run.is_done and run.seconds and run.steps and run.rows
    ]


def _of_steps(store: Store, job: Job) -> list[float]:
    told = store.metrics(job.id)["samples_per_s"].dropna()
    return [1 / float(told.median())] if len(told) and told.median() > 0 else []
