"""Commands that change collections and lead their life, with their options."""

import argparse
from collections.abc import Callable
from typing import Any

from synthcur.cli import growing
from synthcur.cli.answers import Answer
from synthcur.cli.option_types import add_columns, rows_source

Command = Callable[[str, Callable[[argparse.Namespace], Answer | None], str], Any]
"""Adds a command by its name, what it runs and what is said of it."""


def add_commands(command: Command) -> None:
    """Describe every command of `cli.growing`."""
    for name, run, text in (
        ("versions", growing.versions, "list the versions of a collection"),
        ("history", growing.history, "say who did what to a collection, and when"),
    ):
        command(name, run, text).add_argument("name", metavar="NAME")
    _add_rows(command("add-rows", growing.add_rows, "add files to a collection as a version"))
    _add_labels(command("labels", growing.labels, "rename, merge or split labels as a version"))
    exclude = command(
        "exclude", growing.exclude, "leave out a generator or other value as a version"
    )
    exclude.add_argument("name", metavar="NAME")
    exclude.add_argument("--column", required=True, metavar="COLUMN", help="a further column")
    exclude.add_argument("--value", required=True, action="append", metavar="VALUE")
    _add_change(exclude)
    remove = command("remove-rows", growing.remove_rows, "leave out rows by their ids as a version")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("ids", nargs="+", metavar="ID")
    _add_change(remove)
    undo = command("undo", growing.undo, "go back to the version before, or to another one")
    undo.add_argument("name", metavar="NAME")
    undo.add_argument("--to", type=int, metavar="NUMBER", help="the version to open")
    _add_who(undo)
    compare = command("compare-versions", growing.compare, "compare two versions of a collection")
    compare.add_argument("name", metavar="NAME")
    for each in ("first", "second"):
        compare.add_argument(each, type=int, metavar=each.upper())
    _add_life(command)


def _add_life(command: Command) -> None:
    rename = command("rename", growing.rename, "give a collection another name, title or note")
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("new", nargs="?", metavar="NEW")
    rename.add_argument("--title", metavar="TITLE")
    rename.add_argument("--note", metavar="NOTE")
    duplicate = command("duplicate", growing.duplicate, "copy a collection, but not its jobs")
    duplicate.add_argument("name", metavar="NAME")
    duplicate.add_argument("new", metavar="NEW")
    delete = command("delete", growing.delete, "put a collection into the bin for 30 days")
    delete.add_argument("name", metavar="NAME")
    delete.add_argument(
        "--for-good", action="store_true", help="remove one that is in the bin, at once"
    )
    restore = command(
        "restore", growing.restore, "bring a collection back from the bin, or list it"
    )
    restore.add_argument("name", nargs="?", metavar="NAME")
    restore.add_argument("--as", dest="new", metavar="NEW", help="under another name")
    erase = command("erase", growing.erase, "erase rows, as personal data, from the workspace")
    erase.add_argument("name", metavar="NAME")
    erase.add_argument("--row", action="append", default=[], metavar="ID", help="this row")
    erase.add_argument(
        "--containing", default="", metavar="TEXT", help="rows whose text holds this, in any case"
    )
    erase.add_argument("--yes", action="store_true", help="erase what is listed, for good")
    for each in (rename, duplicate, delete, restore, erase):
        _add_who(each)


def _add_rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    for part in ("synthetic", "real", "validation", "test"):
        parser.add_argument(f"--{part}", type=rows_source, metavar="FILE")
    add_columns(parser)
    parser.add_argument(
        "--pool", metavar="POOL", help="name of the new synthetic rows in the column 'pool'"
    )
    parser.add_argument(
        "--replace",
        metavar="POOL",
        help="leave out the synthetic rows of that pool, of all with 'all'",
    )
    _add_change(parser)


def _add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--rename",
        nargs=2,
        action="append",
        default=[],
        metavar=("OLD", "NEW"),
        help="labels that get one name, or that of a label that is there, are merged",
    )
    parser.add_argument("--split", metavar="LABEL", help="give rows of the label another one")
    parser.add_argument(
        "--column", metavar="COLUMN", help="split by a further column, into 'LABEL: VALUE'"
    )
    parser.add_argument("--into", metavar="NEW", help="label of the rows with --tag or --row")
    parser.add_argument("--tag", metavar="TAG", help="rows that have this tag")
    parser.add_argument("--row", action="append", default=[], metavar="ID", help="this row")
    _add_change(parser)


def _add_change(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preview", action="store_true", help="say what would change, and store nothing"
    )
    parser.add_argument(
        "--no-score", action="store_true", help="do not run the probe checkers afterwards"
    )
    _add_who(parser)


def _add_who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--annotator", default="command line", metavar="WHO")
