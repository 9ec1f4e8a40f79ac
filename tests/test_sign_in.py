"""Where people sign in: what a page shows to nobody, under which name is written, and a census.

The pages run without a browser here, so behind the gate; `test_door` tries the same from outside.
"""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from synthcur import jobs
from synthcur.base_models import USER_HEADER
from synthcur.errors import InputError
from synthcur.schema import Collection
from synthcur.store import Store
from synthcur.ui import (
    curate_actions,
    curate_clusters,
    identity,
    presenter,
    resources,
    review_panel,
    session,
)
from synthcur.ui.curate_actions import Discarded

ROOT = Path(__file__).resolve().parent.parent
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
        app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=60)
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
    assert {row.annotator for row in store.decisions("small")} == {"Ana"}
    app.button(key="curate_undo").click().run()
    assert {(row.annotator, row.action) for row in store.decisions("small")[3:]} == {
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
    monkeypatch.setattr(jobs, "submit_train", lambda *what: started.append(what))
    arrive("Ana")
    app, store = opened(page)
    app.session_state["synthcur"].selection = tuple(small_collection.synthetic["sample_id"][:3])
    app.run()
    arrive(name)
    act(app)
    app.run()
    written = [store.decisions("small"), store.tags("small"), store.schemes("small"), started]
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
        lambda: curate_actions._discard("small", ["any"]),
        lambda: curate_actions._take_back(Discarded("small", "Ana", 1, 1)),
        lambda: presenter.reset("small"),
    ):
        with pytest.raises(InputError, match="Nobody is signed in"):
            write()
    curate_clusters._rename("small", "clusters", 0, "field")
    assert "Nobody is signed in" in str(st.session_state["curate_cluster_refused"][1])
    review_panel._take_in()
    assert "Nobody is signed in" in st.session_state["review_outcome"].trouble
    arrive("Ana")
    assert session.actor() == "Ana"


# The census: everything in the web process that writes


STORE_FILES = ("store.py", "review_store.py", "tags.py", "cluster_names.py")
STARTS = ("submit_score", "submit_train", "submit_learning_curve", "resume", "put_first", "cancel")
EXCHANGE = ("take_in", "turn")


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]


def calls(node: ast.AST) -> list[ast.Call]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def called(node: ast.AST) -> str:
    """Name of what a call calls: the last part of ``a.b.c()``."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def writing_methods() -> set[str]:
    """Names of the store's methods that write: by a transaction, or by another that does."""
    methods = [
        method
        for name in STORE_FILES
        for method in functions(ast.parse((ROOT / "synthcur" / name).read_text("utf-8")))
    ]
    found: set[str] = {"transaction"}
    while True:
        more = {m.name for m in methods if found & {called(each) for each in calls(m)}} | found
        if more == found:
            return {each for each in found if not each.startswith("_")} - {"transaction"}
        found = more


def web_code() -> list[Path]:
    ui = ROOT / "synthcur" / "ui"
    # What is in queue/ is given its store by the page, which is looked at; the server's own thread
    # follows jobs, and nobody sends it anything.
    rest = [each for each in ui.glob("*.py") if each.name != "resources.py"]
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted(rest)]


def is_asked_anew(store: ast.AST, within: ast.FunctionDef) -> bool:
    """Whether a store comes from `session.writing`, at its use or in the same function."""
    if isinstance(store, ast.Name):
        for each in ast.walk(within):
            if isinstance(each, ast.Assign):
                pairs = assigned(each)
                if store.id in pairs:
                    return called(pairs[store.id]) == "writing"
    return called(store) == "writing"


def assigned(node: ast.Assign) -> dict[str, ast.AST]:
    (target,) = node.targets
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = zip(target.elts, node.value.elts, strict=True)
        return {name.id: value for name, value in pairs if isinstance(name, ast.Name)}
    return {target.id: node.value} if isinstance(target, ast.Name) else {}


def innermost(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef, ast.Call]]:
    """Yield every call with the function in which it stands."""
    for function in functions(tree):
        inner = {id(each) for other in functions(function)[1:] for each in calls(other)}
        yield from ((function, each) for each in calls(function) if id(each) not in inner)


