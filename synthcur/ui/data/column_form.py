"""Which column of the files of an import is what: as guessed, as last time, as somebody chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from synthcur.data import remembered
from synthcur.data.columns import ColumnMapping, Guess
from synthcur.data.loading import guess_tables
from synthcur.data.stated import split_columns
from synthcur.data.tables import RawTable
from synthcur.schema import SYNTHETIC
from synthcur.settings import fingerprint
from synthcur.ui import parts, resources
from synthcur.ui.session import writing

_NOTHING = "—"
_KEPT_SECONDS = 3600


def choose_columns(
    tables: Mapping[str, RawTable], identity: str, *, key: str
) -> dict[str, ColumnMapping]:
    """Draw the columns into the rail, once for all files that agree; return the complete ones.

    Parameters
    ----------
    tables
        What was read, by part.
    identity
        Names all of it.
    key
        Names the widgets of this import.
    """
    chosen: dict[str, ColumnMapping] = {}
    guesses = _guesses(identity, dict(tables))
    guesses = guesses | (last := as_last_time(tables))
    apart = len(tables) > 1 and st.checkbox("Columns for each file", key=f"apart-{key}")
    groups = _groups(tables, guesses, apart=apart)
    for members in groups:
        guess = guesses[members[0]]
        title = "Columns"
        if len(groups) > 1:
            title += f" of {', '.join(tables[part].name for part in members)}"
        st.subheader(parts.plain(title), anchor=False)
        if any(part in last for part in members):
            say_last_time([tables[part] for part in members], key=f"forget-{members[0]}-{key}")
        shared = [
            column
            for column in tables[members[0]].frame.columns
            if all(column in tables[part].frame for part in members)
        ]
        seen = fingerprint([shared, guess.text, guess.label, guess.text_pair])
        mapping = _columns_of(shared, guess, f"{members[0]}-{seen}-{key}")
        if mapping is None:
            for doubt in guess.doubts:
                st.caption(parts.plain(doubt, limit=600))
        else:
            for part in members:
                table, split = tables[part], guesses[part].split
                chosen[part] = with_split(table, part, mapping, split, key=key)
            _mapping_in_words(mapping, [tables[part] for part in members])
    return chosen


@st.cache_resource(show_spinner=False, max_entries=16, ttl=_KEPT_SECONDS)
def _guesses(identity: str, _tables: dict[str, RawTable]) -> dict[str, Guess]:
    return guess_tables(_tables)


def _groups(
    tables: Mapping[str, RawTable], guesses: Mapping[str, Guess], *, apart: bool
) -> list[list[str]]:
    """Put files together whose guessed columns are the same, or that have the same columns."""
    groups: dict[object, list[str]] = {}
    for part, table in tables.items():
        guess = guesses[part]
        known = (guess.text, guess.label, guess.text_pair)
        key = part if apart else tuple(table.frame.columns) if guess.doubts else known
        groups.setdefault(key, []).append(part)
    return list(groups.values())


def _columns_of(columns: list[str], guess: Guess, key: str) -> ColumnMapping | None:
    def choose(title: str, column: str | None) -> str | None:
        at = columns.index(column) if column in columns else None
        return st.selectbox(
            title,
            columns,
            index=at,
            placeholder="Choose a column",
            format_func=lambda name: name[:60],
            key=f"{title}-{key}",
        )

    text = choose("Text", guess.text)
    label = choose("Label", guess.label)
    pairs = [_NOTHING, *columns]
    at = pairs.index(guess.text_pair) if guess.text_pair in columns else 0
    pair = st.selectbox(
        "Second text", pairs, index=at, format_func=lambda name: name[:60], key=f"pair-{key}"
    )
    if text is None or label is None:
        return None
    return ColumnMapping(text=text, label=label, text_pair=None if pair == _NOTHING else pair)


def _mapping_in_words(mapping: ColumnMapping, tables: list[RawTable]) -> None:
    """Say which column is what, and that no other column is read."""
    columns = dict.fromkeys(column for table in tables for column in table.frame.columns)
    said = mapping.in_words(columns)
    beside = " (no checker or weight reads them)" if mapping.provenance(columns) else ""
    st.caption(parts.plain(f"{said}{beside}.", limit=600))


def remember(
    tables: Mapping[str, RawTable], columns: Mapping[str, ColumnMapping], identity: str
) -> None:
    """Remember the columns of files that are not those that were guessed, by part."""
    folder, guesses = writing().workspace, _guesses(identity, dict(tables))
    for part, table in tables.items():
        remembered.remember(folder, table.frame.columns, columns[part], guesses[part])


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
