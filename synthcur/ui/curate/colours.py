"""More that can colour the map: decisions, signs of flaws, and the weight in a finished run."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.arms import get_arm, known_arm
from synthcur.results.dynamics import read_dynamics
from synthcur.review.decisions import DISCARD, KEEP, RELABEL, UNSURE
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.ui import resources
from synthcur.ui.curate.groupings import GREY, Grouping
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting.rules import LOG_WEIGHT_EDGES, weight_bins
from synthcur.weighting.what_if import QUADRANTS, quadrants

DECISION, SIGNAL, RUN_WEIGHT = "Decision", "Flaw signal", "Run-time weight"
"""Titles of the groupings; the map knows them by these (``ui/map/divisions.js``)."""

NO_COLOUR = -1

_ACTIONS = {KEEP: "Kept", DISCARD: "Discarded", RELABEL: "Relabelled", UNSURE: "Unsure"}


@dataclass(frozen=True)
class RunWeights:
    """The weights of a finished run in its last epoch.

    Attributes
    ----------
    sample_ids
        Of the rows it trained on, (n,); real ones may be among them.
    weights
        (n,), NaN where a row was not seen.
    note
        Which run that was.
    """

    sample_ids: np.ndarray
    weights: np.ndarray
    note: str


def decisions(rows: CurateRows, verdicts: Mapping[str, str]) -> Grouping:
    """Group the synthetic rows of a page by what was decided about them; actions by sample id."""
    codes = {action: code for code, action in enumerate(_ACTIONS)}
    none = len(codes)
    found = [codes.get(verdicts.get(each, ""), none) for each in rows.sample_ids(np.arange(rows.n))]
    return Grouping(
        DECISION,
        (*_ACTIONS.values(), "Not decided"),
        np.asarray(found, dtype=np.int32),
        ranks=(*range(none), GREY),
    )


def flaws(rows: CurateRows, mislabelled: np.ndarray) -> Grouping:
    """Group the synthetic rows of a page by the first sign of a flaw that they show.

    Parameters
    ----------
    rows
        What is on the page.
    mislabelled
        `signals.likely_mislabelled` in the order of the page, (N,) bool.
    """
    own = np.arange(rows.n), rows.labels
    quarter, _ = quadrants(rows.quality[own], rows.diversity[own], rows.quality.shape[1])
    group = rows.facts.duplicate_group
    copies = np.zeros(rows.n, dtype=bool) if group is None else group >= 0
    doubted = quarter == list(QUADRANTS).index("doubtful")
    names = ("Probably mislabelled", "Both checkers doubt", "Near-duplicate", "None of these")
    codes = np.select([mislabelled, doubted, copies], [0, 1, 2], 3).astype(np.int32)
    note = "the first that a row shows"
    return Grouping(SIGNAL, names, codes, ranks=(1, 3, 4, GREY), note=note)


def run_weights(rows: CurateRows, run: RunWeights) -> Grouping:
    """Group the synthetic rows of a page by the step of their weight in a run."""
    ids = rows.frame["sample_id"].iloc[: rows.n].to_numpy(dtype=object)
    at = pd.Index(run.sample_ids).get_indexer(pd.Index(ids))
    weights = np.where(at >= 0, run.weights[np.maximum(at, 0)], np.nan)
    seen = ~np.isnan(weights)
    codes = np.full(rows.n, len(_STEPS), dtype=np.int32)
    codes[seen] = weight_bins(weights[seen])
    ranks = (*range(len(_STEPS)), NO_COLOUR)
    return Grouping(RUN_WEIGHT, (*_STEPS, "Not in the run"), codes, ranks=ranks, note=run.note)


def _step_names() -> tuple[str, ...]:
    edges = [f"{weight:.2g}" for weight in np.exp(LOG_WEIGHT_EDGES[1:-1])]
    middle = [f"{low} to {high}" for low, high in pairwise(edges)]
    return (f"under {edges[0]}", *middle, f"from {edges[-1]}")


_STEPS = _step_names()


def newest_run(name: str) -> tuple[Job, Run] | None:
    """Return the newest finished run of a collection whose weights followed the model."""
    store = resources.store()
    for job in store.jobs(name, JobKind.TRAIN):
        for run in reversed(store.runs(job.id)):
            arm = known_arm(run.arm)
            if run.is_done and run.dynamics and arm is not None and arm.dynamic:
                return job, run
    return None


def weights_of(job: Job, run: Run) -> RunWeights | None:
    """Return the weights of a run in its last epoch, None where they cannot be told any more."""
    return _weights_of(job.id, run.arm, run.seed, resources.store())


@st.cache_resource(show_spinner=False, max_entries=4)
def _weights_of(job_id: str, arm: str, seed: int, _store: Store) -> RunWeights | None:
    run = next(each for each in _store.runs(job_id) if (each.arm, each.seed) == (arm, seed))
    seen = read_dynamics(_store, _store.job(job_id), run)
    if seen is None or seen.weights is None or not len(seen.weights):
        return None
    note = f"{get_arm(arm).title.split(',')[0]}, seed {seed}, last epoch"
    return RunWeights(seen.rows["sample_id"].to_numpy(dtype=object), seen.weights[-1], note)
