"""What was read and found before anything is stored, and the step to a collection."""

from collections import Counter
from collections.abc import Collection as Codes
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from synthcur.data.labels import in_order, quoted
from synthcur.data.people import with_labels
from synthcur.data.said import Said
from synthcur.data.tables import Rejected
from synthcur.data.texts import is_blank, text_keys
from synthcur.errors import FindingsError, InputError
from synthcur.schema import (
    REAL,
    ROW_COLUMNS,
    SYNTHETIC,
    Collection,
    Finding,
    FindingState,
    sample_ids,
)

MERGE = "label_variants"
"""Code of the finding whose proposal changes labels instead of excluding rows."""
TWO_LABELS = "two_labels"
"""Code of the finding for which single rows can be chosen."""
LARGE_SHARE = 0.05
"""Share of the rows of a source from which leaving them out is no small matter."""


@dataclass(frozen=True)
class Draft:
    """Everything that was read and found; nothing of it is stored.

    Attributes
    ----------
    name, title, note, guidelines, made_splits
        As in `synthcur.schema.Collection`.
    rows
        One row per sample as in `ROW_COLUMNS`, without ``sample_id`` and with ``file``.
    provenance
        Every other column, same length and order.
    findings
        One a check, those that must be fixed first.
    rejected
        Rows that could not be read, by file.
    merges
        Label -> the form it is merged into, should that proposal be accepted.
    said
        What people said of the synthetic rows, where it is taken as decisions.
    layout
        As in `synthcur.schema.Collection`.
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
    said: tuple[Said, ...] = ()
    layout: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Rows of all files: those kept and those left out always add up to this."""
        return len(self.rows) + sum(map(len, self.rejected.values()))

    @property
    def proposals(self) -> frozenset[str]:
        """Codes of the findings whose proposal changes what is stored; offers are none of them."""
        return frozenset(
            f.code
            for f in self.findings
            if (f.excludes and not f.is_offer) or (f.code == MERGE and f.rows)
        )

    @property
    def offers(self) -> frozenset[str]:
        """Codes of the findings whose proposal is accepted only where it is asked for by name."""
        return frozenset(f.code for f in self.findings if f.excludes and f.is_offer)

    @cached_property
    def losses(self) -> tuple["Loss", ...]:
        """What the proposals leave out, those alone that take a label or many rows of a source."""
        found = (self._loss(finding) for finding in self.findings if finding.code in self.proposals)
        return tuple(loss for loss in found if loss.labels or loss.is_large)

    def _loss(self, finding: Finding) -> "Loss":
        """Weigh what a finding leaves out against all rows of each source."""
        file_source = dict(zip(self.rows["file"], self.rows["source"], strict=True))
        totals = Counter(self.rows["source"])
        for file, items in self.rejected.items():
            totals[file_source[file]] += len(items)
        gone = Counter(file_source[file] for file, _ in finding.excludes)
        before, after = self._labels_of(frozenset()), self._labels_of(frozenset({finding.code}))
        return Loss(
            finding=finding,
            rows={source: (gone[source], totals[source]) for source in (SYNTHETIC, REAL)},
            labels=tuple(sorted({label for _, label in before - after})),
        )

    def _labels_of(self, codes: frozenset[str]) -> set[tuple[str, str]]:
        """Return source and label, variants merged, of the rows that stay and are not set aside."""
        rows = self.rows[self.kept(codes) & (self.rows["aside"] == "").to_numpy()]
        return {
            (source, self.merges.get(label, label))
            for source, label in zip(rows["source"], rows["label"], strict=True)
            if not is_blank(label)
        }

    def unresolved(self, codes: Codes[str]) -> list[Finding]:
        """Return the findings that must be fixed and are not among the accepted ones.

        So are accepted offers with which a source loses its last row of a label.
        """
        accepted, offers = self.proposals & set(codes), self.offers & set(codes)
        still_open = [
            f for f in self.findings if f.state == FindingState.MUST_FIX and f.code not in accepted
        ]
        if offers and self._labels_of(accepted) - self._labels_of(accepted | offers):
            still_open += [f for f in self.findings if f.code in offers]
        return still_open

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

    def said_under(self, codes: Codes[str]) -> tuple[Said, ...]:
        """Return `said` under the labels that rows would be stored with."""
        return with_labels(self.said, self.merges) if MERGE in codes else self.said


@dataclass(frozen=True)
class Loss:
    """What accepting the proposal of a finding takes away.

    Attributes
    ----------
    finding
        Whose proposal it is.
    rows
        Rows left out and rows in all, by source.
    labels
        Labels of which a source keeps no row.
    """

    finding: Finding
    rows: Mapping[str, tuple[int, int]]
    labels: tuple[str, ...]

    @property
    def is_large(self) -> bool:
        """Whether more than `LARGE_SHARE` of a source goes."""
        return any(gone > LARGE_SHARE * total for gone, total in self.rows.values())

    def in_words(self) -> str:
        """Say it in a sentence without its full stop."""
        shares = [
            f"{gone:,} of {total:,} {source} rows"
            for source, (gone, total) in self.rows.items()
            if gone
        ]
        said = f"“{self.finding.title}” leaves out {' and '.join(shares)}"
        if self.labels:
            shown = ", ".join(quoted(label) for label in self.labels[:8])
            more = f" and {len(self.labels) - 8:,} more" if len(self.labels) > 8 else ""
            said += f", the last ones of {shown}{more}"
        return said


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
        Findings whose proposals are accepted; None accepts all that are no mere offers.

    Raises
    ------
    FindingsError
        If a finding that must be fixed is not resolved that way.
    """
    known = draft.proposals | draft.offers
    codes = draft.proposals if codes is None else known & set(codes)
    if unresolved := draft.unresolved(codes):
        raise FindingsError(
            f"Nothing was stored: {'; '.join(_in_words(finding) for finding in unresolved)}.",
            fix="Accept the proposals, or correct the files and read them again.",
        )
    rows = draft.kept_rows(codes)
    rows.insert(0, "sample_id", sample_ids(rows))
    return Collection(
        name=draft.name,
        labels=tuple(in_order(rows["label"])),
        rows=rows.loc[:, list(ROW_COLUMNS)],
        provenance=draft.provenance.loc[draft.kept(codes)].reset_index(drop=True),
        title=draft.title,
        note=draft.note,
        guidelines=draft.guidelines,
        made_splits=draft.made_splits,
        layout=draft.layout,
    )


def _in_words(finding: Finding) -> str:
    """Name a finding and its first rows."""
    first = ", ".join(f"{file}:{row}" for file, row in finding.rows[:5])
    more = " …" if len(finding.rows) > 5 else ""
    plural = "" if len(finding.rows) == 1 else "s"
    return f"{finding.title}, {len(finding.rows):,} row{plural} ({first}{more})"
