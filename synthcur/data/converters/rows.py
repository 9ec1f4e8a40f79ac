"""The rows on their way: one that leaves with all that is known of it, one that was read.

What a tool has no place for travels in its free field (``meta``, ``data``, ``metadata``) under the
key `OURS`, as JSON text, and is read again from there, so that nothing is lost on the way.
"""

import json
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from synthcur.data.converters.json_cells import as_cell, nested, plural, shown
from synthcur.data.said import DISCARD, KEEP, RELABEL, UNSURE, Outcome, Said, outcome
from synthcur.data.tables import Limits, PlainTable, clean, make_table

OURS = "synthcur"
"""Key of the free field under which everything lies that the tool has no place for."""
FIGURES = ("weight", "p", "q")
"""Numbers of a row that a tool can sort by."""
AS_READ = {figure: f"{OURS}.{figure}" for figure in FIGURES}
"""Columns in which the figures of a file are kept once it is read."""
TEXT, TEXT_PAIR, LABEL = "text", "text_pair", "label"
_USED = {TEXT, TEXT_PAIR, LABEL, *FIGURES, OURS}
_KINDS = {
    **dict.fromkeys(("action", "annotator", "note", "reason", "queue"), str),
    **dict.fromkeys(("label", "text"), (str, type(None))),
    "at": (int, float),
}


# Leaving


@dataclass(frozen=True)
class DecidedRow:
    """A synthetic row with all that is known of it.

    Attributes
    ----------
    sample_id, text, text_pair, label
        As imported.
    beside
        Its other cells by column.
    figures
        Numbers of `FIGURES` by name, without those that are not there.
    said
        What stands of the decisions about it, in order.
    """

    sample_id: str
    text: str
    text_pair: str | None
    label: str
    beside: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    said: tuple[Said, ...] = ()

    @cached_property
    def outcome(self) -> Outcome:
        """What the decisions come to."""
        return outcome(self.said)

    @property
    def is_kept(self) -> bool:
        """Whether nobody discarded it."""
        return self.outcome.verdict != DISCARD

    @property
    def final_text(self) -> str:
        """The text as people left it."""
        return self.text if self.outcome.text is None else self.outcome.text

    @property
    def final_label(self) -> str:
        """The label as people left it."""
        return self.outcome.label or self.label

    @property
    def decided(self) -> Said | None:
        """The latest verdict."""
        verdicts = [each for each in self.said if each.action == self.outcome.verdict]
        return verdicts[-1] if self.outcome.verdict else None


def free_field(row: DecidedRow, taken: Container[str] = ()) -> dict[str, Any]:
    """Return what goes into the free field of a tool: columns and figures, and all else as text.

    Parameters
    ----------
    row
        The row.
    taken
        Names that the tool uses in that place for something else.
    """
    shown = {
        name: value
        for name, value in row.beside.items()
        if name not in _USED and name not in taken and _is_plain(value)
    }
    return {**shown, **row.figures, OURS: _packed(row, shown)}


def _is_plain(value: Any) -> bool:
    """Whether every reader of JSON takes a value for what it is."""
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _packed(row: DecidedRow, shown: Container[str]) -> str:
    hidden = {name: value for name, value in row.beside.items() if name not in shown}
    content = {
        "sample_id": row.sample_id,
        "label": row.label,
        "text": None if row.outcome.text is None else row.text,
        "text_pair": row.text_pair,
        "decisions": [_without_defaults(each) for each in row.said],
        "columns": hidden,
    }
    return json.dumps({k: v for k, v in content.items() if v not in (None, [], {})})


def _without_defaults(said: Said) -> dict[str, Any]:
    usual = asdict(Said(0, "", ""))
    kept = {name: value for name, value in asdict(said).items() if value != usual[name]}
    return {name: value for name, value in kept.items() if name not in ("row", "column")}


# Coming


