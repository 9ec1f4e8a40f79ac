"""Rows of synthcur as a plain table: CSV, JSON Lines, Parquet, with a column for all the rest."""

from collections.abc import Sequence
from typing import Any

from synthcur.data.converters import json_cells
from synthcur.data.converters import rows as common
from synthcur.data.converters.rows import LABEL, OURS, TEXT, TEXT_PAIR, DecidedRow
from synthcur.data.tables import Limits, PlainTable

_SAMPLE_ID, _DECISION = "sample_id", "decision"


def reads(table: PlainTable) -> bool:
    """Whether a table was written by `write`."""
    if not {TEXT, LABEL, OURS} <= set(table.columns):
        return False
    cells = json_cells.head(table, OURS)
    return bool(cells) and all(common.carried_in(cell) is not None for cell in cells)


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return its rows with the columns that they had, and what was decided about them."""
    rows = []
    for number, line, row in json_cells.records(table):
        carried = common.carried_in(row[OURS])
        if carried is None:  # somebody added a row
            rows.append(common.Converted(number, line, row))
            continue
        beside = {k: v for k, v in row.items() if k not in (_SAMPLE_ID, _DECISION)}
        rows.append(common.of_carried(number, line, carried, beside, text=row[TEXT]))
    notes = ["Written by synthcur with what was decided."]
    return common.table_of(table, rows, limits, notes=notes, label=LABEL)


def write(rows: Sequence[DecidedRow], kind: str) -> bytes:
    """Write all rows, discarded ones too, as ``csv``, ``jsonl`` or ``parquet``."""
    import pandas as pd  # a process that only reads a file starts without it

    from synthcur.data.table_files import as_bytes

    written = [_as_row(row) for row in rows]
    names = list(dict.fromkeys(name for row in written for name in row))
    last = [name for name in (*common.FIGURES, OURS) if name in names]
    names = [*(name for name in names if name not in last), *last]
    cells = {name: [row.get(name) for row in written] for name in names}
    table = pd.DataFrame({name: pd.Series(c, dtype=object) for name, c in cells.items()})
    return as_bytes(table, kind)


def _as_row(row: DecidedRow) -> dict[str, Any]:
    pair = {} if row.text_pair is None else {TEXT_PAIR: row.text_pair}
    own = {_SAMPLE_ID: row.sample_id, TEXT: row.final_text, **pair, LABEL: row.final_label}
    free = common.free_field(row, (_SAMPLE_ID, _DECISION))
    return {**own, _DECISION: row.outcome.verdict, **free}
