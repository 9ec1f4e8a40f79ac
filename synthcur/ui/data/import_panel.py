"""Adding a collection, as it is seen: first the files, then what was found in them.

Everything is drawn from `Import`, the decisions of this tab; a click changes those and nothing
else, until the one button that stores.
"""

import pandas as pd
import streamlit as st

from synthcur.data.draft import MERGE, TWO_LABELS
from synthcur.data.loading import PARTS, ColumnMapping, Draft, RawTable, keep_of_two_labels
from synthcur.data.people import as_part
from synthcur.errors import InputError
from synthcur.schema import SYNTHETIC, Finding, FindingState
from synthcur.ui import parts, resources
from synthcur.ui.data import column_form, import_form, offered
from synthcur.ui.data import sheet as data_panel
from synthcur.ui.data import splits as data_splits
from synthcur.ui.data.import_form import Import, Sources
from synthcur.ui.data.sheet import Sheet, in_words

_PREVIEW_ROWS = 5
_LOSSES_SHOWN = 4
_STORE_ICON = ":material/save:"


def show(state: Import) -> None:
    """Draw the import of this tab."""
    head = st.container(gap="small")
    with st.expander("Files", expanded=not state.is_checked, icon=":material/upload_file:"):
        sources = import_form.choose_files(state)
    with st.sidebar:
        name = _name(state, sources)
        _sources(sources)
        columns = column_form.choose_columns(sources.tables, sources.identity, key=state.id)
        st.button(
            "Leave without storing",
            icon=":material/close:",
            width="stretch",
            on_click=import_form.end,
        )
    if sources.tables and (spare := resources.spare()) is not None:
        spare.prepare()  # whoever stores these rows has them scored at once
    if state.is_checked and import_form.missing(state, sources, columns):
        state.is_checked = False
        st.rerun()
    draft, problems = None, list(sources.problems)
    try:
        draft = import_form.make_draft(state, sources, columns) if state.is_checked else None
    except InputError as error:
        problems.append(error)
    with head:
        if draft is None:
            _files_line(state, sources, columns)
        else:
            if _findings_line(state, draft, name):
                column_form.remember(sources.tables, columns, sources.identity)
                import_form.store(state, draft, name, sources, columns)
                st.rerun()
            _losses(draft)
            if not state.grows:
                offered.offer(
                    sources.tables[SYNTHETIC],
                    columns[SYNTHETIC],
                    is_taken=state.takes_decisions,
                    on_click=lambda: _take_decisions(state),
                )
        for problem in problems:
            _problem(problem)
    if draft is None:
        _preview(sources, columns)
    else:
        _findings(state, draft)


def _name(state: Import, sources: Sources) -> str:
    """Draw the name of the new collection, or that of the pool of new rows."""
    if not state.grows:
        return import_form.choose_name(state, sources)
    st.text_input(
        "Pool of the new synthetic rows",
        key=f"pool-{state.id}",
        placeholder="None",
        help="Kept in the column “pool”, so that pools can be compared. May be left empty.",
    )
    return state.beside


def _sources(sources: Sources) -> None:
    if sources.tables:
        st.subheader("Sources", anchor=False)
        rows = {table.name: len(table.frame) + len(table.rejected) for table in _tables(sources)}
        data_panel.sources_table(rows, heading="File")


def _tables(sources: Sources) -> list[RawTable]:
    return [sources.tables[part] for part in PARTS if part in sources.tables]


def _problem(error: InputError) -> None:
    lines = (error.what, "Nothing of it was stored.", error.fix)
    st.error("  \n".join(parts.plain(line, limit=600) for line in lines if line))


def _files_line(state: Import, sources: Sources, columns: dict[str, ColumnMapping]) -> None:
    """Draw what was read so far, and the step to the findings."""
    title = "Which rows belong to the new collection?"
    if state.grows:
        title = f"Which rows are added to {parts.plain(state.beside)}?"
    if sources.tables:
        files = in_words(len(sources.tables), "file")
        title = f"{in_words(sources.total, 'row')} read from {files}"
    reason = import_form.missing(state, sources, columns)
    caption = f"Nothing is stored yet. {reason or 'Look at the columns, then at every finding.'}"
    with parts.finding_line(title, caption, stage="files"):
        st.button(
            f"Check {in_words(sources.total, 'row')}" if sources.total else "Check the rows",
            type="primary",
            icon=":material/fact_check:",
            disabled=bool(reason),
            help=reason or None,
            on_click=_check,
            args=(state,),
        )


def _check(state: Import) -> None:
    state.is_checked = True


def _findings_line(state: Import, draft: Draft, name: str) -> bool:
    """Draw how much was found, what stays, and the button that stores it; whether it is pressed."""
    found = [finding for finding in draft.findings if finding.state != FindingState.FINE]
    still_open = draft.unresolved(state.accepted)
    kept = int(draft.kept(state.accepted).sum())
    title = f"{in_words(draft.total, 'row')} read, {in_words(len(found), 'finding')}"
    title += f", {len(still_open)} must be fixed before storing" if still_open else ""
    title += ", nothing left to fix" if found and not still_open else ""
    reason = import_form.obstacle(state, name, draft)
    left_out = draft.total - kept
    caption = (
        f"Nothing is stored yet. {parts.count(kept)} kept + {parts.count(left_out)} left out "
        f"= {parts.count(draft.total)} rows. {parts.plain(reason)}"
    )
    waiting = draft.proposals - state.accepted
    with parts.finding_line(title, caption, stage="proposals" if waiting else "findings"):
        if waiting:
            st.button(
                f"Accept {in_words(len(waiting), 'proposal')}",
                icon=":material/done_all:",
                help="Each can be taken back below.",
                on_click=_accept,
                args=(state, waiting),
            )
        return st.button(
            f"{'Add' if state.grows else 'Store'} {in_words(kept, 'row')}",
            type="primary",
            icon=_STORE_ICON,
            disabled=bool(reason),
            help=parts.plain(reason) or None,
        )


