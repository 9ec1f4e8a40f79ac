"""The arms on groups of the test rows, and what the rows of each generator are worth."""

import pandas as pd
import streamlit as st

from synthcur.arms import short_name
from synthcur.data.row_groups import RowGroups, find
from synthcur.results.by_group import (
    ByGroup,
    by_group,
    chosen_column,
    notes,
    score_in_words,
    tested_columns,
)
from synthcur.results.findings import difference_in_words
from synthcur.results.outcome import Results
from synthcur.results.worth import HOW, told_apart
from synthcur.store.store import Store
from synthcur.ui import parts, resources

ROW_HEIGHT = 28
MOST_ROWS = 14


def groups_card(store: Store, found: Results) -> None:
    """Draw the arms by a column of the test rows, which is chosen in the card."""
    columns = _columns(found.job, resources.origin(found.collection), store)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            parts.card_title("By group", "percent right, mean over seeds, 95 % interval")
            chosen = st.selectbox(
                "By",
                [each.column for each in columns],
                index=min(1, len(columns) - 1),
                format_func=lambda column: _title(columns, column),
                label_visibility="collapsed",
                width=240,
                key=f"results_by_{found.collection}",
            )
        groups = find(columns, chosen or "") or columns[0]
        split = _split(found.job, found.runs_finished, found.baseline, groups.column, found, store)
        _table(split)
        said = list(notes(split))
        if len(columns) == 1:
            said.append("The test rows have no further column that divides them into groups.")
        st.caption("  \n".join(parts.plain(line, limit=1000) for line in said))


@st.cache_resource(show_spinner=False, max_entries=8)
def _columns(job_id: str, origin: str, _store: Store) -> list[RowGroups]:
    return tested_columns(_store, _store.job(job_id))


@st.cache_data(show_spinner=False, max_entries=32)
def _split(
    job_id: str, finished: int, baseline: str, column: str, _found: Results, _store: Store
) -> ByGroup:
    columns = _columns(job_id, resources.origin(_found.collection), _store)
    return by_group(_store, _found, chosen_column(columns, column))


def _title(columns: list[RowGroups], column: str) -> str:
    found = find(columns, column)
    return f"By {found.title if found else column}"


def _table(split: ByGroup) -> None:
    names = [short_name(arm) for arm in split.arms]
    rows = [
        (each.name, each.rows, *(score_in_words(each.scores[arm]) for arm in split.arms))
        for each in split.groups
    ]
    table = pd.DataFrame(rows, columns=["group", "rows", *split.arms])
    column = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * (min(MOST_ROWS, len(table)) + 1) + 3,
        key="results_groups",
        column_config={
            "group": column.TextColumn(split.title, width=150),
            "rows": column.NumberColumn("Test rows", format="localized", width=76),
            **{
                arm: column.TextColumn(name, width=130)
                for arm, name in zip(split.arms, names, strict=True)
            },
        },
    )


def worth_card(found: Results) -> None:
    """Draw what the rows are worth that arms leave out in turn; nothing without such arms."""
    if not found.worth:
        return
    what, whole, names = told_apart(found.worth)
    rows = [
        {
            "value": name,
            "rows": each.rows,
            "without": 100 * each.without.score.mean,
            "worth": difference_in_words(each.difference),
            "p": None if each.difference is None else each.difference.p_holm,
        }
        for name, each in zip(names, found.worth, strict=True)
    ]
    config = st.column_config
    note = f"{whole} with all rows against {whole} without, {found.test_rows:,} test rows, points"
    with parts.card(f"What each {parts.plain(what)} is worth", parts.plain(note)):
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            placeholder="",
            row_height=ROW_HEIGHT,
            key="results_worth",
            column_config={
                "value": config.TextColumn(what, width=200),
                "rows": config.NumberColumn("Rows", format="localized", width=70),
                "without": config.NumberColumn("Without it", format="%.1f %%", width=90),
                "worth": config.TextColumn("Worth, points", width=160),
                "p": config.NumberColumn(
                    "p",
                    format="%.3f",
                    width=60,
                    help="Two-sided p-value after Holm correction over all rows of this table; "
                    "below 0.05 is evidence.",
                ),
            },
        )
        said = [HOW, *(f"{each.verdict}." for each in found.worth)]
        st.caption("  \n".join(parts.plain(line, limit=1000) for line in said))
