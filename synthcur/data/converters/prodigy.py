"""Prodigy: JSON Lines with ``answer``, and ``label`` (yes or no) or ``options`` and ``accept``."""

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
from synthcur.data.labels import labels_in, plain
from synthcur.data.said import DISCARD, KEEP, RELABEL, UNSURE
from synthcur.data.tables import Limits, PlainTable

TOOL = "Prodigy"
ACCEPT, OPTIONS = "accept", "options"
_MARKS = {"_input_hash", "_task_hash", "_view_id", "_session_id", "_annotator_id"}
_ANSWERS = {"accept": KEEP, "reject": DISCARD, "ignore": UNSURE}
_WORDS = {**{verdict: word for word, verdict in _ANSWERS.items()}, RELABEL: "accept"}


def reads(table: PlainTable) -> bool:
    """Whether a table is what Prodigy stores of texts with one label or a choice."""
    columns = set(table.columns)
    if TEXT not in columns or not columns & (_MARKS | {OPTIONS}):
        return False
    if "answer" in columns and not set(json_cells.head(table, "answer")) <= set(_ANSWERS):
        return False
    if OPTIONS in columns:
        return all(_names(cell) for cell in json_cells.head(table, OPTIONS))
    return "answer" in columns and LABEL in columns


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return a row per task: what several people answered for one is one row."""
    label = ACCEPT if OPTIONS in table.columns else LABEL
    groups: dict[Any, list[tuple[int, int, dict[str, Any]]]] = {}
    for number, line, row in json_cells.records(table):
        groups.setdefault(_task(row, number), []).append((number, line, row))
    rows = [_joined(group, label) for group in groups.values()]
    several = sum(len(group) > 1 for group in groups.values())
    kind = "choices" if label == ACCEPT else "yes or no"
    notes = [f"Stored by {TOOL}, {kind}: one row per task."]
    notes += common.of_several(several, "task")
    ours = any(row.proposed.get(LABEL) for row in rows)
    return common.table_of(table, rows, limits, notes=notes, label=LABEL if ours else label)


def _task(row: dict[str, Any], number: int) -> Any:
    """Return what tasks that were put to several people share; without a name a row is alone."""
    task, who = row.get("_task_hash"), _who(row)
    return (task, row[TEXT]) if task is not None and who is not None else f"row {number}"


def _who(row: dict[str, Any]) -> Any:
    return row.get("_annotator_id") or row.get("_session_id")


def _names(cell: Any) -> dict[str, str]:
    """Return the options by id; where all ids are numbers, each under its text."""
    options = [each for each in json_cells.items(cell) if isinstance(each, dict) and "id" in each]
    numbered = all(plain(each["id"]).isdigit() and each.get("text") for each in options)
    return {plain(each["id"]): plain(each["text"] if numbered else each["id"]) for each in options}


def _joined(group: Sequence[tuple[int, int, dict[str, Any]]], column: str) -> Converted:
    number, line, row = group[0]
    answers = [answer for _, _, each in group for answer in _answer(each, column)]
    carried = common.carried_in(row.get(OURS))
    if carried is not None:
        meta = {
            name: json_cells.as_cell(v) for name, v in json_cells.fields(row.get("meta")).items()
        }
        return common.of_carried(number, line, carried, meta, text=row[TEXT], answers=answers)
    cells, proposed = dict(row), {}
    base = row.get(LABEL)
    if column == ACCEPT:
        chosen = _chosen(row)
        cells[ACCEPT] = base = common.agreed(answers)
        proposed = {ACCEPT: chosen[0]} if not answers and len(chosen) == 1 else {}
    # An answer of the majority's stands for all: the column tells of a row, not of a person.
    if len(group) > 1:
        words = [each.get("answer") for _, _, each in group]
        cells["answer"] = max(words, key=words.count)
    said = common.said_by(answers, number=number, column=column, base=base)
    return Converted(number, line, cells, proposed, tuple(said))


def _chosen(row: dict[str, Any]) -> tuple[str, ...]:
    names = _names(row.get(OPTIONS))
    return tuple(names.get(each, each) for each in map(plain, json_cells.items(row.get(ACCEPT))))


def _answer(row: dict[str, Any], column: str) -> list[Answer]:
    """Return what somebody answered; nothing where a task waits for an answer."""
    verdict = _ANSWERS.get(row.get("answer") or "")
    if verdict is None:
        return []
    who, at = json_cells.name_of(_who(row), TOOL), json_cells.moment(row.get("_timestamp"))
    if verdict != KEEP:
        return [Answer(who, at, verdict=verdict)]
    labels = _chosen(row) if column == ACCEPT else labels_in(row.get(LABEL))
    return [Answer(who, at, labels)] if labels else []


def write(rows: Sequence[DecidedRow]) -> bytes:
    """Write tasks of a choice, the label chosen already; a row that was decided has an answer.

    What `OURS` holds lies beside ``meta``, of which the tool shows every field.
    """
    labels = sorted({label for row in rows for label in (row.label, row.final_label)})
    options = [{"id": label, "text": label} for label in labels]
    lines = (json.dumps(_as_task(row, options), ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _as_task(row: DecidedRow, options: list[dict[str, str]]) -> dict[str, Any]:
    pair = {} if row.text_pair is None else {TEXT_PAIR: row.text_pair}
    meta = common.free_field(row)
    carried = meta.pop(OURS)
    task = {
        TEXT: row.final_text,
        **pair,
        OPTIONS: options,
        ACCEPT: [row.final_label],
        "_view_id": "choice",
        "config": {"choice_style": "single"},
        "meta": meta,
        OURS: carried,
    }
    if row.decided is None:
        return task
    who = row.decided.annotator
    answer = {"answer": _WORDS[row.decided.action], "_annotator_id": who, "_session_id": who}
    return {**task, **answer, "_timestamp": int(row.decided.at)}
