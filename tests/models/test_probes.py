"""Logistic regressions on embeddings: what they say, and how their regularisation is chosen."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from synthcur.models.probes import ABSENT_PROBABILITY, choose_c, fit_probe, fold_ids


def cloud(n: int, *, seed: int, noise: float = 0.5, classes: int = 3):
    """Unit vectors around one direction per class, and their labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    vectors = np.eye(8)[labels] + random.normal(scale=noise, size=(n, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3])
def test_a_probe_says_what_the_regression_says(classes: int):
    vectors, labels = cloud(60, seed=1, classes=classes)
    asked, _ = cloud(20, seed=2, classes=classes)
    probe = fit_probe(vectors, labels, classes, 10.0)
    theirs = LogisticRegression(C=10.0, tol=1e-8, max_iter=5000).fit(vectors.astype(float), labels)
    np.testing.assert_allclose(probe.predict_proba(asked), theirs.predict_proba(asked), atol=1e-4)
    assert (probe.weight.shape, probe.bias.shape) == ((classes, 8), (classes,))


def test_labels_without_rows_get_next_to_no_probability():
    vectors, labels = cloud(40, seed=1, classes=2)
    probs = fit_probe(vectors, 2 * labels, 4, 10.0).predict_proba(vectors)
    np.testing.assert_allclose(probs[:, [1, 3]], ABSENT_PROBABILITY, rtol=1e-3)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    alone = fit_probe(vectors, np.zeros(40, dtype=int), 3, 10.0).predict_proba(vectors)
    np.testing.assert_allclose(alone[:, 0], 1, atol=1e-5)


def log_loss_of(c: float, vectors, labels, folds, beside) -> float:
    own = np.empty(len(labels))
    for fold in np.unique(folds):
        held = folds == fold
        learned = np.concatenate([vectors[~held], beside[0]]).astype(float)
        model = LogisticRegression(C=c, tol=1e-8, max_iter=5000)
        model.fit(learned, np.concatenate([labels[~held], beside[1]]))
        own[held] = model.predict_proba(vectors[held])[np.arange(held.sum()), labels[held]]
    return float(-np.log(own).mean())


@pytest.mark.parametrize("noise", [0.1, 0.8, 3.0])
@pytest.mark.parametrize("n_beside", [0, 60])
def test_the_regularisation_has_the_lowest_loss_out_of_fold(noise: float, n_beside: int):
    vectors, labels = cloud(90, seed=3, noise=noise)
    others, theirs = cloud(60, seed=4, noise=noise)
    beside = others[:n_beside], (theirs + (np.arange(60) % 4 == 0))[:n_beside] % 3
    folds, grid = fold_ids(labels, 5, seed=0), (0.01, 0.1, 1.0, 10.0, 100.0)
    losses = {c: log_loss_of(c, vectors, labels, folds, beside) for c in grid}
    chosen = choose_c(
        vectors, labels, 3, folds=folds, grid=grid, beside=beside if n_beside else None
    )
    assert chosen == min(grid, key=losses.__getitem__)


def test_folds_hold_every_label_evenly():
    labels = np.repeat([0, 1, 2], [50, 25, 3])
    folds = fold_ids(labels, 5, seed=0)
    counts = np.array([np.bincount(folds[labels == k], minlength=5) for k in range(3)])
    assert (np.ptp(counts, axis=1) <= 1).all()
    assert not np.array_equal(folds, fold_ids(labels, 5, seed=1))
