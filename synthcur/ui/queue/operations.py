"""The server's end of the operation log: what the browser sent becomes rows of the store.

Everything in an operation was chosen by a browser and is checked here before it is stored.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from synthcur.errors import InputError, StoreError, SynthcurError
from synthcur.queues import QUEUES
from synthcur.review import EDIT_LENGTH, UNDO, Decision, check_annotator, check_decision
from synthcur.review_store import ReviewStore

MOST_AT_ONCE = 2_000
MOST_ALIKE = 2_000
"""Operations of a message, and rows that one of them may decide."""

REDO = "redo"
_TEXT_LENGTH = 4_000

Known = Callable[[str], tuple[Container[str], Sequence[str]]]
"""Gives the ids of the synthetic samples and the labels of a collection by its name."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One decision, undo or redo as a browser numbered it.

    `sample` of an undo is what the annotator saw as their latest decision; `expected` is the
    place in the log of the sample's latest row when it was shown. `alike` are further samples of
    the same decision with their own such place; `text` is the new one of an edit.
    """

    client: str
    seq: int
    collection: str
    annotator: str
    action: str
    sample: str
    queue: str = ""
    expected: int = 0
    label: str | None = None
    note: str = ""
    reason: str = ""
    text: str | None = None
    alike: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Refusal:
    """An operation that was not stored and will not be, with the reason in words."""

    client: str
    seq: int
    what: str


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    `trouble` says why the rest of the batch could not be stored; the browser sends it again.
    """

    refused: tuple[Refusal, ...] = ()
    trouble: str = ""


def read_operations(payload: Any) -> list[Operation]:
    """Turn what a browser sent into operations; what is not one is left out."""
    if not isinstance(payload, list):
        return []
    found = (_read_operation(each) for each in payload[:MOST_AT_ONCE])
    return [operation for operation in found if operation is not None]


def _read_operation(raw: Any) -> Operation | None:
    if not isinstance(raw, Mapping):
        return None
    texts = {name: raw.get(name, "") for name in ("client", "collection", "annotator", "action")}
    texts |= {name: raw.get(name, "") for name in ("sample", "queue", "note", "reason")}
    label, seq, expected = raw.get("label"), raw.get("seq"), raw.get("expected", 0)
    text, alike = raw.get("text"), _read_alike(raw.get("alike", []))
    if not all(isinstance(each, str) for each in (*texts.values(), label or "", text or "")):
        return None
    if not _is_count(seq) or not _is_count(expected) or alike is None:
        return None
    if not texts["client"] or "/" in texts["client"]:  # rows of a batch are numbered behind a /
        return None
    if any(len(each) > _TEXT_LENGTH for each in texts.values()):
        return None
    if len(text or "") > 2 * EDIT_LENGTH:
        return None
    return Operation(**texts, label=label, seq=seq, expected=expected, text=text, alike=alike)


def _read_alike(raw: Any) -> tuple[tuple[str, int], ...] | None:
    if not isinstance(raw, list) or len(raw) > MOST_ALIKE:
        return None
    found = []
    for each in raw:
        if not isinstance(each, Mapping):
            return None
        sample, expected = each.get("sample"), each.get("expected")
        if not isinstance(sample, str) or not _is_count(expected):
            return None
        found.append((sample, expected))
    return tuple(found)


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**53


def apply_operations(
    store: ReviewStore, operations: Iterable[Operation], *, known: Known, signed_in: str = ""
) -> Outcome:
    """Store operations in order, each in a transaction of its own.

    What is stored already stays stored once. An operation that means nothing, or that was made
    without sight of somebody else's decision, is refused and the next one tried. A workspace that
    cannot be written ends the batch, so that no later operation is stored before an earlier one.
    Where people sign in, nobody else's operations than those of `signed_in` are stored.
    """
    refused: list[Refusal] = []
    for operation in operations:
        try:
            _apply(store, operation, known, signed_in)
        except StoreError as error:
            return Outcome(tuple(refused), trouble=str(error))
        except SynthcurError as error:
            refused.append(Refusal(operation.client, operation.seq, str(error)))
    return Outcome(tuple(refused))


def _apply(store: ReviewStore, operation: Operation, known: Known, signed_in: str) -> None:
    annotator = check_annotator(operation.annotator)
    if signed_in and annotator != signed_in:
        raise InputError(
            f"This was decided as {annotator}, and {signed_in} is signed in.",
            fix=f"Sign in as {annotator} to save it.",
        )
    sender = {"client_id": operation.client, "client_seq": operation.seq}
    if operation.action in (UNDO, REDO):
        take_back = store.undo if operation.action == UNDO else store.redo
        undone = take_back(
            operation.collection,
            annotator=annotator,
            expected_sample=operation.sample,
            **sender,
        )
        if undone is None:
            raise InputError(f"There is nothing left to {operation.action}.")
        return
    samples = ((operation.sample, operation.expected), *operation.alike)
    decisions = [_decision(operation, annotator, sample_id) for sample_id, _ in samples]
    sample_ids, labels = known(operation.collection)
    for decision in decisions:
        check_decision(decision, sample_ids=sample_ids, labels=labels)
    store.append_batch(
        operation.collection, decisions, **sender, expected=[seen for _, seen in samples]
    )


def _decision(operation: Operation, annotator: str, sample_id: str) -> Decision:
    return Decision(
        sample_id=sample_id,
        annotator=annotator,
        action=operation.action,
        label=operation.label,
        note=operation.note,
        reason=operation.reason,
        text=operation.text,
        queue=operation.queue if operation.queue in QUEUES else "",
    )
