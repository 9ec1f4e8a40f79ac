"""Which rows JSON values mean: a list of objects, wherever it stands, or columns first.

Beside one object per row: columns by name (``{"text": […], "label": […]}``, also with numbered
cells), the other forms that pandas writes (``index``, ``split``, ``table``, ``values``), and one
list of objects inside an object (``{"examples": […]}``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthcur.data.column_facts import MESSAGE_NAMES, TEXT_NAMES
from synthcur.data.labels import quoted
from synthcur.data.tables import Rejected

SPLITS = {"train", "training", "validation", "valid", "val", "dev", "test", "eval"}
"""What lists, folders and files of one data set are called."""
_DEEPEST = 4
_TURNS = {"messages", "conversation", "conversations", "turns", "dialog", "dialogue"}
"""Lists of objects that are one row: what was said in turn."""


@dataclass(frozen=True)
class Shape:
    """The rows of a file.

    Attributes
    ----------
    rows
        One value per row; what is no object is no row.
    records
        Instead: lists of cells of one length, the first of which may name the columns.
    has_header
        Whether it does; None is not known.
    rejected
        Lists of another length, numbered as `synthcur.data.formats.from_records` has it.
    notes
        What was made of the file, in words.
    """

    rows: Sequence[Any] = ()
    records: Sequence[Sequence[Any]] = ()
    has_header: bool | None = None
    rejected: Sequence[Rejected] = field(default=())
    notes: tuple[str, ...] = ()


def rows_of(values: Sequence[Any]) -> Shape:
    """Find the rows of one JSON value, or of several that stand one after another.

    Raises
    ------
    ValueError
        If there are none, or more than one list of them; the words go on "The file holds …".
    """
    if len(values) > 1:
        if all(isinstance(value, list) and not _has_objects(value) for value in values):
            return _records(values)
        return _batches([e for v in values for e in (v if isinstance(v, list) else [v])])
    (value,) = values
    if isinstance(value, list):
        if not value:
            raise ValueError("an empty list")
        return _records(value) if all(isinstance(each, list) for each in value) else _batches(value)
    if not isinstance(value, dict):
        raise ValueError("no list of rows")
    return _split(value) or _by_column(value) or _by_index(value) or _inside(value)


def is_batch(value: Any) -> bool:
    """Whether a value is no row but an object around one list of rows, with no text of its own."""
    if not isinstance(value, dict) or _has_text(value, _DEEPEST):
        return False
    return len(dict(_lists(value, _DEEPEST))) == 1


def _has_text(value: Any, depth: int) -> bool:
    """Whether there is a text anywhere but in a list of objects."""
    if isinstance(value, dict):
        return depth > 0 and any(_has_text(cell, depth - 1) for cell in value.values())
    if isinstance(value, list) and not _has_objects(value):
        return any(isinstance(each, str) for each in value)
    return isinstance(value, str)


def _batches(items: Sequence[Any]) -> Shape:
    """Take the rows out of objects around them, where every item is such an object."""
    if not all(is_batch(item) for item in items):
        return Shape(rows=items)
    shapes = [_inside(item) for item in items]
    notes = tuple(dict.fromkeys(note for shape in shapes for note in shape.notes))
    return Shape(rows=[row for shape in shapes for row in shape.rows], notes=notes)


def _has_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _records(lists: Sequence[Sequence[Any]], has_header: bool | None = None) -> Shape:
    width = len(lists[0])
    if not width:
        raise ValueError("rows without a cell")
    good = [cells for cells in lists if len(cells) == width]
    rejected = [
        Rejected(number, number + 1, f"{len(cells):,} cells where the first row has {width:,}")
        for number, cells in enumerate(lists)
        if len(cells) != width
    ]
    return Shape(
        records=good,
        has_header=has_header,
        rejected=rejected,
        notes=("Each list in the file is a row.",),
    )


def _split(value: Mapping[str, Any]) -> Shape | None:
    """Read what pandas calls the orient ``split``."""
    columns, data = value.get("columns"), value.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        return None
    if not all(isinstance(each, list) for each in data) or not columns:
        return None
    names = [each if isinstance(each, str) else str(each) for each in columns]
    return _records([names, *data], has_header=True)


def _by_column(value: Mapping[str, Any]) -> Shape | None:
    """Read columns first: lists of one length, or objects with the same keys."""
    notes = ("The file holds columns, not rows; each row is made of one cell of every column.",)
    lists = {name: c for name, c in value.items() if isinstance(c, list) and not _has_objects(c)}
    beside = [name for name in value if name not in lists]
    if len(lists) > 1 and (not beside or _has_texts(lists)):
        sizes = {name: len(cells) for name, cells in lists.items()}
        if len(set(sizes.values())) > 1:
            shown = ", ".join(f"{quoted(n)} {size:,}" for n, size in list(sizes.items())[:6])
            raise ValueError(f"columns of different lengths: {shown}")
        cells_of_rows = zip(*lists.values(), strict=True)
        rows = [dict(zip(lists, cells, strict=True)) for cells in cells_of_rows]
        if not rows:
            raise ValueError("columns without a cell")
        left = (f"Not read: {_said(beside)}.",) if beside else ()
        return Shape(rows=rows, notes=(*notes, *left))
    if len(value) > 1 and _are_objects(value) and _is_columns_first(value):
        keys = list(dict.fromkeys(key for cells in value.values() for key in cells))
        rows = [{name: cells.get(key) for name, cells in value.items()} for key in keys]
        return Shape(rows=rows, notes=notes) if rows else None
    return None


def _has_texts(lists: Mapping[str, Sequence[Any]]) -> bool:
    """Whether a list of texts has a usual name of texts: then it is a column, no cell of a row."""
    names = {*TEXT_NAMES, *MESSAGE_NAMES}
    return any(
        name.lower() in names and len(cells) > 1 and all(isinstance(cell, str) for cell in cells)
        for name, cells in lists.items()
    )


def _by_index(value: Mapping[str, Any]) -> Shape | None:
    """Read an object of rows by their index or id."""
    if not _are_objects(value) or len(value) < 2 or not any(value.values()):
        return None
    if any(_has_objects(cell) for row in value.values() for cell in row.values()):
        return None
    return Shape(rows=list(value.values()), notes=("Each object in the file is a row.",))


def _are_objects(value: Mapping[str, Any]) -> bool:
    return all(isinstance(each, dict) for each in value.values())


def _is_columns_first(value: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the outer keys name columns: rows are numbered, or more than the columns."""
    inner = dict.fromkeys(key for cells in value.values() for key in cells)
    for keys, answer in ((inner, True), (value, False)):
        if keys and all(key.isdigit() for key in keys):
            return answer
    return len(value) < len(inner)


