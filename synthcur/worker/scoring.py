"""Scoring: texts become embeddings, a map, neighbours and the probabilities of two checkers.

A stage reads the artefacts of earlier ones and writes its own under a fingerprint of the stage and
its version, its parent, and its own settings; an artefact that exists is not computed again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from synthcur.checkers.checkers import CHECKERS, ROLES, Checked
from synthcur.checkers.scores import (
    Computed,
    compute_average,
    compute_checker,
    compute_clusters,
    compute_coordinates,
    compute_coverage,
    compute_embeddings,
    compute_neighbours,
    compute_placed,
    compute_signals,
    text_digests,
)
from synthcur.schema import Collection
from synthcur.settings import AUTOMATIC, ScoreSettings, fingerprint
from synthcur.store.artefacts import Artefacts
from synthcur.store.spool import Spool
from synthcur.training import recipes
from synthcur.training.pools import require_labels
from synthcur.worker.earlier import (
    EMBEDDINGS,
    Known,
    Scored,
    embeddings_of,
    known_embeddings,
    known_places,
)
from synthcur.worker.progress import Progress
from synthcur.worker.stages import Phase, run_stage

VERSIONS = {
    **{"embeddings": EMBEDDINGS, "coordinates": 1, "neighbours": 1},
    **{"quality": 3, "diversity": 3, "signals": 2, "clusters": 1, "coverage": 1},
}
"""Version of every stage; raised when the stage would compute something else."""

_PARTS = ("synthetic", "calibrated", "members", "out_of_fold", "real")
"""Arrays of a checker's artefact; see `checkers.Checked`."""


def score(
    collection: Collection,
    settings: ScoreSettings,
    artefacts: Artefacts,
    spool: Spool,
    *,
    earlier: Sequence[Scored] = (),
) -> dict[str, str]:
    """Embed, map and check the synthetic rows and the real training rows of a collection.

    Texts that an `earlier` scoring has read are not read again. Where most rows were on its map,
    they keep their places and the others are placed among them; else the map is drawn anew.

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
    embeddings = embed(collection, artefacts, spool, earlier=earlier)

    def on_embeddings(stage: str, phase: Phase, compute: Callable[..., Computed]) -> str:
        """Run a stage that hangs on the embeddings and the seed alone."""
        return run_stage(
            fingerprint(stage, VERSIONS[stage], embeddings, settings.seed),
            phase,
            lambda _: compute(*_read_embeddings(artefacts, embeddings), seed=settings.seed),
            artefacts,
            spool,
        )

    finding = Phase("neighbours", "Finding neighbours")
    naming = Phase("clusters", "Naming clusters")
    covering = Phase("coverage", "Looking for gaps between real and synthetic rows")
    names = {
        "coordinates": _draw(embeddings, settings.seed, artefacts, spool, earlier),
        "neighbours": on_embeddings("neighbours", finding, compute_neighbours),
        **check(collection, settings, artefacts, spool),
    }
    names["signals"] = _find_signals(collection, names, artefacts, spool)
    names["clusters"] = on_embeddings("clusters", naming, partial(compute_clusters, collection))
    names["coverage"] = on_embeddings("coverage", covering, compute_coverage)
    trust = {role: artefacts.meta(names[role])["trust"] for role in ROLES}
    spool.append("scored", checkers=settings.checkers, artefacts=names, trust=trust)
    return names


def check(
    collection: Collection,
    settings: ScoreSettings,
    artefacts: Artefacts,
    spool: Spool | None = None,
) -> dict[str, str]:
    """Do the part of `score` that arms read: embeddings and both checkers.

    Without a spool nobody hears of it.

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
    return embeddings_of(collection.fingerprint)


def embed(
    collection: Collection,
    artefacts: Artefacts,
    spool: Spool | None = None,
    *,
    earlier: Sequence[Scored] = (),
) -> str:
    """Turn the real training rows and the synthetic rows into embeddings; return their name.

    The artefact has the arrays of `compute_embeddings`. Without a spool nobody hears of it.
    """
    name = embeddings_name(collection)
    known: Known = {} if artefacts.has(name) else known_embeddings(earlier, artefacts)
    total = len(collection.real_train) + len(collection.synthetic)
    if known:
        rows = pd.concat([collection.real_train, collection.synthetic])
        total = sum(each.tobytes() not in known for each in text_digests(rows))
    return run_stage(
        name,
        Phase("embed", "Reading the texts", total),
        partial(compute_embeddings, collection, known=known),
        artefacts,
        spool,
    )


