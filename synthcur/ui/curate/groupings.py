"""The groups by which the Curate page says where the weight goes, beside the labels.

They are sent once per page, and those of further columns are unpacked once somebody chooses them;
how much each weighs the browser finds itself (``ui/map/masses.js``).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthcur.data.row_groups import RowGroups, row_groups
from synthcur.schema import REAL, SYNTHETIC, TRAIN, Collection
from synthcur.ui.curate.bytewise import planes
from synthcur.ui.curate.rows import CurateRows

GENERATOR = "Generator"
GREY = 7
"""Place of the colour of what is no category of its own."""

DUPLICATES = "Near-duplicates"


@dataclass(frozen=True)
class Grouping:
    """One way to divide the synthetic rows of the page.

    Attributes
    ----------
    title
        What its groups are.
    names
        Of the groups; a group without one is known by the text of its first row.
    codes
        Group of every synthetic row in the order of the page, (N,) int32, >= 0; then, where it is
        known, that of every real row, (N + R,).
    ranks
        Place of the colour of every group, -1 for none; None: the largest groups get colours. Ten
        colours or more are the steps of weights.
    note
        What else is to be said of the groups.
    key
        Names the grouping in choices and in the address; its title if left out.
    is_column
        Whether it is a further column of the files: the browser unpacks it once it is chosen.
    is_ordered
        Whether its groups keep their order however large they are.
    is_of_weights
        Whether it divides the synthetic rows, and so the weight.
    """

    title: str
    names: tuple[str, ...]
    codes: np.ndarray
    ranks: tuple[int, ...] | None = None
    note: str = ""
    key: str = ""
    is_column: bool = False
    is_ordered: bool = False
    is_of_weights: bool = True


def groupings(
    rows: CurateRows,
    *,
    clusters: Sequence[np.ndarray] | None = None,
    cluster_names: Sequence[str] = (),
) -> list[Grouping]:
    """Divide the rows of a page by what has been found of them.

    Parameters
    ----------
    rows
        What is on the page.
    clusters, cluster_names
        Cluster of every synthetic and of every real training row in the order of their files, (N,)
        and (R,), and what they are called; None where the rows have not been clustered.
    """
    found = []
    if clusters is not None:
        synthetic, real = clusters
        codes = np.concatenate([synthetic[rows.at], real[rows.real_at]]).astype(np.int32)
        found.append(Grouping("Cluster", tuple(cluster_names), codes))
    group = rows.facts.duplicate_group
    if group is not None and (group >= 0).any():
        codes = (group + 1).astype(np.int32)
        found.append(Grouping(DUPLICATES, ("Rows without a near-duplicate",), codes))
    return found


def mapped_columns(collection: Collection) -> list[RowGroups]:
    """Divide the synthetic and then the real training rows by every column that is worth it."""
    rows = collection.rows
    is_synthetic = (rows["source"] == SYNTHETIC).to_numpy()
    is_real = ((rows["source"] == REAL) & (rows["split"] == TRAIN)).to_numpy()
    places = np.concatenate([np.flatnonzero(is_synthetic), np.flatnonzero(is_real)])
    return row_groups(collection.provenance.iloc[places])


def by_columns(rows: CurateRows, columns: Sequence[RowGroups]) -> list[Grouping]:
    """Divide the rows of a page by further columns; see `mapped_columns`.

    A column that says nothing of the real rows, and what wrote a row, divide the synthetic ones
    alone. One that tells only real rows apart colours the map, but divides no weight.
    """
    n, found = rows.n, []
    order = np.concatenate([rows.at, n + rows.real_at])
    for each in columns:
        sizes = [np.bincount(part, minlength=len(each.names)) for part in np.split(each.codes, [n])]
        tells = [(size > 0).sum() > 1 for size in sizes]
        is_generator = each.is_generator and tells[0] and not found
        says_of_real = sizes[1][: each.n_valued].any() and not is_generator
        if tells[0] or tells[1]:
            groups = each.of(order if says_of_real else rows.at)
            found.append(_of_column(groups, is_generator, is_of_weights=bool(tells[0])))
    return found


def _of_column(groups: RowGroups, is_generator: bool, *, is_of_weights: bool) -> Grouping:
    grey = [GREY] * (len(groups.names) - groups.n_valued)
    return Grouping(
        GENERATOR if is_generator else groups.title,
        groups.names,
        groups.codes,
        ranks=(*(min(place, GREY) for place in range(groups.n_valued)), *grey),
        key="" if is_generator else f"column:{groups.title}",
        is_column=not is_generator,
        is_ordered=groups.is_ordered,
        is_of_weights=is_of_weights,
    )


def packed(found: Sequence[Grouping]) -> list[dict[str, Any]]:
    """Lay out groupings for the browser; codes are deflated uint32, see `bytewise.planes`."""
    return [
        {
            "title": each.title,
            "names": list(each.names),
            "ranks": None if each.ranks is None else list(each.ranks),
            "note": each.note,
            "key": each.key or each.title,
            "is_column": each.is_column,
            "is_ordered": each.is_ordered,
            "is_of_weights": each.is_of_weights,
            "codes": zlib.compress(planes(each.codes.astype("<u4"))),
        }
        for each in found
    ]
