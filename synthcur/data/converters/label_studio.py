"""Label Studio: its export in full (JSON), in short (JSON-MIN, CSV), and what it imports.

In full a task has ``data``, ``annotations`` and ``predictions``; a choice lies in
``result[].value.choices``. In short a row is one annotation, with the choices in the column of
their control.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from synthcur.data.column_facts import LABEL_NAMES, ColumnFacts
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
from synthcur.data.said import KEEP, RELABEL, UNSURE
from synthcur.data.tables import Limits, PlainTable
from synthcur.errors import InputError

TOOL = "Label Studio"
MODEL = "synthcur"
_IN_SHORT = {"annotation_id", "annotator"}
_ANSWERED = ("annotations", "completions", "predictions")
"""Lists of a task with what people chose (before version 1 ``completions``), and models."""
_OF_A_TASK = {"id", "data", "meta", "created_at", "updated_at", "project", "file_upload"}
_OF_THE_TOOL = {
    *("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"),
    *("ground_truth", "was_cancelled", "sentiment_agreement", "reviews", "drafts"),
}


def reads(table: PlainTable) -> bool:
    """Whether a table is an export of Label Studio, in full or in short."""
    return _is_full(table) or set(table.columns) >= _IN_SHORT


def _is_full(table: PlainTable) -> bool:
    columns = set(table.columns)
    if "data" not in columns or not (columns & set(_ANSWERED) or columns <= _OF_A_TASK):
        return False
    cells = json_cells.head(table, "data")
    return bool(cells) and all(json_cells.fields(cell) for cell in cells)


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return a row per task: its data, the choices of people, and the predictions beside them."""
    return _read_full(table, limits) if _is_full(table) else _read_short(table, limits)


# In full


def _read_full(table: PlainTable, limits: Limits) -> PlainTable:
    tasks = list(json_cells.records(table))
    controls = _controls(task for _, _, task in tasks)
    answered = any(_annotations(task) for _, _, task in tasks)
    if answered and not controls:
        raise InputError(
            f"{table.name} is an export of {TOOL} without choices.",
            fix="Synthcur reads one label per text: label with <Choices> there.",
        )
    rows = [_task(number, line, task, controls) for number, line, task in tasks]
    several = sum(len(_annotations(task)) > 1 for _, _, task in tasks)
    notes = [f"An export of {TOOL}: one row per task."]
    notes += common.of_several(several, "task")
    ours = any(TEXT in row.proposed for row in rows)
    only = LABEL if ours else controls[0] if len(controls) == 1 else ""
    return common.table_of(table, rows, limits, notes=notes, label=only)


def _controls(tasks: Iterable[dict[str, Any]]) -> list[str]:
    """Name the controls with choices, the most used first."""
    uses: Counter[str] = Counter()
    for task in tasks:
        for kind in _ANSWERED:
            for each in json_cells.items(task.get(kind)):
                uses.update(str(r["from_name"]) for r in _results(each) if "from_name" in r)
    return [name for name, _ in uses.most_common()]


def _annotations(task: dict[str, Any]) -> list[dict[str, Any]]:
    found = json_cells.items(task.get("annotations")) or json_cells.items(task.get("completions"))
    return [each for each in found if isinstance(each, dict)]


def _results(annotation: Any) -> list[dict[str, Any]]:
    found = json_cells.items(annotation.get("result")) if isinstance(annotation, dict) else []
    return [each for each in found if isinstance(each, dict) and each.get("type") == "choices"]


def _chosen(annotation: Any, control: str) -> tuple[str, ...]:
    return tuple(
        label
        for result in _results(annotation)
        if str(result.get("from_name")) == control
        for label in labels_in(
            json_cells.as_cell(json_cells.fields(result.get("value")).get("choices"))
        )
    )


def _answers(task: dict[str, Any], control: str) -> list[Answer]:
    """Return what people answered, those marked as ground truth alone where there are any."""
    given = _annotations(task)
    truth = [each for each in given if each.get("ground_truth")]
    found = []
    for each in truth or given:
        who = json_cells.name_of(each.get("completed_by"), TOOL)
        at = json_cells.moment(each.get("updated_at")) or json_cells.moment(each.get("created_at"))
        labels = _chosen(each, control)
        if each.get("was_cancelled"):
            found.append(Answer(who, at, verdict=UNSURE))
        elif labels:
            found.append(Answer(who, at, labels))
    return found


