"""The words of the data: columns, splits, and the Collection they make up.

A `Collection` is a value: rows in a fixed order, never changed in place. Column mapping, checks
and splits happen before one exists (`synthcur.data.loading`); afterwards its shape is trusted.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd

REAL, SYNTHETIC = "real", "synthetic"
TRAIN, VALIDATION, TEST = "train", "validation", "test"
SPLITS = (TRAIN, VALIDATION, TEST)

ROW_COLUMNS = ("sample_id", "source", "split", "text", "text_pair", "label", "row")
"""Columns of `Collection.rows`; ``row`` is the 1-based row number in the file it came from."""


@dataclass(frozen=True)
class Collection:
    """Synthetic and real rows of one task that belong together.

    Attributes
    ----------
    name
        Short name used in commands and addresses.
    labels
        The K labels in the order of every pred_probs column.
    rows
        One row per sample, columns `ROW_COLUMNS`; synthetic rows have split ``train``;
        ``text_pair`` is None where the task has single texts.
    provenance
        Every other column of the input, same length and order as `rows`. Kept and exported, never
        an input of a checker or a weight.
    title, note
        Shown to people.
    guidelines
        What each label means, by label; may be empty.
    made_splits
        Names of the real splits that were drawn by the app because no file gave them.
    layout
        How the columns of the synthetic rows lay in the Parquet file that they came in, see
        `data.converters.distilabel`; empty where they came otherwise.
    """

    name: str
    labels: tuple[str, ...]
    rows: pd.DataFrame
    provenance: pd.DataFrame
    title: str = ""
    note: str = ""
    guidelines: Mapping[str, str] = field(default_factory=dict)
    made_splits: tuple[str, ...] = ()
    layout: Mapping[str, str] = field(default_factory=dict)

    def part(self, source: str, split: str = TRAIN) -> pd.DataFrame:
        """Return the rows of one source and split, in order, with a fresh index."""
        rows = self.rows
        chosen = (rows["source"] == source) & (rows["split"] == split)
        return rows[chosen].reset_index(drop=True)

    @cached_property
    def synthetic(self) -> pd.DataFrame:
        """The N synthetic rows: what is weighted, mapped, reviewed."""
        return self.part(SYNTHETIC)

    @cached_property
    def real_train(self) -> pd.DataFrame:
        """The real rows that train the quality checker."""
        return self.part(REAL, TRAIN)

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by part: the three splits of the real rows, then ``synthetic``."""
        real = {split: len(self.part(REAL, split)) for split in SPLITS}
        return real | {SYNTHETIC: len(self.synthetic)}

    @cached_property
    def has_pairs(self) -> bool:
        """Whether every sample is a pair of texts."""
        return bool(self.rows["text_pair"].notna().any())

    def label_ids(self, rows: pd.DataFrame) -> np.ndarray:
        """Turn the labels of some rows into ids (n,) int64 in ``range(K)``."""
        index = {label: i for i, label in enumerate(self.labels)}
        return rows["label"].map(index).to_numpy(dtype=np.int64)

    @cached_property
    def synthetic_labels(self) -> np.ndarray:
        """Label ids of the synthetic rows in the file, (N,), read-only."""
        found = self.label_ids(self.synthetic)
        found.setflags(write=False)
        return found

    @cached_property
    def real_train_labels(self) -> np.ndarray:
        """Label ids of the real training rows, (M,), read-only."""
        found = self.label_ids(self.real_train)
        found.setflags(write=False)
        return found

    @cached_property
    def synthetic_texts(self) -> list[tuple[str, str | None]]:
        """Text and text pair of the synthetic rows, in order; one at a time, a table is slow."""
        return _texts(self.synthetic)

    @cached_property
    def real_train_texts(self) -> list[tuple[str, str | None]]:
        """Text and text pair of the real training rows, in order."""
        return _texts(self.real_train)

    @cached_property
    def synthetic_ids(self) -> list[str]:
        """Ids of the synthetic rows, in order."""
        return self.synthetic["sample_id"].tolist()

    @cached_property
    def synthetic_rows(self) -> list[int]:
        """Row of the file of the synthetic rows, in order."""
        return self.synthetic["row"].tolist()

    @cached_property
    def synthetic_row_of(self) -> dict[str, int]:
        """Row of every synthetic sample id."""
        return {sample_id: row for row, sample_id in enumerate(self.synthetic_ids)}

    @cached_property
    def fingerprint(self) -> str:
        """Name of the content: rows and labels. What is computed from them hangs on it alone."""
        digest = hashlib.sha256("\x1f".join(self.labels).encode("utf-8", "surrogatepass"))
        for column in ROW_COLUMNS[:-1]:
            values = self.rows[column].fillna("\x00").astype(str)
            digest.update("\x1f".join(values).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]

    @cached_property
    def origin(self) -> str:
        """Name of what one import said beside the content.

        These are the row numbers in the files, the splits that were drawn, and the provenance with
        its column names and types. Two imports of the same rows share the fingerprint but not this.
        """
        digest = hashlib.sha256(self.fingerprint.encode())
        numbers = self.rows["row"].tolist()
        columns = [
            (str(name), str(values.dtype), values.astype(object).where(values.notna(), None))
            for name, values in self.provenance.items()
        ]
        for part in ("origin", numbers, list(self.made_splits)):
            digest.update(json.dumps(part).encode())
        for name, kind, values in columns:
            digest.update(json.dumps([name, kind, values.tolist()], default=str).encode())
        return digest.hexdigest()[:16]


