"""The rows of the decision log as they lie in the database; every change is one more row."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from synthcur.errors import ConflictError, TakenError
from synthcur.review.decisions import Decision
from synthcur.review.log_state import LogFold

_DECIDED = ("sample_id", "annotator", "action", "label", "note", "reason", "text")
_WRITTEN = (*_DECIDED, "queue", "undoes", "batch")


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

    A decision that was made elsewhere keeps its time; every other has that of now.

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
        (name, *values.values(), client_id, client_seq, decision.created_at or time.time()),
    )
    return int(cursor.lastrowid or 0)


def already_stored(
    db: sqlite3.Connection, name: str, annotator: str, client_id: str, client_seq: int
) -> int | None:
    """Return the place of what somebody sent to a collection by a client and number, if any."""
    row = db.execute(
        "SELECT seq FROM decision WHERE collection=? AND annotator=? AND client_id=? "
        "AND client_seq=?",
        (name, annotator, client_id, client_seq),
    ).fetchone()
    return None if row is None else row["seq"]


def refuse_reused(db: sqlite3.Connection, seq: int, decisions: Sequence[Decision]) -> None:
    """Refuse decisions whose number others have: they would be taken for stored.

    Raises
    ------
    ConflictError
        If the row at that place, with those of its batch, says something else.
    """
    # A batch lies in one piece; one row more than was sent shows a longer one.
    found = db.execute(
        "SELECT * FROM decision WHERE seq BETWEEN ? AND ? AND (seq=? OR batch=?) ORDER BY seq",
        (seq, seq + len(decisions), seq, seq),
    )
    stored = [tuple(row[column] for column in _DECIDED) for row in found]
    if stored != [tuple(getattr(each, column) for column in _DECIDED) for each in decisions]:
        raise ConflictError(
            "Another decision was saved under the number of this one.",
            fix="Decide the row again; nothing was changed.",
        )


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
    sender: tuple[str, str],
    expected_seq: int,
    *,
    of: str | None = None,
) -> None:
    """Refuse if the sample was decided later than the sender knows.

    What the same annotator sent by the same client before does not count: it comes in order. With
    `of`, only decisions of that annotator count.

    Parameters
    ----------
    sender
        Annotator and client.

    Raises
    ------
    TakenError
        Naming who decided.
    """
    row = db.execute(
        "SELECT annotator FROM decision WHERE collection=? AND sample_id=? AND seq>? "
        "AND NOT (annotator=? AND (client_id=? OR substr(client_id, 1, ?)=?)) "
        "AND annotator = COALESCE(?, annotator) ORDER BY seq DESC LIMIT 1",
        (name, sample_id, expected_seq, *sender, len(sender[1]) + 1, f"{sender[1]}/", of),
    ).fetchone()
    if row is not None:
        raise TakenError(
            f"{row['annotator']} has decided this row meanwhile.",
            fix="Look at it again; nothing was changed.",
            who=row["annotator"],
            is_held=False,
        )


class LogFolds:
    """The folded log of every collection, brought up to date by reading what is new.

    Places in the log are given under the write lock of the file, so that no row can appear before
    one that was read. Whoever calls holds the connection.

    A label that a decision names may have another name in the version that is open: the decision
    is read under that one. With another version, or another collection under the same name, and
    once rows have been erased, the log is read anew.
    """

    def __init__(self) -> None:
        self._folds: dict[str, tuple[tuple[Any, ...], LogFold]] = {}
        self.rows_read = 0

    def up_to_date(self, db: sqlite3.Connection, name: str) -> LogFold:
        """Return the fold of a collection after taking in what came since the last time."""
        found = db.execute(
            "SELECT c.created_at, c.erasures, v.aliases FROM collection c JOIN version v "
            "ON v.collection=c.name AND v.number=c.version WHERE c.name=?",
            (name,),
        ).fetchone()
        state = tuple(found or ())
        if name not in self._folds or self._folds[name][0] != state:
            self._folds[name] = (state, LogFold())
        fold = self._folds[name][1]
        fresh = read(db, name, after=fold.seq)
        self.rows_read += len(fresh)
        aliases = json.loads(found["aliases"]) if found and fresh else {}
        fold.take_in(
            replace(each, label=aliases[each.label]) if each.label in aliases else each
            for each in fresh
        )
        return fold


def _decision(row: sqlite3.Row) -> Decision:
    values = dict(row)
    for column in ("collection", "client_id", "client_seq"):
        del values[column]
    return Decision(**values)
