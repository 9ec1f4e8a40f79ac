"""Decisions that people made elsewhere, in the tool that a file comes from, put into the log."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from synthcur.data.said import Said
from synthcur.errors import ConflictError, InputError
from synthcur.review.decisions import REASONS, Decision, check_annotator, check_decision
from synthcur.schema import Collection
from synthcur.store.store import Store

CLIENT = "import"
"""Client under which they lie in the log; the number of each is made of what it says."""
_REASONS_SAID = 4


@dataclass(frozen=True)
class Taken:
    """What became of the decisions in a file.

    Attributes
    ----------
    added
        How many were put into the log.
    known
        How many were there already.
    left
        Why others could not be, with how many each.
    """

    added: int
    known: int
    left: Mapping[str, int]

    def in_words(self) -> str:
        """Say it in a sentence without its full stop."""
        said = [f"{self.added:,} decisions taken"]
        said += [f"{self.known:,} were there"] if self.known else []
        reasons = list(self.left.items())
        said += [f"{number:,} left out: {why}" for why, number in reasons[:_REASONS_SAID]]
        if more := sum(number for _, number in reasons[_REASONS_SAID:]):
            said.append(f"{more:,} more left out")
        return "; ".join(said)


def take(store: Store, collection: Collection, said: Sequence[Said]) -> Taken:
    """Put what people said of synthetic rows into the log: names and times as they were.

    The same decision again, of the same file or another, is stored once.

    Parameters
    ----------
    store
        Where the collection is stored.
    collection
        As it was imported; `said` names its synthetic rows by their numbers in the file.
    said
        What was said, of each row in order.

    Raises
    ------
    ConflictError
        If somebody here has decided such a row differently, or has it before them now; nothing
        is taken.
    """
    decisions, left = _decisions(collection, said)
    log, name = store.decisions, collection.name
    state = log.state(name)
    found = log.append_each(
        name,
        [(_number(each), each) for each in decisions],
        CLIENT,
        expected=[state.seen_unlooked(each) for each in decisions],
    )
    if found.taken:
        who = ", ".join(sorted({error.who for error in found.taken.values()}))
        raise ConflictError(
            f"{len(found.taken):,} of {len(decisions):,} decisions are about rows that {who} "
            "decided here, or has before them now. None was taken.",
            fix="Import the file under another name, or without its decisions.",
        )
    return Taken(found.added, len(decisions) - found.added, left)


def _decisions(
    collection: Collection, said: Sequence[Said]
) -> tuple[list[Decision], Mapping[str, int]]:
    """Return the decisions that can be stored, oldest first, and why others cannot."""
    sample_of = dict(zip(collection.synthetic_rows, collection.synthetic_ids, strict=True))
    ids, left, good = set(collection.synthetic_ids), Counter[str](), []
    for each in _oldest_first(said):
        if each.row not in sample_of:
            left["their rows were left out"] += 1
            continue
        decision = _decision(sample_of[each.row], each)
        try:
            check_annotator(decision.annotator)
            check_decision(decision, sample_ids=ids, labels=collection.labels)
        except InputError as error:
            left[error.what.rstrip(".")] += 1
        else:
            good.append(decision)
    # Said twice in one file, as by a row that lies in it twice, a decision is one.
    return list(dict.fromkeys(good)), left


def _oldest_first(said: Iterable[Said]) -> list[Said]:
    """Order by time; of one row what comes later in the file stays later, whatever its time."""
    latest: dict[int, float] = {}
    keyed = []
    for each in said:
        latest[each.row] = max(each.at, latest.get(each.row, 0.0))
        keyed.append((latest[each.row], each))
    return [each for _, each in sorted(keyed, key=lambda pair: pair[0])]


def _decision(sample_id: str, said: Said) -> Decision:
    is_known = not said.reason or said.reason in REASONS
    return Decision(
        sample_id=sample_id,
        action=said.action,
        annotator=said.annotator,
        label=said.label,
        note=said.note if is_known else f"{said.reason}: {said.note}".rstrip(": "),
        reason=said.reason if is_known else "",
        queue=said.queue,
        text=said.text,
        created_at=said.at,
    )


def _number(decision: Decision) -> int:
    """Return the number of a decision, the same whenever it comes: made of all that it says."""
    content = json.dumps(asdict(decision), sort_keys=True).encode()
    return int(hashlib.sha256(content).hexdigest()[:15], 16)
