"""Train every arm on several tasks with several seeds, and say which way of training won.

    python -m benchmarks.evidence --data DIR --tasks demo,a,b --arms ce,ce_both,imp,dimp --seeds 5
        [--pool 1000] [--test-rows 1000] [--epochs 5] [--jobs 2] --out results.json

A task is ``demo``, a folder of DIR, or two of them as ``a:b``, the real rows of a with the pool
of b. An arm may name the checkers that supply its P' and Q: ``imp@probe``; without a name they
are the fine-tuned ones, as published, each trained once on all of its rows. An arm that asks
checkers out of fold needs the probes, as in ``witnesses@probe``. ``probe_real`` and ``probe_both``
are fitted to embeddings and not fine-tuned. Every run prints a line and is
kept in the file of ``--out`` together with what it predicted, so that the command can be stopped,
started again and widened: what is there is not trained again, and the table at the end is of
everything in the file. ``--jobs`` runs go side by side, each with its share of the cores, which
is faster than one run on all of them. ``--table`` only prints the table, of the tasks and arms
that are named or of all.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import resumable
from benchmarks.tasks import find_task, sub_pool
from synthcur import demo
from synthcur.arms import Arm, get_arm
from synthcur.checkers.checkers import QUALITY, ROLES, checker_recipe
from synthcur.schema import REAL, TEST, VALIDATION, Collection
from synthcur.settings import FitSettings, ScoreSettings, fingerprint
from synthcur.stats.metrics import Difference, accuracy, holm, macro_f1, mean_over_tasks
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training.pools import Pool, WeightedExamples, judging_rows, make_pool, read_pool
from synthcur.training.recipes import recipe_of
from synthcur.training.training_sets import rows_of
from synthcur.wording import points
from synthcur.worker import probe_arms
from synthcur.worker.scoring import check

PLAIN = ("ce_real", "ce_both")
"""What a user can do without weighting; the better one on the validation rows is the rival."""

ARMS_OF_A_LOOK = ("ce", "ce_real", "ce_both", "imp", "dimp")

PUBLISHED = "finetune"
"""Checkers of an arm that names none."""


@dataclass(frozen=True)
class Setup:
    """What all runs of a file share; equal for every run that is compared."""

    data: Path
    pool: int
    test_rows: int
    fit: FitSettings
    folder: Path

    @classmethod
    def given(cls, options: argparse.Namespace, fit: FitSettings) -> "Setup":
        """Return what the options of `resumable.parser` and a recipe make up."""
        folder = options.out.with_suffix(".work")
        return cls(options.data, options.pool, options.test_rows, fit, folder)

    @property
    def shared(self) -> dict[str, Any]:
        """What has to be equal in a file that is gone on with."""
        return {"pool": self.pool, "test_rows": self.test_rows, "fit": self.fit.to_dict()}

    def collection(self, task: str) -> Collection:
        """Read a task with its sub-pool and its drawn test rows."""
        whole = find_task(self.data, task)
        return _draw_test(sub_pool(whole, self.pool), self.test_rows)


def main() -> None:
    """Run what is missing from the file and print the table."""
    options = _options()
    setup = Setup.given(options, FitSettings(epochs=options.epochs))
    found = resumable.read(options.out, setup.shared)
    if not options.table:
        todo = _todo(options, setup, found["runs"])
        resumable.complete(found, options.out, _work, todo, jobs=options.jobs, say=_line)
    elif options.tasks or options.arms:
        found["runs"] = chosen(found["runs"], options.tasks, options.arms)
    print(table(found))


def chosen(
    runs: Sequence[dict[str, Any]], tasks: Sequence[str], arms: Sequence[str]
) -> list[dict[str, Any]]:
    """Keep the runs of some tasks and arms; of all where none are named."""
    return [
        run
        for run in runs
        if (not tasks or run["task"] in tasks) and (not arms or run["arm"] in arms)
    ]


def _todo(
    options: argparse.Namespace, setup: Setup, runs: Sequence[Mapping[str, Any]]
) -> list[tuple[Setup, str, str, int, dict[str, str]]]:
    """List the runs that are missing, after what they need to know is scored."""
    done = {(run["task"], run["arm"], run["seed"]) for run in runs}
    missing: list[tuple[str, str, int]] = [
        (task, arm, seed)
        for seed in range(options.seeds)
        for task in options.tasks or [demo.NAME]
        for arm in options.arms or ARMS_OF_A_LOOK
        if (task, arm, seed) not in done
    ]
    pairs = sorted({(task, checkers_of(arm)) for task, arm, _ in missing if needs_scores(arm)})
    with resumable.processes(options.jobs) as executor:
        scoring = {pair: executor.submit(score, setup, *pair) for pair in pairs}
        scored = {pair: future.result() for pair, future in scoring.items()}
    return [
        (setup, task, arm, seed, scored.get((task, checkers_of(arm)), {}))
        for task, arm, seed in missing
    ]


def _line(run: Mapping[str, Any]) -> str:
    speed = f", {run['samples_per_s']:.0f} samples/s" if "samples_per_s" in run else ""
    return (
        f"{run['task']:16} {run['arm']:20} seed {run['seed']}  "
        f"test {points(run['accuracy'])}  validation {points(run['val_accuracy'])}  "
        f"{run['seconds']:.0f} s{speed}"
    )


def score(setup: Setup, task: str, checkers: str) -> dict[str, str]:
    """Ask the checkers of that kind, and return the names of what they said."""
    collection = setup.collection(task)
    artefacts = Artefacts(setup.folder / "artefacts")
    if checkers == PUBLISHED:
        return {role: _publish(setup, role, collection, artefacts) for role in ROLES}
    setup.folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(setup.folder / f"score-{task}-{checkers}.jsonl")
    settings = ScoreSettings(checkers=checkers, fit=setup.fit, finetune_folds=2)
    return check(collection, settings, artefacts, spool)


def _publish(setup: Setup, role: str, collection: Collection, artefacts: Artefacts) -> str:
    """Fine-tune one checker on all of its rows, as published, and ask it of the synthetic ones."""
    name = fingerprint("published", role, collection.fingerprint, setup.fit.to_dict())
    if artefacts.has(name):
        return name
    from synthcur.models.classifier import predict_proba
    from synthcur.training.trainer import fit

    own = collection.real_train if role == QUALITY else collection.synthetic
    validation = judging_rows(collection, VALIDATION)
    result = fit(
        WeightedExamples(own, collection.label_ids(own), np.ones(len(own))),
        validation,
        labels=collection.labels,
        settings=checker_recipe(
            role, len(own), len(collection.labels), ScoreSettings(fit=setup.fit)
        ),
        seed=0,
    )
    print(f"{collection.name:16} {role}: {points(result.val_accuracy)} on validation", flush=True)
    said = predict_proba(result.classifier, collection.synthetic)
    artefacts.write(name, arrays={"synthetic": said})
    return name


def _pool(
    setup: Setup, collection: Collection, name: str, arm: Arm, scores: Mapping[str, str]
) -> Pool:
    artefacts = Artefacts(setup.folder / "artefacts")
    if not scores or checkers_of(name) != PUBLISHED:
        return read_pool(collection, [], [arm], scores, artefacts)
    quality, diversity = (artefacts.array(scores[role], "synthetic") for role in ROLES)
    return make_pool(collection, [], quality_probs=quality, diversity_probs=diversity)


def train(
    setup: Setup, task: str, name: str, seed: int, scores: Mapping[str, str]
) -> tuple[dict[str, Any], str]:
    """Train an arm on a task and return the run and the true labels as a word."""
    collection, arm = setup.collection(task), get_arm(name.partition("@")[0])
    pool = _pool(setup, collection, name, arm, scores)
    rows, test = rows_of(arm, pool, seed=seed), judging_rows(collection, TEST)
    if arm.is_probe:
        said, figures = _fit_probe(setup, collection, pool, rows, seed)
    else:
        said, figures = _fine_tune(setup, collection, pool, arm, rows, seed)
    run = {
        "task": task,
        "arm": name,
        "seed": seed,
        "accuracy": accuracy(said, test.labels),
        "macro_f1": macro_f1(said, test.labels),
        "rows": len(rows.labels),
        **figures,
        "predictions": resumable.as_word(said),
    }
    return run, resumable.as_word(test.labels)


def _fine_tune(
    setup: Setup,
    collection: Collection,
    pool: Pool,
    arm: Arm,
    rows: WeightedExamples,
    seed: int,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Train a model; return the label ids it names for the test rows and its figures."""
    from synthcur.models.classifier import predict_proba
    from synthcur.training.trainer import fit

    result = fit(
        rows,
        judging_rows(collection, VALIDATION),
        labels=collection.labels,
        settings=recipe_of(arm, setup.fit, *pool.sizes),
        seed=seed,
    )
    figures = {
        "val_accuracy": result.val_accuracy,
        "best_epoch": result.best_epoch,
        "seconds": round(result.seconds, 1),
        "samples_per_s": round(result.samples_per_s, 1),
    }
    test = judging_rows(collection, TEST)
    return predict_proba(result.classifier, test.rows).argmax(axis=1), figures


