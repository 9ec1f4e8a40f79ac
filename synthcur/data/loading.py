"""Files -> a draft with every finding -> a Collection. Column mapping happens only here.

The three steps, as used by the Data page, the command line and the demo::

    read_table(path_or_bytes, name="", *, options=GUESSED, limits=LIMITS) -> RawTable
    guess_all(frames, names, given=None) -> {part: Guess}
    build(name, tables, mapping=None, *, seed=0, title="", note="", guidelines={},
          takes_decisions=False) -> Draft
    accept(draft, codes=None) -> Collection

`keep_of_two_labels` chooses single rows for the one finding that a rule cannot always settle.
`tables` has the parts ``synthetic`` and ``train``, and may have ``validation`` and ``test``; what
is missing is drawn from train. `mapping` is one for all parts, one per part, or guessed. `accept`
takes the codes of the findings whose proposals are accepted; None accepts every proposal.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from synthcur.data import people
from synthcur.data.additions import findings_beside
from synthcur.data.annotators import AGREEMENT, Opinions, opinions
from synthcur.data.checks import validate
from synthcur.data.columns import ColumnMapping, Given, Guess, guess_all
from synthcur.data.draft import Draft, accept, keep_of_two_labels
from synthcur.data.first_line import DOUBT, ROW
from synthcur.data.labels import JOIN, labels_in, plain, quoted
from synthcur.data.read_findings import guessed_encodings
from synthcur.data.reading import IMPORTS, import_path, path_inside, read_table
from synthcur.data.split_choice import columns_of_splits, split_finding
from synthcur.data.splits import draw_splits
from synthcur.data.stated import REJECTED, SEVERAL, rejected_rows
from synthcur.data.tables import RawTable, Rejected
from synthcur.data.texts import is_blank, label_merges, text_keys
from synthcur.errors import InputError
from synthcur.schema import (
    REAL,
    SYNTHETIC,
    TEST,
    TRAIN,
    VALIDATION,
    Collection,
    Finding,
    FindingState,
    worst_first,
)

__all__ = [
    "IMPORTS",
    "PARTS",
    "ColumnMapping",
    "Draft",
    "Given",
    "Guess",
    "RawTable",
    "accept",
    "build",
    "check_name",
    "guess_all",
    "guess_tables",
    "import_path",
    "keep_of_two_labels",
    "path_inside",
    "read_table",
]

PARTS = (SYNTHETIC, TRAIN, VALIDATION, TEST)
"""What a file can be; all but the first are real rows."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})


