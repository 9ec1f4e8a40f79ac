"""What an arm trains on: rows after review, their labels, and the factor of each; no torch.

A relabelled row keeps its place in the checkers' results and takes P' and Q from the column of its
new label, so a decision never needs a checker to run again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthcur.arms import Arm
from synthcur.errors import ArtefactError, InputError
from synthcur.review import Decision, effective_labels
from synthcur.schema import REAL, Collection
from synthcur.settings import WeightingSettings
from synthcur.weighting import sample_weight


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
        Shape (n,), >= 0: the weight of every row or, in a dynamic run, its P'.
    is_dynamic
        Whether the weight is P' over the probability under the model in training (DIMP).
    """

    factor: np.ndarray
    is_dynamic: bool = False


@dataclass(frozen=True)
class Pool:
    """What all arms of a job draw from.

    Attributes
    ----------
    synthetic
        The synthetic rows that review has kept, under their labels after review; M rows.
    real
        The real training rows.
    labels
        The K labels.
    quality_probs, diversity_probs
        P'(.|x) and Q(.|x) of `synthetic`, shape (M, K); None when the collection is not scored.
    """

    synthetic: Examples
    real: Examples
    labels: tuple[str, ...]
    quality_probs: np.ndarray | None = None
    diversity_probs: np.ndarray | None = None


def make_pool(
    collection: Collection,
    decisions: Iterable[Decision],
    *,
    quality_probs: np.ndarray | None = None,
    diversity_probs: np.ndarray | None = None,
) -> Pool:
    """Apply the decisions to a scored collection.

    Parameters
    ----------
    collection
        As stored and scored, before any decision.
    decisions
        See `review.effective_labels`.
    quality_probs, diversity_probs
        Of all N synthetic rows, shape (N, K).

    Raises
    ------
    ArtefactError
        If the probabilities are not those of this collection.
    """
    labels, kept = effective_labels(collection, decisions)
    for probs in (quality_probs, diversity_probs):
        if probs is not None and probs.shape != (len(labels), len(collection.labels)):
            raise ArtefactError(
                f"The checkers' results have shape {probs.shape}, but the collection has "
                f"{len(labels)} synthetic rows and {len(collection.labels)} labels.",
                fix="Score the collection again.",
            )
    synthetic, real = collection.synthetic, collection.real_train
    return Pool(
        synthetic=Examples(synthetic.loc[kept].reset_index(drop=True), labels[kept]),
        real=Examples(real, collection.label_ids(real)),
        labels=collection.labels,
        quality_probs=None if quality_probs is None else quality_probs[kept],
        diversity_probs=None if diversity_probs is None else diversity_probs[kept],
    )


def rows_of(
    arm: Arm, pool: Pool, *, weighting: WeightingSettings | None = None
) -> WeightedExamples:
    """Select the rows of an arm and look up the factor of each.

    Parameters
    ----------
    arm
        The arm; real rows always have weight 1.
    pool
        What it draws from.
    weighting
        Settings of the arm ``scheme``.

    Raises
    ------
    InputError
        If a label has no row to learn from, or the arm needs scores that are not there; the
        message has the rows of every label.
    """
    synthetic, real = pool.synthetic, pool.real
    parts = {"synthetic": [synthetic], "real": [real], "both": [synthetic, real]}[arm.rows]
    labels = np.concatenate([part.labels for part in parts])
    require_labels(
        labels, pool.labels, what=f"The rows of the arm {arm.name!r}", at_least=len(pool.labels)
    )
    factors = [
        _factor(arm, pool, weighting) if part is synthetic else np.ones(len(part.labels))
        for part in parts
    ]
    return WeightedExamples(
        rows=pd.concat([part.rows for part in parts], ignore_index=True),
        labels=labels,
        factor=np.concatenate(factors),
        is_dynamic=arm.is_dynamic,
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


def _factor(arm: Arm, pool: Pool, weighting: WeightingSettings | None) -> np.ndarray:
    labels = pool.synthetic.labels
    if not arm.needs_scores:
        return np.ones(len(labels))
    if pool.quality_probs is None or pool.diversity_probs is None:
        raise InputError(
            f"The arm {arm.name!r} needs checkers, and they have not scored the collection.",
            fix="Score the collection first, or leave the arm out.",
        )
    if arm.is_dynamic:
        return pool.quality_probs[np.arange(len(labels)), labels].astype(np.float64)
    settings = weighting if arm.rule == "scheme" else WeightingSettings(rule=arm.rule)
    if settings is None:
        raise InputError("The arm 'scheme' has no weighting.", fix="Save a scheme first.")
    return sample_weight(pool.quality_probs, pool.diversity_probs, labels, settings)
