"""Stages of pipelines that generate rows (distilabel, Data Designer): Parquet in, the same out.

What goes back has the columns of the file that came, with their names, types and order; what was
decided lies in the metadata of the file, where no reader takes it for a column.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from synthcur.data.converters import json_cells
from synthcur.data.converters import rows as common
from synthcur.data.converters.rows import OURS, DecidedRow
from synthcur.data.labels import plain
from synthcur.data.tables import Limits, PlainTable
from synthcur.errors import InputError

TOOL = "distilabel"
_MARK, _STAGE = "distilabel_metadata", {"generation", "model_name"}
SCHEMA, TEXT, TEXT_PAIR, LABEL = "schema", "text", "text_pair", "label"
"""Keys of a layout: the Arrow schema in base 64, and the columns of texts and label."""


def reads(table: PlainTable) -> bool:
    """Whether a table is a stage of a pipeline, or was written by `write`."""
    columns = set(table.columns)
    return bool(table.layout) and (
        _MARK in columns or columns >= _STAGE or _written(table) is not None
    )


def _written(table: PlainTable) -> dict[str, Any] | None:
    """Return what `write` put into the metadata, if it fits the rows."""
    noted = (_schema(table.layout).metadata or {}).get(OURS.encode())
    found = json_cells.fields(None if noted is None else noted.decode("utf-8", "replace"))
    rows = json_cells.items(found.get("rows"))
    are_named = all(found.get(name) in table.columns for name in (TEXT, LABEL))
    return found if len(rows) == len(table.rows) and are_named else None


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return its rows with every column; nested ones are JSON text."""
    written = _written(table)
    notes = [f"A stage of {TOOL}: every column is kept."]
    if written is None:
        return replace(table, notes=(*notes, *table.notes))
    text, label = written[TEXT], written[LABEL]
    rows = [
        _row(number, line, row, json_cells.fields(free), (text, label))
        for (number, line, row), free in zip(
            json_cells.records(table), written["rows"], strict=True
        )
    ]
    notes.append("Written by synthcur with what was decided.")
    read = common.table_of(table, rows, limits, notes=notes, label=label)
    schema = _schema(table.layout)
    kept = {k: v for k, v in (schema.metadata or {}).items() if k != OURS.encode()}
    return replace(read, layout=_in_base_64(schema.with_metadata(kept)))


def _row(
    number: int, line: int, row: dict[str, Any], free: dict[str, Any], names: tuple[str, str]
) -> common.Converted:
    carried = common.carried_in(free.get(OURS))
    if carried is None:
        return common.Converted(number, line, row)
    found = common.of_carried(number, line, carried, free, text=row[names[0]], names=names)
    # The columns of the file stand as they are; only figures come to them.
    return replace(found, cells={**row, **{k: v for k, v in found.cells.items() if k not in row}})


def _schema(layout: str) -> Any:
    import pyarrow as pa  # only where Parquet was read

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(layout)))


def _in_base_64(schema: Any) -> str:
    return base64.b64encode(schema.serialize().to_pybytes()).decode()


# Leaving


def write(rows: Sequence[DecidedRow], layout: Mapping[str, str]) -> bytes:
    """Write the rows that stay with the columns of the file that they came in.

    Parameters
    ----------
    rows
        All synthetic rows.
    layout
        `SCHEMA`, and the columns of `TEXT`, `TEXT_PAIR` (if any) and `LABEL`.

    Raises
    ------
    InputError
        If the rows did not come in a Parquet file, or a cell cannot be made again.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not layout:
        raise InputError(
            "The synthetic rows did not come in a Parquet file, whose columns could be given back.",
            fix="Export another format, or import the Parquet file of the pipeline.",
        )
    schema = _schema(layout[SCHEMA])
    stays = [row for row in rows if row.is_kept]
    arrays = [_array([_cell(row, each, layout) for row in stays], each) for each in schema]
    noted = {
        TEXT: layout[TEXT],
        LABEL: layout[LABEL],
        "rows": [common.free_field(replace(row, beside={})) for row in stays],
    }
    metadata = {**(schema.metadata or {}), OURS.encode(): json.dumps(noted).encode()}
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema.with_metadata(metadata)), buffer)
    return buffer.getvalue()


def _cell(row: DecidedRow, column: Any, layout: Mapping[str, str]) -> Any:
    """Return the cell of a column, as text where the column is nested."""
    import pyarrow as pa

    if column.name == layout[TEXT]:
        return row.final_text
    if column.name == layout.get(TEXT_PAIR):
        return row.text_pair
    if column.name == layout[LABEL]:
        is_list = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
        return json.dumps([row.final_label]) if is_list else row.final_label
    return row.beside.get(column.name)


def _array(cells: Sequence[Any], column: Any) -> Any:
    """Return cells as an Arrow array of the type of a column.

    Raises
    ------
    InputError
        Naming the column.
    """
    import pyarrow as pa

    try:
        if pa.types.is_nested(column.type):
            cells = [None if c is None else _made(json.loads(c), column.type) for c in cells]
            return pa.array(cells, column.type)
        if all(not isinstance(cell, str) for cell in cells) or _is_moment(column.type):
            return pa.array([_made(cell, column.type) for cell in cells], column.type)
        return pa.array([None if c is None else plain(c) for c in cells], pa.string()).cast(
            column.type
        )
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"Column “{column.name[:80]}” cannot be written as {column.type} again.",
            fix="Export another format, such as parquet.",
        ) from error


def _is_moment(kind: Any) -> bool:
    """Whether a type is a date or a time of day that Python's own type holds whole."""
    import pyarrow as pa

    return pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.unit != "ns")


def _made(value: Any, kind: Any) -> Any:
    """Return a value of a nested column as Arrow takes it: JSON knows no times and no bytes."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {each.name: _made(value.get(each.name), each.type) for each in kind}
    if pa.types.is_map(kind):
        return [(_made(k, kind.key_type), _made(v, kind.item_type)) for k, v in value]
    if pa.types.is_nested(kind):
        return [_made(each, kind.value_type) for each in value]
    if _is_moment(kind):
        found = datetime.fromisoformat(value)
        return found.date() if pa.types.is_date(kind) else found
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_decimal(kind):
        raise ValueError(f"{kind} in a nested column")
    return value
