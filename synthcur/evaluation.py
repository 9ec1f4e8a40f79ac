"""Scores of classifiers and how sure one may be of them; pure numpy and scipy.

Predictions of one arm are an (S, T) array: S seeds, each with a label id for the same T test rows.
Every interval that compares arms resamples test rows and seeds together (Owen 2007, "The pigeonhole
bootstrap"), with the same draws for both arms. Simulated with 600 rows and 5 seeds it covers the
true difference in 95 to 98 of 100 cases; with 2 seeds that disagree by several points in 88.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

ACCURACY, MACRO_F1 = "accuracy", "macro_f1"
METRICS = (ACCURACY, MACRO_F1)

_CELLS_AT_ONCE = 4_000_000
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval, as fractions (0.77 is 77 %)."""

    mean: float
    low: float
    high: float
    n_rows: int
    n_seeds: int


@dataclass(frozen=True)
class Difference(Interval):
    """How much one arm scores above another on the same rows and seeds, -1 to 1."""

    @property
    def outcome(self) -> str:
        """``better``, ``worse`` or ``no evidence``, by whether the interval leaves 0 out."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no evidence"


@dataclass(frozen=True)
class Flips:
    """Rows that one model of a pair gets right and the other wrong.

    Attributes
    ----------
    gained
        Rows that only the first model gets right.
    lost
        Rows that only the second model gets right.
    p_value
        Exact two-sided McNemar test of gained = lost; 1 when there is no such row.
    """

    gained: int
    lost: int
    p_value: float


def accuracy(predictions: ArrayLike, labels: ArrayLike) -> float:
    """Share of rows (T,) whose predicted label id is the true one, 0 to 1."""
    predictions, labels = _same_rows(predictions, labels)
    return float(np.mean(predictions == labels))


def macro_f1(predictions: ArrayLike, labels: ArrayLike) -> float:
    """Unweighted mean of the F1 of every label that occurs, 0 to 1.

    A label that is neither true nor predicted for any row has no F1 and is left out, as in
    scikit-learn.
    """
    predictions, labels = _same_rows(predictions, labels)
    return float(_scores(predictions[None], labels, MACRO_F1, np.ones((1, len(labels))))[0, 0])


def confusion(predictions: ArrayLike, labels: ArrayLike, n_labels: int) -> np.ndarray:
    """Count rows by true and predicted label.

    Returns
    -------
    numpy.ndarray
        (K, K) int64, rows true, columns predicted.
    """
    predictions, labels = _same_rows(predictions, labels)
    cell = labels.astype(np.int64) * n_labels + predictions  # ids are stored as int8
    cells = np.bincount(cell, minlength=n_labels * n_labels)
    return cells.reshape(n_labels, n_labels)


def wilson_interval(successes: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share of n independent rows (Wilson 1927); (0, 1) when n is 0."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} rows")
    if n == 0:
        return 0.0, 1.0
    z = stats.norm.ppf((1 + level) / 2)
    share, spread = successes / n, z * z / n
    half = z * np.sqrt((share * (1 - share) + spread / 4) / n)
    centre = share + spread / 2
    low, high = (centre - half) / (1 + spread), (centre + half) / (1 + spread)
    return max(0.0, float(low)), min(1.0, float(high))


def mean_interval(
    predictions: ArrayLike,
    labels: ArrayLike,
    *,
    metric: str = ACCURACY,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Mean score over seeds and its 95 % percentile interval over rows and seeds.

    Parameters
    ----------
    predictions
        (S, T) label ids; T for a single seed.
    labels
        (T,) true label ids.
    metric
        ``accuracy`` or ``macro_f1``.
    n_resamples
        Number B of bootstrap resamples.
    seed
        Seed of the resampling.
    """
    predictions, labels = _checked(predictions, labels, metric)
    rng = np.random.default_rng(seed)
    shares = _seed_shares(len(predictions), n_resamples, rng)
    resampled = _resampled_scores(predictions, labels, metric, n_resamples, rng)
    observed = _scores(predictions, labels, metric)
    return Interval(*_summary(observed, resampled, shares), *_size(predictions))


