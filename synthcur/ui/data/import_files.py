"""Files of an import that is not stored yet: read elsewhere, kept until it is over.

They are kept for one session and let go of when its import ends, when the browser leaves, or when
others need the room: then they are read again.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from synthcur.data.hub_source import HubSource
from synthcur.data.languages import let_go
from synthcur.data.loading import Draft, RawTable
from synthcur.data.read_options import GUESSED, ReadOptions
from synthcur.data.reader import Reading
from synthcur.errors import InputError
from synthcur.ui.shelf import Shelf, memory_limit

_DRAFT = "draft"
_TELL_SECONDS = 1.0
"""A file that takes longer says so, and how long it has taken."""


class _Owner:
    """One session on the shelf."""

    def __init__(self) -> None:
        self.shelf, self.id = _shelf(), secrets.token_hex(8)
        self.asked: set[str] = set()
        self.uploads: set[str] = set()

    def leave(self) -> None:
        self.shelf.release(self.id)


@st.cache_resource(show_spinner=False)
def _shelf() -> Shelf:
    return Shelf(memory_limit())


@st.cache_resource(show_spinner=False, scope="session", on_release=_Owner.leave)
def _owner() -> _Owner:
    return _Owner()


@contextmanager
def only_these() -> Iterator[None]:
    """Let go of every file of this session that is not asked for within the block."""
    owner = _owner()
    owner.asked.clear()
    yield
    owner.shelf.keep_only(owner.id, {*owner.asked, _DRAFT})


def table(
    identity: str,
    name: str,
    source: Path | UploadedFile | HubSource,
    options: ReadOptions = GUESSED,
) -> RawTable:
    """Return the rows of a file, read by a process of its own unless they are still here.

    Parameters
    ----------
    identity
        Names the content and how it is read.
    name
        File name to show.
    source
        The file, or a data set of the hub.
    options
        How it is to be read.

    Raises
    ------
    InputError
        If it cannot be read; told again without reading it again.
    """
    owner = _owner()
    owner.asked.add(identity)
    if isinstance(source, UploadedFile):
        owner.uploads.add(source.file_id)
    found = owner.shelf.get(owner.id, identity)
    if found is None:
        found = _read(owner, identity, name, source, options)
    if isinstance(found, InputError):
        raise InputError(found.what, fix=found.fix)
    return found


def draft(content: str, make: Callable[[], Draft]) -> Draft:
    """Return the draft of the files of this session, made unless it is still here.

    Parameters
    ----------
    content
        Names the files and their columns.
    make
        Makes the draft.
    """
    owner = _owner()
    kept = owner.shelf.get(owner.id, _DRAFT)
    if kept is not None and kept[0] == content:
        return kept[1]
    with st.spinner("Checking every row"):
        made = make()
    let_go()  # the page is up for days
    # Its texts are those of the tables.
    size = sum(_bytes_of(frame, deep=False) for frame in (made.rows, made.provenance))
    owner.shelf.put(owner.id, _DRAFT, (content, made), size)
    return made


def release() -> None:
    """Let go of all files of this session, and of their uploads, which Streamlit would keep."""
    owner = _owner()
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file_id in owner.uploads:
            context.uploaded_file_mgr.remove_file(context.session_id, file_id)
    owner.uploads.clear()
    owner.shelf.release(owner.id)


def _read(
    owner: _Owner,
    identity: str,
    name: str,
    source: Path | UploadedFile | HubSource,
    options: ReadOptions,
) -> RawTable | InputError:
    def start() -> Reading:
        data = source.getvalue() if isinstance(source, UploadedFile) else source
        return Reading(data, name, options=options)

    shown, seconds = None, 0.0
    try:
        while True:
            reading = owner.shelf.reading(owner.id, identity, start)
            if reading is not None and reading.wait(_TELL_SECONDS):
                break
            if reading is None:
                time.sleep(_TELL_SECONDS)
            seconds += _TELL_SECONDS
            # What is drawn here is also the moment at which Streamlit ends a run that nobody waits
            # for. The reader goes on for the session's next run, and ends with the session.
            shown = shown or st.empty()
            shown.caption(
                "Other files are being read first."
                if reading is None
                else f"Reading the file, {seconds:.0f} s."
            )
        found = reading.table()
        owner.shelf.put(owner.id, identity, found, _bytes_of(found.frame, deep=True))
    except InputError as error:
        owner.shelf.put(owner.id, identity, error, 0)
        found = error
    owner.shelf.finish(owner.id)
    if shown is not None:
        shown.empty()
    return found


def _bytes_of(frame: pd.DataFrame, *, deep: bool) -> int:
    return int(frame.memory_usage(deep=deep).sum())
