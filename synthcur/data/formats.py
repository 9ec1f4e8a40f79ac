"""Delimited text to a table, and what it shares with sheets of workbooks: rows below a header.

Each reader returns a `data.tables.PlainTable` whose rows and rejected rows add up to what the
file holds, or raises `InputError` where the file as a whole cannot be trusted.
"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from synthcur.data import spreadsheet
from synthcur.data.column_facts import SAMPLE
from synthcur.data.first_line import HEADER, ROW, first_line
from synthcur.data.labels import plain
from synthcur.data.read_options import DELIMITERS, GUESSED, ReadOptions
from synthcur.data.tables import (
    Limits,
    PlainTable,
    Rejected,
    TextFile,
    check_length,
    check_width,
    make_table,
)
from synthcur.errors import InputError

_SAMPLE_LINES = 200
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\r\n]+', re.IGNORECASE)
"""What Excel reads as the delimiter, before the header."""


Record = tuple[int, int, list[Any]]
"""Row number, line on which the row starts, cells."""


def read_csv(text: TextFile, limits: Limits, options: ReadOptions = GUESSED) -> PlainTable:
    """Read delimited text; its first row names the columns unless it reads like a row itself.

    A row with too many or too few cells, or with a stray quote, is rejected by number; a quote
    that is never closed refuses the file, because what follows it cannot be told apart. In a
    file with tabs quotes are plain characters unless they enclose a cell.
    """
    # The csv module has one limit for the whole process; ours is checked by cell afterwards.
    csv.field_size_limit(max(csv.field_size_limit(), limits.size))
    named, text = _without_separator_line(text)
    delimiter = options.delimiter or named or _guess_delimiter(text)
    records, rejected, notes = _read_records(text, limits, delimiter)
    if named:
        notes = (*notes, f"The line “sep={named}” is no row.")
        records = [(row, line + 1, cells) for row, line, cells in records]
        rejected = [replace(each, line=each.line + 1) for each in rejected]
    header, *body = records
    if spreadsheet.is_ours(header[2], (cells for _, _, cells in body)):
        records = [
            (row, line, [spreadsheet.unguarded(cell) for cell in cells])
            for row, line, cells in records
        ]
        notes = (*notes, "Written by synthcur: apostrophes before =, +, - and @ are taken off.")
    table = from_records(
        text.name,
        records,
        rejected,
        how=text.how(f"CSV with {DELIMITERS.get(delimiter, repr(delimiter))}"),
        limits=limits,
        notes=notes,
        has_header=options.header,
    )
    return replace(table, used=replace(table.used, delimiter=delimiter))


def from_records(
    name: str,
    records: Sequence[Record],
    rejected: Sequence[Rejected],
    *,
    how: str,
    limits: Limits,
    notes: Sequence[str] = (),
    has_header: bool | None = None,
) -> PlainTable:
    """Make a table of rows of one width, the first of which may name the columns.

    Parameters
    ----------
    records
        The first, as row 0, and the others.
    has_header
        Whether the first names the columns; judged by `first_line` when not given.
    name, rejected, how, limits, notes
        As of `synthcur.data.tables.make_table`.
    """
    (_, _, first), *body = records
    columns, found = _columns(body), ROW if has_header is False else HEADER
    if body and has_header is None:
        spread = slice(None, None, max(1, len(body) // SAMPLE))
        as_text = [[_as_text(cell) for cell in cells[spread]] for cells in columns]
        found = first_line([_as_text(cell) for cell in first], as_text)
    names = [_as_text(cell) for cell in first]
    if found == ROW:
        columns = _columns(records)
        body = [(row + 1, line, cells) for row, line, cells in records]
        rejected = [replace(each, row=each.row + 1) for each in rejected]
        names = [f"column {position}" for position in range(1, len(first) + 1)]
        if has_header is None:
            notes = (*notes, "The first line reads like a row, so it is row 1.")
    if not body and not rejected:
        raise InputError(
            f"{name} has a header but no rows.",
            fix="Check that the file was written completely.",
        )
    table = make_table(
        name,
        names,
        columns or [[]] * len(names),
        rows=[row for row, _, _ in body],
        lines=[line for _, line, _ in body],
        rejected=rejected,
        how=how,
        limits=limits,
        notes=notes,
        first_line=found,
    )
    return replace(table, used=ReadOptions(header=found != ROW))


def _as_text(cell: Any) -> str:
    return cell if isinstance(cell, str) else "" if cell is None else plain(cell)


def _columns(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    return list(zip(*(cells for _, _, cells in records), strict=True))


def _without_separator_line(text: TextFile) -> tuple[str, TextFile]:
    """Return the delimiter that a first line such as ``sep=;`` names, and the text below it."""
    with text.open() as stream:
        match = _SEPARATOR_LINE.fullmatch(stream.readline(16))
    if match is None:
        return "", text
    return match.group(1), text.part(text.decoded()[match.end() :])


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
