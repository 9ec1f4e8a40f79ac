"""The learning curve on the Results page: with how many real rows synthetic ones pay."""

from collections.abc import Sequence

import streamlit as st

from synthcur.charts.learning import learning_chart
from synthcur.jobs import job_queue
from synthcur.jobs.estimate import Estimate, estimate_learning_curve
from synthcur.results.learning_curves import (
    LearningResults,
    curve_table,
    learning_results,
    newest_job,
)
from synthcur.stats.majority import majority_in_words
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.training.curve_results import Curve, Summary
from synthcur.training.learning_curve import LearningCurveSettings, default_sizes
from synthcur.ui import parts, resources, session, theme
from synthcur.wording import points, seeds_in_words

POLL_SECONDS = 2.0
TITLE = "Learning curve: with how many real rows do synthetic ones pay?"


def section(name: str) -> None:
    """Offer the job, follow it while it runs, draw what it has found so far."""
    job = newest_job(resources.store(), name)
    is_active = job is not None and job.is_active
    with st.expander(TITLE, expanded=is_active, icon=":material/timeline:"):
        poll = st.fragment(
            _draw, run_every=POLL_SECONDS if is_active else None, key="results_learning"
        )
        poll(name, job.id if job else None, is_active)


def _draw(name: str, job_id: str | None, is_followed: bool) -> None:
    """Draw one state; the whole page is drawn anew when a job that is followed has ended."""
    with session.page():
        store = resources.store()
        if job_id is None:
            _offer(name, store)
            return
        job = store.job(job_id)
        if is_followed and not job.is_active:
            st.rerun()
        finished = len(store.learning_runs(job_id))
        if job.is_active:
            _progress(job, finished)
        elif job.has_failed:
            lines = (parts.plain(line, limit=2000) for line in (job.what, job.fix) if line)
            st.error("  \n".join(lines) or "The worker left no reason.")
        if finished:
            found = _results(job_id, finished, job.status, store)
            if found.summary is not None:
                _curve(found, found.summary)
        if not job.is_active:
            _offer(name, store)


@st.cache_data(show_spinner=False, max_entries=16)
def _results(job_id: str, finished: int, status: str, _store: Store) -> LearningResults:
    """Results of a job with that many finished runs; finished runs never change."""
    return learning_results(_store, _store.job(job_id))


def _offer(name: str, store: Store) -> None:
    collection = resources.effective(name)
    real = collection.real_train_labels
    settings = LearningCurveSettings(sizes=default_sizes(real))
    judges = store.collection_info(name).counts["validation"]
    rows = {"synthetic": len(collection.synthetic), "validation": judges}
    sizes = ", ".join(parts.count(size) for size in settings.sizes)
    st.markdown(
        f"Trains {len(settings.arms)} arms with {sizes} of the real training rows, "
        f"{seeds_in_words(settings.seeds)}, checkers of their own for each. "
        f"{_cost_in_words(estimate_learning_curve(store, settings, rows))} Runs that an earlier "
        "curve has finished are not trained again."
    )
    pressed = st.button(
        "Measure the learning curve", icon=":material/play_arrow:", key="results_learning_start"
    )
    if pressed:
        newest = newest_job(store, name)
        if newest is None or not newest.is_active:  # a second tab may have been faster
            job_queue.submit_learning_curve(session.writing(), name, session.allowed(settings))
        st.rerun()


def _cost_in_words(cost: Estimate) -> str:
    if cost.seconds is None:
        return f"{cost.n_runs} runs; no run of this model has been timed on this machine yet."
    return (
        f"{cost.n_runs} runs, about {parts.duration(cost.seconds)} on this machine, by the speed "
        f"of run {cost.measured_on}."
    )


def _progress(job: Job, finished: int) -> None:
    planned = LearningCurveSettings.from_dict(job.settings).n_runs
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{finished} of {planned} runs done. Closing this tab does not stop it.")
        if parts.cancel_pressed(job, key="results_learning"):
            job_queue.cancel(session.writing(), job.id)
            st.rerun()
    parts.job_progress(job)


def _curve(found: LearningResults, seen: Summary) -> None:
    if seen.verdict:
        undertrained = (*seen.learned_nothing, *seen.unfinished)
        said = [seen.verdict, *(each.sentence for each in undertrained)]
        st.markdown("  \n".join(f"**{parts.plain(each, limit=400)}.**" for each in said))
    chart = learning_chart(seen.arms, found.sizes, palette=theme.palette(), majority=seen.majority)
    parts.show_chart(chart, "learning_curve", alt=_in_words(seen.arms, found.sizes))
    st.caption(
        "Where the curve of real rows alone (Real only) has reached the others, generated rows no "
        "longer pay. "
        f"Line: mean accuracy on {parts.count(found.test_rows)} real test rows over "
        f"{seeds_in_words(found.seeds)}, each with real rows drawn anew. Band: 95 % interval "
        "over rows and seeds. Dashed: reads no real row. Dotted: always the largest label. The "
        f"{parts.count(found.validation_rows)} validation rows choose the epoch at every size."
    )
    sentences = [each.sentence for each in seen.pays]
    if found.quality:
        trust = ", ".join(
            f"{points(each.accuracy)} % with {parts.count(each.n_real)}" for each in found.quality
        )
        sentences.append(
            f"Quality checker right out of fold: {trust}; "
            f"{majority_in_words(found.quality_majority)}"
        )
    st.caption("  \n".join(f"{parts.plain(sentence, limit=400)}." for sentence in sentences))


def _in_words(arms: Sequence[Curve], sizes: Sequence[int]) -> str:
    head, *rows = curve_table(arms, sizes)
    return "; ".join(
        f"{arm}: "
        + ", ".join(
            f"{cell} with {size}" for size, cell in zip(head[1:], cells, strict=True) if cell
        )
        for arm, *cells in rows
    )
