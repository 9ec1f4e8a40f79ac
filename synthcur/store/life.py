"""The part of the store that leads collections from name to name, into the bin and out of it.

What is deleted lies in the bin for `BIN_DAYS` days under a name that nobody can type, so its own
is free at once. After that, or when told to, it is gone for good: `Life.finish` marks it first,
then removes files, then the rows of the database. Killed in between, it is marked still, and the
next call goes on where this one stopped.
"""

import json
import sqlite3
import time
import uuid
from pathlib import Path

from synthcur.errors import ConflictError, InputError, NotFoundError
from synthcur.store.artefacts import Artefacts
from synthcur.store.collection_rows import name_is_taken, refuse_at_work, rename, tables
from synthcur.store.database import Database
from synthcur.store.ingest import add_event
from synthcur.store.job_rows import marks
from synthcur.store.job_states import OPEN
from synthcur.store.records import Binned
from synthcur.store.sweeping import remove_folder, sweep

BIN_DAYS = 30
DAY = 86_400.0
TITLE_LENGTH, SHOWN_NOTE_LENGTH = 120, 4_000

_GONE = "“{}” deleted for good"
"""What the history of the workspace keeps; it stands under no collection."""

_PURGE = "purge"
_OF_JOBS = ("run", "metric", "learning_run")


class Life:
    """Names, titles and the bin of a workspace.

    Parameters
    ----------
    database, artefacts, workspace
        Where collections, their rows and the folders of their jobs are.
    """

    def __init__(self, database: Database, artefacts: Artefacts, workspace: Path) -> None:
        self._db = database
        self._artefacts = artefacts
        self._workspace = workspace

    def rename(self, name: str, new: str, *, annotator: str = "") -> None:
        """Give a collection another name; the caller has checked that it can be one.

        Raises
        ------
        ConflictError
            If the name is taken, or a job of the collection waits or runs.
        NotFoundError
            If there is no collection to be renamed.
        """
        with self._db.transaction() as db:
            _require(db, name)
            if db.execute("SELECT 1 FROM collection WHERE name=?", (new,)).fetchone():
                raise name_is_taken(new, "rows of its own")
            refuse_at_work(db, name, "be renamed")
            rename(db, name, new)
            db.execute("UPDATE collection SET title=? WHERE name=? AND title=?", (new, new, name))
            add_event(db, new, f"Renamed from “{name}”", annotator=annotator)

    def describe(
        self, name: str, *, title: str | None = None, note: str | None = None, annotator: str = ""
    ) -> None:
        """Change what people read of a collection; what is None stays.

        Raises
        ------
        InputError
            If one is too long, or the title is empty or has no one line.
        """
        if title is not None and (
            not title.strip() or len(title) > TITLE_LENGTH or not title.isprintable()
        ):
            raise InputError(
                "The title cannot be used.",
                fix=f"Use 1 to {TITLE_LENGTH} printable characters in one line.",
            )
        if note is not None and len(note) > SHOWN_NOTE_LENGTH:
            raise InputError(
                f"The note has {len(note):,} characters.", fix=f"Use {SHOWN_NOTE_LENGTH:,} at most."
            )
        with self._db.transaction() as db:
            _require(db, name)
            db.execute(
                "UPDATE collection SET title=IFNULL(?, title), note=IFNULL(?, note) WHERE name=?",
                (None if title is None else title.strip(), note, name),
            )
            add_event(db, name, "Title or note changed", annotator=annotator)

    def duplicate(self, name: str, new: str, *, annotator: str = "") -> None:
        """Copy a collection with its versions, scores, schemes and decisions, but without its jobs.

        Raises
        ------
        ConflictError
            If the name is taken.
        NotFoundError
            If there is no collection to be copied.
        """
        with self._db.transaction() as db:
            _require(db, name)
            if db.execute("SELECT 1 FROM collection WHERE name=?", (new,)).fetchone():
                raise name_is_taken(new, "rows of its own")
            now = time.time()
            _copy(db, "collection", "name", name, name=new, created_at=now)
            db.execute("UPDATE collection SET title=? WHERE name=? AND title=?", (new, new, name))
            for table in ("version", "score", "scheme", "tag", "cluster_name", "bench"):
                _copy(db, table, "collection", name, collection=new)
            _copy_log(db, name, new)
            add_event(db, new, f"Copied from “{name}”", annotator=annotator)
            add_event(db, name, f"Copied as “{new}”", annotator=annotator)

    def delete(self, name: str, *, annotator: str = "") -> Binned:
        """Put a collection into the bin, with all that belongs to it.

        Raises
        ------
        ConflictError
            If a job of the collection waits or runs.
        NotFoundError
            If there is no such collection.
        """
        hidden = f"~{uuid.uuid4().hex[:12]}"
        with self._db.transaction() as db:
            _require(db, name)
            refuse_at_work(db, name, "be deleted")
            add_event(db, name, "Put into the bin", annotator=annotator)
            rename(db, name, hidden)
            db.execute(
                "UPDATE collection SET binned_at=?, binned_name=? WHERE name=?",
                (time.time(), name, hidden),
            )
        return next(each for each in self.bin() if each.name == hidden)

    def bin(self) -> list[Binned]:
        """List what lies in the bin, the latest first."""
        found = self._db.rows(
            "SELECT * FROM collection WHERE binned_at IS NOT NULL AND unfinished IS NULL "
            "ORDER BY binned_at DESC"
        )
        return [
            Binned(
                name=row["name"],
                called=row["binned_name"],
                title=row["title"],
                counts=json.loads(row["counts"]),
                binned_at=row["binned_at"],
            )
            for row in found
        ]

    def restore(self, called: str, *, new: str = "", annotator: str = "") -> str:
        """Bring a collection back, the latest of its name; return the name it has now.

        Parameters
        ----------
        called
            What it was called, or its name in the bin.
        new
            Another name, where its own is taken; the caller has checked that it can be one.

        Raises
        ------
        NotFoundError
            If the bin holds none of the name.
        ConflictError
            If another collection has taken the name.
        """
        binned = self._binned(called)
        name = new or binned.called
        with self._db.transaction() as db:
            if db.execute("SELECT 1 FROM collection WHERE name=?", (name,)).fetchone():
                raise ConflictError(
                    f"Another collection is called {name!r} now.",
                    fix="Bring it back under another name, with --as NAME.",
                )
            db.execute(
                "UPDATE collection SET binned_at=NULL, binned_name=NULL WHERE name=? "
                "AND unfinished IS NULL",
                (binned.name,),
            )
            rename(db, binned.name, name)
            add_event(db, name, "Brought back from the bin", annotator=annotator)
        return name

    def delete_for_good(self, called: str) -> None:
        """Remove a collection that lies in the bin, with all that belongs to it alone.

        Raises
        ------
        NotFoundError
            If the bin holds none of the name.
        ConflictError
            If any job waits or runs: what it computes has no name yet and would pass for unused.
        """
        binned = self._binned(called)
        with self._db.transaction() as db:
            refuse_at_work(db, None, "be removed for good")
            _mark(db, binned.name)
        self.finish()

    def was_deleted(self, name: str) -> bool:
        """Whether a collection of that name lies in the bin, or was deleted for good."""
        found = self._db.rows(
            "SELECT 1 FROM collection WHERE binned_name=? UNION ALL "
            "SELECT 1 FROM event WHERE collection='' AND text=? LIMIT 1",
            (name, _GONE.format(name)),
        )
        return bool(found)

    def finish(self, *, now: float | None = None) -> int:
        """Remove what has been in the bin for `BIN_DAYS`, and go on where a removal was stopped.

        Returns
        -------
        int
            How many collections are gone. While a job waits or runs nothing is removed: the next
            call does it.
        """
        limit = (time.time() if now is None else now) - BIN_DAYS * DAY
        due = self._db.rows(
            "SELECT name FROM collection WHERE unfinished=? OR binned_at<?", (_PURGE, limit)
        )
        for row in due:
            with self._db.transaction() as db:
                _mark(db, row["name"])
        return sum(self._remove(row["name"]) for row in due)

    def _remove(self, hidden: str) -> bool:
        """Remove the files of a marked collection, then its rows; False while jobs are at work."""
        with self._db.transaction() as db:
            if db.execute(
                f"SELECT 1 FROM job WHERE status IN ({marks(OPEN)}) LIMIT 1", OPEN
            ).fetchone():
                return False
            row = db.execute("SELECT binned_name FROM collection WHERE name=?", (hidden,))
            called = row.fetchone()["binned_name"]
            for job in db.execute("SELECT id FROM job WHERE collection=?", (hidden,)).fetchall():
                remove_folder(self._workspace / "jobs", job["id"])
            sweep(db, self._artefacts.root, without=hidden)
            of_jobs = "job_id IN (SELECT id FROM job WHERE collection=?)"
            for table in _OF_JOBS:
                db.execute(f"DELETE FROM {table} WHERE {of_jobs}", (hidden,))
            db.execute("PRAGMA defer_foreign_keys=ON")
            for table in tables(db):
                db.execute(f"DELETE FROM {table} WHERE collection=?", (hidden,))
            db.execute("DELETE FROM collection WHERE name=?", (hidden,))
            add_event(db, "", _GONE.format(called))
        return True

    def _binned(self, called: str) -> Binned:
        found = [each for each in self.bin() if called in (each.called, each.name)]
        if not found:
            known = ", ".join(repr(each.called) for each in self.bin()) or "nothing"
            raise NotFoundError(
                f"The bin holds no collection {called!r}.", fix=f"It holds {known}."
            )
        return found[0]


