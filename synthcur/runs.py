"""The runs of a training job: every arm with every seed, reported as they finish."""

import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synthcur.arms import Arm, get_arm
from synthcur.artefacts import Artefacts
from synthcur.errors import WorkerError
from synthcur.evaluation import accuracy, macro_f1
from synthcur.pools import Examples, Pool, WeightedExamples, judging_rows, make_pool
from synthcur.progress import Progress
from synthcur.recipes import count_steps, recipe_of
from synthcur.review import Decision
from synthcur.schema import TEST, VALIDATION, Collection
from synthcur.settings import FitSettings, TrainSettings, fingerprint
from synthcur.spool import Spool, read_spool
from synthcur.trackers import Following
from synthcur.training_rows import rows_of

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

    Runs that the job's spool tells of are not trained again, and the one that was stopped goes on
    from its checkpoint. All arms of a seed run before the next seed, so that they can be compared
    from early on. Of every arm the model of the seed that is best on the validation rows is kept,
    see `_is_best`.

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
    pool = read_pool(collection, decisions, arms, scores, artefacts)
    rows = {arm.name: rows_of(arm, pool, weighting=settings.weighting) for arm in arms}
    recipes = {arm.name: recipe_of(arm, settings.fit, *pool.sizes) for arm in arms}
    finished = _finished(job_dir)
    for left in (job_dir / "models").glob(".new-*"):
        shutil.rmtree(left, ignore_errors=True)
    job = _TrainJob(
        collection=collection,
        validation=judging_rows(collection, VALIDATION),
        test=judging_rows(collection, TEST),
        artefacts=artefacts,
        spool=spool,
        folder=job_dir,
    )
    steps = {name: count_steps(len(part.labels), recipes[name]) for name, part in rows.items()}
    progress = Progress(spool, "train", "Training", total=sum(steps.values()) * settings.seeds)
    judged: dict[str, list[_Judged]] = {name: [] for name in rows}
    done = 0
    for seed, arm in itertools.product(range(settings.seeds), arms):
        if (arm.name, seed) in finished:
            judged[arm.name].append(finished[arm.name, seed])
            done += steps[arm.name]
            continue
        progress.title = f"{arm.title}: seed {seed + 1} of {settings.seeds}"
        reached = _run(
            job,
            arm.name,
            seed,
            rows_of(arm, pool, weighting=settings.weighting, seed=seed),
            recipe=recipes[arm.name],
            earlier=judged[arm.name],
            n_steps=steps[arm.name],
            on_step=_from(done, progress),
        )
        judged[arm.name].append(reached)
        done += steps[arm.name]


def read_pool(
    collection: Collection,
    decisions: Iterable[Decision],
    arms: Iterable[Arm],
    scores: Mapping[str, str],
    artefacts: Artefacts,
) -> Pool:
    """Read what the arms draw from: the rows after review and, where needed, their scores.

    Parameters
    ----------
    collection, decisions, scores, artefacts
        See `train`.
    arms
        The arms that will draw from it.
    """
    if not scores or not any(arm.needs_scores for arm in arms):
        return make_pool(collection, decisions)
    quality, diversity = scores["quality"], scores["diversity"]
    synthetic, real = (artefacts.array(scores["embeddings"], of) for of in ("synthetic", "real"))
    return make_pool(
        collection,
        decisions,
        embeddings=(synthetic, real),
        duplicate_group=(
            artefacts.array(scores["signals"], "duplicate_group") if "signals" in scores else None
        ),
        quality_probs=artefacts.array(quality, "synthetic"),
        diversity_probs=artefacts.array(diversity, "synthetic"),
        calibrated_probs=artefacts.array(quality, "calibrated"),
        out_of_fold_probs=artefacts.array(diversity, "calibrated"),
        real_probs=_of_real_rows(arms, quality, diversity, artefacts),
    )


def _of_real_rows(
    arms: Iterable[Arm], quality: str, diversity: str, artefacts: Artefacts
) -> dict[str, np.ndarray]:
    """Read what the checkers say of real rows where an arm asks; earlier versions kept none."""
    if not any(arm.targets == "witnesses" for arm in arms):
        return {}
    return {
        "real_quality_probs": artefacts.array(quality, "real"),
        "real_diversity_probs": artefacts.array(diversity, "real"),
    }


@dataclass(frozen=True)
class _Judged:
    """What a run has reached on the validation rows; of release 0.1 the log loss is not known."""

    val_accuracy: float
    val_log_loss: float | None


def _is_best(reached: _Judged, earlier: Iterable[_Judged]) -> bool:
    """Whether a run is better than all before it: by log loss, by accuracy if one lacks it."""
    every = [*earlier, reached]
    measured = [each.val_log_loss for each in every if each.val_log_loss is not None]
    if len(measured) < len(every):
        measured = [-each.val_accuracy for each in every]
    return all(measured[-1] < before for before in measured[:-1])


def _finished(job_dir: Path) -> dict[tuple[str, int], _Judged]:
    """Read the runs a job has finished before, with what they reached on the validation rows."""
    records, _ = read_spool(job_dir / "spool.jsonl", 0)
    return {
        (each["arm"], each["seed"]): _Judged(each["val_accuracy"], each.get("val_log_loss"))
        for each in records
        if each["t"] == "run_done"
    }


