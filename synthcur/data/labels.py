"""What a cell of a label column says: one label, none or several; and which labels are the same.

Annotation tools write a label as a list (``["billing"]``), as an object (``{"choices": […]}``) or
as plain text; language models decorate it (``**billing**``, ``Label: billing``, ``1. billing``).
A list of one element is read as that element. Decorated forms are only compared here: whether
they become one label is proposed to a person, see `synthcur.data.texts.label_merges`.
"""

import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

JOIN = " + "
"""Between the labels of a row that has several."""

_INSIDE = ("choices", "label", "labels", "value", "values", "class", "category")
_PYTHON_LIST = re.compile(r"\[\s*('[^'\"\[\]]*'|\"[^'\"\[\]]*\")(?:\s*,?\s*('[^'\"\[\]]*'))*\s*\]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_DEEPEST = 6
_LONGEST_NESTED, _LONGEST_LIST = 100_000, 2_000
"""Characters of a nested value, as JSON and as Python writes a list; a longer one is no label."""

_WRAPS = (
    *(("__", "__"), ("*", "*"), ("_", "_"), ("`", "`"), ('"', '"')),
    *(("'", "'"), ("“", "”"), ("„", "“"), ("‘", "’"), ("«", "»"), ("»", "«"), ("「", "」")),
    *(("[", "]"), ("(", ")"), ("<", ">"), ("{", "}")),
)
_TRAILING = ".,;:。、，；："
_UNSEEN = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0e\ufe0f\ufeff]"
)
"""Soft hyphens, joiners, marks of direction and order: they are seen by nobody."""
_LOOKS_LIKE = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "`": "`", "−": "-", "ı": "i", "\u0307": None, "ـ": None}
)
"""Characters that stand for others: apostrophes, the minus sign, what is left of a dotted İ."""
_EXPLAINED = re.compile(
    r"\s*\n\s*(?:explanation|reason(?:ing)?|rationale|justification|because|note|erklärung"
    r"|begründung|explication|raison|explicación|razón|解释|理由|说明)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_ENDING = re.compile(
    r"\s*(?:<\|[a-z_]+\|>|</s>|<eos>|<end_of_turn>"
    r"|[(\[](?:(?:confidence|score|probability|certainty)\s*[:=]?\s*)?"
    r"(?:[01]?\.\d+|\d{1,3} ?%)[)\]]"
    r"|[(\[](?:high|medium|low) confidence[)\]])$"
)
_ENCLOSED = re.compile(r"<(\w{1,20})>(.+)</\1>|\\(?:boxed|text|textbf|mathrm)\{(.+)\}")
_MARKED = re.compile(r"__label__(?=\S)|label_(?=\d+$)|#(?=[^\W\d_])")
_PREFIX = re.compile(
    r"(?:(?:the|final|predicted|correct)\s+)*"
    r"(?:label|class|category|intent|topic|tag|answer|output|result|sentiment|emotion"
    r"|kategorie|klasse|antwort|thema|etiqueta|categor[ií]a|clase|respuesta|tema"
    r"|[ée]tiquette|cat[ée]gorie|classe|r[ée]ponse|etichetta|categoria|risposta|resposta"
    r"|标签|类别|答案|метка|категория|класс|ラベル)"
    r"(?:\s*[:=：]\s*|\s+is:?\s+|\s+-\s+)(?=\S)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:[-*•–>→➡►▶✅✔☑🔹🔸]|=>|->|#{1,6})\s+(?=\S)")
_NUMBERING = re.compile(
    r"\(?(\d{1,4}|[a-z])[.):]\)?\s+(?=\S)|(\d{1,4})(?:\s+[-–]\s+|\s*=\s*)(?=[^\W\d])"
)
_WHOLE = re.compile(r"\+?(-?)0*(\d+)(?:\.0+)?")
_NUMBER = re.compile(r"(-?[0-9]{1,18})(?:\.0+)?")
_JOINT = re.compile(r"(?<=[^\W\d_])[_\-‐‑–](?=[^\W\d_])")


def labels_in(cell: Any) -> tuple[str, ...]:
    """Return the labels that a cell names, each once: none, one or several.

    Parameters
    ----------
    cell
        As read: text, a number, a truth value or None; nested values are JSON text.

    Returns
    -------
    tuple of str
        Plain text is one label as it stands, blank or not; None is no label. A list, or an object
        with a key such as ``choices``, has as many as it holds.
    """
    if cell is None:
        return ()
    text = cell if isinstance(cell, str) else plain(cell)
    inside = _nested(text)
    if inside is None:
        return (text,)
    found = _leaves(inside, _DEEPEST)
    return (text,) if found is None else tuple(dict.fromkeys(found))


