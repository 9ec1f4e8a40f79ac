"""What is done with a selection of the Curate page: review, discard, tag; each can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from synthcur.errors import InputError
from synthcur.review import DISCARD, Decision
from synthcur.tags import TAG_LENGTH
from synthcur.ui import identity, parts, resources
from synthcur.ui import map as row_map
from synthcur.ui.curate_rows import CurateRows
from synthcur.ui.session import actor, session, writing

MOST_DISCARDED = 5_000
"""Rows that can be discarded from the map at once."""

MOST_TAGS = 8
"""Tags of a selection that are listed."""

_UNDO = "curate_undoable"
_ACTION = "curate_action"


@dataclass(frozen=True)
class Discarded:
    """What was last discarded from the map: whose, how many rows, and the log's length then."""

    collection: str
    annotator: str
    rows: int
    log_length: int


@dataclass(frozen=True)
class Tagged:
    """What tag was last put on rows, or taken off them, and which rows those are."""

    collection: str
    tag: str
    sample_ids: tuple[str, ...]
    is_on: bool


def note_action() -> None:
    """Keep what a button of the map asked for until `act` does it."""
    st.session_state[_ACTION] = row_map.link_state().get("action")


def act(name: str, rows: CurateRows, selected: np.ndarray) -> None:
    """Do what a button of the map asked for."""
    action = st.session_state.pop(_ACTION, None)
    synthetic = selected[selected < rows.n]
    if action == "review" and len(synthetic):
        session().queue = "map"
        st.switch_page("pages/review.py")
    if action == "discard" and len(synthetic):
        to_discard = synthetic[rows.kept[synthetic]][:MOST_DISCARDED]
        _discard(name, rows.sample_ids(to_discard))
        st.rerun()


def undo_line(name: str) -> None:
    """Offer to take back what was last done with a selection, while nothing has followed it."""
    last: Discarded | Tagged | None = st.session_state.get(_UNDO)
    if last is None or last.collection != name or not _is_latest(last):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_in_words(last), width="content")
        if st.button("Undo", icon=":material/undo:", key="curate_undo"):
            _take_back(last)
            del st.session_state[_UNDO]
            st.rerun()


def tag_menu(name: str, sample_ids: Sequence[str], tags: Mapping[str, Sequence[str]]) -> None:
    """Offer to put a tag on rows, and to take off those that they have.

    Parameters
    ----------
    name
        The collection.
    sample_ids
        The rows.
    tags
        Sample ids under every tag of the collection.
    """
    chosen = set(sample_ids)
    with st.popover("Tag", icon=":material/sell:"):
        with st.form("curate_tag_form", border=False, clear_on_submit=True):
            tag = st.text_input(
                f"Tag {rows_of(len(sample_ids))}", max_chars=TAG_LENGTH, key="curate_tag_name"
            )
            if st.form_submit_button("Put on", icon=":material/sell:"):
                _tag(name, sample_ids, tag)
        held = ((tag, chosen.intersection(ids)) for tag, ids in tags.items())
        on_them = [(tag, ids) for tag, ids in held if ids]
        for number, (tag, ids) in enumerate(on_them[:MOST_TAGS]):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(f"{tag}, {rows_of(len(ids))}")
                if st.button("Take off", key=f"curate_untag_{number}"):
                    removed = writing().untag(name, sorted(ids), tag)
                    st.session_state[_UNDO] = Tagged(name, tag, tuple(removed), is_on=False)
                    st.rerun()


def rows_of(n: int) -> str:
    """Return a number of rows in words."""
    return f"{parts.count(n)} {'row' if n == 1 else 'rows'}"


def _tag(name: str, sample_ids: Sequence[str], tag: str) -> None:
    try:
        added = writing().tag(name, sample_ids, tag, annotator=actor())
    except InputError as error:
        st.error(f"{error.what} {error.fix}")
        return
    st.session_state[_UNDO] = Tagged(name, tag.strip(), tuple(added), is_on=True)
    st.rerun()


def _is_latest(last: Discarded | Tagged) -> bool:
    if isinstance(last, Tagged):
        return True
    is_theirs = identity.signed_in() in ("", last.annotator)
    return is_theirs and last.log_length == resources.store().decision_count(last.collection)


def _in_words(last: Discarded | Tagged) -> str:
    if isinstance(last, Discarded):
        return f"{rows_of(last.rows)} discarded; the next run does without."
    done = "put on" if last.is_on else "taken off"
    return f"Tag {parts.plain(last.tag)} {done} {rows_of(len(last.sample_ids))}."


def _take_back(last: Discarded | Tagged) -> None:
    store = writing()
    if isinstance(last, Discarded):
        number = store.acknowledged(_client_id()) + 1
        store.undo(
            last.collection,
            annotator=identity.signed_in() or last.annotator,
            client_id=_client_id(),
            client_seq=number,
        )
    elif last.is_on:
        store.untag(last.collection, last.sample_ids, last.tag)
    else:
        store.tag(last.collection, last.sample_ids, last.tag, annotator=actor())


def _discard(name: str, sample_ids: Sequence[str]) -> None:
    store, client_id, annotator = writing(), _client_id(), actor()
    decisions = [
        Decision(sample_id=sample_id, action=DISCARD, annotator=annotator, queue="map")
        for sample_id in sample_ids
    ]
    store.append_batch(name, decisions, client_id, store.acknowledged(client_id) + 1)
    st.session_state[_UNDO] = Discarded(
        name, annotator, len(sample_ids), store.decision_count(name)
    )


def _client_id() -> str:
    return f"{session().client_id}-map"
