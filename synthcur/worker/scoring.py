"""Scoring: texts become embeddings, a map, neighbours and the probabilities of two checkers.

A stage reads the artefacts of earlier ones and writes its own under a fingerprint of the stage and
its version, its parent, and its own settings; an artefact that exists is not computed again.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from synthcur.checkers import clusters, signals
from synthcur.checkers.checkers import CHECKERS, ROLES, Checked, average, task_of
from synthcur.checkers.pool_coverage import real_rows_covered
from synthcur.schema import Collection
from synthcur.settings import AUTOMATIC, BUNDLED_MODEL, ScoreSettings, fingerprint
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training import recipes
from synthcur.training.pools import require_labels
from synthcur.worker.progress import Progress

VERSIONS = {
    **{"embeddings": 1, "coordinates": 1, "neighbours": 1},
    **{"quality": 3, "diversity": 3, "signals": 2, "clusters": 1, "coverage": 1},
}
"""Version of every stage; raised when the stage would compute something else."""

_PARTS = ("synthetic", "calibrated", "members", "out_of_fold", "real")
"""Arrays of a checker's artefact; see `checkers.Checked`."""

REAL_NEIGHBOURS = 3
SYNTHETIC_NEIGHBOURS = 2
DUPLICATE_NEIGHBOURS = 10
"""Rows looked at beside each one; a group of equal rows larger than that may fall apart."""
COVERING_NEIGHBOURS = 20
"""Synthetic rows kept of each real row, from which `coverage_gaps.coverage` follows any weights."""


def score(
    collection: Collection, settings: ScoreSettings, artefacts: Artefacts, spool: Spool
) -> dict[str, str]:
    """Embed, map and check the synthetic rows and the real training rows of a collection.

    Returns
    -------
    dict
        Fingerprint of every result: ``embeddings``, ``coordinates``, ``neighbours``, ``quality``,
        ``diversity``, ``signals``, ``clusters`` and ``coverage``. Scores of earlier versions lack
        the last ones: what reads them asks first whether they are there.

    Raises
    ------
    InputError
        If the rows a checker learns from hold fewer than two labels; before any model is loaded.
    """
    _require_two_labels(collection)
    embeddings = embed(collection, artefacts, spool)
    names = {
        "coordinates": _place(embeddings, settings.seed, artefacts, spool),
        "neighbours": _find_neighbours(embeddings, settings.seed, artefacts, spool),
        **check(collection, settings, artefacts, spool),
    }
    names["signals"] = _find_signals(collection, names, artefacts, spool)
    names["clusters"] = _cluster(collection, embeddings, settings.seed, artefacts, spool)
    names["coverage"] = _cover(embeddings, settings.seed, artefacts, spool)
    trust = {role: artefacts.meta(names[role])["trust"] for role in ROLES}
    spool.append("scored", checkers=settings.checkers, artefacts=names, trust=trust)
    return names


def check(
    collection: Collection, settings: ScoreSettings, artefacts: Artefacts, spool: Spool
) -> dict[str, str]:
    """Do the part of `score` that arms read: embeddings and both checkers.

    Returns
    -------
    dict
        Fingerprints of ``embeddings``, ``quality`` and ``diversity``.
    """
    _require_two_labels(collection)
    embeddings = embed(collection, artefacts, spool)
    checked = {
        role: _check(role, collection, embeddings, settings, artefacts, spool) for role in ROLES
    }
    return {"embeddings": embeddings, **checked}


def _require_two_labels(collection: Collection) -> None:
    for what, rows in (
        ("The real training rows", collection.real_train),
        ("The synthetic rows", collection.synthetic),
    ):
        require_labels(collection.label_ids(rows), collection.labels, what=what, at_least=2)


def read_checked(artefacts: Artefacts, name: str) -> Checked:
    """Read back what a checker said."""
    meta = artefacts.meta(name)
    arrays = {part: artefacts.array(name, part) for part in _PARTS}
    return Checked(**arrays, trust=meta["trust"], details=meta["details"])


