"""Bytes of unknown origin -> a table of rows, with every row that could not be read named.

The content decides what a file is, never its name: what is packed is unpacked once (up to the byte
limit), Parquet, Arrow and workbooks are read by libraries, other known binary formats are refused
in words, and the rest must be text: JSON, or rows separated by a comma, semicolon, tab or bar.
Nothing is ever unpickled, and no cell is turned into a missing value because of how it looks.
"""

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from synthcur.data import arrow
from synthcur.data.converters.tools import converted
from synthcur.data.encodings import encoding_of
from synthcur.data.fences import rows_alone
from synthcur.data.folders import OpenFile, close, open_folder, read_folder
from synthcur.data.formats import read_csv
from synthcur.data.json_tables import read_json
from synthcur.data.parquet import read_parquet
from synthcur.data.read_options import GUESSED, ReadOptions
from synthcur.data.tables import (
    GUIDE,
    LIMITS,
    UNSHOWABLE,
    Limits,
    PlainTable,
    RawTable,
    TextFile,
    shown_name,
)
from synthcur.data.unpacking import unpacked, up_to
from synthcur.data.workbooks import is_office_file, read_workbook
from synthcur.errors import InputError

_BINARY = {
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"FEA1": "a Feather file of version 1",
    b"Obj\x01": "an Avro file",
    b"SQLite format 3": "a SQLite database",
    b"\x7fELF": "a program",
    b"{\\rtf": "a rich-text document",
}
_TAR, _TAR_AT = b"ustar", 257
IMPORTS = "imports"
"""Folder of a workspace from which files are read by path; nothing of ours is in it."""

_MARKUP = re.compile(r"\s*<(!doctype|html|head|body|\?xml|svg)", re.IGNORECASE)
_MARKUP_WITHIN = 2_000
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def read_table(
    source: str | Path | bytes,
    name: str = "",
    *,
    options: ReadOptions = GUESSED,
    limits: Limits = LIMITS,
) -> RawTable:
    """Read a file or the bytes of an upload in this process; see `data.reader` for another.

    Parameters
    ----------
    source
        Path of a regular file or of a folder of such, or the content of a file.
    name
        Name to show; the file's own name by default.
    options
        How the file is to be read; what is None in them is guessed.
    limits
        What is refused as too large.

    Raises
    ------
    InputError
        If the file cannot be read as a table; the message names the place and the remedy.
    """
    name = source_name(source, name)
    if isinstance(source, bytes):
        return read_bytes(source, name, options=options, limits=limits).as_frame()
    files = open_source(source)
    try:
        return read_opened(files, name, options=options, limits=limits).as_frame()
    finally:
        close(files)


def source_name(source: str | Path | bytes, name: str) -> str:
    """Return the name to show of what is read: the given one, else the file's own."""
    return shown_name(name or ("upload" if isinstance(source, bytes) else str(source)))


def open_source(source: str | Path) -> list[OpenFile]:
    """Open a file, whose way is empty, or the files of a folder.

    Raises
    ------
    InputError
        If there is no such file or folder, or it may not be read.
    """
    _check_path(source)
    path = Path(source)
    with suppress(OSError):  # what no path can be is told of as a file
        if path.is_dir():
            return open_folder(path)
    return [("", open_file(path))]


def read_opened(
    files: Sequence[OpenFile], name: str, *, options: ReadOptions, limits: Limits
) -> PlainTable:
    """Read what `open_source` opened; parameters and errors as of `read_table`."""
    if [way for way, _ in files] == [""]:
        return read_bytes(content(files[0][1], name, limits), name, options=options, limits=limits)
    found: dict[str, bytes] = {}
    for way, file in files:
        left = replace(limits, size=limits.size - sum(map(len, found.values())))
        found[way] = content(file, f"{name}/{way}", left)
        if len(found[way]) > left.size:
            raise InputError(
                f"{name} holds more than {limits.size:,} bytes, the limit.",
                fix="Name a smaller folder, or one file.",
            )

    def read(data: bytes, of_file: str, features: Mapping[str, Any]) -> PlainTable:
        return read_bytes(data, of_file, options=options, limits=limits, features=features)

    return read_folder(found, name, limits, read)


def read_bytes(
    data: bytes,
    name: str,
    *,
    options: ReadOptions,
    limits: Limits,
    features: Mapping[str, Any] = _NOTHING,
) -> PlainTable:
    """Read the content of a file; parameters and errors as of `read_table`.

    `features` says what columns are, as a `dataset_info.json` has it, where the file does not.
    """
    return converted(_table_in(data, name, options, limits, features), limits)


