"""What is erased is nowhere in the workspace any more, and everything else is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from harness.collections import add_finished_job, add_scores
from synthcur.data import changes
from synthcur.errors import ConflictError, InputError
from synthcur.results.comparison import results
from synthcur.results.pairwise import compare
from synthcur.review.decisions import Decision
from synthcur.schema import Collection
from synthcur.store.store import Store
from tests.support.dying import killed_at

NAME = "small"
SECRET = "Erika Mustermann"


@pytest.fixture
def private(small_collection: Collection) -> Collection:
    """The small collection with a name in a synthetic, a training and a test row."""
    rows = small_collection.rows.astype(object)
    for source, split in (("synthetic", "train"), ("real", "train"), ("real", "test")):
        at = rows.index[(rows["source"] == source) & (rows["split"] == split)][1]
        rows.loc[at, "text"] = f"{SECRET} writes from {source} {split}"
    return replace(small_collection, rows=rows.astype({"row": "int64"}))


def fill(store: Store, collection: Collection) -> None:
    store.add_collection(collection)
    add_scores(store, collection)
    ids = collection.synthetic_ids
    edit = Decision(sample_id=ids[5], action="edit", annotator="Ana", text=f"I am {SECRET}")
    note = Decision(sample_id=ids[1], action="note", annotator="Ana", note=f"{SECRET} again")
    store.decisions.append_batch(NAME, [edit, note], "tab", 1, expected=[0, 0])
    job = add_finished_job(store, collection, {"ce": 0.5, "imp": 0.7})
    (job.folder / "spec.json").write_text(str(job.spec).replace("'", '"').replace("None", "null"))
    (job.folder / "checkpoint.safetensors").write_text(SECRET)
    change = changes.remove_rows(collection, ids[:1])
    store.versions.add(NAME, change.collection, made_from=1, what=change.what, change=change.data)
    store.life.duplicate(NAME, "copy")


@pytest.fixture
def opened(tmp_path: Path, private: Collection) -> Iterator[Store]:
    store = Store(tmp_path / "ws")
    fill(store, private)
    yield store
    store.close()


def traces(workspace: Path) -> list[str]:
    """Files that hold the name."""
    found = []
    for path in workspace.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content = pd.read_parquet(path).to_csv().encode()
            if SECRET.encode() in content:
                found.append(str(path.relative_to(workspace)))
    return found


def test_it_is_gone_from_every_version_copy_decision_and_job(opened, private):
    before = opened.collection(NAME)
    found = opened.erasing.find(NAME, containing=SECRET.lower())
    assert (found.rows, found.versions) == (
        {NAME: 4, "copy": 4},
        {NAME: [1, 2], "copy": [1, 2]},
    )
    assert traces(opened.workspace)
    opened.erasing.erase(found, annotator="Ana")
    assert traces(opened.workspace) == []
    after = opened.collection(NAME)
    assert len(after.rows) == len(before.rows) - 4
    stays = set(after.rows["sample_id"])
    kept = before.rows[before.rows["sample_id"].isin(stays)]
    assert after.rows.to_dict("records") == kept.to_dict("records")
    assert [each.number for each in opened.versions.all(NAME)] == [1, 2]
    assert opened.scores(NAME) == {}
    assert opened.decisions.state(NAME).texts == {}
    assert opened.events(NAME)[0][1] == "4 rows erased from every version"
    assert all(SECRET not in text for _, text in opened.events(NAME))


def test_figures_of_runs_stay_on_the_rows_that_are_left(opened):
    (job,) = opened.jobs(NAME)
    assert results(opened, NAME).test_rows == 12
    opened.erasing.erase(opened.erasing.find(NAME, containing=SECRET))
    assert results(opened, NAME).test_rows == 11
    assert compare(opened, job.id, arm="imp", baseline="ce") is not None
    assert opened.versions.read_by(opened.job(job.id)).counts["test"] == 11


def test_a_row_is_named_by_its_id_and_what_is_not_there_is_refused(opened, private):
    found = opened.erasing.find(NAME, ids=private.synthetic_ids[2:3])
    assert found.rows == {NAME: 1, "copy": 1}
    for wish in (
        {"ids": ["0" * 16]},
        {"containing": "nowhere to be found"},
        {"containing": " "},
        {},
    ):
        with pytest.raises(InputError):
            opened.erasing.find(NAME, **wish)


def test_it_waits_for_jobs_at_work(opened):
    opened.add_job("score", "copy", settings={"checkers": "probe"}, scores={})
    with pytest.raises(ConflictError, match="until it has ended nothing can be erased"):
        opened.erasing.erase(opened.erasing.find(NAME, containing=SECRET))
    assert traces(opened.workspace)


STEPS = (
    *("erasing._replace", "erasing._forget", "erasing._clean_job", "erasing.sweep"),
    *("sweeping.remove_folder", "sweeping.shutil.rmtree"),
)
ERASE = "store.erasing.erase(store.erasing.find('small', containing=sys.argv[4]))"


@pytest.mark.parametrize("steps", [0, 2, 6, 7, 8, 9, 12, 1000])
def test_killed_anywhere_nothing_has_changed_or_the_next_start_ends_it(tmp_path, private, steps):
    workspace = tmp_path / "ws"
    store = Store(workspace)
    fill(store, private)
    before = store.collection(NAME).fingerprint
    store.close()
    killed_at(workspace, steps, STEPS, ERASE, SECRET)
    store = Store(workspace)
    if store.collection(NAME).fingerprint == before:
        assert set(store.scores(NAME)) == set()
        assert len(store.decisions.log(NAME)) == 2
        assert set(store.versions.scores(NAME, 1)) == {"probe"}
        store.erasing.erase(store.erasing.find(NAME, containing=SECRET))
    store.erasing.finish()
    assert traces(workspace) == []
    assert len(store.collection(NAME).rows) == 83
    store.close()
