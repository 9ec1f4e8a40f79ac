"""What was read and found before anything is stored, and the step to a collection."""

from collections.abc import Collection as Codes
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from synthcur.errors import FindingsError, InputError
from synthcur.schema import ROW_COLUMNS, Collection, Finding, sample_ids
from synthcur.tables import Rejected
from synthcur.texts import text_keys

MERGE = "label_variants"
"""Code of the finding whose proposal changes labels instead of excluding rows."""
TWO_LABELS = "two_labels"
"""Code of the finding for which single rows can be chosen."""


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

    def kept_rows(self, codes: Codes[str]) -> pd.DataFrame:
        """Return the rows that stay, under the labels that they would be stored with."""
        rows = self.rows.loc[self.kept(codes)].reset_index(drop=True)
        if MERGE not in codes:
            return rows
        merged = [self.merges.get(label, label) for label in rows["label"]]
        return rows.assign(label=pd.Series(merged, index=rows.index, dtype=object))


def keep_of_two_labels(draft: Draft, kept: Codes[tuple[str, int]]) -> Draft:
    """Choose which rows of texts with two labels stay; the others of them are left out.

    Parameters
    ----------
    draft
        What was read.
    kept
        (file, row number) of the rows to keep.

    Raises
    ------
    InputError
        If a text would still have two labels.
    """
    finding = next(f for f in draft.findings if f.code == TWO_LABELS)
    stays = set(kept) & set(finding.rows)
    places = zip(draft.rows["file"], draft.rows["row"].tolist(), strict=True)
    rows = draft.rows.loc[[place in stays for place in places]]
    labels: dict[str, str] = {}
    for key, label in zip(text_keys(rows), rows["label"], strict=True):
        label = draft.merges.get(label, label)
        if labels.setdefault(key, label) != label:
            raise InputError(
                f"A text would keep two labels, “{labels[key][:60]}” and “{label[:60]}”.",
                fix="Keep rows with one label of each text.",
            )
    left_out = tuple(place for place in finding.rows if place not in stays)
    chosen = replace(finding, excludes=left_out, proposal=f"Exclude {len(left_out):,}")
    findings = tuple(chosen if f is finding else f for f in draft.findings)
    return replace(draft, findings=findings)


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
    rows = draft.kept_rows(codes)
    rows.insert(0, "sample_id", sample_ids(rows))
    return Collection(
        name=draft.name,
        labels=tuple(sorted(set(rows["label"]))),
        rows=rows.loc[:, list(ROW_COLUMNS)],
        provenance=draft.provenance.loc[draft.kept(codes)].reset_index(drop=True),
        title=draft.title,
        note=draft.note,
        guidelines=draft.guidelines,
        made_splits=draft.made_splits,
    )


def _in_words(finding: Finding) -> str:
    """Name a finding and its first rows."""
    first = ", ".join(f"{file}:{row}" for file, row in finding.rows[:5])
    more = " …" if len(finding.rows) > 5 else ""
    plural = "" if len(finding.rows) == 1 else "s"
    return f"{finding.title}, {len(finding.rows):,} row{plural} ({first}{more})"
