"""A folder that is one table: a data set saved to disk, or files of one kind with equal columns.

Which files are opened is decided by their names alone; only the process that reads them looks into
them. Links are not followed, so nothing outside the folder is read.
"""

import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from synthcur.data.arrow_cells import features_in
from synthcur.data.json_shapes import SPLITS
from synthcur.data.tables import (
    UNSHOWABLE,
    Limits,
    PlainTable,
    Rejected,
    check_area,
    check_length,
    check_width,
)
from synthcur.errors import InputError

_ENDING = re.compile(
    r"\.(csv|tsv|json|jsonl|ndjson|parquet|arrow|feather|xlsx|xls|xlsb|ods)"
    r"(?:\.(?:gz|bz2|xz|zst|zip))?$",
    re.IGNORECASE,
)
STATE, INFO, SPLIT_LIST = "state.json", "dataset_info.json", "dataset_dict.json"
"""What `datasets` writes beside the rows: which files they are in, what columns are, the splits."""
_PASSED_OVER = re.compile(r"cache-.*\.arrow|dataset_infos\.json")
_DEEPEST = 2
_MOST_FILES, _MOST_SEEN = 200, 5_000
_SHARD = re.compile(r"[-_.]?\d+[-_]of[-_]\d+$", re.IGNORECASE)
_SAID = 6

OpenFile = tuple[str, BinaryIO]
"""Way to a file inside its folder, and the file."""


# Which files


