"""Which training rows two arms treat differently, and which of them lie near a test row.

Nearness is no proof that a row made the difference; it says where to look.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthcur.errors import SynthcurError
from synthcur.results.dynamics import MOVED, read_dynamics, trained_rows
from synthcur.store.records import Job, Run
from synthcur.store.store import Store


@dataclass(frozen=True)
class ChangedRows:
    """Training rows whose weight under one arm is not that under the other.

    Attributes
    ----------
    rows
        Columns text, label, source (``synthetic`` or ``real``), arm_weight, baseline_weight; a row
        that an arm does not train on has weight 0 there.
    embeddings
        (n, D), of length 1, in the same order.
    """

    rows: pd.DataFrame
    embeddings: np.ndarray


def changed_rows(store: Store, job: Job, run: Run, baseline: Run) -> ChangedRows | None:
    """Find the training rows that a run weighs at least twice or at most half as much as another.

    Of a run whose weights follow the model, those of the last epoch count; before any other thing
    the weights of each run are divided by their mean, since a common factor is no preference.

    Parameters
    ----------
    store, job
        Where both runs belong.
    run, baseline
        One seed of each arm.

    Returns
    -------
    ChangedRows or None
        None if the rows, their embeddings or a run's weights cannot be told any more.
    """
    mine, theirs = _weights(store, job, run), _weights(store, job, baseline)
    if mine is None or theirs is None or "embeddings" not in job.spec["scores"]:
        return None
    try:
        collection = store.artefacts.collection(job.spec["collection_fp"], name=job.collection)
        name = job.spec["scores"]["embeddings"]
        vectors = [store.artefacts.array(name, part) for part in ("synthetic", "real")]
    except SynthcurError:
        return None
    embedded = pd.concat([collection.synthetic, collection.real_train])["sample_id"]
    place = {sample_id: i for i, sample_id in enumerate(embedded)}
    texts = pd.concat([mine, theirs])
    texts = texts[~texts.index.duplicated()]
    arm = mine["weight"].reindex(texts.index).fillna(0.0).to_numpy()
    base = theirs["weight"].reindex(texts.index).fillna(0.0).to_numpy()
    has_changed = (arm >= MOVED * base) | (base >= MOVED * arm)
    has_changed &= (arm > 0) | (base > 0)
    chosen = texts[has_changed]
    rows = chosen[["text", "label", "source"]].assign(
        arm_weight=arm[has_changed], baseline_weight=base[has_changed]
    )
    order = [place[sample_id] for sample_id in chosen.index]
    return ChangedRows(rows.reset_index(drop=True), np.concatenate(vectors)[order])


def nearest(changed: ChangedRows, vector: np.ndarray, *, most: int = 5) -> pd.DataFrame:
    """Return the changed rows nearest to an embedding (D,) of length 1, with their cosine."""
    cosine = changed.embeddings @ vector
    order = np.argsort(-cosine, kind="stable")[:most]
    return changed.rows.iloc[order].assign(cosine=cosine[order]).reset_index(drop=True)


def _weights(store: Store, job: Job, run: Run) -> pd.DataFrame | None:
    """Rows of a run by sample id, with the weight of each over the mean weight."""
    trained = trained_rows(store, job, run)
    if trained is None:
        return None
    weights = trained.factor
    if trained.dynamic:
        seen = read_dynamics(store, job, run)
        if seen is None or seen.weights is None:
            return None
        weights = np.nan_to_num(seen.weights[-1])
    rows = trained.rows.assign(weight=weights / max(float(weights.mean()), 1e-12))
    return rows.set_index("sample_id")
