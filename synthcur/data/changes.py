"""Changes that make the next version of a collection: pure, from a collection to a `Change`.

A row keeps its sample id for ever, whatever becomes of its label, so that decisions, tags and turns
follow it. A row that is added gets the id that its content gives it (`schema.sample_ids`), or the
next one that no row of the collection has: added to the same version twice, the same file gives the
same ids, and a row that was removed and comes back finds what was said of it.
"""

from collections.abc import Collection as Values
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from synthcur.data.labels import quoted
from synthcur.data.loading import one_kind
from synthcur.data.texts import is_blank
from synthcur.errors import InputError
from synthcur.schema import REAL, SYNTHETIC, TRAIN, Collection, sample_ids

POOL = "pool"
"""Further column that names the pool a synthetic row came with."""


@dataclass(frozen=True)
class Change:
    """A change before anybody has stored it.

    Attributes
    ----------
    collection
        The rows as they would be.
    what
        What happened, in words.
    data
        The same as plain data: ``kind`` and what belongs to it; ``labels`` maps labels that get
        another name, which decisions follow.
    """

    collection: Collection
    what: str
    data: Mapping[str, Any]


def add_rows(
    collection: Collection,
    added: Collection,
    *,
    pool: str = "",
    replaces: str | None = None,
    record: Mapping[str, Any] | None = None,
) -> Change:
    """Add rows to the parts of a collection, each part's behind those that it has.

    Parameters
    ----------
    collection, added
        What is there, and a collection of the new rows alone (`draft.accept`).
    pool
        Name that the new synthetic rows get in the column `POOL`.
    replaces
        Name of the pool that goes for it, empty for all synthetic rows there are; None for none.
    record
        What is noted of the import.

    Raises
    ------
    InputError
        If only one of the two has a second text, the name of the pool cannot be used, or there is
        no pool to be replaced.
    """
    if collection.has_pairs != added.has_pairs:
        one, other = ("with", "without") if collection.has_pairs else ("without", "with")
        raise InputError(
            f"The collection has rows {one} a second text, the files {other}.",
            fix="Choose the columns again.",
        )
    if len(pool) > 60 or not pool.isprintable():
        raise InputError("The pool's name cannot be used.", fix="Use up to 60 characters.")
    gone = 0
    if replaces is not None:
        before = len(collection.rows)
        collection = _without(collection, _of_pool(collection, replaces))
        gone = before - len(collection.rows)
    rows = added.rows.assign(row=_behind(collection.rows, added.rows))
    rows = rows.assign(sample_id=fresh_ids(rows, set(collection.rows["sample_id"])))
    provenance = added.provenance
    if pool:
        names = pd.Series(None, index=rows.index, dtype=object)
        provenance = provenance.assign(**{POOL: names.mask(rows["source"] == SYNTHETIC, pool)})
    new_labels = sorted(set(added.labels) - set(collection.labels))
    found = _whole(
        replace(
            collection,
            labels=(*collection.labels, *new_labels),
            rows=pd.concat([collection.rows, rows], ignore_index=True),
            provenance=joined(collection.provenance, provenance),
        )
    )
    what = f"{_rows(len(rows))} added"
    what += f" as pool {quoted(pool)}" if pool else ""
    if replaces is not None:
        old = f"of pool {quoted(replaces)}" if replaces else "that were there"
        what += f" in place of {gone:,} synthetic ones {old}"
    data = {"kind": "add", "pool": pool, "replaces": replaces, "counts": added.counts}
    return Change(found, what, data | {"import": dict(record or {})})


def rename_labels(collection: Collection, names: Mapping[str, str]) -> Change:
    """Give labels other names; labels that get one name are merged.

    Parameters
    ----------
    names
        New name by the old one. A new name may be a label that is there and keeps its name.

    Raises
    ------
    InputError
        If a label is unknown, a name is empty or is itself to be changed.
    """
    _require_labels(collection, names)
    names = {old: new.strip() for old, new in names.items() if old != new.strip()}
    for old, new in names.items():
        if is_blank(new):
            raise InputError(f"{quoted(old)} needs a name.", fix="Write one.")
        if new in names:
            raise InputError(
                f"{quoted(new)} cannot be a new name and get another one at once.",
                fix="Make two changes of it.",
            )
    labels = tuple(dict.fromkeys(names.get(each, each) for each in collection.labels))
    renamed = [names.get(each, each) for each in map(str, collection.rows["label"])]
    found = _relabelled(collection, renamed, labels)
    by_new: dict[str, list[str]] = {}
    for old, new in names.items():
        by_new.setdefault(new, []).append(old)
    said = [
        f"{', '.join(map(quoted, olds))} merged into {quoted(new)}"
        if new in collection.labels or len(olds) > 1
        else f"{quoted(olds[0])} renamed to {quoted(new)}"
        for new, olds in by_new.items()
    ]
    return Change(found, f"Label {'; '.join(said)}", {"kind": "labels", "labels": names})


