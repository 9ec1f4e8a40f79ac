"""A table as the bytes of a file that leaves: Parquet, JSON Lines, or CSV for a spreadsheet."""

import io
import json
import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthcur.data.spreadsheet import guarded


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """Prefix every text that a spreadsheet would read as a formula with an apostrophe."""
    safe = table.map(guarded)
    safe.columns = [guarded(column) for column in table.columns]
    return safe


def as_bytes(table: pd.DataFrame, kind: str) -> bytes:
    """Return a table as a file of one of three kinds.

    ``parquet`` and ``jsonl`` give back every character and number; ``csv`` is safe to open in a
    spreadsheet, see `spreadsheet_safe`, and begins with the mark by which one knows it for UTF-8.
    """
    if kind == "parquet":
        return _as_parquet(table)
    if kind == "jsonl":
        return _as_json_lines(table)
    # A cell with a line end of any kind is quoted only where the line ends hold both characters.
    text = spreadsheet_safe(table).to_csv(index=False, lineterminator="\r\n")
    return f"\ufeff{text}".encode()


def arrow_table(table: pd.DataFrame) -> pa.Table:
    """Return a table; a column without a value is one of texts, which every reader knows."""
    whole = pa.Table.from_pandas(table, preserve_index=False)
    typed = [
        each.with_type(pa.string()) if pa.types.is_null(each.type) else each
        for each in whole.schema
    ]
    return whole.cast(pa.schema(typed, metadata=whole.schema.metadata))


def _as_parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(arrow_table(table), buffer)
    return buffer.getvalue()


def _as_json_lines(table: pd.DataFrame) -> bytes:
    """Write one JSON object per row, every number with all its digits."""
    cells = table.astype(object).where(table.notna(), None)
    keys = [_json(name) for name in cells]
    lines = (
        ", ".join(f"{key}: {_json(cell)}" for key, cell in zip(keys, row, strict=True))
        for row in zip(*(cells[name].tolist() for name in cells), strict=True)
    )
    return "".join(f"{{{line}}}\n" for line in lines).encode()


def _json(value: Any) -> str:
    if isinstance(value, float) and math.isinf(value):
        # JSON has no word for it; a number that is too large is read as infinite everywhere.
        return "1e999" if value > 0 else "-1e999"
    return json.dumps(value, ensure_ascii=False)
