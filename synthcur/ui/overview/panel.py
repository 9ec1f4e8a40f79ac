"""The Overview around its cards: the rail, the finding with the next step, the numbers."""

import pandas as pd
import streamlit as st

from synthcur.jobs import job_queue
from synthcur.results import findings
from synthcur.results.outcome import Results
from synthcur.review.queues import QUEUES
from synthcur.settings import ScoreSettings
from synthcur.stats.majority import majority_in_words
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job
from synthcur.ui import parts, resources, trust
from synthcur.ui.clock import clock
from synthcur.ui.overview.state import Overview, Weighed
from synthcur.ui.session import page, session, writing
from synthcur.weighting.weight_flow import decided_since
from synthcur.wording import seeds_in_words

HISTORY = 6


def rail(state: Overview) -> None:
    """Draw what the collection is, its rows and what happened to it."""
    with st.sidebar:
        if state.info.note:
            st.caption(parts.plain(state.info.note, limit=400))
        st.subheader("Rows", anchor=False)
        counts = state.info.counts
        rows = {
            "Synthetic": counts["synthetic"],
            "Real, train": counts["train"],
            "Real, validation": counts["validation"],
            "Real, test": counts["test"],
        }
        st.dataframe(
            pd.DataFrame({"Part": list(rows), "Rows": list(rows.values())}),
            hide_index=True,
            column_config={"Rows": st.column_config.NumberColumn(format="localized")},
        )
        st.subheader("History", anchor=False)
        events = resources.store().events(state.info.name, limit=HISTORY)
        with st.container(gap="xsmall"):
            for at, text in events:
                st.caption(f"{clock(at)}  {parts.plain(text)}")


def finding(state: Overview) -> None:
    """Draw the page's first line: what is known, and the next useful step as one button."""
    title, caption = _finding_in_words(state)
    badge = None
    if state.results is not None and findings.leading_arm(state.results).score.n_seeds == 1:
        badge = seeds_in_words(1)
    stage = "working" if state.active is not None else "known"
    with parts.finding_line(title, caption, stage=stage, badge=badge):
        if state.active is not None:
            _active_button(state.active)
        elif state.weighed is None:
            _score_button(state)
        else:
            _next_step_button(state.weighed)


def _finding_in_words(state: Overview) -> tuple[str, str]:
    if state.results is not None:
        return _result_in_words(state.results)
    rows = parts.count(state.rows)
    if state.weighed is None:
        title = parts.plain(state.info.title or state.info.name)
        what = "not weighed yet" if state.active is None else "being scored"
        return (
            f"{title}: {rows} synthetic rows, {what}",
            "Weights need a quality checker, trained on the real rows, and a diversity checker, "
            "trained on the synthetic ones.",
        )
    effective = parts.count(state.weighed.flow.effective)
    weighting = parts.plain(state.weighed.weighting)
    tests = parts.count(state.info.counts["test"])
    return (
        f"{rows} synthetic rows carry the weight of {effective}",
        f"Weighed by {weighting}. Whether that helps a classifier, only a training run says, "
        f"tested on the {tests} real test rows.",
    )


def _result_in_words(results: Results) -> tuple[str, str]:
    leader, plain = findings.leading_arm(results), results.arm(results.baseline)
    on = f"on {parts.count(results.test_rows)} real test rows"
    seeds = seeds_in_words(leader.score.n_seeds)
    if plain is None or leader.difference is None:
        majority = majority_in_words(results.majority)
        return results.verdict, f"Run {results.number}, {on}, {seeds}; {majority}."
    before, after = (f"{100 * arm.score.mean:.1f}" for arm in (plain, leader))
    score = findings.METRIC_WORDS[results.metric]
    title = f"{leader.title} beats plain training: {score} {before} → {after} %"
    if not leader.is_better:
        title = results.verdict
    difference = findings.difference_in_words(leader.difference)
    against = f"{leader.title} against plain training {on}"
    several = f", {seeds}" if leader.score.n_seeds > 1 else ""
    return title, f"{difference} points, 95 % interval, {against}{several}."


def _active_button(job: Job) -> None:
    if job.kind == JobKind.TRAIN:
        if st.button("Watch the run", type="primary", icon=":material/show_chart:"):
            st.switch_page("pages/train.py")
    elif job.kind == JobKind.LEARNING_CURVE:
        if st.button("Watch the learning curve", type="primary", icon=":material/timeline:"):
            st.switch_page("pages/results.py")
    elif job.kind == JobKind.SCORE and st.button("Cancel scoring", icon=":material/stop_circle:"):
        job_queue.cancel(writing(), job.id)
        st.rerun()


