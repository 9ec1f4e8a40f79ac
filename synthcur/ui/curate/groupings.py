"""The groups by which the Curate page says where the weight goes, beside the labels.

They are sent once per page; how much each weighs the browser finds itself (``ui/map/masses.js``).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthcur.schema import Collection
from synthcur.ui.curate.bytewise import planes
from synthcur.ui.curate.rows import CurateRows
from synthcur.weighting import what_if

NAME_LENGTH = 60
"""Characters of the name of a generator; nobody knows what a file calls it."""

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
    """

    title: str
    names: tuple[str, ...]
    codes: np.ndarray
    ranks: tuple[int, ...] | None = None
    note: str = ""


def groupings(
    rows: CurateRows,
    collection: Collection,
    *,
    clusters: Sequence[np.ndarray] | None = None,
    cluster_names: Sequence[str] = (),
) -> list[Grouping]:
    """Divide the rows of a page in every way that is known.

    Parameters
    ----------
    rows
        What is on the page.
    collection
        As imported.
    clusters, cluster_names
        Cluster of every synthetic and of every real training row in the order of their files, (N,)
        and (R,), and what they are called; None where the rows have not been clustered.
    """
    found = []
    written_by = what_if.generators(collection)
    if written_by is not None:
        codes, names = pd.factorize(written_by, sort=True)
        shown = tuple(name[:NAME_LENGTH] or "not said" for name in names)
        found.append(Grouping("Generator", shown, codes[rows.at].astype(np.int32)))
    if clusters is not None:
        synthetic, real = clusters
        codes = np.concatenate([synthetic[rows.at], real[rows.real_at]]).astype(np.int32)
        found.append(Grouping("Cluster", tuple(cluster_names), codes))
    group = rows.facts.duplicate_group
    if group is not None and (group >= 0).any():
        codes = (group + 1).astype(np.int32)
        found.append(Grouping(DUPLICATES, ("Rows without a near-duplicate",), codes))
    return found


def packed(found: Sequence[Grouping]) -> list[dict[str, Any]]:
    """Lay out groupings for the browser; codes are deflated uint32, see `bytewise.planes`."""
    return [
        {
            "title": each.title,
            "names": list(each.names),
            "ranks": None if each.ranks is None else list(each.ranks),
            "note": each.note,
            "codes": zlib.compress(planes(each.codes.astype("<u4"))),
        }
        for each in found
    ]
