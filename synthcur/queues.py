"""The queues of the review bench: which rows are looked at, in which order, and how fast."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from synthcur.errors import InputError
from synthcur.review import VERDICTS, Decision, standing

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


QUEUES: Mapping[str, Queue] = MappingProxyType(
    {
        queue.name: queue
        for queue in (
            Queue(
                "mislabelled",
                "Probably mislabelled",
                "The tenth of the rows whose label the two checkers, each asked about rows it has "
                "not seen, agree least on.",
            ),
            Queue(
                "low_weight",
                "Low weight",
                "The tenth of the rows that the chosen scheme weighs least.",
            ),
            Queue(
                "random",
                "Random check",
                f"{RANDOM_ROWS} rows drawn at random; what the checkers say stays hidden.",
                shows_hints=False,
            ),
            Queue("map", "From the map", "The rows selected on the map, in their order there."),
        )
    }
)


def queue_order(
    name: str,
    *,
    agreed_probs: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    selection: Sequence[int] = (),
    seed: int = 0,
) -> np.ndarray:
    """Return the synthetic rows of a queue, most pressing first.

    The order depends on the labels of the file, not on decisions: a queue keeps its rows while it
    is worked through, and is the same after a restart.

    Parameters
    ----------
    name
        A key of `QUEUES`.
    agreed_probs
        `weighting.consensus` of both checkers, (N, K).
    labels
        Label ids of the file, (N,).
    weights
        Weights under the chosen scheme, (N,).
    selection
        Rows selected on the map; only that queue reads them.
    seed
        Seed of the random check.

    Returns
    -------
    (n,) int64
        Row numbers in ``range(N)``, each at most once.
    """
    if name not in QUEUES:
        raise InputError(f"Unknown queue {name!r}.", fix=f"Use one of {', '.join(QUEUES)}.")
    n_rows = len(labels)
    if name == "map":
        inside = [row for row in dict.fromkeys(selection) if 0 <= row < n_rows]
        return np.asarray(inside, dtype=np.int64)
    if name == "random":
        return np.random.default_rng(seed).permutation(n_rows)[:RANDOM_ROWS]
    score = agreed_probs[np.arange(n_rows), labels] if name == "mislabelled" else weights
    size = max(QUEUE_LEAST, int(np.ceil(QUEUE_SHARE * n_rows)))
    return np.argsort(score, kind="stable")[:size]


def queue_done(sample_ids: Iterable[str], current: Mapping[str, Decision]) -> int:
    """Count the samples of a queue that have a verdict."""
    return sum(sample_id in current for sample_id in sample_ids)


def pace(decisions: Iterable[Decision], annotator: str) -> float | None:
    """Return the annotator's seconds a row: the median over the last `PACE_ROWS` verdicts.

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


def share_in_words(probability: float) -> str:
    """Write a probability as whole percent, without claiming a 0 or a 100."""
    if probability < 0.01:
        return "under 1 %"
    if probability > 0.99:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


def why_sentence(
    labels: Sequence[str], label: int, quality_row: np.ndarray, diversity_row: np.ndarray
) -> tuple[str, ...]:
    """Say what both checkers make of a sample.

    Parameters
    ----------
    labels
        The K labels.
    label
        Id of the sample's present label.
    quality_row, diversity_row
        P' and Q of the sample, (K,).

    Returns
    -------
    tuple of str
        Parts of the sentence; every second one, from the second on, is to be emphasised.
    """
    best = int(np.argmax(quality_row))
    reads_as = (
        "its own label" if best == label else f"{labels[best]}, {share_in_words(quality_row[best])}"
    )
    return (
        "Trained on real data, the checker gives ",
        f"{labels[label]} {share_in_words(quality_row[label])}",
        "; trained on other synthetic rows, ",
        share_in_words(diversity_row[label]),
        ". It reads as ",
        reads_as,
        ".",
    )


def keyed_labels(quality_row: np.ndarray, label: int, *, keys: int = 9) -> tuple[int, ...]:
    """Choose the labels that get a number key.

    All of them in their own order where the keys suffice, so that a key always means the same;
    else those with the highest P', highest first, the present label always among them.
    """
    if len(quality_row) <= keys:
        return tuple(range(len(quality_row)))
    best = np.argsort(-np.asarray(quality_row), kind="stable")[:keys].tolist()
    return tuple(best if label in best else [*best[: keys - 1], label])
