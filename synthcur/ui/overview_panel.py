"""The cards of the Overview: the finding and the next step, flow of weight, arms, labels, rail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from synthcur import figures_overview, jobs, report, summary
from synthcur.arms import get_arm
from synthcur.evaluation import seeds_in_words
from synthcur.records import CollectionInfo, Job, Scores
from synthcur.review import QUEUES, current_decisions, queue_done, queue_order
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings, TrainSettings
from synthcur.store import Store
from synthcur.ui import parts, resources, theme
from synthcur.ui.session import session
from synthcur.weighting import sample_weight

HISTORY = 6


@dataclass(frozen=True)
class Overview:
    """Everything the page shows, read once a run.

    `results` are those of the newest finished training job, `flow`, `mass` and `queues` (rows and
    decided rows by queue) need scores; each is None or empty while it does not exist.
    """

    info: CollectionInfo
    collection: Collection
    decided: summary.Decided
    active: Job | None
    results: Mapping[str, Any] | None
    scores: Scores | None
    weighting: str
    flow: summary.WeightFlow | None
    mass: pd.DataFrame | None
    queues: Mapping[str, tuple[int, int]]


def read(name: str) -> Overview:
    """Read the state of a collection from the store."""
    store = resources.store()
    collection, decisions = resources.collection(name), store.decisions(name)
    active = next((job for job in store.jobs(name) if job.is_active), None)
    results = _results(name, _finished_runs(store, name), store)
    found = resources.scores(name)
    scores = found.get("finetune") or found.get("probe")
    best = report.leading_arm(results)["arm"] if results else None
    weighting, settings = summary.shown_weighting(store.schemes(name), best)
    flow = mass = None
    queues: dict[str, tuple[int, int]] = {}
    if scores is not None:
        quality = resources.array(scores.artefacts["quality"], "synthetic")
        diversity = resources.array(scores.artefacts["diversity"], "synthetic")
        flow, mass = summary.weight_flow(collection, decisions, quality, diversity, settings)
        labels = collection.label_ids(collection.synthetic)
        weights = sample_weight(quality, diversity, labels, settings)
        ids, current = collection.synthetic["sample_id"].to_numpy(), current_decisions(decisions)
        for queue in ("mislabelled", "random"):
            rows = queue_order(queue, quality_probs=quality, labels=labels, weights=weights)
            queues[queue] = len(rows), queue_done(ids[rows], current)
    return Overview(
        info=store.collection_info(name),
        collection=collection,
        decided=summary.decided(decisions),
        active=active,
        results=results,
        scores=scores,
        weighting=weighting,
        flow=flow,
        mass=mass,
        queues=queues,
    )


def _finished_runs(store: Store, name: str) -> tuple[tuple[str, str, int], ...]:
    """Name the state of all training results: it changes exactly when they do."""
    return tuple(
        (job.id, job.status, sum(run.status == "done" for run in store.runs(job.id)))
        for job in report.readable_jobs(store, name)
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def _results(
    name: str, finished: tuple[tuple[str, str, int], ...], _store: Store
) -> Mapping[str, Any] | None:
    return report.results(_store, name) if finished else None


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
                st.caption(f"{_clock(at)}  {parts.plain(text)}")


def _clock(at: float) -> str:
    zone = st.context.timezone
    when = datetime.fromtimestamp(at, ZoneInfo(zone) if zone else None)
    is_today = when.date() == datetime.now(when.tzinfo).date()
    return when.strftime("%H:%M" if is_today else "%d %b")


def finding(state: Overview) -> None:
    """Draw the page's first line: what is known, and the next useful step as one button."""
    title, caption = _finding_in_words(state)
    badge = "1 seed" if state.results and state.results["arms"][0]["n_seeds"] == 1 else None
    with parts.finding_line(title, caption, badge=badge):
        if state.active is not None:
            _active_button(state.active)
        elif state.scores is None:
            _score_button(state)
        else:
            _next_step_button(state)


