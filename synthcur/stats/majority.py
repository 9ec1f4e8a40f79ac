"""What a classifier gets that always names the largest label, and which models do no better; pure.

An accuracy says nothing by itself: where 43 % of the rows have one label, a model that has learned
nothing gets 43 %. This score stands beside every accuracy, and a model that has not left it gives
no verdict.

Shapes: S seeds, T test rows, K labels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from synthcur.stats import bootstrap as resampling
from synthcur.stats.bootstrap import ACCURACY, MACRO_F1, SIGNIFICANT
from synthcur.wording import points

LEARNED_NOTHING = "learned nothing: train longer"
"""The mark of a run that gives no verdict, and what helps."""

LEAST_GAIN = 0.05
"""Share of the way from naming blindly to always right that a model must have gone."""

UNEVEN = 0.6
"""Share of the largest label above which macro-F1 comes before accuracy: one that says nothing else
has that accuracy, and a macro-F1 of a half at most."""

_SURE = float(stats.norm.ppf(1 - SIGNIFICANT))


def majority_score(labels: ArrayLike, metric: str = ACCURACY) -> float:
    """Score of always naming the largest label of these rows; 0 without rows.

    Parameters
    ----------
    labels
        True label ids of the rows that the score is measured on, (T,).
    metric
        ``accuracy``: the share of the largest label; ``macro_f1``: that of this classifier.

    Returns
    -------
    float
        0 to 1.
    """
    labels = np.asarray(labels, dtype=np.int64)
    if not labels.size:
        return 0.0
    said = np.full_like(labels, np.bincount(labels).argmax())
    return float(resampling.scores(said[None], labels, metric)[0])


def first_metric(labels: ArrayLike) -> str:
    """Choose the score that comes first on these rows: ``macro_f1`` where one label is `UNEVEN`.

    Parameters
    ----------
    labels
        True label ids of the rows that the score is measured on, (T,).
    """
    return MACRO_F1 if majority_score(labels) > UNEVEN else ACCURACY


def learned_nothing(predictions: ArrayLike, labels: ArrayLike) -> np.ndarray:
    """Find the models that name one label only, or stay at what naming blindly gives.

    A model has learned something if its accuracy lies above the share of the largest label by more
    than one standard error of that share; or if its mean recall lies above, or below, that of its
    own answers dealt out blindly, farther than chance takes it in 19 of 20 cases. The second is for
    test rows of very uneven labels, where a useful model may have fewer rows right than the largest
    label has. Both ask for `LEAST_GAIN` besides, or a few lucky rows of thousands would count.

    Simulated: of models that read 7 of 10 rows right, among 3 labels of equal size, 1 in 80 is
    taken for one that learned nothing with 30 test rows and none with 60 or more (1 in 6 with 12).
    Of models that guess blindly, 1 in 8 passes for one that learned something; of those that name
    another label than the largest for 2 rows of 100, 1 in 25.

    Parameters
    ----------
    predictions
        (S, T) label ids.
    labels
        (T,) true label ids.

    Returns
    -------
    numpy.ndarray
        (S,) bool; all False where the rows have one label only, for they cannot tell.
    """
    predictions, labels = np.atleast_2d(np.asarray(predictions)), np.asarray(labels)
    known, sizes = np.unique(labels, return_counts=True)
    if len(known) < 2:
        return np.zeros(len(predictions), dtype=bool)
    share = sizes.max() / len(labels)
    error = np.sqrt(share * (1 - share) / len(labels))
    gain = (predictions == labels).mean(axis=1) - share
    is_above = gain > max(error, LEAST_GAIN * (1 - share))
    recall, spread = _blind_recall(predictions, labels)
    least = np.maximum(_SURE * spread, LEAST_GAIN * (1 - 1 / len(known)))
    names_one = (predictions == predictions[:, :1]).all(axis=1)
    return names_one | ~(is_above | (np.abs(recall) > least))


def _blind_recall(predictions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean recall above that of the same answers in random order, and its deviation, both (S,).

    Mean and deviation over all orders are exact: the number of rows of a label that are named by
    one is hypergeometric.
    """
    known, sizes = np.unique(labels, return_counts=True)
    n, k = len(labels), len(known)
    hits = [((predictions == each) & (labels == each)).sum(axis=1) for each in known]
    named = np.stack([(predictions == each).mean(axis=1) for each in known], axis=1)
    above = np.stack(hits, axis=1) / sizes - named
    own = named * (1 - named) * (n - sizes) / (sizes * (n - 1))
    between = (named.sum(axis=1) ** 2 - (named**2).sum(axis=1)) / (n - 1)
    return above.mean(axis=1), np.sqrt(own.sum(axis=1) + between) / k


def nothing_in_words(title: str, seeds: Sequence[int], n_seeds: int) -> str:
    """Say of an arm that it learned nothing: ``IMP learned nothing (2 of 5 seeds): train longer``.

    Parameters
    ----------
    title
        Of the arm.
    seeds
        The seeds that learned nothing, at least one.
    n_seeds
        Number of all that have finished.
    """
    some = "" if len(seeds) == n_seeds else f" ({len(seeds)} of {n_seeds} seeds)"
    return f"{title} learned nothing{some}: train longer"


def uneven_in_words(share: float, rows: str) -> str:
    """Say why macro-F1 comes first where the largest label has this share of some rows."""
    return f"{100 * share:.0f} % of the {rows} have one label, so macro-F1 comes first"


def majority_in_words(score: float) -> str:
    """Name the score in a chart or a sentence: ``always the largest label, 43.0 %``."""
    return f"always the largest label, {points(score)} %"


def is_in_view(majority: float, low: float, high: float) -> bool:
    """Whether a chart of values from `low` to `high` shows the line of the majority.

    It does where the values keep a third of the axis; beyond, its label alone says where it lies.
    """
    return max(high, majority) - min(low, majority) <= 3 * max(high - low, 0.05)
