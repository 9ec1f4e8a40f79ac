"""The Results page beside its rail: the verdict, the arms, and a closer look at one of them."""

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.arms import short_name
from synthcur.charts import figures
from synthcur.exports import downloads
from synthcur.results import findings
from synthcur.results.outcome import ArmResult, Results
from synthcur.results.pairwise import Comparison, compare, flips_in_words
from synthcur.store.store import Store
from synthcur.ui import parts, resources, theme, train_longer
from synthcur.ui.results import details as closer
from synthcur.ui.results import groups
from synthcur.ui.results.rail import Choice, model_button, results
from synthcur.wording import points

MOST_LABELS = 12
"""More labels than this do not fit a card: those that change most are drawn."""

_IDLE, _UNFINISHED, _ALONE = "learned nothing", "still learning", "no verdict"
_VERDICTS = ("better", "worse", "no evidence", "baseline", _ALONE, _IDLE, _UNFINISHED)


def show(choice: Choice) -> None:
    """Draw the page for a chosen comparison."""
    store = resources.store()
    finished = sum(run.is_done for run in store.runs(choice.job.id))
    found = results(choice, store)
    leader = findings.leading_arm(found)
    _finding(store, choice, found, leader)
    _arms_card(found)
    groups.worth_card(found)
    seen = _comparison(choice.job.id, finished, leader.name, choice.baseline, store)
    if seen is None or leader.name == choice.baseline:
        st.caption("A closer look needs a second arm with a finished seed in common.")
        groups.groups_card(store, found)
        _run_cards(store, choice)
        return
    left, middle, right = st.columns([9, 9, 13], gap="small")
    with left:
        _label_card(seen)
    with middle:
        _confusion_card(seen)
    with right:
        flipped = _flips_card(seen, has_verdict=leader.difference is not None)
    if flipped is not None:
        closer.nearest_card(store, choice.job, seen, flipped)
    groups.groups_card(store, found)
    left, right = st.columns([9, 22], gap="small")
    with left:
        closer.reliability_card(seen)
    with right:
        _run_cards(store, choice)


def _run_cards(store: Store, choice: Choice) -> None:
    closer.review_card(store, choice.job, choice.metric)
    closer.provenance_card(store, choice.job)


@st.cache_data(show_spinner=False, max_entries=32)
def _comparison(
    job_id: str, finished: int, arm: str, baseline: str, _store: Store
) -> Comparison | None:
    return compare(_store, job_id, arm=arm, baseline=baseline)


def _finding(store: Store, choice: Choice, found: Results, leader: ArmResult) -> None:
    badge = "1 seed" if leader.score.n_seeds == 1 else None
    if found.runs_finished < found.runs_planned:
        badge = f"{found.runs_finished} of {found.runs_planned} runs"
    title, caption = parts.plain(found.verdict), findings.basis(found)
    with parts.finding_line(title, caption, stage="results", badge=badge):
        if choice.job.is_active and st.button("Watch the run", icon=":material/show_chart:"):
            st.switch_page("pages/train.py")
        run = downloads.offered_model(store, found)
        every = [*found.arms, *(each.without for each in found.worth)]
        undertrained = {arm.name for arm in every if arm.is_undertrained}
        if undertrained and not choice.job.is_active:
            train_longer.button(
                choice.job, undertrained, baseline=choice.baseline, is_primary=run is None
            )
        if run is not None:
            name = short_name(run.arm)
            model_button(
                store, run, f"Download the {name.removesuffix(' model')} model", is_primary=True
            )
    if run is None and downloads.kept_models(store, choice.job.id):
        st.caption(
            "No model is offered: those that are kept lost, learned nothing or were still learning."
        )


