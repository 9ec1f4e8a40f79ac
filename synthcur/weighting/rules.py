"""From checkers' probabilities to sample weights: pure numpy, no models.

Source of the rules: Kuo et al. 2024 (arXiv 2410.21526), IMP-Loss and DIMP-Loss. The browser
computes the same weights for the map (``ui/map/weights.js``); the order of operations below is
shared by both and pinned by a test.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthcur.errors import InputError
from synthcur.settings import WeightingSettings

SMALLEST_PROBABILITY = 1e-12
"""Probabilities are clamped to this before their logarithm is taken."""

LOG_WEIGHT_EDGES = (-math.inf, -2.8, -2.1, -1.4, -0.7, 0.0, 0.7, 1.4, 2.1, 2.8, math.inf)
"""Edges of the ten steps in which weights are coloured and counted; the middle edge is w = 1."""


WITHOUT_RATIO = ("ce", "quality_filter")
"""Rules without a ratio of probabilities; a correction for label shares does nothing there."""


@dataclass(frozen=True)
class Facts:
    """What is known of the rows beside P' and Q; only the settings that name it need it.

    Attributes
    ----------
    real_shares
        P(y), see `label_shares`, (K,); ``prior_correction`` needs it.
    duplicate_group
        Group of near-duplicates of every synthetic row, -1 for a row that has none, (N,);
        ``collapse_duplicates`` needs it. See `signals.duplicate_groups`.
    """

    real_shares: np.ndarray | None = None
    duplicate_group: np.ndarray | None = None

    def of(self, rows: np.ndarray) -> "Facts":
        """Return the facts of some rows, given as positions or as a mask (N,)."""
        group = self.duplicate_group
        return replace(self, duplicate_group=None if group is None else group[rows])


NO_FACTS = Facts()


def label_shares(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """Share of each label among some rows, (n_labels,), > 0 and summing to 1.

    Every label is counted once more than it occurs (rule of succession), so that a label without a
    row has a share that can be divided by.
    """
    counts = np.bincount(labels, minlength=n_labels) + 1.0
    return counts / counts.sum()


def log_weight(
    quality: np.ndarray, diversity: np.ndarray, n_labels: int, settings: WeightingSettings
) -> np.ndarray:
    """Logarithm of the rule's ratio, before anything else that the settings ask for.

    A row that the rule ``quality_filter`` leaves out has -inf.

    Parameters
    ----------
    quality, diversity
        P' and Q of any shape, values in [0, 1].
    n_labels
        K; before a run the model in training is taken as uniform, 1/K, by the rule ``dimp``.
    settings
        Rule, exponents, and what the filter asks for.

    Returns
    -------
    np.ndarray
        Same shape as `quality`, float64.
    """
    log_p = np.log(np.maximum(np.asarray(quality, dtype=np.float64), SMALLEST_PROBABILITY))
    if settings.rule == "ce":
        return np.zeros_like(log_p)
    if settings.rule == "quality_filter":
        least = 1 / n_labels if settings.least_quality is None else settings.least_quality
        return np.where(log_p >= math.log(max(least, SMALLEST_PROBABILITY)), 0.0, -np.inf)
    value = settings.quality_exponent * log_p
    if settings.rule == "imp":
        q = np.maximum(np.asarray(diversity, dtype=np.float64), SMALLEST_PROBABILITY)
        return value - settings.diversity_exponent * np.log(q)
    if settings.rule == "dimp":
        return value + settings.diversity_exponent * math.log(n_labels)
    return value


def log_prior(
    labels: np.ndarray, n_labels: int, settings: WeightingSettings, facts: Facts = NO_FACTS
) -> np.ndarray:
    """Return what ``prior_correction`` adds to the logarithm of a weight under each label.

    Parameters
    ----------
    labels
        Label ids of the pool, (N,), of which Q(y) is made.
    n_labels
        K.
    settings, facts
        The weighting, and P(y).

    Returns
    -------
    np.ndarray
        Shape (K,), ``log Q(y) - log P(y)``; zeros when it is off.

    Raises
    ------
    InputError
        If it is on and P(y) is not known.
    """
    if not settings.prior_correction or settings.rule in WITHOUT_RATIO:
        return np.zeros(n_labels)
    if facts.real_shares is None:
        raise _missing("The share of each label among the real rows is not known")
    return np.log(label_shares(labels, n_labels)) - np.log(facts.real_shares)


def group_size(duplicate_group: np.ndarray, in_pool: np.ndarray | None = None) -> np.ndarray:
    """How many rows of the pool are near-duplicates of each row, itself counted.

    Parameters
    ----------
    duplicate_group
        Group of every row, -1 for none, (N,).
    in_pool
        False for rows that do not count, (N,); None: all do.

    Returns
    -------
    np.ndarray
        Shape (N,), int64, >= 1.
    """
    grouped = duplicate_group >= 0
    counted = duplicate_group[grouped if in_pool is None else grouped & in_pool]
    rows = np.bincount(counted, minlength=int(duplicate_group.max(initial=-1)) + 1)
    size = np.ones(len(duplicate_group), dtype=np.int64)
    size[grouped] = np.maximum(rows[duplicate_group[grouped]], 1)
    return size


def label_scale(
    weights: np.ndarray, labels: np.ndarray, n_labels: int, settings: WeightingSettings
) -> np.ndarray:
    """Return what ``balance_classes`` and ``normalise``, the last steps, multiply each label by.

    Parameters
    ----------
    weights
        Weights of the pool after all other steps, (N,).
    labels
        Label ids, (N,).
    n_labels
        K.
    settings
        The weighting.

    Returns
    -------
    np.ndarray
        Shape (K,), > 0. A label without weight, which no factor can balance, is only normalised.
    """
    scale = np.ones(n_labels)
    totals = np.bincount(labels, weights=weights, minlength=n_labels)
    weighty = totals > 0
    if settings.balance_classes:
        scale[weighty] = totals.sum() / weighty.sum() / totals[weighty] if weighty.any() else 1.0
    if settings.normalise and weighty.any():
        scale *= len(weights) / totals.sum()
    return scale


def sample_weight(
    quality_probs: np.ndarray,
    diversity_probs: np.ndarray,
    labels: np.ndarray,
    settings: WeightingSettings,
    facts: Facts = NO_FACTS,
) -> np.ndarray:
    """Weight of every synthetic row under its own label.

    Parameters
    ----------
    quality_probs, diversity_probs
        P'(.|x) and Q(.|x), shape (N, K), rows sum to 1.
    labels
        Label ids, shape (N,).
    settings
        The weighting.
    facts
        What else it needs to know of the same N rows.

    Returns
    -------
    np.ndarray
        Weights (N,) float64, finite and >= 0; 1 means "as in plain training".

    Raises
    ------
    InputError
        If the settings need a fact that is not known.
    """
    own, n_labels = (np.arange(len(labels)), labels), quality_probs.shape[1]
    log_w = log_weight(quality_probs[own], diversity_probs[own], n_labels, settings)
    weights = _finish(log_w + log_prior(labels, n_labels, settings, facts)[labels], settings)
    weights = weights / _copies(settings, facts)
    return weights * label_scale(weights, labels, n_labels, settings)[labels]


def label_weights(
    quality_probs: np.ndarray,
    diversity_probs: np.ndarray,
    labels: np.ndarray,
    settings: WeightingSettings,
    facts: Facts = NO_FACTS,
    *,
    kept: np.ndarray | None = None,
) -> np.ndarray:
    """Weight every row would have under each label, all other rows left as they are.

    Parameters
    ----------
    quality_probs, diversity_probs, labels, settings, facts
        See `sample_weight`.
    kept
        False for rows outside of the pool, (N,); None: all are in it. Label shares, groups of
        duplicates, balance and mean are those of the pool as it stands.

    Returns
    -------
    np.ndarray
        Shape (N, K); column ``labels[i]`` of a row i of the pool is its `sample_weight`.
    """
    n_rows, n_labels = quality_probs.shape
    in_pool = np.ones(n_rows, dtype=bool) if kept is None else np.asarray(kept)
    log_w = log_weight(quality_probs, diversity_probs, n_labels, settings)
    log_w = log_w + log_prior(labels[in_pool], n_labels, settings, facts)
    weights = _finish(log_w, settings) / _copies(settings, facts, in_pool)
    own = weights[np.arange(n_rows), labels]
    return weights * label_scale(own[in_pool], labels[in_pool], n_labels, settings)


def _finish(log_w: np.ndarray, settings: WeightingSettings) -> np.ndarray:
    low = -math.inf if settings.clip_low is None else settings.clip_low
    high = math.inf if settings.clip_high is None else settings.clip_high
    return settings.floor + (1 - settings.floor) * np.exp(np.clip(log_w, low, high))


def _copies(
    settings: WeightingSettings, facts: Facts, in_pool: np.ndarray | None = None
) -> np.ndarray | float:
    """Return what ``collapse_duplicates`` divides by: (N,), with `in_pool` (N, 1); 1 when off."""
    if not settings.collapse_duplicates:
        return 1.0
    if facts.duplicate_group is None:
        raise _missing("Near-duplicates are not known")
    size = group_size(facts.duplicate_group, in_pool)
    return size if in_pool is None else size[:, None]


def _missing(what: str) -> InputError:
    fix = "Score the collection again, or switch off what needs it in the weighting."
    return InputError(f"{what}, and the weighting asks for it.", fix=fix)


def consensus(quality: np.ndarray, diversity: np.ndarray) -> np.ndarray:
    """Join what two checkers that have not seen a row say of it.

    The normalised geometric mean of calibrated P'(.|x) and of calibrated out-of-fold Q(.|x). One
    has learned the real labels of other texts, the other the generator's labels of other texts, so
    a label that both find unlikely has two independent witnesses against it. In form it is the
    fixed point of DIMP, proportional to sqrt(Q * P').

    Parameters
    ----------
    quality, diversity
        Shape (N, K), rows sum to 1.

    Returns
    -------
    np.ndarray
        Shape (N, K), float64, rows sum to 1.
    """
    both = (
        np.maximum(each.astype(np.float64), SMALLEST_PROBABILITY) for each in (quality, diversity)
    )
    agreed = np.sqrt(math.prod(both))
    return agreed / agreed.sum(axis=1, keepdims=True)


def effective_sample_size(weights: np.ndarray) -> float:
    """Kish's effective sample size, ``(sum w)^2 / sum w^2``, from 0 to N."""
    weights = np.asarray(weights, dtype=np.float64)
    total = float(np.square(weights).sum())
    return float(weights.sum()) ** 2 / total if total > 0 else 0.0


def top_share(weights: np.ndarray, *, fraction: float = 0.01) -> float:
    """Share of the total weight held by the heaviest `fraction` of rows (at least one row)."""
    weights = np.asarray(weights, dtype=np.float64)
    total = float(weights.sum())
    if not total > 0:
        return 0.0
    n = max(1, math.ceil(fraction * len(weights)))
    return float(np.partition(weights, len(weights) - n)[len(weights) - n :].sum()) / total


def weight_bins(weights: np.ndarray) -> np.ndarray:
    """Step of `LOG_WEIGHT_EDGES` each weight falls in, (N,) integers from 0 to 9."""
    log_w = np.log(np.maximum(np.asarray(weights, dtype=np.float64), SMALLEST_PROBABILITY))
    return np.searchsorted(LOG_WEIGHT_EDGES[1:-1], log_w, side="right")


def weight_histogram(weights: np.ndarray) -> np.ndarray:
    """Rows in each of the ten steps of `LOG_WEIGHT_EDGES`, (10,) integers."""
    return np.bincount(weight_bins(weights), minlength=len(LOG_WEIGHT_EDGES) - 1)


def mass_by_group(weights: np.ndarray, groups: np.ndarray | pd.Series) -> pd.DataFrame:
    """Where the weight goes.

    Parameters
    ----------
    weights
        (N,) weights.
    groups
        (N,) group of every row, e.g. its label.

    Returns
    -------
    pd.DataFrame
        One row per group, sorted by name: ``group``, ``rows``, ``share_before`` (of rows), ``mass``
        (share of the total weight), ``median_weight`` and ``effective_rows``.
    """
    w = np.asarray(weights, dtype=np.float64)
    frame = pd.DataFrame({"group": np.asarray(groups), "w": w, "square": np.square(w)})
    grouped = frame.groupby("group", sort=True)
    table = grouped["w"].agg(rows="size", mass="sum", median_weight="median")
    squares = grouped["square"].sum()
    # Kish's effective sample size, for all groups at once.
    table["effective_rows"] = (table["mass"] ** 2 / squares.where(squares > 0)).fillna(0.0)
    total = w.sum()
    table["mass"] = table["mass"] / total if total > 0 else 0.0
    table.insert(1, "share_before", table["rows"] / max(len(frame), 1))
    return table.reset_index()
