"""From checkers' probabilities to sample weights: pure numpy, no models.

Source of the rules: Kuo et al. 2024 (arXiv 2410.21526), IMP-Loss and DIMP-Loss. The browser
computes the same weights for the map (``ui/map/weights.js``); the order of operations below is
shared by both and pinned by a test.
"""

import math

import numpy as np
import pandas as pd

from synthcur.settings import WeightingSettings

SMALLEST_PROBABILITY = 1e-12
"""Probabilities are clamped to this before their logarithm is taken."""

LOG_WEIGHT_EDGES = (-math.inf, -2.8, -2.1, -1.4, -0.7, 0.0, 0.7, 1.4, 2.1, 2.8, math.inf)
"""Edges of the ten steps in which weights are coloured and counted; the middle edge is w = 1."""


def log_weight(
    quality: np.ndarray, diversity: np.ndarray, n_labels: int, settings: WeightingSettings
) -> np.ndarray:
    """Logarithm of the rule's ratio before clip, floor and normalisation.

    Parameters
    ----------
    quality, diversity
        P' and Q of any shape, values in [0, 1].
    n_labels
        K; before a run the model in training is taken as uniform, 1/K, by the rule ``dimp``.
    settings
        Rule and exponents.

    Returns
    -------
    np.ndarray
        Same shape as `quality`, float64.
    """
    log_p = np.log(np.maximum(np.asarray(quality, dtype=np.float64), SMALLEST_PROBABILITY))
    if settings.rule == "ce":
        return np.zeros_like(log_p)
    value = settings.quality_exponent * log_p
    if settings.rule == "imp":
        q = np.maximum(np.asarray(diversity, dtype=np.float64), SMALLEST_PROBABILITY)
        return value - settings.diversity_exponent * np.log(q)
    if settings.rule == "dimp":
        return value + settings.diversity_exponent * math.log(n_labels)
    return value


def _finish(log_w: np.ndarray, settings: WeightingSettings) -> np.ndarray:
    low = -math.inf if settings.clip_low is None else settings.clip_low
    high = math.inf if settings.clip_high is None else settings.clip_high
    return settings.floor + (1 - settings.floor) * np.exp(np.clip(log_w, low, high))


def sample_weight(
    quality_probs: np.ndarray,
    diversity_probs: np.ndarray,
    labels: np.ndarray,
    settings: WeightingSettings,
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

    Returns
    -------
    np.ndarray
        Weights (N,) float64, finite and >= 0; 1 means "as in plain training".
    """
    own = np.arange(len(labels)), labels
    log_w = log_weight(quality_probs[own], diversity_probs[own], quality_probs.shape[1], settings)
    weights = _finish(log_w, settings)
    if settings.normalise and weights.size and weights.mean() > 0:
        weights = weights / weights.mean()
    return weights


def label_weights(
    quality_probs: np.ndarray,
    diversity_probs: np.ndarray,
    labels: np.ndarray,
    settings: WeightingSettings,
) -> np.ndarray:
    """Weight every row would have under each label, all other rows left as they are.

    Returns
    -------
    np.ndarray
        Shape (N, K); column ``labels[i]`` of row i equals `sample_weight`. Under ``normalise``
        the mean of the pool as it stands is divided out.
    """
    log_w = log_weight(quality_probs, diversity_probs, quality_probs.shape[1], settings)
    weights = _finish(log_w, settings)
    if settings.normalise and len(labels):
        mean = weights[np.arange(len(labels)), labels].mean()
        weights = weights / mean if mean > 0 else weights
    return weights


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
        One row a group, sorted by name: ``group``, ``rows``, ``share_before`` (of rows), ``mass``
        (share of the total weight), ``median_weight`` and ``effective_rows``.
    """
    frame = pd.DataFrame({"group": np.asarray(groups), "w": np.asarray(weights, dtype=np.float64)})
    total = frame["w"].sum()
    table = frame.groupby("group", sort=True)["w"].agg(
        rows="size", mass="sum", median_weight="median", effective_rows=effective_sample_size
    )
    table["mass"] = table["mass"] / total if total > 0 else 0.0
    table.insert(1, "share_before", table["rows"] / max(len(frame), 1))
    return table.reset_index()
