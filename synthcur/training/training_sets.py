"""What an arm trains on: which rows of a pool, with the factor and the target of each; no torch."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.arms import Arm
from synthcur.errors import InputError
from synthcur.settings import WeightingSettings
from synthcur.training.label_model import fit_powers, join, judge, share_wrong
from synthcur.training.left_out import without_rows
from synthcur.training.pools import Pool, WeightedExamples, require_labels
from synthcur.weighting.rules import (
    Facts,
    consensus,
    effective_sample_size,
    label_shares,
    sample_weight,
)

VOTES = 8
"""Synthetic rows that a real row votes for."""

LABEL_DOUBT = 0.1
"""Share of a generated label that may be any label, before checkers are asked."""


def rows_of(
    arm: Arm, pool: Pool, *, weighting: WeightingSettings | None = None, seed: int = 0
) -> WeightedExamples:
    """Select the rows of an arm and look up the factor and the target of each.

    Synthetic rows of factor 0 teach nothing and are left out.

    Parameters
    ----------
    arm
        The arm.
    pool
        What it draws from.
    weighting
        Settings of the arm ``scheme``.
    seed
        Of what an arm draws at random.

    Raises
    ------
    InputError
        If a label has no row to learn from, the message then has the rows of every label; if the
        arm needs scores that are not there, or leaves out rows that are not.
    """
    if arm.without:
        pool = without_rows(pool, arm.without)
    parts = []
    if arm.rows in ("synthetic", "both"):
        parts.append(_synthetic_rows(arm, pool, weighting, seed))
    if arm.rows in ("real", "both"):
        parts.append(_real_rows(arm, pool))
    labels = np.concatenate([part.labels for part in parts])
    require_labels(
        labels, pool.labels, what=f"The rows of the arm {arm.name!r}", at_least=len(pool.labels)
    )
    targets = [part.targets for part in parts if part.targets is not None]
    return WeightedExamples(
        rows=pd.concat([part.rows for part in parts], ignore_index=True),
        labels=labels,
        factor=np.concatenate([part.factor for part in parts]),
        dynamic=arm.dynamic,
        targets=np.concatenate(targets) if targets else None,
    )


Factor = Callable[[Pool, WeightingSettings | None, int], np.ndarray]
"""Factors (M,) of the synthetic rows from the pool, the settings of a scheme and a seed."""


def _published(rule: str) -> Factor:
    def factor(pool: Pool, weighting: WeightingSettings | None, seed: int) -> np.ndarray:
        return _weights(pool, WeightingSettings(rule=rule))

    return factor


def _ones(pool: Pool, weighting: WeightingSettings | None, seed: int) -> np.ndarray:
    return np.ones(len(pool.synthetic.labels))


def _scheme(pool: Pool, weighting: WeightingSettings | None, seed: int) -> np.ndarray:
    if weighting is None:
        raise InputError("The arm 'scheme' has no weighting.", fix="Save a scheme first.")
    return _weights(pool, weighting)


def _random(pool: Pool, weighting: WeightingSettings | None, seed: int) -> np.ndarray:
    n = len(pool.synthetic.labels)
    size = round(effective_sample_size(_weights(pool, WeightingSettings(rule="imp"))))
    kept = np.random.default_rng(seed).permutation(n)[: max(size, 1)]
    return np.bincount(kept, minlength=n).astype(np.float64)


def _votes(pool: Pool, weighting: WeightingSettings | None, seed: int) -> np.ndarray:
    if pool.embeddings is None:
        raise _NotScoredError
    synthetic, real = pool.embeddings
    votes = np.zeros(len(synthetic))
    for label in range(len(pool.labels)):
        of_label = np.flatnonzero(pool.synthetic.labels == label)
        cosine = real[pool.real.labels == label] @ synthetic[of_label].T
        nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :VOTES]
        for rank, chosen in enumerate(nearest.T):
            np.add.at(votes, of_label[chosen], 0.5**rank)
    voted = votes > 0
    return votes / votes[voted].mean() if voted.any() else votes


def _agreed(pool: Pool) -> np.ndarray:
    return consensus(_need(pool.calibrated_probs), _need(pool.out_of_fold_probs))


def _consensus(pool: Pool, weighting: WeightingSettings | None, seed: int) -> np.ndarray:
    return _agreed(pool)[np.arange(len(pool.synthetic.labels)), pool.synthetic.labels]


def _softened(pool: Pool) -> np.ndarray:
    """Move each label towards what both checkers agree on: their geometric mean, normalised."""
    labels = np.eye(len(pool.labels))[pool.synthetic.labels]
    return consensus(_agreed(pool), (1 - LABEL_DOUBT) * labels + LABEL_DOUBT / len(pool.labels))


def _by_label_model(pool: Pool) -> np.ndarray:
    """Probability of every label by the label model; what a person confirmed is certain."""
    on_real = [_need(pool.real_quality_probs), _need(pool.real_diversity_probs)]
    of_pool = [_need(pool.calibrated_probs), _need(pool.out_of_fold_probs)]
    labels = pool.synthetic.labels
    opinion = join(of_pool, fit_powers(on_real, pool.real.labels))
    targets = judge(opinion, labels, share_wrong(opinion, labels))
    if pool.is_confirmed is not None:
        targets[pool.is_confirmed] = np.eye(len(pool.labels))[labels[pool.is_confirmed]]
    return targets


FACTORS: Mapping[str, Factor] = MappingProxyType(
    {
        "one": _ones,
        "imp": _published("imp"),
        "p_only": _published("p_only"),
        "scheme": _scheme,
        "quality_filter": _published("quality_filter"),
        "random": _random,
        "votes": _votes,
        "consensus": _consensus,
    }
)
"""Factors of the synthetic rows, by the names that arms use."""

TARGETS: Mapping[str, Callable[[Pool], np.ndarray]] = MappingProxyType(
    {
        "quality": lambda pool: _need(pool.quality_probs),
        "consensus": _softened,
        "witnesses": _by_label_model,
    }
)
"""What is learned from the synthetic rows in place of their labels, (M, K)."""


def _synthetic_rows(
    arm: Arm, pool: Pool, weighting: WeightingSettings | None, seed: int
) -> WeightedExamples:
    try:
        factor = FACTORS[arm.weights](pool, weighting, seed)
        targets = TARGETS[arm.targets](pool) if arm.targets else None
    except _NotScoredError:
        raise InputError(
            f"The arm {arm.name!r} needs checkers, and they have not scored the collection.",
            fix="Score the collection first, or leave the arm out.",
        ) from None
    taught = factor > 0
    return WeightedExamples(
        rows=pool.synthetic.rows[taught],
        labels=pool.synthetic.labels[taught],
        factor=factor[taught],
        targets=None if targets is None else targets[taught],
    )


def _real_rows(arm: Arm, pool: Pool) -> WeightedExamples:
    real = pool.real
    targets = np.eye(len(pool.labels))[real.labels] if arm.targets else None
    return WeightedExamples(real.rows, real.labels, np.ones(len(real.labels)), targets=targets)


class _NotScoredError(Exception):
    """The checkers' results that an arm needs are not there."""


def _need(probs: np.ndarray | None) -> np.ndarray:
    if probs is None:
        raise _NotScoredError
    return probs


def _weights(pool: Pool, settings: WeightingSettings) -> np.ndarray:
    is_calibrated = settings.quality == "calibrated"
    is_held_out = settings.diversity == "out_of_fold"
    return sample_weight(
        _need(pool.calibrated_probs if is_calibrated else pool.quality_probs),
        _need(pool.out_of_fold_probs if is_held_out else pool.diversity_probs),
        pool.synthetic.labels,
        settings,
        Facts(label_shares(pool.real.labels, len(pool.labels)), pool.duplicate_group),
    )