def _require(db: sqlite3.Connection, name: str) -> None:
    sql = "SELECT 1 FROM collection WHERE name=? AND binned_at IS NULL"
    if db.execute(sql, (name,)).fetchone() is None:
        raise NotFoundError(f"There is no collection {name!r}.", fix="Look at its name.")


def _mark(db: sqlite3.Connection, hidden: str) -> None:
    db.execute("UPDATE collection SET unfinished=? WHERE name=?", (_PURGE, hidden))


def _copy(db: sqlite3.Connection, table: str, key: str, value: object, **changed: object) -> int:
    """Copy the rows of a table that have a value, with other values in some columns."""
    known = [row["name"] for row in db.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(known)
    chosen = ", ".join("?" if each in changed else each for each in known)
    given = [changed[each] for each in known if each in changed]
    cursor = db.execute(
        f"INSERT INTO {table}({columns}) SELECT {chosen} FROM {table} WHERE {key}=? ORDER BY rowid",
        (*given, value),
    )
    return int(cursor.lastrowid or 0)


def _copy_log(db: sqlite3.Connection, name: str, new: str) -> None:
    """Copy a log of decisions; what names a place in it names that of the copy."""
    places: dict[int, int] = {}
    sql = "SELECT seq, undoes, batch FROM decision WHERE collection=? ORDER BY seq"
    for row in db.execute(sql, (name,)).fetchall():
        # The place is known before it is taken: this transaction is the only one that writes.
        last = db.execute("SELECT seq FROM sqlite_sequence WHERE name='decision'").fetchone()
        places[row["seq"]] = 1 + last["seq"]
        named = {each: places.get(row[each], row[each]) for each in ("undoes", "batch")}
        _copy(
            db,
            "decision",
            "seq",
            row["seq"],
            seq=places[row["seq"]],
            collection=new,
            **named,
        )
