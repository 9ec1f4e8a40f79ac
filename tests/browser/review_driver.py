"""The bench of an open page, driven as a person does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from harness.collections import add_scores
from harness.serving import Server
from synthcur.review.decisions import Decision, current_decisions
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.workspace import open_store

SAMPLE = ".review .sample"
SAVED = ".review .saved"
PLACE = ".review .top h1 + .muted"


@dataclass(frozen=True)
class Bench:
    """A scored collection of a test's own, open in the browser."""

    collection: Collection
    server: Server
    store: Store

    @property
    def log(self) -> list[Decision]:
        return self.store.decisions.log(self.collection.name)

    @property
    def actions(self) -> list[str]:
        return [row.action for row in self.log]

    @property
    def current(self) -> dict[str, Decision]:
        return current_decisions(self.log)

    @property
    def texts(self) -> list[str]:
        """Texts of the samples in the log, in its order."""
        text_of = self.collection.synthetic.set_index("sample_id")["text"]
        return [text_of[row.sample_id] for row in self.log]


@pytest.fixture
def open_bench(page: Page, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    stores = []

    def put(server: Server, collection: Collection) -> Bench:
        own = replace(collection, name=f"{collection.name}-{tmp_path.name}"[:60])
        store = open_store(server.workspace)
        stores.append(store)
        store.add_collection(own)
        add_scores(store, own)
        open_review(page, server, own.name)
        return Bench(own, server, store)

    yield put
    for store in stores:
        store.close()


@pytest.fixture
def bench(
    open_bench: Callable[..., Bench], demo_server: Server, small_collection: Collection
) -> Bench:
    """The small collection on the shared server, its first queue open."""
    return open_bench(demo_server, small_collection)


def open_review(page: Page, server: Server, collection: str) -> None:
    page.goto(f"{server.url}/review?collection={collection}")
    page.wait_for_selector(SAMPLE)
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def wait_until_saved(page: Page) -> None:
    expect(page.locator(SAVED)).to_have_text("saved")


def press(page: Page, *keys: str, every_ms: int = 60) -> None:
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(every_ms)


def shown_texts(page: Page, presses: int) -> list[str]:
    """Walk through the queue and back; return the texts in their order."""
    texts = []
    for _ in range(presses):
        texts.append(page.locator(SAMPLE).inner_text())
        press(page, "j")
    press(page, *["k"] * presses)
    return texts
