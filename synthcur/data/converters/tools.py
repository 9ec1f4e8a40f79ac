"""The tools whose files are known, and the step from such a file to a table of rows."""

from synthcur.data.converters import (
    argilla,
    chat,
    distilabel,
    doccano,
    label_studio,
    plain,
    prodigy,
)
from synthcur.data.tables import Limits, PlainTable

_READERS = (plain, label_studio, prodigy, argilla, chat, distilabel, doccano)
"""The first whose ``reads`` knows the fields of a table reads it."""


def converted(table: PlainTable, limits: Limits) -> PlainTable:
    """Return the rows of a file of a known tool, with what people said of them; else the table.

    Raises
    ------
    InputError
        If the file comes from a tool but from another task than labelling texts.
    """
    reader = next((each for each in _READERS if each.reads(table)), None)
    return table if reader is None else reader.read(table, limits)
