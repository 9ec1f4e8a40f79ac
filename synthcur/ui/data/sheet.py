"""The cards of the Data page: findings, the rows of one or all of them, sources.

They draw a `Sheet`, be it of a stored collection or of files that are not stored yet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from synthcur.data.checks import validate
from synthcur.data.draft import TWO_LABELS
from synthcur.data.labels import in_words as label_counts
from synthcur.data.languages import let_go
from synthcur.data.loading import PARTS
from synthcur.data.repeats import REPEATS
from synthcur.data.tables import UNSHOWABLE, Rejected
from synthcur.data.texts import text_keys
from synthcur.schema import (
    REAL,
    SYNTHETIC,
    TEST,
    TRAIN,
    VALIDATION,
    Collection,
    Finding,
    FindingState,
)
from synthcur.ui import parts, resources, theme

PART_TITLES = {
    SYNTHETIC: "Synthetic",
    TRAIN: "Real, train",
    VALIDATION: "Real, validation",
    TEST: "Real, test",
}
_STATES = {
    FindingState.MUST_FIX: "Must fix",
    FindingState.CHECK: "Check",
    FindingState.FINE: "Fine",
}
_ACCEPTED = "Accepted"
_ROW_HEIGHT = 33
_ROWS_SHOWN = (1, 8)
_FINDINGS_SHOWN = (4, 9)
_MOST_ROWS = 300
_MOST_CHARACTERS = 2_000
_NUMBERS_SHOWN = 6
_LABELS_SHOWN = 30


@dataclass(frozen=True)
class Sheet:
    """Rows and what was found in them.

    Attributes
    ----------
    key
        Changes with the content, so that no selection outlives its table.
    rows
        Columns ``source, split, text, text_pair, label, row, file``.
    provenance
        Every other column, same length and order.
    findings
        One a check, those that must be fixed first.
    rejected
        Rows that could not be read, by file.
    accepted
        Codes of the findings whose proposals are accepted.
    place
        What `file` is called: ``File``, or ``Part`` where the files are not known.
    """

    key: str
    rows: pd.DataFrame
    provenance: pd.DataFrame
    findings: tuple[Finding, ...]
    rejected: Mapping[str, tuple[Rejected, ...]] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    place: str = "File"


def stored(name: str) -> Sheet:
    """Return the sheet of a stored collection, checked once for every content."""
    collection = resources.collection(name)
    return _stored(collection.fingerprint, collection.origin, collection)


@st.cache_resource(show_spinner="Checking the rows", max_entries=4)
def _stored(fingerprint: str, origin: str, _collection: Collection) -> Sheet:
    rows = _collection.rows.drop(columns="sample_id")
    rows = rows.assign(file=part_of(rows).map({part: PART_TITLES[part] for part in PARTS}))
    findings = tuple(validate(rows))
    let_go()  # the page is up for days
    return Sheet(
        key=fingerprint,
        rows=rows,
        provenance=_collection.provenance,
        findings=findings,
        place="Part",
    )


def part_of(rows: pd.DataFrame) -> pd.Series:
    """Return the part of every row: ``synthetic``, ``train``, ``validation`` or ``test``."""
    return rows["split"].where(rows["source"] == REAL, SYNTHETIC)


def in_words(number: int, what: str) -> str:
    """Return a count with its noun: ``1 row``, ``2,760 rows``."""
    return f"{parts.count(number)} {what}{'' if number == 1 else 's'}"


def findings_card(sheet: Sheet) -> Finding | None:
    """Draw the table of all checks and return the finding that is selected in it."""
    open_ones = [finding for finding in sheet.findings if finding.state != FindingState.FINE]
    with st.container(border=True):
        parts.card_title(
            "Findings",
            f"{in_words(len(sheet.findings), 'check')}, {len(open_ones)} with something to see. "
            "Select one to see its rows.",
        )
        event = st.dataframe(
            _findings_table(sheet),
            hide_index=True,
            row_height=_ROW_HEIGHT,
            height=_height(len(open_ones), _FINDINGS_SHOWN),
            on_select="rerun",
            selection_mode="single-row",
            selection_default={"selection": {"rows": [0] if open_ones else []}},
            key=f"findings-{sheet.key}",
            column_config={
                "Finding": st.column_config.TextColumn(width=290),
                "State": st.column_config.MultiselectColumn(
                    options=[*_STATES.values(), _ACCEPTED], color=_tints(), width=90
                ),
                "Rows": st.column_config.NumberColumn(format="localized", width=56),
                "Of": st.column_config.NumberColumn(format="localized", width=56),
                "Labels": st.column_config.TextColumn(width=150),
                "Row numbers": st.column_config.TextColumn(width=116),
                "Proposal": st.column_config.TextColumn(width=190),
            },
            alt="Every check with its state, the number of rows and their row numbers",
        )
        chosen = event["selection"]["rows"]
        finding = sheet.findings[chosen[0]] if chosen and chosen[0] < len(sheet.findings) else None
        if finding is not None and finding.advice:
            st.caption(parts.plain(finding.advice, limit=600))
    return finding


def _findings_table(sheet: Sheet) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Finding": [finding.title for finding in sheet.findings],
            "State": [
                [_ACCEPTED if finding.code in sheet.accepted else _STATES[finding.state]]
                for finding in sheet.findings
            ],
            "Rows": [len(finding.rows) for finding in sheet.findings],
            "Of": [finding.of for finding in sheet.findings],
            "Labels": [label_counts(finding.labels) for finding in sheet.findings],
            "Row numbers": [_row_numbers(finding) for finding in sheet.findings],
            "Proposal": [finding.proposal or "—" for finding in sheet.findings],
        }
    )


def _row_numbers(finding: Finding) -> str:
    """List the first row numbers, each file named once."""
    by_file: dict[str, list[str]] = {}
    for file, row in finding.rows[:_NUMBERS_SHOWN]:
        by_file.setdefault(file, []).append(f"{row:,}")
    more = " …" if len(finding.rows) > _NUMBERS_SHOWN else ""
    return " · ".join(f"{file}: {', '.join(rows)}" for file, rows in by_file.items()) + more


def _height(rows: int, shown: tuple[int, int]) -> int:
    """Return the height of a table that shows at least and at most so many rows, and a header."""
    least, most = shown
    return _ROW_HEIGHT * (1 + min(max(rows, least), most)) + 2


def _tints() -> list[str]:
    tints = theme.palette().tints
    return [tints["discard"], tints["check"], tints["neutral"], tints["keep"]]


def rows_card(sheet: Sheet, finding: Finding | None) -> None:
    """Draw the rows of a finding, or all rows with a search where none is selected."""
    if finding is None or not finding.rows:
        _browser(sheet)
    else:
        finding_rows(sheet, finding, lambda table: None)


def finding_rows(
    sheet: Sheet,
    finding: Finding,
    actions: Callable[[list[tuple[str, int]]], None],
    *,
    ticks: bool = False,
) -> None:
    """Draw the rows of a finding, and below them what can be done.

    Parameters
    ----------
    sheet, finding
        What was found.
    actions
        Draws the buttons; receives (file, row number) of the rows that are ticked.
    ticks
        Whether rows can be ticked.
    """
    shown = _by_text(sheet, finding)[:_MOST_ROWS]
    note = f"{in_words(len(finding.rows), 'row')} of {parts.count(finding.of)}"
    if len(files := {file for file, _ in finding.rows}) == 1:
        note += f", all in {parts.plain(*files)}"
    if len(shown) < len(finding.rows):
        note += f", the first {parts.count(len(shown))} shown"
    with parts.card(parts.plain(finding.title), note):
        if finding.labels:
            labels = label_counts(finding.labels, most=_LABELS_SHOWN)
            st.caption(parts.plain(f"Labels: {labels}", limit=1_000))
        if finding.code == "unreadable":
            table = _rejected_table(sheet, shown)
        else:
            table = _table(sheet, _positions(sheet, shown))
            if finding.excludes:
                left_out = set(finding.excludes)
                pills = [["Exclude" if place in left_out else "Keep"] for place in shown]
                table.insert(1, "Proposal", pills)
        if len(files) == 1:
            table = table.drop(columns=sheet.place)
        ticked = _draw(table, f"rows-{sheet.key}-{finding.code}", ticks=ticks)
        actions([shown[i] for i in ticked if i < len(shown)])


def _by_text(sheet: Sheet, finding: Finding) -> list[tuple[str, int]]:
    """Return the rows of a finding; rows of one text stand together where texts are compared."""
    if not finding.code.endswith((TWO_LABELS, REPEATS)):
        return list(finding.rows)
    keys = text_keys(sheet.rows.iloc[_positions(sheet, finding.rows)])
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    order = sorted(range(len(keys)), key=lambda i: first[keys[i]])
    return [finding.rows[i] for i in order]


def _browser(sheet: Sheet) -> None:
    """Draw rows by part, label and a search for literal text."""
    with parts.card("Rows", f"{parts.count(len(sheet.rows))} in the files’ order"):
        first, second, third = st.columns([3, 3, 4], gap="small")
        part = first.selectbox(
            "Part", ["", *PARTS], format_func=lambda p: PART_TITLES.get(p, "All parts")
        )
        labels = sorted({label for label in sheet.rows["label"] if label})
        label = second.selectbox(
            "Label", [None, *labels], format_func=lambda v: "All labels" if v is None else v
        )
        words = third.text_input("Text contains", key=f"search-{sheet.key}")
        found = _search(sheet.rows, part, label, words)
        _draw(_table(sheet, found[:_MOST_ROWS]), f"browse-{sheet.key}", ticks=False)
        most = "" if len(found) <= _MOST_ROWS else f", the first {_MOST_ROWS} shown"
        st.caption(f"{in_words(len(found), 'row')} of {parts.count(len(sheet.rows))}{most}.")


def _search(rows: pd.DataFrame, part: str, label: str | None, words: str) -> list[int]:
    """Return the positions of the rows that agree with every filter."""
    found = pd.Series(True, index=rows.index)
    if part:
        found &= part_of(rows) == part
    if label is not None:
        found &= rows["label"] == label
    if words:
        texts = rows["text"].str.cat(rows["text_pair"].fillna(""), sep="\n")
        found &= texts.str.contains(words, case=False, regex=False)
    return [int(i) for i in found.to_numpy().nonzero()[0]]


def _positions(sheet: Sheet, places: Sequence[tuple[str, int]]) -> list[int]:
    wanted = set(places)
    at = {
        place: i
        for i, place in enumerate(zip(sheet.rows["file"], sheet.rows["row"].tolist(), strict=True))
        if place in wanted
    }
    return [at[place] for place in places]


def _table(sheet: Sheet, positions: list[int]) -> pd.DataFrame:
    rows = sheet.rows.iloc[positions].reset_index(drop=True)
    cells: dict[str, object] = {"Row": rows["row"], sheet.place: rows["file"]}
    cells["Text"] = rows["text"].map(shown_text)
    if sheet.rows["text_pair"].notna().any():
        cells["Second text"] = rows["text_pair"].map(shown_text)
    cells["Label"] = rows["label"].map(shown_text)
    for column in sheet.provenance.columns:
        cells.setdefault(str(column), _as_text(sheet.provenance[column].iloc[positions]))
    return pd.DataFrame(cells)


def _as_text(cells: pd.Series) -> list[str]:
    return [shown_text(None if pd.isna(cell) else str(cell)) for cell in cells]


def _rejected_table(sheet: Sheet, places: Sequence[tuple[str, int]]) -> pd.DataFrame:
    of_place = {(file, item.row): item for file, items in sheet.rejected.items() for item in items}
    items = [of_place[place] for place in places]
    return pd.DataFrame(
        {
            "Row": [item.row for item in items],
            sheet.place: [file for file, _ in places],
            "Line": [item.line for item in items],
            "Reason": [item.reason for item in items],
        }
    )


def shown_text(text: str | None) -> str:
    """Return a cell as it is shown: unseen characters as dots, long text cut and measured."""
    if text is None:
        return ""
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:_MOST_CHARACTERS]}… ({len(text):,} characters)"
    return UNSHOWABLE.sub("·", text.replace("\n", " ").replace("\t", " "))


def _draw(table: pd.DataFrame, key: str, *, ticks: bool) -> list[int]:
    """Draw rows; return the positions of those that are ticked."""
    tints = theme.palette().tints
    config = {
        "Row": st.column_config.NumberColumn(format="localized", width=56),
        "Line": st.column_config.NumberColumn(format="localized", width=56),
        "File": st.column_config.TextColumn(width=110),
        "Part": st.column_config.TextColumn(width=110),
        "Text": st.column_config.TextColumn(width=265),
        "Second text": st.column_config.TextColumn(width=260),
        "Label": st.column_config.TextColumn(width=120),
        "Proposal": st.column_config.MultiselectColumn(
            options=["Exclude", "Keep"], color=[tints["discard"], tints["keep"]], width=90
        ),
    }
    config = {**dict.fromkeys(table.columns, st.column_config.TextColumn()), **config}
    height = _height(len(table), _ROWS_SHOWN)
    shown = {"hide_index": True, "row_height": _ROW_HEIGHT, "height": height}
    if not ticks:
        st.dataframe(table, column_config=config, key=key, **shown)
        return []
    event = st.dataframe(
        table, column_config=config, key=key, on_select="rerun", selection_mode="multi-row", **shown
    )
    return list(event["selection"]["rows"])


def sources_table(rows: Mapping[str, int], *, heading: str) -> None:
    """Draw files or parts with their row counts into the rail."""
    st.dataframe(
        pd.DataFrame({heading: list(rows), "Rows": list(rows.values())}),
        hide_index=True,
        row_height=28,
        column_config={
            heading: st.column_config.TextColumn(width=125),
            "Rows": st.column_config.NumberColumn(format="localized", width=53),
        },
    )
