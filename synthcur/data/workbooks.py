"""A sheet of a workbook to a table: values alone, never a formula, a macro or a link.

What the parts of the archive hold is counted before the library that reads it sees any of it, and
so is the area of the sheet: a cell far out would have it set aside memory for all before it.
"""

import datetime
import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synthcur.data.formats import from_records
from synthcur.data.labels import quoted
from synthcur.data.read_options import ReadOptions
from synthcur.data.tables import Limits, PlainTable, check_area, check_width, shown_name
from synthcur.data.unpacking import ZIP, is_workbook
from synthcur.errors import InputError

OLE = b"\xd0\xcf\x11\xe0"
"""First bytes of an XLS file, as of other old Office files."""
_PART = 1 << 20
_OVERLAP = 400
_READ = (".xml", ".rels", ".bin")
_CELL = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"'][^>]*[^/>]>")
_ERROR = re.compile(rb"<(?:\w+:)?c\s[^>]*\bt=[\"']e[\"']")
_NO_VALUE = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_WHOLE = 2**53
_SAID = 6


@dataclass(frozen=True)
class _Facts:
    """What the XML of a sheet says of it."""

    errors: int = 0
    no_values: int = 0


def is_office_file(data: bytes) -> bool:
    """Whether bytes are a workbook, or an old Office file that may be one."""
    return data.startswith(OLE) or (data.startswith(ZIP) and is_workbook(data))


