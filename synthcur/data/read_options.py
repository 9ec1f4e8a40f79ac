"""How a file is to be read, where somebody says so; what nobody says is guessed from its bytes."""

from dataclasses import asdict, dataclass
from typing import Any

from synthcur.errors import InputError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What separates cells where nobody names another character, and its name."""

_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}
_YES, _NO = {"yes", "true", "1"}, {"no", "false", "0"}


@dataclass(frozen=True)
class ReadOptions:
    """What somebody says of a file, or how it was read in the end; None is guessed, or no matter.

    Attributes
    ----------
    delimiter
        One character that separates the cells of delimited text.
    encoding
        Name of the encoding of text, see `synthcur.data.encodings.ENCODINGS`.
    header
        Whether the first line of delimited text, or the first row of a sheet, names the columns.
    sheet
        Name of the sheet of a workbook.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    sheet: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data of which `from_dict` makes the same."""
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "ReadOptions":
        """Undo `to_dict`; whatever is not such data is a ValueError."""
        kinds = {"delimiter": str, "encoding": str, "header": bool, "sheet": str}
        if set(data) != set(kinds) or any(
            value is not None and type(value) is not kinds[name] for name, value in data.items()
        ):
            raise ValueError("not options")
        return ReadOptions(**data)


GUESSED = ReadOptions()
"""Nobody says anything."""


def delimiter_named(word: str) -> str:
    r"""Return the delimiter that a word names: one character, or ``tab``, ``comma``, ``\t`` ...

    Raises
    ------
    InputError
        If it cannot separate cells.
    """
    found = _NAMED.get(word.strip().lower(), word)
    if len(found) != 1 or found in '"\r\n' or found.isalnum():
        raise InputError(
            f"“{word[:40]}” cannot separate cells.",
            fix="Name one character, or comma, semicolon, tab or bar.",
        )
    return found


def header_named(word: str) -> bool:
    """Return whether ``yes`` or ``no`` was said of the first line.

    Raises
    ------
    InputError
        If it was neither.
    """
    said = word.strip().lower()
    if said not in _YES | _NO:
        raise InputError(f"“{word[:40]}” is neither yes nor no.", fix="Say yes or no.")
    return said in _YES
