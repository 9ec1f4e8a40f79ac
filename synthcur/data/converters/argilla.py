"""Argilla: records with ``fields``, ``responses`` and ``suggestions``, nested or flat.

Flat, as Argilla writes tables, a question ``topic`` has the columns ``topic.responses``,
``topic.responses.users``, ``topic.responses.status`` and ``topic.suggestion``; version 1 wrote
lists of ``{"user_id", "value", "status"}`` under ``topic``, and ``topic-suggestion``, or, in its
first data sets, one ``annotation`` with its ``prediction``.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
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
from synthcur.data.said import DISCARD, KEEP, RELABEL
from synthcur.data.tables import Limits, PlainTable

TOOL = "Argilla"
AGENT = "synthcur"
_RESPONSES, _USERS, _STATUS = ".responses", ".responses.users", ".responses.status"
_SUGGESTION = ".suggestion"
_OPEN = {"draft", "pending"}
_CLASSIC = {"annotation", "annotation_agent", "prediction", "status"}
_USER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def reads(table: PlainTable) -> bool:
    """Whether a table is an export of Argilla's records."""
    columns = set(table.columns)
    if any(name.endswith((_USERS, _STATUS)) for name in columns):
        return True
    is_old = columns >= _CLASSIC or any(_is_old(table, name) for name in columns)
    return is_old or _is_nested(table)


def _is_nested(table: PlainTable) -> bool:
    columns = set(table.columns)
    if "fields" not in columns or not columns & {"responses", "suggestions"}:
        return False
    cells = json_cells.head(table, "fields")
    return bool(cells) and all(json_cells.fields(cell) for cell in cells)


def _is_old(table: PlainTable, column: str) -> bool:
    found = [each for cell in json_cells.head(table, column) for each in json_cells.items(cell)]
    return bool(found) and all(
        {"user_id", "value"} <= set(json_cells.fields(each)) for each in found
    )


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return a row per record: the labels that people submitted, the suggestion beside them."""
    flattened = _flattener(table)
    flat = [(number, line, flattened(row)) for number, line, row in json_cells.records(table)]
    questions = list(
        dict.fromkeys(
            name.removesuffix(ending)
            for _, _, row in flat
            for name in row
            for ending in (_RESPONSES, _SUGGESTION)
            if name.endswith(ending)
        )
    )
    rows = [_record(number, line, row, questions) for number, line, row in flat]
    ours = any(LABEL in row.proposed for row in rows)
    label = f"{questions[0]}{_RESPONSES}" if len(questions) == 1 else ""
    several = sum(
        len(json_cells.items(row.get(f"{q}{_RESPONSES}"))) > 1
        for _, _, row in flat
        for q in questions
    )
    notes = [f"An export of {TOOL}: one row per record; drafts are no responses."]
    notes += common.of_several(several, "record")
    return common.table_of(table, rows, limits, notes=notes, label=LABEL if ours else label)


def _flattener(table: PlainTable) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what makes a flat record of a row of the table."""
    if _is_nested(table):
        return _from_nested
    if set(table.columns) >= _CLASSIC:
        return _from_classic
    return partial(_from_old, questions=[each for each in table.columns if _is_old(table, each)])


def _from_classic(row: dict[str, Any]) -> dict[str, Any]:
    """Return a record of one label; its annotation is the response, its prediction a suggestion."""
    used = {*_CLASSIC, "prediction_agent", "inputs", "text"}
    inputs = json_cells.fields(row.get("inputs"))
    text = row.get("text") or next(iter(inputs.values()), None)
    flat = {"text": json_cells.as_cell(text), "status": row["status"]}
    flat |= {name: cell for name, cell in row.items() if name not in used}
    answer = {"value": row["annotation"], "user_id": row["annotation_agent"], "status": "submitted"}
    if row["status"] == "Discarded":
        answer["status"] = "discarded"
    is_answered = row["annotation"] is not None or row["status"] == "Discarded"
    flat |= _as_columns(LABEL, [answer] if is_answered else [])
    guesses = [json_cells.fields(each) for each in json_cells.items(row["prediction"])]
    guesses = [each for each in guesses if isinstance(each.get("score"), int | float)]
    best = max(guesses, key=lambda each: each["score"], default={})
    flat[f"{LABEL}{_SUGGESTION}"] = json_cells.as_cell(best.get("label"))
    flat[f"{LABEL}{_SUGGESTION}.score"] = best.get("score")
    flat[f"{LABEL}{_SUGGESTION}.agent"] = row.get("prediction_agent")
    return flat


