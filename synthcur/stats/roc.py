"""How well scores put the rows that are looked for first; pure numpy and scipy.

Used where it is known which rows those are: planted flaws, real against synthetic rows. Rows with
equal scores count as drawn in random order, so no figure depends on how the rows are stored.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from synthcur.stats.metrics import wilson_interval


@dataclass(frozen=True)
class RocAuc:
    """Area under the ROC curve with its interval, 0 to 1; 0.5 is chance.

    Attributes
    ----------
    value, low, high
        The area and the ends of its interval.
    n_positive, n_negative
        Rows that are looked for, and the others.
    """

    value: float
    low: float
    high: float
    n_positive: int
    n_negative: int


def roc_auc_interval(scores: ArrayLike, positive: ArrayLike, *, level: float = 0.95) -> RocAuc:
    """Area under the ROC curve with the interval of DeLong et al. 1988, on the logit scale.

    The area is the chance that a positive row scores above a negative one, a tie counting half:
    Mann and Whitney's U over the number of pairs. The interval is computed from ranks, as in Sun
    and Xu 2014. The logit keeps its ends between 0 and 1 and, simulated, covers better near both.
    A perfect ranking has no variance to go by: its interval is the Wilson one of as many
    independent pairs as can be made of the rows. With a single positive or negative row nothing is
    known: 0 to 1.

    Parameters
    ----------
    scores
        (n,) larger for rows that are more likely positive.
    positive
        (n,) whether each row is; at least one is and one is not.
    level
        Share of intervals that are to hold the true area.
    """
    above, below = _placements(scores, positive)
    value, sizes = float(above.mean()), (len(above), len(below))
    if min(sizes) == 1:
        return RocAuc(value, 0.0, 1.0, *sizes)
    if value in (0.0, 1.0):
        low, high = wilson_interval(round(value * min(sizes)), min(sizes), level=level)
        return RocAuc(value, low, high, *sizes)
    variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance) / (value * (1 - value))
    low, high = special.expit(special.logit(value) + half * np.array([-1, 1]))
    return RocAuc(value, float(low), float(high), *sizes)


def precision_at(scores: ArrayLike, positive: ArrayLike, k: int) -> float:
    """Share of positive rows among the k with the highest scores, 0 to 1.

    Parameters
    ----------
    scores, positive
        (n,) scores, and whether each row is positive.
    k
        1 to n. Of rows that tie for the last places, the expected share is taken.
    """
    scores, positive = np.asarray(scores), np.asarray(positive, dtype=bool)
    if not 1 <= k <= len(scores):
        raise ValueError(f"the first {k} of {len(scores)} rows")
    last = np.partition(scores, len(scores) - k)[len(scores) - k]
    sure, tied = scores > last, scores == last
    return float((positive[sure].sum() + (k - sure.sum()) * positive[tied].mean()) / k)


def _placements(scores: ArrayLike, positive: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Share of negatives below every positive, and of positives above every negative."""
    scores, positive = np.asarray(scores), np.asarray(positive, dtype=bool)
    if scores.shape != positive.shape or positive.all() or not positive.any():
        raise ValueError("scores of at least one positive and one negative row are needed")
    ranks = stats.rankdata(scores)
    among_positive = stats.rankdata(scores[positive])
    among_negative = stats.rankdata(scores[~positive])
    above = (ranks[positive] - among_positive) / len(among_negative)
    below = 1 - (ranks[~positive] - among_negative) / len(among_positive)
    return above, below
