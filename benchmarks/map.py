"""How fast the map is: real server, real headless Chromium with software WebGL, medians of five.

    python -m benchmarks.map                       10,000, 100,000 and 300,000 invented rows
    python -m benchmarks.map --rows 100000         one size
    python -m benchmarks.map --demo                the demo
    python -m benchmarks.map --no-naive            without the comparison

Prints seconds from opening the page to the drawn map, from a key press on a slider to the redrawn
map, from the end of a lasso around about half of the rows to the filled table, and the bytes that
came over the socket for the first two, each beside its limit. Then the same of the naive way
(`benchmarks.naive_map`: all rows through px.scatter and st.plotly_chart, as many as it takes in a
minute) and the ratio. "Drawn" is when the browser has put two more frames on the screen after the
last drawing. Ends with 1 where a limit is passed.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from harness.chromium import FLAGS
from harness.collections import CLUSTER_TERMS, add_scores, make_collection, make_scores
from harness.serving import free_port, served
from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.store.store import Store
from synthcur.workspace import open_store

TIMES = 5
CHROMIUM = "/usr/bin/chromium"
LOAD, SLIDER, LASSO = "page to drawn map, s", "slider to redraw, s", "lasso to filled table, s"
LOAD_BYTES, SLIDER_BYTES = "socket at load, bytes", "socket a slider move, bytes"
LIMITS = {
    10_000: {LOAD: 2.0, SLIDER: 0.20, LASSO: 0.3},
    100_000: {LOAD: 3.5, SLIDER: 0.40, LASSO: 0.8, LOAD_BYTES: 1_000_000, SLIDER_BYTES: 8_000},
    300_000: {LOAD: 5.0, SLIDER: 1.0, LASSO: 1.5},
}
"""What each size may take, by rows; other sizes have no limits."""
CLUSTERS = 60
DRAWN = "(document.querySelector('.sm')?.dataset.drawn ?? '0')"
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

# What the naive page draws last: plotly says so on the element itself.
NAIVE = ".js-plotly-plot"
NAIVE_COUNTS = f"""() => {{
    const plot = document.querySelector('{NAIVE}');
    if (!plot?.on || plot === window.counted) return window.drawings ?? 0;
    window.counted = plot;
    window.drawings = (window.drawings ?? 0) + 1;
    plot.on('plotly_afterplot', () => {{ window.drawings += 1; }});
    return window.drawings;
}}"""


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


def clustered(rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Places (rows, 2) in clusters of many sizes, as projected texts lie, and which those are."""
    middles = random.normal(size=(CLUSTERS, 2)) * 6
    widths = random.gamma(2.0, 0.4, size=CLUSTERS)
    of = random.choice(CLUSTERS, size=rows, p=random.dirichlet(np.ones(CLUSTERS)))
    places = middles[of] + random.normal(size=(rows, 2)) * widths[of][:, None]
    return places.astype(np.float32), of


def store_scored(store: Store, collection: Collection) -> dict[str, dict[str, np.ndarray]]:
    """Store a collection and invented scores as a scoring job would have left them."""
    random = np.random.default_rng(1)
    scores = make_scores(collection)
    for source, places in scores["coordinates"].items():
        scores["coordinates"][source], of = clustered(len(places), random)
        scores["clusters"][source] = (of % len(CLUSTER_TERMS)).astype(np.int16)
    store.add_collection(collection)
    add_scores(store, collection, scores=scores)
    return scores


def write_naive(
    collection: Collection, scores: dict[str, dict[str, np.ndarray]], path: Path
) -> None:
    """Write the same rows for the naive page."""
    parts = []
    for source in (SYNTHETIC, REAL):
        rows = collection.part(source, "train")
        own = np.arange(len(rows)), collection.label_ids(rows)
        kind = "synthetic" if source == SYNTHETIC else "out_of_fold"
        places = scores["coordinates"][source]
        p = scores["quality"][kind][own]
        q = scores["diversity"]["synthetic"][own] if source == SYNTHETIC else np.ones(len(rows))
        places = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "p": p, "q": q})
        parts.append(rows[["source", "label", "text"]].reset_index(drop=True).join(places))
    pd.concat(parts, ignore_index=True).to_parquet(path)


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


def draw_lasso(page: Page, map_of: str) -> Callable[[], None]:
    """Draw around the middle of a map; the returned function lets go."""
    box = page.locator(map_of).first.bounding_box()
    assert box
    turns = np.linspace(0, 2 * np.pi, 24)
    corners = [
        (box["x"] + box["width"] * (0.5 + 0.28 * np.cos(turn)),
         box["y"] + box["height"] * (0.5 + 0.3 * np.sin(turn)))
        for turn in turns
    ]  # fmt: skip
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    return page.mouse.up


def warm_up(browser: Browser, url: str, drawn: str) -> None:
    """Let the server import and read what its first visitor needs."""
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector(drawn, timeout=120_000)
    page.close()


