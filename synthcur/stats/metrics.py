"""Scores of classifiers and how sure one may be of them; pure numpy and scipy.

Predictions of one arm are an (S, T) array: S seeds, each with a label id for the same T test rows.
Every interval that compares arms resamples test rows and seeds together, with the same draws for
both arms; `synthcur.stats.bootstrap` says how.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from synthcur.stats import bootstrap as resampling
from synthcur.stats.bootstrap import ACCURACY, MACRO_F1, METRICS, SIGNIFICANT
from synthcur.wording import p_in_words, points, seeds_in_words

Key = TypeVar("Key")


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
    """How much one arm scores above another on the same rows and seeds, -1 to 1.

    Attributes
    ----------
    p_value
        Two-sided, from the resamples that give the interval: below 0.05 exactly when the interval
        leaves 0 out, at least 2 / (B + 1).
    """

    p_value: float

    @property
    def outcome(self) -> str:
        """``better``, ``worse`` or ``no evidence``, by whether the interval leaves 0 out."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no evidence"


@dataclass(frozen=True)
class CorrectedDifference(Difference):
    """A difference that is one of several, after Holm's correction over all of them.

    Attributes
    ----------
    p_holm
        Its `p_value` after `holm`.
    """

    p_holm: float

    @property
    def outcome(self) -> str:
        """``better``, ``worse`` or ``no evidence``, by what stands after the correction."""
        return super().outcome if self.p_holm < SIGNIFICANT else "no evidence"


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
    return float(resampling.scores(predictions[None], labels, MACRO_F1)[0])


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
    """Interval of a share of n independent rows (Wilson 1927).

    Parameters
    ----------
    successes, n
        Rows that count, and all rows; 0 of 0 is allowed.
    level
        Share of intervals that hold the true share, between 0 and 1.

    Returns
    -------
    tuple of float
        Both ends, 0 to 1 with ``successes / n`` between them; (0, 1) when n is 0.

    Raises
    ------
    ValueError
        If more rows count than there are.
    """
    if successes == n == 0:
        return 0.0, 1.0
    found = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


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
    shares = resampling.seed_shares(len(predictions), n_resamples, rng)
    resampled = resampling.resampled_scores(predictions, labels, metric, n_resamples, rng)
    low, high = resampling.interval((resampled * shares).sum(axis=1))
    mean = float(resampling.scores(predictions, labels, metric).mean())
    n_seeds, n_rows = predictions.shape
    return Interval(mean, low, high, n_rows, n_seeds)


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
    task = (predictions_a, predictions_b, labels)
    return mean_over_tasks([task], metric=metric, n_resamples=n_resamples, seed=seed)


def mean_over_tasks(
    tasks: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    metric: str = ACCURACY,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Difference:
    """Mean over several tasks of how much arm a scores above arm b, with its 95 % interval.

    Every task counts the same, whatever its size, and its rows and seeds are resampled apart from
    those of the others. The interval speaks of these tasks; of other tasks it says nothing.

    Parameters
    ----------
    tasks
        One per task: predictions (S, T) of arm a and of arm b, and labels (T,), as
        `paired_difference` takes them. S and T may differ between tasks.
    metric
        ``accuracy`` or ``macro_f1``.
    n_resamples
        Number B of bootstrap resamples.
    seed
        Seed of the resampling.

    Returns
    -------
    Difference
        With the rows of all tasks, and the seeds of the task that has fewest.
    """
    if not tasks:
        raise ValueError("no task to take the mean over")
    rng = np.random.default_rng(seed)
    means, resampled = zip(*(_gain(*task, metric, n_resamples, rng) for task in tasks), strict=True)
    gains = np.mean(resampled, axis=0)
    sizes = [np.atleast_2d(np.asarray(task[0])).shape for task in tasks]
    return Difference(
        float(np.mean(means)),
        *resampling.interval(gains),
        n_rows=sum(n_rows for _, n_rows in sizes),
        n_seeds=min(n_seeds for n_seeds, _ in sizes),
        p_value=resampling.p_value(gains),
    )


def holm(p_values: ArrayLike) -> list[float]:
    """Adjust p-values of several comparisons so that one false finding in all stays as rare.

    Holm 1979, "A simple sequentially rejective multiple test procedure": the smallest of m is
    taken m times, the next m - 1 times, and none falls below the one before. It holds whatever
    the comparisons have in common, such as a baseline.

    Parameters
    ----------
    p_values
        (m,) values from 0 to 1.

    Returns
    -------
    list of float
        Adjusted p-values in the order given, each at least as large as its own and at most 1.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    times = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(times * p_values[order]))
    return adjusted.tolist()


def corrected(differences: Mapping[Key, Difference]) -> dict[Key, CorrectedDifference]:
    """Correct the p-values of differences for how many they are, see `holm`."""
    adjusted = holm([found.p_value for found in differences.values()])
    return {
        key: CorrectedDifference(**vars(found), p_holm=p_holm)
        for (key, found), p_holm in zip(differences.items(), adjusted, strict=True)
    }


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


def verdict(
    difference: Difference,
    title: str,
    baseline: str = "plain training",
    *,
    p_holm: float | None = None,
    n_arms: int = 1,
) -> str:
    """Say in one sentence what a paired difference means.

    Parameters
    ----------
    difference
        Arm minus baseline.
    title, baseline
        Names of the two as they are to stand in the sentence.
    p_holm
        The p-value after `holm` over all arms that are compared with the baseline; the sentence
        mentions it when it takes back what the interval alone would say.
    n_arms
        Number of those arms.
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
    sentence = f"{title} is {difference.outcome} than {baseline} by {size}"
    if p_holm is None or p_holm < SIGNIFICANT:
        return sentence
    correction = f"after Holm correction over {n_arms} arms"
    return f"{sentence}; {correction} this is not significant ({p_in_words(p_holm)})"


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


def _gain(
    predictions_a: ArrayLike,
    predictions_b: ArrayLike,
    labels: ArrayLike,
    metric: str,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """Score of arm a minus that of arm b: mean over seeds, and resampled, (B,)."""
    first, labels = _checked(predictions_a, labels, metric)
    second, _ = _checked(predictions_b, labels, metric)
    if first.shape != second.shape:
        raise ValueError(f"shapes differ: {first.shape} and {second.shape}")
    shares = resampling.seed_shares(len(first), n_resamples, rng)
    both = np.concatenate([first, second])
    resampled = resampling.resampled_scores(both, labels, metric, n_resamples, rng)
    gain = resampled[:, : len(first)] - resampled[:, len(first) :]
    observed = resampling.scores(both, labels, metric)
    mean = observed[: len(first)].mean() - observed[len(first) :].mean()
    return float(mean), (gain * shares).sum(axis=1)
