"""The rows under check, and what several checks need to know of them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from synthcur.data.labels import counted
from synthcur.data.texts import is_blank, label_merges, text_keys
from synthcur.schema import REAL, SYNTHETIC, TEST, TRAIN, VALIDATION, Finding, FindingState

PARTS = {
    SYNTHETIC: (SYNTHETIC, TRAIN),
    TRAIN: (REAL, TRAIN),
    VALIDATION: (REAL, VALIDATION),
    TEST: (REAL, TEST),
}


@dataclass(frozen=True)
class Rows:
    """The rows under check and what several checks need of them."""

    frame: pd.DataFrame

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """File and row number of every row."""
        return list(zip(self.frame["file"], self.frame["row"].tolist(), strict=True))

    @cached_property
    def aside(self) -> np.ndarray:
        """Why each row is set aside before any check (n,); empty for all others."""
        if "aside" not in self.frame:
            return np.full(len(self.frame), "", dtype=object)
        return self.frame["aside"].to_numpy(dtype=object)

    @cached_property
    def keys(self) -> np.ndarray:
        """What makes two samples the same text (n,)."""
        return np.array(text_keys(self.frame), dtype=object)

    @cached_property
    def merges(self) -> Mapping[str, str]:
        """Label variants and the form each is merged into."""
        return label_merges(self.frame)

    @cached_property
    def labels(self) -> np.ndarray:
        """Labels (n,) after merging variants; None where missing."""
        merged = [
            None if is_blank(label) else self.merges.get(label, label)
            for label in self.frame["label"]
        ]
        return np.array(merged, dtype=object)

    @cached_property
    def has_pairs(self) -> bool:
        """Whether any row has a second text."""
        return bool(self.frame["text_pair"].notna().any())

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """Mask (n,) of each part."""
        source, split = self.frame["source"].to_numpy(), self.frame["split"].to_numpy()
        return {name: (source == s) & (split == t) for name, (s, t) in PARTS.items()}

    @cached_property
    def in_training(self) -> np.ndarray:
        """Mask (n,) of the rows that a model or checker is trained on."""
        return self.parts[SYNTHETIC] | self.parts[TRAIN]

    def label_set(self, part: str) -> set[str]:
        """Return the labels that occur in a part."""
        return {label for label in self.labels[self.parts[part]] if label is not None}

    @cached_property
    def known(self) -> set[str]:
        """Labels that both checkers can learn."""
        return self.label_set(SYNTHETIC) & self.label_set(TRAIN)

    def left(self, findings: Iterable[Finding]) -> np.ndarray:
        """Return the mask (n,) of the rows that no finding excludes."""
        gone = {place for finding in findings for place in finding.excludes}
        return np.array([place not in gone for place in self.places], dtype=bool)

    def training_counts(self, left: np.ndarray) -> dict[str, Counter[str]]:
        """Count the rows of every known label among `left`, in each of the training parts."""
        counts = {}
        for part in (SYNTHETIC, TRAIN):
            found = Counter(self.labels[left & self.parts[part]])
            counts[part] = Counter({label: found[label] for label in sorted(self.known)})
        return counts

    def learnable(self, left: np.ndarray) -> set[str]:
        """Return the labels of which both sources have a row among `left`."""
        counts = self.training_counts(left).values()
        return {label for label in self.known if all(found[label] for found in counts)}

    def finding(
        self,
        code: str,
        title: str,
        state: FindingState,
        found: np.ndarray | Iterable[bool],
        *,
        of: int | None = None,
        excludes: np.ndarray | None = None,
        proposal: str = "",
        advice: str = "",
        is_offer: bool = False,
    ) -> Finding:
        """Make a finding of a mask; ``{n}`` in the proposal is the number of excluded rows."""
        mask = np.asarray(found, dtype=bool)
        rows = self._at(mask)
        left_out = self._at(excludes) if excludes is not None else ()
        return Finding(
            code=code,
            title=title,
            state=state if rows else FindingState.FINE,
            rows=rows,
            of=len(self.frame) if of is None else of,
            proposal=proposal.format(n=f"{len(left_out):,}") if rows else "",
            excludes=left_out,
            labels=counted(self.frame["label"].to_numpy()[mask]),
            advice=advice if rows else "",
            is_offer=is_offer and bool(left_out),
        )

    def _at(self, mask: np.ndarray) -> tuple[tuple[str, int], ...]:
        return tuple(self.places[i] for i in np.flatnonzero(mask))