def embeddings_name(collection: Collection) -> str:
    """Name the embeddings of a collection by what they are made from."""
    return fingerprint("embeddings", VERSIONS["embeddings"], collection.fingerprint, BUNDLED_MODEL)


def embed(collection: Collection, artefacts: Artefacts, spool: Spool) -> str:
    """Turn the real training rows and the synthetic rows into embeddings; return their name.

    The artefact has the arrays ``real`` (R, D) and ``synthetic`` (N, D), rows of length 1.
    """
    name = embeddings_name(collection)
    if artefacts.has(name):
        return name
    real, synthetic = collection.real_train, collection.synthetic
    progress = Progress(spool, "embed", "Reading the texts", total=len(real) + len(synthetic))
    from synthcur.models.encoders import encode

    both = encode(pd.concat([real, synthetic], ignore_index=True), on_progress=progress)
    artefacts.write(name, arrays=_split(both, len(real)), meta={"model": BUNDLED_MODEL})
    return name


def _place(embeddings: str, seed: int, artefacts: Artefacts, spool: Spool) -> str:
    name = fingerprint("coordinates", VERSIONS["coordinates"], embeddings, seed)
    if artefacts.has(name):
        return name
    Progress(spool, "map", "Drawing the map")
    from synthcur.checkers.projection import coordinates

    real, synthetic = (artefacts.array(embeddings, part) for part in ("real", "synthetic"))
    placed = coordinates(np.concatenate([real, synthetic]), seed=seed)
    artefacts.write(name, arrays=_split(placed, len(real)))
    return name


def _find_neighbours(embeddings: str, seed: int, artefacts: Artefacts, spool: Spool) -> str:
    name = fingerprint("neighbours", VERSIONS["neighbours"], embeddings, seed)
    if artefacts.has(name):
        return name
    Progress(spool, "neighbours", "Finding neighbours")
    from synthcur.checkers.projection import neighbours

    real, synthetic = (artefacts.array(embeddings, part) for part in ("real", "synthetic"))
    near_real = neighbours(synthetic, real, count=REAL_NEIGHBOURS, seed=seed)
    near_synthetic = neighbours(
        synthetic, synthetic, count=SYNTHETIC_NEIGHBOURS, exclude_self=True, seed=seed
    )
    arrays = {
        "real_index": near_real[0],
        "real_cosine": near_real[1],
        "synthetic_index": near_synthetic[0],
        "synthetic_cosine": near_synthetic[1],
    }
    artefacts.write(name, arrays=arrays)
    return name


def _check(
    role: str,
    collection: Collection,
    embeddings: str,
    settings: ScoreSettings,
    artefacts: Artefacts,
    spool: Spool,
) -> str:
    kind = settings.checkers
    made_from = (role, collection, embeddings)
    if kind == "average":
        both = [replace(settings, checkers=each) for each in CHECKERS]
        parents = [_check(*made_from, each, artefacts, spool) for each in both]
        name = fingerprint(role, VERSIONS[role], kind, parents)
    else:
        # A probe hangs on the embeddings, a fine-tuned checker on the texts themselves.
        is_probe = kind == "probe"
        parents = [embeddings if is_probe else collection.fingerprint]
        own = [settings.folds] if is_probe else _of_finetuned(settings)
        name = fingerprint(role, VERSIONS[role], kind, parents, own, settings.seed)
    if artefacts.has(name):
        return name
    vectors = {part: artefacts.array(embeddings, part) for part in ("real", "synthetic")}
    task = task_of(role, collection, **vectors)
    if kind == "average":
        first, second = (read_checked(artefacts, parent) for parent in parents)
        checked = average(first, second, task.train.labels)
    else:
        progress = Progress(spool, role, f"Training the {role} checker")
        checked = CHECKERS[kind](task, settings, progress)
    meta = {
        "kind": kind,
        "settings": settings.to_dict(),
        "trust": dict(checked.trust),
        "details": dict(checked.details),
    }
    artefacts.write(name, arrays={part: getattr(checked, part) for part in _PARTS}, meta=meta)
    return name