def _losses(draft: Draft) -> None:
    """Name the proposals that take a whole label or many rows before anybody accepts them."""
    for loss in draft.losses[:_LOSSES_SHOWN]:
        st.caption(parts.plain(f"Look first: {loss.in_words()}.", limit=400))
    if more := len(draft.losses[_LOSSES_SHOWN:]):
        st.caption(f"And {in_words(more, 'proposal')} more that take much.")


def _accept(state: Import, codes: frozenset[str]) -> None:
    state.accepted, state.problem = state.accepted | codes, ""


def _take_decisions(state: Import) -> None:
    state.takes_decisions = not state.takes_decisions


def _take_back(state: Import, code: str) -> None:
    state.accepted -= {code}
    if code == TWO_LABELS:
        state.kept = None


def _preview(sources: Sources, columns: dict[str, ColumnMapping]) -> None:
    """Draw the first rows of every file, its mapped columns first."""
    given = [part for part in PARTS if part in sources.tables]
    for pair in (given[i : i + 2] for i in range(0, len(given), 2)):
        for part, column in zip(pair, st.columns(2, gap="small"), strict=False):
            table = as_part(sources.tables[part], part)
            title = f"{data_panel.PART_TITLES[part]}: {table.name}"
            with column, parts.card(parts.plain(title), f"the first {_PREVIEW_ROWS} rows"):
                mapping = columns.get(part)
                text = {mapping.text: st.column_config.TextColumn(width=270)} if mapping else {}
                st.dataframe(
                    _first_rows(table, mapping),
                    hide_index=True,
                    row_height=28,
                    column_config={"Row": st.column_config.NumberColumn(width=50), **text},
                )


def _first_rows(table: RawTable, mapping: ColumnMapping | None) -> pd.DataFrame:
    used = [mapping.text, mapping.text_pair, mapping.label] if mapping else []
    names = list(dict.fromkeys([*(name for name in used if name), *table.frame.columns]))
    head = table.frame.head(_PREVIEW_ROWS)
    cells = {
        name: [data_panel.shown_text(None if cell is None else str(cell)) for cell in head[name]]
        for name in names
    }
    return pd.DataFrame({"Row": table.rows[:_PREVIEW_ROWS]} | cells)


def _findings(state: Import, draft: Draft) -> None:
    sheet = Sheet(
        key=f"{state.draft}-{state.id}",
        rows=draft.rows,
        provenance=draft.provenance,
        findings=draft.findings,
        rejected=draft.rejected,
        accepted=state.accepted,
    )
    finding = data_panel.findings_card(sheet)
    left, right = st.columns([7, 5], gap="small")
    with left:
        if finding is not None and finding.rows:
            data_panel.finding_rows(
                sheet,
                finding,
                lambda ticked: _decide(state, draft, finding, ticked),
                ticks=finding.code == TWO_LABELS and TWO_LABELS not in state.accepted,
            )
        else:
            data_panel.rows_card(sheet, None)
    with right:
        data_splits.splits_card(draft.kept_rows(state.accepted), draft.made_splits)


def _decide(state: Import, draft: Draft, finding: Finding, ticked: list[tuple[str, int]]) -> None:
    """Draw what can be done with the rows of a finding."""
    code = finding.code
    if code in state.accepted:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge("Accepted", color="gray", icon=":material/check:")
            st.button("Take back", icon=":material/undo:", on_click=_take_back, args=(state, code))
        return
    if code not in draft.proposals | draft.offers:
        st.caption(_without_proposal(finding))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Merge these labels" if code == MERGE else f"Exclude {len(finding.excludes):,}"
        icon = ":material/merge:" if code == MERGE else ":material/block:"
        st.button(
            label, icon=icon, on_click=_accept, args=(state, frozenset({code})), key=f"do-{code}"
        )
        if code == TWO_LABELS:
            st.button(
                "Keep the ticked",
                icon=":material/check:",
                disabled=not ticked,
                help="Tick one row of each text that shall stay; the others are left out.",
                on_click=_keep,
                args=(state, draft, frozenset(ticked)),
            )
    if code in draft.offers:
        st.caption("Yours to decide: it is not among the proposals that are accepted together.")
    if code == TWO_LABELS and state.problem:
        st.caption(parts.plain(state.problem, limit=400))


def _keep(state: Import, draft: Draft, ticked: frozenset[tuple[str, int]]) -> None:
    """Keep the ticked rows; a choice that leaves a text with two labels changes nothing."""
    try:
        keep_of_two_labels(draft, ticked)
    except InputError as error:
        state.problem = str(error)
        return
    state.kept, state.problem = ticked, ""
    state.accepted |= {TWO_LABELS}


def _without_proposal(finding: Finding) -> str:
    if finding.state == FindingState.MUST_FIX:
        return "Nothing can be proposed here: correct the file and choose it again."
    return "Nothing is changed: these rows are stored as they are."