@dataclass(frozen=True)
class Carried:
    """What a row brought in its free field: it was written by synthcur."""

    label: str
    text: str | None
    text_pair: str | None
    said: tuple[Said, ...]
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What one person answered for one row in a tool.

    Attributes
    ----------
    annotator, at
        Who, and when in seconds since 1970 (0: unknown).
    labels
        What they chose; none where they rejected the row or passed it over.
    verdict
        ``keep`` where they chose labels, else ``discard`` or ``unsure``.
    """

    annotator: str
    at: float = 0.0
    labels: tuple[str, ...] = ()
    verdict: str = KEEP


@dataclass(frozen=True)
class Converted:
    """One row of a tool's file as a row of a table.

    Attributes
    ----------
    number, line
        Of the row in its file.
    cells
        By column; nested values are JSON text.
    proposed
        Of columns that people changed: what a machine had put there.
    said
        What people said of the row.
    """

    number: int
    line: int
    cells: Mapping[str, Any]
    proposed: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[Said, ...] = ()


def carried_in(cell: Any) -> Carried | None:
    """Read what `free_field` put under `OURS`; None where a cell is no such text."""
    content = nested(cell)
    if not isinstance(content, dict) or not isinstance(content.get("label"), str):
        return None
    text, pair = content.get("text"), content.get("text_pair")
    columns, decisions = content.get("columns", {}), content.get("decisions", [])
    is_whole = isinstance(columns, dict) and isinstance(decisions, list)
    if not is_whole or not all(isinstance(each, str | None) for each in (text, pair)):
        return None
    if not all(map(_is_decision, decisions)):
        return None
    said = tuple(Said(0, **{**each, "annotator": shown(each["annotator"])}) for each in decisions)
    cells = {str(name): as_cell(value) for name, value in columns.items()}
    return Carried(content["label"], text, pair, said, cells)


def _is_decision(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"action", "annotator"} <= set(value)
        and set(value) <= set(_KINDS)
        and all(isinstance(each, _KINDS[name]) for name, each in value.items())
        and math.isfinite(value.get("at", 0))
    )


def of_carried(
    number: int,
    line: int,
    carried: Carried,
    free: Mapping[str, Any],
    *,
    text: Any,
    answers: Sequence[Answer] = (),
    names: tuple[str, str] = (TEXT, LABEL),
) -> Converted:
    """Return a row that was written by synthcur, with what people answered in the tool since.

    One answer that says what was decided already was written with the row and is not new.

    Parameters
    ----------
    number, line
        Of the row in its file.
    carried
        What it brought in its free field.
    free
        Everything else in that field.
    text
        As the tool shows it.
    answers
        Those of the tool, in order.
    names
        Columns of the text and of the label.
    """
    said = [replace(each, row=number, column=names[1]) for each in carried.said]
    before = outcome(said)
    fresh = list(answers)
    for answer in answers:
        if _is_known(answer, before.verdict, before.label or carried.label):
            fresh.remove(answer)
            break
    said += said_by(fresh, number=number, column=names[1], base=carried.label)
    pair = {} if carried.text_pair is None else {TEXT_PAIR: carried.text_pair}
    cells = {names[0]: text, **pair, names[1]: outcome(said).label or carried.label}
    beside = {name: value for name, value in free.items() if name not in _USED}
    figures = {AS_READ[each]: _number(free.get(each)) for each in FIGURES}
    figures = {name: value for name, value in figures.items() if value is not None}
    return Converted(
        number=number,
        line=line,
        cells={**cells, **beside, **carried.columns, **figures},
        proposed={names[1]: carried.label, names[0]: carried.text},
        said=tuple(said),
    )


def _number(cell: Any) -> float | None:
    """Return a figure, which a CSV file holds as text; None where a cell is none."""
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def _is_known(answer: Answer, verdict: str, label: str) -> bool:
    """Whether an answer says what was decided already."""
    if answer.labels:
        return verdict in (KEEP, RELABEL) and answer.labels == (label,)
    return verdict in (DISCARD, UNSURE)


def said_by(answers: Iterable[Answer], *, number: int, column: str, base: str | None) -> list[Said]:
    """Return answers as decisions about a label; one with several labels is no decision.

    Parameters
    ----------
    answers
        In order.
    number, column
        Of the row, and of the labels.
    base
        The label that the row has; an answer with another one gives it that.
    """
    found = []
    for answer in answers:
        if answer.verdict != KEEP:
            found.append(Said(number, answer.verdict, answer.annotator, answer.at))
        elif len(answer.labels) == 1:
            (label,) = answer.labels
            same = base is None or label == base
            said = Said(number, KEEP if same else RELABEL, answer.annotator, answer.at, column)
            found.append(said if same else replace(said, label=label))
    return found


def agreed(answers: Sequence[Answer]) -> str | None:
    """Return the label that people gave a row, as a cell: that of more than half of them.

    Without such a label the cell holds all of theirs, as a list, and None if nobody gave one.
    """
    given = [answer.labels for answer in answers if answer.labels]
    for labels in given:
        if 2 * given.count(labels) > len(given):
            return labels[0] if len(labels) == 1 else json.dumps(labels, ensure_ascii=False)
    every = sorted({label for labels in given for label in labels})
    return json.dumps(every, ensure_ascii=False) if every else None


def of_several(number: int, what: str) -> list[str]:
    """Return the note on tasks that several people answered, if there are any."""
    if not number:
        return []
    return [
        f"{plural(number, what)} answered by several people: the label of more than half counts; "
        "where there is none the row has several labels."
    ]


def table_of(
    table: PlainTable,
    rows: Sequence[Converted],
    limits: Limits,
    *,
    notes: Sequence[str],
    label: str,
) -> PlainTable:
    """Put converted rows together.

    Parameters
    ----------
    table
        What was read; its name and its rejected rows stay.
    rows
        In the order of the file.
    limits
        What is refused as too large.
    notes
        What people are told.
    label
        Column of the labels that people gave; empty where that is not known.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    made = make_table(
        table.name,
        columns,
        [[row.cells.get(name) for row in rows] for name in columns],
        rows=[row.number for row in rows],
        lines=[row.line for row in rows],
        rejected=table.rejected,
        how=table.how,
        limits=limits,
        notes=(*notes, *table.notes),
        first_line=table.first_line,
    )
    changed = dict.fromkeys(name for row in rows for name in row.proposed if name in columns)
    proposed = {name: [clean(row.proposed.get(name)) for row in rows] for name in changed}
    return replace(
        made,
        said=tuple(replace(s, label=clean(s.label)) for row in rows for s in row.said),
        proposed={name: cells for name, cells in proposed.items() if set(cells) != {None}},
        label=label,
    )
