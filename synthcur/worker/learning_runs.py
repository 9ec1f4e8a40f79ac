"""The runs of a learning curve: every arm with every seed and number of real training rows.

A run is named by all it depends on and kept as an artefact, so a curve that was stopped goes on
where it ended, and one with more sizes or seeds trains only what is new.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthcur.arms import Arm
from synthcur.errors import WorkerError
from synthcur.review.decisions import Decision
from synthcur.schema import TEST, VALIDATION, Collection
from synthcur.settings import AUTOMATIC, BUNDLED_MODEL, FitSettings, ScoreSettings, fingerprint
from synthcur.stats.metrics import accuracy, macro_f1
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training.learning_curve import (
    NO_REAL_ROWS,
    LearningCurveSettings,
    check_sizes,
    chosen_rows,
    with_real_rows,
)
from synthcur.training.pools import Pool, WeightedExamples, judging_rows, make_pool, read_pool
from synthcur.training.recipes import (
    PUBLISHED_WIDTH,
    automatic,
    count_rows,
    count_steps,
    recipe_of,
    steps_of,
)
from synthcur.training.run_keys import arm_key, decision_key
from synthcur.training.training_sets import rows_of
from synthcur.training.unfinished import Course, why_unfinished
from synthcur.worker import probe_arms
from synthcur.worker.probe_arms import Vectors, read_vectors
from synthcur.worker.progress import Progress
from synthcur.worker.run_results import reached_by
from synthcur.worker.scoring import VERSIONS, check, embed, embeddings_name

VERSION = 2
"""Raised when a run would compute something else than a kept one of the same name."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a learning curve is made of.

    Attributes
    ----------
    collection
        As stored, before any decision.
    settings
        Arms, seeds, sizes and recipe.
    artefacts
        Where embeddings are shared and finished runs are kept.
    decisions
        What reviewers decided.
    width
        Of the base model, for the automatic recipe.
    """

    collection: Collection
    settings: LearningCurveSettings
    artefacts: Artefacts
    decisions: tuple[Decision, ...] = ()
    width: int = PUBLISHED_WIDTH

    def fit_at(self, n_real: int) -> FitSettings:
        """Return the recipe of all arms with a number of real rows."""
        fit = self.settings.fit
        if self.settings.recipe != AUTOMATIC:
            return fit
        n_synthetic, _ = make_pool(self.collection, self.decisions).sizes
        n_labels = len(self.collection.labels)
        return automatic(fit, width=self.width, n_rows=n_synthetic + n_real, n_labels=n_labels)


def learn(
    collection: Collection,
    settings: LearningCurveSettings,
    artefacts: Artefacts,
    spool: Spool,
    job_dir: Path,
    *,
    decisions: Iterable[Decision] = (),
) -> None:
    """Run a learning curve and report every run as it ends, a whole curve per seed.

    Parameters
    ----------
    collection, settings, artefacts, decisions
        See `Subject`.
    spool
        Where finished runs and the progress are told.
    job_dir
        Where the checkers of the present size are kept until the next.

    Raises
    ------
    InputError
        If the real training rows cannot give a size, or an arm cannot be trained; before any model
        is loaded.
    WorkerError
        If a run had to stop.
    """
    subject = Subject(
        collection=collection,
        settings=settings,
        artefacts=artefacts,
        decisions=tuple(decisions),
        width=_width(settings),
    )
    _refuse_untrainable(subject)
    steps = _planned_steps(subject)
    progress = Progress(spool, "learn", "Training", total=settings.seeds * sum(steps.values()))
    done = 0
    for seed in range(settings.seeds):
        for n_real in (NO_REAL_ROWS, *settings.sizes):
            title = f"seed {seed + 1} of {settings.seeds}"
            progress.title = f"{n_real:,} real rows, {title}" if n_real else title
            began = done
            for run in runs_with(
                subject, n_real, seed, job_dir, on_step=lambda step, at=began: progress(at + step)
            ):
                spool.append("learning_run", **run)
                done += steps[run["arm"], n_real]
                progress(done)


def _width(settings: LearningCurveSettings) -> int:
    if settings.recipe != AUTOMATIC:
        return PUBLISHED_WIDTH
    from synthcur.models.pretrained import model_width

    return model_width(settings.fit.base_model)


def runs_with(
    subject: Subject,
    n_real: int,
    seed: int,
    folder: Path,
    *,
    on_step: Callable[[int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Train every arm with one seed on one number of real rows; what was run before is read.

    Parameters
    ----------
    subject
        What is run.
    n_real
        Number of real training rows; `NO_REAL_ROWS` runs the arms that read none.
    seed
        Of the choice of real rows, of the checkers and of training.
    folder
        Where the checkers of these rows are kept meanwhile.
    on_step
        Called with the number of steps done since the first arm began.

    Yields
    ------
    dict
        The fields of `records.LearningRun` but the job's.
    """
    arms = subject.settings.arms_at(n_real)
    names = {arm.name: _name(subject, arm, n_real, seed) for arm in arms}
    missing = [arm for arm in arms if not subject.artefacts.has(names[arm.name])]
    trained = 0
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        drawn = _draw(subject, missing, n_real, seed, Path(scratch)) if missing else None
        for arm in arms:
            name = names[arm.name]
            if drawn is not None and arm in missing:
                at = trained

                def tell(step: int, at: int = at) -> None:
                    nonlocal trained
                    trained = at + step
                    if on_step is not None:
                        on_step(trained)

                _run(subject, arm, n_real, seed, drawn, name, tell)
            meta = subject.artefacts.meta(name)
            # Runs that an earlier release kept do not tell how far they learned.
            told = {"val_log_loss": None, "learned": None, "unfinished": None, **meta}
            yield {"arm": arm.name, "seed": seed, "n_real": n_real, "predictions": name, **told}


