"""A file as rows and columns, before anything is known about its columns, and its limits."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from synthcur.data.encodings import Encoding
from synthcur.data.read_options import GUESSED, ReadOptions
from synthcur.data.said import Said
from synthcur.errors import InputError

if TYPE_CHECKING:
    # The process that reads a file has no use for them, and they take most of its start.
    import numpy as np
    import pandas as pd

GUIDE = (
    "Use CSV, TSV, JSON, JSON Lines, Parquet, Arrow or a workbook (XLSX, XLS, ODS), "
    "also packed (gz, zst, bz2, xz, zip)."
)
UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """What a file may hold at most; each is named in the message that refuses a file.

    Attributes
    ----------
    size
        Bytes after unpacking.
    rows, columns
        Counts of the table.
    cell
        Characters in one cell.
    cells
        Rows times columns: each cell takes memory, also one that takes no byte of the file.
    """

    size: int = 500_000_000
    rows: int = 1_000_000
    columns: int = 1_000
    cell: int = 1_000_000
    cells: int = 20_000_000


LIMITS = Limits()
"""What the pages and the command line accept."""


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read: its number, its line in the file, and why."""

    row: int
    line: int
    reason: str


@dataclass(frozen=True)
class RawTable:
    """A file as it was read, before anything is known about its columns.

    Attributes
    ----------
    name
        File name as shown to people.
    frame
        The rows that were read. Cells are text in CSV; JSON and Parquet keep numbers and truth
        values. None is a missing value. Column names are unique.
    rows
        1-based row numbers (n,) of `frame`; rejected rows are counted, a header is not.
    lines
        Lines (n,) on which the rows start; equal to `rows` where a file has no lines.
    rejected
        Rows that are not in `frame`; ``len(frame) + len(rejected)`` is the file's row count.
    how
        How the file was read, in words, such as ``CSV with semicolons, UTF-8``.
    notes
        What a reader should know, such as columns that had no name.
    first_line
        What the first line of delimited text is, see `data.first_line`: where it is a row, the
        columns are named by their position.
    used
        How the file was read in the end; None in it where that is no matter.
    sheets
        Names of all sheets of a workbook.
    guessed_encoding
        What was made of text whose encoding nobody says, in words with an example; else empty.
    said
        What people said of the rows in the tool that the file comes from.
    proposed
        Of columns that people changed there: the cells that a machine had put there (n,), None
        where it had not.
    label
        Column of the labels that people gave there; empty where no tool is known.
    layout
        Arrow schema of a Parquet file, in base 64; empty for other files.
    """

    name: str
    frame: pd.DataFrame
    rows: np.ndarray
    lines: np.ndarray
    rejected: tuple[Rejected, ...]
    how: str
    notes: tuple[str, ...] = ()
    first_line: str = "header"
    used: ReadOptions = GUESSED
    sheets: tuple[str, ...] = ()
    guessed_encoding: str = ""
    said: tuple[Said, ...] = ()
    proposed: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    label: str = ""
    layout: str = ""


@dataclass(frozen=True)
class PlainTable:
    """A file as it was read, in plain Python values that go from one process to another.

    Attributes
    ----------
    name, rejected, how, notes, first_line, used, sheets, guessed_encoding, said, proposed, label,
    layout
        As in `RawTable`.
    columns
        Unique names.
    values
        One sequence of cells a column: text, whole numbers, numbers, truth values, None.
    rows, lines
        As in `RawTable`, as sequences.
    """

    name: str
    columns: Sequence[str]
    values: Sequence[Sequence[Any]]
    rows: Sequence[int]
    lines: Sequence[int]
    rejected: tuple[Rejected, ...]
    how: str
    notes: tuple[str, ...] = ()
    first_line: str = "header"
    used: ReadOptions = GUESSED
    sheets: tuple[str, ...] = ()
    guessed_encoding: str = ""
    said: tuple[Said, ...] = ()
    proposed: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    label: str = ""
    layout: str = ""

    def as_frame(self) -> RawTable:
        """Return the same table with its rows as a frame."""
        import numpy as np
        import pandas as pd

        cells = zip(self.columns, self.values, strict=True)
        return RawTable(
            name=self.name,
            frame=pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells}),
            rows=np.asarray(self.rows, dtype=np.int64),
            lines=np.asarray(self.lines, dtype=np.int64),
            rejected=self.rejected,
            how=self.how,
            notes=self.notes,
            first_line=self.first_line,
            used=self.used,
            sheets=self.sheets,
            guessed_encoding=self.guessed_encoding,
            said=self.said,
            proposed=self.proposed,
            label=self.label,
            layout=self.layout,
        )


def shown_name(name: str) -> str:
    """Turn a file name of unknown origin into a short name that is safe to show."""
    base = re.split(r"[/\\]", name)[-1]
    clean = UNSHOWABLE.sub("", base).strip() or "file"
    return clean if len(clean) <= 80 else f"{clean[:60]}…{clean[-19:]}"


