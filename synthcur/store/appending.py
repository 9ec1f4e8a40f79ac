"""Whether decisions may be added to the log: once each, and none about a row that is another's.

Every writer says what it has seen, and comes through here: the queue, the map, the command line.
"""

import sqlite3
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from synthcur.errors import ConflictError, TakenError
from synthcur.review.decisions import DISAGREEMENTS, VERDICTS, Decision
from synthcur.review.log_state import LogFold
from synthcur.store import decision_rows, leases


@dataclass(frozen=True)
class Appended:
    """What became of many decisions.

    Attributes
    ----------
    added
        How many were stored.
    taken
        Why others were not, by their place among those given: rows that are somebody else's.
    """

    added: int
    taken: Mapping[int, TakenError]


def taken(
    db: sqlite3.Connection,
    name: str,
    fold: LogFold,
    decisions: Sequence[Decision],
    client_id: str,
    expected: Sequence[int],
) -> dict[int, TakenError]:
    """Return which decisions are about rows that are somebody else's, by place, and why."""
    found: dict[int, TakenError] = {}
    beside: dict[str, set[str]] = {}
    for place, (decision, seen) in enumerate(zip(decisions, expected, strict=True)):
        given = {*fold.verdicts(decision.sample_id), *beside.get(decision.sample_id, ())}
        try:
            refuse_taken(db, name, given, decision, client_id, seen)
        except TakenError as error:
            found[place] = error
        if decision.action in VERDICTS:
            beside.setdefault(decision.sample_id, set()).add(decision.annotator)
    return found


def refuse_taken(
    db: sqlite3.Connection,
    name: str,
    given: Set[str],
    decision: Decision,
    client_id: str,
    seen: int,
) -> None:
    """Refuse a decision about a row that is somebody else's, or was changed unseen.

    `given` are those who gave a verdict on the row.
    """
    sample_id, annotator = decision.sample_id, decision.annotator
    places = leases.places(sample_id, leases.overlap(db, name))
    has_place = annotator in given or len(given) < places
    # A second opinion is wanted without sight of the first, so the first does not make it stale.
    is_opinion = places > 1 and has_place and decision.queue != DISAGREEMENTS
    of = annotator if is_opinion else None
    decision_rows.refuse_stale(db, name, sample_id, (annotator, client_id), seen, of=of)
    decided = set(given) if is_opinion and annotator not in given else set()
    leases.refuse_taken(db, name, sample_id, annotator, time.time(), places, decided=decided)


def already_stored(
    db: sqlite3.Connection,
    name: str,
    decisions: Sequence[Decision],
    client_id: str,
    client_seq: int,
) -> int | None:
    """Return the place of the first of decisions that were sent as one before, if they were.

    Raises
    ------
    ConflictError
        If other decisions were sent under that number.
    """
    if not decisions:
        return None
    seq = decision_rows.already_stored(db, name, decisions[0].annotator, client_id, client_seq)
    if seq is not None:
        decision_rows.refuse_reused(db, seq, decisions)
    return seq


def taken_back_by(db: sqlite3.Connection, seq: int) -> Decision:
    """Return what the row at a place took back; it is a mistake if that row is no undo."""
    undone = decision_rows.undone_by(db, seq)
    if undone is None:
        raise ConflictError(
            "A decision was saved under the number of this undo.",
            fix="Undo once more; nothing was changed.",
        )
    return undone
