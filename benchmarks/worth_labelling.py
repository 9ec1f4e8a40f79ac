"""Label further real rows by the queue "Worth labelling" or at random, and see what each gains.

    python -m benchmarks.worth_labelling --data DIR --tasks sst2,tweet_sentiment,clinc_intent
        [--arms witnesses] [--labels 50,100,200] [--seeds 5] [--pool 1000] [--test-rows 1000]
        [--jobs 2] [--table] --out worth.json

The unlabelled rows are ``real_more.jsonl`` of a task folder; their labels are read only for rows
that a queue has asked for, as an annotator who makes no mistake would give them. After each number
of ``--labels`` the quality probe is fitted anew to all real rows labelled so far and the rest of
the queue ordered again. An arm is trained on the real training rows and the new ones by the
automatic recipe; ``none`` is the same without any. Resumable: what is there is not trained again.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import resumable
from benchmarks.evidence import Setup
from synthcur.arms import get_arm
from synthcur.data.loading import read_table
from synthcur.review.worth_labelling import worth_labelling
from synthcur.schema import REAL, TEST, TRAIN, VALIDATION, Collection, sample_ids
from synthcur.settings import FitSettings, ScoreSettings
from synthcur.stats.metrics import Difference, accuracy, mean_over_tasks, paired_difference
from synthcur.store.artefacts import Artefacts
from synthcur.wording import points

NONE, RANDOM, WORTH = "none", "at random", "worth labelling"
NEIGHBOURS = 20
FILE = "real_more.jsonl"
FOLDS = 5
CALIBRATION = (1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class Asked:
    """One run: a task, an arm, the queue and how many of its rows are labelled, and a seed."""

    setup: Setup
    task: str
    arm: str
    queue: str
    stages: tuple[int, ...]
    seed: int


def unlabelled(asked: Asked, collection: Collection) -> pd.DataFrame:
    """Read the further real rows of a task, with the labels that only an annotator sees."""
    frame = read_table(asked.setup.data / asked.task / FILE, FILE).frame
    rows = pd.DataFrame({"source": REAL, "split": TRAIN, "text": frame["text"]}).assign(
        text_pair=frame.get("text_pair"),
        label=frame["label"],
        row=np.arange(1, len(frame) + 1),
    )
    known = set(collection.rows["text"])
    rows = rows[rows["label"].isin(collection.labels) & ~rows["text"].isin(known)]
    rows = rows.drop_duplicates("text").reset_index(drop=True)
    return rows.assign(sample_id=sample_ids(rows))


def labelled_rows(asked: Asked, collection: Collection, more: pd.DataFrame) -> np.ndarray:
    """Return the rows (n,) of `more` that the queue has asked for at the last stage."""
    if asked.queue == NONE:
        return np.zeros(0, dtype=np.int64)
    if asked.queue == RANDOM:
        return np.random.default_rng(asked.seed).permutation(len(more))[: asked.stages[-1]]
    from synthcur.checkers.projection import neighbours
    from synthcur.models.encoders import encode
    from synthcur.models.probes import choose_c, fit_probe, fold_ids

    vectors = encode(pd.concat([collection.real_train, more], ignore_index=True))
    real, free = vectors[: len(collection.real_train)], vectors[len(collection.real_train) :]
    own = collection.real_train_labels
    truth = collection.label_ids(more)
    _, cosine = neighbours(free, free, count=NEIGHBOURS, exclude_self=True)
    chosen = np.zeros(0, dtype=np.int64)
    n_labels = len(collection.labels)
    for stage in asked.stages:
        known, taught = np.concatenate([real, free[chosen]]), np.concatenate([own, truth[chosen]])
        folds = fold_ids(taught, FOLDS, seed=asked.seed)
        c = choose_c(known, taught, n_labels, folds=folds, grid=CALIBRATION)
        left = np.setdiff1d(np.arange(len(more)), chosen)
        probs = fit_probe(known, taught, n_labels, c).predict_proba(free[left])
        order = worth_labelling(probs, cosine[left], seed=asked.seed + stage)
        chosen = np.concatenate([chosen, left[order.rows[: stage - len(chosen)]]])
    return chosen


def with_labels(collection: Collection, new: pd.DataFrame) -> Collection:
    """Add labelled rows to the real training rows."""
    rows = pd.concat([collection.rows, new[list(collection.rows.columns)]], ignore_index=True)
    return replace(collection, rows=rows, provenance=pd.DataFrame(index=pd.RangeIndex(len(rows))))


def train(asked: Asked) -> tuple[list[dict[str, Any]], str]:
    """Do one run and return it with the true labels of the test rows as a word."""
    from synthcur.models.classifier import predict_proba
    from synthcur.training.pools import judging_rows, read_pool
    from synthcur.training.recipes import automatic_recipe, recipe_of
    from synthcur.training.trainer import fit
    from synthcur.training.training_sets import rows_of
    from synthcur.worker.scoring import check

    base, arm = asked.setup.collection(asked.task), get_arm(asked.arm)
    more = unlabelled(asked, base)
    new = more.iloc[labelled_rows(asked, base, more)]
    collection = with_labels(base, new)
    artefacts = Artefacts(asked.setup.folder / "artefacts")
    scores = check(collection, ScoreSettings(checkers="probe"), artefacts)
    pool = read_pool(collection, [], [arm], scores, artefacts)
    n_synthetic, n_real = pool.sizes
    found = automatic_recipe(
        FitSettings(), n_rows=n_synthetic + n_real, n_labels=len(collection.labels)
    )
    result = fit(
        rows_of(arm, pool, seed=asked.seed),
        judging_rows(collection, VALIDATION),
        labels=collection.labels,
        settings=recipe_of(arm, found, n_synthetic, n_real),
        seed=asked.seed,
    )
    test = judging_rows(collection, TEST)
    said = predict_proba(result.classifier, test.rows).argmax(axis=1)
    run = {
        "task": asked.task,
        "arm": asked.arm,
        "queue": asked.queue,
        "labels": len(new),
        "seed": asked.seed,
        "accuracy": accuracy(said, test.labels),
        "val_accuracy": result.val_accuracy,
        "quality_accuracy": artefacts.meta(scores["quality"])["trust"]["accuracy"],
        "seconds": round(result.seconds, 1),
        "predictions": resumable.as_word(said),
    }
    return [run], resumable.as_word(test.labels)


def _line(run: Mapping[str, Any]) -> str:
    return (
        f"{run['task']:16} {run['arm']:10} {run['labels']:4} {run['queue']:16} seed {run['seed']}  "
        f"test {points(run['accuracy'])}  validation {points(run['val_accuracy'])}  "
        f"P' {points(run['quality_accuracy'])}  {run['seconds']:.0f} s"
    )


def table(found: Mapping[str, Any]) -> str:
    """Write what each queue gains over no further label, and over labels at random.

    Parameters
    ----------
    found
        ``runs`` and ``labels`` as in the file.
    """
    tasks = list(dict.fromkeys(run["task"] for run in found["runs"]))
    arms = list(dict.fromkeys(run["arm"] for run in found["runs"]))
    stages = sorted({run["labels"] for run in found["runs"]} - {0})
    lines = [
        f"| arm | labels | compared | {' | '.join(tasks)} | mean |",
        f"|---|---|---|{'---|' * (len(tasks) + 1)}",
    ]
    for arm in arms:
        for stage in stages:
            for queue, stand, rival in (
                (RANDOM, 0, NONE),
                (WORTH, 0, NONE),
                (WORTH, stage, RANDOM),
            ):
                pairs = [_pair(found, task, arm, (queue, stage), (rival, stand)) for task in tasks]
                cells = ["" if pair is None else _cell(paired_difference(*pair)) for pair in pairs]
                whole = [pair for pair in pairs if pair is not None]
                mean = _cell(mean_over_tasks(whole)) if len(whole) == len(tasks) else ""
                what = f"{queue} - {rival}"
                lines.append(f"| {arm} | {stage} | {what} | {' | '.join(cells)} | {mean} |")
    return "\n".join(lines)


def _cell(found: Difference) -> str:
    low, high = points(found.low, signed=True), points(found.high, signed=True)
    return f"{points(found.mean, signed=True)} [{low}, {high}]"


def _pair(
    found: Mapping[str, Any],
    task: str,
    arm: str,
    first: tuple[str, int],
    second: tuple[str, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Predictions of two ways for the seeds they share, (S, T) each, and the labels (T,)."""
    by_seed: list[dict[int, np.ndarray]] = []
    for queue, labels in (first, second):
        own = (
            run
            for run in found["runs"]
            if (run["task"], run["arm"], run["queue"], run["labels"]) == (task, arm, queue, labels)
        )
        by_seed.append({run["seed"]: resumable.as_ids(run["predictions"]) for run in own})
    seeds = sorted(by_seed[0].keys() & by_seed[1].keys())
    if not seeds:
        return None
    one, other = (np.stack([runs[seed] for seed in seeds]) for runs in by_seed)
    return one, other, resumable.as_ids(found["labels"][task])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing from the file and print the table."""
    options = _parser().parse_args(arguments)
    setup = Setup.given(options, FitSettings())
    stages = tuple(sorted(map(int, options.labels)))
    shared = {"pool": options.pool, "test_rows": options.test_rows, "labels": list(stages)}
    found = resumable.read(options.out, shared)
    if not options.table:
        done = {
            (run["task"], run["arm"], run["queue"], run["labels"], run["seed"])
            for run in found["runs"]
        }
        wanted = [(NONE, (0,))] + [
            (queue, stages[:n]) for n in range(1, len(stages) + 1) for queue in (WORTH, RANDOM)
        ]
        todo = [
            (Asked(setup, task, arm, queue, upto, seed),)
            for seed in range(options.seeds)
            for task in options.tasks
            for arm in options.arms
            for queue, upto in wanted
            if (task, arm, queue, upto[-1], seed) not in done
        ]
        resumable.complete(found, options.out, train, todo, jobs=options.jobs, say=_line)
    print(table(found))


def _parser() -> argparse.ArgumentParser:
    parser = resumable.parser(
        "Label further real rows by a queue or at random.",
        tasks=("sst2", "tweet_sentiment", "clinc_intent"),
        arms=("witnesses",),
        seeds=5,
    )
    parser.add_argument("--labels", type=resumable.names, default=("50", "100", "200"))
    return parser


if __name__ == "__main__":
    main()
