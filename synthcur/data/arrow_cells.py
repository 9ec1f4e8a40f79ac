"""Columns of Arrow arrays to plain cells: what they would take is counted before any is decoded.

Shared by Parquet and Arrow. Class labels that a Hugging Face data set keeps as numbers get the
names that the file keeps beside them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from synthcur.data.labels import quoted
from synthcur.data.tables import Limits, check_length, plain
from synthcur.errors import InputError

HUGGING_FACE = b"huggingface"
"""Key in the metadata of a schema under which `datasets` keeps what its columns are."""
_LISTS = {"Sequence", "List", "LargeList"}
_SAID = 6


def check_types(schema: Any, name: str) -> None:
    """Refuse columns of which a few bytes can stand for any number of cells, and unknown types."""
    import pyarrow as pa

    def refuses(kind: Any) -> bool:
        if isinstance(kind, pa.BaseExtensionType):
            return True
        if pa.types.is_run_end_encoded(kind) or pa.types.is_union(kind):
            return True
        if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
            return True
        if pa.types.is_dictionary(kind):
            return not (_is_text(kind.value_type) or pa.types.is_primitive(kind.value_type))
        return any(refuses(kind.field(i).type) for i in range(kind.num_fields))

    for field in schema:
        if refuses(field.type):
            kind = "extension type" if isinstance(field.type, pa.BaseExtensionType) else "type"
            raise InputError(
                f"Column “{field.name[:80]}” of {name} has the {kind} {str(field.type)[:80]}.",
                fix="Write it as plain text or numbers.",
            )


def cells_of(
    batches: Iterable[Any], width: int, name: str, limits: Limits, already: int = 0
) -> list[list[Any]]:
    """Decode record batches into one list of cells per column.

    Parameters
    ----------
    batches
        Record batches, each of which is looked at before the next one is asked for.
    width
        Number of columns.
    already
        Bytes that other files of the same table have taken.
    name, limits
        The file and what it may hold at most.

    Raises
    ------
    InputError
        If there are too many rows or bytes.
    """
    import pyarrow as pa

    columns: list[list[Any]] = [[] for _ in range(width)]
    size, rows = already, 0
    for batch in batches:
        rows += batch.num_rows
        check_length(name, rows, limits)
        size += sum(decoded_size(column) for column in batch.columns)
        check_size(name, size, limits)
        for cells, column in zip(columns, batch.columns, strict=True):
            if isinstance(column, pa.DictionaryArray):
                column = column.dictionary_decode()
            cells.extend(_cell(cell) for cell in column.to_pylist())
    return columns


def decoded_size(array: Any) -> int:
    """Return how many bytes an Arrow array takes once nothing in it is named by an index."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        if not _is_text(kind.value_type):
            return 16 * len(array)
        lengths = pc.call_function("binary_length", [array.dictionary])
        named = pc.call_function("sum", [lengths.take(array.indices)])
        return 8 * len(array) + (named.as_py() or 0)
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return 16 * len(array) + sum(len(cell) for cell in array.to_pylist() if cell is not None)
    if pa.types.is_struct(kind):
        return 8 * len(array) + sum(map(decoded_size, array.flatten()))
    if pa.types.is_map(kind):
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        parts = (part.slice(first, last - first) for part in (array.keys, array.items))
        return 8 * len(array) + sum(map(decoded_size, parts))
    if pa.types.is_nested(kind):
        return 8 * len(array) + decoded_size(array.flatten())
    return max(array.nbytes, len(array))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return any(
        is_kind(kind)
        for is_kind in (
            *(pa.types.is_string, pa.types.is_large_string),
            *(pa.types.is_binary, pa.types.is_large_binary),
        )
    )


def check_size(name: str, size: int, limits: Limits) -> None:
    """Refuse a file whose cells take too many bytes."""
    if size > limits.size:
        raise InputError(
            f"{name} holds more than {limits.size:,} bytes once unpacked, the limit.",
            fix="Split the file, or leave out columns that are not needed.",
        )


def nested_notes(schema: Any) -> list[str]:
    """Say which columns are kept as JSON text."""
    import pyarrow as pa

    return [
        f"Column “{field.name[:80]}” is nested and kept as JSON text."
        for field in schema
        if pa.types.is_nested(field.type)
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or isinstance(value, str | bool | int | float | list | dict | tuple):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def one_line(error: Exception) -> str:
    """Return the words of a library's error in one line."""
    return " ".join(str(error).split())[:200].rstrip(".")


# Class labels


def features_of(metadata: Mapping[bytes, bytes] | None) -> Mapping[str, Any]:
    """Return what a Hugging Face data set says of its columns in the metadata of a schema."""
    try:
        found = json.loads((metadata or {}).get(HUGGING_FACE, b"{}"))
        return features_in(found["info"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def features_in(info: Any) -> Mapping[str, Any]:
    """Return the columns of a `dataset_info.json`, or of the same in a schema."""
    features = info.get("features") if isinstance(info, dict) else None
    return features if isinstance(features, dict) else {}


def named(
    columns: Sequence[str], values: Sequence[Sequence[Any]], features: Mapping[str, Any]
) -> tuple[list[list[Any]], list[str]]:
    """Put names in place of the numbers of class labels, and write what is nested as JSON text.

    Parameters
    ----------
    columns, values
        Names and cells, lists among them.
    features
        What is known of the columns, by name.

    Returns
    -------
    values, notes
        -1 is no label; a number without a name stays, and is said.
    """
    found, notes = [], []
    for column, cells in zip(columns, values, strict=True):
        names = _names_in(features.get(column))
        if names is not None:
            unknown: set[int] = set()
            cells = [_with_names(cell, names, unknown) for cell in cells]
            shown = ", ".join(quoted(each) for each in names[:_SAID])
            more = f" and {len(names) - _SAID:,} more" if len(names) > _SAID else ""
            notes.append(f"Column {quoted(column)}: numbers read as the names {shown}{more}.")
            if unknown:
                said = ", ".join(map(str, sorted(unknown)[:_SAID]))
                notes.append(f"Column {quoted(column)}: no name for {said}, kept as numbers.")
        found.append([plain(cell) for cell in cells])
    return found, notes


def _names_in(feature: Any) -> list[str] | None:
    """Return the names of a class label, or of a list of them."""
    if isinstance(feature, list) and len(feature) == 1:
        feature = feature[0]
    elif isinstance(feature, dict) and feature.get("_type") in _LISTS:
        feature = feature.get("feature")
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return None
    names = feature.get("names")
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        return None
    return names if names and len(set(names)) == len(names) else None


def _with_names(cell: Any, names: Sequence[str], unknown: set[int]) -> Any:
    if isinstance(cell, list):
        inside = [_with_names(each, names, unknown) for each in cell]
        return [each for each in inside if each is not None]
    if not isinstance(cell, int) or isinstance(cell, bool) or cell == -1:
        return None if cell == -1 and not isinstance(cell, bool) else cell
    if 0 <= cell < len(names):
        return names[cell]
    unknown.add(cell)
    return cell
