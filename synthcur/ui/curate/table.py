"""The rows behind a selection of the Curate page: a table, one record, exports."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from synthcur.data.table_files import as_bytes
from synthcur.settings import WeightingSettings, fingerprint
from synthcur.store.records import Scores
from synthcur.ui import parts, resources
from synthcur.ui.curate import actions as curate_actions
from synthcur.ui.curate import row_detail
from synthcur.ui.curate import rows as curate_rows
from synthcur.ui.curate import search as curate_search
from synthcur.ui.curate.gaps import Cover
from synthcur.ui.curate.rows import CurateRows
from synthcur.ui.session import session

SHOWN_ROWS = 200

FORMATS = {
    "csv": ("CSV", "text/csv"),
    "jsonl": ("JSON Lines", "application/jsonl"),
}


def show(
    name: str,
    rows: CurateRows,
    scores: Scores,
    selected: np.ndarray,
    weights: np.ndarray,
    settings: WeightingSettings,
    verdicts: Mapping[str, str],
    *,
    around: Cover | None = None,
) -> None:
    """Draw the rows that are selected and what can be done with them.

    Parameters
    ----------
    name
        The collection.
    rows, scores
        What is on the map, and where it comes from.
    selected
        Positions among the N + R rows; none for a heading over the lightest rows, which the
        browser lists itself.
    weights
        (N,), NaN where discarded, of `settings`.
    settings
        The weighting.
    verdicts
        Action by sample id.
    around
        What lies around the real rows; None in older workspaces.
    """
    tags = resources.store().tags.rows(name)
    _header(name, rows, selected, weights, verdicts, tags)
    if not len(selected):
        return
    of_row = tags_of_rows(tags)
    opened = int(selected[0]) if len(selected) == 1 else None
    if opened is None:
        chosen, cosine = ordered(rows, selected, weights)
        frame = curate_rows.table(rows, chosen[:SHOWN_ROWS], weights, verdicts, of_row)
        ticked = _rows_table(frame, cosine[:SHOWN_ROWS])
        opened = None if ticked is None else int(chosen[ticked])
    if opened is not None:
        (sample_id,) = rows.sample_ids(np.array([opened]))
        row_detail.show(
            name,
            rows,
            scores,
            opened,
            settings,
            verdict=verdicts.get(sample_id, ""),
            tags=of_row.get(sample_id, ()),
            around=around,
        )


def tags_of_rows(tags: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Turn sample ids by tag into tags by sample id."""
    found: dict[str, list[str]] = {}
    for tag, sample_ids in tags.items():
        for sample_id in sample_ids:
            found.setdefault(sample_id, []).append(tag)
    return found


def ordered(
    rows: CurateRows, selected: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, tuple[float, ...]]:
    """Return the selected rows in the order they are listed in.

    Returns
    -------
    positions, cosine
        By closeness where a search by meaning found them, with how close each is; else the
        lightest first.
    """
    found = curate_search.found()
    if found is not None and found.cosine:
        at = {sample_id: i for i, sample_id in enumerate(rows.sample_ids(selected))}
        order = [at[sample_id] for sample_id in found.sample_ids]
        return selected[order], found.cosine
    return curate_rows.lightest_first(selected, weights), ()


def exported(
    rows: CurateRows,
    selected: np.ndarray,
    weights: np.ndarray,
    verdicts: Mapping[str, str],
    tags: Mapping[str, Sequence[str]],
    kind: str,
) -> bytes:
    """Return selected rows, in the order they are listed in, as a file of a kind of `FORMATS`."""
    chosen, _ = ordered(rows, selected, weights)
    return as_bytes(curate_rows.table(rows, chosen, weights, verdicts, tags_of_rows(tags)), kind)


def _header(
    name: str,
    rows: CurateRows,
    selected: np.ndarray,
    weights: np.ndarray,
    verdicts: Mapping[str, str],
    tags: Mapping[str, Sequence[str]],
) -> None:
    n, kept = len(selected), rows.kept
    if n:
        found = curate_search.found()
        order = (found.note if found is not None else "") or "the lowest weight first"
        title = f"{curate_actions.rows_of(n)} selected"
        note = order if n > 1 else ""
        note += f"; {SHOWN_ROWS} are listed, the export has all" if n > SHOWN_ROWS else ""
    else:
        title = "Lowest weights"
        note = f"of {parts.count(kept.sum())} synthetic rows; the export has all"

    everything = selected if n else np.flatnonzero(kept)

    def download(kind: str, words: str, **looks: Any) -> None:
        st.download_button(
            words,
            partial(exported, rows, everything, weights, verdicts, tags, kind),
            file_name=f"{name}-{'selection' if n else 'weights'}.{kind}",
            mime=FORMATS[kind][1],
            key=f"curate_export_{kind}",
            on_click="ignore",
            **looks,
        )

    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        parts.card_title(title, note)
        if not n:
            # One button, alone: of this all is sent anew with every move of a slider.
            download("csv", "Export CSV", icon=":material/download:")
            return
        with st.container(horizontal=True, gap="small", width="content"):
            curate_actions.tag_menu(name, session().selection, tags)
            with st.popover("Export", icon=":material/download:"):
                for kind in FORMATS:
                    download(kind, FORMATS[kind][0], width="stretch")


def _rows_table(frame: pd.DataFrame, cosine: Sequence[float]) -> int | None:
    """Draw rows without columns that say nothing here; return the place of the ticked one."""
    hidden = {"sample_id"}
    hidden |= {"text_pair"} if frame["text_pair"].isna().all() else set()
    hidden |= {"source"} if frame["source"].nunique() < 2 else set()
    hidden |= {each for each in ("decision", "tags") if frame[each].eq("").all()}
    if cosine:
        frame = frame.assign(cosine=cosine)
    column = st.column_config
    # Another order is another table: a row that is ticked stays the row that was.
    state = st.dataframe(
        frame.drop(columns=list(hidden)),
        hide_index=True,
        height="content" if len(frame) < 5 else 190,
        row_height=28,
        key=f"curate_rows_{fingerprint(frame['sample_id'].tolist())}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "source": column.TextColumn("Source", width=80),
            "row": column.NumberColumn("Row", width=56, format="localized"),
            "text": column.TextColumn("Text"),
            "text_pair": column.TextColumn("Second text"),
            "label": column.TextColumn("Label", width=116),
            "predicted": column.TextColumn("Read as", width=116),
            "weight": column.NumberColumn("Weight", width=76, format="%.2g"),
            "p": column.NumberColumn("P′", width=72, format="%.2g"),
            "q": column.NumberColumn("Q", width=72, format="%.2g"),
            "decision": column.TextColumn("Decision", width=84),
            "tags": column.TextColumn("Tags", width=110),
            "cosine": column.NumberColumn("Closeness", width=80, format="%.2f"),
        },
    )
    ticked = state["selection"]["rows"]
    return ticked[0] if ticked and ticked[0] < len(frame) else None
