"""What each stage of scoring computes: a collection and arrays in, arrays and plain data out.

Nothing here knows where results are kept or who hears of the progress; `worker.scoring` does.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthcur.checkers import clusters, signals
from synthcur.checkers.checkers import CHECKERS, QUALITY, Checked, average, task_of
from synthcur.checkers.pool_coverage import real_rows_covered
from synthcur.schema import Collection
from synthcur.settings import BUNDLED_MODEL, ScoreSettings

REAL_NEIGHBOURS = 3
SYNTHETIC_NEIGHBOURS = 2
DUPLICATE_NEIGHBOURS = 10
"""Rows looked at beside each one; a group of equal rows larger than that may fall apart."""
COVERING_NEIGHBOURS = 20
"""Synthetic rows kept of each real row, from which `coverage_gaps.coverage` follows any weights."""


@dataclass(frozen=True)
class Computed:
    """What a stage comes to.

    Attributes
    ----------
    arrays
        By name.
    meta
        What is noted beside them, as plain data.
    """

    arrays: Mapping[str, np.ndarray]
    meta: Mapping[str, Any] = field(default_factory=dict)


def compute_embeddings(
    collection: Collection,
    on_progress: Callable[[int], None] | None = None,
    *,
    known: Mapping[bytes, np.ndarray] = MappingProxyType({}),
) -> Computed:
    """Embed the real training rows and the synthetic rows.

    Parameters
    ----------
    collection
        With R real training rows and N synthetic ones.
    on_progress
        Called with the number of rows done so far.
    known
        Embeddings by the key of their text (`text_digests`), as far as there are; only the other
        rows are read.

    Returns
    -------
    Computed
        ``real`` (R, D) and ``synthetic`` (N, D), float32, rows of length 1; ``real_text`` and
        ``synthetic_text``, the keys of their texts, (R, 16) and (N, 16), uint8.
    """
    real, synthetic = collection.real_train, collection.synthetic
    rows = pd.concat([real, synthetic], ignore_index=True)
    digests = text_digests(rows)
    keys = [each.tobytes() for each in digests]
    is_new = np.array([key not in known for key in keys], dtype=bool)
    both = None
    if is_new.any():
        from synthcur.models.encoders import encode

        fresh = encode(rows[is_new].reset_index(drop=True), on_progress=on_progress)
        both = np.zeros((len(rows), fresh.shape[1]), dtype=np.float32)
        both[is_new] = fresh
    found = [known[key] for key, new in zip(keys, is_new, strict=True) if not new]
    if both is None:
        both = np.stack(found)
    elif found:
        both[~is_new] = np.stack(found)
    texts = {f"{part}_text": each for part, each in _split(digests, len(real)).items()}
    return Computed(_split(both, len(real)) | texts, {"model": BUNDLED_MODEL})


def text_digests(rows: pd.DataFrame) -> np.ndarray:
    """Return what equal texts have in common (n, 16), uint8: a hash of text and second text."""
    pairs = (pair if isinstance(pair, str) else "" for pair in rows["text_pair"])
    found = b"".join(
        hashlib.sha256(f"{text}\x1f{pair}".encode("utf-8", "surrogatepass")).digest()[:16]
        for text, pair in zip(rows["text"], pairs, strict=True)
    )
    return np.frombuffer(found, dtype=np.uint8).reshape(len(rows), 16)


def compute_placed(
    known: Mapping[bytes, np.ndarray],
    real: tuple[np.ndarray, np.ndarray],
    synthetic: tuple[np.ndarray, np.ndarray],
    *,
    seed: int = 0,
) -> Computed:
    """Place new rows on a map that is there; the others keep their places.

    Parameters
    ----------
    known
        Places (2,) by the key of their text; of at least one row.
    real, synthetic
        Embeddings of the rows, (R, D) and (N, D), and the keys of their texts.
    seed
        Equal seeds give equal places.

    Returns
    -------
    Computed
        As of `compute_coordinates`; beside them how many rows were ``placed``. Neighbourhoods of
        new rows among themselves are not laid out: a new one stands among the known rows that it
        is most like.
    """
    from synthcur.checkers.projection import place

    vectors = np.concatenate([real[0], synthetic[0]])
    keys = [each.tobytes() for each in np.concatenate([real[1], synthetic[1]])]
    is_new = np.array([key not in known for key in keys], dtype=bool)
    places = np.zeros((len(keys), 2), dtype=np.float32)
    old = [known[key] for key, new in zip(keys, is_new, strict=True) if not new]
    places[~is_new] = np.stack(old)
    places[is_new] = place(vectors[is_new], vectors[~is_new], places[~is_new], seed=seed)
    return Computed(_split(places, len(real[0])), {"placed": int(is_new.sum())})


def compute_coordinates(real: np.ndarray, synthetic: np.ndarray, *, seed: int = 0) -> Computed:
    """Lay all rows out on one map.

    Parameters
    ----------
    real, synthetic
        Embeddings, (R, D) and (N, D).
    seed
        Equal seeds give equal maps.

    Returns
    -------
    Computed
        ``real`` (R, 2) and ``synthetic`` (N, 2); see `projection.coordinates`.
    """
    from synthcur.checkers.projection import coordinates

    return Computed(_split(coordinates(np.concatenate([real, synthetic]), seed=seed), len(real)))


def compute_neighbours(real: np.ndarray, synthetic: np.ndarray, *, seed: int = 0) -> Computed:
    """Find the real and the other synthetic rows nearest to every synthetic row.

    Parameters are those of `compute_coordinates`. Returns ``real_index`` and ``real_cosine``
    (N, `REAL_NEIGHBOURS`), ``synthetic_index`` and ``synthetic_cosine`` (N,
    `SYNTHETIC_NEIGHBOURS`); see `projection.neighbours`.
    """
    from synthcur.checkers.projection import neighbours

    near_real = neighbours(synthetic, real, count=REAL_NEIGHBOURS, seed=seed)
    near_synthetic = neighbours(
        synthetic, synthetic, count=SYNTHETIC_NEIGHBOURS, exclude_self=True, seed=seed
    )
    return Computed(
        {
            "real_index": near_real[0],
            "real_cosine": near_real[1],
            "synthetic_index": near_synthetic[0],
            "synthetic_cosine": near_synthetic[1],
        }
    )


def compute_checker(
    role: str,
    collection: Collection,
    real: np.ndarray,
    synthetic: np.ndarray,
    settings: ScoreSettings,
    on_progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Train the checker of a role and ask it about the synthetic rows.

    Parameters
    ----------
    role
        ``quality`` or ``diversity``.
    collection, real, synthetic
        With R real training rows and N synthetic ones, and their embeddings, (R, D) and (N, D).
    settings
        With the kind of checker; ``average`` trains both kinds, one after the other.
    on_progress
        Called with the work done and the whole of it, for each kind from 0.
    """
    if settings.checkers == "average":
        both = (replace(settings, checkers=kind) for kind in CHECKERS)
        made_from = (role, collection, real, synthetic)
        first, second = (compute_checker(*made_from, each, on_progress) for each in both)
        return compute_average(role, collection, first, second)
    task = task_of(role, collection, real=real, synthetic=synthetic)
    return CHECKERS[settings.checkers](task, settings, on_progress or _unheard)