def _draw(
    embeddings: str, seed: int, artefacts: Artefacts, spool: Spool, earlier: Sequence[Scored]
) -> str:
    """Lay the rows out, on the map that most of them have been on if there is one."""
    name = fingerprint("coordinates", VERSIONS["coordinates"], embeddings, seed)
    drawing, vectors = Phase("map", "Drawing the map"), partial(_read_embeddings, artefacts)
    found = None
    if not artefacts.has(name) and artefacts.holds(embeddings, "real_text"):
        texts = [artefacts.array(embeddings, f"{part}_text") for part in ("real", "synthetic")]
        found = known_places(earlier, artefacts, texts=np.concatenate(texts), seed=seed)
    if found is None:

        def draw(_: Progress | None) -> Computed:
            drawn = compute_coordinates(*vectors(embeddings), seed=seed)
            return replace(drawn, meta={"seed": seed} if seed else {})

        return run_stage(name, drawing, draw, artefacts, spool)
    if _is_on(earlier, embeddings, found.name):
        return found.name  # these very rows have been laid out before

    def place(_: Progress | None) -> Computed:
        placed = compute_placed(
            found.known, *zip(vectors(embeddings), texts, strict=True), seed=seed
        )
        return replace(placed, meta={**placed.meta, "drawn": found.drawn, "seed": seed})

    placed = fingerprint("placed", VERSIONS["coordinates"], embeddings, seed, found.name)
    return run_stage(placed, drawing, place, artefacts, spool)


def _is_on(earlier: Sequence[Scored], embeddings: str, coordinates: str) -> bool:
    """Whether an earlier scoring laid out these embeddings under that name."""
    return any(
        (each.names.get("embeddings"), each.names.get("coordinates")) == (embeddings, coordinates)
        for each in earlier
    )


def _check(
    role: str,
    collection: Collection,
    embeddings: str,
    settings: ScoreSettings,
    artefacts: Artefacts,
    spool: Spool | None,
) -> str:
    kind = settings.checkers
    if kind == "average":
        both = [replace(settings, checkers=each) for each in CHECKERS]
        parents = [_check(role, collection, embeddings, each, artefacts, spool) for each in both]
        name, phase = fingerprint(role, VERSIONS[role], kind, parents), None
    else:
        # A probe hangs on the embeddings, a fine-tuned checker on the texts themselves.
        is_probe = kind == "probe"
        parents = [embeddings if is_probe else collection.fingerprint]
        own = [settings.folds] if is_probe else _of_finetuned(settings)
        name = fingerprint(role, VERSIONS[role], kind, parents, own, settings.seed)
        phase = Phase(role, f"Training the {role} checker")

    def compute(progress: Progress | None) -> Computed:
        if kind == "average":
            first, second = (read_checked(artefacts, parent) for parent in parents)
            checked = compute_average(role, collection, first, second)
        else:
            vectors = _read_embeddings(artefacts, embeddings)
            checked = compute_checker(role, collection, *vectors, settings, progress)
        meta = {
            "kind": kind,
            "settings": settings.to_dict(),
            "trust": dict(checked.trust),
            "details": dict(checked.details),
        }
        return Computed({part: getattr(checked, part) for part in _PARTS}, meta)

    return run_stage(name, phase, compute, artefacts, spool)


def _of_finetuned(settings: ScoreSettings) -> list[Any]:
    """Return what a fine-tuned checker hangs on beside its rows."""
    own = [settings.fit, settings.finetune_folds, settings.quality_steps]
    return [*own, AUTOMATIC, recipes.VERSION] if settings.recipe == AUTOMATIC else own


def _find_signals(
    collection: Collection, names: Mapping[str, str], artefacts: Artefacts, spool: Spool
) -> str:
    parents = [names[each] for each in ("embeddings", "quality")]
    return run_stage(
        fingerprint("signals", VERSIONS["signals"], parents),
        Phase("signals", "Looking for duplicates and wrong labels"),
        lambda _: compute_signals(
            *_read_embeddings(artefacts, names["embeddings"]),
            collection.synthetic_labels,
            read_checked(artefacts, names["quality"]),
        ),
        artefacts,
        spool,
    )


def _read_embeddings(artefacts: Artefacts, name: str) -> tuple[np.ndarray, np.ndarray]:
    return artefacts.array(name, "real"), artefacts.array(name, "synthetic")
