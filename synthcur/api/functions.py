"""What somebody in a notebook calls: weights for a data frame, collections in and out.

The functions go through the app's own stages: the checks of an import (`synthcur.api.frames`), the
checkers, the weighting, the label model and the exports.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.api.arguments import require_columns
from synthcur.api.frames import collection_of
from synthcur.checkers.checkers import DIVERSITY, QUALITY, ROLES
from synthcur.checkers.projection import neighbours
from synthcur.checkers.scores import (
    compute_checker,
    compute_coverage,
    compute_embeddings,
    compute_row_signals,
)
from synthcur.data.columns import ColumnMapping
from synthcur.data.labels import quoted
from synthcur.environment import quiet
from synthcur.errors import InputError, NotFoundError
from synthcur.exports import downloads
from synthcur.review.explanations import RowFacts, stands_out
from synthcur.schema import Collection
from synthcur.settings import AUTOMATIC, ScoreSettings, WeightingSettings
from synthcur.store.database import DATABASE
from synthcur.store.records import chosen_checkers
from synthcur.store.store import Store
from synthcur.training.pools import make_pool
from synthcur.training.training_sets import TARGETS
from synthcur.weighting import coverage_gaps
from synthcur.weighting.inputs import weighing_facts, weighing_probs
from synthcur.weighting.rules import group_size, sample_weight
from synthcur.workspace import open_store, workspace_folder

ADDED = ("p", "q", "weight", "posterior", "reason")
"""Columns that `weigh` adds."""

Arrays = Mapping[str, Mapping[str, np.ndarray]]
"""What scoring found, by the names of the artefacts and arrays of `synthcur.worker.scoring`."""

_NAMES: Mapping[str, str] = MappingProxyType(
    {name: name for name in (QUALITY, DIVERSITY, "signals", "neighbours", "coverage")}
)


def weigh(
    synthetic: pd.DataFrame,
    real: pd.DataFrame,
    *,
    text: str = "text",
    label: str = "label",
    text_pair: str | None = None,
    rule: str | WeightingSettings = "imp",
    checkers: str = "probe",
    seed: int = 0,
    validation: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Weigh synthetic rows by what a few real rows say of them.

    One checker learns from the real rows (does the label fit?), another from the synthetic rows
    themselves (is the row anything new?); the weight is made of the two, under ``imp`` P'(y|x) /
    Q(y|x) (Kuo et al. 2024). Rows of `real` that validate are never learned.

    Parameters
    ----------
    synthetic
        N generated rows with a text and a label, every label in at least two rows.
    real
        Real rows with the same labels; a few hundred will do.
    text, label, text_pair
        Columns of the text, of the label and, where samples are pairs, of the second text, in all
        frames. No other column is read.
    rule
        ``imp``; ``dimp``, here the weight that such a training starts with, K P'(y|x); ``p_only``;
        ``quality_filter``; ``ce`` for equal weights; or a `WeightingSettings` with every detail.
    checkers
        ``probe`` (logistic regression on embeddings, seconds), ``finetune`` (classifiers, minutes)
        or ``average`` of both.
    seed
        Of the checkers' folds and training.
    validation
        Real rows that validate: no row of `real` with one of their texts is learned. None: those
        that ``holdout(real)`` gives back are left out.

    Returns
    -------
    pandas.DataFrame
        A copy of `synthetic`, in its order and under its index, with the columns

        ``p``, ``q``
            P'(y|x) and Q(y|x) of the row's label, as the rule uses them, 0 to 1.
        ``weight``
            Finite and >= 0; 1 counts as in plain training.
        ``posterior``
            The label that the label model finds most likely once both checkers and the row's own
            label are heard (`synthcur.training.label_model`).
        ``reason``
            Why the row deserves a look, in the app's sentence; empty where nothing stands out.

    Raises
    ------
    InputError
        If a column is missing or would be overwritten, or rows cannot be used; the message has
        their numbers and labels.

    Examples
    --------
    >>> weighted = synthcur.weigh(synthetic, real, rule="imp")
    >>> weighted.sort_values("weight")[["text", "label", "posterior", "weight", "reason"]].head()
    """
    settings = rule if isinstance(rule, WeightingSettings) else WeightingSettings(rule=rule)
    scoring = ScoreSettings(checkers=checkers, seed=seed, recipe=AUTOMATIC)
    require_columns(synthetic, "synthetic", [])
    taken = [column for column in ADDED if column in synthetic]
    if taken:
        raise InputError(
            f"synthetic already has {', '.join(quoted(column) for column in taken)}.",
            fix="Rename these columns or drop them: nothing is overwritten.",
        )
    collection = collection_of(synthetic, real, validation, ColumnMapping(text, label, text_pair))
    with quiet():
        found = _scored(collection, scoring)
    labels = collection.synthetic_labels
    own = np.arange(len(labels)), labels

    def read(name: str, part: str) -> np.ndarray:
        return found[name][part]

    quality, diversity = weighing_probs(_NAMES, settings, read)
    facts = weighing_facts(collection, _NAMES, read)
    weight = sample_weight(quality, diversity, labels, settings, facts)
    # Of every label the first row that has it: the column keeps its type.
    _, first = np.unique(labels, return_index=True)
    return synthetic.assign(
        p=quality[own].astype(np.float64),
        q=diversity[own].astype(np.float64),
        weight=weight,
        posterior=synthetic[label].iloc[first[_most_likely(collection, found)]].array,
        reason=_reasons(collection, found, quality, weight),
    )


