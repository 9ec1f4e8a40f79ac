"""Adding a collection: files, columns and decisions of one tab, until the rows are stored.

The tab remembers what was decided, never the rows: files that were read and drafts that were
checked are kept in `synthcur.ui.data.import_files`, until the import is over.
"""

import hashlib
import os
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from synthcur.data.changes import add_rows
from synthcur.data.folders import folder_facts
from synthcur.data.hub_source import HubSource, hub_source
from synthcur.data.import_record import FileFacts, import_record
from synthcur.data.loading import (
    IMPORTS,
    PARTS,
    ColumnMapping,
    Draft,
    RawTable,
    accept,
    build,
    check_name,
    import_path,
    keep_of_two_labels,
)
from synthcur.data.read_options import GUESSED
from synthcur.data.reader import read_limits
from synthcur.data.tables import GUIDE
from synthcur.errors import InputError
from synthcur.files import sha256_of
from synthcur.jobs import job_queue
from synthcur.results.version_figures import make_version
from synthcur.schema import SYNTHETIC, TEST, TRAIN, VALIDATION
from synthcur.settings import ScoreSettings, fingerprint
from synthcur.ui import parts, resources
from synthcur.ui.data import import_files, offered, read_choices
from synthcur.ui.session import actor, session, writing

ROOT_VARIABLE = "SYNTHCUR_IMPORT_ROOT"
UPLOAD, PATH = "Upload", "Path on the server"
_STATE = "import"
_LABELS = {
    SYNTHETIC: ("Synthetic rows", "Needed. They train the model."),
    TRAIN: ("Real rows, train", "Needed. They train the quality checker."),
    VALIDATION: ("Real rows, validation", "If none, drawn from train."),
    TEST: ("Real rows, test", "If none, drawn from train."),
}


@dataclass
class Import:
    """What one tab has decided about files that are not stored yet.

    Attributes
    ----------
    beside
        Collection that was open at the start; opening another one ends the import.
    id
        Names the widgets of this import.
    draft
        Which draft the decisions belong to.
    accepted
        Codes of the findings whose proposals are accepted.
    kept
        (file, row) that stay of texts with two labels; None while nothing was chosen.
    problem
        Why the last choice of rows could not be taken; empty when it was.
    is_checked
        Whether the findings are shown instead of the first rows.
    takes_decisions
        Whether what people decided in the tool that the synthetic rows come from is taken.
    grows
        Number of the version of `beside` to which the rows are added; 0 for a new collection.
    """

    beside: str
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    draft: str = ""
    accepted: frozenset[str] = frozenset()
    kept: frozenset[tuple[str, int]] | None = None
    problem: str = ""
    is_checked: bool = False
    takes_decisions: bool = False
    grows: int = 0


@dataclass(frozen=True)
class Sources:
    """What was read, by part, and its identity; and why other files could not be."""

    tables: Mapping[str, RawTable]
    identities: Mapping[str, str]
    problems: tuple[InputError, ...]

    @property
    def identity(self) -> str:
        """Names everything that was read."""
        return fingerprint(dict(self.identities))

    @property
    def total(self) -> int:
        """Rows of all files, with those that could not be read."""
        return sum(len(table.frame) + len(table.rejected) for table in self.tables.values())


def start(beside: str, grows: int = 0) -> None:
    """Begin to add a collection, or rows to a version of the open one."""
    st.session_state[_STATE] = Import(beside=beside, grows=grows)


def end() -> None:
    """Forget the files; nothing of them was stored."""
    if st.session_state.pop(_STATE, None) is not None:
        import_files.release()


def current(name: str) -> Import | None:
    """Return the import of this tab, unless another collection was opened since."""
    state = st.session_state.get(_STATE)
    if state is not None and state.beside != name:
        end()
        return None
    return state


def import_root() -> Path:
    """Return the only folder from which the page reads files by path."""
    given = os.environ.get(ROOT_VARIABLE)
    return (Path(given).expanduser() if given else resources.store().workspace / IMPORTS).resolve()


# Files


