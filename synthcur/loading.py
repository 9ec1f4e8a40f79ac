"""Files -> a draft with every finding -> a Collection. Column mapping happens only here.

The three steps, as used by the Data page, the command line and the demo::

    read_table(path_or_bytes, name="", *, delimiter=None, limits=LIMITS) -> RawTable
    guess_columns(frame, *, text=None, text_pair=None, label=None) -> ColumnMapping
    build(name, tables, mapping=None, *, seed=0, title="", note="", guidelines={}) -> Draft
    accept(draft, codes=None) -> Collection

`tables` has the parts ``synthetic`` and ``train``, and may have ``validation`` and ``test``; what
is missing is drawn from train. `mapping` is one for all parts, one a part, or guessed. `accept`
takes the codes of the findings whose proposals are accepted; None accepts every proposal.
"""

import re
from collections.abc import Collection as Codes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthcur.checks import validate
from synthcur.columns import ColumnMapping, guess_columns
from synthcur.errors import FindingsError, InputError
from synthcur.reading import read_table
from synthcur.schema import (
    REAL,
    ROW_COLUMNS,
    SYNTHETIC,
    TEST,
    TRAIN,
    VALIDATION,
    Collection,
    Finding,
    sample_ids,
)
from synthcur.splits import draw_splits
from synthcur.tables import RawTable, Rejected
from synthcur.texts import is_blank, label_merges, text_keys

__all__ = [
    "PARTS",
    "ColumnMapping",
    "Draft",
    "RawTable",
    "accept",
    "build",
    "guess_columns",
    "read_table",
]

PARTS = (SYNTHETIC, TRAIN, VALIDATION, TEST)
"""What a file can be; all but the first are real rows."""
MERGE = "label_variants"
"""Code of the finding whose proposal changes labels instead of excluding rows."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Draft:
    """Everything that was read and found; nothing of it is stored.

    Attributes
    ----------
    name, title, note, guidelines, made_splits
        As in `synthcur.schema.Collection`.
    rows
        One row a sample as in `ROW_COLUMNS`, without ``sample_id`` and with ``file``.
    provenance
        Every other column, same length and order.
    findings
        One a check, those that must be fixed first.
    rejected
        Rows that could not be read, by file.
    merges
        Label -> the form it is merged into, should that proposal be accepted.
    """

    name: str
    rows: pd.DataFrame
    provenance: pd.DataFrame
    findings: tuple[Finding, ...]
    rejected: Mapping[str, tuple[Rejected, ...]]
    merges: Mapping[str, str]
    title: str = ""
    note: str = ""
    guidelines: Mapping[str, str] = field(default_factory=dict)
    made_splits: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Rows of all files: those kept and those left out always add up to this."""
        return len(self.rows) + sum(map(len, self.rejected.values()))

    @property
    def proposals(self) -> frozenset[str]:
        """Codes of the findings whose proposal changes what is stored."""
        return frozenset(
            f.code for f in self.findings if f.excludes or (f.code == MERGE and f.rows)
        )

    def unresolved(self, codes: Codes[str]) -> list[Finding]:
        """Return the findings that must be fixed and are not among the accepted ones."""
        accepted = self.proposals & set(codes)
        return [f for f in self.findings if f.state == "must_fix" and f.code not in accepted]

    def kept(self, codes: Codes[str]) -> np.ndarray:
        """Return the mask (n,) of `rows` that stay when the proposals in `codes` are accepted."""
        gone = {place for f in self.findings if f.code in codes for place in f.excludes}
        places = zip(self.rows["file"], self.rows["row"].tolist(), strict=True)
        return np.array([place not in gone for place in places], dtype=bool)