def _inside(value: Mapping[str, Any]) -> Shape:
    """Read the one list of objects inside an object, or an object that is a row itself."""
    if "schema" in value and _has_objects(value.get("data")):
        value = {"data": value["data"]}  # what pandas calls the orient `table`
    lists = dict(_lists(value, _DEEPEST))
    names = list(lists)
    if len(lists) > 1 and SPLITS.issuperset(map(str.lower, names)):
        rows = [
            {**each, "split": each.get("split", name)} if isinstance(each, dict) else each
            for name in names
            for each in lists[name]
        ]
        return Shape(rows=rows, notes=(f"The lists {_said(names)} are the splits.",))
    if len(lists) > 1:
        shown = ", ".join(f"{quoted(name)} {len(lists[name]):,}" for name in names[:6])
        raise ValueError(f"several lists of objects, {shown}; it is not clear which are the rows")
    if lists:
        beside = [key for key in value if key != names[0].split(".")[0]]
        left = f"; not read: {_said(beside)}" if beside else ""
        return Shape(
            rows=lists[names[0]], notes=(f"The rows are the list {quoted(names[0])}{left}.",)
        )
    if any(isinstance(cell, str | int | float) for cell in value.values()) or not value:
        return Shape(rows=[value])
    raise ValueError("no list of rows")


def _said(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6:,} more" if len(names) > 6 else ""
    return ", ".join(quoted(name) for name in names[:6]) + more


def _lists(value: Mapping[str, Any], deep: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield every list of objects inside an object with the way to it."""
    for key, each in value.items():
        if _has_objects(each):
            if key.lower() not in _TURNS and key.lower() not in MESSAGE_NAMES:
                yield key, each
        elif isinstance(each, dict) and deep > 1:
            yield from ((f"{key}.{name}", found) for name, found in _lists(each, deep - 1))
