"""How far the runs of a job have come, on one axis for all of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthcur.store.records import Job, Run
from synthcur.training.recipes import fit_of


@dataclass(frozen=True)
class Axis:
    """How far a run has come, as all runs of a job tell it.

    Attributes
    ----------
    unit
        ``epoch`` or ``step``.
    length
        Number of them in a run.
    """

    unit: str
    length: int


def axis_of(job: Job) -> Axis:
    """Return the axis of a job's curves: in steps where its recipe counts them, else in epochs."""
    fit = fit_of(job)
    return Axis("epoch", fit.epochs) if fit.steps is None else Axis("step", fit.steps)


def on_one_axis(metrics: pd.DataFrame, runs: Iterable[Run], *, length: int) -> pd.DataFrame:
    """Place every run by the share of its steps, told in the epochs or steps of the job.

    An arm of real rows alone passes them more often than the job says (`recipes.recipe_of`): in the
    middle of its steps it stands where the others are in the middle of theirs.

    Parameters
    ----------
    metrics
        Rows of `Store.metrics`.
    runs
        The runs of the job; where the steps of one are not known its epochs are left as they are.
    length
        Of the job's `Axis`.
    """
    steps = {(run.arm, run.seed): run.steps or math.nan for run in runs}
    keys = zip(metrics["arm"], metrics["seed"], strict=True)
    share = metrics["step"] / np.array([steps.get(key, math.nan) for key in keys])
    return metrics.assign(epoch=(length * share).fillna(metrics["epoch"]))
