"""Bytes of unknown origin -> a table of rows, with every row that could not be read named.

The content decides what a file is, never its name: a gzip header is unpacked (up to the byte
limit), a Parquet header is read with pyarrow, known binary formats are refused in words, and the
rest must be text: JSON, JSON Lines, or rows separated by a comma, semicolon, tab or bar.
Nothing is ever unpickled, and no cell is turned into a missing value because of how it looks.
"""

import gzip
import io
import os
import re
import zlib
from pathlib import Path
from typing import BinaryIO

from synthcur.data.converters.tools import converted
from synthcur.data.formats import read_csv, read_json
from synthcur.data.parquet import read_parquet
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
from synthcur.errors import InputError

_BINARY = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file inside a gzip file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3": "a SQLite database",
    b"\x7fELF": "a program",
    b"{\\rtf": "a rich-text document",
}
_PART = 1 << 20
IMPORTS = "imports"
"""Folder of a workspace from which files are read by path; nothing of ours is in it."""

_MARKUP = re.compile(r"\s*<(!doctype|html|head|body|\?xml|svg)", re.IGNORECASE)


def read_table(
    source: str | Path | bytes,
    name: str = "",
    *,
    delimiter: str | None = None,
    limits: Limits = LIMITS,
) -> RawTable:
    """Read a file or the bytes of an upload in this process; see `data.reader` for another.

    Parameters
    ----------
    source
        Path of a regular file, or its content.
    name
        Name to show; the file's own name by default.
    delimiter
        One character that separates the cells of a CSV file; guessed when not given.
    limits
        What is refused as too large.

    Raises
    ------
    InputError
        If the file cannot be read as a table; the message names the place and the remedy.
    """
    name = source_name(source, name)
    if not isinstance(source, bytes):
        with open_file(source) as file:
            source = content(file, name, limits)
    return read_bytes(source, name, delimiter=delimiter, limits=limits).as_frame()


def source_name(source: str | Path | bytes, name: str) -> str:
    """Return the name to show of what is read: the given one, else the file's own."""
    return shown_name(name or ("upload" if isinstance(source, bytes) else str(source)))


def read_bytes(data: bytes, name: str, *, delimiter: str | None, limits: Limits) -> PlainTable:
    """Read the content of a file; parameters and errors as of `read_table`."""
    return converted(_table_in(data, name, delimiter, limits), limits)


def _table_in(data: bytes, name: str, delimiter: str | None, limits: Limits) -> PlainTable:
    """Read rows and columns as they stand in a file."""
    data = _unpacked(data, name, limits)
    if data.startswith(b"PAR1"):
        return read_parquet(data, name, limits)
    text = TextFile(name, data, _encoding(data, name))
    if delimiter is None and (table := read_json(text, limits)) is not None:
        return table
    return read_csv(text, limits, delimiter)


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
        collection, jobs, and the database.
    """
    path, workspace = path_inside(given, root), workspace.resolve()
    if _is_in(path, workspace) and not path.is_relative_to(workspace / IMPORTS):
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
        return _up_to(limits.size + 1, file)
    except OSError as error:
        raise _unreadable(name, error) from error


def _up_to(size: int, stream: BinaryIO | gzip.GzipFile) -> bytes:
    """Read so many bytes at most; asked for all at once, memory for all would be set aside."""
    found = io.BytesIO()
    while size and (part := stream.read(min(size, _PART))):
        size -= found.write(part)
    return found.getvalue()


def _unreadable(shown: str, error: OSError) -> InputError:
    return InputError(
        f"{shown} cannot be read: {error.strerror or error}.", fix="Check its permissions."
    )


def _unpacked(data: bytes, name: str, limits: Limits) -> bytes:
    """Undo gzip up to the byte limit, and refuse what is too large, empty or not a table."""
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(data)) as stream:
                data = _up_to(limits.size + 1, stream)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"{name} is a damaged gzip file: {error}.", fix="Pack or download it again."
            ) from error
    if len(data) > limits.size:
        raise InputError(
            f"{name} holds more than {limits.size:,} bytes, the limit after unpacking.",
            fix="Split the file, or leave out columns that are not needed.",
        )
    for start, kind in _BINARY.items():
        if data.startswith(start):
            raise InputError(f"{name} is {kind}, not a table of text.", fix=GUIDE)
    if not data.strip():
        raise InputError(f"{name} is empty.", fix=GUIDE)
    return data


def _encoding(data: bytes, name: str) -> str:
    """Find the encoding, and refuse bytes that it does not allow by naming the first of them."""
    marks = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xef\xbb\xbf": "UTF-8-SIG"}
    encoding = next((code for mark, code in marks.items() if data.startswith(mark)), "UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name} is not {encoding.removesuffix('-SIG')}: byte {error.start:,} (line {line:,}, "
            f"value 0x{data[error.start]:02x}) does not belong there.",
            fix="Save the file as UTF-8. Files from older Windows programs are often Latin-1.",
        ) from error
    # A file that begins with the mark of UTF-8 is text, whatever characters it holds.
    if encoding != "UTF-8-SIG" and (nul := text.find("\x00")) >= 0:
        raise InputError(
            f"{name} holds a NUL byte on line {text.count(chr(10), 0, nul) + 1:,}.",
            fix="Save the file as UTF-8 text; NUL bytes mean that it is binary or damaged.",
        )
    if _MARKUP.match(text):
        raise InputError(f"{name} is an HTML or XML page, not a table of text.", fix=GUIDE)
    return encoding
