"""Every check of rows before they are stored, all at once, each with the rows it concerns.

The rows are a table with the columns of `synthcur.schema.ROW_COLUMNS` except ``sample_id``, and
``file``. A check looks and proposes; nothing is changed until a person accepts the proposal.
Texts are compared after Unicode compatibility folding, ignoring case and runs of spaces, except for
exact duplicates, which are exact.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from synthcur.schema import REAL, SYNTHETIC, TEST, TRAIN, VALIDATION, Finding

MUST_FIX, CHECK, FINE = "must_fix", "check", "fine"
MAX_TOKENS = 128
FEWEST_ROWS = 2
"""Rows of a label below which neither checker can learn it."""
FEW_ROWS = 5
"""Rows of a label below which the folds of the out-of-fold figures cannot all hold one."""
IMBALANCE = 10.0
"""Ratio of the largest to the smallest label from which imbalance is worth a look."""

_PARTS = {
    SYNTHETIC: (SYNTHETIC, TRAIN),
    TRAIN: (REAL, TRAIN),
    VALIDATION: (REAL, VALIDATION),
    TEST: (REAL, TEST),
}
_PART_TITLES = {SYNTHETIC: "synthetic", TRAIN: "real train", VALIDATION: "validation", TEST: "test"}
_BLANK = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DAMAGE = re.compile(r"\ufffd|[ÃÂÐÑ][\x80-\xbf]|â€|ï»¿|ï¿½")
_TOKEN = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|\w+|[^\w\s]")


def validate(rows: pd.DataFrame) -> list[Finding]:
    """Run every check.

    Parameters
    ----------
    rows
        Columns ``source, split, text, text_pair, label, row, file``; ``text_pair`` and ``label``
        may be None.

    Returns
    -------
    list of Finding
        One a check, those that must be fixed first; a check without rows is ``fine``.
    """
    table = _Rows(rows.reset_index(drop=True))
    first = [
        _empty_text(table),
        _missing_label(table),
        _label_variants(table),
        _one_source_label(table),
        _unknown_label(table),
        *_leaks(table),
        _two_labels(table),
        _exact_duplicates(table),
    ]
    gone = {row for finding in first for row in finding.excludes}
    few = _few_rows(table, gone)
    gone |= set(few.excludes)
    findings = [
        *first,
        few,
        _nothing_left(table, gone),
        _held_out_two_labels(table),
        _absent_label(table, gone),
        _too_long(table),
        _encoding_damage(table),
        _control_characters(table),
        _imbalance(table, gone),
    ]
    order = (MUST_FIX, CHECK, FINE)
    return sorted(findings, key=lambda finding: order.index(finding.state))


def text_keys(rows: pd.DataFrame) -> list[str]:
    """Return what makes two samples the same text: folded text and second text (n,)."""
    pairs = [_fold(pair or "") for pair in rows["text_pair"]]
    return [
        f"{_fold(text)}\x1f{pair}" if pair else _fold(text)
        for text, pair in zip(rows["text"], pairs, strict=True)
    ]


def label_merges(rows: pd.DataFrame) -> dict[str, str]:
    """Map labels that differ only by case, space or Unicode form to the form used most.

    The form used most by real training rows is kept; labels without variants are not in the map.
    """
    real = (rows["source"] == REAL) & (rows["split"] == TRAIN)
    uses = Counter(label for label in rows["label"] if not is_blank(label))
    real_uses = Counter(label for label in rows["label"][real] if not is_blank(label))
    forms: dict[str, list[str]] = {}
    for label in sorted(uses):
        forms.setdefault(_fold(label), []).append(label)
    merges = {}
    for variants in forms.values():
        kept = max(variants, key=lambda label: (real_uses[label], uses[label]))
        merges.update({label: kept for label in variants if label != kept})
    return merges


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to read: missing, or only spaces and invisible characters."""
    return text is None or _BLANK.fullmatch(text) is not None


def estimated_tokens(text: str) -> int:
    """Estimate the word pieces of a text: punctuation and every started 6 letters count one."""
    return sum(1 + (len(token) - 1) // 6 for token in _TOKEN.findall(text))


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.split()).casefold()


