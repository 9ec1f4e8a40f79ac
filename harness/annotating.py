"""Several annotators at one bench whose server is killed again and again; what is left is counted.

    python -m harness.annotating FOLDER --kills 50 [--seed 0] [--acknowledge-first]

Server and annotators are processes of their own, made by forking one that has everything imported,
so that a server starts in milliseconds. The server answers messages with the functions that the
Review page calls; an annotator keeps operations until they are acknowledged, as the browser does,
and only then writes them into a file of its own, with fsync. Prints one JSON object.

With ``--acknowledge-first`` the server answers as it always does, but what it has done for a
message is committed only after the answer has left. Everything else is the same, so whatever is
lost then, and only then, is lost to that order.
"""

import argparse
import json
import os
import random
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from harness.collections import make_collection
from synthcur.review.decisions import VERDICTS, current_decisions
from synthcur.review.log_state import LogFold
from synthcur.store import leases
from synthcur.store.store import Store
from synthcur.ui.review.queue.exchange import acknowledgement, take_in, turn

NAME = "bench"
LABELS = ("delivery", "pests", "watering")
ANNOTATORS = ("ana", "ben", "eva", "ida", "tom")
OVERLAP = 0.1
QUEUE_ROWS = 400
LEASE_SECONDS = 0.5
LIFE_SECONDS = (0.02, 0.5)
SETTLED_A_LIFE, SHARE_SETTLED = 5, 0.75
"""Operations that are settled before a server is killed, however long they take, in this share of
its lives; in the others it may be killed before the first."""

ROWS_A_KILL = 250
WRONG = (
    *("lost", "stored_though_refused", "doubled", "by_too_many", "unlike_the_log"),
    *("trouble", "errors", "locked", "damaged", "failed"),
)
"""Counts of `run` that are 0 if all is well."""


def sample_ids(store: Store) -> list[str]:
    return store.collection(NAME).synthetic["sample_id"].tolist()


# The server


def serve(folder: Path, ids: list[str], *, acknowledge_first: bool) -> None:
    """Answer messages, each connection in a thread with one store for all, until killed."""
    store, known = Store(folder / "ws"), (frozenset(ids), LABELS)
    around = LateCommits(store) if acknowledge_first else nullcontext()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "door"))
    listener.listen()
    while True:
        connection, _ = listener.accept()
        arguments = (folder, connection, store, ids, known, around)
        threading.Thread(target=_converse, args=arguments, daemon=True).start()


def _converse(
    folder: Path,
    connection: socket.socket,
    store: Store,
    ids: list[str],
    known: Any,
    around: AbstractContextManager,
) -> None:
    with connection, connection.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            try:
                with around:
                    sent = json.loads(line)
                    outcome = take_in(store, sent, known=lambda name: known)
                    answer = acknowledgement(store, sent, outcome) | _rows(store, sent, ids)
                    lines.write(json.dumps(answer) + "\n")
                    lines.flush()
            except BrokenPipeError:  # an annotator who was told to stop has left
                return
            except Exception as error:  # the page would show it: none may happen
                append(folder / "errors", [f"{type(error).__name__}: {error}"])
                raise


