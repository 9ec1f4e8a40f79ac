"""What jobs draw from: rows after review, their labels, and what checkers say of them; no torch.

A relabelled row keeps its place in the checkers' results and takes P' and Q from the column of its
new label, so a decision never needs a checker to run again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.arms import Arm
from synthcur.errors import ArtefactError, InputError
from synthcur.review.decisions import (
    KEEP,
    RELABEL,
    Decision,
    current_decisions,
    labels_under,
    with_edits,
)
from synthcur.schema import REAL, SYNTHETIC, Collection
from synthcur.store.artefacts import Artefacts


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
    provenance
        The further columns of `synthetic`, M rows; None where they are not known.
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
    provenance: pd.DataFrame | None = None

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
        See `review.decisions.effective_labels`.
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
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    return Pool(
        synthetic=Examples(synthetic.loc[kept].reset_index(drop=True), labels[kept]),
        real=Examples(real, collection.label_ids(real)),
        labels=collection.labels,
        is_confirmed=synthetic.loc[kept, "sample_id"].isin(confirmed).to_numpy(),
        embeddings=None if embeddings is None else (embeddings[0][kept], embeddings[1]),
        duplicate_group=None if duplicate_group is None else duplicate_group[kept],
        provenance=collection.provenance.loc[is_synthetic].loc[kept].reset_index(drop=True),
        **real_probs,
        **{name: each[kept] for name, each in probs.items()},
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


def read_pool(
    collection: Collection,
    decisions: Iterable[Decision],
    arms: Iterable[Arm],
    scores: Mapping[str, str],
    artefacts: Artefacts,
) -> Pool:
    """Read what the arms draw from: the rows after review and, where needed, their scores.

    Parameters
    ----------
    collection, decisions, scores, artefacts
        See `runs.train`.
    arms
        The arms that will draw from it.
    """
    if not scores or not any(arm.needs_scores for arm in arms):
        return make_pool(collection, decisions)
    quality, diversity = scores["quality"], scores["diversity"]
    synthetic, real = (artefacts.array(scores["embeddings"], of) for of in ("synthetic", "real"))
    return make_pool(
        collection,
        decisions,
        embeddings=(synthetic, real),
        duplicate_group=(
            artefacts.array(scores["signals"], "duplicate_group") if "signals" in scores else None
        ),
        quality_probs=artefacts.array(quality, "synthetic"),
        diversity_probs=artefacts.array(diversity, "synthetic"),
        calibrated_probs=artefacts.array(quality, "calibrated"),
        out_of_fold_probs=artefacts.array(diversity, "calibrated"),
        real_probs=_of_real_rows(arms, quality, diversity, artefacts),
    )


def _of_real_rows(
    arms: Iterable[Arm], quality: str, diversity: str, artefacts: Artefacts
) -> dict[str, np.ndarray]:
    """Read what the checkers say of real rows where an arm asks; earlier versions kept none."""
    if not any(arm.targets == "witnesses" for arm in arms):
        return {}
    return {
        "real_quality_probs": artefacts.array(quality, "real"),
        "real_diversity_probs": artefacts.array(diversity, "real"),
    }