def build(
    name: str,
    tables: Mapping[str, RawTable],
    mapping: ColumnMapping | Mapping[str, ColumnMapping] | None = None,
    *,
    seed: int = 0,
    drawn: Sequence[str] = (VALIDATION, TEST),
    takes_decisions: bool = False,
    title: str = "",
    note: str = "",
    guidelines: Mapping[str, str] = _NO_TEXTS,
    onto: Collection | None = None,
) -> Draft:
    """Map the columns, draw the splits that no file gives, and run every check.

    Parameters
    ----------
    name
        Short name: letters, digits, ``_`` and ``-``.
    tables
        What was read, by part.
    mapping
        One for all parts, or one per part; guessed where not given.
    seed
        Seed of the splits.
    drawn
        Which of ``validation`` and ``test`` are drawn where no file gives them; the other one may
        be missing.
    takes_decisions
        Whether what people said of the synthetic rows, in the tool that they come from, is taken
        as decisions, see `data.people`.
    title, note, guidelines
        Shown to people.
    onto
        A collection to which the rows are to be added: they are checked beside its own, no part is
        needed and no split is drawn.

    Raises
    ------
    InputError
        If a part is missing, a column cannot be found, or only some parts have a second text.
    """
    check_name(name)
    if onto is None:
        _check_parts(tables)
    else:
        drawn = ()
    files = _file_names(tables)
    guesses = guess_tables(tables, _given(tables, mapping))
    mappings = {part: guesses[part].mapping() for part in files}
    _check_pairs(mappings)
    tables = people.as_parts(tables, takes=takes_decisions)
    has_synthetic = SYNTHETIC in tables
    taken = ()
    if takes_decisions and has_synthetic:
        taken = people.decisions_in(tables[SYNTHETIC], mappings[SYNTHETIC])
    stated, used = columns_of_splits(tables, mappings)
    rows, said = _all_rows(tables, mappings, files, takes=bool(taken))
    for part, column in used.items():
        rows.loc[rows["file"] == files[part], "split"] = [each or part for each in column.splits]
    given = {*tables, *(split for column in used.values() for split in column.splits)}
    missing = tuple(part for part in drawn if part not in given)
    rows = _with_splits(rows, missing, seed)
    rejected = {files[part]: tables[part].rejected for part in files if tables[part].rejected}
    if onto is None:
        found = validate(rows, needed=(*tables, *drawn))
        merges = label_merges(rows[rows["aside"] == ""])
    else:
        found, merges = findings_beside(onto, rows)
    findings = [*_rejected_finding(rejected, len(rows)), *found]
    findings += _first_line_finding({files[part]: tables[part] for part in files})
    findings += guessed_encodings({files[part]: tables[part] for part in files})
    findings += split_finding(rows, files, stated, used)
    if missing:
        findings.append(_splits_finding(rows, missing))
    return Draft(
        name=name,
        rows=rows,
        provenance=_provenance(tables, mappings, said),
        findings=tuple(worst_first(findings)),
        rejected=rejected,
        merges=merges,
        title=title,
        note=note,
        guidelines=dict(guidelines),
        made_splits=missing,
        said=taken,
        layout=_layout(tables[SYNTHETIC], mappings[SYNTHETIC]) if has_synthetic else {},
    )


def _all_rows(
    tables: Mapping[str, RawTable],
    mappings: Mapping[str, ColumnMapping],
    files: Mapping[str, str],
    *,
    takes: bool,
) -> tuple[pd.DataFrame, dict[str, Opinions | None]]:
    """Put the rows of all parts together; return them with what annotators of each part said."""
    of_part = {
        part: _rows(part, tables[part], mappings[part], file, takes=takes)
        for part, file in files.items()
    }
    said = {part: _opinions(tables[part], mappings[part], of_part[part]) for part in files}
    each = [_without_outvoted(of_part[part], said[part]) for part in files]
    return pd.concat(each, ignore_index=True), said


def _check_parts(tables: Mapping[str, RawTable]) -> None:
    for part in (SYNTHETIC, TRAIN):
        if part not in tables:
            what = "synthetic" if part == SYNTHETIC else "real training"
            raise InputError(f"There is no file of {what} rows.", fix="Give one.")


def _layout(table: RawTable, mapping: ColumnMapping) -> dict[str, str]:
    """Return how the columns of the synthetic rows lay in their Parquet file; empty for others."""
    if not table.layout:
        return {}
    pair = {"text_pair": mapping.text_pair} if mapping.text_pair else {}
    return {"schema": table.layout, "text": mapping.text, **pair, "label": mapping.label}


def check_name(name: str) -> None:
    """Refuse a name that could not be typed in a command or an address.

    Raises
    ------
    InputError
        If the name is not made of letters, digits, ``_`` and ``-``.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"“{name[:60]}” cannot be a collection's name.",
            fix="Use up to 60 letters, digits, - and _, beginning with a letter or digit.",
        )


def _file_names(tables: Mapping[str, RawTable]) -> dict[str, str]:
    """Name each part's file so that no two parts share a name."""
    names = {part: tables[part].name for part in PARTS if part in tables}
    uses = Counter(names.values())
    return {part: name if uses[name] == 1 else f"{part}: {name}" for part, name in names.items()}


def guess_tables(
    tables: Mapping[str, RawTable], given: Mapping[str, Given] | None = None
) -> dict[str, Guess]:
    """Guess the columns of all tables together, see `synthcur.data.columns.guess_all`."""
    tables = people.as_parts(tables)
    frames = {part: table.frame for part, table in tables.items()}
    known = {
        part: _hinted(table, (given or {}).get(part, Given())) for part, table in tables.items()
    }
    return guess_all(frames, {part: table.name for part, table in tables.items()}, known)


