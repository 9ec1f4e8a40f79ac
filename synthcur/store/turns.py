"""The part of the store that says whose turn each row is, and how many rows two people decide."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from synthcur.errors import InputError
from synthcur.review.log_state import LogFold, LogState
from synthcur.store import leases
from synthcur.store.database import Database
from synthcur.store.decision_rows import LogFolds


@dataclass(frozen=True)
class Turn:
    """Whose turn the rows of a queue are, for one annotator.

    Attributes
    ----------
    mine
        Rows they hold.
    taken
        Rows that others hold or have decided, as many as may.
    share
        Share of the rows that two people decide.
    state
        What the log comes to at the same moment.
    """

    mine: frozenset[str]
    taken: frozenset[str]
    share: float
    state: LogState


class Turns:
    """Leases and overlap of every collection of a workspace; parameters as of `DecisionLog`."""

    def __init__(self, database: Database, folds: LogFolds) -> None:
        self._db = database
        self._folds = folds

    def take(
        self,
        name: str,
        annotator: str,
        queue: Sequence[str],
        *,
        start: int = 0,
        first: Sequence[str] = (),
        decided_again: bool = False,
        seconds: float = leases.LEASE_SECONDS,
    ) -> Turn:
        """Give an annotator the next free rows of a queue, and say which rows are others'.

        Parameters
        ----------
        queue
            Its sample ids in order.
        start
            Place from which the rows are wanted; those before it come last.
        first
            Rows wanted before all others.
        decided_again
            Whether decided rows are wanted, too, as they are where people disagreed.
        seconds
            How long nobody else gets the rows, unless they are asked for again.
        """
        with self._db.transaction() as db:
            fold, now = self._folds.up_to_date(db, name), time.time()
            share, held = leases.overlap(db, name), leases.holders(db, name, now)
            ordered = dict.fromkeys((*first, *queue[start:], *queue[:start]))
            known = LogFold() if decided_again else fold
            taken = leases.taken(known, held, ordered, annotator, share)
            free = [
                each
                for each in ordered
                if each not in taken and annotator not in known.verdicts(each)
            ]
            mine = leases.lease(db, name, annotator, free, at=now, seconds=seconds)
            return Turn(frozenset(mine), frozenset(taken), share, fold.state())

    def leave(self, name: str, annotator: str) -> None:
        """Free the rows that an annotator holds."""
        with self._db.transaction() as db:
            leases.release(db, name, annotator)

    def overlap(self, name: str) -> float:
        """Return the share of a collection's rows that two people decide, 0 to 1."""
        with self._db.reading() as db:
            return leases.overlap(db, name)

    def set_overlap(self, name: str, share: float) -> None:
        """Set that share; decisions made so far stay.

        Raises
        ------
        InputError
            If it is no share.
        """
        if not 0 <= share <= 1:
            raise InputError(f"An overlap of {share:g} is no share.", fix="Use 0 to 1.")
        with self._db.transaction() as db:
            leases.set_overlap(db, name, share)
