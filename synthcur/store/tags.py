"""The part of the store that keeps tags: words that people put on rows to find them again.

A tag says nothing of a row's label and changes no weight.
"""

import sqlite3
import time
from collections.abc import Sequence

from synthcur.errors import InputError
from synthcur.store.database import Database
from synthcur.store.ingest import add_event

TAG_LENGTH = 40
"""Characters of the longest tag."""


class Tags:
    """Tags of the rows of every collection of a workspace."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, name: str, sample_ids: Sequence[str], tag: str, *, annotator: str) -> list[str]:
        """Put a tag on rows.

        Returns
        -------
        list of str
            Those that did not have it yet: what `remove` takes to undo this.

        Raises
        ------
        InputError
            If the tag cannot be used, see `check_tag`.
        """
        tag = check_tag(tag)
        with self._db.transaction() as db:
            known = _tagged(db, name, tag)
            added = [each for each in dict.fromkeys(sample_ids) if each not in known]
            now = time.time()
            db.executemany(
                "INSERT INTO tag VALUES (?,?,?,?,?)",
                [(name, each, tag, annotator, now) for each in added],
            )
            if added:
                add_event(db, name, f"Tag “{tag}” put on {len(added):,} rows")
        return added

    def remove(self, name: str, sample_ids: Sequence[str], tag: str) -> list[str]:
        """Take a tag off rows, and return those that had it."""
        with self._db.transaction() as db:
            known = _tagged(db, name, tag)
            removed = [each for each in dict.fromkeys(sample_ids) if each in known]
            db.executemany(
                "DELETE FROM tag WHERE collection=? AND tag=? AND sample_id=?",
                [(name, tag, each) for each in removed],
            )
            if removed:
                add_event(db, name, f"Tag “{tag}” taken off {len(removed):,} rows")
        return removed

    def rows(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return the sample ids under every tag of a collection, tags in alphabetical order."""
        found: dict[str, list[str]] = {}
        for row in self._db.rows(
            "SELECT tag, sample_id FROM tag WHERE collection=? ORDER BY tag, created_at, sample_id",
            (name,),
        ):
            found.setdefault(row["tag"], []).append(row["sample_id"])
        return {tag: tuple(ids) for tag, ids in found.items()}


def check_tag(tag: str) -> str:
    """Return a tag without outer blanks.

    Raises
    ------
    InputError
        If nothing is left, it is longer than `TAG_LENGTH`, or holds control characters or commas,
        which divide the tags of a row in exports.
    """
    tag = tag.strip()
    if not tag or len(tag) > TAG_LENGTH or not tag.isprintable() or "," in tag:
        raise InputError(
            "The tag cannot be used.",
            fix=f"Use 1 to {TAG_LENGTH} printable characters without a comma.",
        )
    return tag


def _tagged(db: sqlite3.Connection, name: str, tag: str) -> set[str]:
    found = db.execute("SELECT sample_id FROM tag WHERE collection=? AND tag=?", (name, tag))
    return {row["sample_id"] for row in found}
