"""The runs of a training job: every arm with every seed, reported as they finish."""

import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthcur.arms import Arm, base_of, get_arm
from synthcur.errors import WorkerError
from synthcur.review.decisions import Decision
from synthcur.schema import TEST, VALIDATION, Collection
from synthcur.settings import (
    AUTOMATIC,
    BUNDLED_MODEL,
    FitSettings,
    TrainSettings,
    WeightingSettings,
)
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool, read_spool
from synthcur.training.pools import Pool, WeightedExamples, judging_rows, read_pool
from synthcur.training.recipes import count_steps, recipe_of, steps_of
from synthcur.training.tracking import Following
from synthcur.training.training_sets import rows_of
from synthcur.worker import probe_arms
from synthcur.worker.probe_arms import Vectors, read_vectors
from synthcur.worker.progress import Progress
from synthcur.worker.run_results import (
    History,
    Reached,
    TrainJob,
    forget_models,
    is_best,
    keep_model,
    model_note,
    reached_by,
    report_run,
    told_histories,
    write_dynamics,
)

if TYPE_CHECKING:
    from synthcur.training.trainer import Fit


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

    Runs that the job's spool tells of are not trained again, and the one that was stopped goes on
    from its checkpoint. All arms of a seed run before the next seed, so that they can be compared
    from early on, and of these the probes first: what they reach in seconds, the others have to
    beat. Of every arm the model of the seed that is best on the validation rows is kept, see
    `run_results.is_best`.

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
    arms = sorted(map(get_arm, settings.arms), key=lambda arm: not arm.is_probe)
    pool = read_pool(collection, decisions, arms, scores, artefacts)
    rows = {arm.name: rows_of(arm, pool, weighting=settings.weighting) for arm in arms}
    fit = _settled(settings, arms, pool, spool)
    recipes = {arm.name: _recipe(arm, fit, pool, settings.weighting) for arm in arms}
    finished = _finished(job_dir)
    for left in (job_dir / "models").glob(".new-*"):
        shutil.rmtree(left, ignore_errors=True)
    job = TrainJob(
        collection=collection,
        validation=judging_rows(collection, VALIDATION),
        test=judging_rows(collection, TEST),
        artefacts=artefacts,
        spool=spool,
        folder=job_dir,
    )
    vectors = _vectors_of_probes(job, arms, pool)
    steps = {arm.name: steps_of(arm, len(rows[arm.name].labels), recipes[arm.name]) for arm in arms}
    progress = Progress(spool, "train", "Training", total=sum(steps.values()) * settings.seeds)
    judged: dict[str, list[Reached]] = {name: [] for name in rows}
    done = 0
    for seed, arm in itertools.product(range(settings.seeds), arms):
        if (arm.name, seed) in finished:
            judged[arm.name].append(finished[arm.name, seed])
            done += steps[arm.name]
            continue
        progress.title = f"{arm.title}: seed {seed + 1} of {settings.seeds}"
        own = rows_of(arm, pool, weighting=settings.weighting, seed=seed)
        if vectors is not None and arm.is_probe:
            reached = _run_probe(job, arm.name, seed, own, vectors, earlier=judged[arm.name])
        else:
            reached = _run(
                job,
                arm.name,
                seed,
                own,
                recipe=recipes[arm.name],
                earlier=judged[arm.name],
                n_steps=steps[arm.name],
                on_step=_from(done, progress),
            )
        judged[arm.name].append(reached)
        done += steps[arm.name]
        progress(done)


def _settled(settings: TrainSettings, arms: Iterable[Arm], pool: Pool, spool: Spool) -> FitSettings:
    """Return the recipe that is given, or find it and tell it; probes follow none."""
    if settings.recipe != AUTOMATIC or all(arm.is_probe for arm in arms):
        return settings.fit
    from synthcur.training.recipes import automatic_recipe

    found = automatic_recipe(settings.fit, n_rows=sum(pool.sizes), n_labels=len(pool.labels))
    spool.append("recipe", found={"fit": found.to_dict()})
    return found


def _recipe(
    arm: Arm, fit: FitSettings, pool: Pool, weighting: WeightingSettings | None
) -> FitSettings:
    """Return the recipe of an arm; one that leaves rows out takes as many steps as with them."""
    recipe = recipe_of(arm, fit, *pool.sizes)
    if not arm.without or arm.is_probe or recipe.steps is not None:
        return recipe
    whole = rows_of(get_arm(base_of(arm.name)), pool, weighting=weighting)
    return replace(recipe, steps=count_steps(len(whole.labels), recipe))


def _finished(job_dir: Path) -> dict[tuple[str, int], Reached]:
    """Read the runs a job has finished before, with what they reached on the validation rows."""
    records, _ = read_spool(job_dir / "spool.jsonl", 0)
    return {
        (each["arm"], each["seed"]): Reached(each["val_accuracy"], each.get("val_log_loss"))
        for each in records
        if each["t"] == "run_done"
    }


