"""The lower half of the Results page: how sure, what review did, what the run was made from."""

import pandas as pd
import streamlit as st

from synthcur.arms import short_name
from synthcur.charts.results import reliability_figure
from synthcur.jobs import job_queue
from synthcur.results import comparison as report
from synthcur.results import findings, provenance
from synthcur.results.influence import ChangedRows, changed_rows, nearest
from synthcur.results.pairwise import Comparison, ReviewEffect, review_effect
from synthcur.settings import TrainSettings
from synthcur.stats.reliability import calibration_gap
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.ui import parts, resources, theme
from synthcur.ui.clock import clock
from synthcur.ui.session import allowed, writing
from synthcur.weighting.weight_flow import rows_decided
from synthcur.wording import points

SHOWN_TEXT = 4_000
"""Characters shown of a sample."""


def reliability_card(seen: Comparison) -> None:
    """Draw how sure the arm and the baseline are beside how often they are right."""
    arm, baseline = short_name(seen.arm), short_name(seen.baseline)
    with parts.card("How sure, how right", f"{arm} and {baseline}"):
        named = [(seen.baseline, seen.baseline_reliability), (seen.arm, seen.reliability)]
        gaps = [f"{short_name(each)} {points(calibration_gap(bins))}" for each, bins in named]
        chart = reliability_figure(named, palette=theme.palette())
        said = f"Mean distance from the diagonal in points: {', '.join(gaps)}"
        parts.show_chart(chart, "reliability", alt=said)
        st.caption(f"{said}. Circle: Plain. Above the dotted line: right more often than stated.")


def review_card(store: Store, job: Job, metric: str) -> None:
    """Draw what the decisions did: this run beside an earlier one of the same recipe."""
    finished = sum(run.is_done for run in store.runs(job.id))
    effect = _effect(job.id, finished, metric, store)
    with parts.card("Learning from decisions", "same recipe, before and after review"):
        if effect is None:
            st.caption(
                "No earlier run of the same recipe with fewer decisions. Train once before and "
                "once after review, and the difference stands here with its interval."
            )
            return
        before, after = (
            rows_decided(each.spec["decisions"]) for each in (effect.before, effect.after)
        )
        st.caption(
            f"Run {effect.before.number} with {parts.count(before)} decisions, run "
            f"{effect.after.number} with {parts.count(after)}."
        )
        _effect_table(effect, findings.METRIC_TITLES[metric])


@st.cache_data(show_spinner=False, max_entries=16)
def _effect(job_id: str, finished: int, metric: str, _store: Store) -> ReviewEffect | None:
    return review_effect(_store, _store.job(job_id), metric=metric)


def _effect_table(effect: ReviewEffect, title: str) -> None:
    table = pd.DataFrame(
        [
            {
                "Arm": short_name(each.arm),
                f"{title} before": f"{points(each.before)} %",
                "After": f"{points(each.after)} %",
                "Difference, points": each.difference_in_words,
                "After Holm": each.p_in_words,
                "Verdict": each.outcome,
            }
            for each in effect.arms
        ]
    )
    st.dataframe(table, hide_index=True, row_height=28)


def provenance_card(store: Store, job: Job) -> None:
    """Draw what made the run as hashes, what another run has different, and run it again."""
    with parts.card("Provenance", "equal hashes mean equal content"):
        others = [each for each in report.readable_jobs(store, job.collection) if each.id != job.id]
        left, right = st.columns([3, 2], gap="small", vertical_alignment="bottom")
        by_id = {each.id: each for each in others}
        chosen = left.selectbox(
            "Difference to",
            ["", *by_id],
            format_func=lambda key: _job_words(by_id[key]) if key else "none: all of it",
            key=f"results_diff_{job.id}",
        )
        with right:
            _rerun_button(store, job)
        if chosen:
            rows = provenance.difference(by_id[chosen], job)
            heads = ("What", f"Run {by_id[chosen].number}", f"Run {job.number}")
            table = pd.DataFrame(rows, columns=list(heads))
            if table.empty:
                st.caption("Nothing: the two runs were made from the same.")
                return
        else:
            facts = list(provenance.facts(job).items())
            facts += [
                (f"{short_name(arm)}, seed {seed}, predictions", name)
                for arm, seed, name in provenance.prediction_hashes(store.runs(job.id))
            ]
            table = pd.DataFrame(facts, columns=["What", f"Run {job.number}"])
        st.dataframe(table, hide_index=True, row_height=28, height=28 * min(11, len(table) + 1) + 3)


def _job_words(job: Job) -> str:
    return f"Run {job.number}, {clock(job.created_at)}"


def _rerun_button(store: Store, job: Job) -> None:
    pressed = st.button(
        "Run it again",
        icon=":material/replay:",
        key=f"results_rerun_{job.id}",
        width="stretch",
        disabled=job.is_active,
        help="Queues a run with the same settings, on the rows and decisions as they stand now.",
    )
    if pressed:
        settings = TrainSettings.from_dict(job.settings)
        waiting = [
            each
            for each in store.active_jobs()
            if each.kind == JobKind.TRAIN
            and each.collection == job.collection
            and TrainSettings.from_dict(each.settings) == settings
        ]
        if not waiting:  # a second tab may have been faster
            job_queue.submit_train(writing(), job.collection, allowed(settings))
        st.switch_page("pages/train.py")


def nearest_card(store: Store, job: Job, seen: Comparison, flipped: pd.Series) -> None:
    """Draw, for one flipped test row, the training rows near it that the two arms weigh apart."""
    arm, baseline = short_name(seen.arm), short_name(seen.baseline)
    with parts.card("Near this test row", f"training rows that {arm} and {baseline} weigh apart"):
        # Sample text: only sinks that show characters as they are.
        st.text(str(flipped["text"])[:SHOWN_TEXT])
        changed = _changed(job.id, seen.arm, seen.baseline, store)
        if changed is None or changed.rows.empty:
            st.caption(
                "No such rows: both weigh all rows alike, or their inputs have been deleted."
            )
            return
        found = nearest(changed, resources.encoder().encode(str(flipped["text"])))
        column = st.column_config
        st.dataframe(
            found[["cosine", "text", "label", "source", "baseline_weight", "arm_weight"]],
            hide_index=True,
            row_height=28,
            column_config={
                "cosine": column.NumberColumn("Alike", format="%.2f", width=50),
                "text": column.TextColumn("Text", width="large"),
                "label": column.TextColumn("Label", width=110),
                "source": column.TextColumn("Source", width=70),
                "baseline_weight": column.NumberColumn(baseline, format="%.2f", width=70),
                "arm_weight": column.NumberColumn(arm, format="%.2f", width=70),
            },
        )
        st.caption(
            f"Weights over their mean, {parts.count(len(changed.rows))} rows at least twice or at "
            "most half. Nearness says where to look; it does not prove what caused the change."
        )


@st.cache_resource(show_spinner=False, max_entries=4)
def _changed(job_id: str, arm: str, baseline: str, _store: Store) -> ChangedRows | None:
    """Rows that two arms weigh apart, by the first seed that both have finished."""
    job = _store.job(job_id)
    finished = report.finished_runs(_store, job)
    pairs = report.paired_runs(finished[arm], finished[baseline])
    return changed_rows(_store, job, *pairs[0]) if pairs else None
