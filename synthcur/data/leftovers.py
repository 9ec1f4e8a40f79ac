"""What a language model leaves in a text that is none of the text: its words, marks and prompts.

Each kind is looked for in all rows, and said only where real rows do not have it about as often:
what people write too belongs to the task. A row that holds nothing else is proposed to go; of the
others that is offered, since cutting a few characters away in the file is often better.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthcur.data.candidate_rows import Rows
from synthcur.data.labels import bare, quoted
from synthcur.data.leftover_patterns import (
    CHAT_MARKS,
    CLOSING,
    JSON,
    LABEL_AT_END,
    LABEL_AT_START,
    LABEL_SAID,
    LISTED,
    MARKDOWN,
    OPENING,
    PLACEHOLDERS,
    PREFIXED,
    PROMPT,
    REFUSING,
)
from synthcur.schema import REAL, SYNTHETIC, Finding, FindingState

USUAL, LESS_OFTEN = 0.01, 3.0
"""A kind is usual where so many real rows have it, and not so many times as many synthetic ones."""
FEWEST_LISTED, LISTED_SHARE = 3, 0.05
"""Rows and share of the synthetic ones from which numbers before texts are those of a list."""
FEWEST_ALIKE, ALIKE_SHARE = 10, 0.05
"""Rows and share of the synthetic ones from which it is told that they begin alike."""
OPEN_SHARE, LONG_QUANTILE = 0.1, 0.85
"""Share of texts without an end up to which having none is odd; what long is in a source."""
_FIRST_WORDS = 8
_LONG = 80
"""Characters below which no text was cut off at a limit."""
_LONGEST_OPENING = 200
"""Characters of a text that is nothing but an opening."""
_GOES_ON = (",", "-", "–", "—", "(", "、", "，")
_READ = 2_000
"""Characters of a text that are looked at."""

_OFFERED = "Exclude {n}"


@dataclass(frozen=True)
class _Kind:
    """A kind of leftover.

    Attributes
    ----------
    code, title
        As in `Finding`.
    is_in
        Whether a text of a label has it.
    advice
        What it means and what to do.
    """

    code: str
    title: str
    is_in: Callable[[str, str | None], bool]
    advice: str


def _searched(pattern: str) -> Callable[[str, str | None], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda text, label: compiled.search(text) is not None


def is_refusal(text: str) -> bool:
    """Whether a text begins as that of a model that does not want to write one."""
    return REFUSING.match(text) is not None


def is_assistant(text: str) -> bool:
    """Whether a text begins or ends with what an assistant says to whoever asked it."""
    return OPENING.match(text) is not None or CLOSING.search(text) is not None


def states_label(text: str, label: str | None) -> bool:
    """Whether a text names its own label beside what it says: ``Category: billing``."""
    name = bare(label)[0] if label else ""
    if len(name) < 2 or name not in " ".join(text.split()).casefold().replace("_", " "):
        return False
    found = [match["label"] for match in LABEL_SAID.finditer(text)]
    found += [match["label"] for p in (LABEL_AT_END,) if (match := p.search(text[-120:]))]
    found += [match["label"] for match in (LABEL_AT_START.match(text),) if match]
    return any(bare(each.strip(" *\"'"))[0] == name for each in found)


def _is_json(text: str) -> bool:
    if JSON.match(text) is not None:
        return True
    if text.strip()[:1] not in ("[", "{") or text.strip()[-1:] not in ("]", "}"):
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


_KINDS = (
    _Kind(
        "assistant_words",
        "Words of an assistant beside the text",
        lambda text, label: is_assistant(text),
        "Such as “Sure! Here is a review: …” or “I hope this helps!”. Models learn these words "
        "instead of the task; cut them away in the file, or leave the rows out.",
    ),
    _Kind(
        "chat_marks",
        "Marks of a chat format in the text",
        _searched(CHAT_MARKS),
        "Such as “<|im_end|>” or “### Response:”. Cut them away in the file, or leave the rows "
        "out.",
    ),
    _Kind(
        "markdown",
        "Markdown or a code fence in the text",
        _searched(MARKDOWN),
        "No real row or hardly any is written so: a classifier tells generated texts by it. Take "
        "the marks out of the file, or leave the rows out.",
    ),
    _Kind(
        "json_text",
        "JSON in the text",
        lambda text, label: _is_json(text),
        "The text is still inside what the model answered. Read the field of the text into a "
        "column of its own, or leave the rows out.",
    ),
    _Kind(
        "prompt_echo",
        "The prompt instead of a text, or before it",
        _searched(PROMPT),
        "Such as “Write a review with the label …”. The instruction names the label, and no real "
        "row begins so: leave the rows out, or cut it away in the file.",
    ),
    _Kind(
        "placeholders",
        "A gap of a template left open",
        _searched(PLACEHOLDERS),
        "Such as “{name}” or “[Your Company]”. Fill the gaps in the file, or leave the rows out.",
    ),
    _Kind(
        "stated_label",
        "The text names its own label",
        states_label,
        "Such as “Category: billing” in a row of that label: a model reads it off instead of "
        "learning. Cut it away in the file, or leave the rows out.",
    ),
)


def leftovers(table: Rows) -> list[Finding]:
    """Look for every kind of leftover.

    Parameters
    ----------
    table
        The rows; a leftover may be in the text or in the second text.

    Returns
    -------
    list of Finding
        One a kind.
    """
    columns = [table.frame[name].to_numpy() for name in ("text", "text_pair", "label")]
    cells = [
        ([text[:_READ] for text in (first, second) if text], label)
        for first, second, label in zip(*columns, strict=True)
    ]
    found = [_refusals(table, cells)]
    refusing = set(found[0].rows)
    for kind in _KINDS:
        mask = [
            place not in refusing and any(kind.is_in(text, label) for text in texts)
            for (texts, label), place in zip(cells, table.places, strict=True)
        ]
        found.append(_offer(table, kind.code, kind.title, np.array(mask, dtype=bool), kind.advice))
    return [
        *found,
        _prefixes(table, cells),
        _listed(table, cells),
        _same_beginning(table),
        _cut_off(table),
    ]


_Cells = list[tuple[list[str], str | None]]


def _refusals(table: Rows, cells: _Cells) -> Finding:
    mask = np.array([any(map(_says_nothing, texts)) for texts, _ in cells], dtype=bool)
    mask &= not _is_usual(table, mask)
    return table.finding(
        "refusals",
        "Refusal or opening instead of a text",
        FindingState.CHECK,
        mask,
        excludes=mask & table.parts[SYNTHETIC],
        proposal="Exclude {n}",
        advice="Such as “As an AI language model, I cannot …” or “Sure! Here are 10 examples:”: "
        "nothing of the label is in it.",
    )


def _says_nothing(text: str) -> bool:
    is_opening = text.rstrip().endswith((":", "：")) and len(text) <= _LONGEST_OPENING
    return is_refusal(text) or (is_opening and OPENING.match(text) is not None)


def _prefixes(table: Rows, cells: _Cells) -> Finding:
    said = [
        next((m["said"].strip(" \"'*#") for text in texts if (m := PREFIXED.match(text))), None)
        for texts, _ in cells
    ]
    most = Counter(each for each in said if each is not None).most_common(1)
    mask = np.array([each is not None for each in said], dtype=bool)
    return _offer(
        table,
        "text_prefix",
        f"{quoted(most[0][0])} stands before texts" if most else "A word such as “Text:” before it",
        mask,
        "It is part of a prompt or of a list, and real rows do not begin so. Cut it away in the "
        "file, or leave the rows out.",
    )


def _listed(table: Rows, cells: _Cells) -> Finding:
    mask = np.array([any(map(LISTED.match, texts)) for texts, _ in cells], dtype=bool)
    synthetic = table.parts[SYNTHETIC]
    number = int((mask & synthetic).sum())
    mask &= number >= max(FEWEST_LISTED, LISTED_SHARE * synthetic.sum())
    return _offer(
        table,
        "list_numbers",
        "Numbers or dashes of a list before texts",
        mask,
        "Such as “3. ” or “- ”, left from a list of examples. Cut them away in the file, or leave "
        "the rows out.",
    )


def _same_beginning(table: Rows) -> Finding:
    """Find words with which many synthetic texts begin, and hardly a real one."""
    begins = np.array([_beginning(text) for text in table.frame["text"]], dtype=object)
    synthetic, real = table.parts[SYNTHETIC], table.frame["source"].to_numpy() == REAL
    uses, real_uses = Counter(begins[synthetic]), Counter(begins[real])
    least = max(FEWEST_ALIKE, ALIKE_SHARE * synthetic.sum())
    many = {
        begin
        for begin, number in uses.items()
        if begin and number >= least and real_uses[begin] < USUAL * real.sum() + 1
    }
    mask = synthetic & np.array([begin in many for begin in begins], dtype=bool)
    shown = max(many, key=lambda begin: (uses[begin], begin), default="")
    return table.finding(
        "same_beginning",
        "Many texts begin with the same words",
        FindingState.CHECK,
        mask,
        of=int(synthetic.sum()),
        advice=f"{uses[shown]:,} begin with {quoted(shown)}. Where it is a piece of the prompt, "
        "cut it away in the file; where the model repeats itself, ask it for other beginnings.",
    )


def _beginning(text: str) -> str:
    """Return the first words of a text that goes on after them; empty where it does not."""
    words = text[:_READ].split(maxsplit=_FIRST_WORDS)
    return " ".join(words[:-1]).casefold() if len(words) > _FIRST_WORDS else ""


def _cut_off(table: Rows) -> Finding:
    """Find long texts without an end in a source whose texts have one."""
    texts, source = table.frame["text"].tolist(), table.frame["source"].to_numpy()
    sizes = np.array([len(text) for text in texts])
    is_open = np.array([_is_open(text) for text in texts], dtype=bool)
    mask = np.zeros(len(texts), dtype=bool)
    for each in (SYNTHETIC, REAL):
        here = source == each
        if here.sum() and is_open[here].mean() <= OPEN_SHARE:
            long = sizes >= max(_LONG, np.quantile(sizes[here], LONG_QUANTILE))
            mask |= here & is_open & long
    return table.finding(
        "cut_off",
        "Long texts that end without a full stop",
        FindingState.CHECK,
        mask,
        advice="They are among the longest of their source, and nearly all others end with a mark: "
        "the model may have been stopped at its limit of tokens. Look how they end.",
    )


def _is_open(text: str) -> bool:
    """Whether a text ends with a letter, a digit or a mark after which something must follow."""
    last = text.rstrip()[-1:]
    return last.isalnum() or last in _GOES_ON


def _offer(table: Rows, code: str, title: str, mask: np.ndarray, advice: str) -> Finding:
    mask = mask & (not _is_usual(table, mask))
    return table.finding(
        code,
        title,
        FindingState.CHECK,
        mask,
        excludes=mask & table.parts[SYNTHETIC],
        proposal=_OFFERED,
        is_offer=True,
        advice=advice,
    )


def _is_usual(table: Rows, mask: np.ndarray) -> bool:
    """Whether real rows have something about as often as synthetic ones."""
    source = table.frame["source"].to_numpy()
    real, synthetic = (
        mask[source == each].mean() if (source == each).any() else 0.0 for each in (REAL, SYNTHETIC)
    )
    return bool(real >= USUAL and synthetic < LESS_OFTEN * real)