def build(
    name: str,
    tables: Mapping[str, RawTable],
    mapping: ColumnMapping | Mapping[str, ColumnMapping] | None = None,
    *,
    seed: int = 0,
    title: str = "",
    note: str = "",
    guidelines: Mapping[str, str] = _NO_TEXTS,
) -> Draft:
    """Map the columns, draw the splits that no file gives, and run every check.

    Parameters
    ----------
    name
        Short name: letters, digits, ``_`` and ``-``.
    tables
        What was read, by part.
    mapping
        One for all parts, or one a part; guessed where not given.
    seed
        Seed of the splits.
    title, note, guidelines
        Shown to people.

    Raises
    ------
    InputError
        If a part is missing, a column cannot be found, or only some parts have a second text.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"“{name[:60]}” cannot be a collection's name.",
            fix="Use up to 60 letters, digits, - and _, beginning with a letter or digit.",
        )
    for part in (SYNTHETIC, TRAIN):
        if part not in tables:
            what = "synthetic" if part == SYNTHETIC else "real training"
            raise InputError(f"There is no file of {what} rows.", fix="Give one.")
    files = _file_names(tables)
    mappings = {part: _mapping(part, tables[part], mapping) for part in files}
    _check_pairs(mappings)
    rows = pd.concat(
        [_rows(part, tables[part], mappings[part], files[part]) for part in files],
        ignore_index=True,
    )
    missing = tuple(part for part in (VALIDATION, TEST) if part not in tables)
    rows = _with_splits(rows, missing, seed)
    rejected = {files[part]: tables[part].rejected for part in files if tables[part].rejected}
    findings = [*_rejected_finding(rejected, len(rows)), *validate(rows)]
    if missing:
        findings.append(_splits_finding(rows, missing))
    order = ("must_fix", "check", "fine")
    return Draft(
        name=name,
        rows=rows,
        provenance=_provenance(tables, mappings),
        findings=tuple(sorted(findings, key=lambda f: order.index(f.state))),
        rejected=rejected,
        merges=label_merges(rows),
        title=title,
        note=note,
        guidelines=dict(guidelines),
        made_splits=missing,
    )


def accept(draft: Draft, codes: Codes[str] | None = None) -> Collection:
    """Apply the accepted proposals and make the collection.

    Parameters
    ----------
    draft
        What was read.
    codes
        Findings whose proposals are accepted; None accepts all.

    Raises
    ------
    FindingsError
        If a finding that must be fixed is not resolved that way.
    """
    codes = draft.proposals if codes is None else draft.proposals & set(codes)
    if unresolved := draft.unresolved(codes):
        raise FindingsError(
            f"Nothing was stored: {'; '.join(_in_words(finding) for finding in unresolved)}.",
            fix="Accept the proposals, or correct the files and read them again.",
        )
    kept = draft.kept(codes)
    rows = draft.rows.loc[kept].reset_index(drop=True)
    if MERGE in codes:
        merged = [draft.merges.get(label, label) for label in rows["label"]]
        rows["label"] = pd.Series(merged, dtype=object)
    rows.insert(0, "sample_id", sample_ids(rows))
    return Collection(
        name=draft.name,
        labels=tuple(sorted(set(rows["label"]))),
        rows=rows.loc[:, list(ROW_COLUMNS)],
        provenance=draft.provenance.loc[kept].reset_index(drop=True),
        title=draft.title,
        note=draft.note,
        guidelines=draft.guidelines,
        made_splits=draft.made_splits,
    )


def _in_words(finding: Finding) -> str:
    """Name a finding and its first rows."""
    first = ", ".join(f"{row:,}" for _, row in finding.rows[:5])
    more = " …" if len(finding.rows) > 5 else ""
    where = f" ({finding.rows[0][0]}, row {first}{more})" if finding.rows else ""
    plural = "" if len(finding.rows) == 1 else "s"
    return f"{finding.title}, {len(finding.rows):,} row{plural}{where}"


def _file_names(tables: Mapping[str, RawTable]) -> dict[str, str]:
    """Name each part's file so that no two parts share a name."""
    names = [tables[part].name for part in PARTS if part in tables]
    return {
        part: name if names.count(name := tables[part].name) == 1 else f"{part}: {name}"
        for part in PARTS
        if part in tables
    }


def _mapping(
    part: str, table: RawTable, mapping: ColumnMapping | Mapping[str, ColumnMapping] | None
) -> ColumnMapping:
    given = mapping.get(part) if isinstance(mapping, Mapping) else mapping
    if given is None:
        return guess_columns(table.frame, name=table.name)
    return guess_columns(
        table.frame,
        text=given.text,
        text_pair=given.text_pair or "",
        label=given.label,
        name=table.name,
    )


