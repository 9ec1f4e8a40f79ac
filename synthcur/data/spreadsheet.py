"""Cells that a spreadsheet would run as formulas: guarded in CSV files, and read back exactly.

The guard is an apostrophe (CWE-1236; OWASP, CSV injection). A cell that already looks guarded gets
one more, so that taking one off always gives back what was written.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

_LOOKS_LIKE_A_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
_SAMPLE_ID = re.compile(r"[0-9a-f]{16}")
_WRITTEN_COLUMNS = {"sample_id", "text", "label"}


def guarded(cell: Any) -> Any:
    """Return a cell with an apostrophe before what a spreadsheet would take for a formula."""
    if isinstance(cell, str) and _LOOKS_LIKE_A_FORMULA.match(cell):
        return f"'{cell}"
    return cell


def unguarded(cell: str) -> str:
    """Undo `guarded`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def is_ours(header: Sequence[str], records: Iterable[Sequence[str]]) -> bool:
    """Whether a CSV file was written by synthcur, judged by its columns and its sample ids."""
    if not _WRITTEN_COLUMNS.issubset(header):
        return False
    column = header.index("sample_id")
    return all(_SAMPLE_ID.fullmatch(cells[column]) for cells in records)