def _hinted(table: RawTable, given: Given) -> Given:
    """Return what is known of columns: where nobody named the label, that of a known tool."""
    is_free = table.label and table.label not in (given.text, given.text_pair)
    if given.label is not None or not is_free or table.frame[table.label].isna().all():
        return given
    return replace(given, label=table.label)


def _given(
    tables: Mapping[str, RawTable], mapping: ColumnMapping | Mapping[str, ColumnMapping] | None
) -> dict[str, Given]:
    known = mapping if isinstance(mapping, Mapping) else dict.fromkeys(tables, mapping)
    return {
        part: Given(each.text, each.label, each.text_pair or "", each.split)
        for part, each in known.items()
        if each is not None
    }


def _check_pairs(mappings: Mapping[str, ColumnMapping]) -> None:
    single = [part for part, mapping in mappings.items() if not mapping.text_pair]
    if single and len(single) < len(mappings):
        raise InputError(
            f"Some files have a second text, {' and '.join(single)} not.",
            fix="Choose the column of the second text for all files, or for none.",
        )


def _rows(
    part: str, table: RawTable, mapping: ColumnMapping, file: str, *, takes: bool
) -> pd.DataFrame:
    frame = table.frame
    labels = [labels_in(cell) for cell in frame[mapping.label]]
    rejected = _rejected(table, mapping, takes=takes and part == SYNTHETIC)
    pairs = frame[mapping.text_pair] if mapping.text_pair else [None] * len(frame)
    cells = {
        "source": [SYNTHETIC if part == SYNTHETIC else REAL] * len(frame),
        "split": [TRAIN if part == SYNTHETIC else part] * len(frame),
        "text": [_text(cell) or "" for cell in frame[mapping.text]],
        "text_pair": [_text(cell) for cell in pairs],
        "label": [JOIN.join(found) if found else None for found in labels],
        "file": [file] * len(frame),
        "aside": [
            REJECTED if no else SEVERAL if len(found) > 1 else ""
            for no, found in zip(rejected, labels, strict=True)
        ],
    }
    # Left to itself pandas would choose a text type in which None becomes NaN.
    rows = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in cells.items()})
    return rows.assign(row=table.rows)


def _opinions(table: RawTable, mapping: ColumnMapping, rows: pd.DataFrame) -> Opinions | None:
    has_say = (rows["aside"] == "") & ~rows["label"].map(is_blank)
    labels = rows["label"].where(has_say, None).tolist()
    columns = mapping.provenance(table.frame.columns)
    return opinions(table.frame, columns, text_keys(rows), labels)


def _without_outvoted(rows: pd.DataFrame, said: Opinions | None) -> pd.DataFrame:
    if said is None:
        return rows
    aside = [old or new for old, new in zip(rows["aside"], said.aside, strict=True)]
    return rows.assign(aside=pd.Series(aside, dtype=object))


def _rejected(table: RawTable, mapping: ColumnMapping, *, takes: bool) -> list[bool]:
    """Tell which rows are set aside because somebody rejected them, (n,).

    A verdict that is taken as a decision sets nothing aside.
    """
    found = rejected_rows(table.frame, mapping.provenance(table.frame.columns))
    if not table.said:
        return found
    if takes:
        return [
            no and not said for no, said in zip(found, people.judged(table, mapping), strict=True)
        ]
    return [one or two for one, two in zip(found, people.discarded(table, mapping), strict=True)]


def _text(cell: Any) -> str | None:
    """Write a cell as text, truth values as in JSON; None stays None."""
    return None if cell is None else plain(cell)


