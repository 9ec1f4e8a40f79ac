"""The rows of the decision log as they lie in the database; every change is one more row."""

import sqlite3
import time

from synthcur.errors import ConflictError
from synthcur.review import Decision

_WRITTEN = ("sample_id", "annotator", "action", "label", "note", "reason", "queue", "undoes")


def read(db: sqlite3.Connection, name: str) -> list[Decision]:
    """Return the whole log of a collection in order, undo rows included."""
    found = db.execute("SELECT * FROM decision WHERE collection=? ORDER BY seq", (name,))
    return [_decision(row) for row in found]


def append(
    db: sqlite3.Connection, name: str, decision: Decision, client_id: str, client_seq: int
) -> int:
    """Add one row and return its place in the log."""
    columns = ("collection", *_WRITTEN, "client_id", "client_seq", "created_at")
    values = [getattr(decision, column) for column in _WRITTEN]
    cursor = db.execute(
        f"INSERT INTO decision({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})",
        (name, *values, client_id, client_seq, time.time()),
    )
    return int(cursor.lastrowid or 0)


def already_stored(db: sqlite3.Connection, client_id: str, client_seq: int) -> int | None:
    """Return the place of the row that a client sent under that running number, if any."""
    row = db.execute(
        "SELECT seq FROM decision WHERE client_id=? AND client_seq=?", (client_id, client_seq)
    ).fetchone()
    return None if row is None else row["seq"]


def undone_by(db: sqlite3.Connection, seq: int) -> Decision | None:
    """Return what the undo row at that place took back."""
    row = db.execute(
        "SELECT d.* FROM decision AS u JOIN decision AS d ON d.seq = u.undoes WHERE u.seq=?",
        (seq,),
    ).fetchone()
    return None if row is None else _decision(row)


def refuse_stale(
    db: sqlite3.Connection, name: str, sample_id: str, client_id: str, expected_seq: int
) -> None:
    """Refuse if the sample was decided later than the sender knows.

    The sender's own earlier decisions do not count: it sends them in order.

    Raises
    ------
    ConflictError
        Naming who decided.
    """
    row = db.execute(
        "SELECT annotator FROM decision WHERE collection=? AND sample_id=? AND seq>? "
        "AND client_id != ? ORDER BY seq DESC LIMIT 1",
        (name, sample_id, expected_seq, client_id),
    ).fetchone()
    if row is not None:
        raise ConflictError(
            f"{row['annotator']} has decided this row meanwhile.",
            fix="Look at it again; nothing was changed.",
        )


def _decision(row: sqlite3.Row) -> Decision:
    values = dict(row)
    for column in ("collection", "client_id", "client_seq"):
        del values[column]
    return Decision(**values)
