"""Columns of an import beside text and label: those of last time, and the one that says splits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from synthcur.data import remembered
from synthcur.data.columns import ColumnMapping, Guess
from synthcur.data.stated import split_columns
from synthcur.data.tables import RawTable
from synthcur.schema import SYNTHETIC
from synthcur.settings import fingerprint
from synthcur.ui import parts, resources
from synthcur.ui.session import writing


def as_last_time(tables: Mapping[str, RawTable]) -> dict[str, Guess]:
    """Return the columns that were chosen last for the headers of some files, by part."""
    folder = resources.store().workspace
    found = {part: remembered.recall(folder, table.frame.columns) for part, table in tables.items()}
    return {
        part: Guess(last.text, last.label, last.text_pair, split=last.split)
        for part, last in found.items()
        if last is not None
    }


def say_last_time(tables: Sequence[RawTable], *, key: str) -> None:
    """Say that columns are those of last time, and offer to forget them."""
    st.caption("As chosen last time for files with this header.")
    st.button(
        "Forget and guess", icon=":material/restart_alt:", on_click=_forget, args=(tables,), key=key
    )


def _forget(tables: Sequence[RawTable]) -> None:
    for table in tables:
        remembered.forget(writing().workspace, table.frame.columns)


def remember(
    tables: Mapping[str, RawTable],
    columns: Mapping[str, ColumnMapping],
    guesses: Mapping[str, Guess],
) -> None:
    """Remember the columns of files that are not those that were guessed, by part."""
    folder = writing().workspace
    for part, table in tables.items():
        remembered.remember(folder, table.frame.columns, columns[part], guesses[part])


def with_split(
    table: RawTable, part: str, mapping: ColumnMapping, proposed: str | None, *, key: str
) -> ColumnMapping:
    """Draw the choice of a column of splits for a real file that has one.

    Parameters
    ----------
    table, part, mapping
        The file, what it is, and its other columns.
    proposed
        As in `ColumnMapping.split`.
    key
        Names the widgets of this import.
    """
    beside = mapping.provenance(table.frame.columns)
    names = [] if part == SYNTHETIC else split_columns(table.frame, beside)
    if not names:
        return mapping
    choices = [None, "", *names]
    # By their places: a choice that is None would be one that can be cleared.
    chosen = st.selectbox(
        parts.plain(f"Splits of {table.name}"),
        range(len(choices)),
        index=choices.index(proposed) if proposed in choices else 0,
        format_func=lambda place: _title(choices[place]),
        help="Which rows are train, validation or test may stand in a column. Automatic takes it "
        "from there if this is the only real file and every row says one.",
        key=f"split-{part}-{fingerprint([names, proposed])}-{key}",
    )
    return replace(mapping, split=choices[chosen])


def _title(column: str | None) -> str:
    if column is None:
        return "Automatic"
    return f"Column {column[:50]}" if column else "No column"
