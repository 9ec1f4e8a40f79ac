"""Chat messages as language models are tuned with: JSON Lines with ``messages``.

The assistant's answer is the label where answers are few, short and repeat; else it is the text,
as in conversations that a model wrote. The older form has ``prompt`` and ``completion``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from synthcur.data.column_facts import CLASS_NAMES, LABEL_NAMES, ColumnFacts
from synthcur.data.converters import json_cells
from synthcur.data.converters import rows as common
from synthcur.data.converters.rows import LABEL, OURS, TEXT, Converted, DecidedRow
from synthcur.data.tables import Limits, PlainTable

MESSAGES, METADATA = "messages", "metadata"
_COLUMNS = (MESSAGES, "conversations", "conversation")
PROMPT, COMPLETION = "prompt", "completion"
_ROLES = {
    **dict.fromkeys(("gpt", "bot", "model"), "assistant"),
    **{"human": "user", "developer": "system"},
}
_LONGEST_LABEL = 60
_ENDS = ("\n\n###\n\n", "\n\n===\n\n", "\n\n---\n\n", "\n###\n", "\n\n->\n\n", " ->", "->")
"""What tuners of older models put behind a prompt."""

Turn = tuple[str, str]
"""Role and what was said."""


def reads(table: PlainTable) -> bool:
    """Whether rows are messages of a chat, or prompts whose completion is a label."""
    if _column(table) is not None:
        return True
    if not {PROMPT, COMPLETION} <= set(table.columns) or _has_labels(table):
        return False
    return _are_labels(json_cells.head(table, COMPLETION, json_cells.LOOKED_AT))


def _column(table: PlainTable) -> str | None:
    for name in _COLUMNS:
        cells = json_cells.head(table, name) if name in table.columns else []
        if cells and all(any(role == "assistant" for role, _ in _turns(cell)) for cell in cells):
            return name
    return None


def _turns(cell: Any) -> list[Turn]:
    """Return the turns of a conversation; none where a cell holds something else."""
    found = []
    for each in json_cells.items(cell):
        turn = json_cells.fields(each)
        role, said = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
        if isinstance(said, list):  # parts, of which those of text are read
            said = "".join(str(json_cells.fields(part).get("text", "")) for part in said)
        if not isinstance(role, str) or not isinstance(said, str | None):
            return []
        found.append((_ROLES.get(role, role), said or ""))
    return found


def _last(turns: Sequence[Turn], role: str) -> str | None:
    return next((said for who, said in reversed(turns) if who == role), None)


def _has_labels(table: PlainTable) -> bool:
    return any(
        facts.plain_name in (*LABEL_NAMES, *CLASS_NAMES) and facts.label_rank >= 4
        for facts in (
            ColumnFacts(name, cells[: json_cells.LOOKED_AT])
            for name, cells in zip(table.columns, table.values, strict=True)
        )
    )


def _are_labels(answers: Sequence[Any]) -> bool:
    facts = ColumnFacts("answers", answers)
    return facts.has_few_values and max(map(len, facts.texts), default=0) <= _LONGEST_LABEL


def read(table: PlainTable, limits: Limits) -> PlainTable:
    """Return a row per conversation: what was taken as text and as label is said in a note."""
    column = _column(table)
    if column is None:
        return _read_prompts(table, limits)
    cells = table.values[list(table.columns).index(column)]
    answers = [_last(_turns(cell), "assistant") for cell in cells[: json_cells.LOOKED_AT]]
    ours = METADATA in table.columns and any(
        OURS in json_cells.fields(cell) for cell in json_cells.head(table, METADATA)
    )
    is_label = _are_labels(answers) and not _has_labels(table)
    rows = [
        _conversation(number, line, row, column, is_label=is_label)
        for number, line, row in json_cells.records(table)
    ]
    taken = "the assistant’s answer is the text"
    if is_label or ours:
        taken = "the user’s turn is the text, the assistant’s answer the label"
    notes = [f"Chat messages: {taken}."]
    label = LABEL if is_label or ours else ""
    return common.table_of(table, rows, limits, notes=notes, label=label)


def _conversation(
    number: int, line: int, row: dict[str, Any], column: str, *, is_label: bool
) -> Converted:
    turns = _turns(row[column])
    user, assistant = _last(turns, "user"), _last(turns, "assistant")
    free = json_cells.fields(row.get(METADATA))
    carried = common.carried_in(free.get(OURS))
    if carried is not None:
        is_text = _is_written(carried.columns, carried.label, carried.text or assistant)
        text = assistant if is_text else user
        if text is not None and carried.text_pair is not None:
            text = text.removesuffix(_with_pair("", carried.text_pair))
        columns = {name: json_cells.as_cell(value) for name, value in free.items()}
        return common.of_carried(number, line, carried, columns, text=text)
    others = {name: cell for name, cell in row.items() if name != column}
    text_name = TEXT if TEXT not in others else f"{column}.{TEXT}"
    if not is_label:
        return Converted(number, line, {text_name: assistant, **others, MESSAGES: row[column]})
    label_name = LABEL if LABEL not in others else f"{column}.{LABEL}"
    cells = {text_name: user, label_name: None if assistant is None else assistant.strip()}
    if system := _last(turns, "system"):
        cells["system"] = system
    if [role for role, _ in turns if role != "system"] != ["user", "assistant"]:
        cells[MESSAGES] = row[column]
    return Converted(number, line, {**cells, **others})


def _is_written(columns: Mapping[str, Any], label: str, text: str | None) -> bool:
    """Whether a row came in a conversation whose answer is its text."""
    answer = _last(_turns(columns.get(MESSAGES)), "assistant")
    return answer is not None and answer == text and answer.strip() != label


def _read_prompts(table: PlainTable, limits: Limits) -> PlainTable:
    prompts = [row[PROMPT] or "" for _, _, row in json_cells.records(table)]
    end = next((end for end in _ENDS if all(each.endswith(end) for each in prompts)), "")
    rows = []
    for number, line, row in json_cells.records(table):
        others = {k: v for k, v in row.items() if k not in (PROMPT, COMPLETION)}
        text, label = row[PROMPT], row[COMPLETION]
        cells = {
            TEXT: text if text is None else text.removesuffix(end),
            LABEL: label.strip() if isinstance(label, str) else label,
        }
        rows.append(Converted(number, line, {**cells, **others}))
    notes = ["Prompts and completions: the prompt is the text, the completion the label."]
    if end:
        notes.append(f"Every prompt ends in {json.dumps(end)}; it is taken off.")
    return common.table_of(table, rows, limits, notes=notes, label=LABEL)


def write(rows: Sequence[DecidedRow]) -> bytes:
    """Write the rows that stay as conversations: the text asks, the label answers.

    A row that was read out of a conversation goes back into that conversation.
    """
    lines = (json.dumps(_as_chat(row), ensure_ascii=False) for row in rows if row.is_kept)
    return "".join(f"{line}\n" for line in lines).encode()


def _as_chat(row: DecidedRow) -> dict[str, Any]:
    text = row.final_text
    if row.text_pair is not None:
        text = _with_pair(text, row.text_pair)
    kept = _turns(row.beside.get(MESSAGES))
    asked, answer = _last(kept, "user"), _last(kept, "assistant") or ""
    if _is_written(row.beside, row.label, row.text):
        turns = _replaced(kept, "assistant", text)
    elif asked == row.text and answer.strip() == row.label:
        turns = _replaced(_replaced(kept, "user", text), "assistant", row.final_label)
    else:
        system = row.beside.get("system")
        first = [("system", system)] if isinstance(system, str) else []
        turns = [*first, ("user", text), ("assistant", row.final_label)]
    messages = [{"role": role, "content": said} for role, said in turns]
    # The conversation goes along whole: beside it lies what cannot be read out of it again.
    return {MESSAGES: messages, METADATA: common.free_field(row, (MESSAGES, "system"))}


def _with_pair(text: str, pair: str) -> str:
    return f"{text}\n\n{pair}"


def _replaced(turns: Sequence[Turn], role: str, said: str) -> list[Turn]:
    at = max(place for place, (who, _) in enumerate(turns) if who == role)
    return [*turns[:at], (role, said), *turns[at + 1 :]]
