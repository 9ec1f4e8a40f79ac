"""Another way of reading a file than the guessed one, chosen beside the file."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from synthcur.data.encodings import ENCODINGS
from synthcur.data.read_options import DELIMITERS, ReadOptions
from synthcur.data.tables import UNSHOWABLE, RawTable

_GUESS = ""
"""What is chosen while nobody says anything; a box would show None as if nothing were chosen."""
_HEADER = {True: "the header", False: "a row"}


def chosen(key: str) -> ReadOptions:
    """Return what people have chosen for a file, also before the choices are drawn again.

    Parameters
    ----------
    key
        Names the file and the import.
    """
    options = ("delimiter", "encoding", "header", "sheet")
    said = {each: st.session_state.get(f"read-{each}-{key}", _GUESS) for each in options}
    return ReadOptions(**{each: value for each, value in said.items() if value != _GUESS})


def choose(key: str, given: ReadOptions, table: RawTable | None) -> None:
    """Draw the choices that a file has; all that text has where it could not be read.

    Parameters
    ----------
    key
        As of `chosen`.
    given
        What is chosen now.
    table
        What was read, which says what was guessed.
    """
    used = ReadOptions() if table is None else table.used
    is_lost = table is None

    def choice(
        option: str, title: str, offered: Sequence[Any], shown: Callable[[Any], str], guessed: Any
    ) -> None:
        said = getattr(given, option)
        values = [_GUESS, *offered, *([said] if said not in (None, *offered) else [])]
        own = f"Guessed: {shown(guessed)}" if said is None and guessed is not None else "Guess it"
        st.selectbox(
            title,
            values,
            format_func=lambda value: own if value == _GUESS else shown(value),
            key=f"read-{option}-{key}",
        )

    with st.popover("Read it otherwise", icon=":material/tune:"):
        st.caption("What is chosen here holds for this file.")
        if used.encoding or is_lost:
            choice("encoding", "Encoding", list(ENCODINGS), _encoding, used.encoding)
        if used.delimiter or used.encoding or is_lost:
            choice("delimiter", "Cells are separated by", list(DELIMITERS), _cells, used.delimiter)
        if used.header is not None or is_lost:
            choice("header", "The first line is", [True, False], _HEADER.__getitem__, used.header)
        sheets = table.sheets if table is not None else ()
        if sheets or given.sheet is not None:
            choice("sheet", "Sheet", sheets, _sheet, used.sheet)


def _encoding(name: str) -> str:
    return ENCODINGS[name]


def _sheet(name: str) -> str:
    return UNSHOWABLE.sub("�", name[:60])


def _cells(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, delimiter)
