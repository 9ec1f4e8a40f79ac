"""Files on the Data page: read in a process of its own, and not kept longer than the import."""

import os
import signal
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from harness.bombs import dictionary_bomb
from synthcur.data import reader
from synthcur.data.reader import Reading
from synthcur.jobs import job_queue
from synthcur.store.store import Store
from synthcur.ui.data import import_files
from synthcur.ui.shelf import Shelf
from tests.ui.data.test_page import PAGE, as_csv, clean, press, upload


@pytest.fixture
def app(
    fill: Callable[..., Store], small_collection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> AppTest:
    """The page with an import begun, and no worker that starts."""
    monkeypatch.setattr(job_queue, "start_next", lambda *_, **__: None)
    fill(small_collection)
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params["collection"] = "small"
    app.run()
    return press(app, "Add a collection")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Reading]:
    """Every reader that the page starts."""
    readers: list[Reading] = []

    def start(*args: object, **options: object) -> Reading:
        readers.append(Reading(*args, **options))
        return readers[-1]

    monkeypatch.setattr(import_files, "Reading", start)
    return readers


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The place of what is read, for this test alone."""
    own = Shelf()
    monkeypatch.setattr(import_files, "_shelf", lambda: own)
    owner = import_files._Owner()
    monkeypatch.setattr(import_files, "_owner", lambda: owner)
    return own


def test_a_file_that_asks_for_too_much_is_one_sentence_and_read_once(
    app: AppTest, started: list[Reading]
):
    rows = as_csv(clean()["train"])
    upload(app, {"synthetic": dictionary_bomb(), "train": rows})
    app.run()
    assert len(app.error) == 1
    assert "more than 500,000,000 bytes once unpacked" in app.error[0].value.replace("\\", "")
    assert "Nothing of it was stored" in app.error[0].value
    assert len(started) == 2, "one per file, and none again in the second run"
    upload(app, {"synthetic": as_csv(clean()["synthetic"])})
    assert not app.error


def test_the_death_of_a_reader_is_one_sentence_on_the_page(
    shelf: Shelf, app: AppTest, monkeypatch: pytest.MonkeyPatch
):
    def start(*args: object, **options: object) -> Reading:
        reading = Reading(*args, **options)
        os.kill(reading.pid, signal.SIGKILL)
        return reading

    monkeypatch.setattr(import_files, "Reading", start)
    upload(app, {"synthetic": as_csv(clean()["synthetic"])})
    assert len(app.error) == 1
    assert "synthetic.csv ended without an answer" in app.error[0].value.replace("\\", "")


def test_a_reader_over_its_time_is_one_sentence_on_the_page(
    shelf: Shelf, app: AppTest, monkeypatch: pytest.MonkeyPatch
):
    def start(*args: object, **options: object) -> Reading:
        reading = Reading(*args, **options)
        os.kill(reading.pid, signal.SIGSTOP)
        return reading

    monkeypatch.setenv(reader.SECONDS_VARIABLE, "1")
    monkeypatch.setattr(import_files, "Reading", start)
    upload(app, {"synthetic": as_csv(clean()["synthetic"])})
    assert "takes more than 1 seconds to be read" in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("leaving", ["Leave without storing", "Store 88 rows"])
def test_nothing_of_the_files_is_kept_once_the_import_is_over(
    shelf: Shelf, app: AppTest, leaving: str, monkeypatch: pytest.MonkeyPatch
):
    removed: list[str] = []
    manager = import_files.MemoryUploadedFileManager
    monkeypatch.setattr(
        manager, "remove_file", lambda self, session_id, file_id: removed.append(file_id)
    )
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    press(app, "Check 88 rows")
    assert shelf.size > 0
    press(app, leaving)
    assert shelf.size == 0
    assert len(set(removed)) == 4, "Streamlit would keep the uploads as long as the session"


def test_files_that_others_made_room_for_are_read_again(
    shelf: Shelf, app: AppTest, started: list[Reading]
):
    upload(app, {part: as_csv(rows) for part, rows in clean().items()})
    press(app, "Check 88 rows")
    assert len(started) == 4
    shelf.put("another session", "its file", "rows", 2_000_000_000)
    app.run()
    assert app.title[0].value.startswith("88 rows read, 0 findings")
    assert len(started) == 8


def test_a_file_taken_away_is_let_go_of(shelf: Shelf, app: AppTest):
    upload(app, {"synthetic": as_csv(clean()["synthetic"])})
    assert shelf.size > 0
    app.file_uploader[0].set_value([]).run()
    assert shelf.size == 0