@dataclass(frozen=True)
class _Rows:
    """The rows under check and what several checks need of them."""

    frame: pd.DataFrame

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        return list(zip(self.frame["file"], self.frame["row"].tolist(), strict=True))

    @cached_property
    def keys(self) -> np.ndarray:
        return np.array(text_keys(self.frame), dtype=object)

    @cached_property
    def merges(self) -> Mapping[str, str]:
        return label_merges(self.frame)

    @cached_property
    def labels(self) -> np.ndarray:
        """Labels after merging variants; None where missing."""
        merged = [
            None if is_blank(label) else self.merges.get(label, label)
            for label in self.frame["label"]
        ]
        return np.array(merged, dtype=object)

    @cached_property
    def has_pairs(self) -> bool:
        return bool(self.frame["text_pair"].notna().any())

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """Mask (n,) of each part."""
        source, split = self.frame["source"].to_numpy(), self.frame["split"].to_numpy()
        return {name: (source == s) & (split == t) for name, (s, t) in _PARTS.items()}

    @cached_property
    def in_training(self) -> np.ndarray:
        return self.parts[SYNTHETIC] | self.parts[TRAIN]

    def label_set(self, part: str) -> set[str]:
        return {label for label in self.labels[self.parts[part]] if label is not None}

    @cached_property
    def known(self) -> set[str]:
        """Labels that both checkers can learn."""
        return self.label_set(SYNTHETIC) & self.label_set(TRAIN)

    def left(self, gone: set[tuple[str, int]]) -> np.ndarray:
        return np.array([place not in gone for place in self.places], dtype=bool)

    def finding(
        self,
        code: str,
        title: str,
        state: str,
        found: np.ndarray | Iterable[bool],
        *,
        of: int | None = None,
        excludes: np.ndarray | None = None,
        proposal: str = "",
    ) -> Finding:
        """Make a finding of a mask; ``{n}`` in the proposal is the number of excluded rows."""
        rows = self._at(np.asarray(found, dtype=bool))
        left_out = self._at(excludes) if excludes is not None else ()
        return Finding(
            code=code,
            title=title,
            state=state if rows else FINE,
            rows=rows,
            of=len(self.frame) if of is None else of,
            proposal=proposal.format(n=f"{len(left_out):,}") if rows else "",
            excludes=left_out,
        )

    def _at(self, mask: np.ndarray) -> tuple[tuple[str, int], ...]:
        return tuple(self.places[i] for i in np.flatnonzero(mask))


def _empty_text(table: _Rows) -> Finding:
    found = np.array([is_blank(text) for text in table.frame["text"]], dtype=bool)
    if table.has_pairs:
        found |= np.array([is_blank(text) for text in table.frame["text_pair"]], dtype=bool)
    return table.finding(
        "empty_text", "Empty text", MUST_FIX, found, excludes=found, proposal="Exclude {n}"
    )


def _missing_label(table: _Rows) -> Finding:
    found = np.array([label is None for label in table.labels], dtype=bool)
    return table.finding(
        "missing_label", "Missing label", MUST_FIX, found, excludes=found, proposal="Exclude {n}"
    )


def _label_variants(table: _Rows) -> Finding:
    """Variants must be merged where one of them is not a label of both sources by itself."""
    written = table.frame["label"].to_numpy()
    both = set(written[table.parts[SYNTHETIC]]) & set(written[table.parts[TRAIN]])
    forms = set(table.merges) | set(table.merges.values())
    found = np.array([label in table.merges for label in written], dtype=bool)
    shown = ", ".join(f"“{label[:20]}”" for label in sorted(set(table.merges.values()))[:3])
    return table.finding(
        "label_variants",
        "Labels that differ by case or space",
        CHECK if forms <= both else MUST_FIX,
        found,
        proposal=f"Merge into {shown}".replace("{", "{{").replace("}", "}}"),
    )


def _one_source_label(table: _Rows) -> Finding:
    found = table.in_training & _is_other(table.labels, table.known)
    return table.finding(
        "one_source_label",
        "Label only in one source",
        MUST_FIX,
        found,
        of=int(table.in_training.sum()),
        # With no label in common there is nothing to keep: the label column is the wrong one.
        excludes=found if table.known else None,
        proposal="Exclude {n}" if table.known else "",
    )


