"""What an arm trains on: rows after review, their labels, and the factor of each; no torch.

A relabelled row keeps its place in the checkers' results and takes P' and Q from the column of its
new label, so a decision never needs a checker to run again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.arms import Arm
from synthcur.errors import ArtefactError, InputError
from synthcur.review import (
    KEEP,
    RELABEL,
    Decision,
    current_decisions,
    labels_under,
    with_edits,
)
from synthcur.schema import REAL, Collection
from synthcur.settings import WeightingSettings
from synthcur.weighting import (
    Facts,
    consensus,
    effective_sample_size,
    label_shares,
    sample_weight,
)
from synthcur.witnesses import fit_powers, join, judge, share_wrong

VOTES = 8
"""Synthetic rows that a real row votes for."""

LABEL_DOUBT = 0.1
"""Share of a generated label that may be any label, before checkers are asked."""


@dataclass(frozen=True)
class Examples:
    """Rows with the labels to learn or to be judged by.

    Attributes
    ----------
    rows
        Columns ``text`` and ``text_pair``.
    labels
        Label ids, shape (n,).
    """

    rows: pd.DataFrame
    labels: np.ndarray


@dataclass(frozen=True)
class WeightedExamples(Examples):
    """Rows to train on.

    Attributes
    ----------
    factor
        Shape (n,), >= 0: the weight of every row or, in a dynamic run, what it is made from.
    dynamic
        Name in `losses.DYNAMIC_WEIGHTS` of how the weight follows the model in training; empty
        when `factor` is the weight.
    targets
        Probabilities of the labels to learn instead of `labels`, shape (n, K), rows sum to 1.
    """

    factor: np.ndarray
    dynamic: str = ""
    targets: np.ndarray | None = None


@dataclass(frozen=True)
class Pool:
    """What all arms of a job draw from.

    Attributes
    ----------
    synthetic
        The synthetic rows that review has kept, under their labels after review; M rows.
    real
        The real training rows; R of them.
    labels
        The K labels.
    quality_probs, diversity_probs
        P'(.|x) and in-sample Q(.|x) of `synthetic` as published, shape (M, K); None when the
        collection is not scored.
    calibrated_probs
        P'(.|x) of the temperature-scaled ensemble, shape (M, K).
    out_of_fold_probs
        Temperature-scaled Q(.|x) from checkers that have not seen the row, shape (M, K).
    real_quality_probs, real_diversity_probs
        What temperature-scaled checkers that have not learned them say of `real`, shape (R, K).
    is_confirmed
        Where a person has kept or relabelled the row of `synthetic`, shape (M,); None: nowhere.
    embeddings
        Of `synthetic`, shape (M, D), and of `real`, shape (R, D), of length 1.
    duplicate_group
        Group of near-duplicates of every row of `synthetic`, -1 for none, shape (M,).
    """

    synthetic: Examples
    real: Examples
    labels: tuple[str, ...]
    quality_probs: np.ndarray | None = None
    diversity_probs: np.ndarray | None = None
    calibrated_probs: np.ndarray | None = None
    out_of_fold_probs: np.ndarray | None = None
    real_quality_probs: np.ndarray | None = None
    real_diversity_probs: np.ndarray | None = None
    is_confirmed: np.ndarray | None = None
    embeddings: tuple[np.ndarray, np.ndarray] | None = None
    duplicate_group: np.ndarray | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of rows of `synthetic` and of `real`."""
        return len(self.synthetic.labels), len(self.real.labels)


def make_pool(
    collection: Collection,
    decisions: Iterable[Decision],
    *,
    embeddings: tuple[np.ndarray, np.ndarray] | None = None,
    duplicate_group: np.ndarray | None = None,
    real_probs: Mapping[str, np.ndarray] = MappingProxyType({}),
    **probs: np.ndarray,
) -> Pool:
    """Apply the decisions to a scored collection.

    Parameters
    ----------
    collection
        As stored and scored, before any decision.
    decisions
        See `review.effective_labels`.
    embeddings
        Of all N synthetic and all R real training rows.
    duplicate_group
        Of all N synthetic rows.
    real_probs
        ``real_quality_probs`` and ``real_diversity_probs`` of `Pool`.
    probs
        ``quality_probs`` and others of `Pool`, of all N synthetic rows, shape (N, K).

    Raises
    ------
    ArtefactError
        If the probabilities are not those of this collection.
    """
    decisions = list(decisions)
    current = current_decisions(decisions)
    labels, kept = labels_under(collection, current)
    confirmed = {
        sample_id for sample_id, verdict in current.items() if verdict.action in (KEEP, RELABEL)
    }
    for each in probs.values():
        if each.shape != (len(labels), len(collection.labels)):
            raise ArtefactError(
                f"The checkers' results have shape {each.shape}, but the collection has "
                f"{len(labels)} synthetic rows and {len(collection.labels)} labels.",
                fix="Score the collection again.",
            )
    synthetic, real = with_edits(collection.synthetic, decisions), collection.real_train
    return Pool(
        synthetic=Examples(synthetic.loc[kept].reset_index(drop=True), labels[kept]),
        real=Examples(real, collection.label_ids(real)),
        labels=collection.labels,
        is_confirmed=synthetic.loc[kept, "sample_id"].isin(confirmed).to_numpy(),
        embeddings=None if embeddings is None else (embeddings[0][kept], embeddings[1]),
        duplicate_group=None if duplicate_group is None else duplicate_group[kept],
        **real_probs,
        **{name: each[kept] for name, each in probs.items()},
    )


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
        If a label has no row to learn from, or the arm needs scores that are not there; the
        message has the rows of every label.
    """
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


def judging_rows(collection: Collection, split: str) -> Examples:
    """Return the real rows of a split that judges runs: ``validation`` or ``test``.

    Raises
    ------
    InputError
        If there are none.
    """
    rows = collection.part(REAL, split)
    if rows.empty:
        raise InputError(
            f"The collection {collection.name!r} has no {split} rows.",
            fix=f"Import it again with real {split} rows.",
        )
    return Examples(rows, collection.label_ids(rows))


def require_labels(
    label_ids: np.ndarray, labels: tuple[str, ...], *, what: str, at_least: int
) -> None:
    """Refuse rows that hold fewer than `at_least` different labels, before any model starts.

    Raises
    ------
    InputError
        With the number of rows of every label.
    """
    counts = np.bincount(label_ids, minlength=len(labels))
    found = int((counts > 0).sum())
    if found >= max(at_least, 2):
        return
    listed = ", ".join(f"{label}: {n}" for label, n in zip(labels, counts, strict=True))
    raise InputError(
        f"{what} hold {found} of the {len(labels)} labels ({listed}).",
        fix="Add rows of the labels that have none, or leave out what needs them.",
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


def _witnessed(pool: Pool) -> np.ndarray:
    """Probability of every label after three witnesses; what a person confirmed is certain."""
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
        "witnesses": _witnessed,
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
