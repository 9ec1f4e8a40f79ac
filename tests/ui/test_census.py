"""The census: everything in the web process that writes asks anew who is there, read by ast."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from harness.house import ROOT

PAGES = ("overview", "data", "curate", "review", "train", "results")
STORE_FILES = ("store.py", "reviews.py", "tags.py", "cluster_names.py")
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
def writing_methods() -> set[str]:
    """Names of the store's methods that write: by a transaction, or by another that does."""
    methods = [
        method
        for name in STORE_FILES
        for method in functions(ast.parse((ROOT / "synthcur" / "store" / name).read_text("utf-8")))
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


def unguarded(tree: ast.AST, writers: set[str]) -> list[str]:
    found = []
    for function, call in innermost(tree):
        name, receiver = called(call), getattr(call.func, "value", None)
        module = getattr(receiver, "id", "")
        if (module, name) in {("job_queue", each) for each in STARTS}:
            is_fine = is_asked_anew(call.args[0], function)
            if name.startswith("submit"):
                is_fine &= called(call.args[2]) in ("allowed", "ScoreSettings")
        elif (module, name) in {("exchange", each) for each in EXCHANGE}:
            is_fine = is_asked_anew(call.args[0], function)
        elif (module, name) == ("hub", "push"):
            is_fine = "writing" in {called(each) for each in calls(function)}
        elif name in writers and receiver is not None and module not in ("job_queue", "exchange"):
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
    job_queue.cancel(resources.store(), name)
def kept(name):
    store = resources.store()
    store.save_scheme(name, "s", None)
def fine(name):
    store = writing()
    store.untag(name, [], "t")
    job_queue.submit_train(store, name, allowed(settings))
def unchecked(name):
    job_queue.submit_train(writing(), name, settings)
"""
    assert [each.split(":")[0] for each in unguarded(ast.parse(code), writing_methods())] == [
        *("line 3", "line 5", "line 8", "line 14"),
    ]


@pytest.mark.parametrize("path", web_code(), ids=lambda path: str(path.relative_to(ROOT)))
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