def compute_average(role: str, collection: Collection, first: Checked, second: Checked) -> Checked:
    """Join two kinds of checkers of one role, see `checkers.average`."""
    is_quality = role == QUALITY
    learned = collection.real_train_labels if is_quality else collection.synthetic_labels
    return average(first, second, learned)


def compute_row_signals(
    synthetic: np.ndarray, labels: np.ndarray, quality: Checked
) -> dict[str, np.ndarray]:
    """Find what is known of every synthetic row beside its weight.

    Parameters
    ----------
    synthetic
        Embeddings (N, D).
    labels
        Label ids (N,).
    quality
        What the quality checker says of these rows.

    Returns
    -------
    dict
        ``label_quality``, ``is_likely_mislabelled``, ``duplicate_group`` and ``uncertainty``, each
        (N,); see the functions of `checkers.signals`.
    """
    from synthcur.checkers.projection import neighbours

    index, cosine = neighbours(synthetic, synthetic, count=DUPLICATE_NEIGHBOURS, exclude_self=True)
    return {
        "label_quality": signals.label_quality(quality.calibrated, labels),
        "is_likely_mislabelled": signals.likely_mislabelled(quality.calibrated, labels),
        "duplicate_group": signals.duplicate_groups(index, cosine),
        "uncertainty": signals.weight_uncertainty(quality.members, labels),
    }


