"""Checks of texts that occur more than once: under two labels, or again in a held-out split."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from synthcur.data.candidate_rows import Rows
from synthcur.schema import TEST, TRAIN, VALIDATION, Finding, FindingState

REPEATS = "held_out_repeats"
"""Code of the finding of texts that validation or test counts more than once."""


def two_labels(table: Rows) -> Finding:
    """Find texts under several labels; rows with the label of most real ones may stay."""
    found, excludes = np.zeros(len(table.frame), bool), np.zeros(len(table.frame), bool)
    for rows in _conflicts(table, table.in_training):
        found[rows] = True
        label = _majority([table.labels[i] for i in rows if table.parts[TRAIN][i]])
        excludes[[i for i in rows if label is None or table.labels[i] != label]] = True
    return table.finding(
        "two_labels",
        "Same text, two labels",
        FindingState.MUST_FIX,
        found,
        of=int(table.in_training.sum()),
        excludes=excludes,
        proposal="Exclude {n}",
    )


def held_out_two_labels(table: Rows) -> Finding:
    """Show texts of validation or test under several labels."""
    held_out = ~table.in_training
    found = np.zeros(len(table.frame), bool)
    for rows in _conflicts(table, held_out):
        found[rows] = True
    return table.finding(
        "held_out_two_labels",
        "Same text, two labels in validation or test",
        FindingState.CHECK,
        found,
        of=int(held_out.sum()),
    )


def held_out_repeats(table: Rows) -> Finding:
    """Find texts that a held-out split counts more than once; one row with most rows' label stays.

    A text on whose label its rows do not agree by majority goes altogether.
    """
    found, excludes = np.zeros(len(table.frame), bool), np.zeros(len(table.frame), bool)
    for part in (VALIDATION, TEST):
        for rows in _texts_of(table, table.parts[part]):
            if len(rows) > 1:
                label = _majority([table.labels[i] for i in rows])
                kept = next((i for i in rows if table.labels[i] == label), None)
                found[rows] = True
                excludes[[i for i in rows if i != kept]] = True
    return table.finding(
        REPEATS,
        "Same text again in validation or test",
        FindingState.CHECK,
        found,
        of=int((~table.in_training).sum()),
        excludes=excludes,
        proposal="One row per text, exclude {n}",
    )


def _majority(labels: list[str]) -> str | None:
    """Return the label of more than half of some rows, None where there is none."""
    if not labels:
        return None
    label, number = Counter(labels).most_common(1)[0]
    return label if number > len(labels) / 2 else None


def _conflicts(table: Rows, among: np.ndarray) -> Iterable[list[int]]:
    """Yield the row indices of each text that carries more than one label."""
    groups = _texts_of(table, among)
    return (rows for rows in groups if len({table.labels[i] for i in rows}) > 1)


def _texts_of(table: Rows, among: np.ndarray) -> Iterable[list[int]]:
    """Return the row indices of each text, without rows that have no text or no label."""
    groups: dict[str, list[int]] = {}
    for i in np.flatnonzero(among):
        if table.keys[i] and table.labels[i] is not None:
            groups.setdefault(table.keys[i], []).append(int(i))
    return groups.values()
