"""Learning curves as the Results page shows them and ``learning-curve`` prints them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synthcur.stats.majority import majority_score
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job, LearningRun
from synthcur.store.store import Store
from synthcur.training.learning_curve import NO_REAL_ROWS, LearningCurveSettings, summary
from synthcur.wording import points, seeds_in_words


def newest_job(store: Store, name: str) -> Job | None:
    """Return the collection's newest learning curve, None before the first."""
    return next(iter(store.jobs(name, JobKind.LEARNING_CURVE)), None)


def learning_results(store: Store, job: Job) -> dict[str, Any]:
    """Read a learning curve as far as it has got.

    Returns
    -------
    dict
        Plain data: ``collection``, ``job``, ``number``, ``status``, ``runs_finished``,
        ``runs_planned``, ``sizes``, ``seeds``, ``test_rows``, ``validation_rows``; ``quality``, the
        mean accuracy of the quality checkers by ``n_real``; ``quality_majority``, that of always
        naming the largest label of those rows; and what `learning_curve.summary` says of the runs,
        nothing of it before the first.
    """
    settings = LearningCurveSettings.from_dict(job.settings)
    runs = store.learning_runs(job.id)
    info = store.collection_info(job.collection)
    found = {
        "collection": job.collection,
        "job": job.id,
        "number": job.number,
        "status": job.status,
        "runs_finished": len(runs),
        "runs_planned": settings.n_runs,
        "sizes": list(settings.sizes),
        "seeds": settings.seeds,
        "test_rows": info.counts["test"],
        "validation_rows": info.counts["validation"],
        "quality": _quality(runs),
        "quality_majority": majority_score(store.collection(job.collection).real_train_labels),
    }
    if not runs:
        return {**found, "arms": [], "pays": [], "verdict": ""}
    said: dict[tuple[str, int], dict[int, np.ndarray]] = {}
    unfinished: dict[tuple[str, int], dict[int, str]] = {}
    for run in runs:
        probs = store.artefacts.array(run.predictions, "probs")
        said.setdefault((run.arm, run.n_real), {})[run.seed] = probs.argmax(axis=1)
        if run.unfinished:
            unfinished.setdefault((run.arm, run.n_real), {})[run.seed] = run.unfinished
    labels = store.artefacts.array(runs[0].predictions, "labels").astype(np.int64)
    return {**found, **summary(said, labels, settings.arms, unfinished)}


def learning_text(found: Mapping[str, Any]) -> str:
    """Write what `learning_results` returned as a table and sentences for a terminal."""
    head = (
        f"Learning curve {found['number']} on {found['collection']}: accuracy on "
        f"{found['test_rows']:,} test rows by the number of real training rows, "
        f"{seeds_in_words(found['seeds'])}, 95 % intervals over rows and seeds"
    )
    if found["runs_finished"] < found["runs_planned"]:
        head += f" ({found['runs_finished']} of {found['runs_planned']} runs finished)"
    if "majority" in found:
        head += f"; always naming the largest label: {points(found['majority'])} %"
    lines = curve_table(found["arms"], found["sizes"])
    widths = [max(len(row[i]) for row in lines) for i in range(len(lines[0]))]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in lines]
    undertrained = (*found.get("learned_nothing", ()), *found.get("unfinished", ()))
    sentences = [each["sentence"] for each in (*undertrained, *found["pays"])]
    return "\n".join([head, "", *table, "", found["verdict"], *sentences]).rstrip()


def curve_table(arms: Sequence[Mapping[str, Any]], sizes: Sequence[int]) -> list[list[str]]:
    """Write the curves as rows of cells: a head, then an arm a row; missing points are empty.

    Parameters
    ----------
    arms
        ``arms`` of `learning_curve.summary`.
    sizes
        Numbers of real rows, one a column. An arm that reads none says the same in each.
    """
    rows = [["arm", *(f"{size:,}" for size in sizes)]]
    for arm in arms:
        at = {point["n_real"]: point for point in arm["points"]}
        cells = [at.get(size, at.get(NO_REAL_ROWS)) for size in sizes]
        rows.append([arm["arm"], *("" if cell is None else _cell(cell) for cell in cells)])
    return rows


def _cell(point: Mapping[str, Any]) -> str:
    return f"{points(point['mean'])} [{points(point['low'])}, {points(point['high'])}]"


def _quality(runs: Sequence[LearningRun]) -> list[dict[str, Any]]:
    # Every arm of a seed and size has asked the same checker.
    by_size: dict[int, dict[int, float]] = {}
    for run in runs:
        if run.quality_accuracy is not None:
            by_size.setdefault(run.n_real, {})[run.seed] = run.quality_accuracy
    return [
        {"n_real": size, "accuracy": float(np.mean(list(found.values())))}
        for size, found in sorted(by_size.items())
    ]
