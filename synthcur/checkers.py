"""The two checkers: quality P'(y|x), learned from real rows, and diversity Q(y|x), from synthetic.

A checker is trained on some rows and asked about the synthetic ones; which rows it is trained on
makes it the one or the other. Kinds of checkers are functions in one registry, `CHECKERS`:
``probe`` is a logistic regression on embeddings (seconds), ``finetune`` the paper's fine-tuned
classifier (Kuo et al. 2024, section 3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from synthcur.evaluation import wilson_interval
from synthcur.settings import ScoreSettings
from synthcur.training_rows import Examples, WeightedExamples

QUALITY, DIVERSITY = "quality", "diversity"
ROLES = (QUALITY, DIVERSITY)

ABSENT_PROBABILITY = 1e-6
"""Probability of a label that a probe has seen no row of."""

PROBE_C = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Inverse regularisations a probe may have; embeddings have length 1, so they are large."""


PROBE_TOL = 1e-6
"""Gradient at which a fit ends: small enough for probabilities to agree between machines."""


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


@dataclass(frozen=True)
class Checked:
    """What one checker says, and how far it can be trusted.

    Attributes
    ----------
    synthetic
        pred_probs of the synthetic rows, shape (N, K), float32, rows sum to 1. Those of the
        diversity checker are in-sample, as in the paper.
    out_of_fold
        pred_probs (n, K) of its own training rows, each from a checker that has not seen the row;
        None where there are none.
    trust
        ``accuracy`` with the ends ``low`` and ``high`` of its 95 % Wilson interval, the number of
        rows ``n`` and ``how`` it was measured.
    details
        What else is worth keeping, as plain data.
    """

    synthetic: np.ndarray
    out_of_fold: np.ndarray | None
    trust: Mapping[str, Any]
    details: Mapping[str, Any]


Checker = Callable[[Task, ScoreSettings, Callable[[int, int], None]], Checked]
"""A kind of checker: task, settings and a listener for (done, total) of its work."""


def probe(task: Task, settings: ScoreSettings, on_progress: Callable[[int, int], None]) -> Checked:
    """Logistic regression on the embeddings of the training rows.

    Its regularisation is chosen by the out-of-fold log loss on the real rows, for both roles: the
    labels of synthetic rows are what is in doubt. Accuracy is measured out of fold.
    """
    n_labels, train = len(task.labels), task.train
    parts = settings.folds + 2
    c, out_of_fold = _choose_c(task.real, n_labels, settings)
    on_progress(1, parts)
    if task.role == DIVERSITY:
        folds = fold_ids(train.labels, settings.folds, seed=settings.seed)
        out_of_fold = _out_of_fold(
            train, folds, n_labels, c, on_fold=lambda done: on_progress(1 + done, parts)
        )
    ask = _fit_probe(train.embeddings, train.labels, n_labels, c)
    synthetic = ask(task.synthetic.embeddings)
    on_progress(parts, parts)
    right = int((out_of_fold.argmax(axis=1) == train.labels).sum())
    absent = np.setdiff1d(np.arange(n_labels), train.labels)
    return Checked(
        synthetic=synthetic,
        out_of_fold=out_of_fold,
        trust=trust_of(right, len(train.labels), how="out of fold"),
        details={"c": c, "labels_never_seen": [task.labels[i] for i in absent]},
    )


