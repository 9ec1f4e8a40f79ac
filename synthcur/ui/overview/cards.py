"""The cards of the Overview: the flow of weight, the arms, the labels."""

import pandas as pd
import streamlit as st

from synthcur.arms import get_arm
from synthcur.charts import overview as figures_overview
from synthcur.charts.overview import ArmInterval
from synthcur.results import findings
from synthcur.results.outcome import Results
from synthcur.schema import REAL
from synthcur.settings import TrainSettings
from synthcur.stats.majority import majority_in_words
from synthcur.ui import parts, theme
from synthcur.ui.overview.state import Overview, Weighed
from synthcur.wording import seeds_in_words

EFFECTIVE_HELP = "Under 30 the label rests on few rows."


def flow_card(state: Overview) -> None:
    """Draw where the weight of the synthetic rows goes, or what scoring will find out."""
    if state.weighed is None:
        with parts.card("What scoring finds out", "a background job"):
            _explain(_scoring_in_words(state))
        return
    rows, weighed = parts.count(state.rows), state.weighed
    with parts.card("Where the weight goes", f"rows, {rows} in; {parts.plain(weighed.weighting)}"):
        effective = parts.count(weighed.flow.effective)
        figure = figures_overview.waterfall(weighed.flow, theme.palette())
        parts.show_chart(figure, "flow", alt=f"{rows} rows in, {effective} effective rows left")
        st.caption(
            f"The weights leave the information of {effective} equally weighted rows. "
            "A text that occurs twice counts once."
        )


def _scoring_in_words(state: Overview) -> list[tuple[str, str]]:
    real = parts.count(state.info.counts["train"])
    return [
        (
            "Quality checker, P′",
            f"Trained on the {real} real rows: how far it believes the label of a synthetic row.",
        ),
        (
            "Diversity checker, Q",
            f"Trained on the {parts.count(state.rows)} synthetic rows: how typical a row is of "
            "its generator.",
        ),
        (
            "Weight",
            "From the two: a row that is right and rare counts more, one that is typical and "
            "doubted less.",
        ),
        ("Map", "Synthetic and real training rows in one picture, alike texts close together."),
    ]


def _explain(entries: list[tuple[str, str]]) -> None:
    for title, sentence in entries:
        with st.container(gap=None):
            st.markdown(f"**{title}**")
            st.caption(sentence)


def arms_card(state: Overview) -> None:
    """Draw the arms of the newest results, or the way to the first ones."""
    if state.results is not None:
        _compare_arms(state.results)
        return
    arms = [get_arm(arm) for arm in TrainSettings().arms]
    with parts.card("Test accuracy by arm", "no run yet"):
        st.markdown("No run has finished. A run trains each arm and compares it with plain:")
        _explain([(arm.title, arm.sentence) for arm in arms])
        if st.button(f"Train {len(arms)} arms", key="train_first", icon=":material/play_arrow:"):
            st.switch_page("pages/train.py")


def _compare_arms(results: Results) -> None:
    leader = findings.leading_arm(results)
    seeds = seeds_in_words(leader.score.n_seeds)
    title = f"Test {findings.METRIC_WORDS[results.metric]} by arm"
    with parts.card(title, f"mean and 95 % interval, {seeds}"):
        figure = figures_overview.arm_intervals(
            [
                ArmInterval(arm.name, arm.title, arm.score, is_faint=arm.is_undertrained)
                for arm in results.arms
            ],
            baseline=results.baseline,
            leader=leader.name if leader.is_better else None,
            palette=theme.palette(),
            majority=results.majority,
        )
        parts.show_chart(figure, "arms", alt=results.verdict)
        tests = parts.count(results.test_rows)
        lines = [
            f"Run {results.number}, on {tests} real test rows. Dashed line: plain training. "
            f"Dotted, where it is near: {majority_in_words(results.majority)}."
        ]
        lines += [
            parts.plain(f"{arm.verdict}.", limit=400) for arm in results.arms if arm.is_undertrained
        ]
        if why := findings.why_macro_f1(results):
            lines.insert(1, f"{why}.")
        st.caption("  \n".join(lines))


def label_card(state: Overview) -> None:
    """Draw the share of the total weight of every label; without weights, its rows."""
    if state.weighed is None:
        _rows_by_label(state)
    else:
        _mass_by_label(state.weighed, n_labels=len(state.collection.labels))


def _rows_by_label(state: Overview) -> None:
    collection = state.collection
    parts_of = {
        "Synthetic": collection.synthetic,
        "Real, train": collection.real_train,
        "Real, validation": collection.part(REAL, "validation"),
        "Real, test": collection.part(REAL, "test"),
    }
    counts = {title: rows["label"].value_counts() for title, rows in parts_of.items()}
    table = pd.DataFrame(counts, index=pd.Index(collection.labels, name="Label")).fillna(0)
    number = st.column_config.NumberColumn(format="localized")
    with parts.card("Rows by label", f"{parts.count(len(collection.rows))} rows in all"):
        st.dataframe(
            table.astype(int).reset_index(),
            hide_index=True,
            row_height=28,
            column_config={"Label": st.column_config.TextColumn(), **dict.fromkeys(counts, number)},
        )


def _mass_by_label(weighed: Weighed, *, n_labels: int) -> None:
    with parts.card(
        "Mass by label", f"share of the total weight; {parts.percent(1 / n_labels)} = even"
    ):
        if weighed.mass.empty:
            st.caption("Every row is discarded: no weight is left.")
            return
        table = weighed.mass.assign(
            mass=100 * weighed.mass["mass"],
            effective_rows=weighed.mass["effective_rows"].round(),
        )
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
                    "Effective rows", format="localized", help=EFFECTIVE_HELP
                ),
            },
        )
