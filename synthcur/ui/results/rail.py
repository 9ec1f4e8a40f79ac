"""The rail of the Results page: which run is read, against what, what it was made from, files."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from synthcur.arms import base_of, short_name
from synthcur.data import table_files
from synthcur.errors import InputError
from synthcur.exports import downloads, hub
from synthcur.exports.html_report import html_report
from synthcur.exports.publication import NOTHING_SAID, Publication, publication
from synthcur.results import comparison as report
from synthcur.results import findings
from synthcur.results.findings import as_baseline
from synthcur.results.outcome import ArmResult, Results
from synthcur.schema import REAL, TEST
from synthcur.settings import TrainSettings, WeightingSettings
from synthcur.stats.majority import first_metric
from synthcur.stats.metrics import METRICS
from synthcur.store.job_states import JobState
from synthcur.store.records import Job, Run, chosen_checkers
from synthcur.store.store import Store
from synthcur.ui import parts, resources
from synthcur.ui.clock import clock
from synthcur.ui.results.tool_downloads import tool_form
from synthcur.ui.session import results_job_key, writing

_FORMATS = {
    "Parquet": "parquet",
    "JSON Lines": "jsonl",
    "CSV, safe for spreadsheets": "csv",
    "XLSX, without formulas": "xlsx",
}
_MIME = {
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Choice:
    """Which comparison the page shows."""

    job: Job
    baseline: str
    metric: str


def rail(name: str) -> Choice | None:
    """Draw the choices and downloads; None while no run has finished."""
    store = resources.store()
    found = report.readable_jobs(store, name)
    if not found:
        return None
    with st.sidebar:
        job = _job_choice(found)
        arms = [
            arm
            for arm in job.settings["arms"]
            if any(run.arm == arm and run.is_done for run in store.runs(job.id))
        ]
        arms = [arm for arm in arms if base_of(arm) == arm] or arms
        baseline = st.selectbox(
            "Compare with",
            arms,
            index=arms.index(findings.PLAIN) if findings.PLAIN in arms else 0,
            format_func=_title,
            key=f"results_baseline_{job.id}",
        )
        first = _first_metric(name)
        metric = st.selectbox(
            "Score",
            METRICS,
            index=METRICS.index(first),
            format_func=findings.METRIC_TITLES.__getitem__,
            key=f"results_metric_{name}",
            persist_state="session",
        )
        _made_from(job)
        choice = Choice(job, baseline or arms[0], metric or first)
        _downloads(store, choice)
    return choice


def _first_metric(name: str) -> str:
    """Choose the score that the page opens with; what a person chooses then stays."""
    collection = resources.collection(name)
    return first_metric(collection.label_ids(collection.part(REAL, TEST)))


def results(choice: Choice, store: Store) -> Results:
    """Return `results.comparison.results` of what is chosen."""
    finished = sum(run.is_done for run in store.runs(choice.job.id))
    return _results(choice.job.id, finished, choice.baseline, choice.metric, store)


@st.cache_data(show_spinner=False, max_entries=32)
def _results(job_id: str, finished: int, baseline: str, metric: str, _store: Store) -> Results:
    """Results of a job with that many finished runs; finished runs never change."""
    name = _store.job(job_id).collection
    return report.results(_store, name, job_id=job_id, baseline=baseline, metric=metric)


def model_button(store: Store, run: Run, label: str, *, is_primary: bool = False) -> None:
    """Draw the download of a run's model; the zip is made when the button is pressed."""
    st.download_button(
        label,
        data=lambda: downloads.model_archive(store, run).read_bytes(),
        file_name=f"synthcur-{run.arm}-seed{run.seed}.zip",
        mime="application/zip",
        icon=":material/deployed_code:",
        key=f"model_{run.job_id}_{run.arm}_{is_primary}",
        type="primary" if is_primary else "secondary",
        on_click="ignore",
        width="content" if is_primary else "stretch",
        help="A folder that transformers loads; its README.md has the lines that read texts as "
        "training did. The best seed of each arm on the validation rows is kept.",
    )


def _job_choice(found: list[Job]) -> Job:
    finished = [job for job in found if job.status == JobState.DONE]
    by_id = {job.id: job for job in found}
    chosen = st.selectbox(
        "Run",
        list(by_id),
        index=found.index(finished[0]) if finished else 0,
        format_func=lambda job_id: _job_in_words(by_id[job_id]),
        key=results_job_key(found[0].collection),
    )
    return by_id.get(chosen or "", found[0])