def _score_button(state: Overview) -> None:
    rows = parts.count(state.rows)
    if st.button(f"Score {rows} rows", type="primary", icon=":material/calculate:"):
        job_queue.submit_score(writing(), state.info.name, ScoreSettings())
        st.rerun()


def _next_step_button(weighed: Weighed) -> None:
    total, done = weighed.queues["mislabelled"]
    if done < total:
        label = f"Review {parts.count(total - done)} probably mislabelled"
        if st.button(label, type="primary", icon=":material/rule:"):
            _open_queue("mislabelled")
    elif st.button("Train with the decisions", type="primary", icon=":material/play_arrow:"):
        st.switch_page("pages/train.py")


def _open_queue(name: str) -> None:
    session().queue = name
    st.switch_page("pages/review.py")


@st.fragment(run_every=1.0)
def progress(job_id: str) -> None:
    """Follow the active job of the collection; the page is drawn anew when it ends."""
    with page():
        job = resources.store().job(job_id)
        if not job.is_active:
            st.rerun()
        parts.job_progress(job)


def numbers(state: Overview) -> None:
    """Draw the five figures of the collection."""
    rows, decided = state.rows, state.decided
    effective, of_effective = "not yet", "needs scores"
    if state.weighed is not None:
        effective = parts.count(state.weighed.flow.effective)
        share = parts.percent(state.weighed.flow.effective / max(rows, 1), digits=0)
        of_effective = f"{share} of {parts.count(rows)}, not an accuracy"
    reviewed = parts.percent(decided.reviewed / max(rows, 1), digits=0)
    labels = len(state.collection.labels)
    parts.metrics(
        [
            ("Synthetic rows", parts.count(rows), f"{labels} labels"),
            ("Effective rows", effective, of_effective),
            ("Reviewed", parts.count(decided.reviewed), f"{reviewed} of {parts.count(rows)}"),
            (
                "Discarded",
                parts.count(decided.discarded),
                f"of {parts.count(decided.reviewed)} reviewed; "
                f"{parts.count(decided.relabelled)} relabelled",
            ),
            ("Quality checker accuracy", *_trust_in_words(state)),
        ]
    )
    if state.scores is not None:
        trust.warn(state.info.name, state.scores)


def _trust_in_words(state: Overview) -> tuple[str, str]:
    scores = state.scores
    found = scores.trust.get("quality") if scores is not None else None
    if scores is None or not found:
        return "not yet", "needs scores"
    interval = f"[{100 * found['low']:.0f}, {100 * found['high']:.0f}]"
    majority = trust.measured(state.info.name, scores)["quality"].majority
    return (
        parts.percent(found["accuracy"], digits=0),
        f"{interval} of {parts.count(found['n'])} real; largest label "
        f"{parts.percent(majority, digits=0)}",
    )


def next_card(state: Overview) -> None:
    """List what else can be done, at most four things, each with its size and a way there."""
    with parts.card("Next"):
        if state.weighed is None:
            of = f"{parts.count(len(state.collection.rows))} rows"
            if _step("Look at the rows", of, ":material/table_rows:"):
                st.switch_page("pages/data.py")
            return
        _queue_step(state.weighed, "random", ":material/casino:")
        if state.results is None:
            _queue_step(state.weighed, "low_weight", ":material/arrow_downward:")
        points = state.rows + state.info.counts["train"]
        if _step("Look at the map", f"{parts.count(points)} points", ":material/scatter_plot:"):
            st.switch_page("pages/curate.py")
        if state.results is None:
            return
        if _step("Train again", _since_last_run(state, state.results), ":material/play_arrow:"):
            st.switch_page("pages/train.py")
        of = (
            f"{parts.count(state.rows - state.decided.discarded)} of {parts.count(state.rows)} rows"
        )
        if _step("Export curated data", of, ":material/download:"):
            st.switch_page("pages/results.py")


def _queue_step(weighed: Weighed, queue: str, icon: str) -> None:
    total, done = weighed.queues[queue]
    of_what = f"{parts.count(total)} rows, {parts.count(done)} reviewed"
    if _step(QUEUES[queue].title, of_what, icon):
        _open_queue(queue)


def _since_last_run(state: Overview, results: Results) -> str:
    store = resources.store()
    now = store.decisions.state(state.info.name)
    newer = decided_since(store.job(results.job).spec["decisions"], now.current, now.texts)
    decisions = "1 decision" if newer == 1 else f"{parts.count(newer)} decisions"
    since = f", {decisions} ago" if newer else ""
    return f"last was run {results.number}{since}"


def _step(title: str, of_what: str, icon: str) -> bool:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.markdown(f"{icon} {title}", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.caption(of_what, width="content")
            return st.button("Open", key=f"next_{title}")