def choose_files(state: Import) -> Sources:
    """Draw the four files, by upload or by path, and read those that are given."""
    tables, identities, problems = {}, {}, []
    how = st.radio(
        "Files by",
        [UPLOAD, PATH],
        horizontal=True,
        key=f"how-{state.id}",
        label_visibility="collapsed",
    )
    limits = read_limits().table
    words = [GUIDE, f"At most {limits.rows:,} rows and {limits.columns:,} columns per file."]
    if how == PATH:
        words.append(f"A file or a folder inside {import_root()}; {ROOT_VARIABLE} names another.")
    st.caption(parts.plain(" ".join(words), limit=500))
    with import_files.only_these():
        for part, column in zip(PARTS, st.columns(len(PARTS), gap="small"), strict=True):
            with column:
                try:
                    file = _upload(state, part) if how == UPLOAD else _by_path(state, part)
                    if file is None:
                        st.caption(_without_file(state, part))
                    else:
                        identities[part], tables[part] = _read(state, part, file)
                except InputError as error:
                    problems.append(error)
    return Sources(tables, identities, tuple(problems))


def _without_file(state: Import, part: str) -> str:
    """Say what becomes of a part that no file is chosen for."""
    if not state.grows:
        return _LABELS[part][1]
    there = resources.store().collection_info(state.beside).counts[part]
    return f"{parts.count(there)} are there; none added."


@dataclass(frozen=True)
class _File:
    """A file that was chosen: what names its content, its name, and where it is."""

    identity: str
    name: str
    source: Path | UploadedFile | HubSource


def _upload(state: Import, part: str) -> _File | None:
    file = st.file_uploader(_LABELS[part][0], key=f"{part}-{state.id}")
    return None if file is None else _File(file.file_id, file.name, file)


def _by_path(state: Import, part: str) -> _File | None:
    given = st.text_input(_LABELS[part][0], key=f"{part}-path-{state.id}")
    if not given.strip():
        return None
    if (source := hub_source(given.strip())) is not None:
        # What a name stands for on the hub may change: it is read anew by every import.
        return _File(fingerprint(state.id, given.strip()), source.name, source)
    path = import_path(given.strip(), import_root(), resources.store().workspace)
    try:
        facts = path.stat()
        seen = folder_facts(path) if path.is_dir() else [facts.st_mtime_ns, facts.st_size]
    except OSError as error:
        raise InputError(f"There is no file {path.name}.", fix="Check the path.") from error
    return _File(fingerprint(str(path), seen), path.name, path)


def _read(state: Import, part: str, file: _File) -> tuple[str, RawTable]:
    """Read a file as it is chosen to be read, and draw how it was; its identity goes with that."""
    key = f"{part}-{file.identity}-{state.id}"
    options = read_choices.chosen(key)
    identity = file.identity if options == GUESSED else fingerprint(file.identity, options)
    said = st.empty()
    try:
        table = import_files.table(identity, file.name, file.source, options)
    except InputError:
        read_choices.choose(key, options, None)
        raise
    read_choices.choose(key, options, table)
    said.caption(_as_read(table))
    return identity, table


def _as_read(table: RawTable) -> str:
    total = len(table.frame) + len(table.rejected)
    _, comma, example = table.guessed_encoding.partition(", ")
    words = f"{parts.count(total)} rows. {table.how}{comma}{example}."
    return parts.plain(" ".join([words, *table.notes[:3]]), limit=400)


# Draft and decisions


def make_draft(
    state: Import, sources: Sources, columns: Mapping[str, ColumnMapping]
) -> Draft | None:
    """Check the files and apply what was decided; None while something is missing.

    Raises
    ------
    InputError
        If the files do not fit together.
    """
    if missing(state, sources, columns):
        return None
    onto = resources.collection(state.beside) if state.grows else None
    beside = onto.fingerprint if onto else ""
    mapped = [[part, columns[part]] for part in sorted(columns)]
    content = fingerprint(dict(sources.identities), mapped, state.takes_decisions, beside)
    if state.draft != content:
        state.draft, state.accepted, state.kept = content, frozenset(), None
    draft = import_files.draft(
        content,
        lambda: build(
            "unnamed",
            sources.tables,
            columns,
            takes_decisions=state.takes_decisions,
            onto=onto,
        ),
    )
    return draft if state.kept is None else keep_of_two_labels(draft, state.kept)


