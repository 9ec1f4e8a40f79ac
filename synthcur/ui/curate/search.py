"""Finding rows of the Curate page: by words, by meaning, by a tag, by likeness to a row.

What is found becomes the selection, so that everything that can be done with a selection can be
done with what was found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from synthcur.checkers.search import by_meaning, by_words, fold_all
from synthcur.store.records import Scores
from synthcur.ui import parts, resources
from synthcur.ui.curate.rows import CurateRows
from synthcur.ui.session import session

CLOSEST = 50
"""Rows that a search by meaning finds."""

ALIKE = 12
"""Rows that are found as like a row, itself not counted."""

WORDS, MEANING = "words", "meaning"
KINDS = {WORDS: "Words", MEANING: "Meaning"}

_FOUND = "curate_found"
_ASKED = "curate_asked"
_QUERY, _KIND, _TAG = "curate_query", "curate_query_kind", "curate_tag_found"


@dataclass(frozen=True)
class Found:
    """What the last search found; it is of use while it is the selection.

    Attributes
    ----------
    sample_ids
        The best first.
    cosine
        How close each is, -1 to 1; empty for searches that know no closeness.
    note
        In which order they are, in words of ours; empty where they have none of their own.
    """

    sample_ids: tuple[str, ...]
    cosine: tuple[float, ...] = ()
    note: str = ""


def bar(name: str, rows: CurateRows, scores: Scores) -> None:
    """Draw the search, and select what it finds before the map is drawn."""
    tags = resources.store().tags.rows(name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text_input(
            "Find rows",
            type="search",
            placeholder="Find rows: words, “a phrase”, or a sentence for its meaning",
            icon=":material/search:",
            label_visibility="collapsed",
            key=_QUERY,
            on_change=_ask,
            args=(_QUERY,),
        )
        st.radio(
            "Find by",
            list(KINDS),
            horizontal=True,
            width="content",
            format_func=KINDS.__getitem__,
            label_visibility="collapsed",
            key=_KIND,
            on_change=_ask,
            args=(_QUERY,),
        )
        if tags:
            st.selectbox(
                "Tag",
                list(tags),
                index=None,
                placeholder="Tag",
                format_func=lambda tag: f"{tag}, {parts.count(len(tags[tag]))}",
                label_visibility="collapsed",
                width=170,
                key=_TAG,
                on_change=_ask,
                args=(_TAG,),
            )
    asked = st.session_state.pop(_ASKED, "")
    if asked == _QUERY:
        _search(name, rows, scores)
    if asked == _TAG:
        tagged = tags.get(st.session_state[_TAG] or "", ())
        _select(Found(rows.sample_ids(rows.positions(tagged))))


def found() -> Found | None:
    """Return what the last search found if it is still what is selected."""
    last: Found | None = st.session_state.get(_FOUND)
    return last if last is not None and last.sample_ids is session().selection else None


def select_alike(name: str, scores: Scores, sample_id: str) -> None:
    """Select a row and those whose meaning is closest to its own."""
    indexed = _index(name, scores)
    sentence = next(
        vectors[np.flatnonzero(ids == sample_id)[0]]
        for ids, vectors in indexed
        if (ids == sample_id).any()
    )
    _select(Found(*closest(indexed, sentence, ALIKE + 1), note="the closest in meaning first"))


def closest(
    indexed: Sequence[tuple[np.ndarray, np.ndarray]], sentence: np.ndarray, count: int
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Find the rows of several tables that are closest to a sentence.

    Parameters
    ----------
    indexed
        Sample ids (n,) and embeddings (n, D) of every table, of length 1.
    sentence
        (D,), of length 1.
    count
        Rows to return at most.

    Returns
    -------
    sample_ids, cosine
        The closest first; of equal ones the first table's.
    """
    nearest = [by_meaning(sentence, vectors, count=count) for _, vectors in indexed]
    ids = np.concatenate([ids[at] for (ids, _), (at, _) in zip(indexed, nearest, strict=True)])
    cosine = np.concatenate([values for _, values in nearest])
    order = np.argsort(-cosine, kind="stable")[:count]
    return tuple(ids[order].tolist()), tuple(cosine[order].tolist())


def _ask(what: str) -> None:
    st.session_state[_ASKED] = what


def _search(name: str, rows: CurateRows, scores: Scores) -> None:
    query = st.session_state[_QUERY].strip()
    if query and st.session_state[_KIND] == MEANING:
        near = closest(_index(name, scores), resources.encoder().encode(query), CLOSEST)
        _select(Found(*near, note="the closest in meaning first"))
        return
    at = by_words(_folded(rows.map_id, rows), query)
    _select(Found(rows.sample_ids(at)))
    if query and not len(at):
        st.caption("No row holds all of these words. A search by meaning needs none of them.")


def _select(what: Found) -> None:
    """Select what was found; where that is nothing, a selection made on the map stays."""
    if what.sample_ids or found() is not None:
        session().selection = what.sample_ids
    st.session_state[_FOUND] = what


def _index(name: str, scores: Scores) -> list[tuple[np.ndarray, np.ndarray]]:
    embeddings = scores.artefacts["embeddings"]
    return [
        (ids, resources.array(embeddings, part)) for part, ids in resources.mapped_ids(name).items()
    ]


@st.cache_resource(show_spinner=False, max_entries=4)
def _folded(map_id: str, _rows: CurateRows) -> list[str]:
    """Fold the texts of a map's rows once, the second ones of pairs among them."""
    pairs = _rows.frame["text_pair"].fillna("")
    return fold_all(_rows.frame["text"].str.cat(pairs, sep=" "))
