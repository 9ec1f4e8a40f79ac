"""Let many annotators decide at once in real browser pages while a run trains.

    python -m benchmarks.load [--minutes 10] [--annotators 20] [--a-minute 30] [--rows 22000]

Serves an empty workspace with invented rows and scores, starts plain training of the demo there,
and opens one page an annotator in a headless Chromium. A save runs from the key event to the
moment at which the page has been told that its decision is stored. The pages share the cores with
server and training. Prints one line of JSON: saves, their times, and what went wrong. Ends with 1
if anything is behind `WRONG` but 0, training did not go on all the time, fewer than nine tenths of
the decisions came, or the 95 % point of a save is not under 300 ms.
Takes `--minutes` and about two more. A queue is a tenth of `--rows`: 600 decisions a minute for ten
minutes need 20,000 rows and more, and every message costs in proportion to them.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.review import CHROMIUM_ARGUMENTS, invented
from synthcur import demo, jobs
from synthcur.errors import WorkerError
from synthcur.queues import QUEUES
from synthcur.review import VERDICTS, Decision
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store import Store
from synthcur.workspace import open_store
from tests.conftest import add_scores
from tests.serving import Server, served

COLLECTION = "load"
WRONG = ("lost", "doubled", "by_several", "refused", "trouble", "errors_in_log")
SLOWEST_MS = 300
OPENED = ("mislabelled", "low_weight", "influence")
"""Queues that the annotators share out: large, and of mostly different rows."""

# All pages are looked at, though one window shows none of them.
AWAKE = (
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
)

# Keys come at random moments around the asked pace; every operation is timed until it is settled.
ANNOTATE = """({everyMs, seconds}) => {
  const {log, bench} = window.synthcurReview;
  const settle = log.settle.bind(log), begun = new Map();
  window.saves = []; window.refusals = []; window.troubles = [];
  const push = log.push.bind(log);
  log.push = (operation) => { push(operation); begun.set(log.seq, performance.now()); };
  log.settle = (acknowledged, refusals) => {
    const found = settle(acknowledged, refusals);
    for (const {seq, sample} of found.stored)
      window.saves.push([seq, sample, performance.now() - begun.get(seq)]);
    window.refusals.push(...found.refused.map((each) => each.what));
    const trouble = window.synthcurReview.bench.data.trouble;
    if (trouble) window.troubles.push(trouble);
    return found;
  };
  const end = performance.now() + 1000 * seconds;
  const press = () => {
    if (performance.now() > end) return;
    const key = Math.random() < 0.5 ? 'a' : 's';
    document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true}));
    setTimeout(press, everyMs * (0.5 + Math.random()));
  };
  setTimeout(press, everyMs * Math.random());
}"""


def open_page(browser: Browser, server: Server, number: int) -> Page:
    """Open the bench of one annotator at the queue that is theirs."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_cookies(
        [{"name": "synthcur-annotator", "value": f"a{number:02}", "url": server.url}]
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{server.url}/review?collection={COLLECTION}")
    page.wait_for_selector(".review .sample")
    queue = QUEUES[OPENED[number % len(OPENED)]]
    if page.locator(".review h1").inner_text() != queue.title:
        page.get_by_text(queue.title, exact=True).click()
        page.locator(".review h1", has_text=queue.title).wait_for()
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    return page


def measure(pages: list[Page], store: Store, *, minutes: float, a_minute: float) -> dict:
    """Let everybody decide for some minutes; hold what they were told against the log."""
    for page in pages:
        page.evaluate(ANNOTATE, {"everyMs": 60_000 / a_minute, "seconds": 60 * minutes})
    time.sleep(60 * minutes)
    for page in pages:
        page.get_by_text("saved", exact=True).wait_for()
    said = {page.evaluate("window.synthcurReview.log.client"): page for page in pages}
    told = {client: page.evaluate("window.saves") for client, page in said.items()}
    times = np.array([ms for saves in told.values() for _, _, ms in saves])
    log = store.decisions(COLLECTION)
    stored = Counter(row.sample_id for row in log if row.action in VERDICTS)
    acknowledged = Counter(sample for saves in told.values() for _, sample, _ in saves)
    return {
        "saves": len(times),
        "a_minute": round(len(times) / minutes),
        **{f"p{share}_ms": round(float(np.percentile(times, share)), 1) for share in (50, 95, 99)},
        "max_ms": round(float(times.max()), 1),
        "rows": len(log),
        "lost": sum((acknowledged - stored).values()),
        "doubled": sum(number - 1 for number in stored.values()),
        "by_several": len(decided_by_several(log)),
        "refused": sum(len(page.evaluate("window.refusals")) for page in pages),
        "trouble": sum(len(page.evaluate("window.troubles")) for page in pages),
    }


def decided_by_several(log: Sequence[Decision]) -> set[str]:
    """Return the samples on which more than one person has given a verdict."""
    given = {(row.sample_id, row.annotator) for row in log if row.action in VERDICTS}
    people = Counter(sample_id for sample_id, _ in given)
    return {sample_id for sample_id, number in people.items() if number > 1}


def faults(found: Mapping[str, Any], *, asked: float) -> list[str]:
    """Say what of a measurement is not as it must be.

    Parameters
    ----------
    asked
        Decisions a minute of all annotators together.
    """
    wrong = [name for name in WRONG if found[name]]
    wrong += [] if found["training"] == "running to running" else ["training"]
    wrong += [] if found["a_minute"] >= 0.9 * asked else ["a_minute"]
    return wrong + ([] if found["p95_ms"] < SLOWEST_MS else ["p95_ms"])


def main() -> None:
    """Read the arguments, serve, train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--a-minute", type=float, default=30, help="decisions of each of them")
    parser.add_argument("--rows", type=int, default=22_000)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # server and training end with this one
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "ws") as server:
        store = open_store(server.workspace)
        collection = replace(invented(options.rows), name=COLLECTION)
        demo.ensure(store)
        store.add_collection(collection)
        add_scores(store, collection)
        settings = TrainSettings(arms=("ce",), seeds=5, fit=FitSettings(epochs=100))
        job = jobs.submit_train(store, demo.NAME, settings)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                    args=[*CHROMIUM_ARGUMENTS, *AWAKE],
                )
                pages = [open_page(browser, server, number) for number in range(options.annotators)]
                at_start = store.job(job.id).status
                found = measure(pages, store, minutes=options.minutes, a_minute=options.a_minute)
                at_end = store.job(job.id).status
                browser.close()
        finally:
            jobs.cancel(store, job.id)
            with suppress(WorkerError):  # it was cancelled, as it should be
                jobs.wait(store, job.id)
        store.close()
        log = "\n".join(each.read_text() for each in Path(folder).glob("server-*.log"))
    errors = sum("Error" in line or "locked" in line for line in log.splitlines())
    told = {"minutes": options.minutes, "annotators": options.annotators, "of_rows": options.rows}
    run = {"errors_in_log": errors, "training": f"{at_start} to {at_end}"}
    found = told | found | run
    wrong = faults(found, asked=options.annotators * options.a_minute)
    print(json.dumps(found | {"faults": wrong}))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