def _of_finetuned(settings: ScoreSettings) -> list[Any]:
    """Return what a fine-tuned checker hangs on beside its rows."""
    own = [settings.fit, settings.finetune_folds, settings.quality_steps]
    return [*own, AUTOMATIC, recipes.VERSION] if settings.recipe == AUTOMATIC else own


def _find_signals(
    collection: Collection, names: Mapping[str, str], artefacts: Artefacts, spool: Spool
) -> str:
    parents = [names[each] for each in ("embeddings", "quality")]
    name = fingerprint("signals", VERSIONS["signals"], parents)
    if artefacts.has(name):
        return name
    Progress(spool, "signals", "Looking for duplicates and wrong labels")
    from synthcur.checkers.projection import neighbours

    real, synthetic = (artefacts.array(names["embeddings"], part) for part in ("real", "synthetic"))
    quality = read_checked(artefacts, names["quality"])
    labels = collection.label_ids(collection.synthetic)
    index, cosine = neighbours(synthetic, synthetic, count=DUPLICATE_NEIGHBOURS, exclude_self=True)
    told_apart = signals.real_vs_synthetic(real, synthetic)
    covered = real_rows_covered(real, synthetic)
    own = quality.calibrated[np.arange(len(labels)), labels]
    arrays = {
        "label_quality": signals.label_quality(quality.calibrated, labels),
        "is_likely_mislabelled": signals.likely_mislabelled(quality.calibrated, labels),
        "duplicate_group": signals.duplicate_groups(index, cosine),
        "uncertainty": signals.weight_uncertainty(quality.members, labels),
        "density_ratio": told_apart.density_ratio,
    }
    meta = {
        "real_vs_synthetic": asdict(told_apart.auc),
        "real_covered": asdict(covered),
        "vendi": signals.vendi_score(synthetic),
        "vendi_by_quality": signals.vendi_score(synthetic, own),
    }
    artefacts.write(name, arrays=arrays, meta=meta)
    return name


def _cluster(
    collection: Collection, embeddings: str, seed: int, artefacts: Artefacts, spool: Spool
) -> str:
    name = fingerprint("clusters", VERSIONS["clusters"], embeddings, seed)
    if artefacts.has(name):
        return name
    Progress(spool, "clusters", "Naming clusters")
    synthetic, real = (artefacts.array(embeddings, part) for part in ("synthetic", "real"))
    found = clusters.assign(synthetic, real, seed=seed)
    rows = pd.concat([collection.synthetic, collection.real_train])
    terms = clusters.top_terms(
        rows["text"] + " " + rows["text_pair"].fillna(""),
        np.concatenate([found.synthetic, found.real]),
        len(found.centres),
    )
    arrays = {"synthetic": found.synthetic, "real": found.real, "centres": found.centres}
    artefacts.write(name, arrays=arrays, meta={"terms": terms})
    return name


def _cover(embeddings: str, seed: int, artefacts: Artefacts, spool: Spool) -> str:
    name = fingerprint("coverage", VERSIONS["coverage"], embeddings, seed)
    if artefacts.has(name):
        return name
    Progress(spool, "coverage", "Looking for gaps between real and synthetic rows")
    from synthcur.checkers.projection import neighbours

    real, synthetic = (artefacts.array(embeddings, part) for part in ("real", "synthetic"))
    index, cosine = neighbours(real, synthetic, count=COVERING_NEIGHBOURS, seed=seed)
    artefacts.write(name, arrays={"synthetic_index": index, "synthetic_cosine": cosine})
    return name


def _split(both: np.ndarray, n_real: int) -> dict[str, np.ndarray]:
    return {"real": both[:n_real], "synthetic": both[n_real:]}
