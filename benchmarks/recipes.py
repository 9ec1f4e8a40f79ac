"""Train by several recipes on several tasks, to see what the automatic one leaves on the table.

    python -m benchmarks.recipes --data DIR [--tasks demo,a,b] [--arms ce,ce_both,ce_real]
        [--recipes published,automatic,grid] [--seeds 3] [--pool 1000] [--test-rows 1000]
        [--jobs 2] [--table] --out recipes.json

A recipe is ``published``; ``automatic``; ``automatic/10``, cut at a tenth of its steps;
``2.4e-4x10``, the automatic one with that learning rate and that many passes over all rows; or
``grid``, 4 x 3 of these. The best of the grid by the *test* rows is no recipe that anybody could
follow but an upper mark: it is chosen a task and arm, on the seeds it is shown for. The probes
have one recipe and stand beside. Resumable: what is in the file of ``--out`` is not trained again.
"""

import argparse
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks import resumable
from benchmarks.evidence import Setup
from synthcur import demo
from synthcur.arms import get_arm
from synthcur.schema import TEST, VALIDATION
from synthcur.settings import FitSettings
from synthcur.stats.metrics import accuracy, macro_f1
from synthcur.training.pools import judging_rows, make_pool
from synthcur.training.recipes import recipe_of
from synthcur.training.training_sets import rows_of
from synthcur.training.unfinished import Course, why_unfinished
from synthcur.wording import points

PUBLISHED, AUTOMATIC, CUT = "published", "automatic", "automatic/10"
RATES = ("6e-5", "1.2e-4", "2.4e-4", "4.8e-4")
PASSES = ("2", "5", "10")
GRID = tuple(f"{rate}x{passes}" for rate, passes in itertools.product(RATES, PASSES))

ARMS = ("ce", "ce_both", "ce_real")


