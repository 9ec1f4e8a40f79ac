"""Parquet to a table: what a file claims, and what its values would take, is checked first."""

import base64
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from synthcur.data.arrow_cells import (
    cells_of,
    check_size,
    check_types,
    features_of,
    named,
    nested_notes,
    one_line,
)
from synthcur.data.tables import Limits, PlainTable, check_length, check_width, make_table
from synthcur.errors import InputError

_BATCH = 1024
"""Rows of Parquet decoded at a time: few, because a value may be as long as a cell may be."""


def read_parquet(
    data: bytes, name: str, limits: Limits, features: Mapping[str, Any] | None = None
) -> PlainTable:
    """Read Parquet: the metadata decides whether it is read at all, then every batch is counted.

    Text is read as a dictionary and indices into it, and what the indices stand for is added up
    before any of it is decoded: a file of a kilobyte can name one long value a million times.
    Nested columns become JSON text; extension types are refused. `features` says what columns
    are where the file itself does not.
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
        schema = file.schema_arrow
        leaves = [file.schema.column(i) for i in range(file.metadata.num_columns)]
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        batches = opened(texts).iter_batches(batch_size=_BATCH, use_threads=False)
        columns = cells_of(batches, len(schema), name, limits)
    except MemoryError:
        raise  # Arrow's is one of its own errors as well, and says nothing of the file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{name} cannot be read as Parquet: {one_line(error)}.",
            fix="Write the file again; encrypted files are not supported.",
        ) from error
    values, notes = named(schema.names, columns, features_of(schema.metadata) or features or {})
    numbers = range(1, len(values[0]) + 1)
    table = make_table(
        name,
        schema.names,
        values,
        rows=numbers,
        lines=numbers,
        rejected=(),
        how="Parquet",
        limits=limits,
        notes=[*notes, *nested_notes(schema)],
    )
    layout = base64.b64encode(schema.serialize().to_pybytes()).decode()
    return replace(table, layout=layout)


def _check_metadata(file: Any, name: str, limits: Limits) -> None:
    metadata = file.metadata
    check_width(name, metadata.num_columns, limits)
    check_length(name, metadata.num_rows, limits)
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    check_size(name, sum(group.total_byte_size for group in groups), limits)
    check_types(file.schema_arrow, name)
    if not metadata.num_rows or not metadata.num_columns:
        raise InputError(f"{name} has no rows.", fix="Check that it was written fully.")
