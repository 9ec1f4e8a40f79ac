"""What the weights and the rows of a run did, epoch by epoch, on the Train page.

A run tells its history after every epoch; the cards grow with it.
"""

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.arms import known_arm, short_name
from synthcur.charts.results import cartography_figure, weight_heatmap
from synthcur.checkers.signals import cartography
from synthcur.results.dynamics import (
    FELL,
    FLAT,
    MOVED,
    ROSE,
    WEIGHT_EDGES,
    Dynamics,
    movers,
    read_dynamics,
    weight_histogram,
)
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.ui import parts, resources, theme

MOST_MOVERS = 100
HEIGHT = 250

_WENT = {FELL: "Fell", ROSE: "Rose", FLAT: "Flat"}


def show(job: Job) -> None:
    """Draw the weights, the movers and the map of one run; nothing before the first epoch."""
    store = resources.store()
    kept = [run for run in store.runs(job.id) if run.dynamics]
    if not kept:
        return
    run = _choice(job, kept)
    seen = _dynamics(job.id, run.dynamics or "", run, store)
    if seen is None:
        st.caption("What this run left behind cannot be read with the rows it was trained on.")
        return
    left, middle, right = st.columns([4, 4, 7], gap="small")
    with left:
        _weights_card(seen, run)
    with middle:
        _map_card(seen)
    with right:
        _movers_card(seen, run)


def _choice(job: Job, kept: list[Run]) -> Run:
    """Let a run be chosen; at first the newest whose weights follow the model, whichever it is."""
    by_key = {f"{run.arm} {run.seed}": run for run in kept}
    dynamic = [run for run in kept if (arm := known_arm(run.arm)) and arm.dynamic]
    newest = (dynamic or kept)[-1]
    chosen = st.selectbox(
        "History of a run",
        ["", *by_key],
        format_func=lambda key: _named(by_key[key]) if key else f"Newest: {_named(newest)}",
        key=f"train_history_{job.id}",
        width=260,
    )
    return by_key.get(chosen or "", newest)


def _named(run: Run) -> str:
    so_far = "" if run.is_done else ", so far"
    return f"{short_name(run.arm)}, seed {run.seed}{so_far}"


@st.cache_resource(show_spinner=False, max_entries=8)
def _dynamics(job_id: str, dynamics: str, _run: Run, _store: Store) -> Dynamics | None:
    return read_dynamics(_store, _store.job(job_id), _run)


def _weights_card(seen: Dynamics, run: Run) -> None:
    with parts.card("Weights over time", short_name(run.arm)):
        if seen.weights is None:
            st.caption("The weights of this arm compare the rows of a batch and are not kept.")
            return
        counts = weight_histogram(seen.weights)
        chart = weight_heatmap(counts, WEIGHT_EDGES, palette=theme.palette(), height=HEIGHT)
        middle = float(np.nanmedian(seen.weights[-1]))
        alt = f"Weights by epoch; the middle one ends at {parts.weight(middle)}"
        parts.show_chart(chart, "train_weights", alt=alt)
        fixed = "" if seen.is_dynamic else " This arm's are fixed before training."
        st.caption(f"Stronger: more rows. Line: weight 1. The outer bins hold all beyond.{fixed}")


def _map_card(seen: Dynamics) -> None:
    with parts.card("Easy, ambiguous, hard", f"{parts.count(len(seen.rows))} rows"):
        if len(seen.margin) < 2:
            st.caption("One epoch says nothing of how much a row varies.")
            return
        table = cartography(seen.own_probability, seen.margin)
        texts = seen.rows["text"].astype(str).tolist()
        chart = cartography_figure(table, texts, palette=theme.palette(), height=HEIGHT)
        hard = int((table["correctness"] == 0).sum())
        parts.show_chart(chart, "train_map", alt=f"{hard} rows were never read as labelled")
        st.caption(
            "Up: p of the label, mean over epochs. Blue: read as labelled in every epoch; orange: "
            f"never, {parts.count(hard)} rows."
        )


def _movers_card(seen: Dynamics, run: Run) -> None:
    note = f"weight times or divided by {MOVED:g} since epoch 1"
    with parts.card("Movers", note):
        if seen.weights is None or not seen.is_dynamic or len(seen.weights) < 2:
            st.caption(f"{short_name(run.arm)} gives a row the same weight in every epoch.")
            return
        table = movers(seen.weights)
        counts = table["went"].value_counts()
        wanted = st.radio(
            "Which rows",
            list(_WENT),
            format_func=lambda went: f"{_WENT[went]} {parts.count(counts.get(went, 0))}",
            horizontal=True,
            label_visibility="collapsed",
            key="train_movers",
        )
        _movers_table(seen, table[table["went"] == wanted].head(MOST_MOVERS))


def _movers_table(seen: Dynamics, table: pd.DataFrame) -> None:
    rows = seen.rows.iloc[table["row"].to_numpy(dtype=int)]
    shown = pd.DataFrame(
        {
            "Text": rows["text"].to_numpy(),
            "Label": rows["label"].to_numpy(),
            "Weight": table["weights"].tolist(),
            "Now": table["last"].to_numpy(dtype=float),
        }
    )
    column = st.column_config
    st.dataframe(
        shown,
        hide_index=True,
        row_height=28,
        height=HEIGHT - 18,
        column_config={
            "Text": column.TextColumn(width=190),
            "Label": column.TextColumn(width=90),
            "Weight": column.LineChartColumn(width=80, color="gray", help="Epoch by epoch."),
            "Now": column.NumberColumn(format="%.2f", width=56),
        },
    )
