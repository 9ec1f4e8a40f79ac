"""One file out of a packed one, by its first bytes and never beyond the limit of bytes.

gzip, bzip2, xz and Zstandard hold one file by their nature; a ZIP archive is taken where it holds
exactly one. What comes out is not unpacked again.
"""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from synthcur.data.tables import Limits, shown_name
from synthcur.errors import InputError

ZIP = b"PK\x03\x04"
_PART = 1 << 20
_XZ_MEMORY = 200_000_000
"""Bytes that unpacking xz may take beside what comes out; its strongest setting takes 65 MB."""
_ENDINGS = re.compile(r"\.(gz|gzip|bz2|xz|zst|zstd|zip)$", re.IGNORECASE)
_BESIDE = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
"""What macOS and Windows put into archives by themselves."""
_DOCUMENTS = {"word/document.xml", "ppt/presentation.xml"}
_LISTED = 8


@dataclass(frozen=True)
class Unpacked:
    """The content of a file.

    Attributes
    ----------
    data
        Its bytes.
    called
        What its name would be if it were not packed.
    kind
        How it was packed, in words; empty if it was not.
    """

    data: bytes
    called: str
    kind: str = ""


class _XzFile(io.RawIOBase):
    """xz as a stream within a limit of memory, which the standard library's own does not have."""

    def __init__(self, data: bytes) -> None:
        self._left = data
        self._unpacker = self._new()

    def _new(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def read(self, size: int = -1) -> bytes:
        while True:
            if self._unpacker.eof:
                self._left = self._unpacker.unused_data.lstrip(b"\x00")
                if not self._left:
                    return b""
                self._unpacker = self._new()
            if self._unpacker.needs_input and not self._left:
                raise EOFError("it ends too early")
            given, self._left = self._left, b""
            if found := self._unpacker.decompress(given, size):
                return found


def _zstd(data: bytes) -> Any:
    # Most files do without it, and it takes a second to load.
    import pyarrow as pa

    return pa.CompressedInputStream(pa.BufferReader(data), "zstd")


_STREAMS: dict[bytes, tuple[str, Callable[[bytes], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda data: gzip.GzipFile(fileobj=io.BytesIO(data))),
    b"BZh": ("bzip2", lambda data: bz2.BZ2File(io.BytesIO(data))),
    b"\xfd7zXZ\x00": ("xz", _XzFile),
    b"\x28\xb5\x2f\xfd": ("Zstandard", _zstd),
}


def packed_as(data: bytes) -> str:
    """Say how bytes are packed: ``gzip``, ``bzip2``, ``xz``, ``Zstandard``, ``ZIP``; else empty."""
    if data.startswith(ZIP):
        return "" if is_workbook(data) else "ZIP"
    return next((kind for start, (kind, _) in _STREAMS.items() if data.startswith(start)), "")


def is_workbook(data: bytes) -> bool:
    """Whether a ZIP archive is a workbook by what it holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").startswith(
                    b"application/vnd.oasis.opendocument.spreadsheet"
                )
    except (zipfile.BadZipFile, OSError, ValueError, zlib.error, EOFError, NotImplementedError):
        return False
    except RuntimeError:  # a password
        return False
    return any(name.lower().startswith("xl/workbook.") for name in names)


def unpacked(data: bytes, name: str, limits: Limits) -> Unpacked:
    """Undo one packing.

    Parameters
    ----------
    data, name
        The file.
    limits
        Its size holds for what comes out.

    Raises
    ------
    InputError
        If it is damaged, too large, or an archive of several files or of none.
    """
    called = _ENDINGS.sub("", name)
    kind = packed_as(data)
    if not kind:
        _check_size(len(data), name, limits)
        return Unpacked(data, called)
    try:
        if kind == "ZIP":
            found, called = _only_file(data, name, limits)
        else:
            stream = next(make for start, (_, make) in _STREAMS.items() if data.startswith(start))
            with stream(data) as file:
                found = up_to(limits.size + 1, file)
    except MemoryError:
        raise
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        words = " ".join(str(error).split())[:200].rstrip(".") or "it ends too early"
        raise InputError(
            f"{name} is a damaged {kind} file{' or workbook' * (kind == 'ZIP')}: {words}.",
            fix="Pack or download it again.",
        ) from error
    _check_size(len(found), name, limits)
    if again := packed_as(found):
        raise InputError(
            f"{name} is a {again} file inside a {kind} file.", fix="Unpack it once, then try again."
        )
    return Unpacked(found, called, kind)


def up_to(size: int, stream: IO[bytes] | gzip.GzipFile) -> bytes:
    """Read so many bytes at most; asked for all at once, memory for all would be set aside."""
    found = io.BytesIO()
    while size and (part := stream.read(min(size, _PART))):
        size -= found.write(part)
    return found.getvalue()


def _only_file(data: bytes, name: str, limits: Limits) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [
            entry
            for entry in archive.infolist()
            if not entry.is_dir() and not _BESIDE.search(entry.filename)
        ]
        if _DOCUMENTS & {entry.filename for entry in files}:
            raise InputError(
                f"{name} is a text document or a presentation, not a table.",
                fix="Save its table as CSV or XLSX.",
            )
        if len(files) != 1:
            shown = ", ".join(shown_name(entry.filename) for entry in files[:_LISTED])
            more = f" and {len(files) - _LISTED:,} more" if len(files) > _LISTED else ""
            holds = f"{len(files):,} files: {shown}{more}" if files else "no file"
            raise InputError(
                f"{name} is a ZIP archive that holds {holds}.",
                fix="Unpack it and choose one file, or pack one file alone.",
            )
        (entry,) = files
        if entry.flag_bits & 1:
            raise InputError(
                f"{name} is a ZIP archive with a password.", fix="Unpack it, then try again."
            )
        try:
            with archive.open(entry) as file:
                return up_to(limits.size + 1, file), shown_name(entry.filename)
        except (NotImplementedError, RuntimeError) as error:
            raise InputError(
                f"{name} is a ZIP archive packed in a way that is not known here.",
                fix="Unpack it, then try again.",
            ) from error


def _check_size(size: int, name: str, limits: Limits) -> None:
    if size > limits.size:
        raise InputError(
            f"{name} holds more than {limits.size:,} bytes, the limit after unpacking.",
            fix="Split the file, or leave out columns that are not needed.",
        )
