"""Let many annotators decide at once while a run trains.

    python -m benchmarks.load [--minutes 10] [--annotators 20] [--a-minute 30] [--rows 30000]

Serves an empty workspace with invented rows and scores, starts plain training of the demo there,
and opens one `benchmarks.protocol.Page` an annotator. They decide at random moments around the
asked pace, each about the row that the queue in a browser would show, and send as it does: what is
decided while an answer is under way goes with the next message. A save runs from the decision to
the moment at which the page has been told that it is stored. Prints one line of JSON: saves, their
times, and what went wrong. Ends with 1 if anything is behind `WRONG` but 0, training did not go on
all the time, fewer than nine tenths of the decisions came, or the 95 % point of a save is not under
300 ms. Takes `--minutes` and about one more. A queue is a tenth of `--rows`: 600 decisions a minute
for ten minutes need 20,000 rows and more, as many are in two of the three queues.
"""

import argparse
import asyncio
import json
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.protocol import Page
from benchmarks.review import invented
from benchmarks.tabs import wait_until_it_learns
from harness.collections import add_scores
from harness.serving import served
from synthcur import demo
from synthcur.errors import WorkerError
from synthcur.jobs import job_queue
from synthcur.review.decisions import KEEP, UNSURE, VERDICTS, Decision
from synthcur.review.queues import QUEUES
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.store import Store
from synthcur.ui.identity import ANNOTATOR_COOKIE
from synthcur.workspace import open_store

COLLECTION = "load"
WRONG = ("lost", "doubled", "by_several", "refused", "trouble", "errors", "errors_in_log")
SLOWEST_MS = 300
OPENED = ("mislabelled", "low_weight", "influence")
"""Queues that the annotators share out: large, and of mostly different rows."""

WAITS = "."
"""Letter of a row that waits for the one who looks at the queue."""


@dataclass
class Annotator:
    """One page at the bench, and what it was told.

    Attributes
    ----------
    page
        Review, as this annotator opens it.
    queue
        Title of the queue that they work through.
    saves
        Sample and seconds until it was known to be stored, of each decision.
    waited
        Moments at which the next row had not yet come.
    """

    page: Page
    queue: str
    saves: list[tuple[str, float]] = field(default_factory=list)
    refused: int = 0
    troubles: int = 0
    waited: int = 0
    _client: str = field(default_factory=lambda: secrets.token_hex(12))
    _seq: int = 0
    _at: int = 0
    _bench: str = ""
    _part: str = ""
    _queue_choice: str = ""
    _data: dict[str, Any] = field(default_factory=dict)
    _pending: list[dict[str, Any]] = field(default_factory=list)
    _made: dict[int, float] = field(default_factory=dict)

    async def work(self, everybody: asyncio.Barrier, *, seconds: float, every_s: float) -> None:
        """Open the queue, wait until everybody has, then decide until the time is over."""
        async with self.page:
            self._take(await self.page.run())
            if self._data["title"] != self.queue:
                self._take(await self.page.run(texts={self._queue_choice: self.queue}))
            self._at = self._data["start"]
            await everybody.wait()
            sending = asyncio.create_task(asyncio.sleep(0))
            end = time.monotonic() + seconds
            await asyncio.sleep(every_s * random.random())
            while time.monotonic() < end:
                self._decide()
                if self._pending and sending.done():
                    await sending
                    sending = asyncio.create_task(self._send())
                await asyncio.sleep(every_s * (0.5 + random.random()))
            await sending

    def _decide(self) -> None:
        card = next((each for each in self._data["cards"] if each["at"] == self._at), None)
        if card is None:
            self.waited += 1
            return
        self._seq += 1
        self._made[self._seq] = time.monotonic()
        told = {name: self._data[name] for name in ("collection", "annotator", "queue", "opening")}
        decided = {"action": random.choice((KEEP, UNSURE)), "sample": card["id"], "at": self._at}
        sender = {"client": self._client, "seq": self._seq, "expected": card["version"]}
        self._pending.append(told | decided | sender)
        self._go_on_from(self._at + 1)

    def _go_on_from(self, place: int) -> None:
        """Go to the first row from a place on that waits, or behind the last one."""
        states = self._data["states"]
        waiting = (at for at in range(place, len(states)) if states[at] == WAITS)
        self._at = next(waiting, len(states))

    async def _send(self) -> None:
        """Send what is not yet stored until all of it is."""
        while self._pending:
            place = {"opening": self._data["opening"], "at": self._at, "detour": ""}
            message = {"number": secrets.token_hex(4), "place": place, "operations": self._pending}
            state = json.dumps({"log": message})
            self._take(await self.page.run(states={self._bench: state}, fragment=self._part))

    def _take(self, answer: Iterable[ForwardMsg]) -> None:
        for message in answer:
            if message.WhichOneof("type") != "delta":
                continue
            element = message.delta.new_element
            kind = element.WhichOneof("type")
            if kind == "radio" and element.radio.label == "Queue":
                self._queue_choice = element.radio.id
            elif kind == "bidi_component":
                self._bench = element.bidi_component.id
                self._part = message.delta.fragment_id
                self._data = json.loads(element.bidi_component.json)
        self._settle()
        self._go_on_from(self._at)  # the row shown may be another's by now

    def _settle(self) -> None:
        stored = {each["seq"] for each in self._data["acknowledged"]}
        refused = {each["seq"] for each in self._data["refused"] if each["client"] == self._client}
        self.troubles += bool(self._data["trouble"])
        for operation in self._pending:
            seq, now = operation["seq"], time.monotonic()
            if seq in refused:
                self.refused += 1
            elif seq in stored:
                self.saves.append((operation["sample"], now - self._made[seq]))
        done = refused | stored
        self._pending = [each for each in self._pending if each["seq"] not in done]


