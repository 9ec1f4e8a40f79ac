"""JSON text to a table: one object per line, one array, or another shape that means rows."""

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from synthcur.data.formats import from_records
from synthcur.data.json_shapes import is_batch, rows_of
from synthcur.data.read_options import GUESSED, ReadOptions
from synthcur.data.tables import (
    Limits,
    PlainTable,
    Rejected,
    TextFile,
    check_area,
    check_length,
    check_width,
    make_table,
    plain,
)
from synthcur.errors import InputError

_SAMPLE_LINES = 200
_WRITE = "Write one JSON object per line, or an array of objects."

ObjectRow = tuple[int, int, dict[str, Any]]
"""Row number, line on which the row starts, cells by key."""


class _RepeatedKeyError(ValueError):
    pass


class _CutOffError(ValueError):
    """The text ends before its JSON does."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _RepeatedKeyError(f"the key “{twice[:80]}” occurs twice")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
_BETWEEN = re.compile(r"[\s,]*")
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])', re.DOTALL)
_HALF_A_WORD = re.compile(r"[A-Za-z0-9.+\-]*\s*")


def _decode(text: str) -> Any:
    """Decode JSON; whatever is wrong with it is a ValueError in words."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise _in_words(error) from error


def _in_words(error: json.JSONDecodeError) -> ValueError:
    cut = error.msg.startswith("Unterminated string") or _HALF_A_WORD.fullmatch(
        error.doc, error.pos
    )
    kind = _CutOffError if cut else ValueError
    return kind(f"not valid JSON, {error.msg} at character {error.pos + 1:,}")


def read_json(text: TextFile, limits: Limits, options: ReadOptions = GUESSED) -> PlainTable | None:
    """Read JSON: one object per line, or one value that holds rows; None where it is neither."""
    with text.open() as stream:
        head = [line.strip() for line in itertools.islice(stream, _SAMPLE_LINES)]
    filled = [line for line in head if line]
    if not filled:
        return None
    objects = sum(line.startswith("{") and _is_object(line) for line in filled)
    is_lines = len(filled) > 1 and _is_object(filled[0]) and not _is_batch(filled[0])
    # A line of braces may also stand in the middle of a cell of a CSV file.
    may_be_lines = objects > 0 and (filled[0].startswith("{") or 2 * objects > len(filled))
    if is_lines or (may_be_lines and filled[0][0] not in "[{"):
        return _read_json_lines(text, limits)
    if filled[0][0] not in "[{":
        return None
    try:
        return _read_whole(text, limits, options)
    except ValueError as error:
        if may_be_lines and not isinstance(error, _CutOffError):
            return _read_json_lines(text, limits)
        # A file that is called CSV may merely begin with a bracket.
        if text.called.lower().endswith((".csv", ".tsv")):
            return None
        raise _not_usable(text, error) from error


def begins_rows(source: str, at: int) -> bool:
    """Whether JSON with an object in it begins at a place of a text, be it cut off."""
    try:
        value, _ = _DECODER.raw_decode(source, at)
    except json.JSONDecodeError as error:
        return isinstance(_in_words(error), _CutOffError) and error.pos > at + 1
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or any(isinstance(each, dict) for each in value)


def _is_object(line: str) -> bool:
    try:
        return isinstance(_decode(line.removesuffix(",")), dict)
    except ValueError as error:
        return isinstance(error, _RepeatedKeyError)


def _is_batch(line: str) -> bool:
    try:
        return is_batch(_decode(line.removesuffix(",")))
    except ValueError:
        return False


def _read_json_lines(text: TextFile, limits: Limits) -> PlainTable:
    good: list[ObjectRow] = []
    rejected: list[Rejected] = []
    commas = 0
    with text.open() as stream:
        for line, content in enumerate(stream, start=1):
            content = content.strip()
            bare = content.removeprefix(",").removesuffix(",").strip()
            if bare in ("", "[", "]"):
                continue
            number = len(good) + len(rejected) + 1
            check_length(text.name, number, limits)
            try:
                good.append((number, line, _row(_decode(bare))))
                commas += content != bare
            except ValueError as error:
                rejected.append(Rejected(number, line, str(error)))
    lines = "1 line has" if commas == 1 else f"{commas:,} lines have"
    notes = [f"{lines} a comma beside the object, which is no part of it."] if commas else []
    return _from_objects(text, good, rejected, "JSON Lines", limits, notes)


# One value, or several one after another


@dataclass(frozen=True)
class _Values:
    """JSON values, where each begins, and what was passed over."""

    values: list[Any]
    places: list[int]
    notes: tuple[str, ...] = ()


