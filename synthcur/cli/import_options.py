"""What the import command is told of columns and proposals, and what it says of them."""

import argparse
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from synthcur.cli import answers
from synthcur.data import remembered
from synthcur.data.columns import ColumnMapping, Given, Guess
from synthcur.data.draft import Draft
from synthcur.data.encodings import encoding_named
from synthcur.data.hub_source import HubSource
from synthcur.data.import_record import FileFacts
from synthcur.data.labels import in_words, quoted
from synthcur.data.loading import guess_tables
from synthcur.data.people import decisions_in
from synthcur.data.read_options import ReadOptions, delimiter_named, header_named
from synthcur.data.reader import read_in_child
from synthcur.data.said import Said
from synthcur.data.said import in_words as said_in_words
from synthcur.data.tables import RawTable
from synthcur.errors import FindingsError, InputError
from synthcur.files import sha256_of
from synthcur.schema import SYNTHETIC, TEST, TRAIN, VALIDATION, Collection, FindingState
from synthcur.store.store import Store
from synthcur.store.taking import take as take_said

ALL = "all"
_PARTS = {"synthetic": SYNTHETIC, "real": TRAIN, "validation": VALIDATION, "test": TEST}
_MOST_REASONS = 3
_SPLIT = "--split"
_HOW = "Options: --text COLUMN, --label COLUMN; for one file --label real=COLUMN."


def given_columns(options: argparse.Namespace, tables: Mapping[str, RawTable]) -> dict[str, Given]:
    """Return the columns that options name, by part.

    ``--label COLUMN`` holds for every file that has the column, ``--label real=COLUMN`` for one.

    Raises
    ------
    InputError
        If no file has a column, or there is no file for a part.
    """
    texts, pairs, labels = (
        _by_part(f"--{option}", getattr(options, option.replace("-", "_")), tables)
        for option in ("text", "text-pair", "label")
    )
    real = {part: table for part, table in tables.items() if part != SYNTHETIC}
    if any(value.startswith("synthetic=") for value in options.split):
        raise InputError(
            "Synthetic rows are all for training.", fix=f"Name real files with {_SPLIT}."
        )
    splits = _by_part(_SPLIT, options.split, real)
    return {
        part: Given(texts.get(part), labels.get(part), pairs.get(part), splits.get(part))
        for part in tables
    }


def as_last_time(
    given: Mapping[str, Given], tables: Mapping[str, RawTable], folder: Path, *, anew: bool
) -> dict[str, Given]:
    """Take the columns that were chosen last for the header of a file no option is about.

    Parameters
    ----------
    given
        What options name, by part.
    tables
        What was read, by part.
    folder
        The workspace.
    anew
        Whether to forget what was chosen and guess.
    """
    found = dict(given)
    for part, table in tables.items():
        if anew:
            remembered.forget(folder, table.frame.columns)
        last = remembered.recall(folder, table.frame.columns)
        if last is not None and given[part] == Given():
            found[part] = Given(last.text, last.label, last.text_pair or "", last.split)
            said = "columns as chosen last for this header; --guess-columns guesses them anew"
            print(f"{table.name}: {said}", file=sys.stderr)
    return found


def remember(
    tables: Mapping[str, RawTable], mappings: Mapping[str, ColumnMapping], folder: Path
) -> None:
    """Remember the columns of every file that are not those that are guessed."""
    guesses = guess_tables(tables)
    for part, table in tables.items():
        remembered.remember(folder, table.frame.columns, mappings[part], guesses[part])


def read_files(
    options: argparse.Namespace, workspace: Path
) -> tuple[dict[str, Path | HubSource], dict[str, RawTable], dict[str, ColumnMapping]]:
    """Read the files that options name, and find their columns; both are said.

    Parameters
    ----------
    options
        With a path, or none, for each part.
    workspace
        Where columns are remembered.

    Returns
    -------
    tuple
        Paths, tables and mappings, each by part.

    Raises
    ------
    InputError
        If there is no file, one cannot be read, or a column could not be guessed.
    """
    paths = {part: getattr(options, name) for name, part in _PARTS.items()}
    paths = {part: path for part, path in paths.items() if path}
    if not paths:
        raise InputError("There is no file.", fix="Give --synthetic FILE or --real FILE.")
    said = read_options(options, list(paths))
    tables = {
        part: read_in_child(path, path.name, options=said[part]) for part, path in paths.items()
    }
    given = as_last_time(
        given_columns(options, tables), tables, workspace, anew=options.guess_columns
    )
    mappings = mappings_of(guess_tables(tables, given))
    print_mapping(tables, mappings)
    return paths, tables, mappings


def read_options(options: argparse.Namespace, parts: Sequence[str]) -> dict[str, ReadOptions]:
    """Return how each file is to be read, by part, as far as options say.

    ``--encoding cp1252`` holds for every file, ``--encoding real=cp1252`` for one.

    Raises
    ------
    InputError
        If a value cannot be used, or there is no file for a part.
    """
    meant: dict[str, Callable[[str], Any]] = {
        "delimiter": delimiter_named,
        "encoding": encoding_named,
        "header": header_named,
    }
    found: dict[str, dict[str, Any]] = {part: {} for part in parts}
    for option in ("delimiter", "encoding", "header", "sheet"):
        for_all: dict[str, str] = {}
        of_one_file: dict[str, str] = {}
        values: Sequence[str] = getattr(options, option)
        for value in values:
            name, sign, said = value.partition("=")
            if sign and name in _PARTS:
                of_one_file[_part(f"--{option}", value, name, parts)] = said
            else:
                for_all.update((part, value) for part in parts)
        for part, said in (for_all | of_one_file).items():
            found[part][option] = meant[option](said) if option in meant else said
    return {part: ReadOptions(**given) for part, given in found.items()}


