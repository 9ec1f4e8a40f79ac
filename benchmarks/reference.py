"""Hold synthcur's training against the published recipe, written plainly, on one task.

    python -m benchmarks.reference --data DIR/TASK [--pool N] [--seeds 3] [--arms imp,dimp]
                                   [--epochs 5] [--workers 1] [--out F.json]

Both checkers are trained once by the plain recipe (`benchmarks.recipe`). Then every arm is trained
with every seed in two ways: ``plain``, which asks the checkers in every step, and ``synthcur``,
`training.trainer.fit` on weights looked up from what the same checkers said once. Equal seeds
begin with equal parameters; the order of the rows and the dropout differ. What is finished is kept
in the file of ``--out`` and not done again. Threads are those of the environment.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from benchmarks import recipe
from benchmarks.tasks import read_task, sub_pool
from synthcur.arms import ARMS
from synthcur.environment import ENVIRONMENT
from synthcur.errors import InputError, SynthcurError
from synthcur.models.classifier import Classifier, build, predict_proba
from synthcur.models.pretrained import default_device, has_bfloat16
from synthcur.schema import TEST, VALIDATION, Collection
from synthcur.settings import BUNDLED_MODEL, FitSettings
from synthcur.stats.metrics import accuracy, paired_difference
from synthcur.training.pools import Examples, judging_rows, make_pool
from synthcur.training.training_sets import rows_of
from synthcur.wording import points, seeds_in_words

PLAIN, PACKAGE = "plain", "synthcur"
WAYS = (PLAIN, PACKAGE)
CHECKERS = {"ce": (), "imp": ("quality", "diversity"), "dimp": ("quality",)}
"""The checkers that each arm's plain loss asks in every step."""

CHECKER_SEED = 0


@dataclass(frozen=True)
class Setup:
    """What all runs share.

    Attributes
    ----------
    data
        The task folder.
    pool
        Synthetic rows to draw; None for all.
    fit
        Base model and recipe.
    folder
        Where the two checkers and what they said are kept.
    """

    data: Path
    pool: int | None
    fit: FitSettings
    folder: Path

    def collection(self) -> Collection:
        """Read the task with its sub-pool."""
        return sub_pool(read_task(self.data), self.pool)


@dataclass(frozen=True)
class Run:
    """One training: an arm, a seed, and the way it is trained."""

    arm: str
    seed: int
    way: str


def train_checkers(setup: Setup) -> dict[str, Any]:
    """Train both checkers by the plain recipe, ask them about the pool, and keep all of it.

    Returns
    -------
    dict
        By role: the best accuracy on the validation rows, and the seconds that asking took.
    """
    setup.folder.mkdir(parents=True, exist_ok=True)
    collection = setup.collection()
    found = {}
    for role, rows in (("quality", collection.real_train), ("diversity", collection.synthetic)):
        classifier = _fresh(collection, setup.fit, CHECKER_SEED)
        learned = recipe.encode(classifier, rows, collection.label_ids(rows))
        trained = _train(setup.fit, classifier, recipe.cross_entropy, learned, collection, seed=0)
        began = time.perf_counter()
        probs = recipe.predict(classifier.model, _encoded_pool(classifier, collection))
        seconds = time.perf_counter() - began
        np.save(setup.folder / f"{role}.npy", probs)
        save_file(classifier.model.state_dict(), setup.folder / f"{role}.safetensors")
        found[role] = {"val_accuracy": max(trained.val_accuracies), "asking_s": round(seconds, 1)}
    return found


def do_run(setup: Setup, run: Run) -> dict[str, Any]:
    """Do one run; return what was measured and the label ids it predicts for the test rows."""
    collection = setup.collection()
    test = judging_rows(collection, TEST)
    train = _run_plain if run.way == PLAIN else _run_package
    said, measured = train(setup, run, collection, test)
    precision = "bfloat16" if run.way == PACKAGE and has_bfloat16(default_device()) else "float32"
    return {
        **asdict(run),
        "accuracy": accuracy(said, test.labels),
        **measured,
        "precision": precision,
        "device": default_device().type,
        "threads": torch.get_num_threads(),
        "predictions": said.tolist(),
    }


