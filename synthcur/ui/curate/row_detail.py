"""One row of the Curate page with everything that is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.data.row_groups import NAME_LENGTH, cell_texts, one_line
from synthcur.review.explanations import RowFacts, reason
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.records import Scores
from synthcur.ui import parts, resources
from synthcur.ui.curate import search as curate_search
from synthcur.ui.curate.gaps import Cover
from synthcur.ui.curate.rows import CurateRows
from synthcur.ui.session import session
from synthcur.weighting import coverage_gaps
from synthcur.weighting.rules import group_size, label_weights

RECORD_LENGTH = 4_000
"""Characters shown of a text."""

MOST_COLUMNS = 12
"""Further columns of the file that are written below a row."""

MOST_LABELS = 8
"""Labels that are shown without scrolling."""


@dataclass(frozen=True)
class Found:
    """What scoring found of a synthetic row beside P' and its weight, see `RowFacts`.

    Attributes
    ----------
    held_out
        Q of its label from a checker that has not learned it.
    is_likely_mislabelled, uncertainty
        Signals; nothing in older workspaces.
    coverage
        Of the real row nearest to it under the weighting of the page; None in older workspaces.
    """

    held_out: float = 0.0
    is_likely_mislabelled: bool = False
    uncertainty: float = 0.0
    coverage: float | None = None


def show(
    name: str,
    rows: CurateRows,
    scores: Scores,
    position: int,
    settings: WeightingSettings,
    *,
    verdict: str = "",
    tags: Sequence[str] = (),
    around: Cover | None = None,
) -> None:
    """Draw a row's texts, why it weighs what it weighs, and what it would weigh otherwise.

    Parameters
    ----------
    name
        The collection.
    rows, scores
        What is on the map, and where it comes from.
    position
        The row among the N + R.
    settings
        The weighting.
    verdict
        What was decided about it, if anything.
    tags
        Its tags.
    around
        What lies around the real rows; None in older workspaces.
    """
    row = rows.frame.iloc[position]
    is_synthetic = position < rows.n
    source = "Synthetic" if is_synthetic else "Real"
    noted = [f"labelled {rows.label_names[row['label']]}"]
    noted += [f"decided: {verdict}"] if verdict else []
    noted += [f"tagged {', '.join(tags)}"] if tags else []
    with st.container(border=True):
        parts.card_title(f"{source} row {parts.count(row['row'])}", parts.plain(" · ".join(noted)))
        said, judged = st.columns([5, 4], gap="medium") if is_synthetic else (st.container(), None)
        with said:
            for text in (row["text"], row["text_pair"]):
                if isinstance(text, str):
                    _show_text(text)
            found = Found()
            if is_synthetic:
                found = _found(rows, scores, position, settings, around)
            st.text(why(rows, position, settings, found))
            _show_columns(resources.collection(name), row["sample_id"])
            _actions(name, scores, row["sample_id"], is_synthetic=is_synthetic)
        if judged is not None:
            with judged:
                _show_labels(labels_table(rows, position, settings))


def _show_text(text: str) -> None:
    more = len(text) - RECORD_LENGTH
    st.text(text[:RECORD_LENGTH])
    if more > 0:
        st.caption(f"{parts.count(more)} more characters are in the export.")


def _show_columns(collection: Collection, sample_id: str) -> None:
    """Write what the further columns of the file say of a row."""
    at = np.flatnonzero(collection.rows["sample_id"].to_numpy() == sample_id)[:1]
    said = columns_in_words(collection.provenance.iloc[at])
    if said:
        st.caption(parts.plain(said, limit=MOST_COLUMNS * 2 * NAME_LENGTH))


def columns_in_words(row: pd.DataFrame) -> str:
    """Say what further columns hold, one row of them: ``model: gpt-4o · temperature: 0.7``."""
    cells = [(str(name), cell_texts(row.iloc[:, at])) for at, name in enumerate(row.columns)]
    said = [
        f"{one_line(name)}: {one_line(text)}" for name, texts in cells for text in texts if text
    ]
    more = len(said) - MOST_COLUMNS
    return " · ".join([*said[:MOST_COLUMNS], *([f"{more} more"] if more > 0 else [])])


def _found(
    rows: CurateRows,
    scores: Scores,
    position: int,
    settings: WeightingSettings,
    around: Cover | None,
) -> Found:
    """Look up what scoring found of a synthetic row."""
    row, artefacts = rows.frame.iloc[position], scores.artefacts
    at = rows.at[position]
    signals = artefacts.get("signals")
    coverage = None
    if around is not None:
        nearest = resources.array(artefacts["neighbours"], "real_index")[at, 0]
        (place,) = np.flatnonzero(rows.real_at == nearest)
        covered = coverage_gaps.find(around.index, around.cosine, rows.weights(settings)).after
        coverage = float(covered[place])
    return Found(
        held_out=float(resources.array(artefacts["diversity"], "calibrated")[at, row["label"]]),
        is_likely_mislabelled=bool(
            signals and resources.array(signals, "is_likely_mislabelled")[at]
        ),
        uncertainty=float(resources.array(signals, "uncertainty")[at]) if signals else 0.0,
        coverage=coverage,
    )


def why(rows: CurateRows, position: int, settings: WeightingSettings, found: Found) -> str:
    """Say in one sentence of plain text why a row weighs what it weighs.

    Parameters
    ----------
    rows, position, settings
        See `show`.
    found
        Of a synthetic row; nothing is asked of it for a real one.
    """
    row = rows.frame.iloc[position]
    label, read = rows.label_names[row["label"]], rows.label_names[row["predicted"]]
    if position >= rows.n:
        return f"The quality checker, which had not seen it, gives {label} {row['p']:.0%}."
    if not row["kept"]:
        return "Discarded: it has no weight and no run learns from it."
    groups = rows.facts.duplicate_group
    return reason(
        RowFacts(
            label=label,
            quality=float(row["p"]),
            best_label=read,
            best_quality=float(rows.quality[position].max()),
            diversity=found.held_out,
            weight=float(rows.weights(settings)[position]),
            group_size=1 if groups is None else int(group_size(groups, rows.kept)[position]),
            is_likely_mislabelled=found.is_likely_mislabelled,
            uncertainty=found.uncertainty,
            coverage=found.coverage,
        )
    )


def labels_table(rows: CurateRows, position: int, settings: WeightingSettings) -> pd.DataFrame:
    """Return P', Q and the weight that a synthetic row has under every label, likeliest first.

    Returns
    -------
    pd.DataFrame
        ``label`` (its own one marked), ``p``, ``q``, ``weight``; K rows.
    """
    names = list(rows.label_names)
    own = int(rows.labels[position])
    names[own] = f"{names[own]} (its label)"
    weights = label_weights(
        rows.quality, rows.diversity, rows.labels, settings, rows.facts, kept=rows.kept
    )
    found = pd.DataFrame(
        {
            "label": names,
            "p": rows.quality[position],
            "q": rows.diversity[position],
            "weight": weights[position],
        }
    )
    return found.iloc[np.argsort(-found["p"].to_numpy(), kind="stable")].reset_index(drop=True)


def _show_labels(found: pd.DataFrame) -> None:
    column = st.column_config
    st.dataframe(
        found,
        hide_index=True,
        height="content" if len(found) <= MOST_LABELS else 28 * (MOST_LABELS + 1) + 10,
        row_height=28,
        column_config={
            "label": column.TextColumn("Label"),
            "p": column.NumberColumn("P′", width=72, format="%.2g"),
            "q": column.NumberColumn("Q", width=72, format="%.2g"),
            "weight": column.NumberColumn("Weight", width=84, format="%.2g"),
        },
    )


def _actions(name: str, scores: Scores, sample_id: str, *, is_synthetic: bool) -> None:
    with st.container(horizontal=True, gap="small"):
        is_alone = session().selection == (sample_id,)
        st.button(
            "Show on map",
            icon=":material/my_location:",
            key="curate_record_show",
            disabled=is_alone,
            help="It is what is selected." if is_alone else "Select it alone.",
            on_click=_select_alone,
            args=(sample_id,),
        )
        st.button(
            f"{curate_search.ALIKE} rows like it",
            icon=":material/join_inner:",
            key="curate_record_alike",
            help="Select it and the rows closest to it in meaning, real ones among them.",
            on_click=curate_search.select_alike,
            args=(name, scores, sample_id),
        )
        if is_synthetic and st.button(
            "Open in review", icon=":material/fact_check:", key="curate_record_review"
        ):
            _select_alone(sample_id)
            session().queue = "map"
            st.switch_page("pages/review.py")


def _select_alone(sample_id: str) -> None:
    session().selection = (sample_id,)
