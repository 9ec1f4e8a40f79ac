"""Clusters of like texts, and the words that tell each from the others.

`assign` runs in a worker; what names a cluster is pure.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

FEWEST, MOST = 8, 20
"""Clusters of a small and of a large pool; a very small one has fewer."""

ROWS_A_CLUSTER = 10
"""Rows that there are at least for each cluster, on average."""

LARGEST_FIT = 20_000
"""Rows that the centres are found from; the others join the nearest."""

TERMS = 6
"""Words noted of each cluster."""

LEAST_SHARE = 0.02
"""Share of the rows of a cluster that hold a word which names it."""

_EMPTY_WORDS = """\
a about after all also am an and any are as at be because been before but by can could did do
does don for from get got had has have he her here him his how i if in into is it its just let
know like ll me more my need no not now of off on one only or our out over please re s she
should so some t than thank thanks that the their them then there these they this those to too
up us ve very want was we were what when where which who why will with wo would you your
"""

STOP_WORDS = frozenset(_EMPTY_WORDS.split())
"""English stop words. Those of other languages rank low in `top_terms` by themselves, as every
cluster has as many of them."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True)
class Clusters:
    """Which cluster each row is in; cluster 0 has the most synthetic rows.

    Attributes
    ----------
    synthetic, real
        Cluster of every row, (N,) and (R,), int16.
    centres
        Unit vectors, (C, D), float32.
    """

    synthetic: np.ndarray
    real: np.ndarray
    centres: np.ndarray


def cluster_count(n_rows: int) -> int:
    """Choose how many clusters to look for: 8 for 100 rows, 13 for 2,000, 20 for 100,000."""
    wanted = round(4 * math.log10(max(n_rows, 1)))
    return max(1, min(max(FEWEST, wanted), MOST, n_rows // ROWS_A_CLUSTER))


def assign(synthetic: np.ndarray, real: np.ndarray, *, seed: int = 0) -> Clusters:
    """Cluster rows by k-means on unit vectors, real and synthetic ones together.

    Parameters
    ----------
    synthetic, real
        Embeddings of length 1, (N, D) and (R, D), N + R > 0.
    seed
        Equal seeds give equal clusters.
    """
    from sklearn.cluster import KMeans

    rows = np.concatenate([synthetic, real])
    drawn = np.sort(np.random.default_rng(seed).permutation(len(rows))[:LARGEST_FIT])
    fitted = rows[drawn]
    count = min(cluster_count(len(rows)), len(np.unique(fitted, axis=0)))
    with threadpool_limits(1):
        search = KMeans(count, n_init=4, random_state=seed)  # type: ignore[arg-type]
        centres = search.fit(fitted).cluster_centers_
        length = np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
        centres = (centres / length).astype(np.float32)
        nearest = np.concatenate(
            [
                (rows[start : start + _ROWS_AT_ONCE] @ centres.T).argmax(axis=1)
                for start in range(0, len(rows), _ROWS_AT_ONCE)
            ]
        )
    sizes = np.bincount(nearest[: len(synthetic)], minlength=count)
    order = np.argsort(-sizes, kind="stable")
    place = np.argsort(order).astype(np.int16)[nearest]
    return Clusters(place[: len(synthetic)], place[len(synthetic) :], centres[order])


def tokens(text: str) -> set[str]:
    """Return the words of a text, each once, in lower case: three characters or more, no number."""
    found = set(_WORD.findall(text.lower()))
    return {word for word in found if len(word) > 2 and not word.isdigit() and not _is_empty(word)}


def _is_empty(word: str) -> bool:
    """Whether a word names nothing; *isn't* and *I'm* are as empty as *is* and *I*."""
    start, *ending = re.split("['’]", word, maxsplit=1)
    return start in STOP_WORDS or (bool(ending) and start.removesuffix("n") in STOP_WORDS)


def top_terms(
    texts: Iterable[str], clusters: np.ndarray, n_clusters: int, *, most: int = TERMS
) -> list[list[str]]:
    """Name each cluster by the words that tell it from the others: c-TF-IDF (Grootendorst 2022).

    The score of a word in a cluster is ``tf * log(1 + A / f)``: tf is the share of the cluster's
    rows that hold it, f the rows of all clusters that do, A the mean number of words of a cluster.
    Two things are added. Rows are counted, not occurrences, so that no single text names a cluster.
    And a word is left out that is not more frequent in the cluster than elsewhere, or that fewer
    than `LEAST_SHARE` of its rows (and fewer than two) hold.

    Parameters
    ----------
    texts
        One text per row, (n,).
    clusters
        Cluster of every row, (n,), 0 to ``n_clusters - 1``.
    n_clusters
        C.
    most
        Words per cluster.

    Returns
    -------
    list of list of str
        C lists, the best word first; empty for a cluster without a word of its own. A word that
        only adds letters to a better one, as a plural does, is left out.
    """
    of_text = [tokens(text) for text in texts]
    words = sorted({word for each in of_text for word in each})
    column = {word: number for number, word in enumerate(words)}
    columns = np.array([column[word] for each in of_text for word in each], dtype=np.int64)
    in_cluster = np.repeat(clusters.astype(np.int64), [len(each) for each in of_text])
    shape = n_clusters, len(words)
    # Rows of each cluster that hold each word.
    count = np.bincount(in_cluster * shape[1] + columns, minlength=math.prod(shape)).reshape(shape)
    rows = np.bincount(clusters, minlength=n_clusters)
    overall = count.sum(axis=0)
    share = count / np.maximum(rows, 1)[:, None]
    elsewhere = (overall - count) / np.maximum(len(clusters) - rows, 1)[:, None]
    score = share * np.log1p(count.sum() / n_clusters / np.maximum(overall, 1))
    enough = count >= np.maximum(LEAST_SHARE * rows, 2)[:, None]
    score = np.where(enough & (share > elsewhere), score, 0.0)
    return [_best(words, each, most) for each in score]


def _best(words: list[str], score: np.ndarray, most: int) -> list[str]:
    chosen: list[str] = []
    for column in np.argsort(-score, kind="stable"):
        if len(chosen) == most or score[column] <= 0:
            break
        word = words[int(column)]
        if not any(word.startswith(each) or each.startswith(word) for each in chosen):
            chosen.append(word)
    return chosen


def title(terms: Sequence[str], number: int, *, most: int = 3) -> str:
    """Return what a cluster is called until somebody names it: ``refund, card, charged``."""
    return ", ".join(terms[:most]) or f"Cluster {number + 1}"