def _finding_in_words(state: Overview) -> tuple[str, str]:
    if state.results is not None:
        return _result_in_words(state.results)
    rows = parts.count(state.info.counts["synthetic"])
    if state.flow is None:
        title = parts.plain(state.info.title or state.info.name)
        what = "not weighed yet" if state.active is None else "being scored"
        return (
            f"{title}: {rows} synthetic rows, {what}",
            "Weights need a quality checker, trained on the real rows, and a diversity checker, "
            "trained on the synthetic ones.",
        )
    effective = parts.count(state.flow.effective)
    return (
        f"{rows} synthetic rows carry the weight of {effective}",
        f"Weighed by {parts.plain(state.weighting)}. Whether that helps a classifier, only a "
        f"training run on the same {parts.count(state.info.counts['test'])} real test rows says.",
    )


def _result_in_words(results: Mapping[str, Any]) -> tuple[str, str]:
    leader = report.leading_arm(results)
    plain = next((arm for arm in results["arms"] if arm["arm"] == results["baseline"]), None)
    on = f"on {parts.count(results['test_rows'])} real test rows"
    seeds = seeds_in_words(leader["n_seeds"])
    if plain is None or leader["difference"] is None:
        return results["verdict"], f"Run {results['number']}, {on}, {seeds}."
    before, after = (f"{100 * arm['mean']:.1f}" for arm in (plain, leader))
    title = f"{leader['title']} beats plain training: accuracy {before} → {after} %"
    if leader["difference"]["outcome"] != "better":
        title = results["verdict"]
    difference = report.difference_in_words(leader["difference"])
    against = f"{leader['title']} against plain training {on}"
    several = f", {seeds}" if leader["n_seeds"] > 1 else ""
    return title, f"{difference} points, 95 % interval, {against}{several}."


def _active_button(job: Job) -> None:
    if job.kind == "train":
        if st.button("Watch the run", type="primary", icon=":material/show_chart:"):
            st.switch_page("pages/train.py")
    elif st.button("Cancel scoring", icon=":material/stop_circle:"):
        jobs.cancel(resources.store(), job.id)
        st.rerun()


def _score_button(state: Overview) -> None:
    rows = parts.count(state.info.counts["synthetic"])
    if st.button(f"Score {rows} rows", type="primary", icon=":material/calculate:"):
        jobs.submit_score(resources.store(), state.info.name, ScoreSettings())
        st.rerun()


def _next_step_button(state: Overview) -> None:
    total, done = state.queues["mislabelled"]
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
def progress(name: str, job_id: str) -> None:
    """Follow the active job of the collection; the page is drawn anew when it ends."""
    job = resources.store().job(job_id)
    if not job.is_active:
        st.rerun()
    parts.job_progress(job)


def numbers(state: Overview) -> None:
    """Draw the five figures of the collection."""
    rows, decided = state.info.counts["synthetic"], state.decided
    effective, of_effective = "not yet", "needs scores"
    if state.flow is not None:
        effective = parts.count(state.flow.effective)
        share = parts.percent(state.flow.effective / max(rows, 1), digits=0)
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
            ("Quality checker accuracy", *_trust_in_words(state.scores)),
        ]
    )


def _trust_in_words(scores: Scores | None) -> tuple[str, str]:
    trust = scores.trust.get("quality") if scores is not None else None
    if not trust:
        return "not yet", "needs scores"
    interval = f"[{100 * trust['low']:.0f}, {100 * trust['high']:.0f}]"
    return (
        parts.percent(trust["accuracy"], digits=0),
        f"{interval} of {parts.count(trust['n'])} real, {trust['how']}",
    )


def flow_card(state: Overview) -> None:
    """Draw where the weight of the synthetic rows goes."""
    rows = parts.count(state.info.counts["synthetic"])
    with parts.card("Where the weight goes", f"rows, {rows} in; {parts.plain(state.weighting)}"):
        if state.flow is None:
            st.caption("Shown as soon as the rows are scored.")
            return
        effective = parts.count(state.flow.effective)
        figure = figures_overview.waterfall(state.flow, theme.palette())
        parts.show_chart(figure, "flow", alt=f"{rows} rows in, {effective} effective rows left")
        st.caption(
            f"The weights leave the information of {effective} equally weighted rows. "
            "A text that occurs twice counts once."
        )


