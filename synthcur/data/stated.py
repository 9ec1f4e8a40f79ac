"""What the columns beside text and label say of a row: its split, or that somebody rejected it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from synthcur.data.column_facts import NEGATIVE_VERDICTS, ColumnFacts, facts_of
from synthcur.data.labels import counted, folded, plain
from synthcur.schema import TEST, TRAIN, VALIDATION

REJECTED, SEVERAL = "rejected", "several"
"""Why a row is set aside before any check: somebody rejected it; it has several labels."""

_SPLIT_NAMES = {
    *("split", "splits", "fold", "subset", "partition", "set", "data_split", "dataset_split"),
    *("split_name", "data_set", "usage", "phase"),
}
_SPLITS = {
    **dict.fromkeys(("train", "training", "trn", "tr"), TRAIN),
    **dict.fromkeys(
        ("validation", "valid", "val", "dev", "development", "devel", "validate"), VALIDATION
    ),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation", "heldout", "held_out"), TEST),
}
_APPROVALS = {"accepted", "is_accepted", "approved", "is_approved"}
_NO = {"0", "false", "no", "n", "f"}


@dataclass(frozen=True)
class StatedSplits:
    """A column that says to which split a row belongs.

    Attributes
    ----------
    column
        Its name.
    splits
        ``train``, ``validation`` or ``test`` of every row (n,), None where it says neither.
    is_complete
        Whether every row says one of the three.
    others
        What it says where it says none of them, with the number of rows; the most frequent first.
    """

    column: str
    splits: Sequence[str | None]
    is_complete: bool
    others: tuple[tuple[str, int], ...] = ()


def rejected_rows(frame: pd.DataFrame, columns: Sequence[str]) -> list[bool]:
    """Tell which rows somebody rejected, ignored or skipped, (n,).

    A column says so where all its cells are such verdicts, as the ``answer`` of Prodigy is, or
    where it is called ``approved`` and holds truth values.

    Parameters
    ----------
    frame
        Cells as read.
    columns
        Those beside text and label.
    """
    found = [False] * len(frame)
    facts = facts_of(frame.loc[:, list(columns)])
    for column in columns:
        if not (facts[column].is_verdict or _is_approval(facts[column])):
            continue
        whole = ColumnFacts(column, list(frame[column]))
        if whole.is_verdict or _is_approval(whole):
            no = NEGATIVE_VERDICTS if whole.is_verdict else _NO
            found = [
                so_far or label in no for so_far, label in zip(found, whole.row_labels, strict=True)
            ]
    return found


def _is_approval(facts: ColumnFacts) -> bool:
    return facts.plain_name in _APPROVALS and facts.is_binary


def stated_splits(frame: pd.DataFrame, columns: Sequence[str]) -> StatedSplits | None:
    """Find the column that says to which split a row belongs; None where there is none.

    Parameters
    ----------
    frame
        Cells as read.
    columns
        Those beside text and label.
    """
    for column in columns:
        if ColumnFacts(column, ()).plain_name in _SPLIT_NAMES:
            found = splits_in(frame, column)
            if any(found.splits):
                return found
    return None


def splits_in(frame: pd.DataFrame, column: str) -> StatedSplits:
    """Read the splits that a column says, whatever it is called."""
    cells = [None if cell is None else plain(cell) for cell in frame[column]]
    splits = [None if cell is None else _split(cell) for cell in cells]
    others = (cell for cell, split in zip(cells, splits, strict=True) if split is None)
    return StatedSplits(column, splits, is_complete=all(splits), others=counted(others))


def split_columns(frame: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the columns that may say to which split a row belongs.

    At least half of the cells that are looked at name one, and not all the same one.
    """
    facts = facts_of(frame.loc[:, list(columns)])
    found = []
    for column in columns:
        named = [_split(plain(cell)) for cell in facts[column].cells if cell is not None]
        known = Counter(filter(None, named))
        if len(known) > 1 and known.total() >= len(named) / 2:
            found.append(column)
    return found


def _split(cell: str) -> str | None:
    return _SPLITS.get(folded(cell).replace("-", "_"))
