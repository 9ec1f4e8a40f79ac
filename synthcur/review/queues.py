"""The queues of the review bench: which rows are looked at, in which order, and how fast."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from synthcur.errors import InputError
from synthcur.review.decisions import DISAGREEMENTS, DISCARD, RELABEL, VERDICTS, Decision, standing

QUEUE_SHARE = 0.1
QUEUE_LEAST = 25
RANDOM_ROWS = 50
PACE_ROWS = 20
PAUSE_SECONDS = 120.0


@dataclass(frozen=True)
class Queue:
    """A purpose for which rows are looked at.

    Attributes
    ----------
    name, title, rule
        Stable name, what people read, and which rows come in which order, in one sentence.
    shows_hints
        Whether the card shows what the checkers say; a judgement meant to test them must not.
    """

    name: str
    title: str
    rule: str
    shows_hints: bool = True


RANDOM, MAP = "random", "map"

QUEUES: Mapping[str, Queue] = MappingProxyType(
    {
        queue.name: queue
        for queue in (
            Queue(
                "mislabelled",
                "Probably mislabelled",
                "The tenth of the rows whose label both checkers together believe least.",
            ),
            Queue(
                "low_weight",
                "Low weight",
                "The tenth of the rows that the chosen scheme weighs least.",
            ),
            Queue(
                "both_doubt",
                "Both checkers doubt",
                "Rows that both checkers read as another label, those they believe least first; "
                "their weight can be ordinary all the same.",
            ),
            Queue(
                "redundant",
                "Redundant",
                "Rows that say nearly the same as others, group by group, the largest group first.",
            ),
            Queue(
                "influence",
                "Carries most influence",
                "The tenth of the rows that the scheme weighs most: mistakes cost most here.",
            ),
            Queue(
                RANDOM,
                "Random check",
                f"{RANDOM_ROWS} rows drawn at random in proportion to the labels; what the "
                "checkers say stays hidden.",
                shows_hints=False,
            ),
            Queue(
                DISAGREEMENTS,
                "Disagreements",
                "Rows that two people judged differently; one more decision settles each.",
            ),
            Queue(MAP, "From the map", "The rows selected on the map, in their order there."),
        )
    }
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What queues are made from; N synthetic rows, K labels, all under the labels of the file.

    Attributes
    ----------
    labels, weights
        Label ids and weights under the chosen scheme, (N,).
    agreed_probs
        `weighting.rules.consensus` of both checkers, (N, K).
    quality, diversity
        P' and Q by checkers that have not seen the rows, (N, K).
    duplicate_group
        `signals.duplicate_groups`, (N,); None where it is not known.
    selection, disputed
        Rows selected on the map, and rows that people judged differently.
    """

    labels: np.ndarray
    weights: np.ndarray
    agreed_probs: np.ndarray
    quality: np.ndarray
    diversity: np.ndarray
    duplicate_group: np.ndarray | None = None
    selection: Sequence[int] = ()
    disputed: Sequence[int] = ()


def queue_rows(name: str, found: Evidence, *, seed: int = 0) -> np.ndarray:
    """Return the synthetic rows of a queue, most pressing first.

    The order depends on the labels of the file, not on decisions: a queue keeps its rows while it
    is worked through, and is the same after a restart.

    Parameters
    ----------
    name
        A key of `QUEUES`.
    found
        What is known of the rows.
    seed
        Seed of the random check.

    Returns
    -------
    (n,) int64
        Row numbers in ``range(N)``, each at most once; empty where nothing is known for it.
    """
    if name not in QUEUES:
        raise InputError(f"Unknown queue {name!r}.", fix=f"Use one of {', '.join(QUEUES)}.")
    n_rows = len(found.labels)
    every, size = np.arange(n_rows), max(QUEUE_LEAST, int(np.ceil(QUEUE_SHARE * n_rows)))
    if name in (MAP, DISAGREEMENTS):
        listed = found.selection if name == MAP else found.disputed
        inside = [row for row in dict.fromkeys(listed) if 0 <= row < n_rows]
        return np.asarray(inside, dtype=np.int64)
    if name == RANDOM:
        return _stratified(found.labels, RANDOM_ROWS, seed)
    if name == "redundant":
        return _group_by_group(found.duplicate_group, found.weights)
    if name == "influence":
        return np.argsort(-found.weights, kind="stable")[:size]
    if name == "low_weight":
        return np.argsort(found.weights, kind="stable")[:size]
    if name == "both_doubt":
        believed = np.maximum(
            found.quality[every, found.labels], found.diversity[every, found.labels]
        )
        read_otherwise = (found.quality.argmax(axis=1) != found.labels) & (
            found.diversity.argmax(axis=1) != found.labels
        )
        ordered = np.argsort(believed, kind="stable")
        return ordered[read_otherwise[ordered]][:size]
    return np.argsort(found.agreed_probs[every, found.labels], kind="stable")[:size]


