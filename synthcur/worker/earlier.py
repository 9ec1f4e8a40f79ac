"""What was computed of other states of a collection, so that scoring reads new rows alone.

Texts are what rows have in common with earlier ones: equal texts have equal embeddings, whatever
their labels and whichever version they stand in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthcur.checkers.scores import text_digests
from synthcur.errors import SynthcurError
from synthcur.settings import BUNDLED_MODEL, fingerprint
from synthcur.store.artefacts import Artefacts

DRAWN_SHARE = 0.8
"""Share of the rows that the map must have been drawn with; below, it is drawn anew."""

EMBEDDINGS = 1
"""Version of the embeddings; raised when they would be others."""

Known = Mapping[bytes, np.ndarray]
"""Vectors by the key of a text, see `scores.text_digests`."""


@dataclass(frozen=True)
class Scored:
    """One earlier scoring: of which rows, by their fingerprint, and the names of its results."""

    collection: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class Places:
    """A map that is there.

    Attributes
    ----------
    name
        Of its artefact.
    drawn
        Rows that it was drawn with.
    known
        Their places, and those of rows that were placed since.
    """

    name: str
    drawn: int
    known: Known


def embeddings_of(content: str) -> str:
    """Name the embeddings of the rows that have a fingerprint."""
    return fingerprint("embeddings", EMBEDDINGS, content, BUNDLED_MODEL)


def read_earlier(spec: Mapping[str, Any]) -> list[Scored]:
    """Return what the spec of a job names; jobs of earlier releases name nothing."""
    return [Scored(each["collection_fp"], each["scores"]) for each in spec.get("earlier", ())]


def known_embeddings(earlier: Sequence[Scored], artefacts: Artefacts) -> Known:
    """Return the embeddings of all texts that were read before; what is gone is passed over."""
    found: dict[bytes, np.ndarray] = {}
    for embeddings in dict.fromkeys(each.names.get("embeddings", "") for each in earlier):
        of = next(each for each in earlier if each.names.get("embeddings", "") == embeddings)
        try:
            keys = _keys(of, artefacts)
            vectors = [artefacts.array(embeddings, part) for part in ("real", "synthetic")]
        except SynthcurError:
            continue
        rows = np.concatenate(vectors)
        if keys is not None and len(keys) == len(rows):
            found = dict(zip(keys, rows, strict=True)) | found
    return found


def known_places(
    earlier: Sequence[Scored], artefacts: Artefacts, *, texts: np.ndarray, seed: int
) -> Places | None:
    """Return the latest map of a seed that most of some texts were drawn on.

    Parameters
    ----------
    earlier, artefacts
        What there is.
    texts
        Keys of all texts that are to be on the map, (n, 16).
    seed
        Of the map; another one asks for another map.

    Returns
    -------
    Places or None
        None where there is no such map, or the rows are more than `DRAWN_SHARE` allows.
    """
    wanted = {each.tobytes() for each in texts}
    for each in earlier:
        name = each.names.get("coordinates", "")
        try:
            keys, meta = _keys(each, artefacts), artefacts.meta(name)
            rows = np.concatenate([artefacts.array(name, part) for part in ("real", "synthetic")])
        except SynthcurError:
            continue
        if keys is None or len(keys) != len(rows) or meta.get("seed", 0) != seed:
            continue
        known = dict(zip(keys, rows, strict=True))
        drawn = meta.get("drawn", len(rows))
        if len(wanted & known.keys()) >= DRAWN_SHARE * len(wanted) and (
            drawn >= DRAWN_SHARE * len(texts)
        ):
            return Places(name, drawn, known)
    return None


def _keys(scored: Scored, artefacts: Artefacts) -> list[bytes] | None:
    """Return the keys of the texts of a scoring, in the order of its arrays.

    Embeddings of earlier releases have none beside them: those of the rows are taken, of which the
    texts may have been edited since, so only where their name is that of the rows.
    """
    embeddings = scored.names["embeddings"]
    if artefacts.holds(embeddings, "real_text"):
        parts = [artefacts.array(embeddings, f"{part}_text") for part in ("real", "synthetic")]
        return [each.tobytes() for each in np.concatenate(parts)]
    if embeddings != embeddings_of(scored.collection):
        return None
    collection = artefacts.collection(scored.collection, name="earlier")
    rows = pd.concat([collection.real_train, collection.synthetic], ignore_index=True)
    return [each.tobytes() for each in text_digests(rows)]
