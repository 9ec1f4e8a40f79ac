"""Arrow IPC to a table: the file format, also as Feather writes it, and the stream."""

from collections.abc import Iterator, Mapping
from typing import Any

from synthcur.data.arrow_cells import (
    cells_of,
    check_types,
    features_of,
    named,
    nested_notes,
    one_line,
)
from synthcur.data.tables import Limits, PlainTable, check_area, check_width, make_table
from synthcur.errors import InputError

FILE, STREAM = b"ARROW1", b"\xff\xff\xff\xff"
"""First bytes of the two formats."""
_END = STREAM + b"\x00\x00\x00\x00"
_ROWS = 1024


def read_arrow(
    data: bytes, name: str, limits: Limits, features: Mapping[str, Any] | None = None
) -> PlainTable:
    """Read Arrow: every batch is checked, and what it would take counted, before it is decoded.

    A dictionary's values, and texts that share their bytes, count as often as they are named.
    Nested columns become JSON text; types of which a few bytes may stand for any number of cells
    are refused. `features` says what columns are where the file itself does not.
    """
    import pyarrow as pa

    try:
        source = pa.BufferReader(data)
        options = pa.ipc.IpcReadOptions(use_threads=False)
        is_file = data.startswith(FILE)
        opened = pa.ipc.open_file if is_file else pa.ipc.open_stream
        with opened(source, options=options) as reader:
            schema = reader.schema
            check_width(name, len(schema), limits)
            check_types(schema, name)
            columns = cells_of(_batches(reader, name, limits), len(schema), name, limits)
    except MemoryError:
        raise  # Arrow's is one of its own errors as well, and says nothing of the file
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} cannot be read as Arrow: {one_line(error)}.",
            fix="It may be cut off or damaged: write the file again.",
        ) from error
    if not columns or not columns[0]:
        raise InputError(f"{name} has no rows.", fix="Check that it was written fully.")
    values, found = named(schema.names, columns, features_of(schema.metadata) or features or {})
    notes = []
    if not is_file and _END not in data[-len(_END) - 8 :]:
        notes = ["The stream has no mark of its end: rows may be missing."]
    numbers = range(1, len(values[0]) + 1)
    return make_table(
        name,
        schema.names,
        values,
        rows=numbers,
        lines=numbers,
        rejected=(),
        how="Arrow",
        limits=limits,
        notes=[*notes, *found, *nested_notes(schema)],
    )


def _batches(reader: Any, name: str, limits: Limits) -> Iterator[Any]:
    """Yield the batches in pieces, each of them known to be sound."""
    if hasattr(reader, "num_record_batches"):
        batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
    else:
        batches = iter(reader)
    for batch in batches:
        check_area(name, batch.num_rows, batch.num_columns, limits)
        batch.validate(full=True)
        for start in range(0, batch.num_rows, _ROWS):
            yield batch.slice(start, _ROWS)