def finetune(
    task: Task, settings: ScoreSettings, on_progress: Callable[[int, int], None]
) -> Checked:
    """Fine-tune a classifier on the training rows; the validation rows choose its epoch.

    The quality checker's accuracy is that on the validation rows, a little flattered by having
    chosen the epoch; the diversity checker's is that on its own training rows.
    """
    # Fine-tuning takes seconds to import, which a probe need not wait for.
    from synthcur.classifier import predict_proba
    from synthcur.training import count_steps, fit

    train, n = task.train, len(task.synthetic.labels)
    steps = count_steps(len(train.labels), settings.fit)
    asked_rows_a_step = settings.fit.batch_size * 3  # asking costs a third of learning
    total = steps + -(-n // asked_rows_a_step)
    result = fit(
        WeightedExamples(train.rows, train.labels, np.ones(len(train.labels))),
        task.validation,
        labels=task.labels,
        settings=settings.fit,
        seed=settings.seed,
        on_step=lambda step: on_progress(step, total),
    )
    synthetic = predict_proba(
        result.classifier,
        task.synthetic.rows,
        on_progress=lambda rows: on_progress(steps + rows // asked_rows_a_step, total),
    )
    on_progress(total, total)
    if task.role == QUALITY:
        judged = len(task.validation.labels)
        right = round(result.val_accuracy * judged)
        how = "validation rows, which also chose the checkpoint"
    else:
        judged = n
        right = int((synthetic.argmax(axis=1) == task.synthetic.labels).sum())
        how = "its own training rows"
    return Checked(
        synthetic=synthetic,
        out_of_fold=None,
        trust=trust_of(right, judged, how=how),
        details={
            "best_epoch": result.best_epoch,
            "val_accuracy": result.val_accuracy,
            "val_macro_f1": result.val_macro_f1,
        },
    )


CHECKERS: Mapping[str, Checker] = MappingProxyType({"probe": probe, "finetune": finetune})


def trust_of(right: int, n: int, *, how: str) -> dict[str, Any]:
    """Accuracy of a checker that answered `right` of `n` rows, with its 95 % Wilson interval."""
    low, high = wilson_interval(right, n)
    return {"accuracy": right / n if n else 0.0, "low": low, "high": high, "n": n, "how": how}


def fold_ids(labels: np.ndarray, folds: int, *, seed: int) -> np.ndarray:
    """Deal rows into folds so that every label is spread as evenly as can be.

    Parameters
    ----------
    labels
        Label ids, shape (n,).
    folds
        Number of folds; some stay empty when there are fewer rows.
    seed
        Equal seeds give equal folds.

    Returns
    -------
    np.ndarray
        Fold of every row, shape (n,), integers in ``range(folds)``.
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    dealt = shuffled[np.argsort(labels[shuffled], kind="stable")]
    ids = np.empty(len(labels), dtype=np.int64)
    ids[dealt] = np.arange(len(labels)) % folds
    return ids


def _choose_c(real: Sample, n_labels: int, settings: ScoreSettings) -> tuple[float, np.ndarray]:
    """Return the best of `PROBE_C` by log loss, and the out-of-fold pred_probs under it."""
    folds = fold_ids(real.labels, settings.folds, seed=settings.seed)
    found = {c: _out_of_fold(real, folds, n_labels, c) for c in PROBE_C}
    best = min(found, key=lambda c: _log_loss(found[c], real.labels))
    return best, found[best]


def _log_loss(probs: np.ndarray, labels: np.ndarray) -> float:
    own = probs[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, ABSENT_PROBABILITY)).mean())


def _out_of_fold(
    data: Sample,
    folds: np.ndarray,
    n_labels: int,
    c: float,
    *,
    on_fold: Callable[[int], None] | None = None,
) -> np.ndarray:
    probs = np.empty((len(data.labels), n_labels), dtype=np.float32)
    for done, fold in enumerate(np.unique(folds), start=1):
        held = folds == fold
        ask = _fit_probe(data.embeddings[~held], data.labels[~held], n_labels, c)
        probs[held] = ask(data.embeddings[held])
        if on_fold is not None:
            on_fold(done)
    return probs


def _fit_probe(
    embeddings: np.ndarray, labels: np.ndarray, n_labels: int, c: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a probe and return what answers for it: (n, D) -> pred_probs (n, K)."""
    from sklearn.linear_model import LogisticRegression

    seen = np.unique(labels)
    model = None
    if len(seen) > 1:
        model = LogisticRegression(C=c, solver="newton-cg", tol=PROBE_TOL, max_iter=1000)
        # Its products are so small that several threads take forty times as long as one.
        with threadpool_limits(1):
            model.fit(embeddings.astype(np.float64), labels)

    def ask(queries: np.ndarray) -> np.ndarray:
        probs = np.full((len(queries), n_labels), ABSENT_PROBABILITY, dtype=np.float64)
        probs[:, seen] = 1.0 if model is None else model.predict_proba(queries)
        return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)

    return ask
