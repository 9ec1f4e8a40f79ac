"""Every page by itself, without a browser: it draws, it says what is missing, it trusts no text."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from harness.collections import add_finished_job, discard_first
from harness.house import ROOT
from synthcur.schema import Collection
from synthcur.store.store import Store

PAGES = ("overview", "data", "curate", "review", "train", "results")
TIMEOUT = 60

RAW_MARKUP = re.compile(
    r"(?<!\\)<(script|img)|(?<!\\)!\[|:red\[|:material/delete|\$x\$|\$\\LaTeX|\]\(javascript"
)
MARKDOWN_SINKS = (
    *("markdown", "caption", "title", "header", "subheader", "metric", "error", "warning", "info"),
    *("success", "button", "checkbox", "radio", "selectbox", "slider", "text_input", "expander"),
    *("number_input", "toggle", "tabs", "multiselect", "text_area"),
)


def open_page(page: str, collection: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=TIMEOUT)
    if collection:
        app.query_params["collection"] = collection
    return app.run()


def complaints(app: AppTest) -> list[str]:
    return [each.value for each in app.error] + [each.value for each in app.exception]


def markdown_of(app: AppTest) -> Iterator[str]:
    for sink in MARKDOWN_SINKS:
        # What stands in a field to be edited is no Markdown.
        own = () if sink in ("text_input", "text_area") else ("value", "body")
        for element in app.get(sink):
            for field in (*own, "label", "help"):
                text = getattr(element, field, None)
                if isinstance(text, str):
                    yield text


def chart_texts(app: AppTest) -> Iterator[str]:
    """Every text in a plotly figure; plotly reads a part of HTML in most of them."""
    waiting = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_the_demo_by_itself(page: str, workspace: Path) -> None:
    app = open_page(page)
    assert not complaints(app)
    assert app.sidebar.selectbox(key="collection_picker").value == "demo"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_is_missing_before_anything_is_scored(
    page: str, fill: Callable[..., Store], each_collection: Collection
) -> None:
    fill(each_collection, scored=False)
    app = open_page(page, each_collection.name)
    assert not complaints(app)
    assert app.sidebar.selectbox(key="collection_picker").value == each_collection.name


@pytest.mark.parametrize("page", PAGES)
def test_a_page_draws_scores_decisions_and_finished_runs(
    page: str, fill: Callable[..., Store], each_collection: Collection
) -> None:
    store = fill(each_collection)
    discard_first(store, each_collection, 3)
    add_finished_job(store, each_collection, {"ce": 0.6, "imp": 0.7, "dimp": 0.9})
    app = open_page(page, each_collection.name)
    assert not complaints(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_hostile_text_as_characters(
    page: str, fill: Callable[..., Store], hostile_collection: Collection
) -> None:
    store = fill(hostile_collection)
    add_finished_job(store, hostile_collection, {"ce": 0.5, "imp": 0.6})
    app = open_page(page, "hostile")
    assert not complaints(app)
    assert not [text for text in markdown_of(app) if RAW_MARKUP.search(text)]
    assert not [text for text in chart_texts(app) if "<img" in text or "<script" in text]


def test_a_page_that_fails_says_so_in_a_sentence_with_an_id(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from synthcur.ui.overview import state as overview_state

    def fail(name: str) -> None:
        raise ZeroDivisionError("a secret of the code")

    monkeypatch.setattr(overview_state, "read", fail)
    app = open_page("overview")
    assert not app.exception
    (sentence,) = (each.value for each in app.error)
    assert "secret" not in sentence
    error_id = re.search(r"look for (\w{8})", sentence).group(1)
    assert error_id in caplog.text


def test_visiting_every_page_loads_no_model_library(workspace: Path) -> None:
    code = (
        "import sys; from tests.ui.test_pages import PAGES, complaints, open_page\n"
        "assert not [each for page in PAGES for each in complaints(open_page(page))]\n"
        "heavy = {'torch', 'transformers', 'umap', 'numba', 'sklearn', 'pynndescent'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stderr
    assert "loaded: []" in done.stdout
