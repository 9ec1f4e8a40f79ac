"""Let a simulated annotator review the demo, and train on what that leaves.

    python -m benchmarks.annotator [--seeds 5] [--rows 150] [--arms ce] [--epochs 5] [--jobs 2]
        [--pool N] [--test-rows N] --out results.json

The annotator knows the truth, the demo's column ``flaw``, and discards rows with a wrong label, off
topic, vague, or of two topics; everything else is kept. The truth orders nothing: once the first
rows of the queue "probably mislabelled" are reviewed, as the app orders them with probe checkers,
and once as many rows at random, others with every seed. Then every arm is trained before review,
after the queue and after the random rows. Arms with weights get checkers trained on what is left,
named as in `benchmarks.evidence`. Resumable: what is in the file is not trained again. First of
all it prints how many rows are reviewed until most wrong labels are found; ``--table`` does so
without training, if asked for runs that are there or for none.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import evidence, resumable
from benchmarks.ranking import WRONG_LABEL, provenance
from synthcur import demo
from synthcur.review.decisions import DISCARD, Decision, effective_collection
from synthcur.review.queues import queue_order
from synthcur.schema import Collection
from synthcur.settings import FitSettings, ScoreSettings
from synthcur.stats.metrics import holm, mean_interval, paired_difference
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.weighting.rules import consensus
from synthcur.wording import p_in_words, points
from synthcur.worker.scoring import check

DISCARDED = (WRONG_LABEL, "off_topic", "vague", "mixed")
"""Flaws for which the annotator discards a row."""

BEFORE, QUEUE, RANDOM = "before", "queue", "random"
WAYS = {BEFORE: "before review", QUEUE: "after the queue", RANDOM: "after random rows"}

SHARE = 0.9
"""Share of the wrong labels after which the rows reviewed are counted."""


@dataclass(frozen=True)
class Reviewed(evidence.Setup):
    """A set-up in which the annotator has looked at these synthetic rows."""

    rows: tuple[int, ...] = ()

    def collection(self, task: str) -> Collection:
        """Return the collection without what the annotator discards of the rows."""
        whole = super().collection(task)
        return effective_collection(whole, decisions(whole, self.rows))


def decisions(collection: Collection, rows: Sequence[int]) -> list[Decision]:
    """Decide as the annotator does: discard the rows that have one of the flaws `DISCARDED`."""
    sample_ids, flaw = collection.synthetic["sample_id"], provenance(collection)["flaw"]
    return [
        Decision(sample_id=sample_ids[row], action=DISCARD, seq=seq)
        for seq, row in enumerate(rows, start=1)
        if flaw[row] in DISCARDED
    ]


def agreement(collection: Collection, folder: Path) -> np.ndarray:
    """Ask both probe checkers, and return what they agree on about the synthetic rows, (N, K)."""
    artefacts = Artefacts(folder / "artefacts", shipped=(demo.ARTEFACTS,))
    folder.mkdir(parents=True, exist_ok=True)
    names = check(collection, ScoreSettings(), artefacts, Spool(folder / "queue.jsonl"))
    return consensus(*(artefacts.array(names[r], "calibrated") for r in ("quality", "diversity")))


def whole_order(collection: Collection, agreed: np.ndarray) -> np.ndarray:
    """Order all synthetic rows as the queue orders its first ones, (N,)."""
    labels = collection.label_ids(collection.synthetic)
    order = np.argsort(agreed[np.arange(len(labels)), labels], kind="stable")
    queue = queue_order(
        "mislabelled", agreed_probs=agreed, labels=labels, weights=np.ones(len(labels))
    )
    if not np.array_equal(order[: len(queue)], queue):
        raise SystemExit("The queue no longer follows what both checkers agree on: mend this.")
    return order


def random_order(n: int, seed: int) -> np.ndarray:
    """Order n rows at random."""
    return np.random.default_rng(seed).permutation(n)


def rows_until(is_wanted: np.ndarray, share: float) -> int:
    """Count the rows reviewed, in the order given, until this share of the wanted is found."""
    needed = int(np.ceil(share * is_wanted.sum()))
    return int(np.flatnonzero(np.cumsum(is_wanted) >= needed)[0]) + 1


def expected_rows_until(n: int, wanted: int, share: float) -> float:
    """Mean of `rows_until` over all orders: the k-th of m among n comes at k (n + 1) / (m + 1)."""
    return float(np.ceil(share * wanted) * (n + 1) / (wanted + 1))


def search(collection: Collection, order: np.ndarray) -> str:
    """Say how far one has to read to find `SHARE` of the wrong labels: in order, and at random."""
    is_wrong = (provenance(collection)["flaw"] == WRONG_LABEL).fillna(False).to_numpy(dtype=bool)
    n, m = len(is_wrong), int(is_wrong.sum())
    drawn = [rows_until(is_wrong[random_order(n, seed)], SHARE) for seed in range(1000)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return (
        f"Rows reviewed until {100 * SHARE:.0f} % of {m} wrong labels among {n:,} rows are found: "
        f"queue order {rows_until(is_wrong[order], SHARE):,}, "
        f"random order {expected_rows_until(n, m, SHARE):,.0f} "
        f"(95 % of 1,000 orders: {low:,.0f} to {high:,.0f})"
    )


def found_flaws(collection: Collection, rows: Sequence[int]) -> dict[str, int]:
    """Count the flaws among some rows by kind, those first that the annotator discards."""
    counts = provenance(collection)["flaw"].iloc[list(rows)].value_counts()
    return {kind: int(counts.get(kind, 0)) for kind in DISCARDED}


def _work(setup: Reviewed, way: str, name: str, seed: int, flaws: Mapping[str, int]) -> Any:
    scores = {}
    if evidence.needs_scores(name):
        scores = evidence.score(setup, demo.NAME, evidence.checkers_of(name))
    run, labels = evidence.train(setup, demo.NAME, name, seed, scores)
    return [{**run, "way": way, "reviewed": len(setup.rows), "found": dict(flaws)}], labels


def _line(run: Mapping[str, Any]) -> str:
    return (
        f"{WAYS[run['way']]:18} {run['arm']:16} seed {run['seed']}  "
        f"test {points(run['accuracy'])}  validation {points(run['val_accuracy'])}  "
        f"{sum(run['found'].values())} discarded  {run['seconds']:.0f} s"
    )


def table(found: Mapping[str, Any]) -> str:
    """Write accuracy and flaws found by arm and way, and the paired differences below."""
    runs = found["runs"]
    if not runs:
        return "No run yet."
    truth = resumable.as_ids(found["labels"][demo.NAME])
    kinds = ", ".join(kind.replace("_", " ") for kind in DISCARDED)
    lines = [
        f"| arm | | accuracy, 95 % interval | seeds | reviewed | discarded ({kinds}) |",
        "|---|---|---|---|---|---|",
    ]
    arms = list(dict.fromkeys(run["arm"] for run in runs))
    for arm in arms:
        for way, said in WAYS.items():
            own = [run for run in runs if (run["arm"], run["way"]) == (arm, way)]
            if own:
                reached = mean_interval(np.stack([_said(run) for run in own]), truth)
                by_kind = {kind: np.mean([run["found"][kind] for run in own]) for kind in DISCARDED}
                each = ", ".join(f"{value:.3g}" for value in by_kind.values())
                lines.append(
                    f"| {arm} | {said} | {points(reached.mean)} [{points(reached.low)}, "
                    f"{points(reached.high)}] | {len(own)} | {own[0]['reviewed']} | "
                    f"{sum(by_kind.values()):.4g} ({each}) |"
                )
    for arm in arms:
        lines += ["", f"{arm}, points with 95 % interval:", "", *_differences(runs, arm, truth)]
    return "\n".join(lines)


def _differences(runs: Sequence[Mapping[str, Any]], arm: str, truth: np.ndarray) -> list[str]:
    """One line a pair of ways: their paired difference, and its p-value after Holm."""
    by_way = {
        way: {run["seed"]: _said(run) for run in runs if (run["arm"], run["way"]) == (arm, way)}
        for way in WAYS
    }
    pairs = {}
    for first, second in ((QUEUE, BEFORE), (RANDOM, BEFORE), (QUEUE, RANDOM)):
        seeds = sorted(by_way[first].keys() & by_way[second].keys())
        if seeds:
            both = [np.stack([by_way[way][seed] for seed in seeds]) for way in (first, second)]
            pairs[first, second] = paired_difference(both[0], both[1], truth)
    adjusted = holm([each.p_value for each in pairs.values()])
    return [
        f"- {WAYS[first]} minus {WAYS[second]}: {points(each.mean, signed=True)} "
        f"[{points(each.low, signed=True)}, {points(each.high, signed=True)}], "
        f"{p_in_words(p)} after Holm, seeds: {each.n_seeds}"
        for ((first, second), each), p in zip(pairs.items(), adjusted, strict=True)
    ]


def _said(run: Mapping[str, Any]) -> np.ndarray:
    return resumable.as_ids(run["predictions"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Say how far one has to read, run what is missing from the file, print the table."""
    options = _parser().parse_args(arguments)
    setup = Reviewed(
        Path(),
        options.pool,
        options.test_rows,
        FitSettings(epochs=options.epochs),
        options.out.with_suffix(".work"),
    )
    collection = setup.collection(demo.NAME)
    order = whole_order(collection, agreement(collection, setup.folder))
    n = len(order)
    if not 1 <= options.rows <= n:
        raise SystemExit(f"--rows is {options.rows}; the pool has {n} rows.")
    print(search(collection, order), flush=True)
    found = resumable.read(options.out, {**setup.shared, "rows": options.rows})
    if not options.table:
        done = {(run["way"], run["arm"], run["seed"]) for run in found["runs"]}
        todo = []
        for seed in range(options.seeds):
            seen = {BEFORE: [], QUEUE: order, RANDOM: random_order(n, seed)}
            for arm in options.arms:
                for way in WAYS:
                    rows = tuple(int(row) for row in seen[way][: options.rows])
                    flaws = found_flaws(collection, rows)
                    if (way, arm, seed) not in done:
                        todo.append((replace(setup, rows=rows), way, arm, seed, flaws))
        resumable.complete(found, options.out, _work, todo, jobs=options.jobs, say=_line)
    print(table(found))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Review the demo by a simulated annotator.")
    parser.add_argument("--arms", type=lambda text: text.split(","), default=["ce"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=150)
    parser.add_argument("--pool", type=int, default=1800)
    parser.add_argument("--test-rows", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    return parser


if __name__ == "__main__":
    main()