def load_collection(name: str, workspace: str | Path | None = None) -> Collection:
    """Read a collection from a workspace of the app.

    Parameters
    ----------
    name
        Of the collection.
    workspace
        Its folder; None for that of the variable SYNTHCUR_WORKSPACE, else ``./workspace``.

    Returns
    -------
    Collection
        As imported, before any decision: ``rows``, ``labels``, and ``synthetic`` and ``real_train``
        as data frames.

    Raises
    ------
    NotFoundError
        If there is no such workspace or collection.

    Examples
    --------
    >>> demo = synthcur.load_collection("demo", "workspace")
    >>> weighted = synthcur.weigh(demo.synthetic, demo.real_train)
    """
    store = _open(workspace)
    try:
        return store.collection(name)
    finally:
        store.close()


def export(name: str, folder: str | Path, workspace: str | Path | None = None) -> list[Path]:
    """Write what a collection of a workspace has come to into a folder, as the app does.

    Parameters
    ----------
    name, workspace
        See `load_collection`.
    folder
        Made when absent.

    Returns
    -------
    list of Path
        The files: curated rows with weights as Parquet, JSON Lines, CSV and a folder for
        ``datasets``, the decisions, and results and models where there are some.

    Raises
    ------
    NotFoundError
        If there is no such workspace or collection.
    StoreError
        If the folder cannot be written.

    Examples
    --------
    >>> synthcur.export("demo", "curated")
    """
    store = _open(workspace)
    try:
        store.collection_info(name)
        checkers = chosen_checkers(store.scores(name))
        return downloads.export(store, name, Path(folder), checkers=checkers)
    finally:
        store.close()


def _open(workspace: str | Path | None) -> Store:
    """Open a workspace that is there; a misspelt one is not made."""
    folder = workspace_folder(None if workspace is None else str(workspace))
    if not (folder / DATABASE).is_file():
        raise NotFoundError(
            f"There is no workspace in {folder}.",
            fix="Name the folder that the app works in: workspace=.",
        )
    return open_store(folder)


def _scored(collection: Collection, settings: ScoreSettings) -> Arrays:
    """Do what the app's scoring does for weights and reasons, keeping nothing on disk."""
    embeddings = compute_embeddings(collection).arrays
    real, synthetic = embeddings["real"], embeddings["synthetic"]
    checked = {role: compute_checker(role, collection, real, synthetic, settings) for role in ROLES}
    nearest, _ = neighbours(synthetic, real, count=1)
    labels = collection.synthetic_labels
    return {
        **{role: vars(each) for role, each in checked.items()},
        "signals": compute_row_signals(synthetic, labels, checked[QUALITY]),
        "neighbours": {"real_index": nearest},
        "coverage": compute_coverage(real, synthetic).arrays,
    }


def _most_likely(collection: Collection, found: Arrays) -> np.ndarray:
    """Label ids that the label model finds most likely, (N,)."""
    pool = make_pool(
        collection,
        (),
        calibrated_probs=found[QUALITY]["calibrated"],
        out_of_fold_probs=found[DIVERSITY]["calibrated"],
        real_probs={
            "real_quality_probs": found[QUALITY]["real"],
            "real_diversity_probs": found[DIVERSITY]["real"],
        },
    )
    return TARGETS["witnesses"](pool).argmax(axis=1)


def _reasons(
    collection: Collection, found: Arrays, quality: np.ndarray, weight: np.ndarray
) -> list[str]:
    """Say of every row what stands out, in the words of the app."""
    names, labels = collection.labels, collection.synthetic_labels
    noticed, coverage = found["signals"], found["coverage"]
    covered = coverage_gaps.coverage(
        coverage["synthetic_index"], coverage["synthetic_cosine"], weight
    )
    nearest = found["neighbours"]["real_index"][:, 0]
    sizes = group_size(noticed["duplicate_group"])
    return [
        stands_out(
            RowFacts(
                label=names[own],
                quality=float(quality[row, own]),
                best_label=names[int(quality[row].argmax())],
                best_quality=float(quality[row].max()),
                diversity=float(found[DIVERSITY]["calibrated"][row, own]),
                weight=float(weight[row]),
                group_size=int(sizes[row]),
                is_likely_mislabelled=bool(noticed["is_likely_mislabelled"][row]),
                uncertainty=float(noticed["uncertainty"][row]),
                coverage=float(covered[nearest[row]]),
            )
        )
        for row, own in enumerate(labels)
    ]