@dataclass(frozen=True)
class _Drawn:
    """What the arms of one size and seed draw from, and how good its quality checker is.

    `vectors` are what probes read, None without one among the arms.
    """

    pool: Pool
    quality_accuracy: float | None
    vectors: Vectors | None = None


def _draw(subject: Subject, arms: Iterable[Arm], n_real: int, seed: int, scratch: Path) -> _Drawn:
    collection = subject.collection
    if n_real == NO_REAL_ROWS:
        return _Drawn(make_pool(collection, subject.decisions), None)
    chosen = chosen_rows(collection, n_real, seed=seed)
    part = with_real_rows(collection, chosen)
    needed = [arm for arm in arms if arm.needs_scores]
    plain = make_pool(part, subject.decisions)
    vectors = _vectors(subject, plain) if any(arm.is_probe for arm in arms) else None
    if not needed:
        return _Drawn(plain, None, vectors)
    # Checkers of a part are of use to this curve alone, and there are many.
    store = Artefacts(scratch, (subject.artefacts.root, *subject.artefacts.shipped))
    scores = _score(subject, part, chosen, seed, store)
    pool = read_pool(part, subject.decisions, needed, scores, store)
    return _Drawn(pool, store.meta(scores["quality"])["trust"]["accuracy"], vectors)


def _vectors(subject: Subject, pool: Pool) -> Vectors:
    judges = {split: judging_rows(subject.collection, split) for split in (VALIDATION, TEST)}
    return read_vectors(subject.collection, pool, judges, subject.artefacts)


def _score(
    subject: Subject, part: Collection, chosen: np.ndarray, seed: int, store: Artefacts
) -> Mapping[str, str]:
    """Ask checkers trained on the chosen real rows; embeddings are those of the whole."""
    whole = embed(subject.collection, subject.artefacts)
    real, synthetic = (store.array(whole, each) for each in ("real", "synthetic"))
    store.write(embeddings_name(part), arrays={"real": real[chosen], "synthetic": synthetic})
    settings = subject.settings
    asked = ScoreSettings(
        checkers=settings.checkers, fit=settings.fit, seed=seed, recipe=settings.recipe
    )
    return check(part, asked, store)


def _run(
    subject: Subject,
    arm: Arm,
    n_real: int,
    seed: int,
    drawn: _Drawn,
    name: str,
    on_step: Callable[[int], None],
) -> None:
    """Do one run and keep what it predicts and how good that is."""
    collection, settings = subject.collection, subject.settings
    test = judging_rows(collection, TEST)
    rows = rows_of(arm, drawn.pool, weighting=settings.weighting, seed=seed)
    if drawn.vectors is not None and arm.is_probe:
        probs, figures = _fit_probe(collection, rows, drawn.vectors, seed)
    else:
        recipe = recipe_of(arm, subject.fit_at(n_real), *drawn.pool.sizes)
        probs, figures = _fine_tune(subject, arm, rows, n_real, seed, recipe, on_step)
    said = probs.argmax(axis=1)
    meta = {
        "accuracy": accuracy(said, test.labels),
        "macro_f1": macro_f1(said, test.labels),
        "quality_accuracy": drawn.quality_accuracy if arm.needs_scores else None,
        "rows": len(rows.labels),
        **figures,
    }
    subject.artefacts.write(name, arrays={"probs": probs, "labels": test.labels}, meta=meta)