def compute_signals(
    real: np.ndarray, synthetic: np.ndarray, labels: np.ndarray, quality: Checked
) -> Computed:
    """Find what is known of every synthetic row, and of the pool as a whole.

    Parameters
    ----------
    real, synthetic
        Embeddings, (R, D) and (N, D).
    labels, quality
        See `compute_row_signals`.

    Returns
    -------
    Computed
        The arrays of `compute_row_signals` and ``density_ratio`` (N,); beside them
        ``real_vs_synthetic``, ``real_covered``, ``vendi`` and ``vendi_by_quality``.
    """
    of_rows = compute_row_signals(synthetic, labels, quality)
    told_apart = signals.real_vs_synthetic(real, synthetic)
    own = quality.calibrated[np.arange(len(labels)), labels]
    meta = {
        "real_vs_synthetic": asdict(told_apart.auc),
        "real_covered": asdict(real_rows_covered(real, synthetic)),
        "vendi": signals.vendi_score(synthetic),
        "vendi_by_quality": signals.vendi_score(synthetic, own),
    }
    return Computed({**of_rows, "density_ratio": told_apart.density_ratio}, meta)


def compute_clusters(
    collection: Collection, real: np.ndarray, synthetic: np.ndarray, *, seed: int = 0
) -> Computed:
    """Cluster all rows and name every cluster by its words.

    Parameters
    ----------
    collection, real, synthetic
        See `compute_checker`.
    seed
        Equal seeds give equal clusters.

    Returns
    -------
    Computed
        ``synthetic`` (N,), ``real`` (R,) and ``centres`` (C, D); beside them the ``terms`` of
        every cluster.
    """
    found = clusters.assign(synthetic, real, seed=seed)
    rows = pd.concat([collection.synthetic, collection.real_train])
    terms = clusters.top_terms(
        rows["text"] + " " + rows["text_pair"].fillna(""),
        np.concatenate([found.synthetic, found.real]),
        len(found.centres),
    )
    arrays = {"synthetic": found.synthetic, "real": found.real, "centres": found.centres}
    return Computed(arrays, {"terms": terms})


def compute_coverage(real: np.ndarray, synthetic: np.ndarray, *, seed: int = 0) -> Computed:
    """Find the synthetic rows nearest to every real row.

    Parameters are those of `compute_coordinates`. Returns ``synthetic_index`` and
    ``synthetic_cosine``, (R, `COVERING_NEIGHBOURS`).
    """
    from synthcur.checkers.projection import neighbours

    index, cosine = neighbours(real, synthetic, count=COVERING_NEIGHBOURS, seed=seed)
    return Computed({"synthetic_index": index, "synthetic_cosine": cosine})


def _unheard(done: int, total: int) -> None:
    """Take the progress of a checker that nobody watches."""


def _split(both: np.ndarray, n_real: int) -> dict[str, np.ndarray]:
    return {"real": both[:n_real], "synthetic": both[n_real:]}
