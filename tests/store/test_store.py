"""The store: what was acknowledged is there, once, whoever writes and whatever dies."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace

import pandas as pd
import pytest

from synthcur.errors import ConflictError, NotFoundError, StoreError
from synthcur.review.decisions import Decision
from synthcur.settings import WeightingSettings
from synthcur.store.database import MIGRATIONS, Database, is_wal_safe
from synthcur.store.spool import Spool
from synthcur.store.store import Store


@pytest.fixture
def opened(tmp_path, small_collection):
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    yield store
    store.close()


def decide(store, name, sample_id, seq, *, client="c1", action="discard", **more):
    return store.decisions.append(
        name,
        sample_id=sample_id,
        annotator=more.pop("annotator", "ana"),
        action=action,
        client_id=client,
        client_seq=seq,
        expected_seq=more.pop("expected_seq", 0),
        **more,
    )


def test_a_collection_comes_back_as_it_was_stored(opened, small_collection):
    again = opened.collection(small_collection.name)
    assert again.fingerprint == small_collection.fingerprint
    assert again.labels == small_collection.labels
    assert again.rows.to_dict("records") == small_collection.rows.to_dict("records")
    info = opened.collection_info(small_collection.name)
    assert info.counts["synthetic"] == len(small_collection.synthetic)


def test_a_second_collection_of_the_same_name_is_refused(opened, small_collection):
    with pytest.raises(ConflictError, match="already"):
        opened.add_collection(small_collection)
    with pytest.raises(NotFoundError, match="no collection 'other'"):
        opened.collection("other")


def other_import(collection, **columns):
    """The same rows as another file has them: other further columns, other row numbers."""
    rows = collection.rows.assign(row=collection.rows["row"] + 100)
    provenance = pd.DataFrame(columns, index=pd.RangeIndex(len(rows)))
    return replace(
        collection, name="again", rows=rows, provenance=provenance, made_splits=("test",)
    )


def test_the_same_rows_imported_again_keep_what_the_second_files_said(opened, small_collection):
    again = other_import(small_collection, generator="llama-B", id=7)
    opened.add_collection(again)
    first, second = opened.collection("small"), opened.collection("again")
    assert set(first.provenance["generator"]) == {"nursery-bot"}
    assert first.provenance.columns.tolist() == ["generator"]
    assert set(second.provenance["generator"]) == {"llama-B"}
    assert second.provenance.columns.tolist() == ["generator", "id"]
    assert second.rows["row"].tolist() == again.rows["row"].tolist()
    assert (first.made_splits, second.made_splits) == ((), ("test",))
    assert first.fingerprint == second.fingerprint


def test_only_a_text_and_a_label_is_a_collection_too(opened, small_collection):
    opened.add_collection(other_import(small_collection))
    found = opened.collection("again")
    assert found.provenance.shape == (len(small_collection.rows), 0)


def test_the_same_name_with_other_columns_says_what_differs(opened, small_collection):
    same = replace(other_import(small_collection, id=1), name="small")
    with pytest.raises(ConflictError, match="same rows and other further columns"):
        opened.add_collection(same)


@pytest.mark.parametrize("columns", [{"generator": "bot"}, {}])
def test_a_workspace_of_the_first_release_opens_with_its_further_columns(
    tmp_path, small_collection, columns
):
    write_first_release(tmp_path, other_import(small_collection, **columns))
    store = Store(tmp_path)
    old = store.collection("again")
    n = len(small_collection.rows)
    assert old.provenance.to_dict("list") == {name: [value] * n for name, value in columns.items()}
    assert len(old.provenance) == n
    assert old.rows["row"].tolist() == [row + 100 for row in small_collection.rows["row"]]
    assert old.made_splits == ("test",)
    # The rows of a later import lie where those of the earlier one do.
    store.add_collection(small_collection)
    assert set(store.collection("small").provenance["generator"]) == {"nursery-bot"}
    assert store.collection("again").provenance.columns.tolist() == list(columns)
    store.close()


def write_first_release(workspace, collection):
    """Write a workspace as the release with database format 6 did."""
    path = workspace / "artefacts" / collection.fingerprint
    path.mkdir(parents=True)
    collection.rows.to_parquet(path / "rows.parquet", index=False)
    collection.provenance.to_parquet(path / "provenance.parquet", index=False)
    made = {"labels": list(collection.labels), "made_splits": list(collection.made_splits)}
    (path / "meta.json").write_text(json.dumps(made))
    db = sqlite3.connect(workspace / "synthcur.sqlite3")
    for script in MIGRATIONS[:6]:
        db.executescript(script)
    db.execute("PRAGMA user_version=6")
    db.execute(
        "INSERT INTO collection VALUES (?,?,?,?,?,?,?)",
        (collection.name, "Old", "", "{}", collection.fingerprint, "{}", 1.0),
    )
    db.commit()
    db.close()


def test_a_decision_sent_twice_is_one_row(opened, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    assert decide(opened, small_collection.name, sample, 1) == decide(
        opened, small_collection.name, sample, 1
    )
    assert len(opened.decisions.log(small_collection.name)) == 1
    assert opened.decisions.acknowledged(small_collection.name, "ana", "c1") == 1


def test_a_decision_made_without_seeing_anothers_is_refused(opened, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    seen = decide(opened, small_collection.name, sample, 1, expected_seq=0)
    with pytest.raises(ConflictError, match="ana has decided"):
        decide(opened, small_collection.name, sample, 1, client="c2", expected_seq=0)
    assert decide(opened, small_collection.name, sample, 1, client="c2", expected_seq=seen) > seen
    assert len(opened.decisions.log(small_collection.name)) == 2


def test_ones_own_unsaved_decisions_do_not_count_as_stale(opened, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    decide(opened, small_collection.name, sample, 1, expected_seq=0)
    assert decide(opened, small_collection.name, sample, 2, action="keep", expected_seq=0)


def test_undo_takes_back_the_annotators_own_latest_and_is_itself_idempotent(
    opened, small_collection
):
    first, second = small_collection.synthetic["sample_id"][:2]
    decide(opened, small_collection.name, first, 1)
    decide(opened, small_collection.name, second, 1, client="c2", annotator="ben")
    for _ in range(2):
        undone = opened.decisions.undo(
            small_collection.name, annotator="ana", client_id="c1", client_seq=2
        )
        assert undone is not None
        assert undone.sample_id == first
    nothing = opened.decisions.undo(
        small_collection.name, annotator="ana", client_id="c1", client_seq=3
    )
    assert nothing is None
    assert opened.decisions.count(small_collection.name) == 3


def test_a_job_is_told_of_verdicts_and_edits(opened, small_collection):
    first, second = small_collection.synthetic["sample_id"][:2]
    decide(opened, small_collection.name, first, 1)
    decide(opened, small_collection.name, second, 2, action="edit", text="better")
    job = opened.add_job("train", small_collection.name, settings={}, scores={})
    assert [Decision(**each) for each in job.spec["decisions"]] == [
        Decision(sample_id=first, action="discard"),
        Decision(sample_id=second, action="edit", text="better"),
    ]


def test_schemes_are_kept_by_name(opened, small_collection):
    opened.save_scheme(small_collection.name, "Soft", WeightingSettings(floor=0.5))
    opened.save_scheme(small_collection.name, "Soft", WeightingSettings(floor=0.25))
    assert opened.schemes(small_collection.name) == {"Soft": WeightingSettings(floor=0.25)}
    assert "Soft" in opened.events(small_collection.name)[0][1]


def test_a_spool_is_taken_in_once_by_many_readers(opened, small_collection):
    job = opened.add_job("train", small_collection.name, settings={"arms": ["ce"]}, scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=os.getpid(), identity="x")
    spool.append("run_started", arm="ce", seed=0, steps=50)
    for step in range(50):
        spool.append("metric", arm="ce", seed=0, step=step, epoch=step / 10, loss=1.0)
    other = Store(opened.workspace)
    threads = [threading.Thread(target=s.ingest, args=(job.id,)) for s in (opened, other) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert opened.metrics(job.id)["step"].tolist() == list(range(50))
    assert opened.job(job.id).status == "running"


def test_a_finished_job_is_not_brought_back_by_late_words(opened, small_collection):
    job = opened.add_job("train", small_collection.name, settings={"arms": ["ce"]}, scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("run_started", arm="ce", seed=0, steps=1)
    spool.append("failed", what="disk full", fix="make room")
    spool.append("done")
    opened.ingest(job.id)
    assert (opened.job(job.id).status, opened.job(job.id).what) == ("failed", "disk full")
    assert opened.runs(job.id)[0].status == "stopped"


def test_a_writer_in_another_process_waits_for_its_turn(opened, small_collection, tmp_path):
    code = textwrap.dedent(
        f"""
        from synthcur.store.store import Store
        store = Store({str(opened.workspace)!r})
        for seq in range(1, 31):
            store.decisions.append({small_collection.name!r}, sample_id="t", annotator="cli",
                                  action="keep", client_id="cli", client_seq=seq,
                                  expected_seq=0)
        """
    )
    other = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    for seq in range(1, 31):
        decide(opened, small_collection.name, "s", seq)
    assert other.wait(60) == 0, other.stderr.read()
    assert opened.decisions.count(small_collection.name) == 60


@pytest.mark.real
def test_no_acknowledged_decision_is_lost_to_kills(tmp_path, small_collection):
    folder = tmp_path / "ws"
    store = Store(folder)
    store.add_collection(small_collection)
    store.close()
    code = textwrap.dedent(
        """
        import sys, os
        from synthcur.store.store import Store
        folder, name, client = sys.argv[1:]
        store = Store(folder)
        print("ready", flush=True)
        for seq in range(1, 100_000):
            store.decisions.append(name, sample_id=f"{client}-{seq}", annotator="ana",
                                  action="keep", client_id=client, client_seq=seq,
                                  expected_seq=0)
            os.write(1, f"{seq}\\n".encode())
        """
    )
    acknowledged = {}
    for kill in range(10):
        client = f"client{kill}"
        worker = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), small_collection.name, client],
            stdout=subprocess.PIPE,
        )
        assert worker.stdout.readline() == b"ready\n"
        timer = threading.Timer(0.05 + 0.037 * kill, worker.send_signal, [signal.SIGKILL])
        timer.start()
        said = worker.stdout.read().split(b"\n")[:-1]
        worker.wait()
        acknowledged[client] = int(said[-1]) if said else 0
    store = Store(folder)
    stored = [row.sample_id for row in store.decisions.log(small_collection.name)]
    store.close()
    assert sum(acknowledged.values()) > 20
    assert len(stored) == len(set(stored))
    lost = {
        f"{client}-{seq}" for client, last in acknowledged.items() for seq in range(1, last + 1)
    } - set(stored)
    assert not lost
    check = sqlite3.connect(folder / "synthcur.sqlite3")
    assert check.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    check.close()


def test_the_journal_mode_follows_the_sqlite_release(tmp_path):
    assert not is_wal_safe((3, 40, 1))
    assert not is_wal_safe((3, 51, 2))
    assert is_wal_safe((3, 51, 3))
    assert is_wal_safe((3, 50, 7))
    assert is_wal_safe((3, 44, 6))
    assert not is_wal_safe((3, 45, 0))
    database = Database(tmp_path / "x.sqlite3")
    mode = database.rows("PRAGMA journal_mode")[0][0]
    assert (mode == "wal") == is_wal_safe(sqlite3.sqlite_version_info)
    assert database.rows("PRAGMA synchronous")[0][0] == 2
    database.close()


def test_a_workspace_of_a_later_release_is_refused_untouched(tmp_path):
    path = tmp_path / "synthcur.sqlite3"
    later = sqlite3.connect(path)
    later.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    later.commit()
    later.close()
    with pytest.raises(StoreError, match="newer release"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path):
    path = tmp_path / "synthcur.sqlite3"
    path.write_bytes(b"these are not the rows you are looking for" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a readable database"):
        Store(tmp_path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Choose a folder"):
        Store(tmp_path / "file" / "ws")
