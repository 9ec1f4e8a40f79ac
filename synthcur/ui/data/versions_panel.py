"""Below the rows of a stored collection: its versions, changes of labels and rows, name and bin.

Nothing is changed before its preview has been drawn and its button pressed.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from synthcur.data import changes
from synthcur.data.changes import Change
from synthcur.data.loading import check_name
from synthcur.errors import SynthcurError
from synthcur.jobs import job_queue
from synthcur.results.version_figures import compare_versions, make_version, preview
from synthcur.schema import Collection
from synthcur.settings import ScoreSettings
from synthcur.store.life import BIN_DAYS
from synthcur.store.records import CollectionInfo, Version
from synthcur.ui import parts, resources
from synthcur.ui.clock import clock
from synthcur.ui.data.sheet import shown_text
from synthcur.ui.session import actor, session, writing

_ROW_HEIGHT = 28
_RENAME, _SPLIT, _EXCLUDE = (
    "Rename or merge a label",
    "Split a label by a column",
    "Leave out a value of a column",
)
_PROBLEM = "versions_problem"
_VALUES_SHOWN = 200


def show(info: CollectionInfo, collection: Collection) -> None:
    """Draw what can be done with a collection as a whole."""
    known = resources.store().versions.all(info.name)
    title = f"Versions and name: version {info.version} of {len(known)} is open"
    with st.expander(title, icon=":material/history:"):
        problem = st.session_state.pop(_PROBLEM, "")
        if problem:
            st.error(parts.plain(problem, limit=600))
        versions, change, name, bin_ = st.tabs(["Versions", "Change", "Name", "Bin"])
        with versions:
            _versions(info, known)
        with change:
            _change(info, collection)
        with name:
            _name(info)
        with bin_:
            bin_tab()


def _versions(info: CollectionInfo, known: list[Version]) -> None:
    """Draw the list of versions, the way to another one, and the record of them all."""
    latest = known[::-1]
    table = pd.DataFrame(
        {
            "Version": [each.number for each in latest],
            "": ["open" if each.number == info.version else "" for each in latest],
            "What happened": [shown_text(each.what) for each in latest],
            "Rows": [sum(each.counts.values()) for each in latest],
            "Who": [each.annotator or "—" for each in latest],
            "When": [clock(each.created_at) for each in latest],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        column_config={
            "Version": st.column_config.NumberColumn(width=60),
            "": st.column_config.TextColumn(width=50),
            "What happened": st.column_config.TextColumn(width=430),
            "Rows": st.column_config.NumberColumn(format="localized", width=70),
            "Who": st.column_config.TextColumn(width=120),
            "When": st.column_config.TextColumn(width=100),
        },
        alt="Every version with what happened, its rows, who made it and when",
    )
    others = [each.number for each in latest if each.number != info.version]
    parent = next(each.parent for each in known if each.number == info.version)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if others:
            chosen = st.selectbox(
                "Another version",
                others,
                index=others.index(parent) if parent in others else 0,
                key=f"version-{info.name}-{info.version}",
                width=140,
            )
            st.button(
                f"Open version {chosen}",
                icon=":material/undo:",
                help="Nothing is lost: the other versions stay, with their scores.",
                on_click=_act,
                args=(lambda: _open(info.name, chosen),),
            )
        st.download_button(
            "History, JSON",
            lambda: json.dumps(history(info.name), indent=1, ensure_ascii=False),
            file_name=f"{info.name}-history.json",
            mime="application/json",
            icon=":material/download:",
            help="Files, columns, what was left out by row number, merges and drawn splits.",
            key=f"history-{info.name}",
        )
    if others:
        found = compare_versions(resources.store(), info.name, info.version, chosen)
        said = "; ".join(found.difference.in_words())
        st.caption(parts.plain(f"From this version to version {chosen}: {said}.", limit=900))


def history(name: str) -> dict[str, object]:
    """Return what is known of every version and all that happened, as plain data."""
    store = resources.store()

    def day(at: float) -> str:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

    return {
        "collection": name,
        "versions": [
            {
                "number": each.number,
                "parent": each.parent,
                "fingerprint": each.fingerprint,
                "rows": dict(each.counts),
                "created_at": day(each.created_at),
                "annotator": each.annotator,
                "what": each.what,
                "change": dict(each.change),
            }
            for each in store.versions.all(name)
        ],
        "events": [
            {"at": day(at), "text": text, "annotator": who}
            for at, text, who in store.versions.history(name)
        ],
    }


def _change(info: CollectionInfo, collection: Collection) -> None:
    """Draw a change of labels or rows with its preview, and the button that makes it."""
    columns = [str(each) for each in collection.provenance.columns]
    kinds = [_RENAME, *([_SPLIT, _EXCLUDE] if columns else [])]
    kind = st.selectbox("Change", kinds, key=f"change-{info.name}", width=280)
    try:
        change = _chosen(kind, collection, columns)
        if change is None:
            return
        found = preview(resources.store(), info.name, change)
    except SynthcurError as error:
        st.caption(parts.plain(str(error), limit=600))
        return
    st.caption("  \n".join(parts.plain(line, limit=300) for line in found.in_words()))
    following = 1 + resources.store().versions.all(info.name)[-1].number
    st.button(
        f"Make version {following}",
        icon=":material/check:",
        help="The versions before it stay, and can be opened again.",
        on_click=_act,
        args=(lambda: _make(info, change),),
    )


def _chosen(kind: str, collection: Collection, columns: list[str]) -> Change | None:
    """Draw what a kind of change asks for; None while something is missing."""
    key = f"{kind}-{collection.name}"
    first, second = st.columns(2, gap="small")
    if kind == _RENAME:
        labels = first.multiselect(
            "Labels", collection.labels, key=f"labels-{key}", format_func=parts.plain
        )
        new = second.text_input(
            "New name",
            key=f"new-{key}",
            help="Several labels, or the name of a label that is there, are merged.",
        ).strip()
        if not labels or not new:
            return None
        return changes.rename_labels(collection, {each: new for each in labels if each != new})
    column = first.selectbox("Column", columns, key=f"column-{key}", format_func=parts.plain)
    if kind == _SPLIT:
        label = second.selectbox(
            "Label", collection.labels, key=f"label-{key}", format_func=parts.plain
        )
        into = changes.by_column(collection, label, column)
        return changes.split_label(collection, label, into)
    cells = collection.provenance[column].dropna().astype(object).map(str)
    known = cells.value_counts().index.tolist()[:_VALUES_SHOWN]
    values = second.multiselect("Values", known, key=f"values-{key}", format_func=parts.plain)
    return changes.exclude(collection, column, values) if values else None


def _name(info: CollectionInfo) -> None:
    """Draw name, title and note, a copy, and the way into the bin."""
    first, second = st.columns(2, gap="small")
    name = first.text_input("Name", info.name, key=f"rename-{info.name}").strip()
    title = second.text_input("Title", info.title, key=f"title-{info.name}")
    note = st.text_area("Note", info.note, key=f"note-{info.name}", height=80)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Save",
            icon=":material/save:",
            disabled=(name, title, note) == (info.name, info.title, info.note),
            on_click=_act,
            args=(lambda: _describe(info, name, title, note),),
        )
        st.button(
            "Copy the collection",
            icon=":material/content_copy:",
            help="With its versions, scores and decisions; its runs stay here.",
            on_click=_act,
            args=(lambda: _copy(info.name),),
        )
        with st.popover("Delete", icon=":material/delete:"):
            st.caption(
                f"It goes to the bin and can be brought back for {BIN_DAYS} days, with everything "
                "that belongs to it."
            )
            st.button(
                "Move to the bin", key="to_bin", on_click=_act, args=(lambda: _delete(info.name),)
            )


def bin_tab() -> None:
    """Draw what lies in the bin, each with the button that brings it back."""
    found = resources.store().life.bin()
    if not found:
        st.caption(f"The bin is empty. What is deleted lies here for {BIN_DAYS} days.")
    for each in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            rows = parts.count(sum(each.counts.values()))
            said = f"{parts.plain(each.called)}: {rows} rows, deleted {clock(each.binned_at)}"
            st.caption(said, width="stretch")
            st.button(
                "Bring back",
                icon=":material/restore_from_trash:",
                key=f"restore-{each.name}",
                on_click=_act,
                args=(lambda hidden=each.name, called=each.called: _restore(hidden, called),),
            )


def _act(do: Callable[[], None]) -> None:
    """Do what a button says; what cannot be done is said where the button was."""
    try:
        do()
    except SynthcurError as error:
        st.session_state[_PROBLEM] = str(error)


def _open(name: str, number: int) -> None:
    writing().versions.open(name, number, annotator=actor())
    session().selection = ()


def _make(info: CollectionInfo, change: Change) -> None:
    make_version(writing(), info.name, change, made_from=info.version, annotator=actor())
    job_queue.submit_score(writing(), info.name, ScoreSettings(), waiting=resources.spare())
    session().selection = ()


def _describe(info: CollectionInfo, name: str, title: str, note: str) -> None:
    check_name(name)
    writing().life.describe(info.name, title=title, note=note, annotator=actor())
    if name != info.name:
        writing().life.rename(info.name, name, annotator=actor())
        session().collection = name


def _copy(name: str) -> None:
    taken = {each.name for each in writing().collections()}
    new = next(
        each
        for each in (f"{name[:50]}-copy{number or ''}" for number in range(len(taken) + 1))
        if each not in taken
    )
    writing().life.duplicate(name, new, annotator=actor())
    session().collection = new


def _delete(name: str) -> None:
    writing().life.delete(name, annotator=actor())
    session().collection = ""


def _restore(hidden: str, called: str) -> None:
    taken = {each.name for each in writing().collections()}
    free = (called, *(f"{called[:55]}-{number}" for number in range(2, len(taken) + 3)))
    new = next(each for each in free if each not in taken)
    session().collection = writing().life.restore(hidden, new=new, annotator=actor())