def _with_splits(rows: pd.DataFrame, missing: tuple[str, ...], seed: int) -> pd.DataFrame:
    """Draw the missing splits from the training rows that can be used; the rest stays in train."""
    if not missing:
        return rows
    merges = label_merges(rows[rows["aside"] == ""])
    labels = pd.Series([merges.get(label, label) for label in rows["label"]], dtype=object)
    synthetic = rows["source"] == SYNTHETIC
    usable = (
        (rows["source"] == REAL)
        & (rows["split"] == TRAIN)
        & (rows["aside"] == "")
        & labels.isin(set(labels[synthetic & (rows["aside"] == "")]))
        & ~labels.map(is_blank)
        & ~rows["text"].map(is_blank)
    )
    drawn = draw_splits(labels[usable].tolist(), text_keys(rows.loc[usable]), missing, seed=seed)
    split = rows["split"].to_numpy(dtype=object, copy=True)
    split[usable.to_numpy()] = drawn
    return rows.assign(split=split)


def _first_line_finding(tables: Mapping[str, RawTable]) -> Iterable[Finding]:
    """Name the files whose first line may be a row, and say what it was taken for."""
    rows = [file for file, table in tables.items() if table.first_line == ROW]
    doubts = [file for file, table in tables.items() if table.first_line == DOUBT]
    said = ["First line read as a row, not a header"] if rows else []
    for file in doubts:
        shown = ", ".join(quoted(str(name)) for name in list(tables[file].frame.columns)[:4])
        said.append(f"First line of {file} taken as the header, not a row: {shown}")
    if said:
        yield Finding(
            code="first_line",
            title="; ".join(said),
            state=FindingState.CHECK,
            rows=tuple((file, 1) for file in rows),
            of=len(tables),
        )


def _splits_finding(rows: pd.DataFrame, missing: tuple[str, ...]) -> Finding:
    real = rows[rows["source"] == REAL]
    sizes = ", ".join(f"{split} {(real['split'] == split).sum():,}" for split in missing)
    return Finding(
        code="made_splits",
        title=f"Drawn from real train: {sizes}",
        state=FindingState.CHECK,
        rows=(),
        of=len(real),
    )


def _rejected_finding(rejected: Mapping[str, tuple[Rejected, ...]], read: int) -> Iterable[Finding]:
    places = tuple((file, item.row) for file, items in rejected.items() for item in items)
    yield Finding(
        code="unreadable",
        title="Rows that could not be read",
        state=FindingState.MUST_FIX if places else FindingState.FINE,
        rows=places,
        of=read + len(places),
        proposal=f"Leave out {len(places):,}" if places else "",
        excludes=places,
    )


def _provenance(
    tables: Mapping[str, RawTable],
    mappings: Mapping[str, ColumnMapping],
    said: Mapping[str, Opinions | None],
) -> pd.DataFrame:
    """Put the other columns of all parts together; one kind of value per column."""
    frames = [
        _with_agreement(
            tables[part].frame.loc[:, mapping.provenance(tables[part].frame.columns)], said[part]
        )
        for part, mapping in mappings.items()
    ]
    columns = list(dict.fromkeys(column for frame in frames for column in frame.columns))
    return pd.DataFrame(
        {column: one_kind(_cells(frames, column)) for column in columns},
        index=pd.RangeIndex(sum(map(len, frames))),
    )


def _with_agreement(frame: pd.DataFrame, said: Opinions | None) -> pd.DataFrame:
    """Put how many annotators agree beside the rows, unless a column has that name."""
    if said is None or AGREEMENT in frame:
        return frame
    return frame.assign(
        **{AGREEMENT: pd.Series(list(said.agreement), index=frame.index, dtype=object)}
    )


def _cells(frames: Iterable[pd.DataFrame], column: str) -> list[Any]:
    return [
        cell
        for frame in frames
        for cell in (frame[column] if column in frame else [None] * len(frame))
    ]


def one_kind(cells: list[Any]) -> pd.Series:
    """Keep truth values, whole numbers and numbers where all cells are; else make all text."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean")
    if kinds == {int} and all(cell is None or abs(cell) < 2**63 for cell in cells):
        return pd.Series(cells, dtype="Int64")
    if kinds and kinds <= {int, float}:
        return pd.Series(cells, dtype="float64")
    return pd.Series([_text(cell) for cell in cells], dtype=object)
