"""Workspaces that releases left: everything in them is there, and everything works on them."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synthcur.__main__ import main
from synthcur.store.store import Store
from synthcur.workspace import VARIABLE, open_store
from tests.promises.workspaces import FOLDER, newest, summary
from tests.promises.workspaces.make import NAME, make
from tests.ui.test_pages import PAGES, complaints, open_page

FORMATS = {"0.1.0": 6, "0.2.0": 10}
"""Number of migrations that the database of each release has seen."""

TABLES = (
    *("bench", "cluster_name", "collection", "decision", "event", "job", "learning_run", "lease"),
    *("metric", "run", "scheme", "score", "tag", "version"),
)


LATER = {"0.1.0": ("version",)}
"""Tables that a release had not yet."""


@pytest.fixture(scope="module", params=FORMATS)
def version(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def left(version: str) -> dict[str, Any]:
    """What the release itself read in its workspace."""
    return json.loads((FOLDER / version / "summary.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def copied(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that pages and commands share; they add to it and take nothing away."""
    folder = tmp_path_factory.mktemp("left") / "workspace"
    return shutil.copytree(FOLDER / version / "workspace", folder)


@pytest.fixture
def untouched(version: str, tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER / version / "workspace", tmp_path / "workspace")


@pytest.fixture
def opened(untouched: Path) -> Iterator[Store]:
    store = open_store(untouched)
    yield store
    store.close()


@pytest.fixture(scope="module")
def page(copied: Path) -> Iterator[Callable[[str], Any]]:
    import streamlit as st

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(copied))
        yield lambda name: open_page(name, NAME)
    st.cache_resource.clear()


@pytest.fixture
def run(copied: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run a command and return what it answers with ``--json``."""

    def answer(*words: object) -> dict[str, Any]:
        assert main([*map(str, words), "--json", f"--workspace={copied}"]) == 0
        return json.loads(capsys.readouterr().out)

    return answer


def test_every_release_has_its_workspace():
    assert {path.name for path in FOLDER.glob("[0-9]*")} == set(FORMATS)


def test_a_workspace_is_as_its_release_wrote_it(version: str, left: dict[str, Any]):
    folder = FOLDER / version / "workspace"
    assert {path.name for path in folder.iterdir()} == {"synthcur.sqlite3", "artefacts", "jobs"}
    with closing(
        sqlite3.connect(f"file:{folder / 'synthcur.sqlite3'}?immutable=1", uri=True)
    ) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == FORMATS[version]
    assert set(left["rows"]) == set(TABLES) - set(LATER.get(version, ()))
    assert all(left["rows"].values()), "a table without a row proves nothing"
    files = [path for path in FOLDER.joinpath(version).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 350_000


def test_the_newest_workspace_is_what_this_code_makes(tmp_path: Path):
    """Tells when the next release needs one of its own, or the one that it has is out of date."""
    make(tmp_path / "workspace")
    made, kept = (summary.tables(each / "workspace") for each in (tmp_path, newest()))
    again = "see tests/promises/workspaces/make.py"
    assert {name: list(rows[0]) for name, rows in made.items()} == {
        name: list(rows[0]) for name, rows in kept.items()
    }, again
    assert {name: len(rows) for name, rows in made.items()} == {
        name: len(rows) for name, rows in kept.items()
    }, again


def test_no_row_of_any_table_is_lost_or_changed(untouched: Path, left: dict[str, Any]):
    before = summary.tables(untouched)
    assert {name: len(rows) for name, rows in before.items()} == left["rows"]
    open_store(untouched).close()
    after = summary.tables(untouched)
    for name, rows in before.items():
        columns = rows[0].keys()
        assert [{each: row[each] for each in columns} for row in after[name]] == rows, name


def test_the_store_reads_in_it_what_the_release_read(opened: Store, left: dict[str, Any]):
    found = json.loads(json.dumps(summary.read(opened)))
    assert found["collections"] == left["collections"]
    assert found["jobs"] == left["jobs"]


def test_decisions_can_be_taken_back_in_it_and_new_ones_made(opened: Store, left: dict[str, Any]):
    before = left["collections"][NAME]["log"]
    taken_back = opened.decisions.redo(
        NAME, annotator="Ben", client_id="tab-Ben", client_seq=10_000
    )
    assert taken_back is not None
    assert [taken_back.seq] == before["undone"]["Ben"]
    undone = opened.decisions.undo(NAME, annotator="Ana", client_id="tab-Ana", client_seq=10_000)
    assert undone is not None
    assert undone.seq == before["own"]["Ana"][-1]
    assert summary.log(opened, NAME)["length"] == before["length"] + 2


@pytest.mark.parametrize("name", PAGES)
def test_a_page_draws_it(page: Callable[[str], Any], name: str):
    app = page(name)
    # Pages say how a job ended that stopped.
    assert not [each for each in complaints(app) if "The worker stopped unexpectedly" not in each]
    assert app.sidebar.selectbox(key="collection_picker").value == NAME


def test_its_jobs_are_listed_and_the_one_whose_worker_is_gone_has_stopped(
    run: Callable[..., dict[str, Any]], left: dict[str, Any]
):
    found = {str(job["number"]): job for job in run("jobs")["jobs"]}
    expected = {number: job["status"] for number, job in left["jobs"].items()}
    assert expected["7"] == "running"
    assert {number: job["status"] for number, job in found.items()} == expected | {"7": "crashed"}


def test_its_results_are_those_of_its_runs(
    run: Callable[..., dict[str, Any]], left: dict[str, Any]
):
    found = run("results", NAME)
    job = left["jobs"][str(found["number"])]
    assert (found["job"], job["status"]) == (job["id"], "done")
    accuracies = {(arm, seed): accuracy for arm, seed, _, _, accuracy, *_ in job["runs"]}
    for arm in found["arms"]:
        mine = [accuracies[arm["arm"], each["seed"]] for each in arm["runs"]]
        assert [each["accuracy"] for each in arm["runs"]] == mine
        assert arm["mean"] == pytest.approx(sum(mine) / len(mine))
    assert {arm["arm"] for arm in found["arms"]} == {"ce", "imp", "dimp"}


def test_its_rows_are_weighed_and_exported_as_they_were_decided(
    run: Callable[..., dict[str, Any]], left: dict[str, Any], tmp_path: Path
):
    current = left["collections"][NAME]["log"]["current"]
    discarded = {each for each, decision in current.items() if decision[1] == "discard"}
    n = left["collections"][NAME]["counts"]["synthetic"] - len(discarded)
    assert run("weights", NAME, "--out", tmp_path / "w.parquet")["rows"] == n
    assert run("weights", NAME, "--scheme", "honest", "--out", tmp_path / "h.parquet")["rows"] == n
    run("report", NAME, "--out", tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!doctype html>")
    run("export", NAME, "--out", tmp_path / "out")
    curated = pd.read_parquet(tmp_path / "out" / "curated.parquet")
    assert len(curated) == n
    assert not discarded & set(curated["sample_id"])
    labels = curated.set_index("sample_id")["label"]
    texts = curated.set_index("sample_id")["text"]
    relabelled = {each: given[2] for each, given in current.items() if given[2]}
    assert labels[list(relabelled)].to_dict() == relabelled
    edited = left["collections"][NAME]["log"]["texts"]
    assert texts[list(edited)].to_dict() == edited
