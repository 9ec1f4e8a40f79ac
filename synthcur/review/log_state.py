"""The log of decisions folded as it grows: a new row costs the same however long the log is."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthcur.review.decisions import (
    DISAGREEMENTS,
    UNDO,
    VERDICTS,
    Decision,
    notes_of,
    standing,
    texts_of,
    verdicts_of,
)

Verdicts = Mapping[str, Decision]
"""Latest standing verdict on one sample by annotator; what settles a disagreement is no opinion."""


@dataclass(frozen=True, kw_only=True)
class LogState:
    """What a log comes to; nothing in it changes.

    Attributes
    ----------
    seq
        Place of the last row, 0 for an empty log.
    current, notes, texts
        As `current_decisions`, `current_notes` and `current_texts` of `review.decisions`.
    versions
        Place of the latest row about each sample.
    verdicts
        Of each sample, the latest verdict of everybody who gave one that stands.
    about
        Every row about each sample in the order of the log, undo rows included.
    own
        Of each annotator, their decisions that stand, oldest first.
    undone
        Of each annotator, the undo rows that they can take back, oldest first.
    """

    seq: int = 0
    current: Mapping[str, Decision] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[str, Verdicts] = field(default_factory=dict)
    about: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    own: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    undone: Mapping[str, Sequence[Decision]] = field(default_factory=dict)

    def latest_of(self, annotator: str) -> Decision | None:
        """Return the latest decision of an annotator that stands."""
        own = self.own.get(annotator, ())
        return own[-1] if own else None

    def seen_unlooked(self, decision: Decision) -> int:
        """Return what a decision has seen that was made without a look at other people's.

        Returns
        -------
        int
            Place of the latest row about the sample; where the decision would replace what
            somebody else said (a verdict, a note or a text), the place before that.
        """
        about = self.about.get(decision.sample_id, ())
        kind = VERDICTS if decision.action in VERDICTS else (decision.action,)
        replaced = [row for row in standing(about) if row.action in kind]
        if replaced and replaced[-1].annotator != decision.annotator:
            return replaced[-1].seq - 1
        return self.versions.get(decision.sample_id, 0)


class LogFold:
    """Folds the log of one collection, row by row in its order.

    Every row that bears on a sample names it, an undo too. So a new row changes what is known of
    its own sample only, and that is folded again, by the functions that fold a whole log, from the
    few rows about it.
    """

    def __init__(self) -> None:
        self.log: list[Decision] = []
        self._about: dict[str, tuple[Decision, ...]] = {}
        self._own: dict[str, list[Decision]] = {}
        self._new_own: list[Decision] = []
        self._undone: dict[str, list[Decision]] = {}
        self._current: dict[str, Decision] = {}
        self._notes: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}
        self._verdicts: dict[str, Verdicts] = {}
        self._state = LogState()

    @property
    def seq(self) -> int:
        """Place of the last row taken in, 0 before the first."""
        return self.log[-1].seq if self.log else 0

    def take_in(self, rows: Iterable[Decision]) -> None:
        """Add rows that come after all those taken in."""
        stood: dict[str, list[Decision]] = {}
        for row in rows:
            self.log.append(row)
            self._versions[row.sample_id] = row.seq
            self._follow_undos(row)
            about = self._about.get(row.sample_id, ())
            if row.sample_id not in stood:
                stood[row.sample_id] = standing(about)
            self._about[row.sample_id] = (*about, row)
        for sample_id, before in stood.items():
            self._fold(sample_id, before, standing(self._about[sample_id]))
        self._sort_own()

    def state(self) -> LogState:
        """Return what the log comes to so far; the same object until a row is taken in."""
        if self._state.seq != self.seq:
            self._state = LogState(
                seq=self.seq,
                current=self._current.copy(),
                notes=self._notes.copy(),
                texts=self._texts.copy(),
                versions=self._versions.copy(),
                verdicts=self._verdicts.copy(),
                about=self._about.copy(),
                own={annotator: tuple(rows) for annotator, rows in self._own.items()},
                undone={annotator: tuple(rows) for annotator, rows in self._undone.items()},
            )
        return self._state

    def verdicts(self, sample_id: str) -> Verdicts:
        """Return who decided about a sample, and how."""
        return self._verdicts.get(sample_id, {})

    def version(self, sample_id: str) -> int:
        """Return the place of the latest row about a sample, 0 if there is none."""
        return self._versions.get(sample_id, 0)

    def next_undo(self, annotator: str) -> list[Decision]:
        """Return what an undo takes back: the annotator's latest decision or batch that stands."""
        own = self._own.get(annotator, [])
        return _batch_of(own[-1], own) if own else []

    def next_redo(self, annotator: str) -> list[Decision]:
        """Return the undo rows that a redo takes back; none once they have decided anew."""
        undone = self._undone.get(annotator, [])
        return _batch_of(undone[-1], undone) if undone else []

    def _follow_undos(self, row: Decision) -> None:
        undone = self._undone.setdefault(row.annotator, [])
        if row.action != UNDO:
            undone.clear()
        elif any(each.seq == row.undoes for each in undone):
            undone[:] = [each for each in undone if each.seq != row.undoes]
        else:
            undone.append(row)

    def _fold(self, sample_id: str, before: list[Decision], now: list[Decision]) -> None:
        _put(self._current, sample_id, verdicts_of(now).get(sample_id))
        _put(self._notes, sample_id, notes_of(now).get(sample_id))
        _put(self._texts, sample_id, texts_of(now).get(sample_id))
        opinions = [row for row in now if row.queue != DISAGREEMENTS]
        given: dict[str, Decision] = {}
        for annotator in {row.annotator for row in opinions if row.action in VERDICTS}:
            own = [row for row in opinions if row.annotator == annotator]
            given[annotator] = verdicts_of(own)[sample_id]
        _put(self._verdicts, sample_id, given or None)
        seqs, seqs_before = ({row.seq for row in rows} for rows in (now, before))
        for row in before:
            if row.seq not in seqs:
                own = self._own[row.annotator]
                del own[bisect_left(own, row.seq, key=_place)]
        self._new_own += [row for row in now if row.seq not in seqs_before]

    def _sort_own(self) -> None:
        """Put rows that stand anew among their annotator's; nearly always they come last."""
        grown = set()
        for row in sorted(self._new_own, key=_place):
            own = self._own.setdefault(row.annotator, [])
            if own and own[-1].seq > row.seq:
                grown.add(row.annotator)
            own.append(row)
        for annotator in grown:
            self._own[annotator].sort(key=_place)
        self._new_own.clear()


def _put(mapping: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value


def _place(row: Decision) -> int:
    return row.seq


def _batch_of(row: Decision, rows: list[Decision]) -> list[Decision]:
    return [row] if row.batch is None else [each for each in rows if each.batch == row.batch]
