"""Which column divides the real rows into splits, and what is said of it."""

from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd

from synthcur.data.columns import ColumnMapping
from synthcur.data.labels import in_words, quoted
from synthcur.data.stated import StatedSplits, splits_in, stated_splits
from synthcur.data.tables import RawTable
from synthcur.schema import SYNTHETIC, TRAIN, Finding, FindingState


def columns_of_splits(
    tables: Mapping[str, RawTable], mappings: Mapping[str, ColumnMapping]
) -> tuple[dict[str, StatedSplits | None], dict[str, StatedSplits]]:
    """Find the columns that say splits, and those that are used.

    Returns
    -------
    dict of str to StatedSplits or None
        By part; None where no column of its file says splits.
    dict of str to StatedSplits
        By part: the column that was chosen for a real file, or that of the only one where it is
        complete and nothing was chosen.
    """
    stated = {
        part: stated_splits(tables[part].frame, mapping.provenance(tables[part].frame.columns))
        for part, mapping in mappings.items()
    }
    used = {
        part: splits_in(tables[part].frame, mapping.split)
        for part, mapping in mappings.items()
        if mapping.split and part != SYNTHETIC
    }
    only = stated[TRAIN] if set(stated) == {SYNTHETIC, TRAIN} else None
    if only is not None and only.is_complete and mappings[TRAIN].split is None:
        names = set(only.splits)
        used |= {TRAIN: only} if TRAIN in names and len(names) > 1 else {}
    return stated | used, used


def split_finding(
    rows: pd.DataFrame,
    files: Mapping[str, str],
    stated: Mapping[str, StatedSplits | None],
    used: Mapping[str, StatedSplits],
) -> Iterable[Finding]:
    """Say what was made of columns that name splits."""
    said, places, advice = [], [], ""
    for part, column in stated.items():
        if column is None:
            continue
        of_file = rows[rows["file"] == files[part]]
        elsewhere = [
            split is not None and (split != own or part in used) and split != TRAIN
            for split, own in zip(column.splits, of_file["split"], strict=True)
        ]
        if not any(elsewhere) and part not in used:
            continue
        sizes = Counter(split or "nothing" for split in column.splits)
        shown = ", ".join(f"{split} {number:,}" for split, number in sorted(sizes.items()))
        what = "Splits taken from" if part in used else f"Not used, of {files[part]}:"
        said.append(f"{what} column {quoted(column.column)}: {shown}")
        if part in used and column.others:
            said.append(f"{in_words(column.others)} name no split and stay in {part}")
        elif part not in used and part != SYNTHETIC:
            advice = (
                "To use it, choose it under “Splits” beside the columns, or give "
                f"--split {column.column} on the command line."
            )
        places += [(files[part], int(row)) for row in of_file["row"].to_numpy()[elsewhere]]
    if said:
        yield Finding(
            code="split_column",
            title="; ".join(said),
            state=FindingState.CHECK,
            rows=tuple(places),
            of=len(rows),
            advice=advice,
        )
