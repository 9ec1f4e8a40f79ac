"""Measure how long the annotator waits, and that no decision is lost on the way.

    python -m benchmarks.review [--presses 300] [--every-ms 150]

Serves an empty workspace with invented rows and scores, twice as many as the demo's so that one
queue holds them all, and drives a headless Chromium. The latency of a press runs from the time
stamp of the key event to the frame that shows the next row. Ten presses at 40 ms come first.
Prints one line of JSON; ``in_order`` says whether the log holds, row by row, what was on the screen
at each press, ``waited`` how often the next row had not yet come. Ends with 1 if a decision is
missing, doubled or out of order, a press had to wait for a row, or the median is over 30 ms or the
95 % point over 100 ms. Takes about a minute.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from harness.collections import add_scores, make_collection
from harness.serving import served
from synthcur.demo import load_demo
from synthcur.schema import Collection
from synthcur.store.store import Store
from synthcur.workspace import open_store

# Without a GPU, Chromium paints this page faster by itself than through WebGL in software.
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
NAME = "bench"
ROWS = 3_600
BURST = 10
BURST_MS = 40
RECORD = ".review .sample"
SLOWEST_MS = {"p50_ms": 30, "p95_ms": 100}

# The window hears a key before the page's own handler, which is the document's.
WATCH = """() => {
  const text = () => window.synthcurReview.bench.view.text.textContent;
  window.latencies = [];
  window.decided = [];
  window.addEventListener('keydown', (event) => {
    const before = text();
    window.decided.push(window.synthcurReview.bench.card()?.id);
    requestAnimationFrame(() => {
      if (text() !== before) window.latencies.push(performance.now() - event.timeStamp);
    });
  }, true);
}"""


def invented(n_rows: int) -> Collection:
    """Return as many synthetic rows as asked for, the demo's texts again and again, and its own."""
    demo = load_demo()
    columns = ["source", "split", "text", "label"]
    given = list(demo.synthetic[columns].itertuples(index=False, name=None))
    rows = [
        (source, split, f"{text} ({number // len(given) + 1})", label)
        for number in range(n_rows)
        for source, split, text, label in [given[number % len(given)]]
    ]
    real = demo.rows[demo.rows["source"] != "synthetic"][columns]
    rows += list(real.itertuples(index=False, name=None))
    return make_collection(NAME, rows, demo.labels)


def press_all(page: Page, keys: str, *, every_ms: float) -> int:
    """Press keys at a steady rate, however long one press takes.

    Nobody decides about a row that is not there: before it is shown, the key waits. Returns how
    often that was so.
    """
    begun, waited = time.perf_counter(), 0
    for number, key in enumerate(keys, start=1):
        if page.locator(RECORD).count() == 0:
            page.wait_for_selector(RECORD)
            waited += 1
        page.keyboard.press(key)
        page.wait_for_timeout(max(0.0, every_ms * number - 1000 * (time.perf_counter() - begun)))
    return waited


def seconds_to_saved(page: Page) -> float:
    """Wait until nothing is unsaved; return how long that took."""
    begun = time.perf_counter()
    page.get_by_text("saved", exact=True).wait_for()
    return time.perf_counter() - begun


def measure(page: Page, store: Store, *, presses: int, every_ms: float) -> dict:
    """Run one burst and one long series of decisions, and compare with the rows stored."""
    page.evaluate(WATCH)
    press_all(page, "a" * BURST, every_ms=BURST_MS)
    saved_after = seconds_to_saved(page)
    burst_rows = len(store.decisions.log(NAME))
    page.evaluate("window.latencies.length = 0")
    waited = press_all(page, "as" * (presses // 2), every_ms=every_ms)
    seconds_to_saved(page)
    latencies = np.asarray(page.evaluate("window.latencies"))
    whole = store.decisions.log(NAME)
    log = whole[burst_rows:]
    return {
        "presses": presses,
        "every_ms": every_ms,
        "waited": waited,
        "shown": len(latencies),
        "p50_ms": round(float(np.percentile(latencies, 50)), 1),
        "p95_ms": round(float(np.percentile(latencies, 95)), 1),
        "max_ms": round(float(latencies.max()), 1),
        "rows": len(log),
        "samples": len({row.sample_id for row in log}),
        "in_order": [row.sample_id for row in whole] == page.evaluate("window.decided"),
        "burst_rows": f"{burst_rows} of {BURST}",
        "burst_saved_after_s": round(saved_after, 2),
    }


def faults(found: dict) -> list[str]:
    """Say what of a measurement is not as it must be."""
    wrong = [f"{name} over {most}" for name, most in SLOWEST_MS.items() if found[name] > most]
    wrong += [name for name in ("rows", "samples") if found[name] != found["presses"]]
    wrong += [] if found["in_order"] else ["in_order"]
    wrong += ["waited"] if found["waited"] else []
    return wrong + ([] if found["burst_rows"] == f"{BURST} of {BURST}" else ["burst_rows"])


def main() -> None:
    """Read the arguments, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=300, help="at most 350, the queue ends")
    parser.add_argument("--every-ms", type=float, default=150)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "ws") as server:
        store = open_store(server.workspace)
        collection = invented(ROWS)
        store.add_collection(collection)
        add_scores(store, collection)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                args=list(CHROMIUM_ARGUMENTS),
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{server.url}/review?collection={NAME}")
            page.wait_for_selector(RECORD)
            page.wait_for_timeout(1_000)
            found = measure(page, store, presses=options.presses, every_ms=options.every_ms)
        store.close()
    print(json.dumps(found | {"faults": faults(found)}))
    sys.exit(bool(faults(found)))


if __name__ == "__main__":
    main()