def paired_difference(
    predictions_a: ArrayLike,
    predictions_b: ArrayLike,
    labels: ArrayLike,
    *,
    metric: str = ACCURACY,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Difference:
    """Score of arm a minus score of arm b: mean over seeds and 95 % percentile interval.

    Row t and seed s mean the same for both arms, and both see the same resamples, so what the
    arms have in common cancels out.

    Parameters
    ----------
    predictions_a, predictions_b
        (S, T) label ids of the two arms; seed s of one belongs to seed s of the other.
    labels
        (T,) true label ids.
    metric
        ``accuracy`` or ``macro_f1``.
    n_resamples
        Number B of bootstrap resamples.
    seed
        Seed of the resampling.
    """
    first, labels = _checked(predictions_a, labels, metric)
    second, _ = _checked(predictions_b, labels, metric)
    if first.shape != second.shape:
        raise ValueError(f"shapes differ: {first.shape} and {second.shape}")
    rng = np.random.default_rng(seed)
    shares = _seed_shares(len(first), n_resamples, rng)
    both = np.concatenate([first, second])
    resampled = _resampled_scores(both, labels, metric, n_resamples, rng)
    gain = resampled[:, : len(first)] - resampled[:, len(first) :]
    observed = _scores(first, labels, metric) - _scores(second, labels, metric)
    return Difference(*_summary(observed, gain, shares), *_size(first))


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> Flips:
    """Compare two models on the same rows by those only one of them gets right (exact test).

    Parameters
    ----------
    correct_a, correct_b
        (T,) whether each row was predicted right.
    """
    first, second = _same_rows(correct_a, correct_b)
    gained, lost = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if gained + lost == 0:
        return Flips(0, 0, 1.0)
    return Flips(gained, lost, float(stats.binomtest(gained, gained + lost).pvalue))


def points(fraction: float, *, signed: bool = False) -> str:
    """Write a fraction in percentage points with one decimal and a true minus sign."""
    value = round(100 * fraction, 1) + 0.0  # + 0.0 turns -0.0 into 0.0
    return f"{value:+.1f}".replace("-", "−") if signed and value else f"{value:.1f}"


def seeds_in_words(n_seeds: int) -> str:
    """Write a number of seeds: ``1 seed``, ``5 seeds``."""
    return "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"


def verdict(difference: Difference, title: str, baseline: str = "plain training") -> str:
    """Say in one sentence what a paired difference means.

    Parameters
    ----------
    difference
        Arm minus baseline.
    title, baseline
        Names of the two as they are to stand in the sentence.
    """
    mean, low, high = difference.mean, difference.low, difference.high
    seeds = seeds_in_words(difference.n_seeds)
    if difference.outcome == "no evidence":
        interval = f"{points(low, signed=True)} to {points(high, signed=True)}"
        size = f"{points(mean, signed=True)} points (95 % interval {interval}, {seeds})"
        return f"No evidence of a difference between {title} and {baseline}: {size}"
    if difference.outcome == "worse":
        mean, low, high = -mean, -high, -low
    size = f"{points(mean)} points (95 % interval {points(low)} to {points(high)}, {seeds})"
    return f"{title} is {difference.outcome} than {baseline} by {size}"


def _same_rows(first: ArrayLike, second: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise ValueError(f"two arrays of the same rows needed: {first.shape} and {second.shape}")
    return first, second


def _checked(
    predictions: ArrayLike, labels: ArrayLike, metric: str
) -> tuple[np.ndarray, np.ndarray]:
    predictions, labels = np.atleast_2d(np.asarray(predictions)), np.asarray(labels)
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}")
    if predictions.size == 0 or predictions.shape[1:] != labels.shape:
        raise ValueError(f"predictions {predictions.shape} do not fit labels {labels.shape}")
    return predictions, labels


def _size(predictions: np.ndarray) -> tuple[int, int]:
    return predictions.shape[1], predictions.shape[0]


def _summary(
    observed: np.ndarray, resampled: np.ndarray, shares: np.ndarray
) -> tuple[float, float, float]:
    """Mean of (S,) and percentile interval of (B, S) under the seeds' shares (B, S)."""
    low, high = np.quantile((resampled * shares).sum(axis=1), _INTERVAL)
    return float(observed.mean()), float(low), float(high)


def _scores(
    predictions: np.ndarray, labels: np.ndarray, metric: str, counts: np.ndarray | None = None
) -> np.ndarray:
    """Score every seed under every row weighting: (S, T), (T,), counts (B, T) -> (B, S)."""
    if counts is None:
        return _scores(predictions, labels, metric, np.ones((1, len(labels))))[0]
    if metric == ACCURACY:
        correct = (predictions == labels).astype(counts.dtype)
        return counts @ correct.T / len(labels)
    return np.stack([_macro_f1(row, labels, counts) for row in predictions], axis=1)


def _macro_f1(predictions: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Macro-F1 of one seed under every row weighting: (T,), (T,), (B, T) -> (B,)."""
    occurring, ids = np.unique(np.concatenate([labels, predictions]), return_inverse=True)
    one_hot = np.eye(len(occurring), dtype=counts.dtype)
    true, predicted = one_hot[ids[: len(labels)]], one_hot[ids[len(labels) :]]
    hits = counts @ (true * predicted)
    total = counts @ (true + predicted)
    f1 = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    return f1.sum(axis=1) / (total > 0).sum(axis=1)


def _row_counts(n_rows: int, n_resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield blocks (b, T) of how often every row is drawn, b summing to n_resamples."""
    block = max(1, _CELLS_AT_ONCE // n_rows)
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        drawn = rng.integers(n_rows, size=(size, n_rows)) + n_rows * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n_rows)
        yield counts.reshape(size, n_rows).astype(np.float32)


def _seed_shares(n_seeds: int, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Draw seeds with replacement: shares (B, S), each row summing to 1."""
    return rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=n_resamples) / n_seeds


def _resampled_scores(
    predictions: np.ndarray,
    labels: np.ndarray,
    metric: str,
    n_resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Score every seed under the same row resamples: (S, T) -> (B, S)."""
    blocks = _row_counts(len(labels), n_resamples, rng)
    return np.concatenate([_scores(predictions, labels, metric, counts) for counts in blocks])