def _fine_tune(
    subject: Subject,
    arm: Arm,
    rows: WeightedExamples,
    n_real: int,
    seed: int,
    recipe: FitSettings,
    on_step: Callable[[int], None],
) -> tuple[np.ndarray, dict[str, Any]]:
    """Train a model; return its probabilities of the test rows (T, K) and its figures."""
    from synthcur.models.classifier import predict_proba
    from synthcur.training.trainer import fit

    collection = subject.collection
    told: list[dict[str, Any]] = []
    try:
        result = fit(
            rows,
            judging_rows(collection, VALIDATION),
            labels=collection.labels,
            settings=recipe,
            seed=seed,
            on_row=told.append,
            on_step=on_step,
        )
    except WorkerError as error:
        where = f"Arm {arm.name}, seed {seed}, {n_real} real rows"
        raise WorkerError(f"{where}: {error.what}", fix=error.fix) from error
    course = Course(
        learned=result.learned,
        val_log_losses=[row["val_log_loss"] for row in told if "val_log_loss" in row],
        steps=count_steps(len(rows.labels), recipe),
        n_rows=len(rows.labels),
        n_labels=len(collection.labels),
        batch_size=recipe.batch_size,
    )
    figures = {
        "val_accuracy": result.val_accuracy,
        "val_log_loss": result.val_log_loss,
        "learned": result.learned,
        "unfinished": why_unfinished(course),
        "seconds": result.seconds,
    }
    return predict_proba(result.classifier, judging_rows(collection, TEST).rows), figures


def _fit_probe(
    collection: Collection, rows: WeightedExamples, vectors: Vectors, seed: int
) -> tuple[np.ndarray, dict[str, Any]]:
    """Do the same for a probe."""
    fitted = probe_arms.fit(rows, vectors, n_labels=len(collection.labels), seed=seed)
    truth = judging_rows(collection, VALIDATION).labels
    figures = {
        **asdict(reached_by(fitted.validation, truth)),
        "learned": None,
        "seconds": fitted.seconds,
    }
    return fitted.test, figures


def _name(subject: Subject, arm: Arm, n_real: int, seed: int) -> str:
    settings = subject.settings
    decided = [decision_key(each) for each in subject.decisions]
    checkers = [settings.checkers, VERSIONS] if arm.needs_scores else None
    weighting = settings.weighting if arm.weights == "scheme" else None
    made_from = (subject.collection.fingerprint, decided, arm_key(arm), checkers, weighting)
    # A probe follows no recipe.
    trained = [BUNDLED_MODEL, probe_arms.VERSION] if arm.is_probe else subject.fit_at(n_real)
    return fingerprint("learning_run", VERSION, made_from, trained, n_real, seed)


def _refuse_untrainable(subject: Subject) -> None:
    """Raise what a run would raise hours later: a size, a label or a split without rows."""
    collection, settings = subject.collection, subject.settings
    check_sizes(settings.sizes, collection.real_train_labels)
    for split in (VALIDATION, TEST):
        judging_rows(collection, split)
    pool = make_pool(collection, subject.decisions)
    for n_real in (NO_REAL_ROWS, settings.sizes[-1]):
        for arm in settings.arms_at(n_real):
            if not arm.needs_scores:
                rows_of(arm, pool)


def _planned_steps(subject: Subject) -> dict[tuple[str, int], int]:
    """Optimizer steps of every arm with every number of real rows, if it leaves no row out."""
    settings = subject.settings
    n_synthetic, _ = make_pool(subject.collection, subject.decisions).sizes
    return {
        (arm.name, n_real): steps_of(
            arm,
            count_rows(arm, n_synthetic, n_real),
            recipe_of(arm, subject.fit_at(n_real), n_synthetic, n_real),
        )
        for n_real in (NO_REAL_ROWS, *settings.sizes)
        for arm in settings.arms_at(n_real)
    }