def _texts(rows: pd.DataFrame) -> list[tuple[str, str | None]]:
    pairs = (pair if isinstance(pair, str) else None for pair in rows["text_pair"])
    return list(zip(rows["text"], pairs, strict=True))


def sample_ids(rows: pd.DataFrame) -> list[str]:
    """Give every row a stable id: 16 hexadecimal digits of its content.

    The id depends on source, texts and label, and on how many equal rows came before, so a
    re-import of the same file in another order gives every text the same id.
    """
    seen: dict[str, int] = {}
    ids = []
    pairs = rows["text_pair"] if "text_pair" in rows else [None] * len(rows)
    for source, text, pair, label in zip(
        rows["source"], rows["text"], pairs, rows["label"], strict=True
    ):
        key = "\x1f".join((source, text, "" if pd.isna(pair) else pair, label))
        seen[key] = seen.get(key, 0) + 1
        payload = f"{key}\x1f{seen[key]}".encode("utf-8", "surrogatepass")
        ids.append(hashlib.sha256(payload).hexdigest()[:16])
    return ids


class FindingState(StrEnum):
    """How much a finding matters, what matters most first."""

    MUST_FIX = "must_fix"
    """Storing is refused until it is resolved."""
    CHECK = "check"
    FINE = "fine"


@dataclass(frozen=True)
class Finding:
    """One check of the input and the rows that did not pass it.

    Attributes
    ----------
    code
        Stable name, such as ``empty_text``.
    title
        What was found, in words, at most about 40 characters.
    state
        How much it matters; ``fine`` where every row passed.
    rows
        (file, 1-based row number) of every row concerned.
    of
        How many rows were looked at.
    proposal
        What happens to the rows if the user accepts, e.g. ``Exclude 3``.
    excludes
        Those of `rows` that accepting the proposal leaves out.
    labels
        Labels concerned, as they are written, each with the number of its rows among `rows`; the
        most frequent first.
    advice
        What it means and what to do about it, in sentences; empty where the title says it.
    is_offer
        Whether the proposal is one of several right things to do: it is accepted only where
        somebody asks for it by name.
    """

    code: str
    title: str
    state: FindingState
    rows: tuple[tuple[str, int], ...]
    of: int
    proposal: str = ""
    excludes: tuple[tuple[str, int], ...] = ()
    labels: tuple[tuple[str, int], ...] = ()
    advice: str = ""
    is_offer: bool = False


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Order findings by their states; those of one state keep their order."""
    order = list(FindingState)
    return sorted(findings, key=lambda finding: order.index(finding.state))
