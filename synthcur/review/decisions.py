"""Review without a screen: the log of decisions, and what it makes of a collection.

The log is append-only. An undo is a later row that names the row it takes back, so every state is
a fold over the log and nothing is ever lost. Rows are ordered by `Decision.seq`, never by a clock.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthcur.errors import InputError
from synthcur.schema import SYNTHETIC, Collection

KEEP, DISCARD, RELABEL, UNSURE = "keep", "discard", "relabel", "unsure"
NOTE, EDIT, UNDO = "note", "edit", "undo"
VERDICTS = (KEEP, DISCARD, RELABEL, UNSURE)
"""Actions of which a sample has one at a time; notes and edits stand beside them."""
ACTIONS = (*VERDICTS, NOTE, EDIT)
"""What a person can decide about a sample."""

DISAGREEMENTS = "disagreements"
"""Queue of rows on which people differ; a verdict given there settles the matter."""

REASONS = (
    "wrong label",
    "off topic",
    "not natural",
    "duplicate",
    "personal data",
    "broken text",
)
"""Why a sample is discarded; the order is that of the keys 1 to 6."""

ANNOTATOR_LENGTH = 40
NOTE_LENGTH = 2_000
EDIT_LENGTH = 200_000
"""Characters of the longest text that people write; longer ones are changed in their file."""

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One committed row of the log.

    Attributes
    ----------
    seq
        Position in the log, rising.
    sample_id
        The synthetic sample it is about.
    annotator
        Who decided.
    action
        One of `ACTIONS`, or ``undo``.
    label
        The new label of a ``relabel``. In a folded decision (`current_decisions`): the label the
        sample has been given, None where it still has the one of the file.
    note, reason
        Free text, and the reason of a discard (one of `REASONS` or empty).
    text
        Of an ``edit``: the new text, None to go back to that of the file.
    queue
        Name of the queue in which it was made, empty outside of queues.
    created_at
        Seconds since 1970, for reading only.
    undoes
        Of an ``undo``: `seq` of the row it takes back.
    batch
        Rows decided as one have the same, `seq` of the first; None for a row on its own. An undo
        takes back a batch as one.
    """

    sample_id: str
    action: str
    seq: int = 0
    annotator: str = ""
    label: str | None = None
    note: str = ""
    reason: str = ""
    queue: str = ""
    created_at: float = 0.0
    undoes: int | None = None
    text: str | None = None
    batch: int | None = None


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the rows that count: no undo rows, and none that an undo took back.

    An undo can itself be undone; then what it took back stands again.
    """
    log = sorted(decisions, key=lambda row: row.seq)
    taken_back: set[int] = set()
    stands: list[Decision] = []
    for decision in reversed(log):
        if decision.seq in taken_back:
            continue
        if decision.action == UNDO:
            if decision.undoes is not None:
                taken_back.add(decision.undoes)
        else:
            stands.append(decision)
    return stands[::-1]


def current_decisions(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Fold the log into the verdict of every sample that has one.

    The latest verdict wins whoever gave it. A label outlives later verdicts: a sample that was
    relabelled and then kept is kept under its new label. Notes change nothing here.
    """
    return verdicts_of(standing(decisions))


def current_notes(decisions: Iterable[Decision]) -> dict[str, str]:
    """Fold the log into the latest note of every sample that has one; an empty note removes it."""
    return notes_of(standing(decisions))


def current_texts(decisions: Iterable[Decision]) -> dict[str, str]:
    """Fold the log into the latest text of every sample that was edited."""
    return texts_of(standing(decisions))


def verdicts_of(stands: Iterable[Decision]) -> dict[str, Decision]:
    """Do what `current_decisions` does with rows that stand, in the order of the log."""
    current: dict[str, Decision] = {}
    for decision in stands:
        if decision.action not in VERDICTS:
            continue
        before = current.get(decision.sample_id)
        if decision.action != RELABEL:
            decision = replace(decision, label=before.label if before else decision.label)
        current[decision.sample_id] = decision
    return current


def notes_of(stands: Iterable[Decision]) -> dict[str, str]:
    """Do what `current_notes` does with rows that stand, in the order of the log."""
    notes = {row.sample_id: row.note for row in stands if row.action == NOTE}
    return {sample_id: note for sample_id, note in notes.items() if note}


def texts_of(stands: Iterable[Decision]) -> dict[str, str]:
    """Do what `current_texts` does with rows that stand, in the order of the log."""
    texts = {row.sample_id: row.text for row in stands if row.action == EDIT}
    return {sample_id: text for sample_id, text in texts.items() if text is not None}


def with_edits(rows: pd.DataFrame, decisions: Iterable[Decision]) -> pd.DataFrame:
    """Return rows with the texts that people gave them; `sample_id` and ``text`` are columns."""
    texts = current_texts(decisions)
    if not texts:
        return rows
    new = rows["sample_id"].map(texts)
    return rows.assign(text=rows["text"].where(new.isna(), new))


def effective_labels(
    collection: Collection, decisions: Iterable[Decision]
) -> tuple[np.ndarray, np.ndarray]:
    """Apply the decisions to the labels of the synthetic rows.

    Returns
    -------
    labels : (N,) int64
        Label ids after every relabel, discarded rows included.
    kept : (N,) bool
        False where the row is discarded.
    """
    return labels_under(collection, current_decisions(decisions))