def measure(browser: Browser, url: str, found: dict[str, list[float]]) -> None:
    """Open the page in a fresh browser profile, move a slider, draw a lasso."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    socket = Socket(page)
    with timed(found, LOAD):
        page.goto(url)
        wait_for(page, "document.querySelector('.sm-map')?.dataset.drawn")
        page.evaluate(TWO_FRAMES)
    page.wait_for_timeout(1500)
    found.setdefault(LOAD_BYTES, []).append(socket.taken())
    page.get_by_role("slider").first.focus()
    before = page.evaluate(DRAWN)
    with timed(found, SLIDER):
        page.keyboard.press("ArrowRight")
        wait_for(page, f"{DRAWN} !== '{before}'")
        page.evaluate(TWO_FRAMES)
    page.wait_for_timeout(1000)
    found.setdefault(SLIDER_BYTES, []).append(socket.taken())
    release = draw_lasso(page, ".sm-map")
    with timed(found, LASSO):
        release()
        words = page.get_by_test_id("stMarkdown").get_by_text(re.compile(r"^[\d,]+ rows selected$"))
        words.wait_for()
        page.locator("[data-testid=stDataFrame]:visible").first.wait_for()
        page.evaluate(TWO_FRAMES)
    selected = int(words.inner_text().split()[0].replace(",", ""))
    found.setdefault("rows in the lasso", []).append(selected)
    context.close()


def measure_naive(browser: Browser, url: str, found: dict[str, list[float]]) -> None:
    """Do the same on the naive page."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    socket = Socket(page)
    counted = f"({NAIVE_COUNTS})()"
    with timed(found, LOAD):
        page.goto(url)
        wait_for(page, f"{counted} > 0")
        page.evaluate(TWO_FRAMES)
    page.wait_for_timeout(3000)
    found.setdefault(LOAD_BYTES, []).append(socket.taken())
    page.get_by_role("slider").first.focus()
    before = page.evaluate(NAIVE_COUNTS)
    with timed(found, SLIDER):
        page.keyboard.press("ArrowRight")
        wait_for(page, f"{counted} > {before}")
        page.evaluate(TWO_FRAMES)
    page.wait_for_timeout(3000)
    found.setdefault(SLIDER_BYTES, []).append(socket.taken())
    page.locator(NAIVE).hover()
    page.locator("[data-title='Lasso Select']").click(force=True)
    release = draw_lasso(page, ".nsewdrag")
    with timed(found, LASSO):
        release()
        page.get_by_text(re.compile(r"^[1-9][\d,]* rows selected$")).wait_for(timeout=60_000)
        page.evaluate(TWO_FRAMES)
    context.close()


@contextmanager
def naive_server(rows: Path) -> Iterator[str]:
    """Serve the naive page until the block is left."""
    port, script = free_port(), Path(__file__).parent / "naive_map.py"
    options = ["--server.port", str(port), "--server.address", "127.0.0.1"]
    options += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    options += ["--browser.gatherUsageStats", "false"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), *options],
        cwd=rows.parent,
        env={**os.environ, "NAIVE_MAP": str(rows)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def medians(found: dict[str, list[float]]) -> dict[str, float]:
    """Median of every measurement; bytes as whole numbers."""
    return {name: round(statistics.median(values), 3) for name, values in found.items()}


def judged(found: dict[str, float], rows: int | None) -> dict[str, dict[str, object]]:
    """Set every measurement beside its limit; the demo's rows have those of the smallest size."""
    limits = LIMITS.get(rows or min(LIMITS), {})
    return {
        name: {
            "measured": value,
            "limit": limits.get(name, "none"),
            **({"within": value <= limits[name]} if name in limits else {}),
        }
        for name, value in found.items()
    }


def run_size(browser: Browser, rows: int | None, folder: Path, *, naive: bool) -> dict[str, Any]:
    """Measure one collection, None for the demo."""
    ours: dict[str, list[float]] = {}
    others: dict[str, list[float]] = {}
    workspace, name, table = folder / "ws", "demo", folder / "naive.parquet"
    folder.mkdir()
    if rows:
        collection = invented(rows)
        name = collection.name
        store = open_store(workspace)
        write_naive(collection, store_scored(store, collection), table)
        store.close()
    with served(workspace) as server:
        url = f"{server.url}/curate?collection={name}"
        warm_up(browser, url, ".sm[data-drawn]")
        for _ in range(TIMES):
            measure(browser, url, ours)
    found: dict[str, Any] = {"rows": rows or "demo", "map": judged(medians(ours), rows)}
    if naive and rows:
        try:
            with naive_server(table) as url:
                warm_up(browser, url, NAIVE)
                for _ in range(TIMES):
                    measure_naive(browser, url, others)
        except BrowserError as error:
            found["naive gave up"] = str(error).splitlines()[0]
        known = medians(others)
        found["naive"] = known
        found["times faster"] = {
            name: round(known[name] / value, 1)
            for name, value in medians(ours).items()
            if name.endswith(", s") and name in known
        }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, action="append", help="invented rows; may be repeated")
    parser.add_argument("--demo", action="store_true", help="the demo instead of invented rows")
    parser.add_argument("--no-naive", action="store_true", help="without the comparison")
    options = parser.parse_args()
    sizes = [None] if options.demo else options.rows or list(LIMITS)
    passed = True
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for rows in sizes:
            folder = Path(scratch) / f"rows-{rows or 'demo'}"
            found = run_size(browser, rows, folder, naive=not options.no_naive)
            print(json.dumps(found, indent=1, ensure_ascii=False), flush=True)
            passed &= all(each.get("within", True) for each in found["map"].values())
        browser.close()
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