def _unknown_label(table: _Rows) -> Finding:
    held_out = ~table.in_training
    found = held_out & _is_other(table.labels, table.known)
    return table.finding(
        "unknown_label",
        "Unknown label in validation or test",
        MUST_FIX,
        found,
        of=int(held_out.sum()),
        excludes=found if table.known else None,
        proposal="Exclude {n}" if table.known else "",
    )


def _is_other(labels: np.ndarray, known: set[str]) -> np.ndarray:
    return np.array([label is not None and label not in known for label in labels], dtype=bool)


def _leaks(table: _Rows) -> Iterable[Finding]:
    """Look for held-out texts among the rows that training or checkpoint choice sees."""
    for held_out, place, state in (
        (TEST, SYNTHETIC, MUST_FIX),
        (TEST, TRAIN, MUST_FIX),
        (TEST, VALIDATION, MUST_FIX),
        (VALIDATION, SYNTHETIC, CHECK),
        (VALIDATION, TRAIN, CHECK),
    ):
        keys = set(table.keys[table.parts[held_out]]) - {""}
        found = table.parts[place] & np.array([key in keys for key in table.keys], dtype=bool)
        yield table.finding(
            f"{held_out}_in_{place}",
            f"Leak: {_PART_TITLES[held_out]} row in {_PART_TITLES[place]}",
            state,
            found,
            of=int(table.parts[place].sum()),
            excludes=found,
            proposal="Exclude {n}",
        )


def _two_labels(table: _Rows) -> Finding:
    """Find texts under several labels; rows that agree with a single real label may stay."""
    found, excludes = np.zeros(len(table.frame), bool), np.zeros(len(table.frame), bool)
    for rows in _conflicts(table, table.in_training):
        found[rows] = True
        real = {table.labels[i] for i in rows if table.parts[TRAIN][i]}
        excludes[[i for i in rows if real != {table.labels[i]}]] = True
        if len(real) == 1:
            excludes[[i for i in rows if table.parts[TRAIN][i]]] = False
    return table.finding(
        "two_labels",
        "Same text, two labels",
        MUST_FIX,
        found,
        of=int(table.in_training.sum()),
        excludes=excludes,
        proposal="Exclude {n}",
    )


def _held_out_two_labels(table: _Rows) -> Finding:
    held_out = ~table.in_training
    found = np.zeros(len(table.frame), bool)
    for rows in _conflicts(table, held_out):
        found[rows] = True
    return table.finding(
        "held_out_two_labels",
        "Same text, two labels in validation or test",
        CHECK,
        found,
        of=int(held_out.sum()),
    )


def _conflicts(table: _Rows, among: np.ndarray) -> Iterable[list[int]]:
    """Yield the row indices of each text that carries more than one label."""
    groups: dict[str, list[int]] = {}
    for i in np.flatnonzero(among):
        if table.keys[i] and table.labels[i] is not None:
            groups.setdefault(table.keys[i], []).append(int(i))
    return (rows for rows in groups.values() if len({table.labels[i] for i in rows}) > 1)


def _exact_duplicates(table: _Rows) -> Finding:
    columns = ["source", "text", "text_pair", "label"]
    training = table.frame.loc[table.in_training, columns]
    found = np.zeros(len(table.frame), bool)
    found[table.in_training] = training.duplicated(keep="first").to_numpy()
    return table.finding(
        "exact_duplicates",
        "Exact duplicates",
        CHECK,
        found,
        of=int(table.in_training.sum()),
        excludes=found,
        proposal="Keep first, exclude {n}",
    )


def _few_rows(table: _Rows, gone: set[tuple[str, int]]) -> Finding:
    """Labels too rare to learn once every other proposal is accepted."""
    counts = _training_counts(table, gone)
    too_few = {label for label, least in counts.items() if least < FEWEST_ROWS}
    few = {label for label, least in counts.items() if least < FEW_ROWS}
    found = np.array([label in few for label in table.labels], dtype=bool) & table.left(gone)
    excludes = np.array([label in too_few for label in table.labels], dtype=bool)
    return table.finding(
        "few_rows",
        f"Label with fewer than {FEWEST_ROWS if too_few else FEW_ROWS} rows in a source",
        MUST_FIX if too_few else CHECK,
        found & excludes if too_few else found,
        excludes=excludes & table.left(gone) if too_few else None,
        proposal="Exclude {n}" if too_few else "",
    )


