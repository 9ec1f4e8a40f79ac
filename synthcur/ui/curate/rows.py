"""The rows of a scored collection as the Curate page needs them: joined, weighed, tabled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from synthcur.review import decisions as review
from synthcur.review.decisions import Decision
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings, fingerprint
from synthcur.ui.curate import places
from synthcur.weighting import rules
from synthcur.weighting.rules import NO_FACTS, Facts


@dataclass(frozen=True)
class CurateRows:
    """N synthetic and R real training rows with what checkers and people say of them.

    Attributes
    ----------
    label_names
        The K labels.
    frame
        One row per sample, synthetic before real, each along a curve through the map, so that
        neighbours there are mostly neighbours here: ``sample_id``, ``source``, ``row`` (in its
        file), ``text``, ``text_pair``, ``label`` (id, after relabelling), ``predicted`` (id the
        quality checker reads), ``p`` and ``q`` (P' and Q of the label; real rows have no Q: NaN)
        and ``kept`` (False where discarded).
    at, real_at
        Where each of the N synthetic and of the R real rows stands among those of the collection:
        what is in the order of its files, taken at these places, is in the order of the page.
    quality, diversity
        P' and Q of the synthetic rows in the same order, (N, K).
    measured
        Which P' and which Q that is, see `WeightingSettings.quality` and ``diversity``.
    facts
        What else weights are made from, of the same N rows.
    places
        Places on the map, (N + R, 2) uint16, see `places.on_grid`.
    map_id
        Names the map: the same rows at the same places.
    version
        Names everything above; decisions and another Q change it.
    seen
        Place in the log of the last decision that all of this knows of.
    """

    label_names: tuple[str, ...]
    frame: pd.DataFrame
    at: np.ndarray
    real_at: np.ndarray
    quality: np.ndarray
    diversity: np.ndarray
    measured: tuple[str, str]
    facts: Facts
    places: np.ndarray
    map_id: str
    version: str
    seen: int

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
        weights[kept] = rules.sample_weight(
            self.quality[kept],
            self.diversity[kept],
            self.labels[kept],
            settings,
            self.facts.of(kept),
        )
        return weights

    @cached_property
    def _ids(self) -> pd.Index:
        """Sample ids as plain strings, of which thousands are taken and found in milliseconds."""
        return pd.Index(self.frame["sample_id"].to_numpy(dtype=object), dtype="object")

    def sample_ids(self, positions: np.ndarray) -> tuple[str, ...]:
        """Return the ids of the rows at some positions."""
        return tuple(self._ids.to_numpy()[positions])

    def positions(self, sample_ids: Sequence[str]) -> np.ndarray:
        """Return the rows, ascending, whose ids are among some; unknown ids are left out."""
        found = np.unique(self._ids.get_indexer(pd.Index(list(sample_ids), dtype="object")))
        return found[found >= 0]


def join(
    collection: Collection,
    decisions: Sequence[Decision],
    arrays: Mapping[str, np.ndarray],
    artefacts: Mapping[str, str],
    *,
    measured: tuple[str, str],
    facts: Facts = NO_FACTS,
) -> CurateRows:
    """Bring rows, decisions and scores together.

    Parameters
    ----------
    collection
        As imported.
    decisions
        Its whole log.
    arrays
        ``quality`` and ``diversity`` of the synthetic rows, (N, K); coordinates of the
        ``synthetic`` and ``real`` ones, (N, 2) and (R, 2); ``real_quality`` out of fold, (R, K).
    artefacts
        Fingerprints of the artefacts that the arrays come from.
    measured
        Which P' and which Q these are, see `CurateRows.measured`.
    facts
        What else is known of the synthetic rows.
    """
    labels, kept = review.effective_labels(collection, decisions)
    map_id = fingerprint(collection.fingerprint, artefacts["coordinates"])
    grid = places.on_grid(np.concatenate([arrays["synthetic"], arrays["real"]]))
    synthetic, real = (_along_the_curve(part) for part in np.split(grid, [len(labels)]))
    quality, diversity = arrays["quality"][synthetic], arrays["diversity"][synthetic]
    return CurateRows(
        label_names=collection.labels,
        frame=pd.concat(
            [
                _judged(
                    collection.synthetic.iloc[synthetic],
                    labels[synthetic],
                    quality,
                    q=_own(diversity, labels[synthetic]),
                    kept=kept[synthetic],
                ),
                _judged(
                    collection.real_train.iloc[real],
                    collection.real_train_labels[real],
                    arrays["real_quality"][real],
                ),
            ],
            ignore_index=True,
        ),
        at=synthetic,
        real_at=real,
        quality=quality,
        diversity=diversity,
        measured=measured,
        facts=facts.of(synthetic),
        places=grid[np.concatenate([synthetic, len(labels) + real])],
        map_id=map_id,
        version=fingerprint(
            map_id,
            collection.name,
            collection.origin,
            artefacts,
            measured,
            labels.tolist(),
            kept.tolist(),
        ),
        seen=decisions[-1].seq if decisions else 0,
    )


def _along_the_curve(grid: np.ndarray) -> np.ndarray:
    return np.argsort(places.curve_codes(grid), kind="stable")


def _own(probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return probs[np.arange(len(labels)), labels]


def _judged(
    rows: pd.DataFrame,
    labels: np.ndarray,
    quality: np.ndarray,
    *,
    q: np.ndarray | float = np.nan,
    kept: np.ndarray | bool = True,
) -> pd.DataFrame:
    return rows[["sample_id", "source", "row", "text", "text_pair"]].assign(
        label=labels,
        predicted=quality.argmax(axis=1),
        p=_own(quality, labels),
        q=q,
        kept=kept,
    )


def table(
    rows: CurateRows,
    chosen: np.ndarray,
    weights: np.ndarray,
    verdicts: Mapping[str, str],
    tags: Mapping[str, Sequence[str]],
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
    tags
        Tags by sample id.

    Returns
    -------
    pd.DataFrame
        ``sample_id``, ``source``, ``row``, ``text``, ``text_pair``, ``label``, ``predicted``
        (names), ``weight``, ``p``, ``q``, ``decision``, ``tags`` (with commas between them).
    """
    names = np.asarray(rows.label_names, dtype=object)
    weight = np.concatenate([weights, np.full(len(rows.frame) - rows.n, np.nan)])
    frame = rows.frame.iloc[chosen].reset_index(drop=True)
    return frame.drop(columns="kept").assign(
        label=names[frame["label"]],
        predicted=names[frame["predicted"]],
        weight=weight[chosen],
        decision=[verdicts.get(sample_id, "") for sample_id in frame["sample_id"]],
        tags=[", ".join(tags.get(sample_id, ())) for sample_id in frame["sample_id"]],
    )[
        [
            *("sample_id", "source", "row", "text", "text_pair", "label", "predicted"),
            *("weight", "p", "q", "decision", "tags"),
        ]
    ]


def short_text(text: str, pair: str | None, limit: int) -> str:
    """Return a text, with its second text if it has one, in at most `limit` characters."""
    if isinstance(pair, str):
        text = f"{text[: limit // 2]} | {pair}"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def lightest(weights: np.ndarray, n: int) -> np.ndarray:
    """Return the `n` rows that weigh least, lightest first; rows that weigh NaN come last."""
    n = min(n, len(weights))
    chosen = np.sort(np.argpartition(weights, n - 1)[:n]) if n else np.empty(0, dtype=np.int64)
    return lightest_first(chosen, weights)


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
