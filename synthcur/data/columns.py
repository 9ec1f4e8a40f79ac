"""Which column holds the text, the second text and the label: guessed over all files at once.

A column of labels is known by its values: one that shares them with the other source wins over
one that merely has the usual name. Where two columns are equally likely nothing is guessed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from synthcur.data.column_facts import PAIR_NAMES, ColumnFacts, facts_of
from synthcur.data.labels import quoted
from synthcur.errors import InputError
from synthcur.schema import SYNTHETIC, TRAIN

_MOST_CANDIDATES = 60
_ENOUGH = 3.0
"""Rank from which the name of a column speaks for labels, see `ColumnFacts.label_rank`."""


@dataclass(frozen=True)
class ColumnMapping:
    """Names of the columns of one table; every other column is provenance.

    Attributes
    ----------
    text, label
        Columns of the (first) text and of the label.
    text_pair
        Column of the second text; None where a sample is a single text.
    split
        Column that says the split of each real row; empty where none is to say it, None to use
        one where it is sure. It stays beside the rows all the same.
    """

    text: str
    label: str
    text_pair: str | None = None
    split: str | None = None

    def provenance(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that are neither text nor label."""
        used = {self.text, self.label, self.text_pair}
        return [column for column in columns if column not in used]

    def in_words(self, columns: Iterable[str]) -> str:
        """Say which column is what: ``text = “utterance”, label = “intent”; kept beside: id``."""
        said = f"text = {quoted(self.text)}"
        if self.text_pair:
            said += f", second text = {quoted(self.text_pair)}"
        said += f", label = {quoted(self.label)}"
        said += f", split = {quoted(self.split)}" if self.split else ""
        beside = [quoted(column) for column in self.provenance(columns)]
        more = f" and {len(beside) - 8:,} more" if len(beside) > 8 else ""
        return f"{said}; kept beside: {', '.join(beside[:8])}{more}" if beside else said


@dataclass(frozen=True)
class Given:
    """Columns of one table that are known; an empty one means that there is none."""

    text: str | None = None
    label: str | None = None
    text_pair: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Guess:
    """What the columns of one table seem to be, and why some of it could not be told.

    Attributes
    ----------
    text, label, text_pair
        Columns, None where none fits or several do.
    doubts
        Why `text` or `label` is None, in words; empty where both are known.
    split
        As in `ColumnMapping`, given and never guessed.
    """

    text: str | None = None
    label: str | None = None
    text_pair: str | None = None
    doubts: tuple[InputError, ...] = ()
    split: str | None = None

    def mapping(self) -> ColumnMapping:
        """Return the mapping.

        Raises
        ------
        InputError
            If a column could not be guessed.
        """
        if self.text is None or self.label is None:
            raise self.doubts[0]
        return ColumnMapping(self.text, self.label, self.text_pair or None, self.split)


@dataclass(frozen=True)
class _Table:
    """A table whose columns are looked for."""

    part: str
    name: str
    columns: Mapping[str, ColumnFacts]
    given: Given
    doubts: dict[str, InputError] = field(default_factory=dict)

    def candidates(self) -> list[ColumnFacts]:
        """Columns that can be the label, those of a better rank first."""
        if self.given.label is not None:
            return [self.columns[self.given.label]]
        taken = (self.given.text, self.given.text_pair)
        found = [facts for name, facts in self.columns.items() if name not in taken]
        likely = (facts for facts in found if facts.label_rank >= 0)
        return sorted(likely, key=lambda facts: -facts.label_rank)[:_MOST_CANDIDATES]


def guess_all(
    frames: Mapping[str, pd.DataFrame],
    names: Mapping[str, str],
    given: Mapping[str, Given] | None = None,
) -> dict[str, Guess]:
    """Guess the columns of all tables of an import together.

    Parameters
    ----------
    frames
        Cells as read, by part.
    names
        What to call each table in an error, by part.
    given
        Columns that are known, by part.

    Returns
    -------
    dict of str to Guess
        One per part. Of the columns that can be the label, one whose values occur in the other
        source wins; then the usual names; then the content.

    Raises
    ------
    InputError
        If a column that is given does not exist or is used twice.
    """
    tables = {
        part: _Table(part, names[part], facts_of(frame), (given or {}).get(part, Given()))
        for part, frame in frames.items()
    }
    for table in tables.values():
        _check_given(table)
    labels = _labels(tables)
    return {part: _guess(table, labels[part]) for part, table in tables.items()}


def _check_given(table: _Table) -> None:
    known = table.given
    given = [c for c in (known.text, known.text_pair, known.label, known.split) if c]
    for column in given:
        if column not in table.columns:
            raise _no_column(f"{table.name} has no column {quoted(column)}.", table.columns)
    if len(set(given)) < len(given):
        raise InputError(
            f"One column of {table.name} is named for two uses.", fix="Choose another."
        )


def _no_column(what: str, columns: Mapping[str, ColumnFacts]) -> InputError:
    shown = ", ".join(quoted(column) for column in list(columns)[:12])
    more = f" and {len(columns) - 12:,} more" if len(columns) > 12 else ""
    fix = f"Its columns are {shown}{more}. Name the right ones, or check the delimiter."
    return InputError(what, fix=fix)


# Labels


