"""What a language model writes around rows: code fences and sentences, which are no rows.

What is left out becomes empty lines, so that rows keep the numbers of their lines.
"""

import io
import re
from collections.abc import Sequence

from synthcur.data.json_tables import begins_rows
from synthcur.data.tables import TextFile

_FENCE = re.compile(r"\s{0,3}(```+|~~~+)\s*([\w+-]*)\s*")
_KINDS = {
    *("", "json", "jsonl", "ndjson", "json5", "jsonlines", "csv", "tsv"),
    *("text", "txt", "plaintext", "plain"),
}
_HEAD = 200
"""Lines before which the rows begin."""
_SENTENCE_END = (".", ":", "!", "?", "…", "：", "。", "！")
_SHOWN = 80


def rows_alone(text: TextFile) -> tuple[TextFile, tuple[str, ...]]:
    """Return the text without what stands around its rows, and notes of what was left out."""
    with text.open() as stream:
        head = [line for _, line in zip(range(_HEAD), stream, strict=False)]
    fence = next((i for i, line in enumerate(head) if _is_opening(line)), None)
    begin = next((i for i, line in enumerate(head) if line[:1] in ("[", "{")), None)
    if fence is not None and (begin is None or fence < begin) and _encloses(head[:fence]):
        return _enclosed(text)
    before = sum(map(len, head[:begin]))
    if begin and _are_sentences(head[:begin]) and begins_rows(text.decoded(), before):
        lines = _lines(text)
        kept = [_blank(line) if i < begin else line for i, line in enumerate(lines)]
        return text.part("".join(kept)), (_left_out(head[:begin]),)
    return text, ()


def _lines(text: TextFile) -> list[str]:
    return list(io.StringIO(text.decoded(), newline=""))


def _is_opening(line: str) -> bool:
    match = _FENCE.fullmatch(line)
    return match is not None and match.group(2).lower() in _KINDS


def _encloses(before: Sequence[str]) -> bool:
    """Whether a fence stands alone, not in the middle of a cell that goes over several lines."""
    return sum(line.count('"') for line in before) % 2 == 0


def _are_sentences(before: Sequence[str]) -> bool:
    """Whether lines before JSON are sentences, each paragraph of which ends as such do."""
    filled = [line.strip() for line in before]
    ends = [
        line for line, after in zip(filled, [*filled[1:], ""], strict=True) if line and not after
    ]
    plain = not any(mark in line for line in filled for mark in '"{}')
    return bool(ends) and plain and all(line.endswith(_SENTENCE_END) for line in ends)


def _enclosed(text: TextFile) -> tuple[TextFile, tuple[str, ...]]:
    """Keep what the fences enclose; a header that is repeated in a later fence goes as well."""
    kept, left, header = [], [], ""
    inside = is_first = False
    for line in _lines(text):
        is_mark = _FENCE.fullmatch(line) is not None
        if is_mark:
            inside, is_first = not inside, True
        elif inside and line.strip():
            if is_first and not header:
                header = line.strip()
            elif is_first and line.strip() == header and header[0] not in "[{":
                line = _blank(line)
            is_first = False
        elif not inside:
            left.append(line)
        kept.append(_blank(line) if is_mark or not inside else line)
    notes = ["Read is what the code fence encloses."]
    if any(line.strip() for line in left):
        notes.append(_left_out(left))
    if inside:
        notes.append("The last code fence is not closed: rows may be missing.")
    return text.part("".join(kept)), tuple(notes)


def _blank(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _left_out(lines: Sequence[str]) -> str:
    words = " ".join(" ".join(lines).split())
    return f"Left out: “{words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}”."
