"""What is seen on the Curate page: figures, warnings, the map, the rows behind it."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from synthcur import jobs, weighting
from synthcur.exporting import spreadsheet_safe
from synthcur.records import Scores
from synthcur.review import DISCARD, current_decisions
from synthcur.settings import ScoreSettings, WeightingSettings
from synthcur.ui import curate_rail, curate_rows, curate_trust, parts, resources, theme
from synthcur.ui import map as row_map
from synthcur.ui.curate_rail import WhatIf
from synthcur.ui.curate_rows import CurateRows
from synthcur.ui.session import page, session

SHOWN_ROWS = 200
RECORD_LENGTH = 4_000
"""Characters shown of the one row that is selected."""

LOWEST_ROWS = 50
"""Rows shown while none is selected; every move of a slider sends them anew."""

LOW_SHARE = 0.1
LOW_ROWS = 30
MOST_DISCARDED = 500
"""Rows that can be discarded from the map at once; each is one committed decision."""

FORMULAS = {"imp": "P′/Q", "dimp": "K·P′", "p_only": "P′", "ce": "1"}
_UNDO = "curate_discarded"


@dataclass(frozen=True)
class Discarded:
    """What was last discarded from the map: whose, how many rows, and the log's length then."""

    collection: str
    annotator: str
    rows: int
    log_length: int


def load_rows(name: str, scores: Scores) -> CurateRows:
    """Return the joined rows of a scored collection with the Q that is being tried.

    It is the same object until a decision is made or another Q is asked for.
    """
    log_length = resources.store().decision_count(name)
    measured = curate_rail.what_if(name).settings.diversity
    artefacts = tuple(sorted(scores.artefacts.items()))
    return _load_rows(name, artefacts, measured, log_length)


