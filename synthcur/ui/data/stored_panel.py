"""The open collection on the Data page: what it holds, how its checks stand, its rows."""

import streamlit as st

from synthcur.data.loading import PARTS
from synthcur.schema import FindingState
from synthcur.store.records import CollectionInfo
from synthcur.ui import parts, resources, score_jobs
from synthcur.ui.data import import_form, offered, versions_panel
from synthcur.ui.data import sheet as data_panel
from synthcur.ui.data import splits as data_splits
from synthcur.ui.data.sheet import in_words
from synthcur.ui.session import page


def show(name: str) -> None:
    """Draw the open collection."""
    info = resources.store().collection_info(name)
    collection = resources.collection(name)
    sheet = data_panel.stored(name)
    with st.sidebar:
        _rail(info, list(collection.provenance.columns))
    found = [finding for finding in sheet.findings if finding.state != FindingState.FINE]
    total, real = len(sheet.rows), len(sheet.rows) - info.counts["synthetic"]
    title = (
        f"{in_words(total, 'row')}: {parts.count(info.counts['synthetic'])} synthetic, "
        f"{parts.count(real)} real, {in_words(len(collection.labels), 'label')}"
    )
    caption = _caption(info, len(found), len(sheet.findings))
    with parts.finding_line(title, caption, stage="stored"):
        if st.button("See the weights", icon=":material/scatter_plot:"):
            st.switch_page("pages/curate.py")
        st.button(
            "Add rows",
            icon=":material/playlist_add:",
            on_click=import_form.start,
            args=(name, info.version),
        )
        st.button(
            "Add a collection",
            type="primary",
            icon=":material/add:",
            on_click=import_form.start,
            args=(name,),
        )
    if taken := offered.outcome_of(name):
        st.caption(parts.plain(f"{taken}.", limit=600))
    _scoring(name)
    finding = data_panel.findings_card(sheet)
    left, right = st.columns([7, 5], gap="small")
    with left:
        data_panel.rows_card(sheet, finding)
    with right:
        data_splits.splits_card(sheet.rows, collection.made_splits)
    versions_panel.show(info, collection)


def nothing() -> None:
    """Draw a workspace without a collection: the way to a first one, and what lies in the bin."""
    with parts.finding_line(
        "This workspace holds no collection", "Add one, or bring one back.", stage="nothing"
    ):
        st.button(
            "Add a collection",
            type="primary",
            icon=":material/add:",
            on_click=import_form.start,
            args=("",),
        )
    with parts.card("Bin"):
        versions_panel.bin_tab()


def _caption(info: CollectionInfo, found: int, checks: int) -> str:
    name = parts.plain(info.title or info.name)
    outcome = in_words(found, "finding") if found else "nothing to look at"
    if (known := len(resources.store().versions.all(info.name))) > 1:
        name += f", version {info.version} of {known},"
    return f"{name} as it is stored: {outcome} in {in_words(checks, 'check')}."


def _rail(info: CollectionInfo, provenance: list[str]) -> None:
    if info.note:
        st.caption(parts.plain(info.note, limit=400))
    st.subheader("Sources", anchor=False)
    data_panel.sources_table(
        {data_panel.PART_TITLES[part]: info.counts[part] for part in PARTS}, heading="Part"
    )
    if provenance:
        names = ", ".join(f"“{column[:30]}”" for column in provenance[:8])
        st.caption(
            f"{parts.plain(names, limit=400)} kept beside the rows; no checker or weight reads "
            "them."
        )


def _scoring(name: str) -> None:
    """Draw how far the scoring of the collection is, while it runs."""
    job = score_jobs.active(name)
    if job is not None:
        with st.container(border=True):
            parts.card_title("Stored. Scoring runs", "weights and map appear when it ends")
            _progress(job.id)


@st.fragment(run_every=1.0)
def _progress(job_id: str) -> None:
    with page():
        job = resources.store().job(job_id)
        if not job.is_active:
            st.rerun()
        parts.job_progress(job)