def _arms_card(found: Results) -> None:
    title, score = (of[found.metric] for of in (findings.METRIC_TITLES, findings.METRIC_WORDS))
    rows = parts.count(found.test_rows)
    note = (
        f"{score} on {rows} real test rows, mean over seeds, 95 % interval; differences in points"
    )
    with parts.card("Arms", note):
        if findings.compared_arms(found):
            left, right = st.columns([5, 2], gap="medium")
            with left:
                _arms_table(found, title)
            with right:
                _intervals(found)
        else:
            _arms_table(found, title)
        said = [f"{arm.verdict}." for arm in found.arms if arm.is_undertrained]
        majority = f"{points(found.majority)} % {score}"
        lines = [
            f"{findings.why_macro_f1(found)}." if findings.why_macro_f1(found) else "",
            f"Always naming the largest label: {majority}.",
            *said,
            findings.floor_of(found),
        ]
        st.caption("  \n".join(parts.plain(line, limit=1000) for line in lines if line))


def _intervals(found: Results) -> None:
    baseline = short_name(found.baseline)
    chart = figures.interval_chart(
        [arm.difference for arm in found.arms],
        baseline=baseline.lower() if found.baseline == findings.PLAIN else baseline,
        palette=theme.palette(),
        unmarked={i for i, arm in enumerate(found.arms) if not _is_comparable(arm, found)},
    )
    parts.show_chart(chart, "intervals", alt=_intervals_in_words(found))


def _arms_table(found: Results, title: str) -> None:
    against = f"Against {short_name(found.baseline)}"
    table = pd.DataFrame(
        [
            {
                "Arm": arm.title,
                "Rows": arm.rows,
                "Seeds": arm.score.n_seeds,
                title: 100 * arm.score.mean,
                against: findings.difference_in_words(arm.difference),
                "p": arm.difference.p_holm if arm.difference else None,
                "Verdict": [_verdict(arm, found.baseline)],
            }
            for arm in found.arms
        ]
    )
    tints = theme.palette().tints
    column = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        placeholder="",
        row_height=figures.ROW_HEIGHT,
        column_config={
            "Rows": column.NumberColumn(format="localized", width=56),
            "Seeds": column.NumberColumn(width=50),
            title: column.NumberColumn(format="%.1f %%", width=72),
            against: column.TextColumn(width=140),
            "p": column.NumberColumn(
                format="%.3f",
                width=52,
                help="Two-sided p-value of the difference, after Holm correction over all arms of "
                "this table; below 0.05 is evidence.",
            ),
            "Verdict": column.MultiselectColumn(
                options=list(_VERDICTS),
                color=[
                    *(tints["keep"], tints["discard"], *[tints["neutral"]] * 3),
                    *[tints["discard"]] * 2,
                ],
                width=110,
            ),
        },
    )


def _is_comparable(arm: ArmResult, found: Results) -> bool:
    """Whether an arm is the baseline or is compared with it."""
    is_baseline = arm.name == found.baseline and not arm.is_undertrained
    return is_baseline or arm.difference is not None


def _verdict(arm: ArmResult, baseline: str) -> str:
    if arm.is_undertrained:
        return _IDLE if arm.learned_nothing else _UNFINISHED
    if arm.difference is None:
        return "baseline" if arm.name == baseline else _ALONE
    return arm.difference.outcome


def _intervals_in_words(found: Results) -> str:
    said = [arm.verdict for arm in found.arms if arm.verdict]
    return "; ".join(said) or "No arm to compare with"


def _label_card(seen: Comparison) -> None:
    arm, baseline = _names(seen)
    with parts.card("By label", f"share right, {baseline} to {arm}"):
        shown = _most_changed(seen)
        table = seen.by_label.iloc[shown].iloc[::-1]
        chart = figures.label_chart(table, palette=theme.palette())
        parts.show_chart(chart, "by_label", alt=_labels_in_words(table))
        rows = seen.by_label["rows"]
        size = f"{rows.min():,}" if rows.min() == rows.max() else f"{rows.min():,}-{rows.max():,}"
        st.caption(
            f"Ring: {baseline}. Square: {arm}, up; diamond: down. {size} test rows per label."
            f"{_left_out(seen, shown)}"
        )


