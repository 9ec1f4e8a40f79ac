"""What people said of the rows of a file, as it bears on a part of a collection.

Of real rows what people gave is the label. Of synthetic rows it can be taken as decisions: then a
row has the label and the text that a machine gave it, and what people said of it goes into the log
of decisions. Where it is not taken, a row has what people gave it, and what a machine proposed
only where they gave nothing; what they discarded is found as rejected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from synthcur.data.columns import ColumnMapping
from synthcur.data.said import DISCARD, VERDICTS, Said, by_row, outcome
from synthcur.data.tables import RawTable
from synthcur.schema import SYNTHETIC


def as_part(table: RawTable, part: str, *, takes: bool = False) -> RawTable:
    """Return a table with the cells that people changed as they are for a part.

    Parameters
    ----------
    table
        What was read.
    part
        ``synthetic``, ``train``, ``validation`` or ``test``.
    takes
        Whether what people said is taken as decisions.
    """
    if part != SYNTHETIC or not table.proposed:
        return table
    cells = {}
    for column, proposed in table.proposed.items():
        pairs = zip(table.frame[column], proposed, strict=True)
        first = [(machine, person) if takes else (person, machine) for person, machine in pairs]
        filled = [one if one is not None else other for one, other in first]
        cells[column] = pd.Series(filled, index=table.frame.index, dtype=object)
    return replace(table, frame=table.frame.assign(**cells))


def as_parts(tables: Mapping[str, RawTable], *, takes: bool = False) -> dict[str, RawTable]:
    """Return all tables of an import, by part, as `as_part` does."""
    return {part: as_part(table, part, takes=takes) for part, table in tables.items()}


def decisions_in(table: RawTable, mapping: ColumnMapping) -> tuple[Said, ...]:
    """Return what people said of the rows, verdicts on other labels than the mapped ones apart."""
    return tuple(each for each in table.said if each.column in ("", mapping.label))


def discarded(table: RawTable, mapping: ColumnMapping) -> list[bool]:
    """Tell which rows people discarded, (n,): by the latest verdict, unless most others differ."""
    said = by_row(decisions_in(table, mapping))
    return [_is_discarded(said.get(row, ())) for row in table.rows.tolist()]


def _is_discarded(said: Sequence[Said]) -> bool:
    last = {each.annotator: each.action for each in said if each.action in VERDICTS}
    against = sum(action == DISCARD for action in last.values())
    return outcome(said).verdict == DISCARD and 2 * against >= len(last)


def judged(table: RawTable, mapping: ColumnMapping) -> list[bool]:
    """Tell on which rows people gave a verdict, (n,)."""
    rows = {each.row for each in decisions_in(table, mapping) if each.action in VERDICTS}
    return [row in rows for row in table.rows.tolist()]


def with_labels(said: tuple[Said, ...], merges: Mapping[str, str]) -> tuple[Said, ...]:
    """Return what was said under the labels that variants are merged into."""
    return tuple(
        replace(each, label=merges.get(each.label, each.label)) if each.label else each
        for each in said
    )
