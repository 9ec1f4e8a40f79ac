"""Several rows of one text, one per annotator: what most of them say stands as one row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from synthcur.data.column_facts import ColumnFacts
from synthcur.data.labels import bare, plain

AGREEMENT = "annotator_agreement"
"""Column beside the rows that says how many annotators agree: ``2 of 3``."""
OUTVOTED, UNDECIDED = "outvoted", "undecided"
"""Why a row is set aside: another row says the same or is of the majority; there is no majority."""

_NAMES = {
    *(
        "annotator",
        "annotator_id",
        "annotator_name",
        "annotatorid",
        "annotated_by",
        "_annotator_id",
    ),
    *("worker", "worker_id", "workerid", "rater", "rater_id", "coder", "coder_id", "judge"),
    *("labeler", "labeler_id", "labeller", "labelled_by", "labeled_by", "reviewer", "reviewer_id"),
    *("annotateur", "annotatrice", "anotador", "annotatore", "annotierer", "kodierer"),
    *("annotation_approver", "completed_by", "created_by", "_session_id"),
}


@dataclass(frozen=True)
class Opinions:
    """What several annotators say of the rows of a file.

    Attributes
    ----------
    column
        The column that names the annotators.
    aside
        Why each row is set aside (n,), empty for those that stay.
    agreement
        How many annotators of a row's text agree on its label (n,), None for texts of one.
    """

    column: str
    aside: Sequence[str]
    agreement: Sequence[str | None]


def opinions(
    frame: pd.DataFrame,
    columns: Sequence[str],
    keys: Sequence[str],
    labels: Sequence[str | None],
) -> Opinions | None:
    """Find the column of annotators and let most of them decide; None where there is none.

    Parameters
    ----------
    frame
        Cells as read.
    columns
        Those beside text and label.
    keys
        What makes two rows the same text (n,).
    labels
        Label of every row (n,); None for rows that have no say.
    """
    for column in columns:
        if ColumnFacts(column, ()).plain_name not in _NAMES:
            continue
        names = [None if cell is None else plain(cell) for cell in frame[column]]
        found = _decided(column, keys, labels, names)
        if found is not None:
            return found
    return None


def _decided(
    column: str,
    keys: Sequence[str],
    labels: Sequence[str | None],
    names: Sequence[str | None],
) -> Opinions | None:
    texts: dict[str, list[int]] = {}
    for i, (key, label, name) in enumerate(zip(keys, labels, names, strict=True)):
        if key and label is not None and name is not None:
            texts.setdefault(key, []).append(i)
    aside = [""] * len(keys)
    agreement: list[str | None] = [None] * len(keys)
    for rows in texts.values():
        # Somebody who is there twice has said two things: that is for other checks.
        if len(rows) > 1 and len({names[i] for i in rows}) == len(rows):
            _decide(rows, [bare(labels[i] or "")[0] for i in rows], aside, agreement)
    return Opinions(column, aside, agreement) if any(aside) else None


def _decide(
    rows: Sequence[int], said: Sequence[str], aside: list[str], agreement: list[str | None]
) -> None:
    """Note for the rows of one text which one stays and how many agree with it."""
    counts = Counter(said)
    most, number = counts.most_common(1)[0]
    stays = rows[said.index(most)] if number > len(rows) / 2 else None
    for i, label in zip(rows, said, strict=True):
        agreement[i] = f"{counts[label]} of {len(rows)}"
        if i != stays:
            aside[i] = UNDECIDED if stays is None else OUTVOTED