def read_workbook(data: bytes, name: str, limits: Limits, options: ReadOptions) -> PlainTable:
    """Read one sheet: the named one, or the first with rows that is not hidden.

    Whole numbers lose their ``.0``, dates and times become ISO text; cells with an error, and
    formulas whose value was never stored, are missing, and that is said.
    """
    # Most files do without it.
    import python_calamine

    is_zip = data.startswith(ZIP)
    if is_zip:
        _check_parts(data, name, limits)
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            return _read(book, data, name, limits, options)
    except (InputError, MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except python_calamine.PasswordError as error:
        raise InputError(
            f"{name} is protected by a password.", fix="Save it without one, or as CSV."
        ) from error
    except BaseException as error:  # what its Rust code ends with is no Exception
        kind = "a workbook" if is_zip else "an XLS workbook"
        words = " ".join(str(error).split())[:160].rstrip(".")
        raise InputError(
            f"{name} cannot be read as {kind}: {words}.",
            fix="It may be damaged, protected, or another kind of Office file: save it as XLSX or "
            "CSV.",
        ) from error


def _read(book: Any, data: bytes, name: str, limits: Limits, options: ReadOptions) -> PlainTable:
    pages = [each for each in book.sheets_metadata if str(each.typ).endswith(".WorkSheet")]
    hidden = {each.name for each in pages if not str(each.visible).endswith(".Visible")}
    sheets = [each.name for each in pages]
    candidates = sorted(sheets, key=lambda sheet: sheet in hidden)
    if options.sheet is not None:
        if options.sheet not in sheets:
            raise InputError(
                f"{name} has no sheet {quoted(options.sheet)}.", fix=f"It has {_said(sheets)}."
            )
        candidates = [options.sheet]
    for sheet in candidates:
        facts = _facts(data, sheet, name, limits)
        page = book.get_sheet_by_name(sheet)
        records = _records(page, name, limits)
        if records:
            break
    else:
        raise InputError(
            f"{name} has no sheet with rows; it has {_said(sheets)}.",
            fix="Check that it was saved with its rows.",
        )
    notes = list(_notes([each for each in sheets if each != sheet], hidden, page, facts))
    table = from_records(
        name,
        records,
        [],
        how=f"Sheet {quoted(sheet)} of a workbook",
        limits=limits,
        notes=notes,
        has_header=options.header,
    )
    return replace(table, used=replace(table.used, sheet=sheet), sheets=tuple(sheets))


def _records(page: Any, name: str, limits: Limits) -> list[tuple[int, int, list[Any]]]:
    """Return the rows that hold something, without columns that hold nothing."""
    first = (page.start or (0, 0))[0]
    rows = [
        (line, [_cell(value) for value in cells])
        for line, cells in enumerate(page.to_python(), start=first + 1)
    ]
    rows = [(line, cells) for line, cells in rows if any(cell is not None for cell in cells)]
    width = len(rows[0][1]) if rows else 0
    used = [at for at in range(width) if any(cells[at] is not None for _, cells in rows)]
    check_width(name, len(used), limits)
    return [(number, line, [cells[at] for at in used]) for number, (line, cells) in enumerate(rows)]


def _cell(value: Any) -> Any:
    if value == "":
        return None
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if value != value:
            return None
        return int(value) if value.is_integer() and abs(value) < _WHOLE else value
    if isinstance(value, datetime.timedelta):
        return str(value)
    return value.isoformat()


def _notes(others: Sequence[str], hidden: set[str], page: Any, facts: _Facts) -> Iterator[str]:
    if others:
        shown = [f"{quoted(each)}{' (hidden)' if each in hidden else ''}" for each in others]
        more = f" and {len(shown) - _SAID:,} more" if len(shown) > _SAID else ""
        yield f"Sheets not read: {', '.join(shown[:_SAID])}{more}."
    if merged := len(page.merged_cell_ranges or ()):
        yield f"{_number(merged, 'merged area')}: the first cell alone has the value."
    if facts.errors:
        yield f"{_number(facts.errors, 'cell')} with an error such as #N/A, missing here."
    if facts.no_values:
        yield f"{_number(facts.no_values, 'formula')} without a stored value, missing here."


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _said(sheets: Sequence[str]) -> str:
    more = f" and {len(sheets) - _SAID:,} more" if len(sheets) > _SAID else ""
    return ", ".join(quoted(sheet) for sheet in sheets[:_SAID]) + more


# What the archive holds


def _check_parts(data: bytes, name: str, limits: Limits) -> None:
    """Unpack every part that may be read, in pieces, and refuse more bytes than the limit."""
    size = 0
    for part in _parts(data, name):
        for piece in _pieces(data, part, name):
            size += len(piece)
            if size > limits.size:
                raise InputError(
                    f"{name} holds more than {limits.size:,} bytes once unpacked, the limit.",
                    fix="Split the file, or leave out columns that are not needed.",
                )


def _parts(data: bytes, name: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [part for part in archive.namelist() if part.lower().endswith(_READ)]


def _pieces(data: bytes, part: str, name: str) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(part) as stream:
            while piece := stream.read(_PART):
                yield piece
    except (
        *(OSError, EOFError, KeyError, RuntimeError, NotImplementedError),
        *(zipfile.BadZipFile, zlib.error, ValueError),
    ) as error:
        raise InputError(
            f"{name} is a damaged workbook: {shown_name(part)} in it cannot be unpacked.",
            fix="Save it again, or as CSV.",
        ) from error


def _facts(data: bytes, sheet: str, name: str, limits: Limits) -> _Facts:
    """Look through the XML of a sheet, and refuse an area with too many cells."""
    part = _part_of(data, sheet, name)
    if part is None:
        return _Facts()
    errors = no_values = columns = rows = 0
    rest = b""
    for piece in _pieces(data, part, name):
        text = rest + piece
        # What is cut by the end of a piece is looked at again with the next one.
        end = max(text.rfind(b"<"), len(text) - _OVERLAP) if len(piece) == _PART else len(text)
        text, rest = text[:end], text[end:]
        found = _CELL.findall(text)
        columns = max([columns, *(_column(letters) for letters in {each[0] for each in found})])
        rows = max([rows, *(int(each[1]) for each in found)])
        errors += len(_ERROR.findall(text))
        no_values += len(_NO_VALUE.findall(text))
    check_area(name, rows, columns, limits)
    return _Facts(errors, no_values)


def _column(letters: bytes) -> int:
    number = 0
    for each in letters:
        number = 26 * number + each - 64
    return number


def _part_of(data: bytes, sheet: str, name: str) -> str | None:
    """Find the part of an XLSX file that holds a sheet; None for other kinds of workbooks."""
    if not data.startswith(ZIP):
        return None
    names = {part.lower(): part for part in _parts(data, name)}
    book, relations = (
        names.get(each) for each in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    if book is None or relations is None:
        return None
    targets = {
        _attribute(tag, b"Id"): _attribute(tag, b"Target")
        for tag in _RELATION.findall(b"".join(_pieces(data, relations, name)))
    }
    for tag in _SHEET.findall(b"".join(_pieces(data, book, name))):
        if _attribute(tag, b"name") == sheet:
            target = targets.get(_attribute(tag, rb"(?:\w+:)?id"), "").lstrip("/").lower()
            return names.get(target if target.startswith("xl/") else f"xl/{target}")
    return None


def _attribute(tag: bytes, name: bytes) -> str:
    match = re.search(rb"\s" + name + rb"=(\"[^\"]*\"|'[^']*')", tag)
    return html.unescape(match.group(1)[1:-1].decode("utf-8", "replace")) if match else ""
