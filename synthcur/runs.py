"""The runs of a training job: every arm with every seed, reported as they finish."""

import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthcur.arms import Arm, get_arm
from synthcur.artefacts import Artefacts
from synthcur.errors import WorkerError
from synthcur.evaluation import accuracy, macro_f1
from synthcur.progress import Progress
from synthcur.review import Decision
from synthcur.schema import TEST, VALIDATION, Collection
from synthcur.settings import TrainSettings, fingerprint
from synthcur.spool import Spool
from synthcur.training_rows import (
    Examples,
    WeightedExamples,
    judging_rows,
    make_pool,
    rows_of,
)

if TYPE_CHECKING:
    from synthcur.training import Fit


def train(
    collection: Collection,
    settings: TrainSettings,
    scores: Mapping[str, str],
    artefacts: Artefacts,
    spool: Spool,
    job_dir: Path,
    *,
    decisions: Iterable[Decision] = (),
) -> None:
    """Train every arm with every seed on the rows as they stand after review.

    All arms of a seed run before the next seed, so that they can be compared from early on. Of
    every arm the model of the seed that is best on the validation rows is kept.

    Parameters
    ----------
    collection
        As stored and scored, before any decision.
    settings
        Arms, seeds and recipe.
    scores
        Fingerprints of the checkers' results, ``quality`` and ``diversity``; may be empty when no
        arm needs them.
    artefacts, spool, job_dir
        Where predictions, history and models go.
    decisions
        What reviewers decided.

    Raises
    ------
    InputError
        If an arm cannot be trained on its rows; before any model is loaded.
    WorkerError
        If a run had to stop.
    """
    arms = [get_arm(name) for name in settings.arms]
    pool = make_pool(collection, decisions, **_read_probs(arms, scores, artefacts))
    rows = {arm.name: rows_of(arm, pool, weighting=settings.weighting) for arm in arms}
    job = _TrainJob(
        settings=settings,
        collection=collection,
        validation=judging_rows(collection, VALIDATION),
        test=judging_rows(collection, TEST),
        artefacts=artefacts,
        spool=spool,
        models=job_dir / "models",
    )
    from synthcur.training import count_steps

    steps = {name: count_steps(len(part.labels), settings.fit) for name, part in rows.items()}
    progress = Progress(spool, "train", "Training", total=sum(steps.values()) * settings.seeds)
    best, done = dict.fromkeys(rows, -1.0), 0
    for seed, arm in itertools.product(range(settings.seeds), arms):
        progress.title = f"{arm.title}: seed {seed + 1} of {settings.seeds}"
        best[arm.name] = _run(
            job,
            arm.name,
            seed,
            rows[arm.name],
            best_so_far=best[arm.name],
            n_steps=steps[arm.name],
            on_step=_from(done, progress),
        )
        done += steps[arm.name]


@dataclass(frozen=True, kw_only=True)
class _TrainJob:
    """What all runs of a training job share."""

    settings: TrainSettings
    collection: Collection
    validation: Examples
    test: Examples
    artefacts: Artefacts
    spool: Spool
    models: Path


def _read_probs(
    arms: Sequence[Arm], scores: Mapping[str, str], artefacts: Artefacts
) -> dict[str, np.ndarray]:
    if not any(arm.needs_scores for arm in arms):
        return {}
    return {
        f"{role}_probs": artefacts.array(scores[role], "synthetic")
        for role in ("quality", "diversity")
        if role in scores
    }


def _from(done: int, progress: Progress) -> Callable[[int], None]:
    return lambda step: progress(done + step)


def _run(
    job: _TrainJob,
    arm: str,
    seed: int,
    rows: WeightedExamples,
    *,
    best_so_far: float,
    n_steps: int,
    on_step: Callable[[int], None],
) -> float:
    """Do one run and report it; return the best validation accuracy of the arm so far."""
    from synthcur.training import fit

    job.spool.append("run_started", arm=arm, seed=seed, steps=n_steps)
    try:
        result = fit(
            rows,
            job.validation,
            labels=job.collection.labels,
            settings=job.settings.fit,
            seed=seed,
            on_row=lambda row: job.spool.append("metric", arm=arm, seed=seed, **row),
            on_step=on_step,
        )
    except WorkerError as error:
        raise WorkerError(f"Arm {arm}, seed {seed}: {error.what}", fix=error.fix) from error
    is_best = result.val_accuracy > best_so_far
    model = _keep_model(job, arm, seed, result) if is_best else None
    _report(job, arm, seed, result, model=model, n_rows=len(rows.labels))
    return max(result.val_accuracy, best_so_far)


def _report(
    job: _TrainJob, arm: str, seed: int, result: "Fit", *, model: str | None, n_rows: int
) -> None:
    from synthcur.classifier import predict_proba

    probs = predict_proba(result.classifier, job.test.rows)
    said, truth = probs.argmax(axis=1), job.test.labels
    job.spool.append(
        "run_done",
        arm=arm,
        seed=seed,
        accuracy=accuracy(said, truth),
        macro_f1=macro_f1(said, truth),
        val_accuracy=result.val_accuracy,
        best_epoch=result.best_epoch,
        predictions=_write_predictions(job, arm, seed, probs),
        model=model,
        seconds=result.seconds,
        samples_per_s=result.samples_per_s,
        rows=n_rows,
    )


def _write_predictions(job: _TrainJob, arm: str, seed: int, probs: np.ndarray) -> str:
    # Named by its content: the same run on other hardware may predict a little differently.
    content = hashlib.sha256(probs.tobytes()).hexdigest()
    name = fingerprint("predictions", job.collection.fingerprint, arm, seed, content)
    job.artefacts.write(name, arrays={"probs": probs, "labels": job.test.labels})
    return name


def _keep_model(job: _TrainJob, arm: str, seed: int, result: "Fit") -> str:
    """Put the model in the place of the arm's earlier one; return its folder within the job's."""
    from synthcur.classifier import save

    note = {
        "arm": arm,
        "seed": seed,
        "val_accuracy": result.val_accuracy,
        "collection": job.collection.name,
        "base_model": job.settings.fit.base_model,
    }
    job.models.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=job.models))
    try:
        save(result.classifier, folder, note=note)
        shutil.rmtree(job.models / arm, ignore_errors=True)
        os.replace(folder, job.models / arm)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return f"{job.models.name}/{arm}"