@st.cache_resource(show_spinner=False, max_entries=4)
def _load_rows(
    name: str, artefacts: tuple[tuple[str, str], ...], measured: str, log_length: int
) -> CurateRows:
    found = dict(artefacts)
    quality, diversity = resources.weighing_probs(found, WeightingSettings(diversity=measured))
    arrays = {
        "quality": quality,
        "diversity": diversity,
        "synthetic": resources.array(found["coordinates"], "synthetic"),
        "real": resources.array(found["coordinates"], "real"),
        "real_quality": resources.array(found["quality"], "out_of_fold"),
    }
    return curate_rows.join(
        resources.collection(name),
        resources.store().decisions(name)[:log_length],
        arrays,
        found,
        measured=measured,
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def payload(version: str, _rows: CurateRows) -> bytes:
    """Return the map's points as bytes, made once a version."""
    return row_map.pack(_rows)


def unscored(name: str) -> None:
    """Say that weights need checkers, and how far they are."""
    synthetic = resources.store().collection_info(name).counts["synthetic"]
    if curate_rail.score_job(name) is not None:
        with st.container(border=True):
            st.markdown(
                "The two checkers read every row. The map opens by itself when they are done."
            )
            curate_rail.watch_scoring(name)
        return
    curate_rail.say_failure(name)
    sentence = "No weights yet. They need two checkers, one of quality and one of diversity."
    label = f"Score {parts.count(synthetic)} rows"
    if parts.empty(sentence, button=label, key="curate_score", icon=":material/scoreboard:"):
        jobs.submit_score(resources.store(), name, ScoreSettings())
        st.rerun()


@st.fragment(key="curate_summary")
def summary(rows: CurateRows, name: str, scores: Scores) -> None:
    """Draw the five figures and the warnings."""
    with page():
        settings = curate_rail.what_if(name).settings
        weights = rows.weights(settings)[rows.kept]
        parts.metrics([*weight_figures(weights, settings), *curate_trust.figures(scores.trust)])
        curate_trust.show(scores.trust)
        for sentence in warnings(weights, label_names(rows)):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge("check", icon=":material/warning:", color="yellow", width="content")
                st.caption(sentence, width="content")


def weight_figures(weights: np.ndarray, settings: WeightingSettings) -> list[tuple[str, str, str]]:
    """Return effective rows, share of the heaviest rows and mean weight, each with "of what"."""
    n = len(weights)
    effective = weighting.effective_sample_size(weights)
    heaviest = max(1, int(np.ceil(0.01 * n)))
    is_imp = replace(settings, diversity="in_sample") == WeightingSettings()
    mean_note = "1.00 if Q is calibrated" if is_imp else f"of {parts.count(n)} rows"
    share = parts.percent(effective / max(n, 1), digits=0)
    return [
        ("Effective rows", parts.count(effective), f"{share} of {parts.count(n)}"),
        (
            "Loss share of top 1 %",
            parts.percent(weighting.top_share(weights), digits=0),
            f"{parts.count(heaviest)} rows of {parts.count(n)}",
        ),
        ("Mean weight", f"{weights.mean():.2f}" if n else "none", mean_note),
    ]


def warnings(weights: np.ndarray, labels: np.ndarray) -> list[str]:
    """Say what a training with these weights would suffer from; Markdown, labels escaped.

    Parameters
    ----------
    weights
        Of the kept rows, (n,).
    labels
        Their label names, (n,).
    """
    found = []
    effective = weighting.effective_sample_size(weights)
    if effective < LOW_SHARE * len(weights):
        found.append(
            f"Only {parts.count(effective)} effective rows, under 10 % of "
            f"{parts.count(len(weights))}: few rows decide the training. Clip the weights or lower "
            "an exponent."
        )
    groups = weighting.mass_by_group(weights, labels)
    thin = groups[groups["effective_rows"] < LOW_ROWS].sort_values("effective_rows")
    if len(thin):
        names = [
            f"{parts.plain(group, limit=40)} {parts.count(rows)}"
            for group, rows in zip(thin["group"], thin["effective_rows"], strict=True)
        ]
        more = f" and {parts.count(len(names) - 5)} more" if len(names) > 5 else ""
        found.append(f"Under {LOW_ROWS} effective rows: {', '.join(names[:5])}{more}.")
    return found


def label_names(rows: CurateRows) -> np.ndarray:
    """Return the label names of the kept synthetic rows, (n,)."""
    return np.asarray(rows.label_names, dtype=object)[rows.labels[rows.kept]]


@st.fragment(key="curate_body")
def body(rows: CurateRows, name: str) -> None:
    """Keep the map's settings and selection in step; draw the table and the mass by label."""
    with page():
        state = curate_rail.what_if(name)
        selected = rows.positions(session().selection)
        _act(name, rows, selected)
        weights = rows.weights(state.settings)
        _rows_card(name, rows, selected, weights)
        _mass_card(weights[rows.kept], label_names(rows))
        message = row_map.control(
            rows,
            state.settings,
            theme.palette(),
            formula=FORMULAS[state.settings.rule],
            baseline=histogram_before(state, rows),
            most_discarded=MOST_DISCARDED,
        )
        row_map.mount_link(
            rows, selected, message, on_select=lambda: _select(rows), on_action=_note_action
        )


def histogram_before(state: WhatIf, rows: CurateRows) -> WeightingSettings | None:
    """Return the scheme that the histogram is compared with, None where it cannot be.

    The browser weighs with the Q it has been sent, so a scheme that divides by another is not
    compared.
    """
    saved = state.saved
    is_known = saved.rule != "imp" or saved.diversity == rows.measured
    return saved if state.is_changed and is_known else None


def _select(rows: CurateRows) -> None:
    positions = row_map.reported_rows(row_map.link_state().get("selection"), rows)
    if positions is not None:
        session().selection = tuple(rows.frame["sample_id"].iloc[positions])


def _note_action() -> None:
    st.session_state["curate_action"] = row_map.link_state().get("action")


def _act(name: str, rows: CurateRows, selected: np.ndarray) -> None:
    """Do what a button of the map asked for."""
    action = st.session_state.pop("curate_action", None)
    synthetic = selected[selected < rows.n]
    if action == "review" and len(synthetic):
        session().queue = "map"
        st.switch_page("pages/review.py")
    if action == "discard" and len(synthetic):
        to_discard = synthetic[rows.kept[synthetic]][:MOST_DISCARDED]
        _discard(name, list(rows.frame["sample_id"].iloc[to_discard]))
        st.rerun()


def _client_id() -> str:
    return f"{session().client_id}-map"


def _discard(name: str, sample_ids: list[str]) -> None:
    store, client_id = resources.store(), _client_id()
    number = store.acknowledged(client_id)
    for i, sample_id in enumerate(sample_ids, start=1):
        store.append_decision(
            name,
            sample_id=sample_id,
            annotator=session().annotator,
            action=DISCARD,
            queue="map",
            client_id=client_id,
            client_seq=number + i,
        )
    st.session_state[_UNDO] = Discarded(
        name, session().annotator, len(sample_ids), store.decision_count(name)
    )


def undo_line(name: str) -> None:
    """Offer to take back what was last discarded from the map, while it is the latest decision."""
    last: Discarded | None = st.session_state.get(_UNDO)
    if last is None or (last.collection, last.log_length) != (
        name,
        resources.store().decision_count(name),
    ):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{_rows_of(last.rows)} discarded; the next run does without.", width="content")
        if st.button("Undo", icon=":material/undo:", key="curate_undo"):
            _take_back(last)
            del st.session_state[_UNDO]
            st.rerun()


def _rows_of(n: int) -> str:
    return f"{parts.count(n)} {'row' if n == 1 else 'rows'}"


def _take_back(last: Discarded) -> None:
    store, client_id = resources.store(), _client_id()
    number = store.acknowledged(client_id)
    for i in range(1, last.rows + 1):
        store.undo(
            last.collection, annotator=last.annotator, client_id=client_id, client_seq=number + i
        )


def _rows_card(name: str, rows: CurateRows, selected: np.ndarray, weights: np.ndarray) -> None:
    n = len(selected)
    if n:
        chosen = curate_rows.lightest_first(selected, weights)
        title, note = f"{_rows_of(n)} selected", "lowest weight first"
        note += f"; the first {SHOWN_ROWS}, the export has all" if n > SHOWN_ROWS else ""
    else:
        chosen = curate_rows.lightest_first(np.flatnonzero(rows.kept), weights)[:LOWEST_ROWS]
        title = "Lowest weights"
        note = f"{parts.count(len(chosen))} of {parts.count(rows.kept.sum())} synthetic rows"
    verdicts = _verdicts(name)
    frame = curate_rows.table(rows, chosen, weights, verdicts)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        parts.card_title(title, note)
        st.download_button(
            "Export CSV",
            lambda: spreadsheet_safe(frame).to_csv(index=False).encode("utf-8-sig"),
            file_name=f"{name}-{'selection' if n else 'lowest-weights'}.csv",
            mime="text/csv",
            icon=":material/download:",
            key="curate_export",
            on_click="ignore",
        )
    if n == 1:
        st.text(" | ".join(frame[["text", "text_pair"]].iloc[0].dropna())[:RECORD_LENGTH])
    rows_table(frame.head(SHOWN_ROWS))


def _verdicts(name: str) -> dict[str, str]:
    decisions = current_decisions(resources.store().decisions(name))
    return {sample_id: decision.action for sample_id, decision in decisions.items()}


def rows_table(frame: pd.DataFrame) -> None:
    """Draw rows as `curate_rows.table` returns them, without columns that say nothing here."""
    hidden = {"sample_id"}
    hidden |= {"text_pair"} if frame["text_pair"].isna().all() else set()
    hidden |= {"source"} if frame["source"].nunique() < 2 else set()
    hidden |= {"decision"} if frame["decision"].eq("").all() else set()
    column = st.column_config
    st.dataframe(
        frame.drop(columns=list(hidden)),
        hide_index=True,
        height="content" if len(frame) < 5 else 162,
        row_height=28,
        key="curate_rows",
        column_config={
            "source": column.TextColumn("Source", width=80),
            "row": column.NumberColumn("Row", width=56, format="localized"),
            "text": column.TextColumn("Text"),
            "text_pair": column.TextColumn("Second text"),
            "label": column.TextColumn("Label", width=130),
            "predicted": column.TextColumn("Read as", width=130),
            "weight": column.NumberColumn("Weight", width=76, format="%.2g"),
            "p": column.NumberColumn("P′", width=72, format="%.2g"),
            "q": column.NumberColumn("Q", width=72, format="%.2g"),
            "decision": column.TextColumn("Decision", width=84),
        },
    )


def _mass_card(weights: np.ndarray, labels: np.ndarray) -> None:
    parts.card_title("Weight by label", "share of rows before, share of weight after")
    mass = weighting.mass_by_group(weights, labels)
    column = st.column_config
    st.dataframe(
        pd.DataFrame(
            {
                "label": mass["group"],
                "rows": mass["rows"],
                "before": 100 * mass["share_before"],
                "after": 100 * mass["mass"],
                "change": 100 * (mass["mass"] - mass["share_before"]),
                "median": mass["median_weight"],
                "effective": mass["effective_rows"],
            }
        ),
        hide_index=True,
        row_height=28,
        key="curate_mass",
        column_config={
            "label": column.TextColumn("Label"),
            "rows": column.NumberColumn("Rows", format="localized"),
            "before": column.NumberColumn("Share of rows", format="%.1f %%"),
            "after": column.NumberColumn("Share of weight", format="%.1f %%"),
            "change": column.NumberColumn("Change, points", format="%+.1f"),
            "median": column.NumberColumn("Median weight", format="%.2f"),
            "effective": column.NumberColumn("Effective rows", format="%.0f"),
        },
    )
