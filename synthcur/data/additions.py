"""Findings of rows that are to be added to a collection: all ordinary checks, beside what is there.

Rows of the collection stay: where a check would leave one out, as it does with a training row whose
text stands among new test rows, the new rows of that text go in its place.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from synthcur.data.checks import validate
from synthcur.data.draft import MERGE
from synthcur.data.labels import counted, quoted
from synthcur.data.texts import label_merges, text_keys
from synthcur.schema import Collection, Finding, FindingState

THERE = "\x00there"
"""In place of a file: a row of the collection. No file can be called that."""


def findings_beside(
    collection: Collection, rows: pd.DataFrame
) -> tuple[list[Finding], dict[str, str]]:
    """Check new rows together with those of a collection.

    Parameters
    ----------
    collection
        What is there.
    rows
        The new rows, as `checks.validate` reads them.

    Returns
    -------
    findings
        As of `checks.validate`, of new rows alone.
    merges
        New label -> the form it is merged into: that of the collection, if it has one.
    """
    there = collection.rows.drop(columns="sample_id")
    there = there.assign(file=THERE, aside="", row=np.arange(1, len(there) + 1))
    both = pd.concat([there, rows], ignore_index=True)
    merges = _merges(collection, both)
    keys = dict(
        zip(_places(both), text_keys(both.assign(text=both["text"].fillna(""))), strict=True)
    )
    new_of_key: dict[str, list[tuple[str, int]]] = {}
    for place, key in keys.items():
        if place[0] != THERE:
            new_of_key.setdefault(key, []).append(place)
    found = [
        _of_new_rows(finding, keys, new_of_key) if finding.code != MERGE else finding
        for finding in validate(both, needed=())
    ]
    merging = _merging(rows, merges)
    return [merging if each.code == MERGE else each for each in found], merges


def _places(rows: pd.DataFrame) -> list[tuple[str, int]]:
    return list(zip(rows["file"], rows["row"].tolist(), strict=True))


def _merges(collection: Collection, both: pd.DataFrame) -> dict[str, str]:
    groups: dict[str, set[str]] = {}
    for label, kept in label_merges(both[both["aside"] == ""]).items():
        groups.setdefault(kept, {kept}).add(label)
    merges = {}
    for kept, labels in groups.items():
        known = [label for label in collection.labels if label in labels]
        target = kept if kept in known or not known else known[0]
        merges |= dict.fromkeys(labels - {*known, target}, target)
    return merges


def _of_new_rows(
    finding: Finding,
    keys: Mapping[tuple[str, int], str],
    new_of_key: Mapping[str, list[tuple[str, int]]],
) -> Finding:
    """Let a finding speak of new rows alone, and leave out none but these."""
    instead = {
        place
        for old in finding.excludes
        if old[0] == THERE
        for place in new_of_key.get(keys[old], ())
    }
    excludes = {place for place in finding.excludes if place[0] != THERE} | instead
    rows = {place for place in finding.rows if place[0] != THERE} | excludes
    if not finding.rows:
        return finding
    order = {place: at for at, place in enumerate(keys)}
    n = f"{len(excludes):,}"
    return replace(
        finding,
        state=finding.state if rows else FindingState.FINE,
        rows=tuple(sorted(rows, key=order.__getitem__)),
        excludes=tuple(sorted(excludes, key=order.__getitem__)),
        proposal=f"Exclude {n}" if excludes else "" if finding.excludes else finding.proposal,
        labels=finding.labels if rows else (),
    )


def _merging(rows: pd.DataFrame, merges: Mapping[str, str]) -> Finding:
    """Find new rows whose label the collection has in another form; they must take that one."""
    found = rows["label"].isin(list(merges)).to_numpy()
    shown = ", ".join(quoted(label) for label in sorted(set(merges.values()))[:3])
    return Finding(
        code=MERGE,
        title="One label written in several ways",
        state=FindingState.MUST_FIX if found.any() else FindingState.FINE,
        rows=tuple(_places(rows[found])),
        of=len(rows),
        proposal=f"Merge into {shown}" if found.any() else "",
        labels=counted(rows["label"].to_numpy()[found]),
    )
