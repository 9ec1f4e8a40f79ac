"""Decisions of people that an import can take: offered on the step of the findings, off at first.

What became of them is said once the rows are stored, for as long as the tab shows the collection.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from synthcur.data.columns import ColumnMapping
from synthcur.data.people import decisions_in
from synthcur.data.said import Said, in_words
from synthcur.data.tables import RawTable
from synthcur.schema import Collection
from synthcur.store.taking import take
from synthcur.ui import parts
from synthcur.ui.session import writing

_TAKEN = "rows have the label that a model gave them, and Review holds each decision under its "
_TAKEN += "name and time"
_OFF = (
    "Not taken now: a row has the label that people gave it, and what they discarded is a finding. "
    f"If taken, {_TAKEN}."
)
_ON = f"Taken when the rows are stored: {_TAKEN}."
_STATE = "taken_decisions"


def offer(
    table: RawTable, mapping: ColumnMapping, *, is_taken: bool, on_click: Callable[[], None]
) -> None:
    """Draw what people decided about the synthetic rows of a file, and the choice to take it.

    Parameters
    ----------
    table, mapping
        The synthetic rows and their columns.
    is_taken
        What was chosen.
    on_click
        Changes the choice.
    """
    said = decisions_in(table, mapping)
    if not said:
        return
    with st.container(border=True):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            parts.card_title(
                parts.plain(in_words(said), limit=300), parts.plain(f"in {table.name}", limit=120)
            )
            st.button(
                "Do not take them" if is_taken else "Take as decisions",
                icon=":material/undo:" if is_taken else ":material/how_to_reg:",
                on_click=on_click,
                key="take_decisions",
            )
        st.caption(_ON if is_taken else _OFF)


def keep(collection: Collection, said: Sequence[Said]) -> None:
    """Put decisions into the log of a collection that was just stored; keep what became of them."""
    if said:
        words = take(writing(), collection, said).in_words()
        st.session_state[_STATE] = (collection.name, words)


def outcome_of(name: str) -> str:
    """Return what became of the decisions of a collection that this tab stored; else nothing."""
    stored, words = st.session_state.get(_STATE, ("", ""))
    return words if stored == name else ""
