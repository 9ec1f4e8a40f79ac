"""The three kinds of table: delimited text, JSON (one array or one object a line), Parquet.

Each reader returns a `synthcur.tables.PlainTable` whose rows and rejected rows add up to what the
file holds, or raises `InputError` where the file as a whole cannot be trusted.
"""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from synthcur.errors import InputError
from synthcur.tables import (
    Limits,
    PlainTable,
    Rejected,
    TextFile,
    check_area,
    check_length,
    check_width,
    make_table,
)

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 200
_PARQUET_BATCH = 1024
"""Rows of Parquet decoded at a time: few, because a value may be as long as a cell may be."""


# Delimited text


def read_csv(text: TextFile, limits: Limits, delimiter: str | None = None) -> PlainTable:
    """Read delimited text whose first row names the columns.

    A row with too many or too few cells, or with a stray quote, is rejected by number; a quote
    that is never closed refuses the file, because what follows it cannot be told apart. In a
    file with tabs quotes are plain characters unless they enclose a cell.
    """
    # The csv module has one limit for the whole process; ours is checked by cell afterwards.
    csv.field_size_limit(max(csv.field_size_limit(), limits.size))
    delimiter = delimiter or _guess_delimiter(text)
    records, rejected, notes = _read_records(text, limits, delimiter)
    header, *body = records
    if not body and not rejected:
        raise InputError(
            f"{text.name} has a header but no rows.",
            fix="Check that the file was written completely.",
        )
    kind = f"CSV with {DELIMITERS.get(delimiter, repr(delimiter))}"
    return make_table(
        text.name,
        header[2],
        list(zip(*(cells for _, _, cells in body), strict=True)) or [[]] * len(header[2]),
        rows=[row for row, _, _ in body],
        lines=[line for _, line, _ in body],
        rejected=rejected,
        how=text.how(kind),
        limits=limits,
        notes=notes,
    )


def _guess_delimiter(text: TextFile) -> str:
    """Choose the delimiter of the header that most of the first rows agree with."""
    with text.open() as stream:
        head = list(itertools.islice(stream, _SAMPLE_LINES))

    def agreement(delimiter: str) -> tuple[bool, float, int]:
        sizes = [len(row) for row in csv.reader(head, delimiter=delimiter) if row]
        if not sizes:
            return False, 0.0, 0
        return sizes[0] > 1, sizes.count(sizes[0]) / len(sizes), sizes[0]

    return max(DELIMITERS, key=agreement)


Record = tuple[int, int, list[str]]
"""Row number, line on which the row starts, cells."""


def _read_records(
    text: TextFile, limits: Limits, delimiter: str
) -> tuple[list[Record], list[Rejected], tuple[str, ...]]:
    """Return header and rows, rejected rows, and a note where quotes are plain characters."""
    if delimiter == "\t":
        records, rejected = _records(text, limits, delimiter, csv.QUOTE_NONE)
        quoted = [cell for _, _, cells in records for cell in cells if cell.startswith('"')]
        if not rejected and not any(len(cell) > 1 and cell.endswith('"') for cell in quoted):
            return records, rejected, ("Quotes are read as text.",) if quoted else ()
    return *_records(text, limits, delimiter, csv.QUOTE_MINIMAL), ()


def _records(
    text: TextFile, limits: Limits, delimiter: str, quoting: int
) -> tuple[list[Record], list[Rejected]]:
    """Split text into the header, as row 0, and rows of the same width; the rest is rejected."""
    records: list[Record] = []
    rejected: list[Rejected] = []
    width = 0
    with text.open() as stream:
        for line, last, cells in _csv_rows(stream, text.name, limits, delimiter, quoting):
            number = len(records) + len(rejected)
            if not records and isinstance(cells, list):
                check_width(text.name, len(cells), limits)
                width = len(cells)
            check_length(text.name, number, limits)
            if isinstance(cells, str):
                where = f"line {line:,}" if line == last else f"lines {line:,} to {last:,}"
                rejected.append(Rejected(number, line, f"{cells} ({where})"))
            elif len(cells) != width:
                plural = "" if len(cells) == 1 else "s"
                reason = f"{len(cells):,} cell{plural} where the header has {width:,}"
                rejected.append(Rejected(number, line, reason))
            else:
                records.append((number, line, cells))
    if not records:
        raise InputError(f"{text.name} has no header.", fix="Name the columns in the first line.")
    return records, rejected


