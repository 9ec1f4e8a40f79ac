"""Options that several commands share, and what their values are."""

import argparse
from pathlib import Path

from synthcur.data.hub_source import HubSource, hub_source
from synthcur.errors import InputError


def path(text: str) -> Path:
    """Return the path that a text is."""
    if not text.strip() or "\x00" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a path")
    return Path(text)


def rows_source(text: str) -> Path | HubSource:
    """Return the file or folder, or the data set of the hub, that a text is."""
    try:
        return hub_source(text) or path(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Describe the options that say which column is what, and which proposals are accepted."""
    column = "column of the {} in all files that have it; for one file PART=COLUMN, with PART "
    column += "synthetic, real, validation or test (default: guessed over all files)"
    for option, what in (("text", "text"), ("text-pair", "second text"), ("label", "label")):
        text = column.format(what)
        parser.add_argument(f"--{option}", action="append", default=[], metavar="COLUMN", help=text)
    for option, metavar, what in (
        ("delimiter", "CHARACTER", "what separates cells: a character, comma, semicolon, tab, bar"),
        ("encoding", "NAME", "encoding of text, such as utf-8, cp1252, utf-16"),
        ("header", "yes|no", "whether the first line names the columns"),
        ("sheet", "NAME", "the sheet of a workbook"),
    ):
        text = f"{what}; for one file PART={metavar} (default: guessed, and said)"
        parser.add_argument(f"--{option}", action="append", default=[], metavar=metavar, help=text)
    parser.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column that says train, validation or test in all real files that have it; for one "
        "file PART=COLUMN; empty for none (default: that of the only real file, if every row "
        "says one)",
    )
    parser.add_argument(
        "--guess-columns",
        action="store_true",
        help="guess the columns, and forget those that were chosen before for files with the same "
        "header (they are used, and said, where no option names one)",
    )
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="FINDING,FINDING",
        help="findings whose proposal is accepted although it leaves out every row of a label in "
        "a source, or more than 5 %% of the synthetic or of the real rows, exact duplicates and "
        "rows that cannot be read among them; 'all' for all of them. Without it such an import "
        "stores nothing and ends with exit code 2. Smaller proposals are accepted and said. What "
        "is merely offered is done where it is named itself",
    )
