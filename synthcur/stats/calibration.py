"""How far probabilities can be believed, and temperature scaling; pure numpy and scipy.

A checker trained on a few hundred rows is over-confident. Its held-out probabilities, one row of
K for every row it has not seen, say by how much: `fit_temperature` finds the one number that mends
most of it (Guo et al. 2017, "On Calibration of Modern Neural Networks"), `trust_figures` measures
what is left.
"""

import math
from typing import Any

import numpy as np
from scipy import optimize
from scipy.special import log_softmax

from synthcur.stats.metrics import MACRO_F1, accuracy, macro_f1, mean_interval, wilson_interval
from synthcur.stats.reliability import expected_calibration_error

TEMPERATURES = (0.25, 10.0)
"""Lowest and highest temperature that is fitted."""

_SMALLEST_PROBABILITY = 1e-12
_PRIOR_DEVIATION = 0.5
_INTERVAL = (0.025, 0.975)


def apply_temperature(probs: np.ndarray, temperature: float) -> np.ndarray:
    """Flatten (temperature above 1) or sharpen (below 1) probabilities: ``softmax(log p / T)``.

    Parameters
    ----------
    probs
        Shape (n, K), rows sum to 1; taken as at least 1e-12.
    temperature
        T > 0; 1 leaves the probabilities as they are.

    Returns
    -------
    numpy.ndarray
        (n, K) float32, rows sum to 1. No label passes another of its row.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature is above 0, not {temperature}")
    return np.exp(log_softmax(_log(probs) / temperature, axis=1)).astype(np.float32)


def calibrated_losses(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Log loss of every row once the temperature fits them: ``-log softmax(log p / T)[y]``.

    How sure a classifier is overall can be set right afterwards and says nothing of what it knows;
    a fine-tuned one is so much too sure in the end that its plain log loss rises while it gets
    better. One number fitted to the rows it is judged by costs hardly any of their worth.

    Parameters
    ----------
    probs
        Shape (n, K), of rows that were not learned, n > 0.
    labels
        (n,) label ids.

    Returns
    -------
    numpy.ndarray
        (n,) nats, at least 0.
    """
    scaled = log_softmax(_log(probs) / fit_temperature(probs, labels), axis=1)
    return -scaled[np.arange(len(labels)), np.asarray(labels)]


def fit_temperature(probs: np.ndarray, labels: np.ndarray) -> float:
    """Find the temperature under which held-out probabilities fit the labels best.

    Minimised is the sum of the rows' log losses plus ``(log T)^2 / (2 * 0.5^2)``, the logarithm of
    a log-normal prior around T = 1. Without it, a few rows that are all right would ask for the
    lowest temperature there is. The prior expects 19 of 20 checkers between 0.37 and 2.7; it
    weighs as much as about ten rows, so that a hundred overrule it.

    Parameters
    ----------
    probs
        Shape (n, K), from checkers that have not seen the row; in-sample ones say nothing.
    labels
        (n,) label ids.

    Returns
    -------
    float
        Within `TEMPERATURES`; 1 without rows.
    """
    if len(labels) == 0:
        return 1.0
    log_p, labels = _log(probs), np.asarray(labels)

    def penalised_loss(log_t: float) -> float:
        own = log_softmax(log_p / math.exp(log_t), axis=1)[np.arange(len(labels)), labels]
        return float(-own.sum()) + log_t**2 / (2 * _PRIOR_DEVIATION**2)

    bounds = [math.log(each) for each in TEMPERATURES]
    return math.exp(optimize.minimize_scalar(penalised_loss, bounds=bounds, method="bounded").x)


def trust_figures(
    probs: np.ndarray, labels: np.ndarray, *, n_resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Measure how far a checker can be trusted, on rows it has not seen.

    Parameters
    ----------
    probs
        Held-out probabilities (n, K), rows sum to 1.
    labels
        (n,) label ids.
    n_resamples
        Number of bootstrap resamples of the rows.
    seed
        Seed of the resampling.

    Returns
    -------
    dict
        Plain JSON data. ``accuracy`` (Wilson interval), ``macro_f1`` and ``ece`` (bootstrap over
        rows), each a dict of ``value``, ``low`` and ``high`` (95 %), and the mean ``log_loss``.
        Without rows nothing is known: 0 to 1, and the log loss of guessing.
    """
    probs, labels = np.asarray(probs), np.asarray(labels)
    if len(labels) == 0:
        unknown = {"value": 0.0, "low": 0.0, "high": 1.0}
        names = ("accuracy", "macro_f1", "ece")
        return {**{name: dict(unknown) for name in names}, "log_loss": math.log(probs.shape[1])}
    said = probs.argmax(axis=1)
    low, high = wilson_interval(int((said == labels).sum()), len(labels))
    f1 = mean_interval(said, labels, metric=MACRO_F1, n_resamples=n_resamples, seed=seed)
    own = _log(probs)[np.arange(len(labels)), labels]
    return {
        "accuracy": {"value": accuracy(said, labels), "low": low, "high": high},
        "macro_f1": {"value": macro_f1(said, labels), "low": f1.low, "high": f1.high},
        "ece": _calibration_interval(probs, labels, n_resamples, seed),
        "log_loss": float(-own.mean()),
    }


def _calibration_interval(
    probs: np.ndarray, labels: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """Interval as far to either side as 95 % of the resamples reach at most.

    Resampling adds the bias of few rows a second time, so the resamples lie too high: their own
    2.5 % quantile would leave out the truth of a well calibrated checker.
    """
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(labels), size=(n_resamples, len(labels)))
    resampled = [expected_calibration_error(probs[rows], labels[rows]) for rows in draws]
    value = expected_calibration_error(probs, labels)
    half = float(np.abs(np.quantile(resampled, _INTERVAL) - value).max())
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half)}


def _log(probs: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(probs, dtype=np.float64), _SMALLEST_PROBABILITY))
