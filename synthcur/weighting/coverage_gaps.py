"""Coverage gaps: real regions that the weighted synthetic rows leave thin. Pure, and fast.

Which synthetic rows lie around each real row is found once, while scoring, in the space of the
embeddings and not on the map. What follows the sliders is only how much those rows weigh.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd


def coverage(
    synthetic_index: np.ndarray, synthetic_cosine: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Measure how much synthetic weight lies around each real row.

    ``c_r = sum_j w_j exp(-(1 - cos_rj) / h)`` over its k nearest synthetic rows j, divided by the
    mean of c over the real rows. ``2 (1 - cos)`` is the squared distance of unit vectors, so the
    kernel is Gaussian. h is the median of all ``1 - cos`` given, because encoders differ in how
    far apart they place texts. Where more than k rows are close, c is too low: it is meant for
    places where few are.

    Parameters
    ----------
    synthetic_index, synthetic_cosine
        Nearest synthetic rows of every real row, both (R, k); index -1: none.
    weights
        Weights of the synthetic rows, (N,), >= 0.

    Returns
    -------
    np.ndarray
        Shape (R,), >= 0; 1 is average, and all are 0 when nothing has weight.
    """
    near = synthetic_index >= 0
    distance = np.where(near, 1 - np.asarray(synthetic_cosine, dtype=np.float64), np.inf)
    if not near.any():
        return np.zeros(len(synthetic_index))
    width = max(float(np.median(distance[near])), 1e-12)
    mass = np.asarray(weights, dtype=np.float64)[np.where(near, synthetic_index, 0)]
    around = (mass * np.exp(-np.maximum(distance, 0) / width)).sum(axis=1)
    mean = around.mean()
    return around / mean if mean > 0 else around


def thin_regions(covered: np.ndarray, *, share: float = 0.1) -> np.ndarray:
    """Find the real rows with the least synthetic weight around them, thinnest first.

    Of `coverage` (R,), the row numbers of at most `share` of the rows, none with an average
    coverage or more; int64.
    """
    thinnest = np.argsort(covered, kind="stable")[: math.ceil(share * len(covered))]
    return thinnest[covered[thinnest] < 1]


@dataclass(frozen=True)
class Gaps:
    """How much synthetic weight lies around each of R real rows.

    Attributes
    ----------
    before, after
        `coverage` by rows in plain training and by weight, (R,), >= 0, each 1 on average.
    thin
        Real rows with the least weight around them, thinnest first; see `thin_regions`.
    """

    before: np.ndarray
    after: np.ndarray
    thin: np.ndarray


def find(
    index: np.ndarray,
    cosine: np.ndarray,
    weights: np.ndarray,
    *,
    share: float = 0.1,
) -> Gaps:
    """Find the real rows that the weighted synthetic rows leave thin.

    Parameters
    ----------
    index, cosine
        Nearest synthetic rows of every real row and how similar they are, (R, k); -1: none.
    weights
        Weights of the synthetic rows, (N,); NaN for discarded ones, which cover nothing.
    share
        Real rows that count as thin at most, 0 to 1.
    """
    kept = ~np.isnan(weights)
    before = coverage(index, cosine, kept.astype(np.float64))
    after = coverage(index, cosine, np.where(kept, weights, 0.0))
    return Gaps(before, after, thin_regions(after, share=share))


def by_group(gaps: Gaps, groups: np.ndarray, *, examples: int = 3) -> pd.DataFrame:
    """Say which groups of real rows are thin, the thinnest first.

    Parameters
    ----------
    gaps
        See `find`.
    groups
        Group of every real row, (R,): its label or its cluster.
    examples
        Thin rows to name in each group.

    Returns
    -------
    pd.DataFrame
        One row per group: ``group``, ``rows`` (real ones), ``thin`` (of them), ``before`` and
        ``after`` (mean coverage, 1 is average) and ``examples`` (real row numbers, thinnest
        first). Groups with most thin rows for their size come first.
    """
    is_thin = np.zeros(len(groups), dtype=bool)
    is_thin[gaps.thin] = True
    frame = pd.DataFrame(
        {"group": groups, "before": gaps.before, "after": gaps.after, "thin": is_thin}
    )
    table = (
        frame.groupby("group", sort=True)
        .agg(
            rows=("thin", "size"),
            thin=("thin", "sum"),
            before=("before", "mean"),
            after=("after", "mean"),
        )
        .reset_index()
    )
    thin_of = groups[gaps.thin]
    named = [gaps.thin[thin_of == each][:examples] for each in table["group"]]
    table["examples"] = pd.Series(named, dtype=object)
    order = np.lexsort((table["after"], -table["thin"] / table["rows"]))
    return table.iloc[order].reset_index(drop=True)