def _check_pairs(mappings: Mapping[str, ColumnMapping]) -> None:
    single = [part for part, mapping in mappings.items() if not mapping.text_pair]
    if single and len(single) < len(mappings):
        raise InputError(
            f"Some files have a second text, {' and '.join(single)} not.",
            fix="Choose the column of the second text for all files, or for none.",
        )


def _rows(part: str, table: RawTable, mapping: ColumnMapping, file: str) -> pd.DataFrame:
    frame = table.frame
    pairs = frame[mapping.text_pair] if mapping.text_pair else [None] * len(frame)
    cells = {
        "source": [SYNTHETIC if part == SYNTHETIC else REAL] * len(frame),
        "split": [TRAIN if part == SYNTHETIC else part] * len(frame),
        "text": [_text(cell) or "" for cell in frame[mapping.text]],
        "text_pair": [_text(cell) for cell in pairs],
        "label": [_text(cell) for cell in frame[mapping.label]],
        "file": [file] * len(frame),
    }
    # Left to itself pandas would choose a text type in which None becomes NaN.
    rows = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in cells.items()})
    return rows.assign(row=table.rows)


def _text(cell: Any) -> str | None:
    """Write a cell as text, truth values as in JSON; None stays None."""
    if cell is None or isinstance(cell, str):
        return cell
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _with_splits(rows: pd.DataFrame, missing: tuple[str, ...], seed: int) -> pd.DataFrame:
    """Draw the missing splits from the training rows that can be used; the rest stays in train."""
    if not missing:
        return rows
    merges = label_merges(rows)
    labels = pd.Series([merges.get(label, label) for label in rows["label"]], dtype=object)
    synthetic = rows["source"] == SYNTHETIC
    usable = (
        (rows["source"] == REAL)
        & (rows["split"] == TRAIN)
        & labels.isin(set(labels[synthetic]))
        & ~labels.map(is_blank)
        & ~rows["text"].map(is_blank)
    )
    drawn = draw_splits(labels[usable].tolist(), text_keys(rows.loc[usable]), missing, seed=seed)
    split = rows["split"].to_numpy(dtype=object, copy=True)
    split[usable.to_numpy()] = drawn
    return rows.assign(split=split)


def _splits_finding(rows: pd.DataFrame, missing: tuple[str, ...]) -> Finding:
    real = rows[rows["source"] == REAL]
    sizes = ", ".join(f"{split} {(real['split'] == split).sum():,}" for split in missing)
    return Finding(
        code="made_splits",
        title=f"Drawn from real train: {sizes}",
        state="check",
        rows=(),
        of=len(real),
    )


def _rejected_finding(rejected: Mapping[str, tuple[Rejected, ...]], read: int) -> Iterable[Finding]:
    places = tuple((file, item.row) for file, items in rejected.items() for item in items)
    yield Finding(
        code="unreadable",
        title="Rows that could not be read",
        state="must_fix" if places else "fine",
        rows=places,
        of=read + len(places),
        proposal=f"Leave out {len(places):,}" if places else "",
        excludes=places,
    )


def _provenance(
    tables: Mapping[str, RawTable], mappings: Mapping[str, ColumnMapping]
) -> pd.DataFrame:
    """Put the other columns of all parts together; one kind of value a column."""
    frames = [
        tables[part].frame.loc[:, mapping.provenance(tables[part].frame.columns)]
        for part, mapping in mappings.items()
    ]
    columns = list(dict.fromkeys(column for frame in frames for column in frame.columns))
    return pd.DataFrame(
        {column: _one_kind(_cells(frames, column)) for column in columns},
        index=pd.RangeIndex(sum(map(len, frames))),
    )


def _cells(frames: Iterable[pd.DataFrame], column: str) -> list[Any]:
    return [
        cell
        for frame in frames
        for cell in (frame[column] if column in frame else [None] * len(frame))
    ]


def _one_kind(cells: list[Any]) -> pd.Series:
    """Keep truth values, whole numbers and numbers where all cells are; else make all text."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean")
    if kinds == {int} and all(cell is None or abs(cell) < 2**63 for cell in cells):
        return pd.Series(cells, dtype="Int64")
    if kinds and kinds <= {int, float}:
        return pd.Series(cells, dtype="float64")
    return pd.Series([_text(cell) for cell in cells], dtype=object)
