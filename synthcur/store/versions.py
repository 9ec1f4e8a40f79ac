"""The part of the store that keeps the versions of collections: which there are, which is open.

A version is a list of names of artefacts, so going back to one gives its rows, its scores and the
decisions about its rows as they were. Going back moves the mark of the version that is open and
makes no new one: to undo twice goes back twice, and what was undone can be opened again. Versions
are never changed or renumbered, but for rows that are erased from all of them (`store.erasing`).
"""

import json
import sqlite3
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from synthcur.errors import ConflictError, InputError, NotFoundError
from synthcur.schema import Collection
from synthcur.store.artefacts import Artefacts
from synthcur.store.database import Database
from synthcur.store.ingest import add_event
from synthcur.store.records import Job, Scores, Version

IMPORT: Mapping[str, Any] = MappingProxyType({"kind": "import"})
"""The change that made a first version of which nothing more is known."""


class Versions:
    """Versions of every collection of a workspace.

    Parameters
    ----------
    database, artefacts
        Where they are, and their rows.
    """

    def __init__(self, database: Database, artefacts: Artefacts) -> None:
        self._db = database
        self._artefacts = artefacts

    def all(self, name: str) -> list[Version]:
        """List the versions of a collection by rising number."""
        found = self._db.rows("SELECT * FROM version WHERE collection=? ORDER BY number", (name,))
        return [_version(row) for row in found]

    def get(self, name: str, number: int) -> Version:
        """Return one version.

        Raises
        ------
        NotFoundError
            If the collection has none of that number.
        """
        known = self.all(name)
        found = next((each for each in known if each.number == number), None)
        if found is None:
            raise NotFoundError(
                f"The collection {name!r} has no version {number}.",
                fix=f"It has the versions 1 to {len(known)}." if known else "Look at its name.",
            )
        return found

    def current(self, name: str) -> Version:
        """Return the version that is open."""
        found = self._db.rows("SELECT version FROM collection WHERE name=?", (name,))
        return self.get(name, found[0]["version"] if found else 1)

    def collection(self, name: str, number: int) -> Collection:
        """Read the rows of a version; name, title, note and guidelines are those of now."""
        version = self.get(name, number)
        shown = self._db.rows(
            "SELECT title, note, guidelines FROM collection WHERE name=?", (name,)
        )[0]
        return self._artefacts.collection(
            version.fingerprint,
            name=name,
            origin=version.origin,
            title=shown["title"],
            note=shown["note"],
            guidelines=json.loads(shown["guidelines"]),
        )

    def scores(self, name: str, number: int | None = None) -> dict[str, Scores]:
        """Return the scores of a version by kind of checkers, of the open one without a number."""
        found = self._db.rows(
            "SELECT s.* FROM score s JOIN version v ON v.collection=s.collection "
            "AND v.fingerprint=s.fingerprint JOIN collection c ON c.name=v.collection "
            "WHERE c.name=? AND v.number=IFNULL(?, c.version) ORDER BY s.created_at",
            (name, number),
        )
        return {
            row["checkers"]: Scores(
                checkers=row["checkers"],
                artefacts=json.loads(row["artefacts"]),
                trust=json.loads(row["trust"]),
                created_at=row["created_at"],
            )
            for row in found
        }

    def history(self, name: str) -> list[tuple[float, str, str]]:
        """Return all that happened to a collection, the first first, as (time, words, who)."""
        found = self._db.rows(
            "SELECT at, text, annotator FROM event WHERE collection=? ORDER BY id", (name,)
        )
        return [(row["at"], row["text"], row["annotator"]) for row in found]

    def read_by(self, job: Job) -> Collection:
        """Read the rows that a job reads."""
        return self.collection(job.collection, job.version)

    def add(
        self,
        name: str,
        collection: Collection,
        *,
        made_from: int,
        what: str,
        change: Mapping[str, Any],
        annotator: str = "",
    ) -> Version:
        """Store the next version and open it.

        Parameters
        ----------
        name, collection
            Of which collection, and the rows it has now.
        made_from
            Number of the version that was changed.
        what, change
            What happened, in words and as plain data. ``labels`` in the latter, if there, tells by
            which name labels go that were renamed or merged; decisions follow them.
        annotator
            Who changes it.

        Raises
        ------
        ConflictError
            If another version is open than the one that was changed; nothing is stored.
        InputError
            If the change changes nothing.
        """
        with self._db.transaction() as db:
            open_one = _open(db, name)
            if open_one["number"] != made_from:
                raise ConflictError(
                    f"Version {open_one['number']} of {name!r} is open, not {made_from}: somebody "
                    "has changed it meanwhile.",
                    fix="Look at it again; nothing was changed.",
                )
            before = (open_one["fingerprint"], open_one["origin"])
            if before == (collection.fingerprint, collection.origin):
                raise InputError("This changes nothing.", fix="Choose what is to change.")
            aliases = _aliases(
                json.loads(open_one["aliases"]), change.get("labels", {}), collection
            )
            number = (
                1
                + db.execute(
                    "SELECT MAX(number) FROM version WHERE collection=?", (name,)
                ).fetchone()[0]
            )
            insert(
                db,
                self._artefacts,
                collection,
                name,
                number,
                made_from,
                what,
                change,
                annotator,
                aliases=aliases,
            )
            _open_version(db, name, number)
            _keep_guidelines(db, name, change.get("labels", {}))
            add_event(db, name, f"Version {number}: {what}", annotator=annotator)
        return self.get(name, number)

    def open(self, name: str, number: int, *, annotator: str = "") -> Version:
        """Go to a version, be it earlier or later than the one that is open; nothing is lost.

        Raises
        ------
        NotFoundError
            If there is no such version.
        """
        version = self.get(name, number)
        with self._db.transaction() as db:
            if _open(db, name)["number"] != number:
                _open_version(db, name, number)
                add_event(db, name, f"Version {number} opened again", annotator=annotator)
        return version

    def undo(self, name: str, *, annotator: str = "") -> Version:
        """Go back to the version that the open one was made from.

        Raises
        ------
        ConflictError
            If the first version is open.
        """
        parent = self.current(name).parent
        if parent is None:
            raise ConflictError(
                f"Version 1 of {name!r} is open: there is nothing before it.",
                fix="To delete the whole collection, see: python -m synthcur delete --help",
            )
        return self.open(name, parent, annotator=annotator)


