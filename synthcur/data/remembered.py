"""Columns that a person chose, kept in the workspace for files with the same header.

A guess is never overruled unseen: what is remembered is shown as such, can be changed, and is
forgotten with one press. Nothing but names of columns is kept.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synthcur.data.columns import ColumnMapping, Guess
from synthcur.files import whole_file
from synthcur.settings import fingerprint

FILE = "columns.json"
MOST = 200
"""Headers that are remembered; the one that was not chosen for longest goes first."""
_NAMES = ("text", "label", "text_pair", "split")


def recall(folder: Path, columns: Iterable[str]) -> ColumnMapping | None:
    """Return what was chosen last for files with these columns in this order, None if nothing.

    Parameters
    ----------
    folder
        The workspace.
    columns
        All columns of a file.
    """
    columns = [str(column) for column in columns]
    return _mapping(_read(folder).get(_name(columns)), columns)


def remember(folder: Path, columns: Iterable[str], chosen: ColumnMapping, guess: Guess) -> None:
    """Keep what was chosen for a header, or forget it where it is what is guessed anyway.

    Parameters
    ----------
    folder
        The workspace; where it cannot be written nothing is remembered, which harms nobody.
    columns
        All columns of a file.
    chosen, guess
        What rows were stored with, and what was guessed without help.
    """
    guessed = (guess.text, guess.label, guess.text_pair)
    is_guess = (chosen.text, chosen.label, chosen.text_pair) == guessed
    entry = None if is_guess and chosen.split is None else asdict(chosen)
    _put(folder, [str(column) for column in columns], entry)


def forget(folder: Path, columns: Iterable[str]) -> None:
    """Forget what was chosen for a header."""
    _put(folder, [str(column) for column in columns], None)


def _name(columns: list[str]) -> str:
    return fingerprint("columns", columns)


def _mapping(entry: Any, columns: list[str]) -> ColumnMapping | None:
    """Read an entry; None where it is damaged or names a column that is not there."""
    if not isinstance(entry, Mapping) or not all(entry.get(n) in columns for n in _NAMES[:2]):
        return None
    text, label, pair, split = (entry.get(name) for name in _NAMES)
    if pair not in (None, *columns) or split not in (None, "", *columns):
        return None
    return None if pair in (text, label) or text == label else ColumnMapping(*_of(entry))


def _of(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(name) for name in _NAMES)


def _read(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _put(folder: Path, columns: list[str], entry: Any) -> None:
    known = _read(folder)
    before = known.pop(_name(columns), None)
    if entry is None and before is None:
        return
    if entry is not None:
        known[_name(columns)] = entry
    kept = dict(list(known.items())[-MOST:])
    try:
        with whole_file(folder / FILE) as path:
            path.write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
    except (OSError, ValueError):
        return
