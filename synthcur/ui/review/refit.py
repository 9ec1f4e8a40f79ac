"""The button that lets the checkers learn from what people decided since they were fitted."""

import json
from collections.abc import Iterable, Mapping

import streamlit as st

from synthcur.jobs import job_queue
from synthcur.review import decisions as review
from synthcur.review.decisions import Decision
from synthcur.settings import ScoreSettings
from synthcur.store.job_kinds import JobKind
from synthcur.store.job_states import JobState
from synthcur.store.records import Job, ranked_checkers
from synthcur.ui import parts, resources, score_jobs
from synthcur.ui.review.cards import Bench
from synthcur.ui.session import allowed, writing

Learned = Mapping[str, tuple[str | None, str | None]]
"""New label and new text of every sample that has one."""


def refit_button(bench: Bench) -> None:
    """Draw the button with the number of rows it would bring to the checkers."""
    name = bench.collection.name
    if score_jobs.active(name) is not None:
        with st.sidebar:
            score_jobs.watch(name)
        return
    kind = ranked_checkers(resources.scores(name))[0]
    job = last_fit(resources.store().jobs(name), kind)
    new = len(new_since(job, bench))
    rows = "1 row has" if new == 1 else f"{parts.count(new)} rows have"
    is_wanted = st.sidebar.button(
        f"Refit checkers, {parts.count(new)} new",
        icon=":material/model_training:",
        key="review_refit",
        width="stretch",
        disabled=not new,
        help=f"{rows} another label or text than when the {kind} checkers were fitted. They learn "
        "these anew; decisions and queues stay, weights and reasons follow the new checkers. "
        "Keeping or discarding a row teaches them nothing.",
    )
    if is_wanted:
        settings = ScoreSettings.from_dict(job.settings) if job else ScoreSettings(checkers=kind)
        job_queue.submit_score(writing(), name, allowed(settings))
        st.rerun()


def last_fit(found: Iterable[Job], kind: str) -> Job | None:
    """Return the latest job that fitted the checkers of a kind; None if they came with the data.

    Parameters
    ----------
    found
        Jobs of a collection, newest first.
    """
    done = (job for job in found if job.kind == JobKind.SCORE and job.status == JobState.DONE)
    return next((job for job in done if job.settings["checkers"] == kind), None)


def new_since(job: Job | None, bench: Bench) -> set[str]:
    """Return the samples whose label or text differs from what a fit has learned."""
    before: Learned = {}
    if job is not None:
        spec = json.loads((job.folder / "spec.json").read_text("utf-8"))
        before = learned((Decision(**each) for each in spec.get("decisions", ())), bench)
    now = _learned(bench.state.current, bench.state.texts, bench)
    return {each for each in before.keys() | now.keys() if before.get(each) != now.get(each)}


def learned(decisions: Iterable[Decision], bench: Bench) -> Learned:
    """Return what checkers learn from a log."""
    log = list(decisions)
    return _learned(review.current_decisions(log), review.current_texts(log), bench)


def _learned(current: Mapping[str, Decision], texts: Mapping[str, str], bench: Bench) -> Learned:
    names, found = bench.collection.labels, {}
    labels = {each: row.label for each, row in current.items() if row.label is not None}
    for sample_id in labels.keys() | texts.keys():
        row = bench.row_of.get(sample_id)
        if row is None:
            continue
        label = labels.get(sample_id)
        label = None if label == names[bench.file_labels[row]] else label
        if label is not None or sample_id in texts:
            found[sample_id] = (label, texts.get(sample_id))
    return found
