"""Where people sign in: what a page shows to nobody, and under which name is written.

The pages run without a browser here, so behind the gate; `test_door` tries the same from outside.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from harness.house import ROOT
from synthcur.errors import InputError
from synthcur.jobs import job_queue
from synthcur.models.base_models import USER_HEADER
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.ui import identity, resources, session
from synthcur.ui.curate import actions as curate_actions
from synthcur.ui.curate import clusters as curate_clusters
from synthcur.ui.curate.actions import Discarded
from synthcur.ui.overview import presenter
from synthcur.ui.review import panel

PAGES = ("overview", "data", "curate", "review", "train", "results")
COOKIES = {identity.ANNOTATOR_COOKIE: "boss%40example.org"}


@pytest.fixture
def arrive(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sign people in by a header; the function says who comes with the next message."""
    monkeypatch.setenv(USER_HEADER, "X-Forwarded-User")
    monkeypatch.setattr(ContextProxy, "cookies", COOKIES)

    def as_somebody(name: str) -> None:
        monkeypatch.setattr(ContextProxy, "headers", {"X-Forwarded-User": name} if name else {})

    as_somebody("")
    return as_somebody


@pytest.fixture
def opened(
    fill: Callable[..., Store], small_collection: Collection
) -> Callable[[str], tuple[AppTest, Store]]:
    """Open a page on a scored collection."""

    def open_page(page: str) -> tuple[AppTest, Store]:
        store = fill(small_collection)
        app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300)
        app.query_params["collection"] = "small"
        return app.run(), store

    return open_page


def drawn(app: AppTest) -> list[str]:
    """Kinds of everything on a page and in its rail."""
    return [each.type for part in (app.main, app.sidebar) for each in leaves(part)]


def leaves(block: object) -> Iterator[object]:
    children = getattr(block, "children", None)
    if not children:
        yield from () if children is not None else (block,)
        return
    for each in children.values():
        yield from leaves(each)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_nobody_more_than_one_sentence(page, opened, arrive):
    app, _ = opened(page)
    assert drawn(app) == ["error"]
    assert "Nobody is signed in" in app.error[0].value
    assert "small" not in app.error[0].value
    arrive("Ana")
    app.run()
    assert app.sidebar.selectbox(key="collection_picker").value == "small"
    arrive("")
    app.run()
    assert drawn(app) == ["error"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_button_that_signs_in_where_accounts_do(page, opened, monkeypatch):
    monkeypatch.setattr(identity, "asks_for_account", lambda: True)
    monkeypatch.setattr(identity, "find_spec", lambda name: True)
    monkeypatch.setattr(st, "user", {})
    app, _ = opened(page)
    assert drawn(app) == ["error", "button"]
    assert app.button(key="sign_in").label == "Sign in"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of the server's secrets, which nobody has read yet."""
    before, file = st.config.get_option("secrets.files"), tmp_path / "secrets.toml"
    st.config.set_option("secrets.files", [str(file)])
    monkeypatch.setattr(st, "secrets", Secrets())
    st.cache_resource.clear()
    yield file
    st.config.set_option("secrets.files", before)
    st.cache_resource.clear()


@pytest.mark.parametrize("text", [b"[auth", b"[auth]\n[auth]\n", b"\xff\xfe[auth]", b"\x00"])
def test_secrets_that_cannot_be_read_close_the_server(text, secrets):
    secrets.write_bytes(text)
    with pytest.raises(InputError, match=r"secrets\.toml cannot be read"):
        identity.signed_in()
    assert identity.is_stranger()


def test_accounts_are_asked_for_where_the_secrets_say_so_as_long_as_the_server_runs(secrets):
    assert not identity.asks_for_account()
    st.cache_resource.clear()
    secrets.write_text("[auth]\n")
    assert identity.asks_for_account()
    secrets.unlink()
    st.secrets = Secrets()
    assert identity.asks_for_account()


def test_what_is_written_on_curate_carries_the_name_of_the_header_not_that_of_the_cookie(
    opened, arrive, small_collection
):
    arrive("Ana")
    app, store = opened("curate")
    ids = tuple(small_collection.synthetic["sample_id"][:3])
    app.session_state["synthcur"].annotator = "boss@example.org"
    app.session_state["synthcur"].selection = ids
    app.session_state["curate_action"] = "discard"
    app.run()
    assert {row.annotator for row in store.decisions.log("small")} == {"Ana"}
    app.button(key="curate_undo").click().run()
    assert {(row.annotator, row.action) for row in store.decisions.log("small")[3:]} == {
        ("Ana", "undo")
    }


def test_nobody_takes_back_what_another_has_discarded(opened, arrive):
    arrive("Ben")
    app, _ = opened("curate")
    app.session_state["curate_undoable"] = Discarded("small", "Ana", 1, 0)
    app.run()
    assert not [each for each in app.button if each.key == "curate_undo"]


def discard(app: AppTest) -> None:
    app.session_state["curate_action"] = "discard"


def tag(app: AppTest) -> None:
    app.text_input(key="curate_tag_name").set_value("forged")
    next(each for each in app.button if each.label == "Put on").click()


def scheme(app: AppTest) -> None:
    app.text_input(key="curate_scheme_name").set_value("forged")
    button = app.button(key="curate_save")
    button.proto.disabled = False  # no browser is asked
    button.click()


def train(app: AppTest) -> None:
    app.button(key="train_start").click()


FORGED = [("curate", discard), ("curate", tag), ("curate", scheme), ("train", train)]


@pytest.mark.parametrize(("page", "act"), FORGED, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("name", ["", "Ana"])
def test_what_comes_without_a_name_writes_nothing_and_with_one_it_does(
    page, act, name, opened, arrive, small_collection, monkeypatch
):
    started = []
    monkeypatch.setattr(job_queue, "submit_train", lambda *what: started.append(what))
    arrive("Ana")
    app, store = opened(page)
    app.session_state["synthcur"].selection = tuple(small_collection.synthetic["sample_id"][:3])
    app.run()
    arrive(name)
    act(app)
    app.run()
    written = [
        store.decisions.log("small"),
        store.tags.rows("small"),
        store.schemes("small"),
        started,
    ]
    assert [bool(each) for each in written] == [
        bool(name) and act is each for each in (discard, tag, scheme, train)
    ]
    if not name:
        assert drawn(app) == ["error"]


def test_what_is_called_before_a_page_is_drawn_asks_for_itself(arrive, monkeypatch):
    def touched() -> Store:
        raise AssertionError("the store was opened for nobody")

    kept = session.Session(annotator="boss@example.org")
    monkeypatch.setattr(session, "session", lambda: kept)
    monkeypatch.setattr(resources, "store", touched)
    monkeypatch.setattr(st, "session_state", {"field": "forged", "review_queue": {}})
    for write in (
        session.actor,
        session.writing,
        lambda: curate_actions._discard("small", ["any"], seen=0),
        lambda: curate_actions._take_back(Discarded("small", "Ana", 1, 1)),
        lambda: presenter.reset("small"),
    ):
        with pytest.raises(InputError, match="Nobody is signed in"):
            write()
    curate_clusters._rename("small", "clusters", 0, "field")
    assert "Nobody is signed in" in str(st.session_state["curate_cluster_refused"][1])
    panel._take_in()
    assert "Nobody is signed in" in st.session_state["review_outcome"].trouble
    arrive("Ana")
    assert session.actor() == "Ana"
