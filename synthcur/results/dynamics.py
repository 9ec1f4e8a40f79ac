"""What the weights of a run did while it trained, from what the run left behind.

A run keeps p(y|x) and the margin of every row in every epoch (`trainer.Fit`). With the factor of
the row, which the job's own settings give again, that is enough to tell its weights.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthcur.arms import get_arm
from synthcur.errors import SynthcurError
from synthcur.review.decisions import Decision
from synthcur.settings import TrainSettings
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.training.pools import WeightedExamples, read_pool
from synthcur.training.training_sets import rows_of

SMALLEST_KEPT = 2.0**-24
"""Smallest probability above 0 that the history, float16, can hold."""

WEIGHT_EDGES = np.logspace(-2, 2, 21)
"""Bins of a histogram of weights, five a factor of ten; the outer two take all beyond them."""

MOVED = 2.0
"""A row has fallen or risen if its weight was divided or multiplied by this much."""

FELL, ROSE, FLAT = "fell", "rose", "flat"


@dataclass(frozen=True)
class Dynamics:
    """The history of one run; n rows, E epochs.

    Attributes
    ----------
    rows
        The rows it trained on: at least sample_id, text, label.
    own_probability, margin
        (E, n), see `trainer.Fit`; NaN where a row was not seen.
    weights
        (E, n) the weight that each row's loss was multiplied by; None where it hung on the other
        rows of a batch and cannot be told afterwards.
    is_dynamic
        Whether the weights followed the model.
    """

    rows: pd.DataFrame
    own_probability: np.ndarray
    margin: np.ndarray
    weights: np.ndarray | None
    is_dynamic: bool


def read_dynamics(store: Store, job: Job, run: Run) -> Dynamics | None:
    """Read the history of a finished run; None where it has none or its rows are not known again.

    Parameters
    ----------
    store, job
        Where the run belongs.
    run
        One of the job's.
    """
    if run.dynamics is None:
        return None
    trained = trained_rows(store, job, run)
    try:
        own = store.artefacts.array(run.dynamics, "own_probability").astype(np.float64)
        margin = store.artefacts.array(run.dynamics, "margin").astype(np.float64)
    except SynthcurError:
        return None  # cleaned away
    if trained is None or own.shape[1] != len(trained.labels):
        return None
    weights = weights_by_epoch(trained.factor, trained.dynamic, own)
    return Dynamics(trained.rows, own, margin, weights, bool(trained.dynamic))


def trained_rows(store: Store, job: Job, run: Run) -> WeightedExamples | None:
    """Select the rows of a run again as its worker did; None if what it read has gone.

    Parameters and errors as in `read_dynamics`. The column ``label`` is that after review.
    """
    settings, arm = TrainSettings.from_dict(job.settings), get_arm(run.arm)
    decisions = [Decision(**each) for each in job.spec["decisions"]]
    try:
        # Further columns are read where they say which rows an arm leaves out.
        origin = job.spec.get("origin") if arm.without else None
        collection = store.artefacts.collection(
            job.spec["collection_fp"], name=job.collection, origin=origin
        )
        pool = read_pool(collection, decisions, [arm], job.spec["scores"], store.artefacts)
        trained = rows_of(arm, pool, weighting=settings.weighting, seed=run.seed)
    except SynthcurError:
        return None
    names = np.asarray(pool.labels, dtype=object)
    rows = trained.rows.assign(label=names[trained.labels]).reset_index(drop=True)
    return replace(trained, rows=rows)


def weights_by_epoch(
    factor: np.ndarray, dynamic: str, own_probability: np.ndarray
) -> np.ndarray | None:
    """Return the weights (E, n) of a run from the factor (n,) of every row.

    ``dimp`` is P'/p and ``focal`` factor * (1 - p), as in `training.losses`; p comes from the
    history, which keeps three digits and nothing below `SMALLEST_KEPT`. ``rho`` compares the rows
    of a batch, which are not kept: None. Without a name the factor is the weight in every epoch.
    """
    seen = np.asarray(own_probability, dtype=np.float64)
    if dynamic == "dimp":
        return factor / np.maximum(seen, SMALLEST_KEPT)
    if dynamic == "focal":
        return factor * (1 - seen)
    return None if dynamic else np.where(np.isnan(seen), np.nan, factor)


def weight_histogram(weights: np.ndarray, edges: np.ndarray = WEIGHT_EDGES) -> np.ndarray:
    """Count the rows of every epoch by weight.

    Parameters
    ----------
    weights
        (E, n), >= 0; NaN is not counted.
    edges
        (B + 1,) rising.

    Returns
    -------
    numpy.ndarray
        (E, B) int64; weights beyond the edges count in the outer bins.
    """
    inside = np.clip(weights, edges[0], np.nextafter(edges[-1], 0))
    return np.stack([np.histogram(row[~np.isnan(row)], bins=edges)[0] for row in inside])


def effective_rows(weights: np.ndarray) -> np.ndarray:
    """Kish's effective sample size of every epoch, (E,)."""
    total, squares = np.nansum(weights, axis=1), np.nansum(np.square(weights), axis=1)
    return np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)


def movers(weights: np.ndarray) -> pd.DataFrame:
    """Say of every row whether its weight fell, rose or stayed, the largest change first.

    Parameters
    ----------
    weights
        (E, n); an epoch in which a row was not seen is left out.

    Returns
    -------
    pandas.DataFrame
        Columns row (position), first, last, change (factor, last / first), went (`FELL`, `ROSE`
        or `FLAT`) and weights (the values seen, a list). Rows seen once only are left out.
    """
    small = np.finfo(np.float64).tiny
    found = []
    for row, values in enumerate(np.asarray(weights, dtype=np.float64).T):
        seen = values[~np.isnan(values)]
        if len(seen) < 2:
            continue
        change = max(seen[-1], small) / max(seen[0], small)
        went = ROSE if change >= MOVED else FELL if change <= 1 / MOVED else FLAT
        found.append((row, seen[0], seen[-1], change, went, seen.tolist()))
    columns = ["row", "first", "last", "change", "went", "weights"]
    table = pd.DataFrame(found, columns=columns)
    order = np.argsort(-np.abs(np.log(table["change"].to_numpy(dtype=float))), kind="stable")
    return table.iloc[order].reset_index(drop=True)