def _job_in_words(job: Job) -> str:
    state = (
        "" if job.status == JobState.DONE else ", running" if job.is_active else ", not finished"
    )
    return f"Run {job.number}, {clock(job.created_at)}{state}"


def _title(arm: str) -> str:
    return findings.arm_title(arm)


def _made_from(job: Job) -> None:
    st.subheader("Made from", anchor=False)
    facts = report.made_from(job)
    settings = TrainSettings.from_dict(job.settings)
    known = len(resources.store().versions.all(job.collection))
    lines = {
        **({"version": f"{job.version} of {known}"} if known > 1 else {}),
        "data": facts.data[:7],
        "decide": f"{facts.decided:,} rows",
        "P′": (facts.quality or "not used")[:8],
        "Q": (facts.diversity or "not used")[:8],
        "recipe": facts.settings[:7],
        "seeds": f"0-{settings.seeds - 1}" if settings.seeds > 1 else "0",
    }
    st.code("\n".join(f"{key:<8} {value}" for key, value in lines.items()), language=None)


def _downloads(store: Store, choice: Choice) -> None:
    job = choice.job
    st.subheader("Download", anchor=False)
    st.download_button(
        "Report, HTML",
        data=lambda: html_report(
            store, job.collection, job_id=job.id, baseline=choice.baseline, metric=choice.metric
        ).encode(),
        file_name=f"synthcur-{job.collection}-run{job.number}.html",
        mime="text/html",
        icon=":material/description:",
        key="results_report",
        on_click="ignore",
        width="stretch",
        help="One file that opens offline and prints: verdict, figures, flipped rows, provenance.",
    )
    found = results(choice, store)
    models = _models(store, found)
    with st.popover("Model", icon=":material/deployed_code:", width="stretch"):
        if not models:
            st.caption("No model of this run is kept yet.")
        for run, mark in models:
            model_button(store, run, f"{parts.plain(_title(run.arm))}, seed {run.seed}{mark}")
    with st.popover("Curated data", icon=":material/table_view:", width="stretch"):
        _data_buttons(store, job, found)
    with st.popover("For another tool", icon=":material/swap_horiz:", width="stretch"):
        checkers, weighting = weighed_by(store, job)
        tool_form(store, job.collection, checkers=checkers, weighting=weighting)
    with st.popover("To the hub", icon=":material/cloud_upload:", width="stretch"):
        _hub_form(store, job, models)
    with st.popover("Command line", icon=":material/terminal:", width="stretch"):
        st.caption("Repeats this run with the rows as they stand now.")
        command = report.command_line(job, store.schemes(job.collection))
        st.code(command, language=None, wrap_lines=True)


def _models(store: Store, found: Results) -> list[tuple[Run, str]]:
    """List the kept models, the ones to offer first, each with what speaks against it."""
    arms = {arm.name: arm for arm in found.arms}
    place = {arm.name: at for at, arm in enumerate(findings.offered_arms(found))}
    kept = downloads.kept_models(store, found.job)
    kept.sort(key=lambda run: place.get(run.arm, len(place)))
    return [(run, _mark(arms[run.arm], found) if run.arm in arms else "") for run in kept]


def _mark(arm: ArmResult, found: Results) -> str:
    if arm.is_undertrained:
        return " (learned nothing)" if arm.learned_nothing else " (still learning)"
    best = findings.leading_arm(found)
    if arm.name == found.baseline and best.is_better:
        return f" ({parts.plain(short_name(best.name))} is better)"
    if arm.name in found.below_probe:
        return " (below the linear probe)"
    return f" (worse than {parts.plain(as_baseline(found.baseline))})" if arm.is_worse else ""


