"""A table as the bytes of a file that leaves: Parquet, JSON Lines, CSV, or a workbook."""

import io
import json
import math
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthcur.data.spreadsheet import guarded
from synthcur.errors import InputError

SHEET_CELL, SHEET_ROWS, SHEET_COLUMNS = 32_767, 1_048_575, 16_384
"""Characters of a cell, rows below the header and columns that a sheet of XLSX can hold."""
_SHEET_WHOLE = 2**53
_SHEET_WIDTH = 12
_SHEET_TEXT_WIDTH = 60


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """Prefix every text that a spreadsheet would read as a formula with an apostrophe."""
    safe = table.map(guarded)
    safe.columns = [guarded(column) for column in table.columns]
    return safe


def as_bytes(table: pd.DataFrame, kind: str) -> bytes:
    """Return a table as a file of one of four kinds.

    ``parquet`` and ``jsonl`` give back every character and number; ``csv`` is safe to open in a
    spreadsheet, see `spreadsheet_safe`, and begins with the mark by which one knows it for UTF-8.
    ``xlsx`` gives back every character, but an empty text as none, and sixteen digits of a number;
    no cell of it is a formula or a link, whatever it holds.

    Raises
    ------
    InputError
        If a sheet of XLSX cannot hold the table.
    """
    if kind == "parquet":
        return _as_parquet(table)
    if kind == "jsonl":
        return _as_json_lines(table)
    if kind == "xlsx":
        return _as_workbook(table)
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


def _as_workbook(table: pd.DataFrame) -> bytes:
    """Write one sheet; texts are marked as such, so that they stay texts when they are edited."""
    # The web process does without it until somebody asks.
    import xlsxwriter

    _check_fits(table)
    buffer = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, plain) as book:
        sheet = book.add_worksheet("rows")
        heading, quoted = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
        sheet.freeze_panes(1, 0)
        for at, name in enumerate(table):
            sheet.write_string(0, at, str(name), heading)
            is_text = name in ("text", "text_pair")
            sheet.set_column(at, at, _SHEET_TEXT_WIDTH if is_text else _SHEET_WIDTH)
        cells = table.astype(object).where(table.notna(), None)
        for at in range(cells.shape[1]):
            for row, cell in enumerate(cells.iloc[:, at].tolist(), start=1):
                if isinstance(cell, bool):
                    sheet.write_boolean(row, at, cell)
                elif _is_sheet_number(cell):
                    sheet.write_number(row, at, cell)
                elif cell is not None:
                    sheet.write_string(row, at, str(cell), quoted)
    return buffer.getvalue()


def _is_sheet_number(cell: Any) -> bool:
    if isinstance(cell, int):
        return abs(cell) < _SHEET_WHOLE
    return isinstance(cell, float) and math.isfinite(cell)


def _check_fits(table: pd.DataFrame) -> None:
    fix = "Take Parquet, JSON Lines or CSV."
    if len(table) > SHEET_ROWS or table.shape[1] > SHEET_COLUMNS:
        raise InputError(
            f"{len(table):,} rows of {table.shape[1]:,} columns do not fit into a sheet of XLSX, "
            f"which holds {SHEET_ROWS:,} of {SHEET_COLUMNS:,}.",
            fix=fix,
        )
    for at, name in enumerate(table.columns):
        for row, cell in enumerate(table.iloc[:, at].tolist(), start=1):
            if isinstance(cell, str) and len(cell.encode("utf-16-le")) // 2 > SHEET_CELL:
                raise InputError(
                    f"Row {row:,} has {len(cell):,} characters in “{str(name)[:80]}”; a cell of "
                    f"XLSX holds {SHEET_CELL:,}.",
                    fix=fix,
                )
