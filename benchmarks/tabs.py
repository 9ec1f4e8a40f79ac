"""Watch one run in twenty tabs and say what that costs the server and the run.

    python -m benchmarks.tabs [--tabs 20] [--minutes 2] [--pairs 3]

Serves a workspace, trains the demo plainly there, and measures windows of `--minutes` by turns
without and with tabs on the Train page. A tab is a `benchmarks.protocol.Page` that asks for its
live part as often as the page tells a browser to. A poll runs from the request to the last word of
its answer. The speed of the run is what its worker tells of every ten steps. Prints one line of
JSON: times of the polls and, by pairs of windows next to each other, by how much the tabs slowed
training; the median counts. Takes `--minutes` times two times `--pairs`, and about two more.
"""

import argparse
import asyncio
import json
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.protocol import Page
from harness.killing import follow, told
from harness.serving import Server, served
from synthcur import demo
from synthcur.jobs import job_queue
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.workspace import open_store

WARM_UP_SECONDS = 10
SETTLE_SECONDS = 15
"""Polls of an open tab before any counts: pages that are many agree to ask less often."""


@dataclass
class Tab:
    """One open tab: how often it was told to ask for which part, and how long answers took.

    Attributes
    ----------
    page
        Train, as this tab has it open.
    every_s
        Seconds between two questions by the part of the page that is asked for.
    polls
        Seconds that each counted question took.
    """

    page: Page
    every_s: dict[str, float] = field(default_factory=dict)
    polls: list[float] = field(default_factory=list)

    async def watch(self, everybody: asyncio.Barrier, *, seconds: float) -> None:
        """Open the page, wait until all tabs have, then poll; the first polls do not count."""
        async with self.page:
            await self._ask("")
            await everybody.wait()
            counted = time.monotonic() + SETTLE_SECONDS
            asked = dict.fromkeys(self.every_s, time.monotonic())
            while time.monotonic() < counted + seconds:
                due = {each: asked.get(each, 0.0) + wait for each, wait in self.every_s.items()}
                part = min(due, key=due.__getitem__)
                await asyncio.sleep(max(0.0, due[part] - time.monotonic()))
                asked[part] = time.monotonic()
                await self._ask(part)
                if asked[part] >= counted:
                    self.polls.append(time.monotonic() - asked[part])

    async def _ask(self, part: str) -> None:
        """Ask for a part, "" for the whole page, and hear which parts to ask for from now on."""
        answer = await self.page.run(fragment=part)
        if any(message.WhichOneof("type") == "navigation" for message in answer):
            self.every_s.clear()  # the whole page is new, and its parts with it
        for message in answer:
            if message.WhichOneof("type") == "auto_rerun":
                self.every_s[message.auto_rerun.fragment_id] = message.auto_rerun.interval


async def watch(tabs: list[Tab], *, seconds: float) -> None:
    """Open all tabs, then let them poll for some time."""
    everybody = asyncio.Barrier(len(tabs))
    await asyncio.gather(*(tab.watch(everybody, seconds=seconds) for tab in tabs))


def speed(job: Job, *, seconds: float) -> float:
    """Return rows a second over the steps told in the last seconds, evaluation left out."""
    records, since = told(job), time.time() - seconds
    told_rates = (r.get("samples_per_s") for r in records if r["t"] == "metric" and r["at"] > since)
    rates = np.array([rate for rate in told_rates if rate])
    return float(len(rates) / (1 / rates).sum()) if len(rates) else float("nan")


def window(job: Job, server: Server, *, tabs: int, seconds: float) -> dict[str, Any]:
    """Measure one window, once all tabs are open."""
    query = f"collection={demo.NAME}"
    opened = [Tab(Page(server.url, "train", query)) for _ in range(tabs)]
    if not opened:
        time.sleep(seconds)
    else:
        asyncio.run(watch(opened, seconds=seconds))
    return {
        "rows_per_s": speed(job, seconds=seconds),
        "polls": [took for tab in opened for took in tab.polls],
        "every_s": statistics.median([min(tab.every_s.values()) for tab in opened] or [0.0]),
        "kb_per_poll": sum(tab.page.received for tab in opened)
        / 1000
        / max(1, sum(len(tab.polls) for tab in opened)),
        "errors": sum(tab.page.errors for tab in opened),
    }


def measure(job: Job, server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """Measure pairs of windows, with and without tabs, first the one and then the other."""
    seconds = 60 * options.minutes
    with_tabs, slowed = [], []
    for pair in range(options.pairs):
        order = (0, options.tabs) if pair % 2 == 0 else (options.tabs, 0)
        found = {tabs: window(job, server, tabs=tabs, seconds=seconds) for tabs in order}
        with_tabs.append(found[options.tabs])
        slowed.append(1 - found[options.tabs]["rows_per_s"] / found[0]["rows_per_s"])
    polls = np.array([took for each in with_tabs for took in each["polls"]])
    return {
        "polls": len(polls),
        **{f"p{share}_ms": round(1000 * np.percentile(polls, share)) for share in (50, 95, 99)},
        "polls_per_s": round(len(polls) / (seconds * options.pairs), 1),
        "every_s": statistics.median(each["every_s"] for each in with_tabs),
        "kb_per_poll": round(statistics.median(each["kb_per_poll"] for each in with_tabs), 1),
        "errors": sum(each["errors"] for each in with_tabs),
        "slowed_percent": [round(100 * each, 1) for each in slowed],
        "slowed_percent_median": round(100 * statistics.median(slowed), 1),
    }


def wait_until_it_learns(store: Store, job: Job) -> None:
    """Wait for the first steps to be told."""
    while store.metrics(job.id).empty:
        job_queue.poll(store)
        if not store.job(job.id).is_active:
            raise SystemExit(f"The run ended early: {store.job(job.id).what}")
        time.sleep(0.5)
    time.sleep(WARM_UP_SECONDS)


def main() -> None:
    """Read the arguments, serve, train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tabs", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # server and training end with this one
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "ws") as server:
        store = open_store(server.workspace)
        demo.ensure(store)
        settings = TrainSettings(arms=("ce",), seeds=5, fit=FitSettings(epochs=100))
        job = job_queue.submit_train(store, demo.NAME, settings)
        try:
            wait_until_it_learns(store, job)
            found = measure(job, server, options)
        finally:
            job_queue.cancel(store, job.id)
            follow(store, job.id)
        store.close()
    asked = {"tabs": options.tabs, "minutes": options.minutes, "pairs": options.pairs}
    print(json.dumps(asked | found))


if __name__ == "__main__":
    main()
