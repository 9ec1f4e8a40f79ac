"""The rows of the decision log as they lie in the database; every change is one more row."""

import sqlite3
import time
from collections.abc import Sequence

from synthcur.errors import ConflictError
from synthcur.ledger import Ledger
from synthcur.review import Decision

_WRITTEN = (
    *("sample_id", "annotator", "action", "label", "note", "reason", "queue"),
    *("undoes", "text", "batch"),
)


def read(db: sqlite3.Connection, name: str, *, after: int = 0) -> list[Decision]:
    """Return the log of a collection behind a place, in order, undo rows included."""
    found = db.execute(
        "SELECT * FROM decision WHERE collection=? AND seq>? ORDER BY seq", (name, after)
    )
    return [_decision(row) for row in found]


def append(
    db: sqlite3.Connection,
    name: str,
    decisions: Sequence[Decision],
    client_id: str,
    client_seq: int,
) -> int:
    """Add rows that one client sent under one running number; return the place of the first.

    Of several, the first carries the client's number and all of them `Decision.batch`; the others
    are numbered under a client of their own.
    """
    if len(decisions) == 1:
        return _insert(db, name, decisions[0], client_id, client_seq, None)
    # The place is known before it is taken: this transaction is the only one that writes.
    batch = (
        1
        + db.execute(
            "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name='decision'"
        ).fetchone()[0]
    )
    for number, decision in enumerate(decisions):
        sender = (client_id, client_seq) if number == 0 else (f"{client_id}/{client_seq}", number)
        _insert(db, name, decision, *sender, batch)
    return batch


def _insert(
    db: sqlite3.Connection,
    name: str,
    decision: Decision,
    client_id: str,
    client_seq: int,
    batch: int | None,
) -> int:
    columns = ("collection", *_WRITTEN, "client_id", "client_seq", "created_at")
    values = {column: getattr(decision, column) for column in _WRITTEN} | {"batch": batch}
    cursor = db.execute(
        f"INSERT INTO decision({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})",
        (name, *values.values(), client_id, client_seq, time.time()),
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
    db: sqlite3.Connection,
    name: str,
    sample_id: str,
    client_id: str,
    expected_seq: int,
    *,
    of: str | None = None,
) -> None:
    """Refuse if the sample was decided later than the sender knows.

    The sender's own earlier decisions do not count: it sends them in order. With `of`, only those
    of that annotator count.

    Raises
    ------
    ConflictError
        Naming who decided.
    """
    row = db.execute(
        "SELECT annotator FROM decision WHERE collection=? AND sample_id=? AND seq>? "
        "AND client_id != ? AND substr(client_id, 1, ?) != ? AND annotator = COALESCE(?, annotator)"
        " ORDER BY seq DESC LIMIT 1",
        (name, sample_id, expected_seq, client_id, len(client_id) + 1, f"{client_id}/", of),
    ).fetchone()
    if row is not None:
        raise ConflictError(
            f"{row['annotator']} has decided this row meanwhile.",
            fix="Look at it again; nothing was changed.",
        )


class Ledgers:
    """The folded log of every collection, brought up to date by reading what is new.

    Places in the log are given under the write lock of the file, so that no row can appear before
    one that was read. Whoever calls holds the connection.
    """

    def __init__(self) -> None:
        self._ledgers: dict[str, Ledger] = {}
        self.rows_read = 0

    def up_to_date(self, db: sqlite3.Connection, name: str) -> Ledger:
        """Return the ledger of a collection after taking in what came since the last time."""
        ledger = self._ledgers.setdefault(name, Ledger())
        fresh = read(db, name, after=ledger.seq)
        self.rows_read += len(fresh)
        ledger.take_in(fresh)
        return ledger


def _decision(row: sqlite3.Row) -> Decision:
    values = dict(row)
    for column in ("collection", "client_id", "client_seq"):
        del values[column]
    return Decision(**values)
