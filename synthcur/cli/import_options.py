"""What the import command is told of columns and proposals, and what it says of them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synthcur.cli import answers
from synthcur.data.columns import ColumnMapping, Given, Guess
from synthcur.data.draft import Draft
from synthcur.data.import_record import FileFacts
from synthcur.data.labels import in_words, quoted
from synthcur.data.tables import RawTable
from synthcur.errors import FindingsError, InputError
from synthcur.files import sha256_of
from synthcur.schema import SYNTHETIC, TEST, TRAIN, VALIDATION, FindingState

ALL = "all"
_PARTS = {"synthetic": SYNTHETIC, "real": TRAIN, "validation": VALIDATION, "test": TEST}
_MOST_REASONS = 3
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
    return {part: Given(texts.get(part), labels.get(part), pairs.get(part)) for part in tables}


def _by_part(option: str, values: Sequence[str], tables: Mapping[str, RawTable]) -> dict[str, str]:
    found: dict[str, str] = {}
    of_one_file: dict[str, str] = {}
    for value in values:
        name, sign, column = value.partition("=")
        parts = [part for part, table in tables.items() if value in table.frame]
        if sign and name in _PARTS and not parts:
            if _PARTS[name] not in tables:
                raise InputError(f"{option} {value}: there is no such file.", fix=f"Give --{name}.")
            of_one_file[_PARTS[name]] = column
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


def file_facts(paths: Mapping[str, Path | None]) -> dict[str, FileFacts]:
    """Return what is noted of the files that are given, by part."""
    return {
        part: FileFacts(path.stat().st_size, sha256_of(path))
        if path.is_file()
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
        }
        for name, part in _PARTS.items()
        if part in tables
    }


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
        known = ", ".join(sorted(draft.proposals)) or "none"
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
    return draft.proposals
