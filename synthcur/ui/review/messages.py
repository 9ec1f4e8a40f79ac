"""What the browser is told about a queue, as plain data; streamlit has no part in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from synthcur.data.row_groups import RowGroups
from synthcur.review import agreement
from synthcur.review import decisions as review
from synthcur.review.queues import (
    DISAGREEMENTS,
    MAP,
    PACE_ROWS,
    QUEUES,
    Evidence,
    Queue,
    pace,
    queue_done,
    queue_rows,
)
from synthcur.settings import fingerprint
from synthcur.store.turns import Turn
from synthcur.ui import parts
from synthcur.ui.review.cards import Bench, card

AHEAD, BEHIND = 16, 4
"""Records sent with every answer: undecided ones from the present place on, and those before it."""

HISTORY = 30
UNDECIDED, OTHERS = ".", "o"
_LETTERS = {review.KEEP: "k", review.DISCARD: "d", review.RELABEL: "r", review.UNSURE: "u"}


@dataclass(frozen=True)
class Opened:
    """A queue and its rows, most pressing first.

    Attributes
    ----------
    queue
        Which queue.
    rows
        Numbers of the synthetic rows, (n,).
    sample_ids
        Their ids.
    """

    queue: Queue
    rows: np.ndarray
    sample_ids: tuple[str, ...]

    @cached_property
    def name(self) -> str:
        """Name of what is open: the same rows in the same order have the same name."""
        return fingerprint(self.queue.name, self.sample_ids)


CHANGING = (MAP, DISAGREEMENTS)
"""Queues that people change; the others are the same as long as scores and scheme are."""


def fixed_queues(bench: Bench) -> dict[str, Opened]:
    """Return every queue that nobody's selection or decision changes, empty ones too."""
    return _queues(bench, [name for name in QUEUES if name not in CHANGING], ())


def queues(
    bench: Bench, selection: Sequence[str], fixed: Mapping[str, Opened] | None = None
) -> dict[str, Opened]:
    """Return every queue, empty ones too; that of disagreements only once there are any.

    Parameters
    ----------
    fixed
        `fixed_queues` of the bench; found anew if left out.
    """
    found = dict(fixed_queues(bench) if fixed is None else fixed)
    found |= _queues(bench, CHANGING, selection)
    return {name: found[name] for name in QUEUES if name in found}


def _queues(bench: Bench, names: Sequence[str], selection: Sequence[str]) -> dict[str, Opened]:
    changing = names == CHANGING
    found = Evidence(
        labels=bench.file_labels,
        weights=np.zeros(0) if changing else bench.file_weights(),
        agreed_probs=bench.agreed,
        quality=bench.quality,
        diversity=bench.held_out,
        duplicate_group=bench.signals.get("duplicate_group"),
        selection=[bench.row_of[each] for each in selection if each in bench.row_of],
        disputed=[bench.row_of[each] for each in disputed(bench)] if changing else (),
    )
    opened = {}
    for name in names:
        rows = queue_rows(name, found)
        if len(rows) or name != DISAGREEMENTS:
            ids = tuple(bench.sample_ids[row] for row in rows)
            opened[name] = Opened(QUEUES[name], rows, ids)
    return opened


def filtered(
    opened: Opened,
    bench: Bench,
    *,
    label: str = "",
    words: str = "",
    column: RowGroups | None = None,
    group: str = "",
) -> Opened:
    """Return the rows of a queue with a label in the file, some words, and a value in a column.

    None of it depends on decisions, so rows stay while the queue is worked through.

    Parameters
    ----------
    label
        One of the collection's labels; "" for every one.
    words
        All of them have to occur, whatever their case; "" asks for none.
    column, group
        Groups of the synthetic rows, and the name of one of them; "" for every one.
    """
    wanted_words = words.casefold().split()
    is_of_group = column is not None and group in column.names
    if not label and not wanted_words and not is_of_group:
        return opened
    keeps = np.ones(len(opened.rows), dtype=bool)
    if label:
        keeps &= bench.file_labels[opened.rows] == bench.collection.labels.index(label)
    if column is not None and is_of_group:
        keeps &= column.codes[opened.rows] == column.names.index(group)
    if wanted_words:
        rows = bench.collection.synthetic.iloc[opened.rows]
        texts = rows["text"].str.cat(rows["text_pair"].fillna(""), sep=" ").str.casefold()
        for each in wanted_words:
            keeps &= texts.str.contains(each, regex=False).to_numpy()
    rows = opened.rows[keeps]
    return Opened(opened.queue, rows, tuple(bench.sample_ids[row] for row in rows))