def insert(
    db: sqlite3.Connection,
    artefacts: Artefacts,
    collection: Collection,
    name: str,
    number: int,
    parent: int | None,
    what: str,
    change: Mapping[str, Any],
    annotator: str,
    *,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write the rows of a version and note it, inside the caller's transaction.

    The rows are written under the lock: nobody can take them for unused before they are noted.
    """
    artefacts.write_collection(collection)
    values = {
        "collection": name,
        "number": number,
        "parent": parent,
        "fingerprint": collection.fingerprint,
        "origin": collection.origin,
        "counts": json.dumps(collection.counts),
        "created_at": time.time(),
        "annotator": annotator,
        "what": what,
        "change": json.dumps(dict(change)),
        "aliases": json.dumps(dict(aliases)),
    }
    db.execute(
        f"INSERT INTO version({', '.join(values)}) VALUES ({','.join('?' * len(values))})",
        tuple(values.values()),
    )


def _open(db: sqlite3.Connection, name: str) -> sqlite3.Row:
    """Return the row of the version that is open."""
    found = db.execute(
        "SELECT v.* FROM version v JOIN collection c ON c.name=v.collection "
        "AND c.version=v.number WHERE c.name=?",
        (name,),
    ).fetchone()
    if found is None:
        raise NotFoundError(f"There is no collection {name!r} any more.", fix="Look again.")
    return found


def _open_version(db: sqlite3.Connection, name: str, number: int) -> None:
    """Let a collection stand for one of its versions."""
    db.execute(
        "UPDATE collection SET (version, fingerprint, origin, counts) = (SELECT number, "
        "fingerprint, origin, counts FROM version WHERE collection=?1 AND number=?2) WHERE name=?1",
        (name, number),
    )


def _keep_guidelines(db: sqlite3.Connection, name: str, labels: Mapping[str, str]) -> None:
    """Let a label that has another name now keep its guideline; earlier versions keep theirs."""
    row = db.execute("SELECT guidelines FROM collection WHERE name=?", (name,)).fetchone()
    given = json.loads(row["guidelines"])
    moved = {new: given[old] for old, new in labels.items() if old in given and new not in given}
    if moved:
        db.execute(
            "UPDATE collection SET guidelines=? WHERE name=?", (json.dumps(given | moved), name)
        )


def _aliases(
    before: Mapping[str, str], labels: Mapping[str, str], collection: Collection
) -> dict[str, str]:
    """Tell by which name every label goes that a version has no more."""
    found = {old: labels.get(new, new) for old, new in before.items()} | dict(labels)
    return {
        old: new
        for old, new in found.items()
        if old not in collection.labels and new in collection.labels
    }


def _version(row: sqlite3.Row) -> Version:
    values = dict(row)
    for each in ("collection", "unlabelled", "aliases"):
        del values[each]
    values["counts"], values["change"] = (json.loads(row[each]) for each in ("counts", "change"))
    return Version(**values)