def _run_plain(
    setup: Setup, run: Run, collection: Collection, test: Examples
) -> tuple[np.ndarray, dict[str, Any]]:
    checkers = [_kept_checker(setup, role, collection) for role in CHECKERS[run.arm]]
    made = {"imp": recipe.imp, "dimp": recipe.dimp}
    loss = made[run.arm](*checkers) if run.arm in made else recipe.cross_entropy
    classifier = _fresh(collection, setup.fit, run.seed)
    rows = _encoded_pool(classifier, collection)
    trained = _train(setup.fit, classifier, loss, rows, collection, seed=run.seed)
    probs = recipe.predict(classifier.model, recipe.encode(classifier, test.rows, test.labels))
    measured = {
        "val_accuracy": max(trained.val_accuracies),
        "best_epoch": trained.best_epoch,
        "samples_per_s": trained.samples_per_s,
    }
    return probs.argmax(axis=1), measured


def _run_package(
    setup: Setup, run: Run, collection: Collection, test: Examples
) -> tuple[np.ndarray, dict[str, Any]]:
    from synthcur.training.trainer import fit

    pool = make_pool(
        collection,
        [],
        quality_probs=np.load(setup.folder / "quality.npy"),
        diversity_probs=np.load(setup.folder / "diversity.npy"),
    )
    result = fit(
        rows_of(ARMS[run.arm], pool),
        judging_rows(collection, VALIDATION),
        labels=collection.labels,
        settings=setup.fit,
        seed=run.seed,
    )
    measured = {
        "val_accuracy": result.val_accuracy,
        "best_epoch": result.best_epoch,
        "samples_per_s": result.samples_per_s,
    }
    return predict_proba(result.classifier, test.rows).argmax(axis=1), measured


def _fresh(collection: Collection, fit: FitSettings, seed: int) -> Classifier:
    torch.manual_seed(seed)
    return build(fit.base_model, collection.labels, max_length=fit.max_length)


def _kept_checker(setup: Setup, role: str, collection: Collection) -> Any:
    model = _fresh(collection, setup.fit, CHECKER_SEED).model
    model.load_state_dict(load_file(setup.folder / f"{role}.safetensors"))
    return model


def _encoded_pool(classifier: Classifier, collection: Collection) -> recipe.Encoded:
    rows = collection.synthetic
    return recipe.encode(classifier, rows, collection.label_ids(rows))


def _train(
    fit: FitSettings,
    classifier: Classifier,
    loss: recipe.Loss,
    rows: recipe.Encoded,
    collection: Collection,
    *,
    seed: int,
) -> recipe.Trained:
    judges = judging_rows(collection, VALIDATION)
    return recipe.train(
        classifier.model,
        loss,
        rows,
        recipe.encode(classifier, judges.rows, judges.labels),
        seed=seed,
        epochs=fit.epochs,
        batch_size=fit.batch_size,
        learning_rate=fit.learning_rate,
    )


def open_record(path: Path, setup: Setup, collection: Collection) -> dict[str, Any]:
    """Read what is finished, or begin anew where there is no file.

    Raises
    ------
    InputError
        If the file is of other rows or another recipe.
    """
    settings = {"rows": collection.fingerprint, "fit": setup.fit.to_dict()}
    if not path.exists():
        return {
            "task": collection.name,
            "settings": settings,
            "synthetic_rows": len(collection.synthetic),
            "labels": judging_rows(collection, TEST).labels.tolist(),
            "checkers": {},
            "runs": [],
        }
    record = json.loads(path.read_text("utf-8"))
    if record["settings"] != settings:
        raise InputError(
            f"{path} holds runs on other rows or of another recipe.", fix="Name another --out."
        )
    return record


