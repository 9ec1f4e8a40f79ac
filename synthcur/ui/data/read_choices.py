"""Another way of reading a file than the guessed one, chosen beside the file."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from synthcur.data.encodings import ENCODINGS
from synthcur.data.read_options import DELIMITERS, ReadOptions
from synthcur.data.tables import RawTable
from synthcur.ui import parts

_HEADER = {True: "the names of the columns", False: "a row"}


def chosen(key: str) -> ReadOptions:
    """Return what people have chosen for a file, also before the choices are drawn again.

    Parameters
    ----------
    key
        Names the file and the import.
    """
    options = ("delimiter", "encoding", "header", "sheet")
    return ReadOptions(**{each: st.session_state.get(f"read-{each}-{key}") for each in options})


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
        values = [None, *offered, *([said] if said not in (None, *offered) else [])]
        own = f"Guessed: {shown(guessed)}" if said is None and guessed is not None else "Guess it"
        st.selectbox(
            title,
            values,
            format_func=lambda value: parts.plain(own if value is None else shown(value), limit=60),
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
            choice("sheet", "Sheet", sheets, str, used.sheet)


def _encoding(name: str) -> str:
    return ENCODINGS[name]


def _cells(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, delimiter)
