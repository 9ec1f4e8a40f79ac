"""Which column holds the text, the second text and the label: guessed by name, then by content."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from synthcur.errors import InputError

TEXT_NAMES = (
    *("text", "sentence", "content", "utterance", "query", "message", "document", "review"),
    *("question", "tweet", "comment", "body", "input", "prompt", "premise", "title"),
    *("text1", "text_1", "text_a", "sentence1", "sentence_1", "sentence_a", "question1"),
)
PAIR_NAMES = (
    *("text_pair", "pair", "hypothesis"),
    *("text2", "text_2", "text_b", "sentence2", "sentence_2", "sentence_b", "question2"),
)
LABEL_NAMES = (
    *("label", "labels", "intent", "class", "category", "target", "gold_label", "label_text"),
    *("sentiment", "emotion", "topic", "y"),
)
_SAMPLE = 1000
_MOST_LABELS = 200


@dataclass(frozen=True)
class ColumnMapping:
    """Names of the columns of one table; every other column is provenance.

    Attributes
    ----------
    text, label
        Columns of the (first) text and of the label.
    text_pair
        Column of the second text; None where a sample is a single text.
    """

    text: str
    label: str
    text_pair: str | None = None

    def provenance(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that are neither text nor label."""
        used = {self.text, self.label, self.text_pair}
        return [column for column in columns if column not in used]


def guess_columns(
    frame: pd.DataFrame,
    *,
    text: str | None = None,
    text_pair: str | None = None,
    label: str | None = None,
    name: str = "The file",
) -> ColumnMapping:
    """Map the columns of a table, by their usual names first and by their content second.

    Parameters
    ----------
    frame
        Cells as read.
    text, text_pair, label
        Columns that are known; an empty `text_pair` means that there is none.
    name
        What to call the table in an error.

    Raises
    ------
    InputError
        If a column that is given does not exist, is used twice, or none can be guessed.
    """
    columns = [str(column) for column in frame.columns]
    for given in (text, text_pair, label):
        if given and given not in columns:
            raise _no_column(f"{name} has no column “{given[:80]}”.", columns)
    free = [column for column in columns if column not in (text, text_pair, label)]
    if label is None:
        label = _named(free, LABEL_NAMES) or _best(frame, free, _label_fitness)
        free = [column for column in free if column != label]
    if text is None:
        text = _named(free, TEXT_NAMES) or _best(frame, free, _text_fitness)
        free = [column for column in free if column != text]
    if text_pair is None:
        text_pair = _named(free, PAIR_NAMES)
    for what, column in (("text", text), ("label", label)):
        if column is None:
            raise _no_column(f"No column of {name} looks like the {what}.", columns)
    mapping = ColumnMapping(text=str(text), label=str(label), text_pair=text_pair or None)
    used = [c for c in (mapping.text, mapping.label, mapping.text_pair) if c]
    if len(set(used)) < len(used):
        raise InputError(f"One column of {name} is named for two uses.", fix="Choose another.")
    return mapping


def _no_column(what: str, columns: list[str]) -> InputError:
    shown = ", ".join(f"“{column[:40]}”" for column in columns[:12])
    more = f" and {len(columns) - 12:,} more" if len(columns) > 12 else ""
    fix = f"Its columns are {shown}{more}. Name the right ones, or check the delimiter."
    return InputError(what, fix=fix)


def _named(columns: list[str], names: tuple[str, ...]) -> str | None:
    by_name = {_plain_name(column): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def _plain_name(column: str) -> str:
    return re.sub(r"[\s.\-]+", "_", column.strip().casefold())


def _best(
    frame: pd.DataFrame, columns: list[str], fitness: Callable[[list[str]], float]
) -> str | None:
    """Return the column that fits best, None where none fits at all."""
    head = frame.head(_SAMPLE)
    scores = {column: fitness(_texts(head[column])) for column in columns}
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and scores[best] > 0 else None


def _texts(cells: Iterable[Any]) -> list[str]:
    return [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]


def _text_fitness(cells: list[str]) -> float:
    """Mean length of cells that read like texts: several words, mostly distinct."""
    if not cells or len(set(cells)) < 0.3 * len(cells):
        return 0.0
    words = sum(" " in cell for cell in cells) / len(cells)
    return sum(map(len, cells)) / len(cells) if words > 0.5 else 0.0


def _label_fitness(cells: list[str]) -> float:
    """How often a value repeats, for columns of few short values."""
    distinct = len(set(cells))
    if not 2 <= distinct <= min(_MOST_LABELS, len(cells) // 2) or max(map(len, cells)) > 60:
        return 0.0
    return len(cells) / distinct
