"""Parquet to a table: what a file claims, and what its values would take, is checked first."""

import base64
import io
from dataclasses import replace
from typing import Any

from synthcur.data.tables import Limits, PlainTable, check_length, check_width, make_table, plain
from synthcur.errors import InputError

_PARQUET_BATCH = 1024
"""Rows of Parquet decoded at a time: few, because a value may be as long as a cell may be."""


def read_parquet(data: bytes, name: str, limits: Limits) -> PlainTable:
    """Read Parquet: the metadata decides whether it is read at all, then every batch is counted.

    Text is read as a dictionary and indices into it, and what the indices stand for is added up
    before any of it is decoded: a file of a kilobyte can name one long value a million times.
    Nested columns become JSON text; extension types are refused.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    def opened(dictionaries: list[str]) -> pq.ParquetFile:
        return pq.ParquetFile(
            io.BytesIO(data),
            read_dictionary=dictionaries,
            thrift_string_size_limit=100_000_000,
            thrift_container_size_limit=1_000_000,
        )

    try:
        file = opened([])
        _check_metadata(file, name, limits)
        leaves = [file.schema.column(i) for i in range(file.metadata.num_columns)]
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        columns: list[list[Any]] = [[] for _ in file.schema_arrow]
        size = 0
        batches = opened(texts).iter_batches(batch_size=_PARQUET_BATCH, use_threads=False)
        for batch in batches:
            size += sum(_decoded_size(column) for column in batch.columns)
            check_length(name, len(columns[0]) + batch.num_rows, limits)
            _check_size(name, size, limits)
            for cells, column in zip(columns, batch.columns, strict=True):
                if isinstance(column, pa.DictionaryArray):
                    column = column.dictionary_decode()
                cells.extend(_arrow_cell(cell) for cell in column.to_pylist())
    except MemoryError:
        raise  # Arrow's is one of its own errors as well, and says nothing of the file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} cannot be read as Parquet: {_one_line(error)}.",
            fix="Write the file again; encrypted files are not supported.",
        ) from error
    numbers = range(1, len(columns[0]) + 1)
    nested = [f.name for f in file.schema_arrow if pa.types.is_nested(f.type)]
    table = make_table(
        name,
        file.schema_arrow.names,
        columns,
        rows=numbers,
        lines=numbers,
        rejected=(),
        how="Parquet",
        limits=limits,
        notes=[f"Column “{column[:80]}” is nested and kept as JSON text." for column in nested],
    )
    layout = base64.b64encode(file.schema_arrow.serialize().to_pybytes()).decode()
    return replace(table, layout=layout)


def _check_metadata(file: Any, name: str, limits: Limits) -> None:
    import pyarrow as pa

    metadata = file.metadata
    check_width(name, metadata.num_columns, limits)
    check_length(name, metadata.num_rows, limits)
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    _check_size(name, sum(group.total_byte_size for group in groups), limits)
    for field in file.schema_arrow:
        if isinstance(field.type, pa.BaseExtensionType):
            raise InputError(
                f"Column “{field.name[:80]}” of {name} has the extension type {field.type}.",
                fix="Write it as plain text or numbers.",
            )
    if not metadata.num_rows or not metadata.num_columns:
        raise InputError(f"{name} has no rows.", fix="Check that it was written fully.")


def _decoded_size(array: Any) -> int:
    """Return how many bytes an Arrow array takes once nothing in it is named by an index."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        lengths = pc.call_function("binary_length", [array.dictionary])
        named = pc.call_function("sum", [lengths.take(array.indices)])
        return 8 * len(array) + (named.as_py() or 0)
    if pa.types.is_struct(kind):
        return sum(map(_decoded_size, array.flatten()))
    if pa.types.is_map(kind):
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        parts = (part.slice(first, last - first) for part in (array.keys, array.items))
        return 8 * len(array) + sum(map(_decoded_size, parts))
    if pa.types.is_nested(kind):
        return 8 * len(array) + _decoded_size(array.flatten())
    return array.nbytes


def _check_size(name: str, size: int, limits: Limits) -> None:
    if size > limits.size:
        raise InputError(
            f"{name} holds more than {limits.size:,} bytes once unpacked, the limit.",
            fix="Split the file, or leave out columns that are not needed.",
        )


def _arrow_cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or isinstance(value, str | bool | int | float | list | dict | tuple):
        return plain(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
