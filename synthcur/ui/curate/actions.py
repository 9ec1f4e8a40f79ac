"""What is done with a selection of the Curate page: review, discard, tag; each can be undone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from synthcur.errors import ConflictError, InputError, TakenError
from synthcur.review.decisions import DISCARD, Decision
from synthcur.store.tags import TAG_LENGTH
from synthcur.ui import identity, parts, resources
from synthcur.ui.curate import map as row_map
from synthcur.ui.curate.rows import CurateRows
from synthcur.ui.session import actor, session, writing

MOST_DISCARDED = 5_000
"""Rows that can be discarded from the map at once."""

MOST_TAGS = 8
"""Tags of a selection that are listed."""

_UNDO = "curate_undoable"
_ACTION = "curate_action"


@dataclass(frozen=True)
class Discarded:
    """What was last discarded from the map: whose, how many rows, and the log's length then.

    `first` is the first of the rows; `left` says which others were left as they are, and why.
    """

    collection: str
    annotator: str
    rows: int
    log_length: int
    first: str | None = None
    left: str = ""


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
        _discard(name, rows.sample_ids(to_discard), seen=rows.seen)
        st.rerun()


def undo_line(name: str) -> None:
    """Say what was last done with a selection, and offer to take it back until more is decided."""
    last: Discarded | Tagged | None = st.session_state.get(_UNDO)
    if last is None or last.collection != name:
        return
    can_undo, left = _can_undo(last), last.left if isinstance(last, Discarded) else ""
    if not can_undo and not left:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{_in_words(last)} {left}", width="content")
        if can_undo and st.button("Undo", icon=":material/undo:", key="curate_undo"):
            del st.session_state[_UNDO]
            try:
                _take_back(last)
            except ConflictError as error:
                st.error(f"{parts.plain(error.what)} {error.fix}")
                return
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
                    removed = writing().tags.remove(name, sorted(ids), tag)
                    st.session_state[_UNDO] = Tagged(name, tag, tuple(removed), is_on=False)
                    st.rerun()


def rows_of(n: int) -> str:
    """Return a number of rows in words."""
    return f"{parts.count(n)} {'row' if n == 1 else 'rows'}"


def _tag(name: str, sample_ids: Sequence[str], tag: str) -> None:
    try:
        added = writing().tags.add(name, sample_ids, tag, annotator=actor())
    except InputError as error:
        st.error(f"{error.what} {error.fix}")
        return
    st.session_state[_UNDO] = Tagged(name, tag.strip(), tuple(added), is_on=True)
    st.rerun()


def left_in_words(taken: Iterable[TakenError]) -> str:
    """Say which rows were left as they are: whose they are, and where to decide them.

    Returns
    -------
    str
        Markdown with the names escaped; "" if every row was free.
    """
    found = Counter((each.is_held, each.who) for each in taken)
    if not found:
        return ""
    each_in_words = []
    for (is_held, who), n in sorted(found.items()):
        one, many = ("is", "are") if is_held else ("was", "were")
        what = "before {} now" if is_held else "decided by {}"
        words = what.format(parts.plain(who))
        each_in_words.append(f"{parts.count(n)} {one if n == 1 else many} {words}")
    n = found.total()
    were = "was left as it is" if n == 1 else "were left as they are"
    return f"{rows_of(n)} {were}: {', '.join(each_in_words)}. Review shows them one at a time."


def _can_undo(last: Discarded | Tagged) -> bool:
    if isinstance(last, Tagged):
        return True
    is_theirs = identity.signed_in() in ("", last.annotator)
    is_latest = last.log_length == resources.store().decisions.count(last.collection)
    return last.rows > 0 and is_theirs and is_latest


def _in_words(last: Discarded | Tagged) -> str:
    if isinstance(last, Discarded) and not last.rows:
        return "No row was discarded."
    if isinstance(last, Discarded):
        return f"{rows_of(last.rows)} discarded; the next run does without."
    done = "put on" if last.is_on else "taken off"
    return f"Tag {parts.plain(last.tag)} {done} {rows_of(len(last.sample_ids))}."


def _take_back(last: Discarded | Tagged) -> None:
    store = writing()
    if isinstance(last, Discarded):
        annotator = identity.signed_in() or last.annotator
        store.decisions.undo(
            last.collection,
            annotator=annotator,
            client_id=_client_id(),
            client_seq=_next_number(last.collection, annotator),
            expected_sample=last.first,
        )
    elif last.is_on:
        store.tags.remove(last.collection, last.sample_ids, last.tag)
    else:
        store.tags.add(last.collection, last.sample_ids, last.tag, annotator=actor())


def _discard(name: str, sample_ids: Sequence[str], *, seen: int) -> None:
    """Discard those rows that are nobody else's.

    A selection is no look at each of its rows: what somebody else says of one is not replaced by
    it, nor what has been decided since the place `seen`, of which the map does not know.
    """
    store, annotator = writing(), actor()
    decisions = [
        Decision(sample_id=sample_id, action=DISCARD, annotator=annotator, queue="map")
        for sample_id in sample_ids
    ]
    state = store.decisions.state(name)
    found = store.decisions.append_free(
        name,
        decisions,
        _client_id(),
        _next_number(name, annotator),
        expected=[min(state.seen_unlooked(each), seen) for each in decisions],
    )
    free = (each for place, each in enumerate(sample_ids) if place not in found.taken)
    st.session_state[_UNDO] = Discarded(
        name,
        annotator,
        found.added,
        store.decisions.count(name),
        first=next(free, None),
        left=left_in_words(found.taken.values()),
    )


def _next_number(name: str, annotator: str) -> int:
    return resources.store().decisions.acknowledged(name, annotator, _client_id()) + 1


def _client_id() -> str:
    return f"{session().client_id}-map"