def shared_opinions(bench: Bench) -> tuple[list[str], list[str], np.ndarray]:
    """Return the rows that several people judged, see `agreement.opinions`."""
    given = {each: by for each, by in bench.state.verdicts.items() if len(by) > 1}
    rows = sorted(bench.row_of[each] for each in given if each in bench.row_of)
    labels = {bench.sample_ids[row]: int(bench.file_labels[row]) for row in rows}
    label_ids = {label: i for i, label in enumerate(bench.collection.labels)}
    return agreement.opinions(given, labels, label_ids)


def disputed(bench: Bench) -> list[str]:
    """Return the rows on which people differ, settled ones among them."""
    _, sample_ids, table = shared_opinions(bench)
    return agreement.disagreements(sample_ids, table)


def size_in_words(opened: Opened, bench: Bench) -> str:
    """Return how many rows a queue has and how many have a verdict: ``180 rows, 12 done``."""
    if not opened.sample_ids:
        return "none selected" if opened.queue.name == MAP else "no rows"
    done, ids = queue_done(opened.sample_ids, bench.state.current), opened.sample_ids
    if opened.queue.name == DISAGREEMENTS:
        done = sum(_is_settled(bench, each) for each in ids)
    size = f"{parts.count(len(ids))} row{'' if len(ids) == 1 else 's'}"
    return f"{size}, {parts.count(done)} done" if done else size


def where(bench: Bench, opened: Opened, place: Any, annotator: str) -> tuple[int, str]:
    """Return place and detour of the annotator; what the browser said counts for this opening.

    Parameters
    ----------
    place
        As the browser sent it: ``opening``, ``at`` and ``detour`` (a sample outside the queue).
    """
    is_here = isinstance(place, Mapping) and place.get("opening") == opened.name
    at, detour = (place.get("at"), place.get("detour")) if is_here else (None, "")
    if isinstance(at, int):
        at = min(max(at, 0), len(opened.rows))
    else:
        at = _first_undecided(_states(bench, opened, annotator, frozenset()))
    return at, detour if isinstance(detour, str) and detour in bench.row_of else ""


def wanted(bench: Bench, opened: Opened) -> tuple[str, ...]:
    """Return the rows of a queue that somebody still has to decide, or could decide again."""
    if opened.queue.name != DISAGREEMENTS:
        return opened.sample_ids
    return tuple(each for each in opened.sample_ids if not _is_settled(bench, each))


def queue_data(
    bench: Bench, opened: Opened, *, place: Any, annotator: str, turn: Turn | None = None
) -> dict[str, Any]:
    """Return what the browser needs to show a queue.

    Parameters
    ----------
    bench, opened
        What is known, and the queue.
    place
        As for `where`; ``edits`` names a row whose text is wanted as a whole.
    annotator
        Whose decisions an undo would take back.
    turn
        Which rows are theirs; every one if it is left out.
    """
    at_of = {sample_id: at for at, sample_id in enumerate(opened.sample_ids)}
    states = _states(bench, opened, annotator, turn.taken if turn else frozenset())
    at, detour = where(bench, opened, place, annotator)
    own = bench.state.own.get(annotator, ())
    history = _history(own, at_of)
    around = [opened.sample_ids[each] for each in window(states, at)]
    if turn is not None:
        around = [
            each
            for each in around
            if each in turn.mine or (at_of[each] <= at and states[at_of[each]] != OTHERS)
        ]
    edits = _edits(bench, place)
    extra = [detour, edits, *(each["sample"] for each in history[-3:])]
    rows = [each for each in dict.fromkeys((*around, *extra)) if each in bench.row_of]
    collection = bench.collection
    return {
        "collection": collection.name,
        "annotator": annotator,
        "queue": opened.queue.name,
        "opening": opened.name,
        "title": opened.queue.title,
        "rule": opened.queue.rule,
        "isOfMap": opened.queue.name == MAP,
        "states": states,
        "start": _first_undecided(states),
        "pace": pace(own[-2 * PACE_ROWS :], annotator),
        "labels": collection.labels,
        "guidelines": _guidelines(bench),
        "rows": {"real": len(collection.real_train), "synthetic": len(collection.synthetic)},
        "reasons": review.REASONS,
        "noteLength": review.NOTE_LENGTH,
        "editLength": review.EDIT_LENGTH,
        "whole": whole_text(bench, edits) if edits else None,
        "history": history,
        "undone": _undone(bench, annotator),
        "cards": [
            card(
                bench,
                bench.row_of[each],
                at=at_of.get(each, -1),
                queue=opened.queue,
                annotator=annotator,
            )
            for each in rows
        ],
    }