def _table_in(
    data: bytes, name: str, options: ReadOptions, limits: Limits, features: Mapping[str, Any]
) -> PlainTable:
    """Read rows and columns as they stand in a file."""
    packed = unpacked(data, name, limits)
    data = packed.data
    _check_kind(data, name)
    if data.startswith(b"PAR1"):
        return read_parquet(data, name, limits, features)
    if data.startswith((arrow.FILE, arrow.STREAM)):
        return arrow.read_arrow(data, name, limits, features)
    if is_office_file(data):
        return read_workbook(data, name, limits, options)
    encoding = encoding_of(data, name, options.encoding)
    text = TextFile(name, data, encoding, packed.called)
    with text.open() as stream:
        is_markup = _MARKUP.match(stream.read(_MARKUP_WITHIN))
    if is_markup:
        raise InputError(f"{name} is an HTML or XML page, not a table of text.", fix=GUIDE)
    text, notes = rows_alone(text)
    table = None if options.delimiter else read_json(text, limits, options)
    if table is None:
        table = read_csv(text, limits, options)
    return replace(
        table,
        notes=(*notes, *table.notes),
        used=replace(table.used, encoding=encoding.name),
        guessed_encoding=encoding.in_words(),
    )


def _check_kind(data: bytes, name: str) -> None:
    """Refuse what is empty, and what is known to be no table."""
    for start, kind in _BINARY.items():
        if data.startswith(start):
            raise InputError(f"{name} is {kind}, not a table of text.", fix=GUIDE)
    if data[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise InputError(f"{name} is a tar archive.", fix="Unpack it and choose one file.")
    if not data.strip():
        raise InputError(f"{name} is empty.", fix=GUIDE)


def path_inside(given: str, root: Path) -> Path:
    """Resolve a path that a browser sent, and refuse it unless it lies inside a folder.

    Parameters
    ----------
    given
        Absolute, or relative to `root`.
    root
        The only folder whose files may be read; links that lead out of it do not help.

    Raises
    ------
    InputError
        If the path is not usable or leads outside.
    """
    _check_path(given)
    try:
        path, root = (root / given).resolve(), root.resolve()
    except (OSError, RuntimeError) as error:
        raise InputError("The path cannot be followed.", fix="Give another one.") from error
    if not path.is_relative_to(root):
        raise _not_inside(given, root)
    return path


def import_path(given: str, root: Path, workspace: Path) -> Path:
    """Resolve a path as `path_inside` does, and refuse what the workspace keeps for itself.

    Parameters
    ----------
    given, root
        As there; `root` may lie around the workspace or inside it.
    workspace
        Of its files only those in its folder `IMPORTS` may be read: the others are rows of every
        collection, jobs, and the database. Nor may a folder that it lies in.
    """
    path, workspace = path_inside(given, root), workspace.resolve()
    if _is_in(path, workspace) and not path.is_relative_to(workspace / IMPORTS):
        raise _not_inside(given, root)
    if _is_in(workspace, path):
        raise _not_inside(given, root)
    return path


def _is_in(path: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, under whatever name the disk has that folder."""
    for each in (path, *path.parents):
        try:
            if each.samefile(folder):
                return True
        except OSError:  # what does not exist is not that folder
            continue
    return path.is_relative_to(folder)


def _not_inside(given: str, root: Path) -> InputError:
    return InputError(
        f"{UNSHOWABLE.sub('�', given)} is not inside {root}, or is a file of the workspace itself.",
        fix="Copy the file there, or upload it.",
    )


def _check_path(given: str | Path) -> None:
    if "\x00" in str(given) or "\\" in str(given) or not str(given).strip():
        shown = UNSHOWABLE.sub("�", str(given))
        raise InputError(f"The path “{shown}” is not usable.", fix="Use forward slashes only.")


def open_file(source: str | Path) -> BinaryIO:
    """Open a regular file to read its bytes.

    Raises
    ------
    InputError
        If there is none at that path, or it may not be read.
    """
    _check_path(source)
    shown = UNSHOWABLE.sub("�", str(source))
    path = Path(source)
    try:
        if path.is_dir():
            raise InputError(f"{shown} is a folder.", fix="Name one file in it.")
        if not path.exists():
            raise InputError(f"There is no file {shown}.", fix="Check the path.")
        if not path.is_file():
            raise InputError(f"{shown} is not a regular file.", fix="Copy its content to a file.")
        file = path.open("rb")
        # What cannot be read at all says so here, where the whole path is known. The place in the
        # file stays: another process reads on from it.
        os.pread(file.fileno(), 1, 0)
        return file
    except OSError as error:
        raise _unreadable(shown, error) from error


def content(file: BinaryIO, name: str, limits: Limits) -> bytes:
    """Return the bytes of an open file, one more than the limit at most.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    try:
        return up_to(limits.size + 1, file)
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(shown: str, error: OSError) -> InputError:
    return InputError(
        f"{shown} cannot be read: {error.strerror or error}.", fix="Check its permissions."
    )
