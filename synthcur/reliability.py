"""How sure a classifier is beside how often it is right: the bins of a reliability diagram."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from synthcur.evaluation import wilson_interval

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Test rows about which a classifier is about equally sure.

    Attributes
    ----------
    rows
        How many test rows; several seeds read each, so it is a mean over seeds.
    sureness
        Mean probability of the predicted label, 0 to 1.
    right
        Share of the predictions that are right, 0 to 1.
    low, high
        95 % Wilson interval of `right` as if only `rows` rows had been read: the seeds read the
        same rows, so they do not make it narrower.
    """

    rows: float
    sureness: float
    right: float
    low: float
    high: float


def reliability(probs: ArrayLike, labels: ArrayLike, *, bins: int = BINS) -> list[Bin]:
    """Cut predictions into bins of as many each, from the least to the most sure.

    Equal counts and not equal widths: a trained classifier is sure of most rows, and bins of equal
    width would leave the lower half of the diagram to a handful of them (Nguyen and O'Connor 2015).

    Parameters
    ----------
    probs
        (S, T, K) probabilities of S seeds for the same T rows.
    labels
        (T,) true label ids.
    bins
        Number of bins; fewer where there are fewer rows.
    """
    probs, labels = np.asarray(probs, dtype=np.float64), np.asarray(labels)
    n_seeds, n_rows, _ = probs.shape
    sureness = probs.max(axis=2).ravel()
    right = (probs.argmax(axis=2) == labels).ravel()
    parts = np.array_split(np.argsort(sureness, kind="stable"), min(bins, n_rows))
    return [_bin(sureness[part], right[part], n_seeds) for part in parts if len(part)]


def calibration_gap(found: Sequence[Bin]) -> float:
    """Mean distance of sureness and share right over the bins, by rows: 0 to 1."""
    total = sum(each.rows for each in found)
    return sum(each.rows * abs(each.sureness - each.right) for each in found) / total


def _bin(sureness: np.ndarray, right: np.ndarray, n_seeds: int) -> Bin:
    share = float(right.mean())
    rows = max(1, round(len(right) / n_seeds))
    low, high = wilson_interval(round(share * rows), rows)
    return Bin(len(right) / n_seeds, float(sureness.mean()), share, low, high)