def save_record(path: Path, record: Mapping[str, Any]) -> None:
    """Replace the file by the record in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(record), "utf-8")
    os.replace(beside, path)


def missing_runs(record: Mapping[str, Any], arms: Sequence[str], seeds: int) -> list[Run]:
    """List the runs that the record does not hold, both ways of one arm and seed side by side."""
    done = {(run["arm"], run["seed"], run["way"]) for run in record["runs"]}
    wanted = itertools.product(range(seeds), arms, WAYS)
    return [Run(arm, seed, way) for seed, arm, way in wanted if (arm, seed, way) not in done]


def run_line(run: Mapping[str, Any]) -> str:
    """Write one finished run as a line."""
    return (
        f"{run['arm']:5} seed {run['seed']}  {run['way']:8}  test {points(run['accuracy'])}  "
        f"val {points(run['val_accuracy'])} in epoch {run['best_epoch']}  "
        f"{run['samples_per_s']:.1f} samples/s  ({run['precision']}, {run['device']}, "
        f"threads {run['threads']})"
    )


def table(record: Mapping[str, Any], arms: Sequence[str], seeds: int) -> str:
    """Compare the two ways of every arm over the seeds; all runs must be in the record."""
    lines = [
        f"{record['task']}: {record['synthetic_rows']:,} synthetic rows, "
        f"{len(record['labels']):,} test rows, {seeds_in_words(seeds)}; accuracy in percent",
        f"{'arm':5} {'way':8} {'mean':>6} {'sd':>5} {'val':>6} {'samples/s':>10}",
    ]
    for arm in arms:
        lines += _arm_lines(record, arm, seeds)
    asked = ", ".join(
        f"{role} {points(found['val_accuracy'])} % right on validation rows, "
        f"asked once in {found['asking_s']} s"
        for role, found in record["checkers"].items()
    )
    return "\n".join([*lines, f"checkers: {asked}"])


def _arm_lines(record: Mapping[str, Any], arm: str, seeds: int) -> Iterator[str]:
    runs = {
        way: [
            next(r for r in record["runs"] if (r["arm"], r["seed"], r["way"]) == (arm, seed, way))
            for seed in range(seeds)
        ]
        for way in WAYS
    }
    rates = {way: float(np.median([r["samples_per_s"] for r in runs[way]])) for way in WAYS}
    for way in WAYS:
        reached = 100 * np.array([run["accuracy"] for run in runs[way]])
        spread = f"{reached.std(ddof=1):.1f}" if seeds > 1 else "–"
        val = float(np.mean([run["val_accuracy"] for run in runs[way]]))
        yield (
            f"{arm:5} {way:8} {reached.mean():6.1f} {spread:>5} {points(val):>6} {rates[way]:10.1f}"
        )
    package, plain = ([run["predictions"] for run in runs[way]] for way in (PACKAGE, PLAIN))
    difference = paired_difference(package, plain, record["labels"])
    mean, low, high = (
        points(value, signed=True) for value in (difference.mean, difference.low, difference.high)
    )
    yield (
        f"      synthcur − plain: {mean} points, 95 % interval {low} to {high}; "
        f"{rates[PACKAGE] / rates[PLAIN]:.1f} times the samples/s (medians over seeds)"
    )


def execute(setup: Setup, record: dict[str, Any], path: Path, runs: Sequence[Run], workers: int):
    """Do the missing work, each part in a process of its own, and save after each."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as processes:
        try:
            if not record["checkers"]:
                record["checkers"] = processes.submit(train_checkers, setup).result()
                save_record(path, record)
            for future in as_completed([processes.submit(do_run, setup, run) for run in runs]):
                record["runs"].append(future.result())
                save_record(path, record)
                print(run_line(record["runs"][-1]), flush=True)
        finally:
            processes.shutdown(wait=False, cancel_futures=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, do what is missing, print the table."""
    parser = argparse.ArgumentParser(description="Compare synthcur with the plain recipe.")
    parser.add_argument("--data", type=Path, required=True, help="a task folder")
    parser.add_argument("--pool", type=int, help="synthetic rows to draw; default: all")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", default="imp,dimp", help=f"of {', '.join(CHECKERS)}")
    parser.add_argument("--epochs", type=int, default=recipe.EPOCHS)
    parser.add_argument("--model", default=BUNDLED_MODEL, help="the base model")
    parser.add_argument("--workers", type=int, default=1, help="runs at a time; they share cores")
    parser.add_argument("--out", type=Path, help="default: build/reference-TASK.json")
    options = parser.parse_args(arguments)
    arms = options.arms.split(",")
    if not set(arms) <= set(CHECKERS):
        parser.error(f"--arms is {options.arms}; choose of {', '.join(CHECKERS)}")
    path = options.out or Path("build") / f"reference-{options.data.resolve().name}.json"
    fit = FitSettings(
        base_model=options.model,
        epochs=options.epochs,
        learning_rate=recipe.LEARNING_RATE,
        batch_size=recipe.BATCH_SIZE,
    )
    setup = Setup(options.data, options.pool, fit, path.with_suffix(".checkers"))
    try:
        record = open_record(path, setup, setup.collection())
        runs = missing_runs(record, arms, options.seeds)
        if runs:
            execute(setup, record, path, runs, options.workers)
    except SynthcurError as error:
        sys.exit(str(error))
    print(table(record, arms, options.seeds))


if __name__ == "__main__":
    main()
