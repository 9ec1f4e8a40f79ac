"""The part of the store that keeps decisions: a log of each collection that only grows."""

import sqlite3
from collections.abc import Sequence

from synthcur.errors import ConflictError
from synthcur.review.decisions import UNDO, Decision
from synthcur.review.log_state import LogState
from synthcur.store import appending, decision_rows
from synthcur.store.appending import Appended
from synthcur.store.database import Database
from synthcur.store.decision_rows import LogFolds


class DecisionLog:
    """Decisions and undo of every collection of a workspace.

    Parameters
    ----------
    database
        Where they are.
    folds
        What has been read of the logs so far.
    """

    def __init__(self, database: Database, folds: LogFolds) -> None:
        self._db = database
        self._folds = folds

    @property
    def rows_read(self) -> int:
        """Rows of decision logs read from the file since it was opened."""
        return self._folds.rows_read

    def append(
        self,
        name: str,
        *,
        sample_id: str,
        annotator: str,
        action: str,
        client_id: str,
        client_seq: int,
        label: str | None = None,
        note: str = "",
        reason: str = "",
        queue: str = "",
        text: str | None = None,
        expected_seq: int,
    ) -> int:
        """Commit one decision and return its place in the log.

        Parameters
        ----------
        client_id, client_seq
            Who sent it and its running number there: sent twice by one annotator to one
            collection, it is stored once.
        expected_seq
            Place of the sample's latest decision as the sender knows it, 0 for none.

        Raises
        ------
        TakenError
            If somebody else has decided since, or holds the sample; nothing is stored.
        ConflictError
            If another decision was sent under that number; nothing is stored.
        """
        decision = Decision(
            sample_id=sample_id,
            action=action,
            annotator=annotator,
            label=label,
            note=note,
            reason=reason,
            queue=queue,
            text=text,
        )
        return self.append_batch(name, [decision], client_id, client_seq, expected=[expected_seq])

    def append_batch(
        self,
        name: str,
        decisions: Sequence[Decision],
        client_id: str,
        client_seq: int,
        *,
        expected: Sequence[int],
    ) -> int:
        """Commit decisions that were made as one, all or none; return the place of the first.

        Parameters and errors are those of `append`, `expected` one number for each
        decision.
        """
        with self._db.transaction() as db:
            seq = appending.already_stored(db, name, decisions, client_id, client_seq)
            if seq is not None:
                return seq
            taken = appending.taken(
                db, name, self._folds.up_to_date(db, name), decisions, client_id, expected
            )
            for error in taken.values():
                raise error
            return decision_rows.append(db, name, decisions, client_id, client_seq)

    def append_free(
        self,
        name: str,
        decisions: Sequence[Decision],
        client_id: str,
        client_seq: int,
        *,
        expected: Sequence[int],
    ) -> Appended:
        """Commit, as one, those decisions whose rows are nobody else's; say which are.

        Parameters are those of `append_batch`.
        """
        with self._db.transaction() as db:
            taken = appending.taken(
                db, name, self._folds.up_to_date(db, name), decisions, client_id, expected
            )
            free = [each for place, each in enumerate(decisions) if place not in taken]
            seq = appending.already_stored(db, name, free, client_id, client_seq)
            if free and seq is None:
                decision_rows.append(db, name, free, client_id, client_seq)
            return Appended(len(free), taken)

    def append_each(
        self,
        name: str,
        decisions: Sequence[tuple[int, Decision]],
        client_id: str,
        *,
        expected: Sequence[int],
    ) -> Appended:
        """Commit decisions of which each has its number and is undone on its own, all or none.

        Parameters
        ----------
        decisions
            Each behind its running number. What is stored already stays stored once.
        client_id, expected
            As of `append_batch`. If any row is somebody else's nothing is stored.
        """
        with self._db.transaction() as db:
            fresh = [
                place
                for place, (number, each) in enumerate(decisions)
                if appending.already_stored(db, name, [each], client_id, number) is None
            ]
            taken = appending.taken(
                db,
                name,
                self._folds.up_to_date(db, name),
                [decisions[place][1] for place in fresh],
                client_id,
                [expected[place] for place in fresh],
            )
            if taken:
                return Appended(0, {fresh[at]: error for at, error in taken.items()})
            for place in fresh:
                number, decision = decisions[place]
                decision_rows.append(db, name, [decision], client_id, number)
            return Appended(len(fresh), {})

    def undo(
        self,
        name: str,
        *,
        annotator: str,
        client_id: str,
        client_seq: int,
        expected_sample: str | None = None,
    ) -> Decision | None:
        """Undo the annotator's latest decision, or batch, that still stands, by more rows.

        Parameters
        ----------
        expected_sample
            The sample that the sender takes the latest decision to be about.

        Returns
        -------
        Decision or None
            What was undone, of a batch its first row; None if nothing of theirs stands.

        Raises
        ------
        ConflictError
            If their latest decision is about another sample; nothing is undone.
        """
        with self._db.transaction() as db:
            seq = decision_rows.already_stored(db, name, annotator, client_id, client_seq)
            if seq is not None:
                return appending.taken_back_by(db, seq)
            undone = self._folds.up_to_date(db, name).next_undo(annotator)
            return _take_back(db, name, undone, annotator, client_id, client_seq, expected_sample)

    def redo(
        self,
        name: str,
        *,
        annotator: str,
        client_id: str,
        client_seq: int,
        expected_sample: str | None = None,
    ) -> Decision | None:
        """Take back the annotator's latest undo, if they have decided nothing since.

        Parameters and errors are those of `undo`; returns the undo row that was taken back. It is
        refused, too, where somebody else has decided a row or holds it since the undo freed it.
        """
        with self._db.transaction() as db:
            seq = decision_rows.already_stored(db, name, annotator, client_id, client_seq)
            if seq is not None:
                return appending.taken_back_by(db, seq)
            fold = self._folds.up_to_date(db, name)
            undone = fold.next_redo(annotator)
            for row in undone:
                given = set(fold.verdicts(row.sample_id))
                appending.refuse_taken(db, name, given, row, client_id, row.seq)
            return _take_back(db, name, undone, annotator, client_id, client_seq, expected_sample)

    def log(self, name: str) -> list[Decision]:
        """Return the whole log of a collection in order, undo rows included."""
        with self._db.reading() as db:
            return list(self._folds.up_to_date(db, name).log)

    def state(self, name: str) -> LogState:
        """Return what the log of a collection comes to; only what is new is read."""
        with self._db.reading() as db:
            return self._folds.up_to_date(db, name).state()

    def count(self, name: str) -> int:
        """Return the length of the log; it changes with every decision and undo."""
        with self._db.reading() as db:
            return len(self._folds.up_to_date(db, name).log)

    def acknowledged(self, name: str, annotator: str, client_id: str) -> int:
        """Return the highest number stored of somebody's client in a collection, 0 if none."""
        found = self._db.rows(
            "SELECT COALESCE(MAX(client_seq), 0) AS ack FROM decision "
            "WHERE collection=? AND annotator=? AND client_id=?",
            (name, annotator, client_id),
        )
        return found[0]["ack"]

    def is_stored(self, name: str, annotator: str, client_id: str, client_seq: int) -> bool:
        """Whether what somebody sent to a collection by a client under a number is stored."""
        with self._db.reading() as db:
            sender = (annotator, client_id, client_seq)
            return decision_rows.already_stored(db, name, *sender) is not None


def _take_back(
    db: sqlite3.Connection,
    name: str,
    undone: Sequence[Decision],
    annotator: str,
    client_id: str,
    client_seq: int,
    expected_sample: str | None,
) -> Decision | None:
    if not undone:
        return None
    if expected_sample is not None and all(each.sample_id != expected_sample for each in undone):
        raise ConflictError(
            f"{annotator} has decided another row since, in another window.",
            fix="Reload the page to see it; nothing was undone.",
        )
    rows = [
        Decision(
            sample_id=each.sample_id,
            action=UNDO,
            annotator=annotator,
            queue=each.queue,
            undoes=each.seq,
        )
        for each in undone
    ]
    decision_rows.append(db, name, rows, client_id, client_seq)
    return undone[0]
