"""The rows of a scored collection as the Curate page needs them: joined, weighed, tabled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthcur import review, weighting
from synthcur.review import Decision
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings, fingerprint

UNKNOWN = -1
"""Label id of a row for which the quality checker's reading is not known."""


@dataclass(frozen=True)
class CurateRows:
    """N synthetic and R real training rows with what checkers and people say of them.

    Attributes
    ----------
    label_names
        The K labels.
    frame
        One row a sample, synthetic first: ``sample_id``, ``source``, ``row`` (in its file),
        ``text``, ``text_pair``, ``label`` (id, after relabelling), ``predicted`` (id the quality
        checker reads, `UNKNOWN` where it has not said), ``p`` and ``q`` (P' and Q of the label,
        NaN where not known) and ``kept`` (False where discarded).
    quality, diversity
        P' and Q of the synthetic rows, (N, K).
    measured
        Which Q that is, see `WeightingSettings.diversity`.
    coordinates
        Places on the map, (N + R, 2).
    map_id
        Names the map: the same rows at the same places.
    version
        Names everything above; decisions and another Q change it.
    """

    label_names: tuple[str, ...]
    frame: pd.DataFrame
    quality: np.ndarray
    diversity: np.ndarray
    measured: str
    coordinates: np.ndarray
    map_id: str
    version: str

    @property
    def n(self) -> int:
        """Number of synthetic rows."""
        return len(self.quality)

    @property
    def kept(self) -> np.ndarray:
        """False for discarded synthetic rows, (N,)."""
        return self.frame["kept"].to_numpy()[: self.n]

    @property
    def labels(self) -> np.ndarray:
        """Label ids of the synthetic rows, (N,)."""
        return self.frame["label"].to_numpy()[: self.n]

    def weights(self, settings: WeightingSettings) -> np.ndarray:
        """Weigh the kept rows; discarded ones weigh NaN, (N,)."""
        weights, kept = np.full(self.n, np.nan), self.kept
        weights[kept] = weighting.sample_weight(
            self.quality[kept], self.diversity[kept], self.labels[kept], settings
        )
        return weights

    def positions(self, sample_ids: Iterable[str]) -> np.ndarray:
        """Return the rows, ascending, whose ids are among some; unknown ids are left out."""
        return np.flatnonzero(self.frame["sample_id"].isin(list(sample_ids)))


def join(
    collection: Collection,
    decisions: Sequence[Decision],
    arrays: Mapping[str, np.ndarray],
    artefacts: Mapping[str, str],
    *,
    measured: str,
) -> CurateRows:
    """Bring rows, decisions and scores together.

    Parameters
    ----------
    collection
        As imported.
    decisions
        Its whole log.
    arrays
        ``quality`` and ``diversity`` of the synthetic rows, (N, K); ``synthetic`` and ``real``
        places, (N, 2) and (R, 2); ``real_quality`` out of fold, (R, K).
    artefacts
        Fingerprints of the artefacts that the arrays come from.
    measured
        Which Q ``diversity`` is, see `WeightingSettings.diversity`.
    """
    labels, kept = review.effective_labels(collection, decisions)
    map_id = fingerprint(collection.fingerprint, artefacts["coordinates"])
    return CurateRows(
        label_names=collection.labels,
        frame=pd.concat(
            [
                _judged(collection.synthetic, labels, arrays["quality"], arrays["diversity"], kept),
                _judged(
                    collection.real_train,
                    collection.label_ids(collection.real_train),
                    arrays["real_quality"],
                ),
            ],
            ignore_index=True,
        ),
        quality=arrays["quality"],
        diversity=arrays["diversity"],
        measured=measured,
        coordinates=np.concatenate([arrays["synthetic"], arrays["real"]]),
        map_id=map_id,
        version=fingerprint(map_id, artefacts, measured, labels.tolist(), kept.tolist()),
    )


def _judged(
    rows: pd.DataFrame,
    labels: np.ndarray,
    quality: np.ndarray | None,
    diversity: np.ndarray | None = None,
    kept: np.ndarray | bool = True,
) -> pd.DataFrame:
    own = np.arange(len(rows)), labels
    return rows[["sample_id", "source", "row", "text", "text_pair"]].assign(
        label=labels,
        predicted=UNKNOWN if quality is None else quality.argmax(axis=1),
        p=np.nan if quality is None else quality[own],
        q=np.nan if diversity is None else diversity[own],
        kept=kept,
    )


def table(
    rows: CurateRows, chosen: np.ndarray, weights: np.ndarray, verdicts: Mapping[str, str]
) -> pd.DataFrame:
    """Return some rows with all that is known of them, in the order given.

    Parameters
    ----------
    rows
        The joined rows.
    chosen
        Positions among the N + R rows.
    weights
        (N,), NaN where discarded.
    verdicts
        Action by sample id.

    Returns
    -------
    pd.DataFrame
        ``sample_id``, ``source``, ``row``, ``text``, ``text_pair``, ``label``, ``predicted``
        (names), ``weight``, ``p``, ``q``, ``decision``.
    """
    names = np.asarray([*rows.label_names, ""], dtype=object)
    weight = np.concatenate([weights, np.full(len(rows.frame) - rows.n, np.nan)])
    frame = rows.frame.iloc[chosen].reset_index(drop=True)
    return frame.drop(columns="kept").assign(
        label=names[frame["label"]],
        predicted=names[frame["predicted"]],
        weight=weight[chosen],
        decision=[verdicts.get(sample_id, "") for sample_id in frame["sample_id"]],
    )[
        [
            *("sample_id", "source", "row", "text", "text_pair", "label", "predicted"),
            *("weight", "p", "q", "decision"),
        ]
    ]


def lightest_first(chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Order rows by weight, lightest first; rows without a weight come last, in their order.

    Parameters
    ----------
    chosen
        Positions among the N + R rows.
    weights
        (N,), NaN where discarded; real rows have none.
    """
    value = np.full(len(chosen), np.nan)
    weighed = chosen < len(weights)
    value[weighed] = weights[chosen[weighed]]
    return chosen[np.argsort(value, kind="stable")]