def _task(number: int, line: int, task: dict[str, Any], controls: Sequence[str]) -> Converted:
    data = {
        name: json_cells.as_cell(value) for name, value in json_cells.fields(task["data"]).items()
    }
    carried = common.carried_in(data.get(OURS))
    if carried is not None:
        return common.of_carried(
            number,
            line,
            carried,
            data,
            text=data.get(TEXT),
            answers=_answers(task, LABEL),
        )
    cells: dict[str, Any] = {"id": task["id"]} if task.get("id") is not None else {}
    cells |= {f"data.{name}" if name in (*controls, "id") else name: v for name, v in data.items()}
    proposed: dict[str, Any] = {}
    said = []
    for control in controls:
        answers = _answers(task, control)
        predictions = [
            each for each in json_cells.items(task.get("predictions")) if _chosen(each, control)
        ]
        base = None
        if predictions:
            labels = _chosen(predictions[-1], control)
            base = labels[0] if len(labels) == 1 else json_cells.as_cell(list(labels))
            cells[f"{control}.prediction"] = base
            cells[f"{control}.prediction.score"] = predictions[-1].get("score")
        elif len(controls) == 1:
            base = next((data[name] for name in (control, *LABEL_NAMES) if data.get(name)), None)
        cells[control] = common.agreed(answers)
        proposed[control] = base
        said += common.said_by(answers, number=number, column=control, base=base or cells[control])
    cells["annotators"] = ", ".join(dict.fromkeys(each.annotator for each in said)) or None
    return Converted(number, line, cells, proposed, tuple(dict.fromkeys(said)))


# In short


def _read_short(table: PlainTable, limits: Limits) -> PlainTable:
    control = _control(table)
    groups: dict[Any, list[tuple[int, int, dict[str, Any]]]] = {}
    for number, line, row in json_cells.records(table):
        task = row.get("id")
        groups.setdefault(f"row {number}" if task is None else task, []).append((number, line, row))
    rows = [_joined(group, control) for group in groups.values()]
    several = sum(len(group) > 1 for group in groups.values())
    notes = [f"An export of {TOOL} in short form: one row per task."]
    notes += common.of_several(several, "task")
    ours = any(LABEL in row.proposed for row in rows)
    return common.table_of(table, rows, limits, notes=notes, label=LABEL if ours else "")


def _control(table: PlainTable) -> str:
    """Name the column of the choices: the one that looks most like labels."""
    ranks = {
        name: ColumnFacts(name, cells[: json_cells.LOOKED_AT]).label_rank
        for name, cells in zip(table.columns, table.values, strict=True)
        if name not in (*_OF_THE_TOOL, *common.FIGURES, OURS, TEXT)
    }
    best = max(ranks, key=ranks.__getitem__, default="")
    return best if ranks.get(best, -1) >= 0 else ""


def _joined(group: Sequence[tuple[int, int, dict[str, Any]]], control: str) -> Converted:
    number, line, first = group[0]
    answers = []
    for _, _, row in group:
        labels = tuple(label for label in labels_in(row.get(control)) if label.strip())
        at = json_cells.moment(row.get("updated_at")) or json_cells.moment(row.get("created_at"))
        if labels:
            answers.append(Answer(json_cells.name_of(row.get("annotator"), TOOL), at, labels))
    carried = common.carried_in(first.get(OURS))
    if carried is not None:
        beside = {k: v for k, v in first.items() if k not in (*_OF_THE_TOOL, control)}
        return common.of_carried(
            number, line, carried, beside, text=first.get(TEXT), answers=answers
        )
    cells = {**first, **({control: common.agreed(answers)} if control else {})}
    said = common.said_by(answers, number=number, column=control, base=cells.get(control))
    return Converted(number, line, cells, said=tuple(said))


# Leaving


def write(rows: Sequence[DecidedRow]) -> bytes:
    """Write tasks to import: ``data``, the label as a prediction, a verdict as an annotation.

    The weight is the prediction's ``score``, by which tasks can be sorted. Discarded rows are
    skipped tasks. Names of annotators stay in ``data``: to the tool they would be its own users.
    """
    return json.dumps([_as_task(row) for row in rows], ensure_ascii=False, indent=1).encode()


def _as_task(row: DecidedRow) -> dict[str, Any]:
    pair = {} if row.text_pair is None else {TEXT_PAIR: row.text_pair}
    free = common.free_field(row)
    prediction = {"model_version": MODEL, "result": [_choice(row.label)]}
    if "weight" in row.figures:
        prediction["score"] = row.figures["weight"]
    task = {"data": {TEXT: row.final_text, **pair, **free}, "predictions": [prediction]}
    if row.outcome.verdict in (KEEP, RELABEL):
        task["annotations"] = [{"result": [_choice(row.final_label)]}]
    elif row.outcome.verdict:
        task["annotations"] = [{"result": [], "was_cancelled": True}]
    return task


def _choice(label: str) -> dict[str, Any]:
    value = {"choices": [label]}
    return {"from_name": LABEL, "to_name": TEXT, "type": "choices", "value": value}


def labelling_config(labels: Sequence[str], *, has_pairs: bool) -> str:
    """Return the interface to paste into the project's settings."""
    texts = [TEXT, TEXT_PAIR] if has_pairs else [TEXT]
    lines = [f'  <Text name="{name}" value="${name}"/>' for name in texts]
    choices = [f"    <Choice value={quoteattr(label)}/>" for label in labels]
    head = f'  <Choices name="{LABEL}" toName="{TEXT}" choice="single" showInline="true">'
    return "\n".join(["<View>", *lines, head, *choices, "  </Choices>", "</View>", ""])
