"""doccano: JSON Lines with ``text`` (or ``data``) and a list of labels."""

import json
from collections.abc import Sequence
from typing import Any

from synthcur.data.converters import json_cells
from synthcur.data.converters import rows as common
from synthcur.data.converters.rows import (
    LABEL,
    OURS,
    TEXT,
    TEXT_PAIR,
    Answer,
    Converted,
    DecidedRow,
)
from synthcur.data.labels import labels_in
from synthcur.data.said import KEEP, NOTE, Said, outcome
from synthcur.data.tables import Limits, PlainTable

TOOL = "doccano"
_TEXTS, _LABELS = (TEXT, "data"), (LABEL, "labels")
_COMMENTS = ("Comments", "comments")
_APPROVER = "annotation_approver"
_OF_THE_TOOL = {"id", "meta", "metadata", _APPROVER, *_COMMENTS, *_TEXTS, *_LABELS}


def reads(table: PlainTable) -> bool:
    """Whether a table has the fields of doccano, and a list of names as labels in every row."""
    columns = set(table.columns)
    label = next((name for name in _LABELS if name in columns), None)
    if label is None or not columns & set(_TEXTS):
        return False
    is_named = bool(columns & {*_COMMENTS, _APPROVER}) or columns <= _OF_THE_TOOL
    cells = json_cells.head(table, label)
    return (is_named or OURS in columns) and bool(cells) and all(map(_is_list_of_names, cells))


def _is_list_of_names(cell: Any) -> bool:
    found = json_cells.nested(cell)
    return isinstance(found, list) and all(isinstance(each, str) for each in found)


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return its rows; a list of one label stands as it is, and is read as that label."""
    label = next(name for name in _LABELS if name in table.columns)
    text = next(name for name in _TEXTS if name in table.columns)
    rows = [_row(number, line, row, text, label) for number, line, row in json_cells.records(table)]
    ours = any(LABEL in row.proposed for row in rows)
    notes = [f"An export of {TOOL}: one row per document."]
    return common.table_of(table, rows, limits, notes=notes, label=LABEL if ours else label)


def _row(number: int, line: int, row: dict[str, Any], text: str, label: str) -> Converted:
    carried = common.carried_in(row.get(OURS))
    notes = [
        Said(number, NOTE, json_cells.name_of(_author(each), TOOL), note=_comment(each))
        for name in _COMMENTS
        for each in json_cells.items(row.get(name))
        if _comment(each).strip()
    ]
    if carried is not None:
        known = outcome(carried.said).label or carried.label
        labels = labels_in(row.get(label))
        answers = (
            [Answer(json_cells.name_of(None, TOOL), 0.0, labels)] if labels != (known,) else []
        )
        found = common.of_carried(
            number,
            line,
            carried,
            {name: value for name, value in row.items() if name not in _OF_THE_TOOL},
            text=row[text],
            answers=answers if labels else [],
        )
        return Converted(number, line, found.cells, found.proposed, (*found.said, *notes))
    said = notes
    if row.get(_APPROVER) and len(labels_in(row.get(label))) == 1:
        said.append(Said(number, KEEP, json_cells.name_of(row[_APPROVER], TOOL), column=label))
    return Converted(number, line, row, said=tuple(said))


def _author(comment: Any) -> Any:
    return comment.get("username") or comment.get("user") if isinstance(comment, dict) else None


def _comment(comment: Any) -> str:
    found = comment.get("text", comment.get("comment")) if isinstance(comment, dict) else comment
    return found if isinstance(found, str) else ""


def write(rows: Sequence[DecidedRow]) -> bytes:
    """Write documents to import, each with its label; a discarded one has none."""
    lines = (json.dumps(_as_document(row), ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _as_document(row: DecidedRow) -> dict[str, Any]:
    pair = {} if row.text_pair is None else {TEXT_PAIR: row.text_pair}
    labels = [row.final_label] if row.is_kept else []
    return {TEXT: row.final_text, **pair, LABEL: labels, **common.free_field(row, _OF_THE_TOOL)}