class LateCommits(AbstractContextManager):
    """Withholds the commits of a message until the block is left: the order that loses decisions.

    Inside the block every transaction is a savepoint, so that what is refused is refused as ever
    and later operations see earlier ones. Messages come one at a time.
    """

    def __init__(self, store: Store) -> None:
        self._begin, self._one = store._db.transaction, threading.Lock()
        vars(store._db)["transaction"] = self._savepoint

    def __enter__(self) -> None:
        self._one.acquire()
        self._whole = self._begin()
        self._db = self._whole.__enter__()

    def __exit__(self, *what: Any) -> None:
        try:
            self._whole.__exit__(*what)
        finally:
            self._one.release()

    @contextmanager
    def _savepoint(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("SAVEPOINT operation")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK TO operation")
            raise
        finally:
            self._db.execute("RELEASE operation")


def _rows(store: Store, sent: dict, ids: list[str]) -> dict[str, Any]:
    queue = ids[sent["queue"] * QUEUE_ROWS : (sent["queue"] + 1) * QUEUE_ROWS]
    now = turn(store, NAME, sent["annotator"], queue, seconds=LEASE_SECONDS)
    cards = [(each, now.state.versions.get(each, 0)) for each in queue if each in now.mine]
    return {"cards": cards, "over": not queue}


# An annotator


class Annotator:
    """Decides what is shown, and keeps every operation until it is settled."""

    def __init__(self, folder: Path, name: str, seed: int) -> None:
        self.folder, self.name = folder, name
        self.random = random.Random(f"{seed} {name}")
        self.client = f"{name}-{seed}"
        self.ledger = folder / f"{name}.ledger"
        self.seq, self.queue, self.over = 0, 0, False
        self.pending: list[dict] = []
        self.cards: list[tuple[str, int]] = []

    def work(self) -> None:
        """Talk to whichever server is there until told to stop and nothing is unsaved."""
        while not self.is_done():
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(30)
                    connection.connect(str(self.folder / "door"))
                    with connection.makefile("rw", encoding="utf-8") as lines:
                        while not self.is_done():
                            self._exchange(lines)
            except (OSError, ValueError):  # killed in the middle of a word
                time.sleep(0.005)

    def is_done(self) -> bool:
        return (self.folder / "stop").exists() and not self.pending

    def _exchange(self, lines: Any) -> None:
        if not (self.folder / "stop").exists():
            self._decide()
        if self.random.random() < 0.02:
            time.sleep(1.2 * LEASE_SECONDS)  # the rows may be somebody else's after that
        sent = {"operations": self.pending, "queue": self.queue, "annotator": self.name}
        lines.write(json.dumps(sent) + "\n")
        lines.flush()
        answer = json.loads(lines.readline())
        self._settle(answer)
        pending = {each["sample"] for each in self.pending}
        self.cards = [tuple(each) for each in answer["cards"] if each[0] not in pending]
        if not self.cards and not answer["over"]:
            self.queue += 1

    def _decide(self) -> None:
        for _ in range(min(self.random.randint(1, 4), len(self.cards))):
            sample, expected = self.cards.pop(0)
            action = self.random.choice(("keep", "discard", "relabel", "unsure"))
            label = self.random.choice(LABELS) if action == "relabel" else None
            self._push(action, sample, expected=expected, label=label)
            if self.random.random() < 0.05:
                self._push("undo", sample)

    def _push(self, action: str, sample: str, **more: Any) -> None:
        self.seq += 1
        fields = {"client": self.client, "seq": self.seq, "collection": NAME, "queue": "random"}
        self.pending.append(
            {**fields, "annotator": self.name, "action": action, "sample": sample, **more}
        )

    def _settle(self, answer: dict) -> None:
        refused = {(each["client"], each["seq"]): each["what"] for each in answer["refused"]}
        stored = {(each["client"], each["seq"]) for each in answer["acknowledged"]}
        noted = []
        for each in list(self.pending):
            what = refused.get((self.client, each["seq"]))
            if what is None and (self.client, each["seq"]) not in stored:
                continue
            self.pending.remove(each)
            noted.append({"kind": "saved" if what is None else "refused", "what": what, **each})
        if answer["trouble"]:
            noted.append({"kind": "trouble", "what": answer["trouble"]})
        append(self.ledger, [json.dumps(each) for each in noted])


def append(path: Path, lines: Sequence[str]) -> None:
    """Add lines to a file, and return once they are on the disk."""
    if not lines:
        return
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, "".join(f"{line}\n" for line in lines).encode())
        os.fsync(file)
    finally:
        os.close(file)


# The fault