def _training_counts(table: _Rows, gone: set[tuple[str, int]]) -> dict[str, int]:
    """Count each known label in the source that has fewer rows of it."""
    left = table.left(gone)
    synthetic = Counter(table.labels[left & table.parts[SYNTHETIC]])
    real = Counter(table.labels[left & table.parts[TRAIN]])
    return {label: min(synthetic[label], real[label]) for label in sorted(table.known)}


def _nothing_left(table: _Rows, gone: set[tuple[str, int]]) -> Finding:
    """Whether accepting everything would leave something to train and to report on."""
    labels = sum(least > 0 for least in _training_counts(table, gone).values())
    left = table.left(gone)
    empty = [_PART_TITLES[part] for part, mask in table.parts.items() if not (left & mask).any()]
    if labels < 2:
        title, found = "Fewer than two labels in both sources", table.in_training
    elif empty:
        title, found = f"No usable row in {', '.join(empty)}", np.ones(len(table.frame), bool)
    else:
        title, found = "Two labels and a row in every split", np.zeros(len(table.frame), bool)
    return table.finding("nothing_left", title, MUST_FIX, found)


def _absent_label(table: _Rows, gone: set[tuple[str, int]]) -> Finding:
    left = table.left(gone)
    known = {label for label, least in _training_counts(table, gone).items() if least}
    absent = {
        label
        for part in (VALIDATION, TEST)
        for label in known - set(table.labels[left & table.parts[part]])
    }
    return Finding(
        code="absent_label",
        title="Label without a validation or test row",
        state=CHECK if absent else FINE,
        rows=(),
        of=len(known),
        proposal=", ".join(sorted(absent))[:80],
    )


def _too_long(table: _Rows) -> Finding:
    special = 3 if table.has_pairs else 2

    def is_long(text: str, pair: str | None) -> bool:
        whole = f"{text} {pair}" if pair else text
        # A piece has at least one character, so most texts need no counting.
        return len(whole) > MAX_TOKENS - special and estimated_tokens(whole) > MAX_TOKENS - special

    texts, pairs = table.frame["text"], table.frame["text_pair"]
    found = [is_long(text, pair) for text, pair in zip(texts, pairs, strict=True)]
    return table.finding(
        "too_long",
        f"Too long for {MAX_TOKENS} tokens (estimate)",
        CHECK,
        found,
        proposal=f"Cut at {MAX_TOKENS}",
    )


def _encoding_damage(table: _Rows) -> Finding:
    return table.finding("encoding_damage", "Encoding damage", CHECK, _matches(table, _DAMAGE))


def _control_characters(table: _Rows) -> Finding:
    return table.finding("control", "Control characters", CHECK, _matches(table, _CONTROL))


def _matches(table: _Rows, pattern: re.Pattern[str]) -> list[bool]:
    columns = [table.frame[name] for name in ("text", "text_pair", "label")]
    return [
        any(cell is not None and pattern.search(cell) is not None for cell in cells)
        for cells in zip(*columns, strict=True)
    ]


def _imbalance(table: _Rows, gone: set[tuple[str, int]]) -> Finding:
    left = table.left(gone)
    ratio, where = 1.0, SYNTHETIC
    for part in (SYNTHETIC, TRAIN):
        counts = Counter(label for label in table.labels[left & table.parts[part]] if label)
        if counts and max(counts.values()) / min(counts.values()) > ratio:
            ratio, where = max(counts.values()) / min(counts.values()), part
    uneven = ratio > IMBALANCE
    return Finding(
        code="imbalance",
        title=f"Class imbalance, {ratio:.0f} : 1 in {_PART_TITLES[where]}"
        if uneven
        else "Class imbalance",
        state=CHECK if uneven else FINE,
        rows=(),
        of=len(table.known),
    )
