"""The server's end of the operation log: what the browser sent becomes rows of the store.

Everything in an operation was chosen by a browser and is checked here before it is stored.
"""

import logging
import secrets
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from synthcur.errors import InputError, StoreError, SynthcurError
from synthcur.review.decisions import (
    UNDO,
    Decision,
    check_annotator,
    check_characters,
    check_decision,
)
from synthcur.review.queues import QUEUES
from synthcur.store.store import Store

LOG = logging.getLogger(__name__)
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


def read_operations(payload: Any) -> list[Operation | Refusal]:
    """Turn what a browser sent into operations, each name (client and number) once.

    What has a number and cannot be read becomes its refusal, so that nothing which is not stored
    goes without an answer; what has no number cannot be answered and is left out.
    """
    if not isinstance(payload, list):
        return []
    found: dict[tuple[str, int], Operation | Refusal] = {}
    for raw in payload[:MOST_AT_ONCE]:
        if not isinstance(raw, Mapping):
            continue
        seq = raw.get("seq")
        if not _is_count(seq):
            continue
        client = raw.get("client")
        client = client if isinstance(client, str) else ""
        try:
            read = _read_operation(raw, client, seq)
        except InputError as error:
            read = Refusal(client, seq, str(error))
        found.setdefault((client, seq), read)
    return list(found.values())


def _read_operation(raw: Mapping[str, Any], client: str, seq: int) -> Operation:
    texts = {name: raw.get(name, "") for name in ("collection", "annotator", "action")}
    texts |= {name: raw.get(name, "") for name in ("sample", "queue", "note", "reason")}
    label, text, expected = raw.get("label"), raw.get("text"), raw.get("expected", 0)
    if_any = {name: each for name, each in (("label", label), ("text", text)) if each is not None}
    for name, value in {"client": client, **texts, **if_any}.items():
        if not isinstance(value, str):
            raise _unreadable(f"its {name} is no text")
        check_characters(value, f"The {name}")
        if name != "text" and len(value) > _TEXT_LENGTH:
            raise _unreadable(f"its {name} has {len(value):,} characters")
    if not client or "/" in client:  # rows of a batch are numbered behind a /
        raise _unreadable("it does not say which page sent it")
    if not _is_count(expected):
        raise _unreadable("it does not say what had been seen of the row")
    alike = _read_alike(raw.get("alike", []))
    return Operation(
        client=client, seq=seq, expected=expected, label=label, text=text, alike=alike, **texts
    )


def _read_alike(raw: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(raw, list):
        raise _unreadable("its look-alikes are no list")
    if len(raw) > MOST_ALIKE:
        raise _unreadable(f"it is about {len(raw):,} look-alikes and may be about {MOST_ALIKE:,}")
    found = []
    for each in raw:
        sample = each.get("sample") if isinstance(each, Mapping) else None
        expected = each.get("expected") if isinstance(each, Mapping) else None
        if not isinstance(sample, str) or not _is_count(expected):
            raise _unreadable("a look-alike is not named")
        check_characters(sample, "The name of a look-alike")
        found.append((sample, expected))
    return tuple(found)


def _unreadable(why: str) -> InputError:
    return InputError(f"The decision cannot be read: {why}.", fix="Reload the page and try again.")


def _is_count(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**53


def apply_operations(
    store: Store,
    operations: Iterable[Operation | Refusal],
    *,
    known: Known,
    signed_in: str = "",
) -> Outcome:
    """Store operations in order, each in a transaction of its own.

    What is stored already stays stored once. An operation that means nothing, or that was made
    without sight of somebody else's decision, is refused and the next one tried; so is one that
    fails for a reason nobody has thought of, which is in the log under an id. A workspace that
    cannot be written ends the batch, so that no later operation is stored before an earlier one.
    Where people sign in, nobody else's operations than those of `signed_in` are stored.

    Parameters
    ----------
    operations
        As read; a refusal among them stays one.
    """
    refused: list[Refusal] = []
    for operation in operations:
        if isinstance(operation, Refusal):
            refused.append(operation)
            continue
        try:
            _apply(store, operation, known, signed_in)
        except StoreError as error:
            return Outcome(tuple(refused), trouble=str(error))
        except SynthcurError as error:
            refused.append(Refusal(operation.client, operation.seq, str(error)))
        except Exception as error:
            what = _unexpected(error)
            refused.append(Refusal(operation.client, operation.seq, what))
    return Outcome(tuple(refused))


def _unexpected(error: Exception) -> str:
    error_id = secrets.token_hex(4)
    LOG.exception("Error %s while a decision was saved", error_id, exc_info=error)
    return (
        f"The server met an error that it does not know ({type(error).__name__}). "
        f"Look for {error_id} in its log."
    )


def _apply(store: Store, operation: Operation, known: Known, signed_in: str) -> None:
    annotator = check_annotator(operation.annotator)
    if signed_in and annotator != signed_in:
        raise InputError(
            f"This was decided as {annotator}, and {signed_in} is signed in.",
            fix=f"Sign in as {annotator} to save it.",
        )
    sender = {"client_id": operation.client, "client_seq": operation.seq}
    if operation.action in (UNDO, REDO):
        take_back = store.decisions.undo if operation.action == UNDO else store.decisions.redo
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
    store.decisions.append_batch(
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
