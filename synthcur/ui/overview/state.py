"""What the Overview shows, read from the store once per run of the page."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from synthcur.results import comparison as report
from synthcur.results import findings
from synthcur.results.outcome import Results
from synthcur.review.decisions import Decision, current_decisions
from synthcur.review.queues import queue_done, queue_order
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.records import CollectionInfo, Job, Scores, ranked_checkers
from synthcur.store.store import Store
from synthcur.ui import resources
from synthcur.weighting import weight_flow
from synthcur.weighting.rules import sample_weight

QUEUES = ("mislabelled", "low_weight", "random")
"""Review queues that the page offers."""


@dataclass(frozen=True)
class Weighed:
    """What is known once the rows have scores.

    Attributes
    ----------
    weighting
        Name of the weighting the figures are told with; may hold a user's words.
    flow, mass
        See `synthcur.weighting.weight_flow.weight_flow`.
    queues
        Rows, and how many of them are decided, of every queue in `QUEUES`.
    """

    weighting: str
    flow: weight_flow.WeightFlow
    mass: pd.DataFrame
    queues: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Overview:
    """The state of a collection.

    Attributes
    ----------
    active
        A job that waits or runs, None if there is none.
    results
        `results.comparison.results` of the newest finished training job, None before the first.
    scores, weighed
        Of the checkers that measured best; None before scoring.
    """

    info: CollectionInfo
    collection: Collection
    decided: weight_flow.Decided
    active: Job | None
    results: Results | None
    scores: Scores | None
    weighed: Weighed | None

    @property
    def rows(self) -> int:
        """Number N of synthetic rows."""
        return self.info.counts["synthetic"]


def read(name: str) -> Overview:
    """Read the state of a collection."""
    store = resources.store()
    collection, decisions = resources.collection(name), store.decisions.log(name)
    results = _results(name, _finished_runs(store, name), store)
    found = resources.scores(name)
    scores = found[ranked_checkers(found)[0]] if found else None
    weighed = None
    if scores is not None:
        best = findings.leading_arm(results).name if results else None
        weighting = weight_flow.shown_weighting(store.schemes(name), best)
        weighed = _weigh(collection, decisions, scores, *weighting)
    return Overview(
        info=store.collection_info(name),
        collection=collection,
        # What was decided about rows of other versions has no effect on this one.
        decided=weight_flow.decided(
            [each for each in decisions if each.sample_id in collection.synthetic_row_of]
        ),
        active=next((job for job in store.jobs(name) if job.is_active), None),
        results=results,
        scores=scores,
        weighed=weighed,
    )


def _weigh(
    collection: Collection,
    decisions: list[Decision],
    scores: Scores,
    weighting: str,
    settings: WeightingSettings,
) -> Weighed:
    quality, diversity = resources.weighing_probs(scores.artefacts, settings)
    facts = resources.weighing_facts(collection.name, scores.artefacts)
    flow, mass = weight_flow.weight_flow(collection, decisions, quality, diversity, settings, facts)
    labels = collection.label_ids(collection.synthetic)
    weights = sample_weight(quality, diversity, labels, settings, facts)
    ids, current = collection.synthetic["sample_id"].to_numpy(), current_decisions(decisions)
    agreed, queues = resources.agreed_probs(scores.artefacts), {}
    for queue in QUEUES:
        rows = queue_order(queue, agreed_probs=agreed, labels=labels, weights=weights)
        queues[queue] = len(rows), queue_done(ids[rows], current)
    return Weighed(weighting, flow, mass, queues)


def _finished_runs(store: Store, name: str) -> tuple[tuple[str, str, int], ...]:
    """Name the state of all training results: it changes exactly when they do."""
    return tuple(
        (job.id, job.status, sum(run.is_done for run in store.runs(job.id)))
        for job in report.readable_jobs(store, name)
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def _results(
    name: str, finished: tuple[tuple[str, str, int], ...], _store: Store
) -> Results | None:
    return report.results(_store, name) if finished else None
