"""What browsers keep and links hold: pages, addresses, storage, components, keys of widgets."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.house import ROOT
from tests.ui.test_census import assigned

UI = ROOT / "synthcur" / "ui"
PYTHON = [ROOT / "app.py", *ROOT.glob("pages/*.py"), *UI.rglob("*.py")]
SCRIPTS = [*UI.rglob("*.js")]

KEYS = """
apart-{} do-{} findings-{} how-{} pair-{} search-{} {}-path-{} {}-{} splits
cancel_scoring {}_cancel {}_select {}_stop {}_{}
collection_picker presenter_reset presenter_switch sign_in finding_{} next_{}
curate_again curate_average curate_balance_classes curate_body curate_checkers curate_clip
curate_clusters curate_collapse_duplicates curate_diversity curate_diversity_exponent
curate_export_{} curate_floor curate_least_quality curate_normalise curate_prior_correction
curate_quality curate_quality_exponent curate_query curate_query_kind curate_record_alike
curate_record_review curate_record_show curate_reset curate_rows_{} curate_rule curate_save
curate_scheme curate_scheme_name curate_schemes curate_schemes_open curate_score curate_tag_found
curate_tag_name curate_trust curate_trust_open curate_undo curate_untag_{}
map_figures map_link map_points
curated_dataset curated_{} model_{}_{}_{}
results_baseline_{} results_diff_{} results_flipped_{}_{}_{} results_flips results_learning
results_learning_start results_metric_{} results_report results_rerun_{} results_to_train
review_annotator review_guideline_{}_{} review_queue review_queue_choice review_refit review_score
review_team review_words
curve_{} train train_arm_{}_{} train_checkers train_epochs train_first train_history
train_history_{} train_live train_model train_model_name train_movers train_rate train_recipe
train_results train_resume_{} train_scheme train_score train_seeds train_start
"""
"""Keys of widgets and containers; ``{}`` stands for what is put in. Streamlit makes each a class of
the page, by which other people's styles and scripts find it. New ones need not be added."""

STORED = {
    "synthcur.review.keys",
    "synthcur.review.place",
    "synthcur.review.unsaved",
}
COMPONENTS = {"synthcur_map", "synthcur_map_figures", "synthcur_map_link", "synthcur_review"}


def found(pattern: str, files: Iterable[Path]) -> set[str]:
    return {hit for path in files for hit in re.findall(pattern, path.read_text("utf-8"))}


def test_pages_stand_where_they_stood():
    assert found(r'st\.Page\(\s*"([^"]+)"', PYTHON) == {
        *("pages/overview.py", "pages/data.py", "pages/curate.py"),
        *("pages/review.py", "pages/train.py", "pages/results.py"),
    }


def test_addresses_hold_what_they_held():
    assert found(r'query_params(?:\.get\(|\[)"(\w+)"', PYTHON) == {"collection", "scheme"}
    assert found(r"asked\.get\('(\w+)'\)", SCRIPTS) == {"colour", "view"}
    (values,) = found(r"const values = \{([^}]+)\}", [UI / "curate" / "map" / "address.js"])
    assert re.findall(r"^\s*(\w+):", values, flags=re.MULTILINE) == ["colour", "view", "scheme"]


def test_browsers_keep_things_where_they_kept_them():
    assert found(r"'(synthcur\.[\w.]+)'", SCRIPTS) == STORED
    assert found(r'COOKIE = "([\w-]+)"', PYTHON) == {"synthcur-annotator"}


def test_components_have_the_names_they_had():
    assert found(r'component\(\s*"(\w+)"', PYTHON) == COMPONENTS


def test_widgets_have_the_keys_they_had():
    assert not set(KEYS.split()) - {key for path in PYTHON for key in widget_keys(path)}


def widget_keys(path: Path) -> Iterator[str]:
    """Yield what is passed as ``key=`` where it is written down: in place, or as a constant."""
    tree = ast.parse(path.read_text("utf-8"))
    constants = {
        name: value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name, value in assigned(node).items()
    }
    for keyword in (each for each in ast.walk(tree) if isinstance(each, ast.keyword)):
        if keyword.arg == "key":
            value = keyword.value
            name = value.value if isinstance(value, ast.Subscript) else value
            yield from texts(constants.get(name.id, value) if isinstance(name, ast.Name) else value)


def texts(value: ast.AST) -> Iterator[str]:
    """Yield a text, or those of a table, with ``{}`` for what is put in; nothing of others."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    if isinstance(value, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in value.values)
        yield "".join(map(str, parts))
    if isinstance(value, ast.Dict):
        for each in value.values:
            yield from texts(each)