def labels_under(
    collection: Collection, current: Mapping[str, Decision]
) -> tuple[np.ndarray, np.ndarray]:
    """Apply folded verdicts (`current_decisions`) as `effective_labels` does the log."""
    labels = collection.synthetic_labels.copy()
    kept = np.ones(len(labels), dtype=bool)
    position = collection.synthetic_row_of
    label_id = {label: i for i, label in enumerate(collection.labels)}
    for sample_id, decision in current.items():
        row = position.get(sample_id)
        if row is None:
            continue
        if decision.action == DISCARD:
            kept[row] = False
        if decision.label in label_id:
            labels[row] = label_id[decision.label]
    return labels, kept


def judged_collection(collection: Collection, decisions: Iterable[Decision]) -> Collection:
    """Return every row, discarded ones too, under the label and with the text that people gave it.

    Checkers learn from this: they go on judging discarded rows, whose decision can be undone.
    """
    log = list(decisions)
    labels, _ = effective_labels(collection, log)
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    rows = collection.rows.reset_index(drop=True)
    names = rows["label"].to_numpy(dtype=object, copy=True)
    names[is_synthetic] = np.asarray(collection.labels, dtype=object)[labels]
    decided = rows.assign(label=pd.Series(names, index=rows.index, dtype=rows["label"].dtype))
    known = set(rows["sample_id"][is_synthetic])
    edits = [row for row in log if row.sample_id in known]
    return replace(collection, rows=with_edits(decided, edits))


def effective_collection(collection: Collection, decisions: Iterable[Decision]) -> Collection:
    """Return what the next run trains on: rows relabelled, edited or left out as decided.

    Real rows, the order of the rows and every provenance value of a row that stays are unchanged.
    """
    log = list(decisions)
    _, kept = effective_labels(collection, log)
    judged = judged_collection(collection, log)
    stays = np.ones(len(judged.rows), dtype=bool)
    stays[(judged.rows["source"] == SYNTHETIC).to_numpy()] = kept
    return replace(
        collection,
        rows=judged.rows[stays].reset_index(drop=True),
        provenance=collection.provenance.loc[stays].reset_index(drop=True),
    )


def check_annotator(name: str) -> str:
    """Return the name as everybody writes it.

    Spaces at the ends go, several become one, and characters that only look different (wide ones,
    an accent typed apart from its letter) become the usual ones: one person has one name.

    Raises
    ------
    InputError
        If nothing is left, it is longer than `ANNOTATOR_LENGTH`, or holds control characters.
    """
    name = unicodedata.normalize("NFKC", name).strip(" ")
    if name.isprintable():
        name = " ".join(name.split())
    if not name or len(name) > ANNOTATOR_LENGTH or not name.isprintable():
        raise InputError(
            "The annotator's name cannot be used.",
            fix=f"Use 1 to {ANNOTATOR_LENGTH} printable characters.",
        )
    return name


def check_characters(text: str, what: str) -> None:
    """Refuse a text with half a character (a lone surrogate), which no file can hold.

    Parameters
    ----------
    text
        What somebody wrote.
    what
        What it is, to begin the sentence with: ``The note``.

    Raises
    ------
    InputError
        Naming the half character and its place, from 1.
    """
    half = _HALF_CHARACTER.search(text)
    if half is not None:
        raise InputError(
            f"{what} holds half a character, U+{ord(half[0]):04X} at place {half.start() + 1:,}.",
            fix="Write the whole character, or leave it out.",
        )


def check_decision(
    decision: Decision, *, sample_ids: Container[str], labels: Sequence[str]
) -> None:
    """Refuse a decision that means nothing for a collection.

    Parameters
    ----------
    decision
        What is to be appended to the log.
    sample_ids, labels
        Ids of the synthetic samples and the labels of the collection.

    Raises
    ------
    InputError
        If sample, action, label or reason is unknown, a relabel names no label, another action
        names one, or note or text is too long or holds half a character.
    """
    check_characters(decision.note, "The note")
    check_characters(decision.text or "", "The new text")
    action, label, reason = decision.action, decision.label, decision.reason
    if decision.sample_id not in sample_ids:
        what = f"No synthetic sample has the id {decision.sample_id!r}."
        raise InputError(what, fix="Take ids from this collection.")
    if action not in ACTIONS:
        raise InputError(f"Unknown action {action!r}.", fix=f"Use one of {', '.join(ACTIONS)}.")
    if action == RELABEL and label not in labels:
        what = f"{label!r} is not a label of this collection."
        raise InputError(what, fix=f"Use one of {', '.join(labels[:20])}.")
    if action != RELABEL and label is not None:
        what = f"The action {action!r} names the label {label!r}."
        raise InputError(what, fix="Only a relabel names one.")
    if reason and reason not in REASONS:
        raise InputError(f"Unknown reason {reason!r}.", fix=f"Use one of {', '.join(REASONS)}.")
    if len(decision.note) > NOTE_LENGTH:
        what = f"The note has {len(decision.note):,} characters."
        raise InputError(what, fix=f"Use at most {NOTE_LENGTH:,}.")
    if decision.text is not None and action != EDIT:
        raise InputError(f"The action {action!r} comes with a text.", fix="Only an edit has one.")
    if decision.text is not None and not 0 < len(decision.text.strip()) <= EDIT_LENGTH:
        what = f"The new text has {len(decision.text.strip()):,} characters."
        raise InputError(what, fix=f"Use 1 to {EDIT_LENGTH:,}; to drop a row, discard it.")
