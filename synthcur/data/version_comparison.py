"""Two states of a collection side by side: what a change does, how two versions differ; pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthcur.data.labels import quoted
from synthcur.schema import REAL, SYNTHETIC, Collection

_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    """Rows of a label before and after, by source, and the share of the synthetic weight it has.

    A share is None where the rows of that state have no scores, so no weights either.
    """

    label: str
    synthetic: tuple[int, int]
    real: tuple[int, int]
    mass: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What two states of a collection do not have in common.

    Attributes
    ----------
    added, removed, relabelled
        Rows by part, see `Collection.counts`; a row is known by its sample id.
    counts
        Rows of each part before and after.
    labels
        Every label of either, those of the first state first.
    removed_mass
        Share of the synthetic weight that the rows hold that are gone; None without scores.
    """

    added: Mapping[str, int]
    removed: Mapping[str, int]
    relabelled: Mapping[str, int]
    counts: Mapping[str, tuple[int, int]]
    labels: tuple[LabelChange, ...]
    removed_mass: float | None

    @property
    def new_labels(self) -> list[str]:
        """Labels that only the second state has."""
        return [each.label for each in self.labels if not (each.synthetic[0] or each.real[0])]

    @property
    def lost_labels(self) -> list[str]:
        """Labels that only the first state has."""
        return [each.label for each in self.labels if not (each.synthetic[1] or each.real[1])]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    def in_words(self) -> list[str]:
        """Say it in lines, the most general first."""
        lines = []
        for what, found in (
            ("added", self.added),
            ("removed", self.removed),
            ("relabelled", self.relabelled),
        ):
            said = ", ".join(f"{number:,} {part}" for part, number in found.items() if number)
            lines += [f"Rows {what}: {said}"] if said else []
        for part, (before, after) in self.counts.items():
            lines += [f"{part}: {before:,} rows, then {after:,}"] if before != after else []
        for what, labels in (("New", self.new_labels), ("Gone", self.lost_labels)):
            shown = ", ".join(map(quoted, labels[:_SHOWN]))
            more = f" and {len(labels) - _SHOWN:,} more" if len(labels) > _SHOWN else ""
            lines += [f"{what} labels: {shown}{more}"] if labels else []
        if self.removed_mass is not None and sum(self.removed.values()):
            lines.append(f"The rows removed hold {self.removed_mass:.1%} of the weight")
        return lines or ["Nothing differs"]


def compare(
    before: Collection,
    after: Collection,
    weights: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> Comparison:
    """Compare two states of a collection.

    Parameters
    ----------
    before, after
        The two states.
    weights
        Weights (N,) of the synthetic rows of each; None where they are not scored.
    """
    old, new = _by_id(before), _by_id(after)
    both = old.index.intersection(new.index)
    other_label = both[(old.loc[both, "label"] != new.loc[both, "label"]).to_numpy()]
    counts = {part: (before.counts[part], after.counts[part]) for part in before.counts}
    parts = list(counts)
    masses = [_masses(*each) for each in zip((before, after), weights, strict=True)]
    rows = [_by_label(each) for each in (before, after)]
    return Comparison(
        added=_by_part(new.drop(both), parts),
        removed=_by_part(old.drop(both), parts),
        relabelled=_by_part(new.loc[other_label], parts),
        counts=counts,
        labels=tuple(
            LabelChange(
                label=label,
                synthetic=(rows[0][SYNTHETIC, label], rows[1][SYNTHETIC, label]),
                real=(rows[0][REAL, label], rows[1][REAL, label]),
                mass=(masses[0].get(label), masses[1].get(label)),
            )
            for label in dict.fromkeys((*before.labels, *after.labels))
        ),
        removed_mass=_mass_of(before, weights[0], set(old.index.difference(new.index))),
    )


def _by_id(collection: Collection) -> pd.DataFrame:
    rows = collection.rows[["sample_id", "source", "split", "label"]]
    part = rows["split"].where(rows["source"] == REAL, SYNTHETIC)
    return rows.assign(part=part).set_index("sample_id")


def _by_part(rows: pd.DataFrame, parts: list[str]) -> dict[str, int]:
    found = Counter(rows["part"])
    return {part: found[part] for part in parts}


def _by_label(collection: Collection) -> Counter[tuple[str, str]]:
    return Counter(zip(collection.rows["source"], collection.rows["label"], strict=True))


def _masses(collection: Collection, weights: np.ndarray | None) -> dict[str, float]:
    """Return the share of the weight that every label holds; empty without weights."""
    if weights is None or not weights.sum() > 0:
        return {}
    found = np.bincount(
        collection.synthetic_labels, weights=weights, minlength=len(collection.labels)
    )
    return dict(zip(collection.labels, (found / weights.sum()).tolist(), strict=True))


def _mass_of(collection: Collection, weights: np.ndarray | None, ids: set[str]) -> float | None:
    if weights is None or not weights.sum() > 0:
        return None
    chosen = np.array([each in ids for each in collection.synthetic_ids], dtype=bool)
    return float(weights[chosen].sum() / weights.sum())
