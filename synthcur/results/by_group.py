"""The arms of a job on groups of the test rows: by label, or by a further column of the files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synthcur.arms import said_name
from synthcur.data.row_groups import RowGroups, find, row_groups
from synthcur.errors import InputError
from synthcur.results.comparison import finished_runs, paired_runs, probabilities
from synthcur.results.findings import arm_title, as_baseline
from synthcur.results.outcome import Results
from synthcur.schema import REAL, TEST, Collection
from synthcur.stats.metrics import (
    SIGNIFICANT,
    CorrectedDifference,
    Difference,
    Interval,
    corrected,
    mean_interval,
    paired_difference,
    wilson_interval,
)
from synthcur.store.records import Job, Run
from synthcur.store.store import Store
from synthcur.wording import points, seeds_in_words

LABEL = "label"
"""What the true labels are called among the columns."""

MOST_GROUPS = 12
"""Groups that are told apart; the smallest of more are taken together."""

LEAST_ROWS = 20
"""Test rows with fewer of which a group is called small: no arms are compared on it."""


@dataclass(frozen=True, kw_only=True)
class GroupResult:
    """The arms on one group of the test rows.

    Attributes
    ----------
    name, rows
        The group and its number of test rows.
    scores
        Share of these rows that is right, mean over seeds, with its interval, by arm.
    differences
        To the baseline, by arm, corrected for all groups and arms that are compared; empty for a
        small group.
    """

    name: str
    rows: int
    scores: Mapping[str, Interval]
    differences: Mapping[str, CorrectedDifference]

    @property
    def is_small(self) -> bool:
        """Whether it has too few rows to compare arms on."""
        return self.rows < LEAST_ROWS

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {
            "group": self.name,
            "rows": self.rows,
            "is_small": self.is_small,
            "arms": [
                {
                    "arm": arm,
                    **asdict(score),
                    "difference": _as_data(self.differences.get(arm)),
                }
                for arm, score in self.scores.items()
            ],
        }


def _as_data(difference: CorrectedDifference | None) -> dict[str, Any] | None:
    return difference and {**asdict(difference), "outcome": difference.outcome}


@dataclass(frozen=True, kw_only=True)
class ByGroup:
    """The arms of a job split by one column of the test rows.

    Attributes
    ----------
    title
        Name of the column as people read it, or ``label``.
    baseline
        Name of the arm that the others are compared with.
    arms
        Names of the arms, as in the results.
    groups
        The groups, at least one.
    """

    title: str
    baseline: str
    arms: tuple[str, ...]
    groups: tuple[GroupResult, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        groups = [each.to_dict() for each in self.groups]
        return {"column": self.title, "groups": groups, "notes": list(notes(self))}


def columns_of_test_rows(collection: Collection) -> list[RowGroups]:
    """Return the true labels of the test rows, then every further column that tells them apart."""
    is_test = ((collection.rows["source"] == REAL) & (collection.rows["split"] == TEST)).to_numpy()
    labels = collection.label_ids(collection.rows[is_test]).astype(np.int32)
    by_label = RowGroups(
        column=LABEL,
        title=LABEL,
        names=collection.labels,
        values=collection.labels,
        codes=labels,
        is_ordered=False,
        n_valued=len(collection.labels),
    )
    everyone = np.arange(len(labels))
    return [by_label.of(everyone), *row_groups(collection.provenance.loc[is_test])]


def tested_columns(store: Store, job: Job) -> list[RowGroups]:
    """Return `columns_of_test_rows` of the rows that a job was judged by, whatever came later."""
    found, spec = store.collection_info(job.collection), job.spec
    if found.fingerprint == spec["collection_fp"]:
        return columns_of_test_rows(store.collection(job.collection))
    then = store.artefacts.collection(
        spec["collection_fp"], name=job.collection, origin=spec.get("origin")
    )
    return columns_of_test_rows(then)


def chosen_column(known: Sequence[RowGroups], column: str) -> RowGroups:
    """Return the groups of the test rows by a column.

    Raises
    ------
    InputError
        If no column of that name tells test rows apart; the message lists those that do.
    """
    found = find(known, column)
    if found is None:
        listed = ", ".join(repr(each.column) for each in known)
        raise InputError(
            f"The test rows have no column {column!r} that divides them into groups.",
            fix=f"Choose from {listed}.",
        )
    return found


def by_group(store: Store, found: Results, groups: RowGroups) -> ByGroup:
    """Split the results of a job by groups of its test rows.

    Parameters
    ----------
    store, found
        Where the job is, and its results.
    groups
        Of the T test rows.
    """
    shown = groups.fewer(MOST_GROUPS)
    finished = finished_runs(store, store.job(found.job))
    said, labels = {}, np.empty(0, dtype=np.int64)
    for arm in found.arms:
        probs, labels = probabilities(store, finished[arm.name])
        said[arm.name] = probs.argmax(axis=2)
    after = corrected(_differences(store, found, finished, shown))
    results = []
    for code, name in enumerate(shown.names):
        rows = shown.codes == code
        results.append(
            GroupResult(
                name=name,
                rows=int(rows.sum()),
                scores={
                    arm: _share_right(each[:, rows], labels[rows]) for arm, each in said.items()
                },
                differences={arm: after[code, arm] for arm in said if (code, arm) in after},
            )
        )
    return ByGroup(
        title=shown.title, baseline=found.baseline, arms=tuple(said), groups=tuple(results)
    )


def _share_right(predictions: np.ndarray, labels: np.ndarray) -> Interval:
    """Share of rows that are right, with an interval that few rows do not make too narrow."""
    found = mean_interval(predictions, labels)
    if len(labels) >= LEAST_ROWS and found.low < found.high:
        return found
    # Resampling rows that are all alike, or hardly any, shows no more than they do.
    right = round(found.mean * len(labels))
    low, high = wilson_interval(right, len(labels))
    low, high = min(low, found.low), max(high, found.high)
    return Interval(found.mean, low, high, found.n_rows, found.n_seeds)


def _differences(
    store: Store, found: Results, finished: Mapping[str, Sequence[Run]], groups: RowGroups
) -> dict[tuple[int, str], Difference]:
    """Compare arms with the baseline where the results do, but on no small group."""
    differences = {}
    large = np.flatnonzero(groups.sizes >= LEAST_ROWS).tolist()
    for arm in (each.name for each in found.arms if each.difference is not None):
        pairs = paired_runs(finished[arm], finished[found.baseline])
        mine, labels = probabilities(store, [pair[0] for pair in pairs])
        theirs, _ = probabilities(store, [pair[1] for pair in pairs])
        for code in large:
            rows = groups.codes == code
            first, second = (probs[:, rows].argmax(axis=2) for probs in (mine, theirs))
            differences[code, arm] = paired_difference(first, second, labels[rows])
    return differences


def notes(found: ByGroup) -> tuple[str, ...]:
    """Say in sentences where arms differ, which groups are small, and what many looks mean."""
    return tuple(filter(None, (_where(found), _small(found), _looks(found))))


def _where(found: ByGroup) -> str:
    compared = [
        (each, arm, difference)
        for each in found.groups
        for arm, difference in each.differences.items()
    ]
    if not compared:
        return ""
    plain = as_baseline(found.baseline)
    over = f"after Holm correction over {len(compared)} comparisons of arm and group"
    told: dict[str, list[str]] = {}
    for each, arm, difference in compared:
        if difference.outcome != "no evidence":
            verdict = f"{arm_title(arm).split(',')[0]} is {difference.outcome} than {plain} for "
            where = f"{each.name} ({points(difference.mean, signed=True)} points)"
            told.setdefault(verdict, []).append(where)
    if not told:
        return f"In no group is an arm better or worse than {plain} {over}."
    said = "; ".join(f"{verdict}{', '.join(where)}" for verdict, where in told.items())
    return f"{said}; {over}."


def _small(found: ByGroup) -> str:
    small = [each for each in found.groups if each.is_small]
    if not small:
        return ""
    listed = ", ".join(f"{each.name} ({each.rows})" for each in small)
    return f"Under {LEAST_ROWS} test rows, too few to compare arms on: {listed}."


def _looks(found: ByGroup) -> str:
    """Say how likely one interval of so many misses the true share by chance."""
    looks = len(found.groups)
    if looks < 2:
        return ""
    share = 1 - (1 - SIGNIFICANT) ** looks
    return (
        f"{looks} groups are {looks} looks: in {100 * share:.0f} of 100 such tables the interval "
        "of one or more groups misses the true share by chance."
    )


def by_group_text(found: ByGroup, test_rows: int) -> str:
    """Write the split as a table and sentences for a terminal."""
    seeds = max(score.n_seeds for each in found.groups for score in each.scores.values())
    head = (
        f"By {found.title}: percent right of {test_rows:,} test rows, mean over "
        f"{seeds_in_words(seeds)}, 95 % intervals"
    )
    table = [(found.title, "rows", *map(said_name, found.arms))]
    for each in found.groups:
        cells = (score_in_words(each.scores[arm]) for arm in found.arms)
        table.append((each.name, f"{each.rows:,}", *cells))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    return "\n".join([head, "", *lines, "", *notes(found)])


def score_in_words(score: Interval) -> str:
    """Write a share with its interval: ``81.2 [75.0, 86.9]``."""
    return f"{points(score.mean)} [{points(score.low)}, {points(score.high)}]"
