"""Which unlabelled real row to label next: where the checker wavers among many rows alike.

Uncertainty times density is the information density of Settles and Craven (2008, "An Analysis of
Active Learning Strategies for Sequence Labeling Tasks"). A queue of such rows alone says nothing of
the real texts as a whole, so every tenth row is drawn at random.
"""

from dataclasses import dataclass

import numpy as np

RANDOM_EVERY = 10
"""Of so many rows in a row one is drawn at random."""


@dataclass(frozen=True)
class Order:
    """The order in which unlabelled rows are asked for.

    Attributes
    ----------
    rows
        Every row once, (U,) int64, the one most worth labelling first.
    is_random
        Whether each place of `rows` was drawn at random, (U,): the labels given there, and no
        others, are a fair sample of all.
    """

    rows: np.ndarray
    is_random: np.ndarray


def uncertainty(probs: np.ndarray) -> np.ndarray:
    """Say how near the second label comes to the first.

    Parameters
    ----------
    probs
        (U, K), rows that add up to 1, K >= 2.

    Returns
    -------
    (U,) float
        1 less the margin between the two largest probabilities: 0 sure, 1 undecided.
    """
    two = np.partition(probs, -2, axis=1)[:, -2:]
    return 1.0 - np.abs(two[:, 1] - two[:, 0])


def density(cosine: np.ndarray) -> np.ndarray:
    """Say how many rows a row speaks for: the mean likeness to its neighbours.

    Parameters
    ----------
    cosine
        To the nearest other unlabelled rows, (U, k), -1 to 1.

    Returns
    -------
    (U,) float
        0 to 1.
    """
    return np.clip(cosine, 0.0, 1.0).mean(axis=1)


def worth_labelling(probs: np.ndarray, cosine: np.ndarray, *, seed: int = 0) -> Order:
    """Order unlabelled rows by uncertainty times density, every tenth place drawn at random.

    Parameters
    ----------
    probs
        What the quality checker says of them, (U, K).
    cosine
        As of `density`, (U, k).
    seed
        Of the random places.
    """
    found = np.argsort(-uncertainty(probs) * density(cosine), kind="stable")
    drawn = np.random.default_rng(seed).permutation(len(found))
    is_random = np.arange(len(found)) % RANDOM_EVERY == RANDOM_EVERY - 1
    rows = np.empty(len(found), dtype=np.int64)
    taken = np.zeros(len(found), dtype=bool)
    sources = {False: iter(found.tolist()), True: iter(drawn.tolist())}
    for place, random in enumerate(is_random.tolist()):
        row = next(each for each in sources[random] if not taken[each])
        rows[place], taken[row] = row, True
    return Order(rows, is_random)