def choose_name(state: Import, sources: Sources) -> str:
    """Draw the name of the new collection; the synthetic file suggests one."""
    key = f"name-{state.id}"
    table = sources.tables.get(SYNTHETIC)
    if table is not None and not st.session_state.get(key):
        st.session_state[key] = _suggestion(table.name)
    return st.text_input("Name", key=key, help="Letters, digits, - and _.").strip()


def _suggestion(file: str) -> str:
    """Make a free name of a file's name."""
    letters = unicodedata.normalize("NFKD", file.split(".")[0].lower()).encode("ascii", "ignore")
    stem = re.sub(r"[^a-z0-9]+", "-", letters.decode()).strip("-")
    name = "my-rows" if stem in ("", "synthetic") else stem[:40]
    taken = {info.name for info in resources.store().collections()}
    return next(
        candidate
        for candidate in (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
        if candidate not in taken
    )


def missing(state: Import, sources: Sources, columns: Mapping[str, ColumnMapping]) -> str:
    """Say what has to be chosen before rows can be checked; empty when nothing."""
    if sources.problems:
        return "A file cannot be used; correct it or take it away."
    if state.grows and not sources.tables:
        return "Choose a file of rows to add."
    if not state.grows and not {SYNTHETIC, TRAIN} <= set(sources.tables):
        return "Choose a file of synthetic and a file of real rows."
    if set(columns) != set(sources.tables):
        return "Choose the columns of the text and the label."
    return ""


def obstacle(state: Import, name: str, draft: Draft) -> str:
    """Say in one sentence why checked rows cannot be stored yet; empty when they can."""
    if still_open := draft.unresolved(state.accepted):
        more = f" and {len(still_open) - 1} more" if len(still_open) > 1 else ""
        return f"Still open: {still_open[0].title}{more}."
    if state.grows:
        return "" if draft.kept(state.accepted).any() else "No row is left to be added."
    try:
        check_name(name)
    except InputError as error:
        return str(error)
    if any(info.name == name for info in resources.store().collections()):
        return f"A collection named {name} exists already; choose another name."
    return ""


def store(
    state: Import,
    draft: Draft,
    name: str,
    sources: Sources,
    columns: Mapping[str, ColumnMapping],
) -> None:
    """Store what is kept, as a collection or as the next version; score it and open it.

    Raises
    ------
    ConflictError
        If another version has been opened since the import began; nothing is stored.
    """
    record = import_record(draft, state.accepted, sources.tables, columns, _facts(state, sources))
    if state.grows:
        pool = st.session_state.get(f"pool-{state.id}", "").strip()
        change = add_rows(
            resources.collection(name), accept(draft, state.accepted), pool=pool, record=record
        )
        make_version(writing(), name, change, made_from=state.grows, annotator=actor())
    else:
        collection = accept(replace(draft, name=name, title=name), state.accepted)
        writing().add_collection(collection, record=record, annotator=actor())
        offered.keep(collection, draft.said_under(state.accepted))
    job_queue.submit_score(writing(), name, ScoreSettings(), waiting=resources.spare())
    session().collection = name
    session().selection = ()
    end()


def _facts(state: Import, sources: Sources) -> dict[str, FileFacts]:
    """Return what is noted of the files; nothing in them is looked at."""
    found = {}
    for part in sources.tables:
        upload = st.session_state.get(f"{part}-{state.id}")
        given = str(st.session_state.get(f"{part}-path-{state.id}", "")).strip()
        found[part] = FileFacts(0, "")
        if upload is not None:
            content = upload.getvalue()
            found[part] = FileFacts(len(content), hashlib.sha256(content).hexdigest())
        elif hub_source(given) is None:
            path = import_path(given, import_root(), resources.store().workspace)
            if path.is_file():
                found[part] = FileFacts(path.stat().st_size, sha256_of(path))
    return found
