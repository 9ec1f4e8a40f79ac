"""Train with different numbers of real rows on several tasks, to see when synthetic data pays.

    python -m benchmarks.real_rows --data DIR --tasks a,b [--sizes 25,50,100,200,400] [--seeds 3]
        [--arms ce_real,ce,ce_both,imp,dimp,consensus] [--checkers probe] [--pool 1000]
        [--test-rows 1000] [--epochs 5] [--jobs 2] [--table] --out results.json

What the job behind ``python -m synthcur learning-curve`` does, by the same code: subsets of the
real training rows are nested and stratified, each gives checkers of its own, and arms that read no
real row run once per seed. A task is ``demo`` or a folder of DIR (see `benchmarks.tasks`); sizes
that it has no rows for are left out. Resumable: what is there is not trained again. The tables at
the end are of everything in the file, and an HTML file of the same name holds the figures.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import evidence, resumable
from synthcur import demo
from synthcur.charts.learning import learning_chart
from synthcur.charts.palette import LIGHT
from synthcur.results.learning_curves import curve_table
from synthcur.schema import Collection
from synthcur.settings import CHECKER_KINDS, FitSettings
from synthcur.store.artefacts import Artefacts
from synthcur.training.curve_results import Summary
from synthcur.training.learning_curve import (
    NO_REAL_ROWS,
    SIZES,
    LearningCurveSettings,
    default_arms,
    summary,
)
from synthcur.wording import points
from synthcur.worker.learning_runs import Subject, runs_with


@dataclass(frozen=True)
class Asked:
    """What is run of one task."""

    setup: evidence.Setup
    task: str
    settings: LearningCurveSettings


def possible(settings: LearningCurveSettings, collection: Collection) -> LearningCurveSettings:
    """Leave out the sizes that a task has no rows for."""
    labels = collection.real_train_labels
    least, most = len(np.unique(labels)), len(labels)
    return replace(settings, sizes=[size for size in settings.sizes if least <= size <= most])


def _work(asked: Asked, n_real: int, seed: int) -> tuple[list[dict[str, Any]], str]:
    """Train the arms that are asked for with one seed on one number of real rows."""
    folder = asked.setup.folder
    subject = Subject(
        collection=asked.setup.collection(asked.task),
        settings=asked.settings,
        artefacts=Artefacts(folder / "artefacts", shipped=(demo.ARTEFACTS,)),
    )
    runs = []
    for run in runs_with(subject, n_real, seed, folder):
        probs = subject.artefacts.array(run["predictions"], "probs")
        word = resumable.as_word(probs.argmax(axis=1))
        runs.append({**run, "task": asked.task, "predictions": word})
        truth = subject.artefacts.array(run["predictions"], "labels")
    return runs, resumable.as_word(truth)


def _line(run: Mapping[str, Any]) -> str:
    trust = run["quality_accuracy"]
    asked = "" if trust is None else f"  P' {points(trust)}"
    return (
        f"{run['task']:16} {run['n_real']:4} real  {run['arm']:12} seed {run['seed']}  "
        f"test {points(run['accuracy'])}{asked}  {run['seconds']:.0f} s"
    )


def summaries(found: Mapping[str, Any]) -> dict[str, tuple[Summary, list[int]]]:
    """Summarise the runs of every task, each with the sizes it has."""
    said: dict[str, dict[tuple[str, int], dict[int, np.ndarray]]] = {}
    for run in found["runs"]:
        cell = said.setdefault(run["task"], {}).setdefault((run["arm"], run["n_real"]), {})
        cell[run["seed"]] = resumable.as_ids(run["predictions"])
    result = {}
    for task, runs in said.items():
        arms = sorted({arm for arm, _ in runs}, key=(*default_arms(), *(a for a, _ in runs)).index)
        sizes = sorted({size for _, size in runs} - {NO_REAL_ROWS})
        if sizes:
            labels = resumable.as_ids(found["labels"][task])
            result[task] = summary(runs, labels, arms), sizes
    return result


def table(found: Mapping[str, Any]) -> str:
    """Write every task as a Markdown table of accuracies, with the comparisons below it."""
    lines = []
    for task, (curve, sizes) in summaries(found).items():
        head, *rows = curve_table(curve.arms, sizes)
        seeds = max(point.accuracy.n_seeds for arm in curve.arms for point in arm.points)
        lines += [f"{task}, accuracy by real training rows, at most {seeds} seeds:", ""]
        lines += [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
        lines += ["", curve.verdict, *(f"- {each.sentence}" for each in curve.pays), ""]
    return "\n".join(lines) or "No run yet."


def write_figures(found: Mapping[str, Any], path: Path) -> None:
    """Write the figure of every task into one HTML file."""
    figures = []
    for number, (task, (curve, sizes)) in enumerate(summaries(found).items()):
        figure = learning_chart(curve.arms, sizes, palette=LIGHT, height=360)
        figure.update_layout(title=task, margin={"t": 40, "r": 130}, width=780)
        figures.append(figure.to_html(full_html=False, include_plotlyjs=number == 0))
    path.write_text("\n".join(["<!doctype html><meta charset=utf-8>", *figures]), "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing from the file, print the tables, write the figures."""
    options = _parser().parse_args(arguments)
    setup = evidence.Setup.given(options, FitSettings(epochs=options.epochs))
    settings = LearningCurveSettings(
        arms=options.arms,
        seeds=options.seeds,
        sizes=options.sizes,
        fit=setup.fit,
        checkers=options.checkers,
    )
    found = resumable.read(options.out, {**setup.shared, "checkers": options.checkers})
    if not options.table:
        setup.folder.mkdir(parents=True, exist_ok=True)
        todo = _todo(found, setup, settings, options.tasks)
        resumable.complete(found, options.out, _work, todo, jobs=options.jobs, say=_line)
    print(table(found))
    write_figures(found, options.out.with_suffix(".html"))


def _todo(
    found: Mapping[str, Any],
    setup: evidence.Setup,
    settings: LearningCurveSettings,
    tasks: Sequence[str],
) -> list[tuple[Asked, int, int]]:
    """List a piece of work a task, size and seed, of the arms that are missing from the file."""
    done = {(run["task"], run["arm"], run["n_real"], run["seed"]) for run in found["runs"]}
    todo = []
    for seed in range(settings.seeds):
        for task in tasks:
            own = possible(settings, setup.collection(task))
            for n_real in (NO_REAL_ROWS, *own.sizes):
                arms = [
                    arm.name
                    for arm in own.arms_at(n_real)
                    if (task, arm.name, n_real, seed) not in done
                ]
                if arms:
                    todo.append((Asked(setup, task, replace(own, arms=arms)), n_real, seed))
    return todo


def _parser() -> argparse.ArgumentParser:
    def numbers(text: str) -> tuple[int, ...]:
        return tuple(int(name) for name in resumable.names(text))

    parser = resumable.parser(
        "Train with different numbers of real rows.",
        tasks=(demo.NAME,),
        arms=default_arms(),
        seeds=3,
    )
    parser.add_argument("--sizes", type=numbers, default=SIZES)
    parser.add_argument("--checkers", choices=CHECKER_KINDS, default="probe")
    parser.add_argument("--epochs", type=int, default=5)
    return parser


if __name__ == "__main__":
    main()
