"""What scoring a version that has grown takes, beside scoring all of its rows.

    python -m benchmarks.growing [--rows 20000] [--added 1000] [--real 400]

Made-up texts of six labels, scored by the probe checkers; each split has as many real rows. The
version with the added rows is scored twice: from the scores of the version before, and from
nothing. Texts that the encoder reads are counted.
"""

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from harness.collections import make_collection
from synthcur.data import changes
from synthcur.models import encoders
from synthcur.schema import REAL, SPLITS, SYNTHETIC, Collection
from synthcur.settings import ScoreSettings
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.worker.earlier import Scored
from synthcur.worker.scoring import score

LABELS = ("billing", "delivery", "login", "menu", "room", "weather")
WORDS = (
    *(
        "account",
        "again",
        "arrived",
        "before",
        "bill",
        "bread",
        "breakfast",
        "broken",
        "card",
        "closed",
    ),
    *("code", "cold", "coupon", "courier", "customer", "door", "early", "email", "empty", "figure"),
    *("garden", "green", "hotel", "invoice", "key", "kitchen", "last", "late", "letter", "light"),
    *("lobby", "lunch", "menu", "minute", "missing", "money", "morning", "number", "open", "order"),
    *("paid", "parcel", "password", "price", "quiet", "rain", "ready", "refund", "reset", "room"),
    *("shower", "soup", "station", "street", "sunny", "table", "ticket", "today", "towel", "train"),
    *("twice", "wind", "window", "wrong"),
)


def rows(source: str, split: str, number: int, seed: int) -> list[tuple[str, str, str, str]]:
    """Texts of 12 to 25 words; each label prefers some of them."""
    drawn = random.Random(f"{source} {split} {seed}")
    found = []
    for i in range(number):
        own = LABELS.index(label := LABELS[i % len(LABELS)]) * 10
        words = drawn.choices(WORDS[own : own + 10], k=6) + drawn.choices(WORDS, k=10)
        found.append((source, split, f"{' '.join(words)} {seed}-{i}", label))
    return found


def timed(
    collection: Collection, folder: Path, earlier: tuple[Scored, ...]
) -> tuple[float, int, dict[str, str]]:
    """Score a collection; return the seconds, the texts that were read, and the results' names."""
    read, encode = [], encoders.encode

    def counting(texts: pd.DataFrame, **options: object) -> object:
        read.append(len(texts))
        return encode(texts, **options)  # type: ignore[arg-type]

    settings, spool = ScoreSettings(), Spool(folder / "spool.jsonl")
    artefacts = Artefacts(folder / "artefacts")
    put_back: Callable[..., object] = encode
    encoders.encode = counting  # type: ignore[assignment]
    try:
        started = time.monotonic()
        names = score(collection, settings, artefacts, spool, earlier=earlier)
        return time.monotonic() - started, sum(read), names
    finally:
        encoders.encode = put_back  # type: ignore[assignment]


def main() -> None:
    """Measure both ways and print them as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--added", type=int, default=1_000)
    parser.add_argument("--real", type=int, default=400)
    options = parser.parse_args()
    given = rows(SYNTHETIC, "train", options.rows, 0)
    for split in SPLITS:
        given += rows(REAL, split, options.real, 1)
    before = make_collection("before", given, LABELS)
    more = make_collection("more", rows(SYNTHETIC, "train", options.added, 2), LABELS)
    after = changes.add_rows(before, more).collection
    with TemporaryDirectory() as scratch:
        folders = [Path(scratch) / each for each in ("grown", "anew")]
        for folder in folders:
            folder.mkdir()
        first_s, first_read, names = timed(before, folders[0], ())
        known = (Scored(before.fingerprint, names),)
        grown_s, grown_read, _ = timed(after, folders[0], known)
        anew_s, anew_read, _ = timed(after, folders[1], ())
    grown = options.rows + options.added + options.real
    lines = {
        "first version": (options.rows + options.real, first_read, first_s),
        "grown, from the version before": (grown, grown_read, grown_s),
        "grown, from nothing": (grown, anew_read, anew_s),
    }
    for what, (n, read, seconds) in lines.items():
        said = {"what": what, "rows": n, "texts_read": read, "seconds": round(seconds, 1)}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