def _labels_in_words(table: pd.DataFrame) -> str:
    return "; ".join(
        f"{label}: {100 * before:.0f} to {100 * after:.0f} %"
        for label, before, after in zip(
            table["label"], table["baseline"], table["arm"], strict=True
        )
    )


def _confusion_card(seen: Comparison) -> None:
    arm, baseline = _names(seen)
    with parts.card("Confusion, change", f"{arm} minus {baseline}"):
        shown = _most_changed(seen)
        chart = figures.confusion_chart(
            seen.confusion_change[np.ix_(shown, shown)],
            [seen.by_label["label"][i] for i in shown],
            palette=theme.palette(),
        )
        right = float(np.trace(seen.confusion_change))
        alt = f"{arm} reads {right:+.1f} test rows more right than {baseline}".replace("-", "−")
        parts.show_chart(chart, "confusion", alt=alt)
        mean = "" if seen.n_seeds == 1 else f", mean of {seen.n_seeds} seeds"
        st.caption(
            f"Rows: true. Columns: predicted. Test rows{mean}. Blue better, orange worse."
            f"{_left_out(seen, shown)}"
        )


def _flips_card(seen: Comparison, *, has_verdict: bool) -> pd.Series | None:
    """Draw the rows that flipped; return the one that is chosen."""
    _, baseline = _names(seen)
    flips = seen.flips
    now = {True: flips[flips["is_right"]], False: flips[~flips["is_right"]]}
    with st.container(border=True, height="stretch"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.markdown("**Flipped test rows**", width="content")
            wanted = st.radio(
                "Flipped test rows",
                [True, False],
                index=int(now[True].empty and not now[False].empty),
                format_func=lambda right: (
                    f"Now {'right' if right else 'wrong'} {parts.count(len(now[right]))}"
                ),
                horizontal=True,
                label_visibility="collapsed",
                key="results_flips",
                width="content",
            )
        chosen = now[bool(wanted)]
        said = "baseline_says" if wanted else "arm_says"
        who = baseline if wanted else _names(seen)[0]
        columns = {"text": "Text", "text_pair": "Second text", said: f"{who} said", "label": "True"}
        if chosen["text_pair"].isna().all():
            del columns["text_pair"]
        text = st.column_config.TextColumn
        event = st.dataframe(
            chosen[list(columns)].rename(columns=columns),
            hide_index=True,
            row_height=33,
            height=330,
            on_select="rerun",
            selection_mode="single-row",
            key=f"results_flipped_{seen.arm}_{seen.baseline}_{wanted}",
            column_config={
                "Text": text(width=210),
                "Second text": text(width=160),
                f"{who} said": text(width=100),
                "True": text(width=100),
            },
        )
        sentence = flips_in_words(seen.flip_test, has_verdict=has_verdict)
        if seen.n_seeds > 1:
            sentence += f" By what most of {seen.n_seeds} seeds say; largest change first."
        st.caption(f"{sentence} Choose a row for the training rows near it.")
    rows = [row for row in event["selection"]["rows"] if row < len(chosen)]
    return chosen.iloc[rows[0]] if rows else None


def _names(seen: Comparison) -> tuple[str, str]:
    return tuple(short_name(arm) for arm in (seen.arm, seen.baseline))  # type: ignore[return-value]


def _most_changed(seen: Comparison) -> list[int]:
    """Return the labels to draw, in their order: all, or the `MOST_LABELS` that change most."""
    change = np.abs(seen.confusion_change)
    size = change.sum(axis=0) + change.sum(axis=1)
    return sorted(np.argsort(-size, kind="stable")[:MOST_LABELS].tolist())


def _left_out(seen: Comparison, shown: list[int]) -> str:
    total = len(seen.by_label)
    return "" if len(shown) == total else f" The {len(shown)} of {total} labels that change most."