async def work(annotators: Sequence[Annotator], *, minutes: float, a_minute: float) -> None:
    """Let everybody decide for some minutes, from the moment at which all pages are open."""
    everybody = asyncio.Barrier(len(annotators))
    pace = {"seconds": 60 * minutes, "every_s": 60 / a_minute}
    await asyncio.gather(*(each.work(everybody, **pace) for each in annotators))


def measured(annotators: Sequence[Annotator], store: Store, *, minutes: float) -> dict[str, Any]:
    """Hold what the annotators were told against the log."""
    times = 1000 * np.array([took for each in annotators for _, took in each.saves])
    log = store.decisions.log(COLLECTION)
    stored = Counter(row.sample_id for row in log if row.action in VERDICTS)
    acknowledged = Counter(sample for each in annotators for sample, _ in each.saves)
    return {
        "saves": len(times),
        "a_minute": round(len(times) / minutes),
        **{f"p{share}_ms": round(float(np.percentile(times, share)), 1) for share in (50, 95, 99)},
        "max_ms": round(float(times.max()), 1),
        "waited": sum(each.waited for each in annotators),
        "rows": len(log),
        "lost": sum((acknowledged - stored).values()),
        "doubled": sum(number - 1 for number in stored.values()),
        "by_several": len(decided_by_several(log)),
        "refused": sum(each.refused for each in annotators),
        "trouble": sum(each.troubles for each in annotators),
        "errors": sum(each.page.errors for each in annotators),
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
    parser.add_argument("--rows", type=int, default=30_000)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # server and training end with this one
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "ws") as server:
        store = open_store(server.workspace)
        collection = replace(invented(options.rows), name=COLLECTION)
        demo.ensure(store)
        store.add_collection(collection)
        add_scores(store, collection)
        settings = TrainSettings(arms=("ce",), seeds=5, fit=FitSettings(epochs=100))
        job = job_queue.submit_train(store, demo.NAME, settings)
        annotators = [
            Annotator(
                Page(
                    server.url,
                    "review",
                    f"collection={COLLECTION}",
                    cookies={ANNOTATOR_COOKIE: f"a{number:02}"},
                ),
                QUEUES[OPENED[number % len(OPENED)]].title,
            )
            for number in range(options.annotators)
        ]
        try:
            wait_until_it_learns(store, job)
            at_start = store.job(job.id).status
            asyncio.run(work(annotators, minutes=options.minutes, a_minute=options.a_minute))
            at_end = store.job(job.id).status
            found = measured(annotators, store, minutes=options.minutes)
        finally:
            job_queue.cancel(store, job.id)
            with suppress(WorkerError):  # it was cancelled, as it should be
                job_queue.wait(store, job.id)
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