def recipe(name: str, *, n_synthetic: int, n_real: int, n_labels: int) -> FitSettings:
    """Return the recipe of a name for all arms of a task.

    Parameters
    ----------
    name
        As in ``--recipes``; not ``grid``.
    n_synthetic, n_real, n_labels
        Of the task.
    """
    from synthcur.training.recipes import automatic_recipe

    if name == PUBLISHED:
        return FitSettings()
    n_rows = n_synthetic + n_real
    found = automatic_recipe(FitSettings(), n_rows=n_rows, n_labels=n_labels)
    assert found.steps is not None
    if name == AUTOMATIC:
        return found
    if name == CUT:
        return replace(found, steps=max(1, found.steps // 10))
    rate, _, passes = name.partition("x")
    a_pass = -(-n_rows // found.batch_size)
    return replace(found, learning_rate=float(rate), steps=int(passes) * a_pass)


@dataclass(frozen=True)
class Asked:
    """One run: a task, an arm, a recipe and a seed."""

    setup: Setup
    task: str
    arm: str
    recipe: str
    seed: int


def train(asked: Asked) -> tuple[list[dict[str, Any]], str]:
    """Do one run and return it with the true labels of the test rows as a word."""
    from synthcur.models.classifier import predict_proba
    from synthcur.training.trainer import fit

    collection, arm = asked.setup.collection(asked.task), get_arm(asked.arm)
    pool = make_pool(collection, [])
    n_synthetic, n_real = pool.sizes
    n_labels = len(pool.labels)
    found = recipe(asked.recipe, n_synthetic=n_synthetic, n_real=n_real, n_labels=n_labels)
    rows, test = rows_of(arm, pool, seed=asked.seed), judging_rows(collection, TEST)
    history: list[dict[str, Any]] = []
    result = fit(
        rows,
        judging_rows(collection, VALIDATION),
        labels=collection.labels,
        settings=recipe_of(arm, found, n_synthetic, n_real),
        seed=asked.seed,
        on_row=history.append,
    )
    said = predict_proba(result.classifier, test.rows).argmax(axis=1)
    course = Course(
        learned=result.learned,
        val_log_losses=[row["val_log_loss"] for row in history if "val_log_loss" in row],
        steps=history[-1]["step"],
        n_rows=len(rows.labels),
        n_labels=n_labels,
        batch_size=found.batch_size,
    )
    run = {
        "task": asked.task,
        "arm": asked.arm,
        "recipe": asked.recipe,
        "seed": asked.seed,
        "accuracy": accuracy(said, test.labels),
        "macro_f1": macro_f1(said, test.labels),
        "val_accuracy": result.val_accuracy,
        "val_log_loss": result.val_log_loss,
        "learned": result.learned,
        "unfinished": why_unfinished(course),
        "best_epoch": result.best_epoch,
        "steps": history[-1]["step"],
        "rows": len(rows.labels),
        "epochs": [_of_epoch(row) for row in history if "learned" in row],
        "seconds": round(result.seconds, 1),
        "predictions": resumable.as_word(said),
    }
    return [run], resumable.as_word(test.labels)


def _of_epoch(row: Mapping[str, Any]) -> dict[str, float]:
    kept = ("step", "learned", "val_accuracy", "val_log_loss")
    return {name: round(row[name], 4) for name in kept if name in row}


def _line(run: Mapping[str, Any]) -> str:
    return (
        f"{run['task']:16} {run['arm']:10} {run['recipe']:12} seed {run['seed']}  "
        f"test {points(run['accuracy'])}  validation {points(run['val_accuracy'])} "
        f"{run['val_log_loss']:.3f}  learned {run['learned']:.2f}  {run['steps']} steps, "
        f"{run['seconds']:.0f} s{'  unfinished' if run['unfinished'] else ''}"
    )


def table(found: Mapping[str, Any]) -> str:
    """Write the mean accuracy of every arm and recipe a task, and what automatic falls short of.

    Parameters
    ----------
    found
        ``runs`` as in the file.
    """
    scores: dict[tuple[str, str, str], list[float]] = {}
    for run in found["runs"]:
        scores.setdefault((run["task"], run["arm"], run["recipe"]), []).append(run["accuracy"])
    means = {key: float(np.mean(values)) for key, values in scores.items()}
    tasks = list(dict.fromkeys(run["task"] for run in found["runs"]))
    arms = list(dict.fromkeys(run["arm"] for run in found["runs"]))
    seeds = {len(values) for values in scores.values()}
    lines = [
        f"| arm | recipe | {' | '.join(tasks)} | mean |",
        f"|---|---|{'---|' * (len(tasks) + 1)}",
    ]
    for arm in arms:
        recipes = [name for name in (PUBLISHED, AUTOMATIC, CUT) if _has(means, arm, name)]
        rows = {name: [means.get((task, arm, name)) for task in tasks] for name in recipes}
        best = [_best(means, task, arm) for task in tasks]
        if any(value is not None for value in best):
            rows["of grid, by validation"] = [_by_validation(found, task, arm) for task in tasks]
            rows["best of grid, by test"] = best
            rows["automatic - best"] = [
                None
                if value is None or (task, arm, AUTOMATIC) not in means
                else means[task, arm, AUTOMATIC] - value
                for task, value in zip(tasks, best, strict=True)
            ]
        for name, values in rows.items():
            signed = name.startswith("automatic -")
            cells = ["" if each is None else points(each, signed=signed) for each in values]
            whole = [each for each in values if each is not None]
            mean = points(float(np.mean(whole)), signed=signed) if len(whole) == len(tasks) else ""
            lines.append(f"| {arm} | {name} | {' | '.join(cells)} | {mean} |")
    lines += ["", f"Seeds per cell: {min(seeds)} to {max(seeds)}." if seeds else "No run yet."]
    for name in (AUTOMATIC, CUT):
        own = [run for run in found["runs"] if run["recipe"] == name]
        marked = sum(1 for run in own if run["unfinished"])
        lines += [f"Marked as unfinished, {name}: {marked} of {len(own)} runs."] if own else []
    return "\n".join(lines)


def _by_validation(found: Mapping[str, Any], task: str, arm: str) -> float | None:
    """Mean test accuracy of the recipe of the grid with the lowest validation log loss."""
    runs = [run for run in found["runs"] if (run["task"], run["arm"]) == (task, arm)]
    tried = {name: [run for run in runs if run["recipe"] == name] for name in GRID}
    losses = {
        name: float(np.mean([run["val_log_loss"] for run in own]))
        for name, own in tried.items()
        if own
    }
    if not losses:
        return None
    chosen = min(losses, key=lambda name: losses[name])
    return float(np.mean([run["accuracy"] for run in tried[chosen]]))


def _has(means: Mapping[tuple[str, str, str], float], arm: str, recipe_name: str) -> bool:
    return any(key[1:] == (arm, recipe_name) for key in means)


def _best(means: Mapping[tuple[str, str, str], float], task: str, arm: str) -> float | None:
    reached = [means[task, arm, name] for name in GRID if (task, arm, name) in means]
    return max(reached, default=None)


def main() -> None:
    """Run what is missing from the file and print the table."""
    options = _options()
    setup = Setup.given(options, FitSettings())
    shared = {"pool": options.pool, "test_rows": options.test_rows}
    found = resumable.read(options.out, shared)
    if not options.table:
        names = [each for name in options.recipes for each in _unfolded(name)]
        done = {(run["task"], run["arm"], run["recipe"], run["seed"]) for run in found["runs"]}
        todo = [
            (Asked(setup, task, arm, name, seed),)
            for seed in range(options.seeds)
            for name in names
            for task in options.tasks
            for arm in options.arms
            if (task, arm, name, seed) not in done
        ]
        resumable.complete(found, options.out, train, todo, jobs=options.jobs, say=_line)
    print(table(found))


def _unfolded(name: str) -> Sequence[str]:
    return GRID if name == "grid" else (name,)


def _options() -> argparse.Namespace:
    parser = resumable.parser(
        "Train by several recipes on several tasks.", tasks=(demo.NAME,), arms=ARMS, seeds=3
    )
    recipes = (PUBLISHED, AUTOMATIC, "grid")
    parser.add_argument("--recipes", type=resumable.names, default=recipes)
    return parser.parse_args()


if __name__ == "__main__":
    main()