def _from_nested(row: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its fields, metadata, responses and suggestions side by side."""
    flat = {name: row[name] for name in ("id", "status", "_server_id") if row.get(name) is not None}
    for part in ("fields", "metadata"):
        flat |= {
            name: json_cells.as_cell(value)
            for name, value in json_cells.fields(row.get(part)).items()
        }
    if vectors := json_cells.fields(row.get("vectors")):
        flat["vectors"] = json_cells.as_cell(vectors)
    for question, found in json_cells.fields(row.get("responses")).items():
        flat |= _as_columns(question, [json_cells.fields(each) for each in json_cells.items(found)])
    for question, found in json_cells.fields(row.get("suggestions")).items():
        for ending, key in (("", "value"), (".score", "score"), (".agent", "agent")):
            flat[f"{question}{_SUGGESTION}{ending}"] = json_cells.as_cell(
                json_cells.fields(found).get(key)
            )
    return flat


def _as_columns(question: str, responses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    parts = ((_RESPONSES, "value"), (_USERS, "user_id"), (_STATUS, "status"))
    return {
        f"{question}{ending}": json.dumps([each.get(key) for each in responses], ensure_ascii=False)
        for ending, key in parts
    }


def _from_old(row: dict[str, Any], questions: Sequence[str]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, cell in row.items():
        question = name.removesuffix("-suggestion")
        if name in questions:
            flat |= _as_columns(name, [json_cells.fields(each) for each in json_cells.items(cell)])
        elif question in questions:
            flat[f"{question}{_SUGGESTION}"] = cell
        else:
            flat[name] = cell
    return flat


def _record(number: int, line: int, row: dict[str, Any], questions: Sequence[str]) -> Converted:
    carried = common.carried_in(row.get(OURS))
    if carried is not None:
        tools = ("id", "status", "_server_id", "vectors", TEXT)
        beside = {k: v for k, v in row.items() if k not in tools and not _is_of_question(k)}
        answers = _answers(row, LABEL)
        return common.of_carried(number, line, carried, beside, text=row.get(TEXT), answers=answers)
    cells, proposed, said = dict(row), {}, []
    for question in questions:
        column, suggestion = f"{question}{_RESPONSES}", row.get(f"{question}{_SUGGESTION}")
        answers = _answers(row, question)
        cells[column] = common.agreed(answers)
        proposed[column] = suggestion
        base = suggestion or cells[column]
        said += common.said_by(answers, number=number, column=column, base=base)
    return Converted(number, line, cells, proposed, tuple(dict.fromkeys(said)))


def _is_of_question(column: str) -> bool:
    return column.startswith((f"{LABEL}{_RESPONSES}", f"{LABEL}{_SUGGESTION}"))


def _answers(row: dict[str, Any], question: str) -> list[Answer]:
    values = json_cells.items(row.get(f"{question}{_RESPONSES}"))
    users, states = (
        json_cells.items(row.get(f"{question}{ending}")) for ending in (_USERS, _STATUS)
    )
    found = []
    for place, value in enumerate(values):
        who = json_cells.name_of(users[place] if place < len(users) else None, TOOL)
        state = states[place] if place < len(states) else None
        labels = labels_in(json_cells.as_cell(value))
        if state == "discarded":
            found.append(Answer(who, verdict=DISCARD))
        elif state not in _OPEN and labels:
            found.append(Answer(who, labels=labels))
    return found


def write(rows: Sequence[DecidedRow]) -> bytes:
    """Write records as ``dataset.records.from_json`` reads them: a text field, a label question.

    The label is a suggestion whose score is the weight. A verdict is a response where its
    annotator is a user of Argilla, who has an id there; all verdicts are in the metadata.
    """
    return json.dumps([_as_record(row) for row in rows], ensure_ascii=False, indent=1).encode()


def _as_record(row: DecidedRow) -> dict[str, Any]:
    pair = {} if row.text_pair is None else {TEXT_PAIR: row.text_pair}
    return {
        "id": row.sample_id,
        "fields": {TEXT: row.final_text, **pair},
        "metadata": common.free_field(row, ("id", "status", "_server_id", "vectors")),
        "suggestions": {
            LABEL: {"value": row.label, "score": row.figures.get("weight"), "agent": AGENT}
        },
        "responses": _responses(row),
        "vectors": {},
    }


def _responses(row: DecidedRow) -> dict[str, Any]:
    verdict = row.decided
    if verdict is None or not _USER_ID.fullmatch(verdict.annotator):
        return {}
    status = {KEEP: "submitted", RELABEL: "submitted", DISCARD: "discarded"}.get(verdict.action)
    if status is None:
        return {}
    return {LABEL: [{"value": row.final_label, "user_id": verdict.annotator, "status": status}]}