def unguarded(tree: ast.AST, writers: set[str]) -> list[str]:
    found = []
    for function, call in innermost(tree):
        name, receiver = called(call), getattr(call.func, "value", None)
        module = getattr(receiver, "id", "")
        if (module, name) in {("jobs", each) for each in STARTS}:
            is_fine = is_asked_anew(call.args[0], function)
            if name.startswith("submit"):
                is_fine &= called(call.args[2]) in ("allowed", "ScoreSettings")
        elif (module, name) in {("exchange", each) for each in EXCHANGE}:
            is_fine = is_asked_anew(call.args[0], function)
        elif (module, name) == ("hub", "push"):
            is_fine = "writing" in {called(each) for each in calls(function)}
        elif name in writers and receiver is not None and module not in ("jobs", "exchange"):
            is_fine = is_asked_anew(receiver, function)
        else:
            continue
        if not is_fine:
            found.append(f"line {call.lineno}: {ast.unparse(call)[:80]}")
    return found


def test_the_census_knows_what_writes():
    found = writing_methods()
    assert {"append_batch", "append_decision", "undo", "redo", "tag", "untag"} <= found
    assert {"rename_cluster", "save_scheme", "add_collection", "set_overlap"} <= found
    assert {"set_guidelines", "take_turn", "leave", "add_job", "put_first"} <= found
    assert not {"decisions", "jobs", "collection", "tags", "acknowledged"} & found


def test_the_census_finds_what_is_not_guarded():
    code = """
def late(name, store):
    store.tag(name, [], "t", annotator=actor())
def early(name):
    jobs.cancel(resources.store(), name)
def kept(name):
    store = resources.store()
    store.save_scheme(name, "s", None)
def fine(name):
    store = writing()
    store.untag(name, [], "t")
    jobs.submit_train(store, name, allowed(settings))
def unchecked(name):
    jobs.submit_train(writing(), name, settings)
"""
    assert [each.split(":")[0] for each in unguarded(ast.parse(code), writing_methods())] == [
        *("line 3", "line 5", "line 8", "line 14"),
    ]


@pytest.mark.parametrize("path", web_code(), ids=lambda path: path.stem)
def test_every_write_asks_anew_who_is_there(path: Path):
    assert not unguarded(ast.parse(path.read_text("utf-8")), writing_methods())


def test_every_name_written_is_that_of_the_moment():
    for path in web_code():
        for function, call in innermost(ast.parse(path.read_text("utf-8"))):
            if called(call) not in writing_methods() | {"Decision"}:
                continue
            given = [each.value for each in call.keywords if each.arg == "annotator"]
            for value in given:
                names = [
                    assigned(each).get(value.id)
                    for each in ast.walk(function)
                    if isinstance(value, ast.Name) and isinstance(each, ast.Assign)
                ]
                said = ast.unparse(next((each for each in names if each is not None), value))
                assert "actor()" in said or "signed_in()" in said, (path.name, call.lineno)


def test_every_part_of_a_page_that_runs_alone_asks_who_is_there():
    seen = 0
    for path in web_code():
        tree = ast.parse(path.read_text("utf-8"))
        by_name = {each.name: each for each in functions(tree)}
        alone = [
            each
            for each in functions(tree)
            for mark in each.decorator_list
            if ast.unparse(mark).startswith(("st.fragment", "st.dialog"))
        ]
        for call in calls(tree):
            if called(call) == "fragment" and call.args:
                alone.append(by_name[ast.unparse(call.args[0])])
        for function in alone:
            seen += 1
            body = [each for each in function.body if not is_docstring(each)]
            assert len(body) == 1, (path.name, function.name)
            assert isinstance(body[0], ast.With), (path.name, function.name)
            assert called(body[0].items[0].context_expr) == "page", (path.name, function.name)
    assert seen >= 8


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_nothing_but_what_is_inside_its_boundary(page: str):
    tree = ast.parse((ROOT / "pages" / f"{page}.py").read_text("utf-8"))
    body = [each for each in tree.body if not isinstance(each, ast.Import | ast.ImportFrom)]
    body = [each for each in body if not is_docstring(each)]
    assert len(body) == 1
    assert isinstance(body[0], ast.With)
    assert ast.unparse(body[0].items[0].context_expr) == "session.page()"
