"""Every check of rows before they are stored, all at once, each with the rows it concerns.

The rows are a table with the columns of `synthcur.schema.ROW_COLUMNS` except ``sample_id``, and
``file``. A check looks and proposes; nothing is changed until a person accepts the proposal.
Texts and labels are compared as `synthcur.data.texts` folds them; only exact duplicates are exact.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable

import numpy as np
import pandas as pd

from synthcur.data.annotators import AGREEMENT, OUTVOTED, UNDECIDED
from synthcur.data.candidate_rows import PARTS, Rows
from synthcur.data.labels import counted, quoted
from synthcur.data.languages import other_languages
from synthcur.data.leftovers import leftovers
from synthcur.data.model_reading import too_long, unknown_words
from synthcur.data.near_duplicates import near_duplicates, near_leaks
from synthcur.data.repeats import held_out_repeats, held_out_two_labels, two_labels
from synthcur.data.stated import REJECTED, SEVERAL
from synthcur.data.texts import is_blank, meant_apart
from synthcur.schema import (
    SYNTHETIC,
    TEST,
    TRAIN,
    VALIDATION,
    Finding,
    FindingState,
    worst_first,
)

FEWEST_ROWS = 2
"""Rows of a label below which neither checker can learn it."""
FEW_ROWS = 5
"""Rows of a label below which the folds of the out-of-fold figures cannot all hold one."""
IMBALANCE = 10.0
"""Ratio of the largest to the smallest label from which imbalance is worth a look."""

_PART_TITLES = {SYNTHETIC: "synthetic", TRAIN: "real train", VALIDATION: "validation", TEST: "test"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DAMAGE = re.compile(r"\ufffd|[ÃÂÐÑ][\x80-\xbf]|â€|ï»¿|ï¿½")


def validate(rows: pd.DataFrame, *, needed: Container[str] = tuple(PARTS)) -> list[Finding]:
    """Run every check.

    Parameters
    ----------
    rows
        Columns ``source, split, text, text_pair, label, row, file``; ``text_pair`` and ``label``
        may be None. A row with a reason in ``aside`` (see `data.stated`), if there is such a
        column, is found as such and by no other check.
    needed
        Parts, see `synthcur.data.candidate_rows.PARTS`, of which a row must be left.

    Returns
    -------
    list of Finding
        One a check, those that must be fixed first; a check without rows is ``fine``.
    """
    whole = Rows(rows.reset_index(drop=True))
    table = Rows(whole.frame[whole.aside == ""].reset_index(drop=True))
    first = [
        _rejected_rows(whole),
        _several_labels(whole),
        _annotators(whole),
        _empty_text(table),
        _missing_label(table),
        _label_variants(table),
        _labels_apart(table),
        _one_source_label(table),
        _unknown_label(table),
        *_leaks(table),
        two_labels(table),
        _exact_duplicates(table),
    ]
    few = _few_rows(table, table.left(first))
    left = table.left([*first, few])
    findings = [
        *first,
        few,
        _nothing_left(table, left, whole, needed),
        held_out_two_labels(table),
        held_out_repeats(table),
        unknown_words(table),
        _absent_label(table, left),
        too_long(table),
        _encoding_damage(table),
        _control_characters(table),
        _imbalance(table, left),
        near_leaks(table),
        near_duplicates(table),
        *leftovers(table),
        *other_languages(table),
    ]
    return worst_first(findings)


def _rejected_rows(whole: Rows) -> Finding:
    found = whole.aside == REJECTED
    title = "Rejected or skipped by an annotator"
    return whole.finding(
        "rejected_rows", title, FindingState.MUST_FIX, found, excludes=found, proposal="Exclude {n}"
    )


def _several_labels(whole: Rows) -> Finding:
    found = whole.aside == SEVERAL
    return whole.finding(
        "several_labels",
        "More than one label in a row",
        FindingState.MUST_FIX,
        found,
        excludes=found,
        proposal="Exclude {n}",
    )


def _annotators(whole: Rows) -> Finding:
    undecided = whole.aside == UNDECIDED
    found = (whole.aside == OUTVOTED) | undecided
    tied = (
        f"; {undecided.sum():,} rows go as no majority agrees on theirs" if undecided.any() else ""
    )
    return whole.finding(
        "annotator_rows",
        "Several rows per text, one per annotator",
        FindingState.MUST_FIX,
        found,
        excludes=found,
        proposal="One row per text, exclude {n}",
        advice=f"Each text stays once with the label that most annotators gave it{tied}. How many "
        f"agreed is kept beside the rows as “{AGREEMENT}”.",
    )


def _empty_text(table: Rows) -> Finding:
    found = np.array([is_blank(text) for text in table.frame["text"]], dtype=bool)
    if table.has_pairs:
        found |= np.array([is_blank(text) for text in table.frame["text_pair"]], dtype=bool)
    return table.finding(
        "empty_text",
        "Empty text",
        FindingState.MUST_FIX,
        found,
        excludes=found,
        proposal="Exclude {n}",
    )


def _missing_label(table: Rows) -> Finding:
    found = np.array([label is None for label in table.labels], dtype=bool)
    return table.finding(
        "missing_label",
        "Missing label",
        FindingState.MUST_FIX,
        found,
        excludes=found,
        proposal="Exclude {n}",
    )


def _label_variants(table: Rows) -> Finding:
    """Find label variants; they must be merged where one is too rare to be a label of its own."""
    written = table.frame["label"].to_numpy()
    uses = [Counter(written[table.parts[part]]) for part in (SYNTHETIC, TRAIN)]
    forms = set(table.merges) | set(table.merges.values())
    can_stay = all(found[form] >= FEWEST_ROWS for found in uses for form in forms)
    found = np.array([label in table.merges for label in written], dtype=bool)
    shown = ", ".join(f"“{label[:20]}”" for label in sorted(set(table.merges.values()))[:3])
    return table.finding(
        "label_variants",
        "One label written in several ways",
        FindingState.CHECK if can_stay else FindingState.MUST_FIX,
        found,
        proposal=f"Merge into {shown}".replace("{", "{{").replace("}", "}}"),
    )


def _labels_apart(table: Rows) -> Finding:
    groups = meant_apart(table.frame)
    labels = {label for group in groups for label in group}
    return table.finding(
        "labels_apart",
        "Labels that differ by capitals alone",
        FindingState.CHECK,
        _is_in(table.frame["label"].to_numpy(), labels),
        advice="Synthetic and real rows use them side by side, so they stay apart. If they mean "
        "the same, write them in one way in the files.",
    )


def _one_source_label(table: Rows) -> Finding:
    found = table.in_training & _is_other(table.labels, table.known)
    title = "Label only in one source"
    if not table.known:
        synthetic, real = (_few_of(table.label_set(part)) for part in (SYNTHETIC, TRAIN))
        title = f"No label in common: synthetic {synthetic}; real {real}"
    return table.finding(
        "one_source_label",
        title,
        FindingState.MUST_FIX,
        found,
        of=int(table.in_training.sum()),
        # With no label in common there is nothing to keep: the label column is the wrong one.
        excludes=found if table.known else None,
        proposal="Exclude {n}" if table.known else "",
    )


def _unknown_label(table: Rows) -> Finding:
    held_out = ~table.in_training
    found = held_out & _is_other(table.labels, table.known)
    return table.finding(
        "unknown_label",
        "Unknown label in validation or test",
        FindingState.MUST_FIX,
        found,
        of=int(held_out.sum()),
        excludes=found if table.known else None,
        proposal="Exclude {n}" if table.known else "",
    )


def _few_of(labels: set[str]) -> str:
    shown = ", ".join(quoted(label) for label in sorted(labels)[:4]) or "none"
    return f"{shown} and {len(labels) - 4:,} more" if len(labels) > 4 else shown


def _is_other(labels: np.ndarray, known: set[str]) -> np.ndarray:
    return ~_is_in(labels, known | {None})


def _is_in(values: np.ndarray, chosen: Container[str | None]) -> np.ndarray:
    return np.array([value in chosen for value in values], dtype=bool)


def _leaks(table: Rows) -> Iterable[Finding]:
    """Look for held-out texts among the rows that training or checkpoint choice sees."""
    for held_out, place, state in (
        (TEST, SYNTHETIC, FindingState.MUST_FIX),
        (TEST, TRAIN, FindingState.MUST_FIX),
        (TEST, VALIDATION, FindingState.MUST_FIX),
        (VALIDATION, SYNTHETIC, FindingState.CHECK),
        (VALIDATION, TRAIN, FindingState.CHECK),
    ):
        keys = set(table.keys[table.parts[held_out]]) - {""}
        found = table.parts[place] & _is_in(table.keys, keys)
        yield table.finding(
            f"{held_out}_in_{place}",
            f"Leak: {_PART_TITLES[held_out]} row in {_PART_TITLES[place]}",
            state,
            found,
            of=int(table.parts[place].sum()),
            excludes=found,
            proposal="Exclude {n}",
        )


def _exact_duplicates(table: Rows) -> Finding:
    columns = ["source", "text", "text_pair", "label"]
    training = table.frame.loc[table.in_training, columns]
    found = np.zeros(len(table.frame), bool)
    found[table.in_training] = training.duplicated(keep="first").to_numpy()
    return table.finding(
        "exact_duplicates",
        "Exact duplicates",
        FindingState.CHECK,
        found,
        of=int(table.in_training.sum()),
        excludes=found,
        proposal="Keep first, exclude {n}",
    )


def _few_rows(table: Rows, left: np.ndarray) -> Finding:
    """Find labels too rare to learn in a source once the proposals before are accepted.

    Below `FEWEST_ROWS` the label goes altogether; below `FEW_ROWS` it is shown.
    """
    counts = table.training_counts(left)
    too_few = {label for found in counts.values() for label in found if found[label] < FEWEST_ROWS}
    limit = FEWEST_ROWS if too_few else FEW_ROWS
    found = np.zeros(len(left), bool)
    for part, of_label in counts.items():
        few = {label for label in of_label if of_label[label] < limit}
        found |= left & table.parts[part] & _is_in(table.labels, few)
    # Also the rows that another proposal would exclude: that one may not be accepted.
    excludes = _is_in(table.labels, too_few)
    return table.finding(
        "few_rows",
        f"Label with fewer than {limit} rows in a source",
        FindingState.MUST_FIX if too_few else FindingState.CHECK,
        found | excludes,
        excludes=excludes,
        proposal="Exclude {n}" if too_few else "",
    )


def _nothing_left(table: Rows, left: np.ndarray, whole: Rows, needed: Container[str]) -> Finding:
    """Tell whether accepting everything leaves something to train and to report on."""
    empty = [
        _PART_TITLES[part]
        for part, mask in table.parts.items()
        if part in needed and not (left & mask).any()
    ]
    found = np.ones(len(whole.frame), bool)
    if len(table.learnable(left)) < 2:
        title = "Fewer than two labels in both sources"
    elif empty:
        title = f"No usable row in {', '.join(empty)}"
    else:
        title, found = "Two labels and a row in every split", ~found
    return whole.finding("nothing_left", title, FindingState.MUST_FIX, found)


def _absent_label(table: Rows, left: np.ndarray) -> Finding:
    known = table.learnable(left)
    absent = {
        label
        for part in (VALIDATION, TEST)
        for label in known - set(table.labels[left & table.parts[part]])
    }
    return Finding(
        code="absent_label",
        title="Label without a validation or test row",
        state=FindingState.CHECK if absent else FindingState.FINE,
        rows=(),
        of=len(known),
        proposal=", ".join(sorted(absent))[:80],
        labels=tuple((label, 0) for label in sorted(absent)),
    )


def _encoding_damage(table: Rows) -> Finding:
    return table.finding(
        "encoding_damage", "Encoding damage", FindingState.CHECK, _matches(table, _DAMAGE)
    )


def _control_characters(table: Rows) -> Finding:
    return table.finding(
        "control", "Control characters", FindingState.CHECK, _matches(table, _CONTROL)
    )


def _matches(table: Rows, pattern: re.Pattern[str]) -> list[bool]:
    columns = [table.frame[name] for name in ("text", "text_pair", "label")]
    return [
        any(cell is not None and pattern.search(cell) is not None for cell in cells)
        for cells in zip(*columns, strict=True)
    ]


def _imbalance(table: Rows, left: np.ndarray) -> Finding:
    ratios = {}
    for part, counts in table.training_counts(left).items():
        sizes = [rows for rows in counts.values() if rows]
        ratios[part] = max(sizes) / min(sizes) if sizes else 1.0
    worst = max(ratios, key=ratios.__getitem__)
    uneven = ratios[worst] >= IMBALANCE
    where = f", {ratios[worst]:.0f} : 1 in {_PART_TITLES[worst]}" if uneven else ""
    return Finding(
        code="imbalance",
        title=f"Class imbalance{where}",
        state=FindingState.CHECK if uneven else FindingState.FINE,
        rows=(),
        of=len(table.known),
        labels=counted(table.labels[left & table.parts[worst]]) if uneven else (),
    )