def arms_card(state: Overview) -> None:
    """Draw the arms of the newest results, or the way to the first ones."""
    results = state.results
    if results is None:
        with parts.card("Test accuracy by arm", "no run yet"):
            st.markdown("No run has finished. A run trains each arm and compares it with plain:")
            for arm in map(get_arm, TrainSettings().arms):
                with st.container(gap=None):
                    st.markdown(f"**{arm.title}**")
                    st.caption(arm.sentence)
            label = f"Train {len(TrainSettings().arms)} arms"
            if st.button(label, key="train_first", icon=":material/play_arrow:"):
                st.switch_page("pages/train.py")
        return
    leader = report.leading_arm(results)
    is_better = bool(leader["difference"]) and leader["difference"]["outcome"] == "better"
    seeds = seeds_in_words(leader["n_seeds"])
    with parts.card("Test accuracy by arm", f"mean and 95 % interval, {seeds}"):
        figure = figures_overview.arm_intervals(
            results["arms"],
            baseline=results["baseline"],
            leader=leader["arm"] if is_better else None,
            palette=theme.palette(),
        )
        parts.show_chart(figure, "arms", alt=str(results["verdict"]))
        real = parts.count(state.info.counts["train"])
        st.caption(
            f"Run {results['number']}. Dotted line: plain training. {real} real rows trained the "
            "quality checker."
        )


def mass_card(state: Overview) -> None:
    """Draw the share of the total weight of every label."""
    k = max(len(state.collection.labels), 1)
    with parts.card("Mass by label", f"share of the total weight; {parts.percent(1 / k)} = even"):
        if state.mass is None:
            st.caption("Shown as soon as the rows are scored.")
            return
        table = state.mass.assign(mass=100 * state.mass["mass"])
        columns = st.column_config
        st.dataframe(
            table[["group", "rows", "mass", "median_weight", "effective_rows"]],
            hide_index=True,
            row_height=28,
            column_config={
                "group": columns.TextColumn("Label"),
                "rows": columns.NumberColumn("Rows", format="localized", width=70),
                "mass": columns.ProgressColumn(
                    "Mass",
                    format="%.1f %%",
                    min_value=0,
                    max_value=1.25 * float(table["mass"].max()),
                    color="gray",
                ),
                "median_weight": columns.NumberColumn("Median weight", format="%.2f"),
                "effective_rows": columns.NumberColumn(
                    "Effective rows", format="%.0f", help="Under 30 the label rests on few rows."
                ),
            },
        )


def next_card(state: Overview) -> None:
    """List what else can be done, each with its size and a way there."""
    with parts.card("Next"):
        if "random" in state.queues:
            total, done = state.queues["random"]
            of = f"{parts.count(total)} rows, {parts.count(done)} reviewed"
            if _step(QUEUES["random"].title, of, ":material/casino:"):
                _open_queue("random")
        points = state.info.counts["synthetic"] + state.info.counts["train"]
        if _step("Look at the map", f"{parts.count(points)} points", ":material/scatter_plot:"):
            st.switch_page("pages/curate.py")
        if _step("Train the arms", _since_last_run(state), ":material/play_arrow:"):
            st.switch_page("pages/train.py")
        rows = state.info.counts["synthetic"]
        of = f"{parts.count(rows - state.decided.discarded)} of {parts.count(rows)} rows"
        if _step("Export curated data", of, ":material/download:"):
            st.switch_page("pages/results.py")


def _since_last_run(state: Overview) -> str:
    if state.results is None:
        return "no run yet"
    newer = state.decided.reviewed - state.results["made_from"]["decisions"]
    since = f", {parts.count(newer)} decisions ago" if newer > 0 else ""
    return f"last was run {state.results['number']}{since}"


def _step(title: str, of_what: str, icon: str) -> bool:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.markdown(f"{icon} {title}", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.caption(of_what, width="content")
            return st.button("Open", key=f"next_{title}")