def _read_whole(text: TextFile, limits: Limits, options: ReadOptions) -> PlainTable:
    """Read a file that is one value, or several one after another.

    Raises
    ------
    ValueError
        If it is not JSON.
    """
    source = text.decoded().removeprefix("\ufeff")
    try:
        found = _values(source)
    except _CutOffError:
        raise
    except ValueError:
        mended = _TRAILING_COMMA.sub(lambda match: match.group(1) or " ", source)
        if mended == source:
            raise
        note = "Commas before a closing bracket are no part of a row."
        found = replace(_values(mended), notes=(note,))
    try:
        shape = rows_of(found.values)
    except ValueError as error:
        raise InputError(f"{text.name} holds {error}.", fix=_WRITE) from error
    notes = (*found.notes, *shape.notes)
    if shape.records:
        return from_records(
            text.name,
            [(row, row + 1, [_cell(c) for c in cells]) for row, cells in enumerate(shape.records)],
            shape.rejected,
            how=text.how("JSON"),
            limits=limits,
            notes=notes,
            has_header=options.header if shape.has_header is None else shape.has_header,
        )
    lines = list(range(1, len(shape.rows) + 1))
    if len(found.values) == len(shape.rows) > 1:
        lines = _lines(source, found.places)
    good: list[ObjectRow] = []
    rejected: list[Rejected] = []
    for number, (line, item) in enumerate(zip(lines, shape.rows, strict=True), start=1):
        try:
            good.append((number, line, _row(item)))
        except ValueError as error:
            rejected.append(Rejected(number, line, str(error)))
    return _from_objects(text, good, rejected, "JSON", limits, notes)


def _values(source: str) -> _Values:
    """Decode one value after another; sentences behind the last are passed over.

    Raises
    ------
    ValueError
        If one is not JSON, in words.
    """
    values: list[Any] = []
    places: list[int] = []
    at = _end_of(_BETWEEN, source, 0)
    while at < len(source):
        if values and source[at] not in "[{":
            return _Values(values, places, (_left_out(source[at:]),))
        try:
            value, end = _DECODER.raw_decode(source, at)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        except json.JSONDecodeError as error:
            raise _in_words(error) from error
        values.append(value)
        places.append(at)
        at = _end_of(_BETWEEN, source, end)
    return _Values(values, places)


def _end_of(pattern: re.Pattern[str], source: str, at: int) -> int:
    match = pattern.match(source, at)
    return at if match is None else match.end()


def _left_out(sentences: str) -> str:
    """Say what stands behind the rows.

    Raises
    ------
    ValueError
        If it is no sentence: then the JSON before it is damaged.
    """
    if not sentences[0].isalpha() or "{" in sentences:
        raise ValueError(f"not valid JSON, there is “{sentences[:20].strip()}” behind the rows")
    return f"Left out behind the rows: “{' '.join(sentences.split())[:80]}”."


def _lines(source: str, places: Sequence[int]) -> list[int]:
    lines, line, last = [], 1, 0
    for place in places:
        line += source.count("\n", last, place)
        lines.append(line)
        last = place
    return lines


def _not_usable(text: TextFile, error: ValueError) -> InputError:
    if not isinstance(error, _CutOffError):
        return InputError(f"{text.name} is not usable: {error}.", fix=_WRITE)
    source = text.decoded()
    rows, place = _whole_rows(source)
    line = source.count("\n", 0, place) + 1
    return InputError(
        f"{text.name} is cut off in row {rows + 1:,}, which begins on line {line:,}: {error}.",
        fix="Create or download it again: rows are missing. To use the rows that are whole, end "
        "the file before that place and close its brackets.",
    )


def _whole_rows(source: str) -> tuple[int, int]:
    """Return how many items of the first list are whole, and where the one after them begins."""
    start = source.find("[")
    rows, at = 0, _end_of(_BETWEEN, source, start + 1)
    while start >= 0:
        try:
            _, end = _DECODER.raw_decode(source, at)
        except (ValueError, RecursionError):
            break
        rows, at = rows + 1, _end_of(_BETWEEN, source, end)
    return rows, min(at, len(source))


def _row(value: Any) -> dict[str, Any]:
    """Return an object's cells; whatever cannot be a row is a ValueError in words."""
    if not isinstance(value, dict):
        raise ValueError("not an object in braces")
    try:
        return {key: plain(cell) for key, cell in value.items()}
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _cell(value: Any) -> Any:
    try:
        return plain(value)
    except RecursionError:
        return None


def _from_objects(
    text: TextFile,
    good: Sequence[ObjectRow],
    rejected: Sequence[Rejected],
    kind: str,
    limits: Limits,
    notes: Sequence[str],
) -> PlainTable:
    columns: dict[str, None] = {}
    for _, _, item in good:
        columns.update(dict.fromkeys(item))
        check_width(text.name, len(columns), limits)
    check_area(text.name, len(good), len(columns), limits)
    return make_table(
        text.name,
        list(columns),
        [[item.get(column) for _, _, item in good] for column in columns],
        rows=[row for row, _, _ in good],
        lines=[line for _, line, _ in good],
        rejected=rejected,
        how=text.how(kind),
        limits=limits,
        notes=notes,
    )
