"""Cells of a table read from JSON: what is nested in them, and whom and when they name."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from synthcur.data.labels import plain
from synthcur.data.tables import PlainTable

LOOKED_AT = 1_000
"""Cells of a column that are looked at to tell what it is."""
_NAME_LENGTH = 40
_LATEST = 1e11
"""Seconds since 1970 above which a number is no time that people write."""


def records(table: PlainTable) -> Iterable[tuple[int, int, dict[str, Any]]]:
    """Yield number, line and cells of every row."""
    cells = zip(*table.values, strict=True)
    for number, line, row in zip(table.rows, table.lines, cells, strict=True):
        yield number, line, dict(zip(table.columns, row, strict=True))


def nested(cell: Any) -> Any:
    """Return what a cell of JSON text holds, if that is a list or an object; else None."""
    if not isinstance(cell, str) or cell[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def items(cell: Any) -> list[Any]:
    """Return the list that a cell holds as JSON text, or is; an empty one where it holds none."""
    found = cell if isinstance(cell, list) else nested(cell)
    return found if isinstance(found, list) else []


def fields(cell: Any) -> dict[str, Any]:
    """Return the object that a cell holds as JSON text, or is; an empty one otherwise."""
    found = cell if isinstance(cell, dict) else nested(cell)
    return found if isinstance(found, dict) else {}


def head(table: PlainTable, column: str, most: int = 50) -> list[Any]:
    """Return the first cells of a column that are not missing."""
    cells = table.values[list(table.columns).index(column)]
    return [cell for cell in cells if cell is not None][:most]


def as_cell(value: Any) -> Any:
    """Return a value as a cell: what is nested becomes JSON text."""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def name_of(person: Any, tool: str) -> str:
    """Return the name of somebody in a tool: as the file gives it, or as a person or an id."""
    if isinstance(person, Mapping):
        keys = ("email", "username", "name", "first_name", "id")
        person = next((person[key] for key in keys if person.get(key)), None)
    text = "" if person is None else plain(person)
    name = shown(text)
    return shown(f"{tool} user {name}") if not name or name.isdigit() else name


def shown(name: str) -> str:
    """Return a name as people are named here: printable, one line, at most 40 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return line if len(line) <= _NAME_LENGTH else f"{line[: _NAME_LENGTH - 1]}…"


def moment(value: Any) -> float:
    """Return a time as seconds since 1970, 0 where a cell tells none: ISO 8601, or a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 < value < _LATEST else 0.0
    try:
        found = datetime.fromisoformat(str(value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def plural(number: int, what: str) -> str:
    """Return a count with its noun: ``1 row``, ``2,760 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
