"""Learning curves as the Results page shows them and ``learning-curve`` prints them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synthcur.stats.majority import majority_score
from synthcur.stats.metrics import Interval
from synthcur.store.job_kinds import JobKind
from synthcur.store.records import Job, LearningRun
from synthcur.store.store import Store
from synthcur.training.curve_results import Curve, Summary
from synthcur.training.learning_curve import NO_REAL_ROWS, LearningCurveSettings, summary
from synthcur.wording import points, seeds_in_words


def newest_job(store: Store, name: str) -> Job | None:
    """Return the collection's newest learning curve, None before the first."""
    return next(iter(store.jobs(name, JobKind.LEARNING_CURVE)), None)


@dataclass(frozen=True)
class Quality:
    """Mean accuracy of the quality checkers that `n_real` real rows gave, 0 to 1."""

    n_real: int
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class LearningResults:
    """A learning curve as far as it has got.

    Attributes
    ----------
    collection, job, number, status
        The collection, and the job's id, number and status.
    runs_finished, runs_planned
        How far it has got.
    sizes, seeds
        Numbers of real rows, rising, and number of seeds.
    test_rows, validation_rows
        The rows that tell, and those that choose the epoch.
    quality
        By rising size, where an arm has asked a quality checker.
    quality_majority
        Accuracy of always naming the largest label of the real training rows.
    summary
        What the runs say; None before the first.
    """

    collection: str
    job: str
    number: int
    status: str
    runs_finished: int
    runs_planned: int
    sizes: tuple[int, ...]
    seeds: int
    test_rows: int
    validation_rows: int
    quality: tuple[Quality, ...]
    quality_majority: float
    summary: Summary | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data, in which the summary's keys stand among the others."""
        quality = [asdict(each) for each in self.quality]
        found = {**asdict(self), "sizes": list(self.sizes), "quality": quality}
        del found["summary"]
        seen = self.summary
        return {**found, **(seen.to_dict() if seen else {"arms": [], "pays": [], "verdict": ""})}


def learning_results(store: Store, job: Job) -> LearningResults:
    """Read a learning curve as far as it has got."""
    settings = LearningCurveSettings.from_dict(job.settings)
    runs = store.learning_runs(job.id)
    collection = store.versions.read_by(job)
    counts = collection.counts
    return LearningResults(
        collection=job.collection,
        job=job.id,
        number=job.number,
        status=job.status,
        runs_finished=len(runs),
        runs_planned=settings.n_runs,
        sizes=settings.sizes,
        seeds=settings.seeds,
        test_rows=counts["test"],
        validation_rows=counts["validation"],
        quality=_quality(runs),
        quality_majority=majority_score(collection.real_train_labels),
        summary=_summary(store, runs, settings.arms) if runs else None,
    )


def _summary(store: Store, runs: Sequence[LearningRun], arms: Sequence[str]) -> Summary:
    said: dict[tuple[str, int], dict[int, np.ndarray]] = {}
    unfinished: dict[tuple[str, int], dict[int, str]] = {}
    for run in runs:
        probs = store.artefacts.array(run.predictions, "probs")
        said.setdefault((run.arm, run.n_real), {})[run.seed] = probs.argmax(axis=1)
        if run.unfinished:
            unfinished.setdefault((run.arm, run.n_real), {})[run.seed] = run.unfinished
    labels = store.artefacts.array(runs[0].predictions, "labels").astype(np.int64)
    return summary(said, labels, arms, unfinished)


def learning_text(found: LearningResults) -> str:
    """Write a learning curve as a table and sentences for a terminal."""
    head = (
        f"Learning curve {found.number} on {found.collection}: accuracy on "
        f"{found.test_rows:,} test rows by the number of real training rows, "
        f"{seeds_in_words(found.seeds)}, 95 % intervals over rows and seeds"
    )
    if found.runs_finished < found.runs_planned:
        head += f" ({found.runs_finished} of {found.runs_planned} runs finished)"
    seen = found.summary
    if seen is not None:
        head += f"; always naming the largest label: {points(seen.majority)} %"
    lines = curve_table(seen.arms if seen else [], found.sizes)
    widths = [max(len(row[i]) for row in lines) for i in range(len(lines[0]))]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in lines]
    said = []
    if seen is not None:
        spoken = (*seen.learned_nothing, *seen.unfinished, *seen.pays)
        said = [seen.verdict, *(each.sentence for each in spoken)]
    return "\n".join([head, "", *table, "", *said]).rstrip()


def curve_table(arms: Sequence[Curve], sizes: Sequence[int]) -> list[list[str]]:
    """Write the curves as rows of cells: a head, then an arm a row; missing points are empty.

    Parameters
    ----------
    arms
        The curves.
    sizes
        Numbers of real rows, one per column. An arm that reads none says the same in each.
    """
    rows = [["arm", *(f"{size:,}" for size in sizes)]]
    for arm in arms:
        at = {point.n_real: point.accuracy for point in arm.points}
        cells = [at.get(size, at.get(NO_REAL_ROWS)) for size in sizes]
        rows.append([arm.arm, *("" if cell is None else _cell(cell) for cell in cells)])
    return rows


def _cell(accuracy: Interval) -> str:
    return f"{points(accuracy.mean)} [{points(accuracy.low)}, {points(accuracy.high)}]"


def _quality(runs: Sequence[LearningRun]) -> tuple[Quality, ...]:
    # Every arm of a seed and size has asked the same checker.
    by_size: dict[int, dict[int, float]] = {}
    for run in runs:
        if run.quality_accuracy is not None:
            by_size.setdefault(run.n_real, {})[run.seed] = run.quality_accuracy
    return tuple(
        Quality(size, float(np.mean(list(found.values()))))
        for size, found in sorted(by_size.items())
    )