def _vectors_of_probes(job: TrainJob, arms: Iterable[Arm], pool: Pool) -> Vectors | None:
    """Embed what the probes among the arms read; None if there is none."""
    if not any(arm.is_probe for arm in arms):
        return None
    judges = {VALIDATION: job.validation, TEST: job.test}
    return read_vectors(job.collection, pool, judges, job.artefacts, job.spool)


def _from(done: int, progress: Progress) -> Callable[[int], None]:
    return lambda step: progress(done + step)


def _run(
    job: TrainJob,
    arm: str,
    seed: int,
    rows: WeightedExamples,
    *,
    recipe: FitSettings,
    earlier: Iterable[Reached],
    n_steps: int,
    on_step: Callable[[int], None],
) -> Reached:
    """Do one run and report it; keep its model if it is better than the arm's earlier runs."""
    from synthcur.models.classifier import save
    from synthcur.training.checkpoints import CheckpointFile
    from synthcur.training.trainer import fit

    kept = job.folder / "checkpoint.safetensors"
    job.spool.append("run_started", arm=arm, seed=seed, steps=n_steps)
    history = History(job, arm, seed, told_histories(job, arm, seed))
    name = f"{job.collection.name}-{job.folder.name}/{arm}-seed{seed}"
    following = Following(name, {**recipe.to_dict(), "seed": seed})

    def tell(row: dict[str, Any]) -> None:
        job.spool.append("metric", arm=arm, seed=seed, **row)
        # The worker's log is what there is to read where a process ends without a word.
        print(f"{arm}, seed {seed}: {row}", flush=True)
        following(row)

    try:
        result = fit(
            rows,
            job.validation,
            labels=job.collection.labels,
            settings=recipe,
            seed=seed,
            on_row=tell,
            on_step=on_step,
            on_epoch=history.tell,
            checkpoint=CheckpointFile(kept, every_s=checkpoint_seconds()),
        )
    except WorkerError as error:
        raise WorkerError(f"Arm {arm}, seed {seed}: {error.what}", fix=error.fix) from error
    finally:
        following.close()
    reached = Reached(result.val_accuracy, result.val_log_loss)
    model = None
    if is_best(reached, earlier):
        note = {**model_note(job, arm, seed, reached), "base_model": recipe.base_model}
        model = keep_model(job, arm, seed, lambda to: save(result.classifier, to, note=note))
    _report(job, arm, seed, result, model=model, n_rows=len(rows.labels))
    history.forget(but=1)
    if model is not None:
        forget_models(job, arm, but=model)
    kept.unlink(missing_ok=True)
    return reached


def _run_probe(
    job: TrainJob,
    arm: str,
    seed: int,
    rows: WeightedExamples,
    vectors: Vectors,
    *,
    earlier: Iterable[Reached],
) -> Reached:
    """Fit one probe and report it; keep its model if it is better than the arm's earlier ones."""
    job.spool.append("run_started", arm=arm, seed=seed)
    labels = job.collection.labels
    fitted = probe_arms.fit(rows, vectors, n_labels=len(labels), seed=seed)
    reached = reached_by(fitted.validation, job.validation.labels)
    model = None
    if is_best(reached, earlier):
        note = {**model_note(job, arm, seed, reached), "encoder": BUNDLED_MODEL, "c": fitted.c}
        model = keep_model(
            job, arm, seed, lambda to: probe_arms.save(fitted.probe, labels, to, note=note)
        )
    report_run(
        job,
        arm,
        seed,
        fitted.validation,
        fitted.test,
        val_accuracy=reached.val_accuracy,
        val_log_loss=reached.val_log_loss,
        model=model,
        seconds=fitted.seconds,
        rows=len(rows.labels),
    )
    if model is not None:
        forget_models(job, arm, but=model)
    return reached


def _report(
    job: TrainJob, arm: str, seed: int, result: "Fit", *, model: str | None, n_rows: int
) -> None:
    from synthcur.models.classifier import predict_proba

    validation, test = (
        predict_proba(result.classifier, each.rows) for each in (job.validation, job.test)
    )
    report_run(
        job,
        arm,
        seed,
        validation,
        test,
        val_accuracy=result.val_accuracy,
        val_log_loss=result.val_log_loss,
        learned=result.learned,
        best_epoch=result.best_epoch,
        dynamics=write_dynamics(job, arm, seed, result.own_probability, result.margin),
        model=model,
        seconds=result.seconds,
        samples_per_s=result.samples_per_s,
        rows=n_rows,
    )


def checkpoint_seconds() -> float:
    """Return the least time between two checkpoints, by SYNTHCUR_CHECKPOINT_SECONDS if set."""
    from synthcur.training.checkpoints import EVERY_SECONDS

    given = os.environ.get("SYNTHCUR_CHECKPOINT_SECONDS", "")
    return float(given) if given.replace(".", "", 1).isdecimal() else EVERY_SECONDS