def fork(work: Callable[[], None]) -> int:
    """Run a function in a process of its own; return its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def is_whole(folder: Path) -> bool:
    """Whether SQLite finds the database whole after the death of its server."""
    with sqlite3.connect(folder / "ws" / "synthcur.sqlite3", timeout=1200) as check:
        verdict = check.execute("PRAGMA integrity_check").fetchone()[0]
    check.close()
    return verdict == "ok"


def run(folder: Path, *, kills: int, seed: int, acknowledge_first: bool = False) -> dict[str, Any]:
    """Let five annotators work while their server is killed; return what was counted."""
    rows = [
        ("synthetic", "train", f"text {i}", LABELS[i % 3])
        for i in range(ROWS_A_KILL * max(kills, 10))
    ]
    store = Store(folder / "ws")
    store.add_collection(make_collection(NAME, rows, LABELS))
    store.turns.set_overlap(NAME, OVERLAP)
    ids = sample_ids(store)
    store.close()
    people = [fork(Annotator(folder, name, seed).work) for name in ANNOTATORS]
    chance, damaged = random.Random(seed), 0

    def start() -> int:
        (folder / "door").unlink(missing_ok=True)
        return fork(lambda: serve(folder, ids, acknowledge_first=acknowledge_first))

    for _ in range(kills):
        least = len(_noted(folder)) + (SETTLED_A_LIFE if chance.random() < SHARE_SETTLED else 0)
        server = start()
        while len(_noted(folder)) < least:
            time.sleep(0.01)
        time.sleep(chance.uniform(*LIFE_SECONDS))
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
        damaged += not is_whole(folder)
    server = start()
    (folder / "stop").touch()
    codes = [os.waitpid(pid, 0)[1] for pid in people]
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    return {"kills": kills, "seed": seed, "damaged": damaged, "failed": sum(map(bool, codes))} | (
        count(folder)
    )


def count(folder: Path) -> dict[str, Any]:
    """Hold what the annotators were told against what is in the log."""
    noted = [json.loads(line) for line in _noted(folder)]
    saved = [each for each in noted if each["kind"] == "saved"]
    store = Store(folder / "ws")
    with store._db.reading() as db:
        stored = Counter(
            tuple(row)
            for row in db.execute("SELECT client_id, sample_id, action, client_seq FROM decision")
        )
    log = store.decisions.log(NAME)
    store.close()
    wanted = Counter(
        (each["client"], each["sample"], each["action"], each["seq"]) for each in saved
    )
    told = {(each["client"], each["seq"]) for each in noted if each["kind"] == "refused"}
    trouble = [each["what"] for each in noted if each["kind"] == "trouble"]
    errors = lines_of(folder / "errors")
    return {
        "acknowledged": len(saved),
        "stored": len(log),
        "lost": len(wanted.keys() - stored.keys()),
        "stored_though_refused": sum((client, seq) in told for client, _, _, seq in stored),
        "doubled": sum(number - 1 for number in stored.values()),
        "by_too_many": rows_by_too_many(log),
        "shared": len(shared(log)),
        "refused": sum(each["kind"] == "refused" for each in noted),
        "trouble": len(trouble),
        "errors": len(errors),
        "locked": sum("locked" in what for what in (*trouble, *errors)),
        "unlike_the_log": unlike_the_log(log),
    }


def _noted(folder: Path) -> list[str]:
    """Return what all annotators have noted so far, a line for each operation that was settled."""
    return [line for name in ANNOTATORS for line in lines_of(folder / f"{name}.ledger")]


def lines_of(path: Path) -> list[str]:
    """Return the lines of a file, none if it is not there."""
    return path.read_text("utf-8").splitlines() if path.exists() else []


def unlike_the_log(log: list) -> int:
    """Count samples whose state, folded row by row, is not what the whole log comes to."""
    fold, whole = LogFold(), current_decisions(log)
    for row in log:
        fold.take_in([row])
    found = fold.state().current
    return sum(found.get(each) != whole.get(each) for each in found.keys() | whole.keys())


def rows_by_too_many(log: list) -> int:
    """Count rows that at any moment had verdicts of more people than may give one."""
    fold, found = LogFold(), set()
    for row in log:
        fold.take_in([row])
        if len(fold.verdicts(row.sample_id)) > leases.places(row.sample_id, OVERLAP):
            found.add(row.sample_id)
    return len(found)


def shared(log: list) -> list[str]:
    """Return the rows that two people have decided."""
    people: dict[str, set[str]] = {}
    for row in log:
        if row.action in VERDICTS:
            people.setdefault(row.sample_id, set()).add(row.annotator)
    return [sample_id for sample_id, names in people.items() if len(names) > 1]


def main() -> None:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--acknowledge-first", action="store_true")
    options = parser.parse_args()
    found = run(
        options.folder,
        kills=options.kills,
        seed=options.seed,
        acknowledge_first=options.acknowledge_first,
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
