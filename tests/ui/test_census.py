"""The census: everything in the web process that writes asks anew who is there, read by ast."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from harness.house import ROOT
from synthcur.store.store import Store

PAGES = ("overview", "data", "curate", "review", "train", "results")
STORE = ROOT / "synthcur" / "store"
COMPONENTS = {
    "decisions": "decision_log.py",
    "turns": "turns.py",
    "tags": "tags.py",
    "cluster_names": "cluster_names.py",
    "versions": "versions.py",
    "life": "life.py",
    "erasing": "erasing.py",
}
"""Parts of the store by attribute, with their files."""

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


@cache
def writing_methods(file: str) -> set[str]:
    """Names of a class's methods that write: by a transaction, or by another that does."""
    methods = functions(ast.parse((STORE / file).read_text("utf-8")))
    found: set[str] = set()
    while True:
        more = {m.name for m in methods if any(is_own_write(each, found) for each in calls(m))}
        if more == found:
            return {each for each in found if not each.startswith("_")}
        found = more


def is_own_write(call: ast.Call, methods: set[str]) -> bool:
    if called(call) == "transaction":
        return True
    return called(call) in methods and name_of(receiver_of(call)) == "self"


def receiver_of(call: ast.Call) -> ast.AST | None:
    """Return ``a.b`` of ``a.b.c()``."""
    return getattr(call.func, "value", None)


def name_of(node: ast.AST | None) -> str:
    return getattr(node, "id", "")


def component_of(node: ast.AST | None) -> str:
    """Name of the part of the store that ``store.tags`` is, however its store is come by."""
    name = node.attr if isinstance(node, ast.Attribute) else ""
    return name if name in COMPONENTS else ""


def written_store(call: ast.Call) -> ast.AST | None:
    """Return the store that a call writes to, itself or through a component; None if none."""
    receiver, name = receiver_of(call), called(call)
    if component := component_of(receiver):
        assert isinstance(receiver, ast.Attribute)
        return receiver.value if name in writing_methods(COMPONENTS[component]) else None
    is_other = receiver is None or name_of(receiver) in ("job_queue", "exchange")
    return None if is_other or name not in writing_methods("store.py") else receiver


def kept_components(tree: ast.AST) -> list[ast.AST]:
    """Return where a component is anything but asked at once, so that nobody sees what for."""
    asked = {id(call.func) for call in calls(tree)}
    asked |= {id(receiver_of(call)) for call in calls(tree)}
    return [each for each in ast.walk(tree) if component_of(each) and id(each) not in asked]


def web_code() -> list[Path]:
    ui = ROOT / "synthcur" / "ui"
    # What is in queue/ is given its store by the page, which is looked at; the server's own thread
    # follows jobs, and nobody sends it anything.
    given = {*(ui / "review" / "queue").rglob("*.py"), ui / "resources.py"}
    rest = {*ui.rglob("*.py")} - given
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


def unguarded(tree: ast.AST) -> list[str]:
    found = kept_components(tree)
    for function, call in innermost(tree):
        name, module = called(call), name_of(receiver_of(call))
        if (module, name) in {("job_queue", each) for each in STARTS}:
            is_fine = is_asked_anew(call.args[0], function)
            if name.startswith("submit"):
                is_fine &= called(call.args[2]) in ("allowed", "ScoreSettings")
        elif (module, name) in {("exchange", each) for each in EXCHANGE}:
            is_fine = is_asked_anew(call.args[0], function)
        elif (module, name) == ("hub", "push"):
            is_fine = "writing" in {called(each) for each in calls(function)}
        elif (store := written_store(call)) is not None:
            is_fine = is_asked_anew(store, function)
        else:
            continue
        if not is_fine:
            found.append(call)
    return [f"line {each.lineno}: {ast.unparse(each)[:80]}" for each in found]


def test_the_census_knows_what_writes():
    found = {name: writing_methods(file) for name, file in COMPONENTS.items()}
    assert found == {
        "decisions": {"append", "append_batch", "append_free", "append_each", "undo", "redo"},
        "turns": {"take", "leave", "set_overlap"},
        "tags": {"add", "remove"},
        "cluster_names": {"rename"},
        "versions": {"add", "open", "undo"},
        "life": {
            *("describe", "rename", "duplicate", "delete", "restore", "delete_for_good", "finish"),
        },
        "erasing": {"erase", "finish"},
    }
    own = writing_methods("store.py")
    assert {"save_scheme", "add_collection", "set_guidelines", "add_job", "put_first"} <= own
    assert not {"jobs", "collection", "events"} & own


def test_the_census_knows_every_part_of_the_store(tmp_path: Path):
    store = Store(tmp_path)
    parts = {name for name, value in vars(store).items() if hasattr(value, "_db")}
    store.close()
    assert parts == set(COMPONENTS)


def test_the_census_finds_what_is_not_guarded():
    code = """
def late(name, store):
    store.tags.add(name, [], "t", annotator=actor())
def early(name):
    job_queue.cancel(resources.store(), name)
def kept(name):
    store = resources.store()
    store.save_scheme(name, "s", None)
def fine(name):
    store = writing()
    store.tags.remove(name, [], "t")
    writing().decisions.append(name)
    job_queue.submit_train(store, name, allowed(settings))
def unchecked(name):
    job_queue.submit_train(writing(), name, settings)
def at_once(name):
    resources.store().decisions.append(name)
def read(name):
    found = [*resources.store().decisions.log(name)]
    found.append(resources.store().tags.rows(name))
def part(name):
    tags = writing().tags
    change = resources.store().decisions.undo
"""
    found = sorted(int(each.split(":")[0].split()[1]) for each in unguarded(ast.parse(code)))
    assert found == [3, 5, 8, 15, 17, 22, 23]


@pytest.mark.parametrize("path", web_code(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_write_asks_anew_who_is_there(path: Path):
    assert not unguarded(ast.parse(path.read_text("utf-8")))


def test_every_name_written_is_that_of_the_moment():
    for path in web_code():
        for function, call in innermost(ast.parse(path.read_text("utf-8"))):
            if written_store(call) is None and called(call) != "Decision":
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