def split_label(collection: Collection, label: str, into: Mapping[str, str]) -> Change:
    """Give some rows of a label another one.

    Parameters
    ----------
    label
        Whose rows.
    into
        The new label of those that get one, by sample id. See `by_column`.

    Raises
    ------
    InputError
        If the label is unknown, no row of it is named, or a new name is empty.
    """
    _require_labels(collection, [label])
    ids, labels = collection.rows["sample_id"], collection.rows["label"]
    given = [
        into.get(sample_id, old).strip() if old == label else old
        for sample_id, old in zip(ids, labels, strict=True)
    ]
    new = sorted(set(given) - set(collection.labels))
    if any(is_blank(each) for each in new):
        raise InputError("A new label needs a name.", fix="Write one.")
    changed = sum(old != now for old, now in zip(labels, given, strict=True))
    if not changed:
        raise InputError(f"No row of {quoted(label)} gets another label.", fix="Choose some.")
    found = _whole(_relabelled(collection, given, (*collection.labels, *new)))
    said = ", ".join(map(quoted, sorted(set(into.values()))[:8]))
    what = f"Label {quoted(label)} split: {_rows(changed)} to {said}"
    return Change(found, what, {"kind": "split", "label": label, "rows": changed})


def by_column(collection: Collection, label: str, column: str) -> dict[str, str]:
    """Return, by sample id, the label that rows of a label get from a further column.

    The name is ``label: value``; rows without a value keep theirs.
    """
    cells = _cells(collection, column)
    return {
        sample_id: f"{label}: {cell}"
        for sample_id, own, cell in zip(
            collection.rows["sample_id"], collection.rows["label"], cells, strict=True
        )
        if own == label and cell is not None
    }


def exclude(collection: Collection, column: str, values: Values[str]) -> Change:
    """Leave out the rows that have one of some values in a further column, such as a generator.

    Raises
    ------
    InputError
        If there is no such column, or a value that no row has.
    """
    cells = _cells(collection, column)
    known = {cell for cell in cells if cell is not None}
    for value in values:
        if value not in known:
            shown = ", ".join(quoted(each) for each in sorted(known)[:12])
            raise InputError(
                f"No row has {quoted(value)} in the column {quoted(column)}.",
                fix=f"There are {shown}.",
            )
    gone = np.array([cell in values for cell in cells], dtype=bool)
    said = ", ".join(map(quoted, list(values)[:8]))
    what = f"{_rows(int(gone.sum()))} with {said} in {quoted(column)} left out"
    data = {"kind": "exclude", "column": column, "values": list(values)}
    return Change(_without(collection, gone), what, data)


def remove_rows(collection: Collection, ids: Values[str]) -> Change:
    """Leave out rows by their sample ids.

    Raises
    ------
    InputError
        If an id is of no row.
    """
    known = set(collection.rows["sample_id"])
    if unknown := sorted(set(ids) - known):
        raise InputError(
            f"No row has the id {quoted(unknown[0])}.", fix="Take ids from this collection."
        )
    gone = collection.rows["sample_id"].isin(set(ids)).to_numpy()
    data = {"kind": "remove", "ids": sorted(ids)}
    return Change(_without(collection, gone), f"{_rows(int(gone.sum()))} removed", data)


