"""The two kinds of text that are a table: delimited, and JSON (one array or one object per line).

Each reader returns a `data.tables.PlainTable` whose rows and rejected rows add up to what the
file holds, or raises `InputError` where the file as a whole cannot be trusted.
"""

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from synthcur.data import spreadsheet
from synthcur.data.first_line import HEADER, ROW, first_line
from synthcur.data.tables import (
    Limits,
    PlainTable,
    Rejected,
    TextFile,
    check_area,
    check_length,
    check_width,
    make_table,
    plain,
)
from synthcur.errors import InputError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE_LINES = 200
_SEPARATOR_LINE = re.compile(r"sep=(.)[\r\n]+", re.IGNORECASE)
"""What Excel reads as the delimiter, before the header."""


# Delimited text


Record = tuple[int, int, list[str]]
"""Row number, line on which the row starts, cells."""


def read_csv(text: TextFile, limits: Limits, delimiter: str | None = None) -> PlainTable:
    """Read delimited text; its first row names the columns unless it reads like a row itself.

    A row with too many or too few cells, or with a stray quote, is rejected by number; a quote
    that is never closed refuses the file, because what follows it cannot be told apart. In a
    file with tabs quotes are plain characters unless they enclose a cell.
    """
    # The csv module has one limit for the whole process; ours is checked by cell afterwards.
    csv.field_size_limit(max(csv.field_size_limit(), limits.size))
    named, text = _without_separator_line(text)
    delimiter = delimiter or named or _guess_delimiter(text)
    records, rejected, notes = _read_records(text, limits, delimiter)
    if named:
        notes = (*notes, f"The line “sep={named}” is no row.")
        records = [(row, line + 1, cells) for row, line, cells in records]
        rejected = [replace(each, line=each.line + 1) for each in rejected]
    header, *body = records
    if spreadsheet.is_ours(header[2], (cells for _, _, cells in body)):
        header, *body = (
            (row, line, [spreadsheet.unguarded(cell) for cell in cells])
            for row, line, cells in records
        )
        notes = (*notes, "Written by synthcur: apostrophes before =, +, - and @ are taken off.")
    names, columns, found = header[2], _columns(body), HEADER
    if body:
        found = first_line(names, columns)
    if found == ROW:
        columns = [(name, *below) for name, below in zip(names, columns, strict=True)]
        body = [(row + 1, line, cells) for row, line, cells in records]
        rejected = [replace(each, row=each.row + 1) for each in rejected]
        names = [f"column {position}" for position in range(1, len(names) + 1)]
        notes = (*notes, "The first line reads like a row, so it is row 1.")
    if not body and not rejected:
        raise InputError(
            f"{text.name} has a header but no rows.",
            fix="Check that the file was written completely.",
        )
    kind = f"CSV with {DELIMITERS.get(delimiter, repr(delimiter))}"
    return make_table(
        text.name,
        names,
        columns or [[]] * len(names),
        rows=[row for row, _, _ in body],
        lines=[line for _, line, _ in body],
        rejected=rejected,
        how=text.how(kind),
        limits=limits,
        notes=notes,
        first_line=found,
    )


def _columns(records: Sequence[Record]) -> list[tuple[str, ...]]:
    return list(zip(*(cells for _, _, cells in records), strict=True))


def _without_separator_line(text: TextFile) -> tuple[str, TextFile]:
    """Return the delimiter that a first line such as ``sep=;`` names, and the text below it."""
    with text.open() as stream:
        match = _SEPARATOR_LINE.fullmatch(stream.readline(16))
    if match is None:
        return "", text
    below = text.data.decode(text.encoding)[match.end() :]
    return match.group(1), replace(text, data=below.encode("utf-8"), encoding="UTF-8")


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
    """Read one JSON array of objects, or one object per line; None where the text is neither."""
    with text.open() as stream:
        head = [line.strip() for line in itertools.islice(stream, _SAMPLE_LINES)]
    filled = [line for line in head if line]
    objects = sum(line.startswith("{") and _is_object(line) for line in filled)
    # A line of braces may also stand in the middle of a cell of a CSV file.
    if objects and (filled[0].startswith("{") or 2 * objects > len(filled)):
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
            f"{text.name} is not usable: {error}.",
            fix="Write one JSON object per line, or an array.",
        ) from error
    if not isinstance(items, list) or not items:
        raise InputError(
            f"{text.name} holds {'an empty list' if items == [] else 'no list of rows'}.",
            fix="Write one JSON object per line, or an array of objects.",
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
        return {key: plain(cell) for key, cell in value.items()}
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