def _found(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield the way to each file that may be read, its name, and its folder as a descriptor.

    Raises
    ------
    InputError
        If one is a link, or there are too many.
    """
    seen = files = 0
    for place, folders, names, descriptor in os.fwalk(folder, follow_symlinks=False):
        way = Path(place).relative_to(folder)
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for each in folders:
            if stat.S_ISLNK(os.lstat(each, dir_fd=descriptor).st_mode):
                raise _is_link(folder, way / each)
        if len(way.parts) >= _DEEPEST:
            folders.clear()
        seen += len(names)
        if seen > _MOST_SEEN:
            raise _too_many(folder, f"{_MOST_SEEN:,} files")
        for name in sorted(names):
            is_data = _ENDING.search(name) and not _PASSED_OVER.fullmatch(name)
            if name.startswith(".") or not is_data:
                continue
            files += 1
            if files > _MOST_FILES:
                raise _too_many(folder, f"{_MOST_FILES:,} files of rows")
            yield (way / name).as_posix(), name, descriptor


def open_folder(folder: Path) -> list[OpenFile]:
    """Open the files of a folder that may hold rows, or say what others hold.

    Raises
    ------
    InputError
        If there are none or too many, or one is a link or cannot be read.
    """
    opened: list[OpenFile] = []
    try:
        for way, name, place in _found(folder):
            try:
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                file = os.fdopen(os.open(name, flags, dir_fd=place), "rb")
            except OSError as error:
                if stat.S_ISLNK(os.lstat(name, dir_fd=place).st_mode):
                    raise _is_link(folder, way) from error
                raise
            opened.append((way, file))
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(
                    f"{_shown(folder, way)} is not a regular file.",
                    fix="Copy its content to a file.",
                )
    except BaseException as error:
        close(opened)
        if isinstance(error, OSError):
            raise InputError(
                f"{_shown(folder)} cannot be read: {error.strerror or error}.",
                fix="Check its permissions.",
            ) from error
        raise
    if not opened:
        raise InputError(
            f"{_shown(folder)} is a folder without a file of rows.",
            fix="Name a file, or a folder of CSV, JSON, Parquet, Arrow or XLSX files.",
        )
    return opened


def folder_facts(folder: Path) -> list[tuple[str, int, int]]:
    """Return way, time and size of the files that `open_folder` opens: equal while they are.

    Raises
    ------
    InputError
        As of `open_folder`.
    """
    facts = []
    for way, name, place in _found(folder):
        found = os.lstat(name, dir_fd=place)
        facts.append((way, found.st_mtime_ns, found.st_size))
    return facts


def close(files: Sequence[OpenFile]) -> None:
    """Close all files."""
    for _, file in files:
        file.close()


def _shown(folder: Path, way: Path | str = "") -> str:
    return UNSHOWABLE.sub("�", str(folder / way))


def _is_link(folder: Path, way: Path | str) -> InputError:
    return InputError(
        f"{_shown(folder, way)} is a link; links in a folder are not followed.",
        fix="Copy the file there, or name it alone.",
    )


def _too_many(folder: Path, what: str) -> InputError:
    return InputError(
        f"{_shown(folder)} holds more than {what}.", fix="Name a smaller folder, or one file."
    )


# What is in them


@dataclass(frozen=True)
class _Part:
    """A file with rows: the way to it, and the split that its folder or its name is called by."""

    way: str
    split: str


def read_folder(
    files: Mapping[str, bytes],
    name: str,
    limits: Limits,
    read: Callable[[bytes, str, Mapping[str, Any]], PlainTable],
) -> PlainTable:
    """Read the files of a folder as one table; splits that folders or files are named by stay.

    Parameters
    ----------
    files
        Content by the way to it.
    name
        Of the folder, to show.
    limits
        What all files together may hold.
    read
        Reads one file: its content, its name, and what is known of its columns.

    Raises
    ------
    InputError
        If a file cannot be read, or they do not fit together.
    """
    parts = _parts(files, name)
    tables = []
    for part in parts:
        info = _json(files, _beside(part.way, INFO), name)
        tables.append(read(files[part.way], f"{name}/{part.way}", features_in(info)))
        check_length(name, sum(len(each.rows) + len(each.rejected) for each in tables), limits)
    return _joined(name, parts, tables, limits)


def _parts(files: Mapping[str, bytes], name: str) -> list[_Part]:
    by_folder: dict[str, list[str]] = {}
    for way in files:
        by_folder.setdefault(str(PurePosixPath(way).parent), []).append(way)
    splits = _json(files, SPLIT_LIST, name).get("splits")
    if isinstance(splits, list) and all(isinstance(each, str) for each in splits):
        if missing := [each for each in splits if each not in by_folder]:
            raise InputError(
                f"{name} has no folder {missing[0][:80]}, which {SPLIT_LIST} names.",
                fix="Copy the whole data set.",
            )
        by_folder = {each: by_folder[each] for each in splits}
    ways = list(chain.from_iterable(_of_folder(files, each, name) for each in by_folder))
    inner = [way for way in ways if way.startswith("data/")]
    ways = inner or ways
    kinds = Counter(match.group(1).lower() for way in ways if (match := _ENDING.search(way)))
    if len(kinds) != 1:
        shown = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
        what = f"files of several kinds: {shown}" if kinds else "no file of rows"
        raise InputError(f"{name} holds {what}.", fix="Keep one kind in it, or name one file.")
    named = [_split_of(way) for way in ways]
    if not all(named) or len(set(named)) < 2:
        named = [""] * len(ways)
    return [_Part(way, split) for way, split in zip(ways, named, strict=True)]


def _of_folder(files: Mapping[str, bytes], folder: str, name: str) -> list[str]:
    """List the files of rows of one folder, as `datasets` does where it wrote them."""
    listed = _json(files, str(PurePosixPath(folder) / STATE), name).get("_data_files")
    if not isinstance(listed, list):
        beside = {STATE, INFO, SPLIT_LIST}
        return [
            way
            for way in files
            if str(PurePosixPath(way).parent) == folder and PurePosixPath(way).name not in beside
        ]
    ways = []
    for each in listed:
        found = each.get("filename") if isinstance(each, dict) else None
        way = str(PurePosixPath(folder) / found) if isinstance(found, str) else ""
        if way not in files:
            raise InputError(
                f"{name} has no file {str(found)[:80]}, which {STATE} names.",
                fix="Copy the whole data set.",
            )
        ways.append(way)
    return ways


def _split_of(way: str) -> str:
    """Return the split that a file is named by, or the folder it is in."""
    path = PurePosixPath(way)
    stem = _SHARD.sub("", _ENDING.sub("", path.name)).lower()
    return next((each for each in (stem, path.parent.name.lower()) if each in SPLITS), "")


def _beside(way: str, name: str) -> str:
    return str(PurePosixPath(way).parent / name)


def _json(files: Mapping[str, bytes], way: str, name: str) -> Mapping[str, Any]:
    if way not in files:
        return {}
    try:
        found = json.loads(files[way])
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name}/{way} is damaged: it is no JSON.", fix="Copy the whole data set again."
        ) from error
    return found if isinstance(found, dict) else {}


def _joined(
    name: str, parts: Sequence[_Part], tables: Sequence[PlainTable], limits: Limits
) -> PlainTable:
    """Put tables with the same columns under each other; rows are numbered through."""
    first = tables[0]
    for part, table in zip(parts, tables, strict=True):
        if set(table.columns) != set(first.columns):
            other = set(table.columns).symmetric_difference(first.columns)
            shown = ", ".join(f"“{each[:40]}”" for each in sorted(other)[:_SAID])
            raise InputError(
                f"{part.way} of {name} has other columns than {parts[0].way}: {shown}.",
                fix="Give all files the same columns, or name one file.",
            )
    columns, values = list(first.columns), [[] for _ in first.columns]
    rows: list[int] = []
    rejected: list[Rejected] = []
    ends = [0]
    for part, table in zip(parts, tables, strict=True):
        start = ends[-1]
        order = [table.columns.index(column) for column in columns]
        for cells, at in zip(values, order, strict=True):
            cells.extend(table.values[at])
        rows += [start + row for row in table.rows]
        rejected += [
            Rejected(start + each.row, start + each.row, f"{part.way}: {each.reason}")
            for each in table.rejected
        ]
        ends.append(start + len(table.rows) + len(table.rejected))
    if any(part.split for part in parts) and "split" not in columns:
        columns.append("split")
        sizes = zip(parts, tables, strict=True)
        values.append([part.split for part, table in sizes for _ in table.rows])
    check_width(name, len(columns), limits)
    check_area(name, len(rows), len(columns), limits)
    notes = [note for table in tables for note in table.notes]
    return replace(
        first,
        name=name,
        columns=columns,
        values=values,
        rows=rows,
        lines=rows,
        rejected=tuple(rejected),
        how=f"{len(tables):,} files, {first.how}" if len(tables) > 1 else first.how,
        notes=(*_ranges(parts, ends), *dict.fromkeys(notes)),
        guessed_encoding=next((t.guessed_encoding for t in tables if t.guessed_encoding), ""),
    )


def _ranges(parts: Sequence[_Part], ends: Sequence[int]) -> Iterator[str]:
    """Say which rows are of which file."""
    if len(parts) > 1:
        places = zip(parts, ends, ends[1:], strict=False)
        shown = [f"{start + 1:,} to {end:,} {part.way}" for part, start, end in places]
        more = f" and {len(shown) - _SAID:,} files more" if len(shown) > _SAID else ""
        yield f"Rows {', '.join(shown[:_SAID])}{more}."
