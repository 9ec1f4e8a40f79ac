"""How a table goes from the process that read it to the one that asked: lines of JSON, no pickle.

The first line is a refusal or the head of a table; then come some rows per line, column by column,
the rejected rows, and a last line without which the answer is not whole. A process that a hostile
file has taken over can write anything: what is not such an answer is a ValueError.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any, BinaryIO

from synthcur.data.read_options import ReadOptions
from synthcur.data.said import Said
from synthcur.data.tables import PlainTable, Rejected
from synthcur.errors import InputError

_ROWS, _CHARACTERS = 256, 4_000_000
"""Rows per line, and of long texts fewer: a line takes several times its size of memory."""
_END = "end"
_KINDS = {str, int, float, bool, type(None)}


def write_refusal(error: InputError, file: BinaryIO) -> None:
    """Write why a file could not be read."""
    _write(file, {"what": error.what, "fix": error.fix})
    _write(file, _END)


def write_table(table: PlainTable, file: BinaryIO) -> None:
    """Write a table."""
    head = {
        "name": table.name,
        "columns": list(table.columns),
        "how": table.how,
        "notes": list(table.notes),
        "first_line": table.first_line,
        "used": table.used.to_dict(),
        "sheets": list(table.sheets),
        "guessed_encoding": table.guessed_encoding,
        "rows": len(table.rows),
        "rejected": len(table.rejected),
        "said": len(table.said),
        "proposed": list(table.proposed),
        "label": table.label,
        "layout": table.layout,
    }
    columns = [*table.values, *table.proposed.values()]
    _write(file, head)
    for part in _parts(table, 0, len(table.rows)):
        numbers = [list(table.rows[part]), list(table.lines[part])]
        _write(file, [*numbers, *(column[part] for column in columns)])
    for start in range(0, len(table.rejected), _ROWS):
        some = table.rejected[start : start + _ROWS]
        _write(file, [(item.row, item.line, item.reason) for item in some])
    for start in range(0, len(table.said), _ROWS):
        _write(file, [astuple(each) for each in table.said[start : start + _ROWS]])
    _write(file, _END)


def _parts(table: PlainTable, start: int, stop: int) -> Iterator[slice]:
    """Divide rows into what goes on one line each."""
    if stop - start > _ROWS:
        for at in range(start, stop, _ROWS):
            yield from _parts(table, at, min(at + _ROWS, stop))
        return
    part = slice(start, stop)
    size = sum(len(cell) for cells in table.values for cell in cells[part] if type(cell) is str)
    if size > _CHARACTERS and stop - start > 1:
        middle = (start + stop) // 2
        yield from _parts(table, start, middle)
        yield from _parts(table, middle, stop)
    elif stop > start:
        yield part


def read_answer(file: BinaryIO) -> PlainTable:
    """Read what the other process wrote.

    Returns
    -------
    PlainTable
        Equal to the one that was written, cell by cell and type by type.

    Raises
    ------
    InputError
        If the answer is a refusal.
    ValueError
        If it is not a whole answer.
    """
    try:
        head = _read(file)
        if set(head) == {"what", "fix"}:
            _expect_end(file)
            raise InputError(_text(head["what"]), fix=_text(head["fix"]))
        table = _read_table(head, file)
        _expect_end(file)
    except (TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"not an answer: {error!r}") from error
    return table


def _read_table(head: dict[str, Any], file: BinaryIO) -> PlainTable:
    columns = [_text(column) for column in head["columns"]]
    _expect(len(set(columns)) == len(columns), "a column occurs twice")
    changed = [_text(column) for column in head["proposed"]]
    _expect(len(set(changed)) == len(changed), "a column occurs twice")
    rows: list[int] = []
    lines: list[int] = []
    values: list[list[Any]] = [[] for _ in (*columns, *changed)]
    while len(rows) < head["rows"]:
        more_rows, more_lines, *cells = _read(file)
        rows.extend(_whole_numbers(more_rows))
        lines.extend(_whole_numbers(more_lines))
        for column, more in zip(values, cells, strict=True):
            _expect(type(more) is list and len(more) == len(more_rows), "a column has a gap")
            _expect({type(cell) for cell in more} <= _KINDS, "a cell is not plain")
            column.extend(more)
        _expect(bool(more_rows), "a line without rows")
    rejected: list[Rejected] = []
    while len(rejected) < head["rejected"]:
        more = _read(file)
        _expect(bool(more), "a line without rows")
        for row, line, reason in more:
            _whole_numbers([row, line])
            rejected.append(Rejected(row, line, _text(reason)))
    said = _read_said(head["said"], file)
    whole = len(rows) == len(lines) == head["rows"] and len(rejected) == head["rejected"]
    _expect(whole, "more rows than promised")
    return PlainTable(
        name=_text(head["name"]),
        columns=columns,
        values=values[: len(columns)],
        rows=rows,
        lines=lines,
        rejected=tuple(rejected),
        how=_text(head["how"]),
        notes=tuple(_text(note) for note in head["notes"]),
        first_line=_text(head["first_line"]),
        used=ReadOptions.from_dict(head["used"]),
        sheets=tuple(_text(sheet) for sheet in head["sheets"]),
        guessed_encoding=_text(head["guessed_encoding"]),
        said=tuple(said),
        proposed=dict(zip(changed, values[len(columns) :], strict=True)),
        label=_text(head["label"]),
        layout=_text(head["layout"]),
    )


def _read_said(number: int, file: BinaryIO) -> list[Said]:
    said: list[Said] = []
    while len(said) < number:
        more = _read(file)
        _expect(bool(more), "a line without rows")
        for row, action, annotator, at, column, label, text, *others in more:
            _whole_numbers([row])
            _expect(type(at) in (int, float) and math.isfinite(at), "not a time")
            action, annotator, column, *others = map(_text, (action, annotator, column, *others))
            label, text = (None if each is None else _text(each) for each in (label, text))
            note, reason, queue = others
            said.append(Said(row, action, annotator, at, column, label, text, note, reason, queue))
    _expect(len(said) == number, "more rows than promised")
    return said


def _write(file: BinaryIO, value: Any) -> None:
    # Half an emoji, as in the name of a repeated key, passes through as it is.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    file.write(text.encode("utf-8", "surrogatepass") + b"\n")


def _read(file: BinaryIO) -> Any:
    return json.loads(file.readline().decode("utf-8", "surrogatepass"))


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _expect_end(file: BinaryIO) -> None:
    _expect(_read(file) == _END and not file.read(1), "the end is missing")


def _text(value: Any) -> str:
    _expect(type(value) is str, "not a text")
    return value


def _whole_numbers(values: Any) -> list[int]:
    good = type(values) is list and all(type(each) is int and 0 <= each < 2**63 for each in values)
    _expect(good, "not row numbers")
    return values
