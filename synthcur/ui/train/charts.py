"""The charts of the Train page with the table of runs beside the last of them."""

import streamlit as st

from synthcur.arms import FLOOR, base_of, known_arm
from synthcur.charts import curve_axis, curves
from synthcur.charts.curves import EFFECTIVE_ROWS, LOSS, VAL_LOG_LOSS, Measure
from synthcur.settings import TrainSettings
from synthcur.stats.majority import uneven_in_words
from synthcur.stats.metrics import MACRO_F1
from synthcur.store.records import Job
from synthcur.ui import parts, resources, theme
from synthcur.ui.train import tables as train_tables
from synthcur.ui.train.snapshot import Picture, drawn_arms


def show(job: Job, drawn: Picture) -> None:
    """Draw how the runs of a job go: three charts, then the effective rows beside the runs."""
    _first_row(job, drawn)
    _second_row(job, drawn)


def _first_row(job: Job, drawn: Picture) -> None:
    validation = resources.store().collection_info(job.collection).counts["validation"]
    rows = f"{parts.count(validation)} real rows"
    shown = drawn.measures
    for column, measure in zip(st.columns(len(shown), gap="small"), shown, strict=True):
        note = "weighted mean, per arm" if measure is LOSS else rows
        with column, parts.card(measure.title, note):
            _curve(job, measure, drawn)
    said = (
        "Line: mean of the finished seeds. Band: smallest to largest. Dashed: the seed in progress."
    )
    settings = TrainSettings.from_dict(job.settings)
    arms = drawn_arms(settings)
    is_by_epochs = curve_axis.axis_of(job).unit == "epoch"
    with_curve = [each for arm in arms if (each := known_arm(arm)) and not each.is_probe]
    if is_by_epochs and any(arm.rows == "real" for arm in with_curve):
        said += " Real rows alone are passed more often; they stand by the share of their steps."
    if any(base_of(arm) in FLOOR for arm in arms):
        said += " A linear probe is fitted in one go and has no curve."
    if len(arms) < len(settings.arms):
        said += " Arms that leave rows out are in the table of runs alone."
    if VAL_LOG_LOSS in shown:
        said += (
            " Validation log loss is taken after temperature scaling; it can rise while accuracy "
            "still rises, where the model grows surer of what it gets wrong."
        )
    if drawn.first == MACRO_F1:
        said += f" {uneven_in_words(drawn.largest, 'validation rows')}."
    st.caption(said)


def _curve(job: Job, measure: Measure, drawn: Picture, *, height: int = 240) -> None:
    settings = TrainSettings.from_dict(job.settings)
    table = drawn.lines[measure.column]
    if table.empty:
        with st.container(height=height + 40, border=False):
            when = "the first steps" if measure is LOSS else "the first epoch"
            st.caption(f"Appears after {when}." if job.is_active else "Nothing was measured.")
        return
    chart = curves.curve_chart(
        measure,
        drawn_arms(settings),
        axis=curve_axis.axis_of(job),
        palette=theme.palette(),
        height=height,
    )
    ends = table[table["kind"] == "end"]
    said = ", ".join(f"{arm} {text}" for arm, text in zip(ends["arm"], ends["text"], strict=True))
    st.vega_lite_chart(
        table,
        chart,
        theme=None,
        width="stretch",
        key=f"curve_{measure.column}",
        alt=f"{measure.title} by epoch; last values: {said}",
    )


def _second_row(job: Job, drawn: Picture) -> None:
    left, right = st.columns([4, 8], gap="small")
    synthetic = resources.store().collection_info(job.collection).counts["synthetic"]
    with left, parts.card(EFFECTIVE_ROWS.title, f"of {parts.count(synthetic)}, each epoch"):
        _curve(job, EFFECTIVE_ROWS, drawn, height=228)
    with right, parts.card("Runs", "one arm with one seed each"):
        train_tables.runs(drawn.runs)
