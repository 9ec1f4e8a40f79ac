"""How fast the map is: real server, real headless Chromium with software WebGL, medians of five.

    python -m benchmarks.map              the demo
    python -m benchmarks.map --rows 10000 invented rows

Prints seconds from opening the page to the drawn map, from a key press on a slider to the redrawn
map, from the end of a lasso to the filled table, and the bytes that each cost on the socket.
"""

import argparse
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.workspace import open_store
from tests.browser.conftest import FLAGS
from tests.conftest import add_scores, make_collection
from tests.serving import served

TIMES = 5
CHROMIUM = "/usr/bin/chromium"
DRAWN = "(document.querySelector('.sm')?.dataset.drawn ?? '0')"


def invented(rows: int) -> Collection:
    """Make a collection of random words, a tenth of it real."""
    random = np.random.default_rng(0)
    words = [f"word{i}" for i in range(2_000)]
    labels = tuple(f"label {i}" for i in range(10))

    def made(source: str, split: str, n: int) -> Iterator[tuple[str, str, str, str]]:
        for picked in random.integers(0, len(words), size=(n, 12)):
            text = " ".join(words[i] for i in picked)
            yield source, split, text, labels[picked[0] % len(labels)]

    parts = [(SYNTHETIC, "train", rows - rows // 10), (REAL, "train", rows // 10)]
    parts += [(REAL, "validation", 20), (REAL, "test", 20)]
    everything = [row for part in parts for row in made(*part)]
    return make_collection("invented", everything, labels)


class Socket:
    """Counts what a page receives over its web sockets."""

    def __init__(self, page: Page) -> None:
        self.received = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, payload: str | bytes) -> None:
        self.received += len(payload)

    def taken(self) -> int:
        """Bytes since the last call."""
        received, self.received = self.received, 0
        return received


@contextmanager
def timed(found: dict[str, list[float]], name: str) -> Iterator[None]:
    """Note how many seconds the block takes."""
    start = time.perf_counter()
    yield
    found.setdefault(name, []).append(time.perf_counter() - start)


def wait_for(page: Page, expression: str) -> None:
    """Wait until an expression is true, asked in every frame."""
    page.wait_for_function(expression, polling="raf", timeout=60_000)


def draw_lasso(page: Page) -> Callable[[], None]:
    """Draw around the middle of the map; the returned function lets go."""
    box = page.locator(".sm-map").bounding_box()
    assert box
    turns = np.linspace(0, 2 * np.pi, 24)
    corners = [
        (box["x"] + box["width"] * (0.5 + 0.3 * np.cos(turn)),
         box["y"] + box["height"] * (0.5 + 0.4 * np.sin(turn)))
        for turn in turns
    ]  # fmt: skip
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    return page.mouse.up


def warm_up(browser: Browser, url: str) -> None:
    """Let the server import what its first visitor needs."""
    page = browser.new_page()
    page.goto(url)
    page.get_by_test_id("stMetric").first.wait_for()
    page.close()


def measure(browser: Browser, url: str, found: dict[str, list[float]]) -> None:
    """Open the page in a fresh browser profile, move a slider, draw a lasso."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    socket = Socket(page)
    with timed(found, "page to drawn map, s"):
        page.goto(url)
        wait_for(page, "document.querySelector('.sm-map')?.dataset.drawn")
    page.wait_for_timeout(1500)
    found.setdefault("socket at load, bytes", []).append(socket.taken())
    slider = page.get_by_role("slider").first
    slider.focus()
    before = page.evaluate(DRAWN)
    with timed(found, "slider to redraw, s"):
        page.keyboard.press("ArrowRight")
        wait_for(page, f"{DRAWN} !== '{before}'")
    page.wait_for_timeout(1000)
    found.setdefault("socket a slider move, bytes", []).append(socket.taken())
    release = draw_lasso(page)
    with timed(found, "lasso to filled table, s"):
        release()
        page.get_by_test_id("stMarkdown").get_by_text(
            re.compile(r"^[\d,]+ rows selected$")
        ).wait_for()
    context.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="invented rows instead of the demo")
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        workspace, name = Path(folder) / "ws", "demo"
        if options.rows:
            collection = invented(options.rows)
            name = collection.name
            store = open_store(workspace)
            store.add_collection(collection)
            add_scores(store, collection)
            store.close()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with served(workspace) as server:
            warm_up(browser, server.url)
            for _ in range(TIMES):
                measure(browser, f"{server.url}/curate?collection={name}", found)
        browser.close()
    medians = {name: round(statistics.median(values), 3) for name, values in found.items()}
    print(json.dumps(medians, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
