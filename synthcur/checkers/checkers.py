"""The two checkers: quality P'(y|x), learned from real rows, and diversity Q(y|x), from synthetic.

A checker is trained on some rows and asked about the synthetic ones; which rows it is trained on
makes it the one or the other. Kinds of checkers are functions in one registry, `CHECKERS`:
``probe`` is a logistic regression on embeddings (seconds), ``finetune`` the paper's fine-tuned
classifier (Kuo et al. 2024, section 3); `average` joins the two. Each is trained once on all of its
rows, which gives the published P' and Q, and once without each fold, which gives probabilities that
know nothing of the row, a temperature fitted on them, and an ensemble.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthcur.models.probes import CHECKER_GRID, choose_c, fit_probe, fold_ids
from synthcur.schema import VALIDATION, Collection
from synthcur.settings import AUTOMATIC, FitSettings, ScoreSettings
from synthcur.stats.calibration import apply_temperature, fit_temperature, trust_figures
from synthcur.training.pools import Examples, WeightedExamples, judging_rows
from synthcur.training.recipes import count_steps, with_steps

QUALITY, DIVERSITY = "quality", "diversity"
ROLES = (QUALITY, DIVERSITY)


@dataclass(frozen=True)
class Sample(Examples):
    """Rows as a checker may see them.

    Attributes
    ----------
    embeddings
        Shape (n, D).
    """

    embeddings: np.ndarray


@dataclass(frozen=True)
class Task:
    """What one checker learns from and is asked about.

    Attributes
    ----------
    role
        ``quality`` or ``diversity``.
    labels
        The K labels.
    real, synthetic
        The real training rows and the synthetic rows.
    validation
        Real rows that choose the epoch of a fine-tuned checker; a probe does not look at them.
    """

    role: str
    labels: tuple[str, ...]
    real: Sample
    synthetic: Sample
    validation: Examples

    @property
    def train(self) -> Sample:
        """The rows this checker learns from."""
        return self.real if self.role == QUALITY else self.synthetic


def task_of(role: str, collection: Collection, *, real: np.ndarray, synthetic: np.ndarray) -> Task:
    """Return what the checker of a role learns from and is asked about in a collection.

    Parameters
    ----------
    role
        ``quality`` or ``diversity``.
    collection
        With R real training rows, N synthetic ones, and rows to validate with.
    real, synthetic
        Their embeddings, (R, D) and (N, D).
    """

    def sample(rows: pd.DataFrame, embeddings: np.ndarray) -> Sample:
        return Sample(rows, collection.label_ids(rows), embeddings)

    return Task(
        role=role,
        labels=collection.labels,
        real=sample(collection.real_train, real),
        synthetic=sample(collection.synthetic, synthetic),
        validation=judging_rows(collection, VALIDATION),
    )


@dataclass(frozen=True)
class Checked:
    """What one checker says, and how far it can be trusted.

    Attributes
    ----------
    synthetic
        pred_probs of the synthetic rows from one checker trained on all of its rows, as published:
        shape (N, K), float32, rows sum to 1. Those of the diversity checker are in-sample.
    calibrated
        The same, honest: of the quality checker the mean of its temperature-scaled members, of the
        diversity checker the temperature-scaled `out_of_fold`.
    members
        What each of M quality checkers says, temperature-scaled, each trained without another
        fold: (M, N, K), float16. (0, N, K) for the diversity checker, whose rows are these.
    out_of_fold
        pred_probs (n, K) of its own training rows, each from a checker that has not seen the row.
    real
        pred_probs (R, K) of the real training rows, temperature-scaled, from checkers that have not
        learned them: of the quality checker `out_of_fold`, of the diversity checker those of the
        one trained on all synthetic rows.
    trust
        See `trust_of`.
    details
        What else is worth keeping, as plain data; ``temperature`` always.
    """

    synthetic: np.ndarray
    calibrated: np.ndarray
    members: np.ndarray
    out_of_fold: np.ndarray
    real: np.ndarray
    trust: Mapping[str, Any]
    details: Mapping[str, Any]


Ask = Callable[[Sample], np.ndarray]
"""A trained checker: rows to pred_probs (n, K)."""

Checker = Callable[[Task, ScoreSettings, Callable[[int, int], None]], Checked]
"""A kind of checker: task, settings and a listener for (done, total) of its work."""


def probe(task: Task, settings: ScoreSettings, on_progress: Callable[[int, int], None]) -> Checked:
    """Logistic regression on the embeddings of the training rows.

    Its regularisation is chosen by the out-of-fold log loss on the real rows, for both roles: the
    labels of synthetic rows are what is in doubt.
    """
    n_labels, parts = len(task.labels), settings.folds + 2
    real = task.real
    folds = fold_ids(real.labels, settings.folds, seed=settings.seed)
    c = choose_c(real.embeddings, real.labels, n_labels, folds=folds, grid=CHECKER_GRID)
    on_progress(1, parts)
    fits = itertools.count(2)

    def train(rows: Sample, seed: int) -> Ask:
        fitted = fit_probe(rows.embeddings, rows.labels, n_labels, c)
        on_progress(next(fits), parts)
        return lambda asked: fitted.predict_proba(asked.embeddings)

    absent = np.setdiff1d(np.arange(n_labels), task.train.labels)
    details = {"c": c, "labels_never_seen": [task.labels[i] for i in absent]}
    return _check(task, settings.folds, settings.seed, train, details)


def finetune(
    task: Task, settings: ScoreSettings, on_progress: Callable[[int, int], None]
) -> Checked:
    """Fine-tune classifiers on the training rows; the validation rows choose their epoch.

    A quality checker has few rows, so it takes at least `ScoreSettings.quality_steps` steps.
    """
    # Fine-tuning takes seconds to import, which a probe need not wait for.
    from synthcur.models.classifier import predict_proba
    from synthcur.training.trainer import fit

    recipe = checker_recipe(task.role, len(task.train.labels), len(task.labels), settings)
    n, folds = len(task.train.labels), settings.finetune_folds
    steps = [count_steps(rows, recipe) for rows in [n, *[n - n // folds] * folds]]
    asked_rows_a_step = recipe.batch_size * 3  # asking costs a third of learning
    total = sum(steps) + (folds + 1) * -(-len(task.synthetic.labels) // asked_rows_a_step)
    done, epochs = 0, []

    def advance(start: int) -> Callable[[int], None]:
        def tell(more: int) -> None:
            nonlocal done
            done = min(start + more, total)
            on_progress(done, total)

        return tell

    def train(rows: Sample, seed: int) -> Ask:
        result = fit(
            WeightedExamples(rows.rows, rows.labels, np.ones(len(rows.labels))),
            task.validation,
            labels=task.labels,
            settings=recipe,
            seed=seed,
            on_step=advance(done),
        )
        epochs.append(result.best_epoch)

        def ask(asked: Sample) -> np.ndarray:
            tell = advance(done)
            return predict_proba(
                result.classifier,
                asked.rows,
                on_progress=lambda rows: tell(rows // asked_rows_a_step),
            )

        return ask

    checked = _check(task, folds, settings.seed, train, {"steps": steps[0]})
    on_progress(total, total)
    return replace(checked, details={**checked.details, "best_epochs": epochs})


def checker_recipe(role: str, n_rows: int, n_labels: int, settings: ScoreSettings) -> FitSettings:
    """Find the recipe of a fine-tuned checker.

    Automatic, it is that of `recipes.automatic` for its rows. Fixed, a quality checker takes as
    many epochs as `ScoreSettings.quality_steps` asks for.

    Parameters
    ----------
    role
        ``quality`` or ``diversity``.
    n_rows
        Rows it learns from.
    n_labels
        Number K of labels.
    settings
        With the recipe that other checkers follow.
    """
    recipe = settings.fit
    if settings.recipe == AUTOMATIC:
        from synthcur.training.recipes import automatic_recipe

        return automatic_recipe(recipe, n_rows=n_rows, n_labels=n_labels)
    if role != QUALITY:
        return recipe
    return with_steps(recipe, n_rows, settings.quality_steps)


CHECKERS: Mapping[str, Checker] = MappingProxyType({"probe": probe, "finetune": finetune})


def average(first: Checked, second: Checked, labels: np.ndarray) -> Checked:
    """Join two checkers of one role into one that says the mean of both.

    Parameters
    ----------
    first, second
        Of different kinds and equal rows.
    labels
        Label ids of the rows both were trained on, shape (n,).
    """
    scaled = [
        apply_temperature(each.out_of_fold, each.details["temperature"]) for each in (first, second)
    ]
    out_of_fold = (scaled[0] + scaled[1]) / 2
    temperature = fit_temperature(out_of_fold, labels)
    return Checked(
        synthetic=(first.synthetic + second.synthetic) / 2,
        calibrated=apply_temperature((first.calibrated + second.calibrated) / 2, temperature),
        members=np.concatenate([first.members, second.members]),
        out_of_fold=out_of_fold,
        real=apply_temperature((first.real + second.real) / 2, temperature),
        trust=trust_of(apply_temperature(out_of_fold, temperature), labels),
        details={"temperature": temperature},
    )


def trust_of(probs: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """How good the out-of-fold probabilities (n, K) of a checker are for its rows, as plain data.

    Returns
    -------
    dict
        ``accuracy`` with ``low`` and ``high``, the ends of its 95 % Wilson interval; ``n`` rows;
        ``how`` it was measured; ``macro_f1`` and ``ece`` (expected calibration error), each with
        ``value``, ``low`` and ``high``; ``log_loss``.
    """
    figures = trust_figures(probs, labels)
    accuracy = figures["accuracy"]
    return {
        "accuracy": accuracy["value"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "n": len(labels),
        "how": "out of fold",
        "macro_f1": figures["macro_f1"],
        "ece": figures["ece"],
        "log_loss": figures["log_loss"],
    }


def _check(
    task: Task,
    n_folds: int,
    seed: int,
    train: Callable[[Sample, int], Ask],
    details: Mapping[str, Any],
) -> Checked:
    """Train one checker on all rows and one without each fold, and ask them."""
    own, asked = task.train, task.synthetic
    ask = train(own, seed)
    synthetic = ask(asked)
    unlearned = None if task.role == QUALITY else ask(task.real)
    folds = fold_ids(own.labels, n_folds, seed=seed)
    out_of_fold = np.empty((len(own.labels), len(task.labels)), dtype=np.float32)
    members = []
    for number, fold in enumerate(np.unique(folds), start=1):
        held = folds == fold
        ask = train(_take(own, ~held), seed + number)
        out_of_fold[held] = ask(_take(own, held))
        if task.role == QUALITY:
            members.append(ask(asked))
    temperature = fit_temperature(out_of_fold, own.labels)
    scaled = np.stack([apply_temperature(each, temperature) for each in members or [out_of_fold]])
    return Checked(
        synthetic=synthetic,
        calibrated=scaled.mean(axis=0),
        members=scaled[: len(members)].astype(np.float16),
        out_of_fold=out_of_fold,
        real=apply_temperature(out_of_fold if unlearned is None else unlearned, temperature),
        trust=trust_of(apply_temperature(out_of_fold, temperature), own.labels),
        details={"temperature": temperature, **details},
    )


def _take(rows: Sample, chosen: np.ndarray) -> Sample:
    frame = rows.rows[chosen].reset_index(drop=True)
    return Sample(frame, rows.labels[chosen], rows.embeddings[chosen])