@dataclass(frozen=True)
class TextFile:
    """Bytes that are known to decode.

    Attributes
    ----------
    name
        To show.
    data, encoding
        The bytes and how they are made text.
    called
        Name of the file as it would be if it were not packed; `name` where empty.
    """

    name: str
    data: bytes
    encoding: Encoding
    called: str = ""

    def open(self) -> io.TextIOWrapper:
        r"""Return the text as a stream of lines that end in ``\n``, ``\r`` or both."""
        return io.TextIOWrapper(io.BytesIO(self.data), encoding=self.encoding.codec, newline="")

    def decoded(self) -> str:
        """Return the text."""
        return self.data.decode(self.encoding.codec)

    def part(self, text: str) -> TextFile:
        """Return a part of the text as if it were the file."""
        return replace(self, data=text.encode(self.encoding.codec))

    def how(self, kind: str) -> str:
        """Say how the file was read."""
        guessed = " (guessed)" if self.encoding.is_guessed else ""
        return f"{kind}, {self.encoding.title}{guessed}"


def make_table(
    name: str,
    columns: Sequence[str],
    values: Sequence[Sequence[Any]],
    *,
    rows: Sequence[int],
    lines: Sequence[int],
    rejected: Sequence[Rejected],
    how: str,
    limits: Limits,
    notes: Sequence[str] = (),
    first_line: str = "header",
) -> PlainTable:
    """Put a table together from its columns (one sequence of cells each) and check its limits."""
    check_width(name, len(columns), limits)
    check_length(name, len(rows) + len(rejected), limits)
    if not rows:
        raise InputError(
            f"{name} has no row that can be read.{_first(rejected)}",
            fix=f"It was read as {how}; check that this is right.",
        )
    if not columns:
        raise InputError(
            f"{name} has rows but no column.", fix="Give every row a text and a label."
        )
    check_area(name, len(rows), len(columns), limits)
    unique, renamed = _unique(columns)
    cleaned = [[clean(cell) for cell in cells] for cells in values]
    _check_cells(name, unique, cleaned, rows, limits)
    return PlainTable(
        name=name,
        columns=unique,
        values=cleaned,
        rows=rows,
        lines=lines,
        rejected=tuple(rejected),
        how=how,
        notes=(*notes, *renamed),
        first_line=first_line,
    )


def check_width(name: str, columns: int, limits: Limits) -> None:
    """Refuse a table with too many columns."""
    if columns > limits.columns:
        raise InputError(
            f"{name} has {columns:,} columns; the limit is {limits.columns:,}.",
            fix="Keep the text, the label and what describes a row.",
        )


def check_length(name: str, rows: int, limits: Limits) -> None:
    """Refuse a table with too many rows."""
    if rows > limits.rows:
        raise InputError(
            f"{name} has more than {limits.rows:,} rows, the limit.", fix="Take a sample of it."
        )


def check_area(name: str, rows: int, columns: int, limits: Limits) -> None:
    """Refuse a table with too many cells."""
    if rows * columns > limits.cells:
        raise InputError(
            f"{name} has {rows:,} rows of {columns:,} columns; the limit is {limits.cells:,} "
            "cells.",
            fix="Leave out columns that are not needed, or take a sample of the rows.",
        )


def _first(rejected: Sequence[Rejected]) -> str:
    return f" Line {rejected[0].line:,}: {rejected[0].reason}." if rejected else ""


def clean(cell: Any) -> Any:
    """Replace lone surrogates, which no file can hold, by the replacement character."""
    if isinstance(cell, str):
        return cell if cell.isascii() else _SURROGATE.sub("\ufffd", cell)
    return cell


def _unique(columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give columns without a name, or with one that is taken, a name by their position."""
    unique: list[str] = []
    notes = []
    for position, column in enumerate(columns, start=1):
        name = clean(column).strip() or f"column {position}"
        while name in unique:
            name = f"{name} ({position})"
        if name != column.strip():
            notes.append(f"Column {position} is called “{name[:80]}” here.")
        unique.append(name)
    return unique, notes


def _check_cells(
    name: str,
    columns: Sequence[str],
    values: Sequence[Sequence[Any]],
    rows: Sequence[int],
    limits: Limits,
) -> None:
    for column, cells in zip(columns, values, strict=True):
        for row, cell in zip(rows, cells, strict=True):
            if isinstance(cell, str) and len(cell) > limits.cell:
                raise InputError(
                    f"Row {row:,} of {name} has {len(cell):,} characters in “{column[:80]}”; "
                    f"the limit is {limits.cell:,}.",
                    fix="Cut the text or leave the row out.",
                )


def plain(value: Any) -> Any:
    """Keep text, numbers and truth values; write what is nested as JSON; NaN is missing."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else value
    return json.dumps(value, ensure_ascii=False, default=str)
