"""One message of a review queue and its answer, apart from how they travel.

The page calls these for what a browser sent; tests call them from servers that they kill.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from synthcur.errors import InputError
from synthcur.review.decisions import check_annotator
from synthcur.store.leases import LEASE_SECONDS
from synthcur.store.store import Store
from synthcur.store.turns import Turn
from synthcur.ui.review.queue.operations import (
    Known,
    Operation,
    Outcome,
    apply_operations,
    read_operations,
)


def take_in(store: Store, sent: Mapping[str, Any], *, known: Known, signed_in: str = "") -> Outcome:
    """Store the operations of a message; every one is committed before this returns."""
    operations = read_operations(sent.get("operations"))
    return apply_operations(store, operations, known=known, signed_in=signed_in)


def acknowledgement(store: Store, sent: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """Return what became of the operations of a message, read from the file they are stored in.

    Returns
    -------
    dict
        ``acknowledged`` names what is stored, by client and number, ``refused`` what is not and
        will not be; what is in neither is not stored yet, and ``trouble`` says why. ``answered``
        is the number of the message.
    """
    number = sent.get("number")
    refused = {(each.client, each.seq) for each in outcome.refused}
    stored = [
        {"client": each.client, "seq": each.seq}
        for each in read_operations(sent.get("operations"))
        if isinstance(each, Operation)
        and (each.client, each.seq) not in refused
        and _is_stored(store, each)
    ]
    return {
        "acknowledged": stored,
        "refused": [asdict(refusal) for refusal in outcome.refused],
        "trouble": outcome.trouble,
        "answered": number if isinstance(number, str) else None,
    }


def _is_stored(store: Store, operation: Operation) -> bool:
    try:
        annotator = check_annotator(operation.annotator)
    except InputError:
        return False
    return store.decisions.is_stored(
        operation.collection, annotator, operation.client, operation.seq
    )


def turn(
    store: Store,
    name: str,
    annotator: str,
    queue: Sequence[str],
    *,
    place: int = 0,
    detour: str = "",
    decided_again: bool = False,
    seconds: float = LEASE_SECONDS,
) -> Turn:
    """Give the annotator the rows behind their place in a queue, that of a detour first."""
    return store.turns.take(
        name,
        annotator,
        queue,
        start=place,
        first=(detour,) if detour else (),
        decided_again=decided_again,
        seconds=seconds,
    )
