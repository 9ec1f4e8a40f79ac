"""Probes: logistic regressions on embeddings, and how strongly they are regularised; pure.

One kind of checkers is made of them (`checkers.checkers`), and so are the arms that are the floor
of every comparison (`synthcur.worker.probe_arms`).

Shapes: n rows, D dimensions, K labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

ABSENT_PROBABILITY = 1e-6
"""Probability of a label that a probe has seen no row of."""

CHECKER_GRID = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Inverse regularisations a checker may have; embeddings have length 1, so they are large."""

TOLERANCE = 1e-6
"""Gradient at which a fit ends: small enough for probabilities to agree between machines."""


@dataclass(frozen=True)
class Probe:
    """A fitted logistic regression: p(y|x) = softmax(W e(x) + b).

    Attributes
    ----------
    weight, bias
        W and b, of the S labels that it has seen: (S, D) and (S,).
    seen
        Their ids, rising, (S,).
    n_labels
        K.
    """

    weight: np.ndarray
    bias: np.ndarray
    seen: np.ndarray
    n_labels: int

    def predict_proba(self, embeddings: np.ndarray) -> np.ndarray:
        """Return the probabilities (n, K) float32 of the labels for embeddings (n, D)."""
        probs = np.full((len(embeddings), self.n_labels), ABSENT_PROBABILITY, dtype=np.float64)
        probs[:, self.seen] = softmax(embeddings @ self.weight.T + self.bias, axis=1)
        return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)


def fit_probe(embeddings: np.ndarray, labels: np.ndarray, n_labels: int, c: float) -> Probe:
    """Fit a probe.

    Parameters
    ----------
    embeddings
        (n, D), of length 1.
    labels
        Label ids (n,), n > 0; where there is only one, its probability is next to 1.
    n_labels
        K.
    c
        Inverse regularisation: the loss is the sum of -log p(y|x), c times, and half of the
        squared norm of the weights.
    """
    return _fit(_regression(c), embeddings, labels, n_labels)


def choose_c(
    embeddings: np.ndarray,
    labels: np.ndarray,
    n_labels: int,
    *,
    folds: np.ndarray,
    grid: Sequence[float],
    beside: tuple[np.ndarray, np.ndarray] | None = None,
) -> float:
    """Return the inverse regularisation with the lowest out-of-fold log loss.

    Parameters
    ----------
    embeddings, labels
        Rows whose labels can be trusted, (n, D) and (n,): on them the loss is measured.
    n_labels
        K.
    folds
        Fold of every one of them, (n,).
    grid
        What there is to choose from, rising. The search ends where the loss has risen twice in a
        row.
    beside
        Embeddings and labels of further rows, which are learned whichever fold is left out.
    """
    # Every fit starts from that of the value before, which takes half of the time.
    models = {fold: _regression(grid[0]) for fold in np.unique(folds)}
    losses: list[float] = []
    for c in grid:
        own = np.empty(len(labels))
        for fold, model in models.items():
            held = np.flatnonzero(folds == fold)
            learned, taught = embeddings[folds != fold], labels[folds != fold]
            if beside is not None:
                learned = np.concatenate([learned, beside[0]])
                taught = np.concatenate([taught, beside[1]])
            probe = _fit(model.set_params(C=c), learned, taught, n_labels)
            own[held] = probe.predict_proba(embeddings[held])[np.arange(len(held)), labels[held]]
        losses.append(float(-np.log(np.maximum(own, ABSENT_PROBABILITY)).mean()))
        if len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]:
            break
    return grid[int(np.argmin(losses))]


def _regression(c: float) -> "LogisticRegression":
    # Scikit-learn takes a second to import, which the web process need not wait for.
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=c, solver="newton-cg", tol=TOLERANCE, max_iter=1000, warm_start=True
    )


def _fit(
    model: "LogisticRegression", embeddings: np.ndarray, labels: np.ndarray, n_labels: int
) -> Probe:
    seen = np.unique(labels)
    if len(seen) == 1:
        return Probe(np.zeros((1, embeddings.shape[1])), np.zeros(1), seen, n_labels)
    # Its products are so small that several threads take forty times as long as one.
    with threadpool_limits(1):
        model.fit(embeddings.astype(np.float64), labels)
    weight, bias = np.asarray(model.coef_), np.asarray(model.intercept_)
    if len(seen) == 2:  # one row of weights stands for the difference of both labels
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return Probe(weight, bias, seen, n_labels)


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