def _edits(bench: Bench, place: Any) -> str:
    """Return the row that the browser is about to edit and has only a display copy of, or ""."""
    sample_id = place.get("edits") if isinstance(place, Mapping) else ""
    return sample_id if isinstance(sample_id, str) and sample_id in bench.row_of else ""


def whole_text(bench: Bench, sample_id: str) -> dict[str, Any] | None:
    """Return the text of a row as it is, for the field in which it is edited.

    Returns
    -------
    dict or None
        ``id``, ``version`` as on its card, ``text`` and that of the file; None if it is longer than
        can be edited.
    """
    original = bench.collection.synthetic_texts[bench.row_of[sample_id]][0]
    text = bench.state.texts.get(sample_id, original)
    if len(text) > review.EDIT_LENGTH:
        return None
    version = bench.state.versions.get(sample_id, 0)
    return {"id": sample_id, "version": version, "text": text, "file": original}


def _undone(bench: Bench, annotator: str) -> list[dict[str, str]]:
    """Return what a redo by the annotator brings back, oldest first."""
    rows = _first_of_batches(bench.state.undone.get(annotator, ()))
    return [{"sample": row.sample_id} for row in rows[-HISTORY:]]


def window(states: str, at: int) -> list[int]:
    """Return the places whose records the browser should have: some behind, undecided ahead."""
    behind = range(max(0, at - BEHIND), min(at + 1, len(states)))
    ahead = (place for place in range(at + 1, len(states)) if states[place] == UNDECIDED)
    return [*behind, *(place for place, _ in zip(ahead, range(AHEAD), strict=False))]


def _first_undecided(states: str) -> int:
    return states.find(UNDECIDED) if UNDECIDED in states else len(states)


def _states(bench: Bench, opened: Opened, annotator: str, taken: frozenset[str]) -> str:
    """Return one letter a row: how it was decided, that it is others', or that it waits."""
    decided = bench.state.current
    if opened.queue.name == DISAGREEMENTS:
        decided = {each: row for each, row in decided.items() if _is_settled(bench, each)}
    elif bench.overlap:
        own = {each: given.get(annotator) for each, given in bench.state.verdicts.items()}
        seen = {
            each: (own if bench.is_shared(each) else decided).get(each)
            for each in opened.sample_ids
        }
        decided = {each: row for each, row in seen.items() if row is not None}
    return "".join(
        _LETTERS[decided[each].action]
        if each in decided
        else OTHERS
        if each in taken
        else UNDECIDED
        for each in opened.sample_ids
    )


def _is_settled(bench: Bench, sample_id: str) -> bool:
    decision = bench.state.current.get(sample_id)
    return decision is not None and decision.queue == DISAGREEMENTS


def _history(own: Sequence[review.Decision], at_of: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"sample": row.sample_id, "action": row.action, "at": at_of.get(row.sample_id, -1)}
        for row in _first_of_batches(own)[-HISTORY:]
    ]


def _first_of_batches(rows: Sequence[review.Decision]) -> list[review.Decision]:
    """Return one row for every batch: what was done as one is undone as one."""
    found: dict[tuple[str, int], review.Decision] = {}
    for row in rows[-20 * HISTORY :]:
        name = ("row", row.seq) if row.batch is None else ("batch", row.batch)
        found.setdefault(name, row)
    return list(found.values())


def _guidelines(bench: Bench) -> dict[str, str]:
    written = bench.guidelines
    labels = enumerate(bench.collection.labels)
    return {str(i): written[label] for i, label in labels if label in written}
