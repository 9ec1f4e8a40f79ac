"""The file of a workspace: damaged, emptied, moved away or read-only, it is told in words."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness.collections import add_scores
from synthcur.__main__ import main
from synthcur.errors import StoreError, SynthcurError
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.database import DATABASE, Database
from synthcur.store.store import Store
from synthcur.workspace import lock_server, require_writable


@pytest.fixture
def folder(tmp_path: Path, small_collection: Collection) -> Path:
    """A workspace with a scored collection, closed."""
    store = Store(tmp_path / "ws")
    store.add_collection(small_collection)
    add_scores(store, small_collection)
    store.close()
    return store.workspace


def said(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 2) -> str:
    """Run a command that has to fail; return its one line."""
    capsys.readouterr()
    assert main([str(each) for each in arguments]) == code
    err = capsys.readouterr().err
    (line,) = err.splitlines()
    return line


def in_schema(path: Path, before: str, after: str) -> None:
    """Change a word of the schema by another of the same length, as a bad disk does."""
    content = path.read_bytes()
    assert before.encode() in content
    path.write_bytes(content.replace(before.encode(), after.encode("latin-1")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("CREATE TABLE collection(", "CREATE TABLE coll\xff\xfetion("),
        ("CREATE TABLE collection(", "CREATE T\xfeBLE collection("),
        ("name TEXT PRIMARY KEY, title", "name TEXT PRIM\xff\xffY KEY, title"),
        ("title TEXT NOT NULL, note", "titl\xff TEXT NOT NULL, note"),
        ("title TEXT NOT NULL, note", "tit(e TEXT NOT NULL, note"),
        ("tablecollection", "tablecoll\xffction"),
        ("tablescheme", "tablesch\xffme"),
        ("tablejob", "t\xffblejob"),
    ],
)
def test_a_damaged_schema_is_one_line_and_the_file_stays_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], before: str, after: str
) -> None:
    in_schema(folder / DATABASE, before, after)
    damaged = (folder / DATABASE).read_bytes()
    for command in (
        ["jobs"],
        ["score", "small"],
        ["train", "small"],
        ["weights", "small", "--out", folder / "w.parquet"],
        ["export", "small", "--out", folder / "out"],
        ["serve"],
        ["doctor"],
    ):
        line = said(capsys, *command, "--workspace", folder)
        assert f"{folder / DATABASE}" in line
        assert "damaged" in line
        assert "restore a copy" in line
    assert (folder / DATABASE).read_bytes() == damaged
    assert not (folder / "out").exists()


@pytest.mark.parametrize("table", ["collection", "score", "decision", "job", "scheme"])
def test_a_table_that_is_gone_is_damage_and_not_a_full_disk(
    folder: Path, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute("PRAGMA writable_schema=ON")
        db.execute("DELETE FROM sqlite_master WHERE tbl_name=?", (table,))
        db.commit()
    line = said(capsys, "export", "small", "--out", folder / "out", "--workspace", folder)
    assert "damaged" in line
    assert "disk space" not in line


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("VACUUM")
        db.execute("PRAGMA journal_mode=DELETE")


@pytest.mark.parametrize("lost", [empty, Path.unlink, without_tables])
@pytest.mark.parametrize("beside", ["artefacts", "jobs"])
def test_no_database_beside_results_is_not_taken_for_a_new_workspace(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    lost: Callable[[Path], None],
    beside: str,
) -> None:
    path = folder / DATABASE
    lost(path)
    if beside == "jobs":
        shutil.rmtree(folder / "artefacts")
        (folder / "jobs" / "0123456789ab").mkdir(parents=True)
    before = path.read_bytes() if path.exists() else None
    for command in ("jobs", "demo", "serve", "doctor"):
        line = said(capsys, command, "--workspace", folder)
        assert str(path) in line
        assert f"To start anew, move {beside} out of the folder" in line
        assert (path.read_bytes() if path.exists() else None) == before
    (folder / beside).rename(folder.parent / "aside")
    Store(folder).close()


def test_a_first_start_that_was_killed_at_any_point_begins_anew(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"")
    (tmp_path / "server.lock").write_text("1")
    (tmp_path / "artefacts").mkdir()
    (tmp_path / "artefacts" / ".new-x").mkdir()
    (tmp_path / "jobs").mkdir()
    store = Store(tmp_path)
    assert store.collections() == []
    store.close()


def test_a_workspace_that_is_deleted_meanwhile_is_told_as_such(
    folder: Path, small_collection: Collection
) -> None:
    store = Store(folder)
    shutil.rmtree(folder)
    with pytest.raises(StoreError, match=r"is no longer there: it was moved or deleted\. Nothing"):
        store.save_scheme("small", "mine", WeightingSettings())
    store.close()


@pytest.fixture
def read_only(tmp_path: Path, small_collection: Collection) -> Iterator[Path]:
    """A workspace on a disk that can only be read."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up = pytest.fail if "CI" in os.environ else pytest.skip
        give_up(f"A read-only disk needs the right to mount one: {done.stderr.strip()}")
    store = Store(disk / "ws")
    store.add_collection(small_collection)
    add_scores(store, small_collection)
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_on_a_read_only_disk_reading_works_and_the_rest_says_so_in_one_line(
    read_only: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = read_only / "ws"
    assert (
        main(["weights", "small", "--out", str(tmp_path / "w.parquet"), f"--workspace={ws}"]) == 0
    )
    for command in (
        ["serve"],
        ["doctor"],
        ["score", "small"],
        ["weights", "small", "--out", read_only / "w.parquet"],
        ["export", "small", "--out", read_only / "out"],
    ):
        line = said(capsys, *command, "--workspace", ws)
        assert "read-only" in line.lower() or "can only be read" in line
    for command in (["jobs"], ["demo"], ["serve"], ["doctor"]):
        line = said(capsys, *command, "--workspace", read_only / "new")
        assert str(read_only / "new") in line


def test_the_doctor_has_tried_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    require_writable(tmp_path)

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert "Permission denied" in said(capsys, "doctor", "--workspace", tmp_path)


def test_a_lock_that_the_system_refuses_is_not_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def refuse(*args: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match="cannot be used: No locks available"):
        lock_server(tmp_path)


WRITES: dict[str, Callable[[Store], object]] = {
    "scheme": lambda store: store.save_scheme("gone", "mine", WeightingSettings()),
    "scores": lambda store: store.add_scores("gone", checkers="probe", artefacts={}, trust={}),
    "job": lambda store: store.add_job("score", "gone", settings={}, scores={}),
    "decision": lambda store: store.decisions.append(
        "gone",
        sample_id="1f",
        annotator="ada",
        action="keep",
        client_id="x",
        client_seq=1,
        expected_seq=0,
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_change_that_names_what_is_not_there_is_refused_in_words(
    folder: Path, write: Callable[[Store], object]
) -> None:
    store = Store(folder)
    with pytest.raises(SynthcurError) as refused:
        write(store)
    assert refused.value.fix
    assert store.events("gone") == []
    store.close()


def test_a_rule_of_the_file_is_told_in_words_and_caught_by_its_own_name(tmp_path: Path) -> None:
    database = Database(tmp_path / DATABASE)
    insert = "INSERT INTO event VALUES (1, 'x', 0, 'y', 'z')"
    with database.transaction() as db:
        db.execute(insert)
    for kind in (SynthcurError, sqlite3.IntegrityError):
        with pytest.raises(kind, match="refused the change: UNIQUE"), database.transaction() as db:
            db.execute(insert)
    database.close()
