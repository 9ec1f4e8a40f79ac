"""How a report looks: sections of tables, charts and sentences, drawn by a template that escapes.

A text stays characters wherever it comes from: Jinja escapes all that is put in, but for the
charts, which `synthcur.exports.svg` has escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup


@dataclass(frozen=True)
class Table:
    """A table: names of the columns, rows of cells, and the columns that hold long texts."""

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[object]]
    text: Sequence[int] = ()

    def shape(self, column: int, cell: object) -> str:
        """Return the class of a cell: numbers stand right, long texts wrap, others do not."""
        if column in self.text:
            return "text"
        return "n" if isinstance(cell, int | float) else "short"


@dataclass(frozen=True)
class Chart:
    """A drawing of `synthcur.exports.svg`."""

    kind: ClassVar[str] = "chart"
    drawing: Markup


@dataclass(frozen=True)
class Paragraph:
    """Some sentences."""

    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Command:
    """Words for a terminal."""

    kind: ClassVar[str] = "command"
    text: str


Part = Table | Chart | Paragraph | Command


@dataclass(frozen=True)
class Section:
    """A frame with a title, a note below it, and what it holds; a long one may break in print."""

    title: str
    note: str
    parts: Sequence[Part]
    is_long: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole report.

    Attributes
    ----------
    title
        Of the document.
    verdict, basis, made
        The finding, what it rests on, and what the report is of.
    rows
        Sections from the top down, one or two side by side.
    light, dark
        Colours of both themes, as CSS variables.
    """

    title: str
    verdict: str
    basis: str
    made: str
    rows: Sequence[Sequence[Section]]
    light: str
    dark: str


def render(page: Page) -> str:
    """Return the report as one HTML document."""
    return _template().render({name: getattr(page, name) for name in Page.__dataclass_fields__})


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("synthcur.exports"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["counted"] = _counted
    return environment.get_template("report.html")


def _shown(value: object) -> object:
    """Put spaces in place of control characters, which HTML must not hold."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(each if each >= " " or each in "\n\t" else " " for each in value)


def _counted(cell: object) -> object:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
