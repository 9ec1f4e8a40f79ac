"""A real headless Chromium and a real server for every test of this folder."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from harness.chromium import FLAGS
from harness.collections import add_scores, make_collection, make_scores
from harness.serving import Server, served
from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.ui.curate.rows import CurateRows
from synthcur.workspace import open_store
from tests.browser.map_driver import GARDEN_LABELS, M, Map, N
from tests.ui.curate.test_rows import joined

# A slow machine is not a wrong answer.
PATIENCE = 120_000
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as one of the browser ring."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; it is a failure if there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "No Chromium here. Debian: apt-get install chromium; then run the tests again."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages in contexts of their own; each is closed at the end of the test."""
    contexts = []

    def open_page(*, width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One page at 1440 x 900, light."""
    return new_page()


@pytest.fixture
def strangers(page: Page) -> list[str]:
    """Addresses beyond this machine that the page has asked for so far."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "blob:", "data:")):
            asked.append(request.url)

    page.on("request", note)
    return asked


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demo, shared by tests that change nothing or only add."""
    with served(tmp_path_factory.mktemp("demo") / "ws") as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with a workspace of the test's own."""
    with served(tmp_path / "ws") as own:
        yield own


@pytest.fixture(scope="session")
def garden() -> Collection:
    """600 synthetic rows of two generators and 150 real ones with 5 labels and made-up texts."""
    rows = [(SYNTHETIC, "train", f"synthetic text {i}", GARDEN_LABELS[i % 5]) for i in range(N)]
    rows += [(REAL, "train", f"real text {i}", GARDEN_LABELS[i % 5]) for i in range(M)]
    rows += [(REAL, split, f"{split} text", "bulbs") for split in ("validation", "test")]
    wrote = ["garden-bot" if i % 3 == 0 else "nursery-bot" for i in range(len(rows))]
    made = make_collection("garden", rows, GARDEN_LABELS)
    return replace(made, provenance=pd.DataFrame({"generator": wrote}))


@pytest.fixture(scope="session")
def garden_server(
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
    garden: Collection,
    hostile_collection: Collection,
) -> Iterator[Server]:
    """A server with the garden and a hostile collection, both scored, entered by its door."""
    workspace = tmp_path_factory.mktemp("map") / "ws"
    store = open_store(workspace)
    for collection in (garden, hostile_collection):
        store.add_collection(collection)
        add_scores(store, collection)
    store.close()
    with served(workspace) as server:
        page = browser.new_page()
        page.goto(server.url)
        page.get_by_role("link", name="Curate").wait_for()
        page.close()
        yield server


@pytest.fixture(scope="session")
def garden_rows(garden: Collection) -> CurateRows:
    """The rows of the garden in the order in which the map has them."""
    return joined(garden)


@pytest.fixture(scope="session")
def garden_clusters(garden: Collection) -> pd.Series:
    """Cluster of every row of the garden that is on the map, by sample id."""
    found = make_scores(garden)["clusters"]
    return pd.Series(
        np.concatenate([found["synthetic"], found["real"]]),
        index=pd.concat([garden.synthetic, garden.real_train])["sample_id"],
    )


@pytest.fixture
def garden_map(page: Page, garden_server: Server) -> Map:
    return Map(page).open(garden_server)
