"""Versions, changes and the bin on the Data page: what is pressed happens and can be undone."""

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from synthcur.jobs import job_queue
from synthcur.store.store import Store
from tests.ui.data.test_page import PAGE, as_csv, press, words
from tests.ui.test_pages import complaints

NAME = "small"


@pytest.fixture
def store(fill: Callable[..., Store], small_collection, monkeypatch) -> Store:
    """A workspace with one collection, in which no worker starts."""
    monkeypatch.setattr(job_queue, "start_next", lambda *_, **__: None)
    return fill(small_collection)


@pytest.fixture
def app(store: Store) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params["collection"] = NAME
    return app.run()


def button(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def test_rows_are_added_as_the_next_version_and_the_first_one_comes_back(app, store):
    press(app, "Add rows")
    assert "Which rows are added to small?" in words(app)
    rows = [("Is the greenhouse open today?", "delivery"), ("An ant sits on my rose", "pests")]
    app.file_uploader[0].set_value(("more.csv", as_csv(rows), "text/csv"))
    app.run()
    next(each for each in app.text_input if each.label.startswith("Pool")).set_value("second")
    app.run()
    press(app, "Check 2 rows")
    press(app, "Add 2 rows")
    assert not complaints(app)
    assert store.collection_info(NAME).version == 2
    assert "version 2 of 2" in words(app)
    version = store.versions.all(NAME)[-1]
    assert version.what == "2 rows added as pool “second”"
    (file,) = version.change["import"]["files"]
    assert (file["name"], file["part"], file["text"], len(file["sha256"])) == (
        *("more.csv", "synthetic", "text", 64),
    )
    press(app, "Open version 1")
    assert store.collection_info(NAME).version == 1
    assert not complaints(app)


def test_a_change_is_shown_before_it_is_made(app, store):
    key = f"Rename or merge a label-{NAME}"
    app.multiselect(key=f"labels-{key}").set_value(["pests"]).run()
    app.text_input(key=f"new-{key}").set_value("bugs").run()
    assert "New labels: “bugs”" in words(app)
    assert store.collection_info(NAME).version == 1
    press(app, "Make version 2")
    assert store.collection(NAME).labels == ("delivery", "bugs", "watering")
    app.selectbox(key=f"change-{NAME}").set_value("Leave out a value of a column").run()
    key = f"Leave out a value of a column-{NAME}"
    app.multiselect(key=f"values-{key}").set_value(["nursery-bot"]).run()
    assert "Fewer than two labels" in words(app)
    assert not [each for each in app.button if each.label == "Make version 3"]


def test_a_collection_is_renamed_deleted_and_brought_back(app, store):
    before = store.collection(NAME).fingerprint
    app.text_input(key=f"rename-{NAME}").set_value("garden").run()
    press(app, "Save")
    assert "garden" in {each.name for each in store.collections()}
    button(app, "to_bin")
    assert not complaints(app)
    assert {each.name for each in store.collections()} == {"demo"}
    press(app, "Bring back")
    assert store.collection("garden").fingerprint == before
    assert app.selectbox(key="collection_picker").value == "garden"


def test_without_a_collection_the_page_offers_a_new_one_and_the_bin(app, store):
    for name in ("small", "demo"):
        store.life.delete(name)
    app.run()
    assert not complaints(app)
    assert "holds no collection" in words(app)
    press(app, "Add a collection")
    assert not complaints(app)
    assert len(app.file_uploader) == 4


def test_what_cannot_be_done_is_said_in_words(app, store):
    app.text_input(key=f"rename-{NAME}").set_value("no name").run()
    press(app, "Save")
    assert "cannot be a collection’s name" in words(app).replace("'", "’")
    assert store.collection_info(NAME).version == 1


def test_the_history_is_plain_data_with_days(app, store, monkeypatch):
    from synthcur.ui import resources
    from synthcur.ui.data import versions_panel

    monkeypatch.setattr(resources, "store", lambda: store)
    found = json.loads(json.dumps(versions_panel.history(NAME)))
    assert found["versions"][0]["what"] == "88 rows imported"
    assert found["versions"][0]["created_at"][:4].isdigit()
    assert found["events"][0]["text"] == "88 rows imported"