def _csv_rows(
    stream: Iterable[str], name: str, limits: Limits, delimiter: str, quoting: int
) -> Iterator[tuple[int, int, list[str] | str]]:
    """Yield first line, last line, and the cells, or what is wrong with them in words."""
    reader = csv.reader(stream, delimiter=delimiter, quoting=quoting, strict=True)  # pyright: ignore[reportArgumentType]
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise InputError(
                    f"{name}: a quote opened in the row that starts on line {line:,} is never "
                    "closed.",
                    fix='Close it, or write a quote inside a cell twice ("").',
                ) from error
            yield line, reader.line_num, "a quote is closed in the middle of a cell"
        else:
            if cells:
                yield line, reader.line_num, cells


# JSON


ObjectRow = tuple[int, int, dict[str, Any]]
"""Row number, line on which the row starts, cells by key."""


class _RepeatedKeyError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RepeatedKeyError(f"the key “{twice[:80]}” occurs twice")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _decode(text: str) -> Any:
    """Decode JSON; whatever is wrong with it is a ValueError in words."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON, {error.msg} at character {error.pos + 1:,}") from error


def read_json(text: TextFile, limits: Limits) -> PlainTable | None:
    """Read one JSON array of objects, or one object a line; None where the text is neither."""
    with text.open() as stream:
        head = [line.strip() for line in itertools.islice(stream, _SAMPLE_LINES)]
    filled = [line for line in head if line]
    if any(line.startswith("{") and _is_object(line) for line in filled):
        return _read_json_lines(text, limits)
    if filled and filled[0][0] in "[{":
        return _read_json_array(text, limits)
    return None


def _is_object(line: str) -> bool:
    try:
        return isinstance(_decode(line), dict)
    except ValueError as error:
        return isinstance(error, _RepeatedKeyError)


def _read_json_lines(text: TextFile, limits: Limits) -> PlainTable:
    good: list[ObjectRow] = []
    rejected: list[Rejected] = []
    with text.open() as stream:
        for line, content in enumerate(stream, start=1):
            if not content.strip():
                continue
            number = len(good) + len(rejected) + 1
            check_length(text.name, number, limits)
            try:
                good.append((number, line, _row(_decode(content.strip()))))
            except ValueError as error:
                rejected.append(Rejected(number, line, str(error)))
    return _from_objects(text, good, rejected, "JSON Lines", limits)


def _read_json_array(text: TextFile, limits: Limits) -> PlainTable | None:
    """Read one array; None where a file that is called CSV merely begins with a bracket."""
    try:
        items = _decode(text.data.decode(text.encoding))
    except ValueError as error:
        if text.name.lower().removesuffix(".gz").endswith((".csv", ".tsv")):
            return None
        raise InputError(
            f"{text.name} is not usable: {error}.", fix="Write one JSON object a line, or an array."
        ) from error
    if not isinstance(items, list) or not items:
        raise InputError(
            f"{text.name} holds {'an empty list' if items == [] else 'no list of rows'}.",
            fix="Write one JSON object a line, or an array of objects.",
        )
    good: list[ObjectRow] = []
    rejected: list[Rejected] = []
    for number, item in enumerate(items, start=1):
        try:
            good.append((number, number, _row(item)))
        except ValueError as error:
            rejected.append(Rejected(number, number, str(error)))
    return _from_objects(text, good, rejected, "JSON", limits)


def _row(value: Any) -> dict[str, Any]:
    """Return an object's cells; whatever cannot be a row is a ValueError in words."""
    if not isinstance(value, dict):
        raise ValueError("not an object in braces")
    try:
        return {key: _plain(cell) for key, cell in value.items()}
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _from_objects(
    text: TextFile,
    good: Sequence[ObjectRow],
    rejected: Sequence[Rejected],
    kind: str,
    limits: Limits,
) -> PlainTable:
    columns: dict[str, None] = {}
    for _, _, item in good:
        columns.update(dict.fromkeys(item))
        check_width(text.name, len(columns), limits)
    check_area(text.name, len(good), len(columns), limits)
    return make_table(
        text.name,
        list(columns),
        [[item.get(column) for _, _, item in good] for column in columns],
        rows=[row for row, _, _ in good],
        lines=[line for _, line, _ in good],
        rejected=rejected,
        how=text.how(kind),
        limits=limits,
    )


def _plain(value: Any) -> Any:
    """Keep text, numbers and truth values; write what is nested as JSON; NaN is missing."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else value
    return json.dumps(value, ensure_ascii=False, default=str)


# Parquet


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
    return make_table(
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
        return _plain(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")
