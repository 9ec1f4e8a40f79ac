"""How sure a classifier is beside how often it is right: bins of a diagram, calibration error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from synthcur.stats.metrics import wilson_interval

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
    Rows that are equally sure count with their common share right, whichever bin they fall in.

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
    is_right = (probs.argmax(axis=2) == labels).ravel()
    sureness, right = _by_sureness(probs.max(axis=2).ravel(), is_right)
    parts = np.array_split(np.arange(len(sureness)), min(bins, n_rows))
    return [_bin(sureness[part], right[part], n_seeds) for part in parts if len(part)]


def expected_calibration_error(probs: ArrayLike, labels: ArrayLike, *, bins: int = BINS) -> float:
    """Mean distance between how sure the predictions are and how often they are right.

    That of the bins of `reliability`, by their rows: `calibration_gap` of them is the same number.

    The figure is biased upwards, more so with fewer rows per bin: chance alone sets the two sides
    apart. 400 rows of a perfectly calibrated checker come to about 0.05.

    Parameters
    ----------
    probs
        Shape (n, K), rows sum to 1.
    labels
        (n,) label ids, n > 0.
    bins
        Number of bins; as many as rows if there are fewer.

    Returns
    -------
    float
        0 to 1.
    """
    probs, labels = np.asarray(probs, dtype=np.float64), np.asarray(labels)
    if len(labels) == 0:
        raise ValueError("the calibration error of no rows")
    sureness, right = _by_sureness(probs.max(axis=1), probs.argmax(axis=1) == labels)
    parts = np.array_split(right - sureness, min(bins, len(labels)))
    return float(sum(abs(part.sum()) for part in parts) / len(labels))


def calibration_gap(found: Sequence[Bin]) -> float:
    """Mean distance of sureness and share right over the bins, by rows: 0 to 1."""
    total = sum(each.rows for each in found)
    return sum(each.rows * abs(each.sureness - each.right) for each in found) / total


def _by_sureness(sureness: np.ndarray, is_right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort predictions (n,) by sureness, and give each the share right of all equally sure."""
    values, tied = np.unique(sureness, return_inverse=True)
    ties = np.bincount(tied)
    share_right = np.bincount(tied, weights=is_right) / ties
    return np.repeat(values, ties), np.repeat(share_right, ties)


def _bin(sureness: np.ndarray, right: np.ndarray, n_seeds: int) -> Bin:
    share = float(right.mean())
    rows = max(1, round(len(right) / n_seeds))
    low, high = wilson_interval(round(share * rows), rows)
    return Bin(len(right) / n_seeds, float(sureness.mean()), share, low, high)
