"""Names, copies and the bin: what is deleted comes back whole, and goes for good only when due."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.collections import add_finished_job, add_scores, discard_first
from synthcur.data import changes
from synthcur.errors import ConflictError, InputError, NotFoundError
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.life import BIN_DAYS, DAY
from synthcur.store.store import Store
from tests.support.dying import killed_at

NAME = "small"


@pytest.fixture
def opened(tmp_path: Path, small_collection: Collection) -> Iterator[Store]:
    store = Store(tmp_path / "ws")
    fill(store, small_collection)
    yield store
    store.close()


def fill(store: Store, collection: Collection) -> None:
    store.add_collection(collection)
    add_scores(store, collection)
    add_finished_job(store, collection, {"ce": 0.5})
    store.save_scheme(NAME, "plain", WeightingSettings())
    store.tags.add(NAME, collection.synthetic_ids[:2], "odd", annotator="Ana")
    discard_first(store, collection, 2)
    store.decisions.undo(NAME, annotator="Ana", client_id="test", client_seq=9)
    change = changes.remove_rows(collection, collection.synthetic_ids[:1])
    store.versions.add(NAME, change.collection, made_from=1, what=change.what, change=change.data)


def said(store: Store, name: str) -> dict[str, object]:
    """What a collection comes to, whatever its name."""
    return {
        "versions": [replace(each, created_at=0) for each in store.versions.all(name)],
        "rows": store.collection(name).rows.to_dict("records"),
        "scores": {
            kind: dict(each.artefacts)
            for number in (1, 2)
            for kind, each in store.versions.scores(name, number).items()
        },
        "schemes": store.schemes(name),
        "tags": store.tags.rows(name),
        "current": {key: each.action for key, each in store.decisions.state(name).current.items()},
        "log": [(each.sample_id, each.action) for each in store.decisions.log(name)],
        "own": {who: len(rows) for who, rows in store.decisions.state(name).own.items()},
    }


def test_a_renamed_collection_keeps_everything(opened):
    before, (job,) = said(opened, NAME), opened.jobs(NAME)
    opened.life.rename(NAME, "garden", annotator="Ana")
    assert said(opened, "garden") == before
    assert [each.name for each in opened.collections()] == ["garden"]
    (again,) = opened.jobs("garden")
    assert (again.id, again.collection, again.spec["collection"]) == (job.id, "garden", "garden")
    assert opened.runs(job.id)
    assert opened.events("garden")[0][1] == "Renamed from “small”"
    with pytest.raises(NotFoundError):
        opened.collection(NAME)


def test_another_collection_of_the_old_name_inherits_nothing(opened, small_collection):
    opened.life.rename(NAME, "garden")
    opened.add_collection(small_collection)
    assert opened.decisions.log(NAME) == []
    assert (opened.scores(NAME), opened.jobs(NAME), opened.tags.rows(NAME)) == ({}, [], {})


def test_a_title_and_a_note_are_changed_and_checked(opened):
    opened.life.describe(NAME, title=" Nursery ", note="Mail")
    opened.life.describe(NAME, note="")
    info = opened.collection_info(NAME)
    assert (info.title, info.note) == ("Nursery", "")
    for title in ("", "two\nlines", "x" * 121):
        with pytest.raises(InputError):
            opened.life.describe(NAME, title=title)


def test_a_copy_has_what_the_collection_has_but_its_jobs(opened):
    before = said(opened, NAME)
    opened.life.duplicate(NAME, "copy", annotator="Ana")
    assert said(opened, "copy") == before
    assert opened.jobs("copy") == []
    opened.decisions.undo("copy", annotator="Ana", client_id="x", client_seq=1)
    assert said(opened, NAME) == before
    with pytest.raises(ConflictError, match="already"):
        opened.life.duplicate(NAME, "copy")


def test_what_is_deleted_is_hidden_and_comes_back_whole(opened, small_collection):
    before, (job,) = said(opened, NAME), opened.jobs()
    opened.life.delete(NAME, annotator="Ana")
    assert (opened.collections(), opened.jobs()) == ([], [])
    with pytest.raises(NotFoundError, match="in the bin"):
        opened.collection(NAME)
    (binned,) = opened.life.bin()
    assert (binned.called, binned.title) == (NAME, "Plant nursery")
    assert opened.life.was_deleted(NAME)
    assert opened.life.restore(NAME) == NAME
    assert said(opened, NAME) == before
    assert [each.id for each in opened.jobs(NAME)] == [job.id]
    assert not opened.life.was_deleted(NAME)


def test_the_name_of_what_is_in_the_bin_is_free_and_the_latest_comes_back_first(
    opened, small_collection
):
    opened.life.delete(NAME)
    opened.add_collection(small_collection)
    with pytest.raises(ConflictError, match="called 'small' now"):
        opened.life.restore(NAME)
    opened.life.delete(NAME)
    opened.life.restore(NAME)
    assert len(opened.versions.all(NAME)) == 1
    assert opened.life.restore(NAME, new="older") == "older"
    assert len(opened.versions.all("older")) == 2
    with pytest.raises(NotFoundError, match="holds nothing"):
        opened.life.restore(NAME)


def test_it_is_gone_after_thirty_days_with_its_files_and_nothing_of_others(
    opened, small_collection
):
    pool = changes.remove_rows(small_collection, small_collection.synthetic_ids[5:6]).collection
    opened.add_collection(replace(pool, name="other"))
    add_scores(opened, replace(pool, name="other"))
    opened.life.duplicate(NAME, "copy")
    root, (job,) = opened.artefacts.root, opened.jobs(NAME)
    others = said(opened, "copy"), opened.collection("other").fingerprint
    opened.life.delete(NAME)
    assert opened.life.finish(now=time.time() + (BIN_DAYS - 1) * DAY) == 0
    assert job.folder.exists()
    assert opened.life.finish(now=time.time() + (BIN_DAYS + 1) * DAY) == 1
    assert opened.life.bin() == []
    assert not job.folder.exists()
    assert said(opened, "copy") == others[0]
    assert opened.artefacts.array(opened.scores("other")["probe"].artefacts["quality"], "real").size
    for each in ("copy", "other"):
        opened.life.delete(each)
        opened.life.delete_for_good(each)
    assert list(root.iterdir()) == []
    left = {
        table: len(opened._db.rows(f"SELECT * FROM {table}"))
        for table in ("collection", "version", "score", "decision", "job", "run", "metric", "tag")
    }
    assert set(left.values()) == {0}
    assert opened.life.was_deleted("other")


def test_nothing_of_it_happens_while_a_job_is_at_work(opened, small_collection):
    job = opened.add_job("score", NAME, settings={"checkers": "probe"}, scores={}, lane="short")
    for wish in (
        lambda: opened.life.rename(NAME, "x"),
        lambda: opened.life.delete(NAME),
    ):
        with pytest.raises(ConflictError, match=f"Job {job.number} waits.* until it has ended"):
            wish()
    opened.life.duplicate(NAME, "copy")
    opened.life.delete("copy")
    with pytest.raises(ConflictError, match="removed for good"):
        opened.life.delete_for_good("copy")
    assert opened.life.finish(now=time.time() + 99 * DAY) == 0
    opened.move_job(job.id, "cancelled")
    assert opened.life.finish(now=time.time() + 99 * DAY) == 1


def test_a_link_in_place_of_a_folder_is_not_followed(opened, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "meta.json").write_text("{}")
    (opened.artefacts.root / ("f" * 16)).symlink_to(outside)
    opened.life.delete(NAME)
    opened.life.delete_for_good(NAME)
    assert (outside / "meta.json").exists()


STEPS = (
    *("life.remove_folder", "sweeping.remove_folder", "life.sweep", "life._mark", "life.tables"),
    *("life.add_event", "sweeping.shutil.rmtree"),
)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 9, 12, 30, 1000])
def test_killed_anywhere_it_is_there_or_the_next_start_ends_it(tmp_path, small_collection, steps):
    workspace = tmp_path / "ws"
    store = Store(workspace)
    fill(store, small_collection)
    store.life.delete(NAME)
    store.close()
    killed_at(workspace, steps, STEPS, "store.life.delete_for_good('small')")
    store = Store(workspace)
    if [each.called for each in store.life.bin()] == [NAME]:
        assert steps == 0
        store.life.restore(NAME)
        assert len(said(store, NAME)["versions"]) == 2
    else:
        store.life.finish()
        assert store.life.bin() == []
        assert list(store.artefacts.root.iterdir()) == []
        assert list((workspace / "jobs").iterdir()) == []
        assert store._db.rows("SELECT * FROM collection") == []
    store.close()