def _data_buttons(store: Store, job: Job, found: Results) -> None:
    checkers, weighting = weighed_by(store, job)
    has_scheme = TrainSettings.from_dict(job.settings).weighting is not None
    how = "of the scheme of this run" if has_scheme else "of IMP"
    st.caption(f"Rows the next run trains on, with P′, Q, the weight {how}, and the decisions.")
    weighed = "scheme" if has_scheme else "imp"
    arm = found.arm(weighed)
    if arm is not None and (arm.is_worse or arm.learned_nothing):
        st.caption(
            f":material/warning: {parts.plain(_title(weighed))} lost or learned nothing in this "
            "run: its weights are not what to train with."
        )
    longest = resources.collection(job.collection).rows["text"].str.len().max()
    for title, kind in _FORMATS.items():
        too_long = kind == "xlsx" and longest > table_files.SHEET_CELL
        st.download_button(
            title,
            data=_Table(store, job.collection, checkers, weighting, kind),
            file_name=f"synthcur-{job.collection}-curated.{kind}",
            mime=_MIME[kind],
            key=f"curated_{kind}",
            on_click="ignore",
            width="stretch",
            disabled=too_long,
            help="A text is longer than a cell of XLSX may be." if too_long else None,
        )
    said = _said("card")
    st.download_button(
        "Folder for datasets, with card",
        data=lambda: downloads.dataset_archive(
            store, job.collection, checkers=checkers, weighting=weighting, said=said
        ),
        file_name=f"synthcur-{job.collection}-dataset.zip",
        mime="application/zip",
        key="curated_dataset",
        on_click="ignore",
        width="stretch",
    )


def _said(where: str) -> Publication:
    """Draw what only the publisher can say of the rows, for their card."""
    left, right = st.columns(2, gap="small")
    languages = left.text_input("Language", placeholder="en", key=f"{where}_language")
    licence = right.text_input("Licence", placeholder="cc-by-4.0", key=f"{where}_license")
    try:
        return publication(languages=languages, licence=licence)
    except InputError as error:
        st.caption(parts.plain(f"Not written on the card: {error}"))
        return NOTHING_SAID


def _hub_form(store: Store, job: Job, kept: Sequence[tuple[Run, str]]) -> None:
    """Draw the form that puts curated rows or a model on the hub; the token is not kept."""
    models = {run.arm: run for run, _ in kept}
    marks = {run.arm: mark for run, mark in kept}
    with st.form("results_hub", clear_on_submit=True, border=False):
        what = st.selectbox(
            "What",
            ["", *models],
            format_func=lambda arm: f"Model, {_title(arm)}{marks[arm]}" if arm else "Curated data",
        )
        repo = st.text_input("Repository", placeholder="owner/name")
        token = st.text_input(
            "Token", type="password", help="Used for this upload; neither stored nor logged."
        )
        left, right = st.columns(2, gap="small")
        languages = left.text_input("Language", placeholder="en")
        licence = right.text_input("Licence", placeholder="cc-by-4.0")
        data_set = st.text_input(
            "Data set of a model", placeholder="owner/name", help="Where its rows are on the hub."
        )
        st.caption("A repository that is made here is private. The last three are for the card.")
        pressed = st.form_submit_button("Upload", icon=":material/upload:")
    if not pressed:
        return
    store = writing()  # rows leave the workspace: as good a reason to ask who is there
    said = publication(languages=languages, licence=licence, data_set=data_set)
    with st.spinner("Uploading"), tempfile.TemporaryDirectory(prefix="synthcur-") as scratch:
        if what:
            folder = downloads.model_folder(store, models[what], Path(scratch), said=said)
        else:
            checkers, weighting = weighed_by(store, job)
            folder = downloads.dataset_folder(
                store,
                job.collection,
                Path(scratch),
                checkers=checkers,
                weighting=weighting,
                said=said,
            )
        kind = "model" if what else "dataset"
        address = hub.push(folder, repo.strip(), kind=kind, token=token)
    st.caption(f"Uploaded: {parts.plain(address)}")


def weighed_by(store: Store, job: Job) -> tuple[str | None, WeightingSettings]:
    """Return the checkers and the weighting that the job's curated rows are told with."""
    settings = TrainSettings.from_dict(job.settings)
    checkers = chosen_checkers(store.scores(job.collection), settings.checkers)
    return checkers, settings.weighting or WeightingSettings()


@dataclass(frozen=True)
class _Table:
    """The curated rows in one format, made when the download is asked for."""

    store: Store
    collection: str
    checkers: str | None
    weighting: WeightingSettings
    kind: str

    def __call__(self) -> bytes:
        table = downloads.curated_table(
            self.store, self.collection, checkers=self.checkers, weighting=self.weighting
        )
        return table_files.as_bytes(table, self.kind)