@dataclass(frozen=True, kw_only=True)
class _TrainJob:
    """What all runs of a training job share."""

    collection: Collection
    validation: Examples
    test: Examples
    artefacts: Artefacts
    spool: Spool
    folder: Path


def _told(job: _TrainJob, arm: str, seed: int) -> list[str]:
    """Read the histories that earlier attempts of a run have told."""
    records, _ = read_spool(job.folder / "spool.jsonl", 0)
    epochs = (record for record in records if record["t"] == "epoch_done")
    return [each["dynamics"] for each in epochs if (each["arm"], each["seed"]) == (arm, seed)]


def _from(done: int, progress: Progress) -> Callable[[int], None]:
    return lambda step: progress(done + step)


def _run(
    job: _TrainJob,
    arm: str,
    seed: int,
    rows: WeightedExamples,
    *,
    recipe: FitSettings,
    earlier: Iterable[_Judged],
    n_steps: int,
    on_step: Callable[[int], None],
) -> _Judged:
    """Do one run and report it; keep its model if it is better than the arm's earlier runs."""
    from synthcur.checkpoints import CheckpointFile
    from synthcur.training import fit

    kept = job.folder / "checkpoint.safetensors"
    job.spool.append("run_started", arm=arm, seed=seed, steps=n_steps)
    history = _History(job, arm, seed, _told(job, arm, seed))
    name = f"{job.collection.name}-{job.folder.name}/{arm}-seed{seed}"
    following = Following(name, {**recipe.to_dict(), "seed": seed})

    def tell(row: dict[str, Any]) -> None:
        job.spool.append("metric", arm=arm, seed=seed, **row)
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
    reached = _Judged(result.val_accuracy, result.val_log_loss)
    is_best = _is_best(reached, earlier)
    model = _keep_model(job, arm, seed, result, recipe) if is_best else None
    _report(job, arm, seed, result, model=model, n_rows=len(rows.labels))
    history.forget(but=1)
    if model is not None:
        _forget_models(job, arm, but=model)
    kept.unlink(missing_ok=True)
    return reached


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
        val_log_loss=result.val_log_loss,
        learned=result.learned,
        best_epoch=result.best_epoch,
        predictions=_write_predictions(job, arm, seed, probs),
        dynamics=_write_dynamics(job, arm, seed, result.own_probability, result.margin),
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


@dataclass
class _History:
    """Tells after every epoch what the rows of a run did so far.

    The last two are kept: who reads may not have heard of the last one. `names` are those that an
    earlier attempt has told.
    """

    job: _TrainJob
    arm: str
    seed: int
    names: list[str]

    def tell(self, own_probability: np.ndarray, margin: np.ndarray) -> None:
        name = _write_dynamics(self.job, self.arm, self.seed, own_probability, margin)
        self.job.spool.append("epoch_done", arm=self.arm, seed=self.seed, dynamics=name)
        self.names = [*(each for each in self.names if each != name), name]
        self.forget(but=2)

    def forget(self, *, but: int) -> None:
        while len(self.names) > but:
            self.job.artefacts.remove(self.names.pop(0))


def _write_dynamics(
    job: _TrainJob, arm: str, seed: int, own_probability: np.ndarray, margin: np.ndarray
) -> str:
    # Named by the job as well: what one forgets, no other names.
    content = hashlib.sha256(margin.tobytes()).hexdigest()
    name = fingerprint("dynamics", job.folder.name, arm, seed, content)
    job.artefacts.write(name, arrays={"own_probability": own_probability, "margin": margin})
    return name


def _keep_model(job: _TrainJob, arm: str, seed: int, result: "Fit", recipe: FitSettings) -> str:
    """Keep the model beside the arm's earlier one; return its folder within the job's."""
    from synthcur.classifier import save

    note = {
        "arm": arm,
        "seed": seed,
        "val_accuracy": result.val_accuracy,
        "val_log_loss": result.val_log_loss,
        "collection": job.collection.name,
        "base_model": recipe.base_model,
    }
    models, name = job.folder / "models", f"{arm}-{seed}"
    models.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".new-", dir=models))
    try:
        save(result.classifier, folder, note=note)
        # What an earlier attempt left under this name was never told of.
        shutil.rmtree(models / name, ignore_errors=True)
        os.replace(folder, models / name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return f"{models.name}/{name}"


def _forget_models(job: _TrainJob, arm: str, *, but: str) -> None:
    """Remove the arm's earlier model, now that the spool names the one that took over."""
    for folder in (job.folder / "models").glob(f"{arm}-*"):
        if folder.name.rpartition("-")[0] == arm and folder.name != Path(but).name:
            shutil.rmtree(folder, ignore_errors=True)


def checkpoint_seconds() -> float:
    """Return the least time between two checkpoints, by SYNTHCUR_CHECKPOINT_SECONDS if set."""
    from synthcur.checkpoints import EVERY_SECONDS

    given = os.environ.get("SYNTHCUR_CHECKPOINT_SECONDS", "")
    return float(given) if given.replace(".", "", 1).isdecimal() else EVERY_SECONDS
