"""Two models beside each other on the same labelled rows, from what they predict."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from synthcur.api.arguments import label_array
from synthcur.errors import InputError
from synthcur.stats.bootstrap import ACCURACY, METRICS
from synthcur.stats.metrics import (
    Difference,
    Flips,
    Interval,
    mcnemar,
    mean_interval,
    paired_difference,
    verdict,
)


@dataclass(frozen=True)
class PairwiseComparison:
    """How two models do on the same rows.

    Attributes
    ----------
    metric
        Of `first`, `second` and `difference`: ``accuracy`` or ``macro_f1``.
    first, second
        Score of each, mean over seeds with its 95 % interval, 0 to 1.
    difference
        First less second over rows and seeds together, with its 95 % interval and p-value.
    flips
        Rows that only one of the two has right, with the exact McNemar test. Of several seeds the
        label that most of them predict counts.
    """

    metric: str
    first: Interval
    second: Interval
    difference: Difference
    flips: Flips

    @property
    def verdict(self) -> str:
        """The difference in one sentence."""
        return verdict(self.difference, "the first", "the second")


def compare(
    first: ArrayLike,
    second: ArrayLike,
    labels: ArrayLike,
    *,
    metric: str = ACCURACY,
    n_resamples: int = 2000,
    seed: int = 0,
) -> PairwiseComparison:
    """Compare the predictions of two models for the same rows.

    The difference is a paired bootstrap over rows and seeds (`metrics.paired_difference`), which
    is what the app's results are made of.

    Parameters
    ----------
    first, second
        Predicted labels, shape (T,), or (S, T) of S seeds each; seed s of the one belongs to seed s
        of the other.
    labels
        True labels, shape (T,): names or ids, of the same kind as the predictions.
    metric
        ``accuracy`` or ``macro_f1``.
    n_resamples
        Number B of bootstrap resamples.
    seed
        Seed of the resampling.

    Returns
    -------
    PairwiseComparison
        Fractions; ``results.pairwise.verdict`` says it in a sentence.

    Raises
    ------
    InputError
        If sizes differ, a label is missing, the metric is unknown, or no prediction is among the
        labels.

    Examples
    --------
    >>> found = synthcur.compare(weighted.predict(texts), plain.predict(texts), labels)
    >>> found.difference.mean, found.difference.low, found.difference.high
    """
    if metric not in METRICS:
        raise InputError(f"Unknown metric {metric!r}.", fix=f"Choose one of {', '.join(METRICS)}.")
    if n_resamples < 1:
        raise InputError(f"n_resamples is {n_resamples}.", fix="Use 1 or more, such as 2000.")
    truth = label_array(_array(labels, "labels", (1,)), "labels")
    if not len(truth):
        raise InputError("labels is empty.", fix="Give the rows that both models have predicted.")
    said = [
        _predictions(each, name, truth) for each, name in ((first, "first"), (second, "second"))
    ]
    if len(said[0]) != len(said[1]):
        raise InputError(
            f"first has {len(said[0])} seeds, second {len(said[1])}.",
            fix="Give as many of each: seed s of one belongs to seed s of the other.",
        )
    names, ids = np.unique(
        np.concatenate([truth, *(each.ravel() for each in said)]), return_inverse=True
    )
    label_ids, *rest = np.split(ids, np.cumsum([len(truth), said[0].size]))
    one, other = (each.reshape(said[0].shape) for each in rest)
    options = {"metric": metric, "n_resamples": n_resamples, "seed": seed}
    most_said = [_most_said(each, len(names)) == label_ids for each in (one, other)]
    return PairwiseComparison(
        metric=metric,
        first=mean_interval(one, label_ids, **options),
        second=mean_interval(other, label_ids, **options),
        difference=paired_difference(one, other, label_ids, **options),
        flips=mcnemar(*most_said),
    )


def _array(values: ArrayLike, name: str, dimensions: tuple[int, ...]) -> np.ndarray:
    found = np.asarray(values, dtype=object)
    if any(np.ndim(each) for each in found.ravel()):
        raise InputError(
            f"{name} has rows of different lengths.", fix="Give every seed the same rows."
        )
    if found.ndim not in dimensions:
        shapes = " or ".join("(T,)" if each == 1 else "(S, T)" for each in dimensions)
        raise InputError(f"{name} has shape {found.shape}.", fix=f"Give {shapes}.")
    return found


def _predictions(values: ArrayLike, name: str, truth: np.ndarray) -> np.ndarray:
    """Read predictions as (S, T), of the kind of the true labels."""
    found = np.atleast_2d(_array(values, name, (1, 2)))
    if found.shape[1] != len(truth):
        raise InputError(
            f"{name} has {found.shape[1]:,} predictions for {len(truth):,} labels.",
            fix="Give one per row, of the same rows in the same order.",
        )
    flat = label_array(found.ravel(), name)
    if not np.isin(flat, truth).any():
        raise InputError(
            f"No prediction of {name} is among the labels: it has {str(flat[0])[:40]!r}, "
            f"labels {str(truth[0])[:40]!r}.",
            fix="Give both as names, or both as ids.",
        )
    return flat.reshape(found.shape)


def _most_said(predictions: np.ndarray, n_labels: int) -> np.ndarray:
    """Label id that most seeds predict for every row, the smallest of equals: (S, T) -> (T,)."""
    return np.eye(n_labels, dtype=np.int64)[predictions].sum(axis=0).argmax(axis=1)
