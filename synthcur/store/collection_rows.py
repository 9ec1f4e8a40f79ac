"""Rows of the table of collections: how they are read, added and given another name."""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from synthcur.errors import ConflictError
from synthcur.schema import Collection
from synthcur.store import versions
from synthcur.store.artefacts import Artefacts
from synthcur.store.ingest import add_event
from synthcur.store.job_rows import marks
from synthcur.store.job_states import OPEN
from synthcur.store.records import CollectionInfo


def read_collection(row: sqlite3.Row) -> CollectionInfo:
    """Return a row of the table of collections as a record."""
    values = {each.name: row[each.name] for each in fields(CollectionInfo)}
    values["guidelines"] = json.loads(values["guidelines"])
    values["counts"] = json.loads(values["counts"])
    return CollectionInfo(**values)


def add_collection(
    db: sqlite3.Connection,
    artefacts: Artefacts,
    collection: Collection,
    *,
    record: Mapping[str, Any],
    annotator: str,
) -> None:
    """Add a collection with its first version; parameters as of `Store.add_collection`."""
    values = {
        "name": collection.name,
        "title": collection.title or collection.name,
        "note": collection.note,
        "guidelines": json.dumps(dict(collection.guidelines)),
        "fingerprint": collection.fingerprint,
        "counts": json.dumps(collection.counts),
        "created_at": time.time(),
        "origin": collection.origin,
    }
    db.execute(
        f"INSERT INTO collection({', '.join(values)}) VALUES ({','.join('?' * len(values))})",
        tuple(values.values()),
    )
    what = f"{len(collection.rows):,} rows imported"
    versions.insert(db, artefacts, collection, collection.name, 1, None, what, record, annotator)
    add_event(db, collection.name, what, annotator=annotator)


def name_is_taken(name: str, by_one_with: str) -> ConflictError:
    """Return the error for a name that belongs to another collection."""
    return ConflictError(
        f"The name {name!r} already belongs to a collection with {by_one_with}.",
        fix="Open that one, or import under another name.",
    )


def in_common(existing: CollectionInfo, collection: Collection) -> str:
    """Say what the collection of a name has in common with one that is to take the name."""
    if existing.fingerprint != collection.fingerprint:
        return "other rows"
    if existing.origin in (None, collection.origin):
        return "the same rows"
    return "the same rows and other further columns or row numbers"


def tables(db: sqlite3.Connection) -> list[str]:
    """List the tables of which every row belongs to a collection."""
    found = db.execute(
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) p "
        "WHERE m.type='table' AND p.name='collection' ORDER BY m.name"
    )
    return [row["name"] for row in found]


def rename(db: sqlite3.Connection, old: str, new: str) -> None:
    """Give a collection another name wherever it stands, inside the caller's transaction."""
    db.execute("PRAGMA defer_foreign_keys=ON")
    for table in tables(db):
        db.execute(f"UPDATE {table} SET collection=? WHERE collection=?", (new, old))
    db.execute(
        "UPDATE job SET spec=json_set(spec, '$.collection', ?) WHERE collection=?", (new, new)
    )
    db.execute("UPDATE collection SET name=? WHERE name=?", (new, old))


def refuse_at_work(db: sqlite3.Connection, name: str | None, wish: str) -> None:
    """Refuse a wish while a job of a collection, or any job at all, waits or runs.

    Parameters
    ----------
    name
        The collection; None for all.
    wish
        What has to wait, such as ``be renamed``.

    Raises
    ------
    ConflictError
        Naming the job.
    """
    row = db.execute(
        f"SELECT number, status, id FROM job WHERE collection=IFNULL(?, collection) "
        f"AND status IN ({marks(OPEN)}) ORDER BY number LIMIT 1",
        (name, *OPEN),
    ).fetchone()
    if row is not None:
        what = "waits" if row["status"] == "queued" else "runs"
        raise ConflictError(
            f"Job {row['number']} {what}; until it has ended nothing can {wish}.",
            fix=f"Wait for it, or stop it with: python -m synthcur cancel {row['id']}",
        )
