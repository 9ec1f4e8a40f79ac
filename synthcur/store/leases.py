"""Who has which row before them: leases with an end, so that two people never decide one row.

A row is free for somebody if nobody else has decided it or holds it. Where a collection's overlap
asks for a second opinion, two people may, and neither is told what the other said.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from synthcur.errors import TakenError
from synthcur.review.log_state import LogFold

LEASE_SECONDS = 600.0
"""How long a row stays with somebody who does nothing."""

LEAST_LEASED, MOST_LEASED = 3, 50
"""Rows that one person holds at a time: many alone, fewer the more people share a queue. A
browser is sent no more than half of the most ahead: so many are held without asking again."""

SHARED_BY = 2
"""People who decide each row of the overlap."""


PRESENT = ""
"""In place of a sample id: somebody is there, even while no row is free for them."""


def is_shared(sample_id: str, share: float) -> bool:
    """Whether a row belongs to the overlap: the same rows whenever the share is the same."""
    return share > 0 and _drawn(sample_id) < share * 2**64


@lru_cache(maxsize=1 << 17)
def _drawn(sample_id: str) -> int:
    return int.from_bytes(hashlib.sha256(f"overlap {sample_id}".encode()).digest()[:8])


def places(sample_id: str, share: float) -> int:
    """Return how many people may decide a row."""
    return SHARED_BY if is_shared(sample_id, share) else 1


def overlap(db: sqlite3.Connection, name: str) -> float:
    """Return the share of a collection's rows that two people decide, 0 to 1."""
    row = db.execute("SELECT overlap FROM bench WHERE collection=?", (name,)).fetchone()
    return row["overlap"] if row else 0.0


def set_overlap(db: sqlite3.Connection, name: str, share: float) -> None:
    """Set that share."""
    db.execute("INSERT OR REPLACE INTO bench VALUES (?,?)", (name, share))


def holders(db: sqlite3.Connection, name: str, at: float) -> dict[str, set[str]]:
    """Return who holds each leased row of a collection at a moment."""
    found: dict[str, set[str]] = {}
    for row in db.execute(
        "SELECT sample_id, annotator FROM lease WHERE collection=? AND until>? AND sample_id != ?",
        (name, at, PRESENT),
    ):
        found.setdefault(row["sample_id"], set()).add(row["annotator"])
    return found


def refuse_taken(
    db: sqlite3.Connection,
    name: str,
    sample_id: str,
    annotator: str,
    at: float,
    places: int,
    *,
    decided: Set[str] = frozenset(),
) -> None:
    """Refuse if as many others as may decide a row (`places`) hold it or are among `decided`.

    Raises
    ------
    TakenError
        Naming who has it.
    """
    others = [
        row["annotator"]
        for row in db.execute(
            "SELECT annotator FROM lease "
            "WHERE collection=? AND sample_id=? AND annotator != ? AND until>?",
            (name, sample_id, annotator, at),
        )
    ]
    if others and len(decided | set(others)) >= places:
        raise TakenError(
            f"{others[0]} has this row before them now.",
            fix="Go on with the next one; nothing was changed.",
            who=others[0],
            is_held=True,
        )


def taken(
    fold: LogFold,
    held: dict[str, set[str]],
    sample_ids: Iterable[str],
    annotator: str,
    share: float,
) -> set[str]:
    """Return those rows that are others': decided or held by as many as may decide them.

    What the annotator has decided is theirs, whoever else has.
    """
    found = set()
    for sample_id in sample_ids:
        given, holding = fold.verdicts(sample_id), held.get(sample_id, ())
        if annotator in given or not (given or holding):
            continue
        others = {*given, *holding} - {annotator}
        if others and len(others) >= places(sample_id, share):
            found.add(sample_id)
    return found


def release(db: sqlite3.Connection, name: str, annotator: str) -> None:
    """Free everything that somebody holds."""
    db.execute("DELETE FROM lease WHERE collection=? AND annotator=?", (name, annotator))


def lease(
    db: sqlite3.Connection,
    name: str,
    annotator: str,
    wanted: Sequence[str],
    *,
    at: float,
    seconds: float = LEASE_SECONDS,
) -> set[str]:
    """Let somebody hold the first rows of those they want, in place of what they held.

    Parameters
    ----------
    wanted
        Rows that are free for them, in the order in which they will come.
    at
        Now, in seconds since 1970.
    seconds
        How long the rows stay with them.

    Returns
    -------
    set of str
        The rows they hold now.

    Notes
    -----
    Nothing is written while they still hold half of what they may, for at least half of the time:
    a commit takes longer than everything else here. Who finds nothing free is noted as present, so
    that those who hold much hold less from their next message on.
    """
    people = {
        row["annotator"]
        for row in db.execute(
            "SELECT DISTINCT annotator FROM lease WHERE collection=? AND until>?", (name, at)
        )
    } | {annotator}
    size = MOST_LEASED
    if len(people) > 1:
        size = min(size, max(LEAST_LEASED, len(wanted) // len(people)))
    first = [PRESENT, *wanted[:size]]
    enough = {
        row["sample_id"]
        for row in db.execute(
            "SELECT sample_id FROM lease WHERE collection=? AND annotator=? AND until>?",
            (name, annotator, at + seconds / 2),
        )
    }
    if enough.issuperset(first[: 1 + max(1, size // 2)]) and len(enough) <= 2 * size:
        return enough.intersection(wanted)  # others may have decided some of them meanwhile
    release(db, name, annotator)
    db.execute("DELETE FROM lease WHERE until<=?", (at,))
    db.executemany(
        "INSERT INTO lease VALUES (?,?,?,?)",
        [(name, sample_id, annotator, at + seconds) for sample_id in first],
    )
    return set(wanted[:size])