def fresh_ids(rows: pd.DataFrame, taken: Set[str]) -> list[str]:
    """Give rows the ids of their content, passing over those that are taken."""
    ids = sample_ids(rows)
    used = set(taken)
    if used.isdisjoint(ids):
        return ids
    found = []
    pairs = rows["text_pair"] if "text_pair" in rows else [None] * len(rows)
    for place, (source, text, pair, label) in enumerate(
        zip(rows["source"], rows["text"], pairs, rows["label"], strict=True)
    ):
        one = ids[place]
        equal = pd.DataFrame({"source": [source], "text": [text], "label": [label]})
        equal = equal.assign(text_pair=[pair])
        number = 1
        while one in used:
            number += 1
            one = sample_ids(pd.concat([equal] * number, ignore_index=True))[-1]
        used.add(one)
        found.append(one)
    return found


def joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Put the further columns of two collections together; a column holds one kind of value."""
    columns = list(dict.fromkeys([*first.columns, *second.columns]))
    frames = (first, second)
    return pd.DataFrame(
        {
            column: one_kind([cell for frame in frames for cell in _plain(frame, column)])
            for column in columns
        },
        index=pd.RangeIndex(len(first) + len(second)),
    )


def _plain(frame: pd.DataFrame, column: str) -> Sequence[Any]:
    if column not in frame:
        return [None] * len(frame)
    values = frame[column].astype(object)
    return values.where(values.notna(), None).tolist()


def _cells(collection: Collection, column: str) -> list[str | None]:
    """Return the cells of a further column as texts."""
    if column not in collection.provenance:
        shown = ", ".join(quoted(str(each)) for each in list(collection.provenance)[:12])
        raise InputError(
            f"The collection has no further column {quoted(column)}.",
            fix=f"There are {shown or 'none'}.",
        )
    return [None if cell is None else str(cell) for cell in _plain(collection.provenance, column)]


def _of_pool(collection: Collection, pool: str) -> np.ndarray:
    """Return the mask (n,) of the synthetic rows of a pool, of all if it has no name."""
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    if not pool:
        return is_synthetic
    known = set(_cells(collection, POOL)) if POOL in collection.provenance else set()
    if pool not in known:
        shown = ", ".join(quoted(each) for each in sorted(filter(None, known))) or "none"
        raise InputError(f"There is no pool {quoted(pool)}.", fix=f"Pools: {shown}.")
    return is_synthetic & np.array([cell == pool for cell in _cells(collection, POOL)])


def _behind(rows: pd.DataFrame, added: pd.DataFrame) -> list[int]:
    """Give added rows numbers behind the highest one of their part: none is there twice."""
    last = rows.groupby(["source", "split"])["row"].max().to_dict()
    return [
        int(row) + int(last.get((source, split), 0))
        for source, split, row in zip(added["source"], added["split"], added["row"], strict=True)
    ]


def _without(collection: Collection, gone: np.ndarray) -> Collection:
    stays = ~gone
    return _whole(
        replace(
            collection,
            rows=collection.rows[stays].reset_index(drop=True),
            provenance=collection.provenance.loc[stays].reset_index(drop=True),
        )
    )


def _relabelled(
    collection: Collection, labels: Sequence[str], known: tuple[str, ...]
) -> Collection:
    rows = collection.rows
    column = pd.Series(labels, index=rows.index, dtype=rows["label"].dtype)
    return replace(collection, labels=known, rows=rows.assign(label=column))


def _whole(collection: Collection) -> Collection:
    """Drop labels that no row has any more."""
    used = set(collection.rows["label"])
    return replace(collection, labels=tuple(each for each in collection.labels if each in used))


def _require_labels(collection: Collection, labels: Values[str]) -> None:
    for label in labels:
        if label not in collection.labels:
            shown = ", ".join(quoted(each) for each in collection.labels[:12])
            raise InputError(f"There is no label {quoted(label)}.", fix=f"Labels: {shown}.")


def check_usable(collection: Collection) -> None:
    """Refuse a collection that nothing can be learned from.

    Raises
    ------
    InputError
        If fewer than two labels are left, or a label has no synthetic or no real training row.
    """
    parts = {"synthetic": SYNTHETIC, "real training": REAL}
    for label in collection.labels:
        for what, source in parts.items():
            if not (collection.part(source, TRAIN)["label"] == label).any():
                raise InputError(
                    f"The label {quoted(label)} would have no {what} row.",
                    fix="Merge it into another label, or choose other rows.",
                )
    if len(collection.labels) < 2:
        raise InputError("Fewer than two labels would be left.", fix="Keep rows of another one.")


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