def _labels(tables: Mapping[str, _Table]) -> dict[str, str | None]:
    """Choose the label of every table; where none can be, the table's doubts say why."""
    candidates = {part: table.candidates() for part, table in tables.items()}
    one, other = candidates.get(SYNTHETIC, []), candidates.get(TRAIN, [])
    best: dict[str, list[ColumnFacts]] = {}
    if one and other:
        pairs = _best_pairs(one, other)
        best = {SYNTHETIC: [s for s, _ in pairs], TRAIN: [t for _, t in pairs]}
    known = frozenset(v for columns in best.values() for c in columns for v in c.values)
    name = best[TRAIN][0].name if TRAIN in best else ""
    for part in tables:
        if part not in best:
            best[part] = _best_alone(candidates[part], known, name)
    return {part: _one_label(table, best[part]) for part, table in tables.items()}


def _best_pairs(
    one: Sequence[ColumnFacts], other: Sequence[ColumnFacts]
) -> list[tuple[ColumnFacts, ColumnFacts]]:
    """Return the pairs of columns of two sources that fit each other best."""

    def fitness(pair: tuple[ColumnFacts, ColumnFacts]) -> tuple[bool, bool, float, bool]:
        s, t = pair
        named = min(s.label_rank, t.label_rank) > 0
        shared = s.shares_labels(t.values)
        return shared, named, s.label_rank + t.label_rank, s.name == t.name

    pairs = [(s, t) for s in one for t in other]
    best = max(map(fitness, pairs))
    return [pair for pair in pairs if fitness(pair) == best]


def _best_alone(
    candidates: Sequence[ColumnFacts], known: frozenset[str], name: str
) -> list[ColumnFacts]:
    """Return the columns that fit best: by the labels that are known, by a name, by their rank."""

    def fitness(column: ColumnFacts) -> tuple[bool, bool, float]:
        return column.shares_labels(known), column.name == name, column.label_rank

    best = max(map(fitness, candidates), default=None)
    return [column for column in candidates if fitness(column) == best]


def _one_label(table: _Table, best: Sequence[ColumnFacts]) -> str | None:
    if table.given.label is not None:
        return table.given.label
    taken = (table.given.text, table.given.text_pair)
    flags = [facts for facts in table.columns.values() if facts.is_tick and facts.name not in taken]
    # A label among several yes-or-no columns must be called one, or be none of them.
    is_one = best and (
        best[0].label_rank == 5 or (best[0].label_rank >= _ENOUGH and not best[0].is_binary)
    )
    if len(flags) > 1 and not is_one:
        shown = ", ".join(quoted(facts.name) for facts in flags[:6])
        more = f" and {len(flags) - 6:,} more" if len(flags) > 6 else ""
        table.doubts["label"] = InputError(
            f"{table.name} has several 0/1 columns: {shown}{more}.",
            fix="One label per row is needed: write the name of each row's label into one column, "
            "or say which one it is.",
        )
        return None
    if not best:
        what = f"No column of {table.name} looks like the label."
        table.doubts["label"] = _no_column(what, table.columns)
        return None
    different = _different(best)
    if len(different) > 1:
        table.doubts["label"] = _several(table, different, "label")
        return None
    return different[0].name


def _different(columns: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """Leave out columns that divide the rows as an earlier one does; words go before numbers."""
    once = {column.name: column for column in columns}
    in_words = sorted(once.values(), key=lambda c: all(v.isdigit() for v in c.values))
    found: list[ColumnFacts] = []
    for column in in_words:
        if not any(_same_division(column, other) for other in found):
            found.append(column)
    return found


def _same_division(one: ColumnFacts, other: ColumnFacts) -> bool:
    pairs = set(zip(one.row_labels, other.row_labels, strict=True))
    return len(pairs) == len(set(one.row_labels)) == len(set(other.row_labels))


def _several(table: _Table, columns: Sequence[ColumnFacts], what: str) -> InputError:
    shown = [quoted(column.name) for column in columns[:6]]
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return InputError(
        f"{len(columns)} columns of {table.name} could be the {what}: {listed}.",
        fix="Say which one it is.",
    )


# Texts


def _guess(table: _Table, label: str | None) -> Guess:
    text = table.given.text
    free = [facts for name, facts in table.columns.items() if name not in (label, text)]
    if text is None:
        text = _text(table, [facts for facts in free if facts.name != table.given.text_pair])
        free = [facts for facts in free if facts.name != text]
    pair = table.given.text_pair
    if pair is None:
        by_name = {facts.plain_name: facts.name for facts in reversed(free)}
        pair = next((by_name[name] for name in PAIR_NAMES if name in by_name), None)
    doubts = tuple(table.doubts[what] for what in ("text", "label") if what in table.doubts)
    return Guess(text, label, pair, doubts, table.given.split)


def _text(table: _Table, free: Sequence[ColumnFacts]) -> str | None:
    """Choose the text; what a model wrote goes before what it was asked."""
    found = [facts for facts in free if facts.text_rank >= 0 and facts.plain_name not in PAIR_NAMES]
    best = max((facts.text_rank for facts in found), default=None)
    if best is None:
        what = f"No column of {table.name} looks like the text."
        table.doubts["text"] = _no_column(what, table.columns)
        return None
    likely = [facts for facts in found if facts.text_rank == best]
    if best >= 5 and table.part == SYNTHETIC:
        # A seed text beside what was made of it: either may be meant.
        likely += [f for f in found if f.is_output and f.reads_like_text and f not in likely]
    different = [
        facts
        for i, facts in enumerate(likely)
        if not any(list(facts.cells) == list(earlier.cells) for earlier in likely[:i])
    ]
    if len(different) > 1:
        table.doubts["text"] = _several(table, different, "text")
        return None
    return likely[0].name