def plain(value: Any) -> str:
    """Write a cell as text, truth values as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nested(text: str) -> Any:
    """Read a list or an object written as JSON or as Python writes a list of texts; else None."""
    text = text.strip()
    if text[:1] not in ("[", "{") or text[-1:] not in ("]", "}") or len(text) > _LONGEST_NESTED:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if len(text) <= _LONGEST_LIST and _PYTHON_LIST.fullmatch(text):
            return [single or double for single, double in _QUOTED.findall(text)]
        return None


def _leaves(value: Any, deep: int) -> list[str] | None:
    """Collect the labels of a nested value; None where it is no list of labels."""
    if deep == 0:
        return None
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    if isinstance(value, str | int | float):
        return [plain(value)]
    if isinstance(value, Mapping):
        inner = next((value[key] for key in _INSIDE if key in value), value)
        return None if inner is value else _leaves(inner, deep - 1)
    found: list[str] = []
    for each in value:
        leaves = _leaves(each, deep - 1)
        if leaves is None:
            return None
        found += leaves
    return found


def folded(text: str) -> str:
    """Return a text without differences of case, space and Unicode form."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.split()).casefold()


def bare(label: str) -> tuple[str, str]:
    """Return what a label is called without decoration, folded, and the number before it.

    ``("billing", "")`` for ``**Billing**``, ``Label: billing.`` and ``"billing"``;
    ``("billing", "1")`` for ``1. billing``; ``("1", "")`` for ``1.0``.
    """
    name, number = _plainly(label), ""
    name = name.replace("**", "").replace("```", "").strip() or name
    for _ in range(_DEEPEST):
        before = name
        name = _ENDING.sub("", _unwrapped(name)) or name
        if (match := _NUMBERING.match(name)) and not number:
            number, name = match.group(1) or match.group(2), name[match.end() :]
        for pattern in (_PREFIX, _BULLET, _MARKED):
            match = pattern.match(name)
            name = name[match.end() :] if match else name
        name = name.rstrip(_TRAILING).rstrip() or name
        if name == before:
            break
    if match := _WHOLE.fullmatch(name):
        name = f"{match.group(1) if match.group(2).strip('0') else ''}{match.group(2)}"
    return _JOINT.sub(" ", name), number


def _plainly(label: str) -> str:
    """Fold a label without what nobody sees and what a model explains below it."""
    seen = html.unescape(_UNSEEN.sub("", _EXPLAINED.sub("", label)))
    return folded(folded(seen).translate(_LOOKS_LIKE)) or folded(label)


def _unwrapped(name: str) -> str:
    if match := _ENCLOSED.fullmatch(name):
        return (match.group(2) or match.group(3)).strip()
    for start, end in _WRAPS:
        inner = name[len(start) : -len(end)]
        is_wrapped = name.startswith(start) and name.endswith(end) and inner.strip()
        if is_wrapped and start not in inner and end not in inner:
            return inner.strip()
    return name


def same_labels(labels: Iterable[str]) -> list[list[str]]:
    """Put labels together that differ by case, space, Unicode form or decoration only.

    A number before a label is decoration where the label also occurs without one, or with no
    other number: ``1. billing`` beside ``2. billing`` alone are two labels.

    Returns
    -------
    list of list of str
        Groups of two or more, each sorted.
    """
    groups: dict[str, dict[str, list[str]]] = {}
    for label in sorted(set(labels)):
        name, number = bare(label)
        groups.setdefault(name, {}).setdefault(number, []).append(label)
    together: list[list[str]] = []
    for by_number in groups.values():
        apart = len(by_number) > 1 and "" not in by_number
        parts = by_number.values() if apart else [[v for part in by_number.values() for v in part]]
        together += [sorted(part) for part in parts if len(part) > 1]
    return together


def in_order(labels: Iterable[str]) -> list[str]:
    """Sort different labels: whole numbers by their size, where all are, else by their letters.

    The place of a label is its id in a trained model, so that ``2`` stands at 2 and not behind 10.
    """
    found = set(labels)
    if all(_NUMBER.fullmatch(label) for label in found):
        return sorted(found, key=lambda label: (int(label.split(".")[0]), label))
    return sorted(found)


def counted(labels: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    """Count labels, the most frequent first; those that are missing or blank are left out."""
    found = Counter(label for label in labels if label is not None and label.strip())
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def in_words(labels: Sequence[tuple[str, int]], *, most: int = 8) -> str:
    """Write labels with their counts in one line that is safe for a terminal: ``“billing” 12``."""
    shown = [f"{quoted(label)} {number:,}" for label, number in labels[:most]]
    more = f" and {len(labels) - most:,} more" if len(labels) > most else ""
    return f"{', '.join(shown)}{more}"


def quoted(name: str) -> str:
    """Put a name of unknown origin between quotation marks: 40 characters, none unseen."""
    shown = "".join(each if each.isprintable() else "·" for each in name[:40])
    return f"“{shown}{'…' if len(name) > 40 else ''}”"