def _part(option: str, value: str, name: str, parts: Container[str]) -> str:
    if _PARTS[name] not in parts:
        raise InputError(f"{option} {value}: there is no such file.", fix=f"Give --{name}.")
    return _PARTS[name]


def _by_part(option: str, values: Sequence[str], tables: Mapping[str, RawTable]) -> dict[str, str]:
    found: dict[str, str] = {}
    of_one_file: dict[str, str] = {}
    for value in values:
        name, sign, column = value.partition("=")
        parts = [part for part, table in tables.items() if value in table.frame]
        if sign and name in _PARTS and not parts:
            of_one_file[_part(option, value, name, tables)] = column
        elif value and not parts:
            columns = dict.fromkeys(str(c) for table in tables.values() for c in table.frame)
            shown = ", ".join(quoted(each) for each in list(columns)[:12])
            raise InputError(f"No file has a column {quoted(value)}.", fix=f"There are {shown}.")
        else:
            found.update(dict.fromkeys(parts or tables, value))
    return found | of_one_file


def mappings_of(guesses: Mapping[str, Guess]) -> dict[str, ColumnMapping]:
    """Return the mapping of every file.

    Raises
    ------
    InputError
        If a column could not be guessed; it says with which options one names it.
    """
    try:
        return {part: guess.mapping() for part, guess in guesses.items()}
    except InputError as error:
        raise InputError(error.what, fix=f"{error.fix} {_HOW}") from error


def file_facts(paths: Mapping[str, Path | HubSource | None]) -> dict[str, FileFacts]:
    """Return what is noted of the files that are given, by part."""
    return {
        part: FileFacts(path.stat().st_size, sha256_of(path))
        if isinstance(path, Path) and path.is_file()
        else FileFacts(0, "")
        for part, path in paths.items()
        if path
    }


def print_mapping(tables: Mapping[str, RawTable], mappings: Mapping[str, ColumnMapping]) -> None:
    """Say on standard error how each file was read and which column is what."""
    names = [table.name for table in tables.values()]
    for part, table in tables.items():
        name = table.name if names.count(table.name) == 1 else f"{part}: {table.name}"
        said = mappings[part].in_words(table.frame.columns)
        print(f"{name}: {said}", file=sys.stderr)
        print(f"{name}: read as {table.how}", file=sys.stderr)
        for note in table.notes:
            print(f"{name}: {note}", file=sys.stderr)


def mapping_data(
    tables: Mapping[str, RawTable], mappings: Mapping[str, ColumnMapping]
) -> dict[str, Any]:
    """Return the mapping of every file as plain data, by the name of its option."""
    return {
        name: {
            "file": tables[part].name,
            "text": mappings[part].text,
            "text_pair": mappings[part].text_pair,
            "label": mappings[part].label,
            "beside": mappings[part].provenance(tables[part].frame.columns),
            "how": tables[part].how,
            "read": tables[part].used.to_dict(),
            **({"split": mappings[part].split} if mappings[part].split else {}),
        }
        for name, part in _PARTS.items()
        if part in tables
    }


def print_decisions(table: RawTable, mapping: ColumnMapping, is_taken: bool) -> None:
    """Say on standard error what people decided about the synthetic rows, if there is such."""
    if said := decisions_in(table, mapping):
        what = "taken" if is_taken else "not taken as decisions; --decisions takes them"
        print(f"{table.name}: {said_in_words(said)}; {what}", file=sys.stderr)


def take(store: Store, collection: Collection, said: Sequence[Said]) -> int:
    """Put what people said into the log, say what became of it, and return how many were added."""
    if not said:
        return 0
    taken = take_said(store, collection, said)
    print(taken.in_words(), file=sys.stderr)
    return taken.added


def print_findings(draft: Draft) -> None:
    """Say on standard error what was found, and why the first rows could not be read."""
    for finding in draft.findings:
        if finding.state != FindingState.FINE:
            print(answers.in_a_line(finding), file=sys.stderr)
    for file, items in draft.rejected.items():
        for item in items[:_MOST_REASONS]:
            print(f"{file}, line {item.line:,}: {item.reason}", file=sys.stderr)


def accepted(draft: Draft, named: Sequence[str]) -> frozenset[str]:
    """Return the codes of the proposals to accept: all of them, the large ones if named.

    An offer is accepted only where it is named itself.

    Parameters
    ----------
    draft
        What was read.
    named
        Values of ``--accept``: names of findings with commas between them, or ``all``.

    Raises
    ------
    InputError
        If a name is no finding.
    FindingsError
        If a proposal that takes a label, or many rows of a source, is not named.
    """
    names = {name.strip() for value in named for name in value.split(",")} - {""}
    if unknown := sorted(names - {finding.code for finding in draft.findings} - {ALL}):
        known = ", ".join(sorted(draft.proposals | draft.offers)) or "none"
        raise InputError(
            f"There is no finding {quoted(unknown[0])}.", fix=f"Findings with a proposal: {known}."
        )
    asked = [loss for loss in draft.losses if not names & {ALL, loss.finding.code}]
    if asked and not draft.unresolved(draft.proposals):
        said = [
            f"{loss.in_words()} (labels {in_words(loss.finding.labels)})"
            if loss.finding.labels
            else loss.in_words()
            for loss in asked
        ]
        codes = ",".join([*sorted(names), *(loss.finding.code for loss in asked)])
        raise FindingsError(
            f"Nothing was stored: {'; '.join(said)}.",
            fix=f"If that is right, add --accept {codes}; else correct the files.",
        )
    return draft.proposals | (draft.offers & names)
