"""Whether the synthetic pool resembles the real texts, and the warning where it does not.

A pool written for another task teaches what weights can undo only in part, so a user should know
before anything is trained.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthcur.errors import InputError
from synthcur.stats.metrics import wilson_interval

NEAREST_REAL = 5
"""Real neighbours that span the surroundings of a real row; the k of Naeem et al."""

LEAST_COVERED = 0.5
"""Share of covered real rows below which a pool reads as written for other texts. Of six tasks five
pools cover 61 to 93 % of their own real rows and one 19 %; of another task's they cover 44 % at
most (``python -m benchmarks.pool_fit``)."""

_MOST_COMPARED = 2_000
_DRAWS = 5


@dataclass(frozen=True)
class Covered:
    """Share of real rows that the pool covers, 0 to 1, with its 95 % interval, of `n` rows."""

    value: float
    low: float
    high: float
    n: int


def real_rows_covered(real: np.ndarray, synthetic: np.ndarray, *, seed: int = 0) -> Covered:
    """Measure which share of the real rows has generated rows in its surroundings.

    A real row is covered when a generated row is as near to it as its fifth nearest real row
    (coverage of Naeem et al. 2020, arXiv 2002.09797). Both sides have the same number of rows, so
    that a large pool is not nearer for its size alone: generated rows are drawn for it five times,
    and the share is the mean. Where there are more than 2,000 real rows, or more than generated
    ones, some of them are drawn.

    Parameters
    ----------
    real, synthetic
        Unit-length embeddings, (R, D) and (N, D).
    seed
        Seed of the draws.

    Raises
    ------
    InputError
        If there are fewer than 2 real rows or no synthetic one.
    """
    n = min(len(real), len(synthetic) + 1, _MOST_COMPARED)
    if n < 2:
        raise InputError(
            f"{len(real)} real and {len(synthetic)} synthetic rows cannot be compared.",
            fix="Use at least 2 real rows and 1 synthetic row.",
        )
    rng = np.random.default_rng(seed)
    own = real[rng.permutation(len(real))[:n]]
    among = own @ own.T
    np.fill_diagonal(among, -np.inf)
    rank = n - min(NEAREST_REAL, n - 1)
    reach = np.partition(among, rank, axis=1)[:, rank]
    is_covered = [
        (own @ synthetic[rng.permutation(len(synthetic))[: n - 1]].T).max(axis=1) >= reach
        for _ in range(_DRAWS)
    ]
    share = float(np.mean(is_covered))
    return Covered(share, *wilson_interval(round(share * n), n), n)


def is_foreign(covered: Mapping[str, Any]) -> bool:
    """Whether a pool reads as written for other texts; `covered` is a `Covered` as plain data."""
    return covered["value"] < LEAST_COVERED


def covered_in_words(covered: Mapping[str, Any]) -> str:
    """Say which share of the real rows is covered."""
    low, high = (f"{100 * covered[end]:.0f}" for end in ("low", "high"))
    return (
        f"The synthetic rows cover {100 * covered['value']:.0f} % of {covered['n']:,} real rows "
        f"[{low}, {high}]: in equal numbers, one is as near as the fifth nearest real row."
    )


def warning(covered: Mapping[str, Any]) -> str:
    """Say what a pool that `is_foreign` means for training."""
    return (
        f"Synthetic rows lie near {100 * covered['value']:.0f} % of the real rows: they read "
        "differently, as if written for other texts. Training on them alone can cost tens of "
        "points, of which weights win back a part; choose an arm that learns the real rows too."
    )
