"""Decisions in a JSON Lines file: read, checked, and applied as a whole."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from synthcur.errors import ConflictError, InputError, TakenError
from synthcur.review import decisions as review
from synthcur.store.store import Store

MOST_NAMED = 10


def apply(
    store: Store, name: str, path: Path, *, annotator: str, is_override: bool
) -> tuple[int, int]:
    """Append the decisions of a file to the log of a collection, all or none.

    Parameters
    ----------
    store, name
        Workspace and collection.
    path
        One decision per line, as `synthcur.exports.downloads.decisions_table` writes them.
    annotator
        Who decided where a line does not say.
    is_override
        Whether verdicts, notes and texts of others are replaced.

    Returns
    -------
    tuple of int
        How many decisions the file holds, and how many of them were not there yet.

    Raises
    ------
    InputError
        If a line is no decision about this collection; nothing is applied.
    ConflictError
        If lines are about other people's rows; nothing is applied.
    """
    collection, content = store.collection(name), _read_text(path)
    sample_ids = set(collection.synthetic_ids)
    decisions = list(_read_decisions(content, path, annotator))
    for line, decision in decisions:
        try:
            review.check_decision(decision, sample_ids=sample_ids, labels=collection.labels)
        except InputError as error:
            raise _at(path, line, error) from error
    state = store.decisions.state(name)
    found = store.decisions.append_each(
        name,
        [(line, replace(each, queue="file")) for line, each in decisions],
        "file:" + hashlib.sha256(content.encode()).hexdigest()[:16],
        expected=[
            state.versions.get(each.sample_id, 0) if is_override else state.seen_unlooked(each)
            for _, each in decisions
        ],
    )
    if found.taken:
        taken = {decisions[place][0]: error for place, error in found.taken.items()}
        raise _refused(path, taken, len(decisions))
    return len(decisions), found.added


def _at(path: Path, line: int, error: InputError) -> InputError:
    return InputError(f"{path}, line {line}: {error.what}", fix=error.fix)


def _read_text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            # A pipe that nobody writes to would be waited for, and a device never ends.
            raise InputError(f"{path} is not a regular file.", fix="Give a UTF-8 file.")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", fix="Give a UTF-8 file.") from error


def _read_decisions(
    content: str, path: Path, annotator: str
) -> Iterator[tuple[int, review.Decision]]:
    # Not splitlines: texts may hold characters that it takes for line ends, such as U+2028.
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            decision = review.Decision(
                sample_id=str(record["sample_id"]),
                action=str(record["action"]),
                label=record.get("label"),
                note=str(record.get("note") or ""),
                text=None if record.get("text") is None else str(record["text"]),
                reason=str(record.get("reason") or ""),
                annotator=review.check_annotator(str(record.get("annotator") or annotator)),
            )
        except InputError as error:  # of the annotator's name
            raise _at(path, number, error) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{path}, line {number}: not a decision ({type(error).__name__}: {error}).",
                fix='Write lines like {"sample_id": "…", "action": "discard"}.',
            ) from error
        yield number, decision


def _refused(path: Path, taken: Mapping[int, TakenError], n: int) -> ConflictError:
    """Return the refusal of decisions from a file that are about other people's rows.

    Parameters
    ----------
    path
        The file.
    taken
        Whose rows they are about, by line.
    n
        Decisions in the file.
    """
    words = {False: "has decided it", True: "has it before them now"}
    named = [
        f"line {line}: {error.who} {words[error.is_held]}"
        for line, error in list(taken.items())[:MOST_NAMED]
    ]
    if len(taken) > MOST_NAMED:
        named.append(f"and {len(taken) - MOST_NAMED:,} more")
    are = "is about a row that is" if len(taken) == 1 else "are about rows that are"
    return ConflictError(
        f"{path}: {len(taken):,} of {n:,} decisions {are} somebody else’s "
        f"({'; '.join(named)}). Nothing was applied.",
        fix="Leave those lines out. --override replaces what others have decided; a row that "
        "somebody has before them is free ten minutes after their last message.",
    )
