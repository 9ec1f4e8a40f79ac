"""The server's end of the operation log: what the browser sent becomes rows of the store.

Everything in an operation was chosen by a browser and is checked here before it is stored.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from synthcur.errors import InputError, StoreError, SynthcurError
from synthcur.queues import QUEUES
from synthcur.review import UNDO, Decision, check_annotator, check_decision
from synthcur.store import Store

MOST_AT_ONCE = 2_000
_TEXT_LENGTH = 4_000

Known = Callable[[str], tuple[Container[str], Sequence[str]]]
"""Gives the ids of the synthetic samples and the labels of a collection by its name."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One decision or undo as a browser numbered it.

    `sample` of an undo is what the annotator saw as their latest decision; `expected` is the
    place in the log of the sample's latest row when it was shown.
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
    if not all(isinstance(each, str) for each in (*texts.values(), label or "")):
        return None
    if not _is_count(seq) or not _is_count(expected) or not texts["client"]:
        return None
    if any(len(text) > _TEXT_LENGTH for text in texts.values()):
        return None
    return Operation(**texts, label=label, seq=seq, expected=expected)


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**53


def apply_operations(store: Store, operations: Iterable[Operation], *, known: Known) -> Outcome:
    """Store operations in order, each in a transaction of its own.

    What is stored already stays stored once. An operation that means nothing, or that was made
    without sight of somebody else's decision, is refused and the next one tried. A workspace that
    cannot be written ends the batch, so that no later operation is stored before an earlier one.
    """
    refused: list[Refusal] = []
    for operation in operations:
        try:
            _apply(store, operation, known)
        except StoreError as error:
            return Outcome(tuple(refused), trouble=str(error))
        except SynthcurError as error:
            refused.append(Refusal(operation.client, operation.seq, str(error)))
    return Outcome(tuple(refused))


def _apply(store: Store, operation: Operation, known: Known) -> None:
    annotator = check_annotator(operation.annotator)
    sender = {"client_id": operation.client, "client_seq": operation.seq}
    if operation.action == UNDO:
        undone = store.undo(
            operation.collection,
            annotator=annotator,
            expected_sample=operation.sample,
            **sender,
        )
        if undone is None:
            raise InputError("There is nothing left to undo.")
        return
    fields = {"sample_id": operation.sample, "action": operation.action, "label": operation.label}
    fields |= {"note": operation.note, "reason": operation.reason}
    sample_ids, labels = known(operation.collection)
    check_decision(Decision(**fields), sample_ids=sample_ids, labels=labels)
    store.append_decision(
        operation.collection,
        **fields,
        **sender,
        annotator=annotator,
        queue=operation.queue if operation.queue in QUEUES else "",
        expected_seq=operation.expected,
    )