def queue_order(
    name: str,
    *,
    agreed_probs: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """Return the rows of a queue that needs no more than this, see `queue_rows`."""
    found = Evidence(
        labels=labels,
        weights=weights,
        agreed_probs=agreed_probs,
        quality=agreed_probs,
        diversity=agreed_probs,
    )
    return queue_rows(name, found)


def _stratified(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Draw rows at random, of every label its share of `size` to the nearest whole row."""
    ids, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares = min(size, len(labels)) * counts / max(len(labels), 1)
    quota = np.floor(shares).astype(int)
    missing = min(size, len(labels)) - quota.sum()
    quota[np.argsort(quota - shares, kind="stable")[:missing]] += 1
    drawn, taken = [], np.zeros(len(ids), dtype=int)
    for row in np.random.default_rng(seed).permutation(len(labels)):
        if taken[place[row]] < quota[place[row]]:
            taken[place[row]] += 1
            drawn.append(row)
    return np.asarray(drawn, dtype=np.int64)


def _group_by_group(group: np.ndarray | None, weights: np.ndarray) -> np.ndarray:
    """Order the rows that have duplicates by group, the heaviest row of each first."""
    if group is None:
        return np.zeros(0, dtype=np.int64)
    ordered = np.lexsort((-weights, group))
    return ordered[group[ordered] >= 0]


def queue_done(sample_ids: Iterable[str], current: Mapping[str, Decision]) -> int:
    """Count the samples of a queue that have a verdict."""
    return sum(map(current.__contains__, sample_ids))


def pace(decisions: Iterable[Decision], annotator: str) -> float | None:
    """Return the annotator's seconds per row: the median over the last `PACE_ROWS` verdicts.

    Pauses of more than `PAUSE_SECONDS` are left out; None below 3 intervals.
    """
    times = [
        row.created_at
        for row in standing(decisions)
        if row.annotator == annotator and row.action in VERDICTS
    ]
    gaps = np.diff(times[-PACE_ROWS - 1 :])
    gaps = gaps[(gaps > 0) & (gaps <= PAUSE_SECONDS)]
    return float(np.median(gaps)) if len(gaps) >= 3 else None


def changed_lately(decisions: Sequence[Decision], queue: str) -> tuple[int, int]:
    """Return how many of the last `PACE_ROWS` verdicts in a queue changed the row, and of how many.

    Parameters
    ----------
    decisions
        One annotator's decisions that stand, oldest first.
    """
    verdicts = (row for row in reversed(decisions) if row.action in VERDICTS)
    last = [row for row in verdicts if row.queue == queue][:PACE_ROWS]
    return sum(row.action in (DISCARD, RELABEL) for row in last), len(last)


def keyed_labels(quality_row: np.ndarray, label: int, *, keys: int = 9) -> tuple[int, ...]:
    """Choose the labels that get a number key.

    All of them in their own order where the keys suffice, so that a key always means the same;
    else those with the highest P', highest first, the present label always among them.
    """
    if len(quality_row) <= keys:
        return tuple(range(len(quality_row)))
    best = np.argsort(-np.asarray(quality_row), kind="stable")[:keys].tolist()
    return tuple(best if label in best else [*best[: keys - 1], label])