def _fit_probe(
    setup: Setup, collection: Collection, pool: Pool, rows: WeightedExamples, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Do the same for a probe; its texts are read once a task."""
    judges = {split: judging_rows(collection, split) for split in (VALIDATION, TEST)}
    setup.folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(setup.folder / f"read-{collection.name}.jsonl")
    artefacts = Artefacts(setup.folder / "artefacts")
    vectors = probe_arms.read_vectors(collection, pool, judges, artefacts, spool)
    fitted = probe_arms.fit(rows, vectors, n_labels=len(collection.labels), seed=seed)
    reached = accuracy(fitted.validation.argmax(axis=1), judges[VALIDATION].labels)
    figures = {"val_accuracy": reached, "c": fitted.c, "seconds": round(fitted.seconds, 1)}
    return fitted.test.argmax(axis=1), figures


def _work(*arguments: Any) -> tuple[list[dict[str, Any]], str]:
    run, labels = train(*arguments)
    return [run], labels


def table(found: Mapping[str, Any]) -> str:
    """Write every arm of a results file as a Markdown table with differences below it.

    Parameters
    ----------
    found
        ``runs``, ``labels`` and ``setup``, as in the file.
    """
    seen = _Seen(found)
    lines = [
        f"| arm | {' | '.join(seen.tasks)} | mean | seeds |",
        f"|---|{'---|' * (len(seen.tasks) + 2)}",
    ]
    for arm in seen.arms:
        means = [seen.mean(task, arm, "accuracy") for task in seen.tasks]
        cells = ["" if mean is None else points(mean) for mean in means]
        whole = [mean for mean in means if mean is not None]
        mean = points(float(np.mean(whole))) if len(whole) == len(means) else ""
        lines.append(f"| {arm} | {' | '.join(cells)} | {mean} | {seen.n_seeds(arm)} |")
    rivals = [("ce", seen.always("ce")), ("dimp", seen.always("dimp"))]
    rivals.append(("the better plain way", seen.better_plain()))
    for title, rival in rivals:
        lines += ["", f"Against {title}, points with 95 % interval:", ""]
        lines += _against(seen, rival)
    return "\n".join(lines)


def _against(seen: "_Seen", rival: Mapping[str, str]) -> Iterator[str]:
    """One line an arm: its difference to the rival on every task, and their mean."""
    tasks = [task for task in seen.tasks if task in rival]
    found: dict[str, list[Difference]] = {}
    for arm in seen.arms:
        pairs = [seen.pair(task, arm, rival[task]) for task in tasks]
        whole = [pair for pair in pairs if pair is not None]
        if not tasks or len(whole) < len(tasks) or all(rival[task] == arm for task in tasks):
            continue
        found[arm] = [*(mean_over_tasks([pair]) for pair in whole), mean_over_tasks(whole)]
    if not found:
        yield "not run on every task yet"
        return
    adjusted = holm([differences[-1].p_value for differences in found.values()])
    yield f"| arm | {' | '.join(tasks)} | mean | p after Holm |"
    yield f"|---|{'---|' * (len(tasks) + 2)}"
    for (arm, differences), p in zip(found.items(), adjusted, strict=True):
        cells = [
            f"{points(each.mean, signed=True)} [{points(each.low, signed=True)}, "
            f"{points(each.high, signed=True)}]"
            for each in differences
        ]
        yield f"| {arm} | {' | '.join(cells)} | {p:.3f} |"


class _Seen:
    """The runs of a file by task, arm and seed."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._runs: dict[tuple[str, str], dict[int, dict[str, Any]]] = {}
        for run in sorted(found["runs"], key=lambda run: run["seed"]):
            self._runs.setdefault((run["task"], run["arm"]), {})[run["seed"]] = run
        self._labels = {task: resumable.as_ids(word) for task, word in found["labels"].items()}
        self.tasks = list(dict.fromkeys(run["task"] for run in found["runs"]))
        self.arms = list(dict.fromkeys(run["arm"] for run in found["runs"]))

    def n_seeds(self, arm: str) -> int:
        """Fewest seeds of an arm on any task it was run on."""
        return min(len(runs) for (_, name), runs in self._runs.items() if name == arm)

    def mean(self, task: str, arm: str, figure: str) -> float | None:
        """Mean of a figure over seeds; None where there is no run."""
        runs = self._runs.get((task, arm), {}).values()
        return float(np.mean([run[figure] for run in runs])) if runs else None

    def always(self, arm: str) -> dict[str, str]:
        """Name one arm as the rival on every task that has it."""
        return {task: arm for task in self.tasks if (task, arm) in self._runs}

    def better_plain(self) -> dict[str, str]:
        """Name the one of `PLAIN` that is better on the validation rows, for every task."""
        better = {}
        for task in self.tasks:
            reached = {arm: self.mean(task, arm, "val_accuracy") for arm in PLAIN}
            if None not in reached.values():
                better[task] = max(reached, key=lambda arm: reached[arm] or 0.0)
        return better

    def pair(
        self, task: str, arm: str, rival: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Predictions of two arms for the seeds they share, and the labels."""
        first, second = (self._runs.get((task, each), {}) for each in (arm, rival))
        seeds = [seed for seed in first if seed in second]
        if not seeds:
            return None
        both = [
            np.stack([resumable.as_ids(runs[seed]["predictions"]) for seed in seeds])
            for runs in (first, second)
        ]
        return both[0], both[1], self._labels[task]


def _draw_test(collection: Collection, size: int) -> Collection:
    rows = collection.rows
    is_test = ((rows["source"] == REAL) & (rows["split"] == TEST)).to_numpy()
    places = np.flatnonzero(is_test)
    if size >= len(places):
        return collection
    kept = ~is_test
    kept[np.random.default_rng(0).choice(places, size, replace=False)] = True
    return replace(
        collection,
        rows=rows[kept].reset_index(drop=True),
        provenance=collection.provenance[kept].reset_index(drop=True),
    )


def checkers_of(arm: str) -> str:
    """Return the kind of checkers that an arm, written as in ``--arms``, asks."""
    return arm.partition("@")[2] or PUBLISHED


def needs_scores(arm: str) -> bool:
    """Whether an arm, written as in ``--arms``, asks checkers at all."""
    return get_arm(arm.partition("@")[0]).needs_scores


def _options() -> argparse.Namespace:
    parser = resumable.parser("Train every arm on several tasks.", tasks=(), arms=(), seeds=5)
    parser.add_argument("--epochs", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
