"""Review without a screen: the log of decisions, what it makes of a collection, and the queues.

The log is append-only. An undo is a later row that names the row it takes back, so every state is
a fold over the log and nothing is ever lost. Rows are ordered by `Decision.seq`, never by a clock.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from synthcur.errors import InputError
from synthcur.schema import SYNTHETIC, Collection

KEEP, DISCARD, RELABEL, UNSURE, NOTE, UNDO = (
    "keep",
    "discard",
    "relabel",
    "unsure",
    "note",
    "undo",
)
VERDICTS = (KEEP, DISCARD, RELABEL, UNSURE)
"""Actions of which a sample has one at a time; a note stands beside them."""
ACTIONS = (*VERDICTS, NOTE)
"""What a person can decide about a sample."""

REASONS = (
    "wrong label",
    "off topic",
    "not natural",
    "duplicate",
    "personal data",
    "broken text",
)
"""Why a sample is discarded; the order is that of the keys 1 to 6."""

ANNOTATOR_LENGTH = 40
NOTE_LENGTH = 2_000
QUEUE_SHARE = 0.1
QUEUE_LEAST = 25
RANDOM_ROWS = 50
PACE_ROWS = 20
PAUSE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One committed row of the log.

    Attributes
    ----------
    seq
        Position in the log, rising.
    sample_id
        The synthetic sample it is about.
    annotator
        Who decided.
    action
        One of `ACTIONS`, or ``undo``.
    label
        The new label of a ``relabel``. In a folded decision (`current_decisions`): the label the
        sample has been given, None where it still has the one of the file.
    note, reason
        Free text, and the reason of a discard (one of `REASONS` or empty).
    queue
        Name of the queue in which it was made, empty outside of queues.
    created_at
        Seconds since 1970, for reading only.
    undoes
        Of an ``undo``: `seq` of the row it takes back.
    """

    sample_id: str
    action: str
    seq: int = 0
    annotator: str = ""
    label: str | None = None
    note: str = ""
    reason: str = ""
    queue: str = ""
    created_at: float = 0.0
    undoes: int | None = None


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Return the rows that count: no undo rows, and none that an undo took back.

    An undo can itself be undone; then what it took back stands again.
    """
    log = sorted(decisions, key=lambda row: row.seq)
    taken_back: set[int] = set()
    stands: list[Decision] = []
    for decision in reversed(log):
        if decision.seq in taken_back:
            continue
        if decision.action == UNDO:
            if decision.undoes is not None:
                taken_back.add(decision.undoes)
        else:
            stands.append(decision)
    return stands[::-1]


def next_undo(decisions: Iterable[Decision], annotator: str) -> Decision | None:
    """Return the decision that an undo by `annotator` takes back: their latest that stands."""
    own = [row for row in standing(decisions) if row.annotator == annotator]
    return own[-1] if own else None


def current_decisions(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Fold the log into the verdict of every sample that has one.

    The latest verdict wins whoever gave it. A label outlives later verdicts: a sample that was
    relabelled and then kept is kept under its new label. Notes change nothing here.
    """
    current: dict[str, Decision] = {}
    for decision in standing(decisions):
        if decision.action not in VERDICTS:
            continue
        before = current.get(decision.sample_id)
        if decision.action != RELABEL:
            decision = replace(decision, label=before.label if before else decision.label)
        current[decision.sample_id] = decision
    return current


def current_notes(decisions: Iterable[Decision]) -> dict[str, str]:
    """Fold the log into the latest note of every sample that has one; an empty note removes it."""
    notes = {row.sample_id: row.note for row in standing(decisions) if row.action == NOTE}
    return {sample_id: note for sample_id, note in notes.items() if note}


def effective_labels(
    collection: Collection, decisions: Iterable[Decision]
) -> tuple[np.ndarray, np.ndarray]:
    """Apply the decisions to the labels of the synthetic rows.

    Returns
    -------
    labels : (N,) int64
        Label ids after every relabel, discarded rows included.
    kept : (N,) bool
        False where the row is discarded.
    """
    synthetic = collection.synthetic
    labels = collection.label_ids(synthetic).copy()
    kept = np.ones(len(synthetic), dtype=bool)
    position = {sample_id: i for i, sample_id in enumerate(synthetic["sample_id"])}
    label_id = {label: i for i, label in enumerate(collection.labels)}
    for sample_id, decision in current_decisions(decisions).items():
        row = position.get(sample_id)
        if row is None:
            continue
        kept[row] = decision.action != DISCARD
        if decision.label in label_id:
            labels[row] = label_id[decision.label]
    return labels, kept


def effective_collection(collection: Collection, decisions: Iterable[Decision]) -> Collection:
    """Return what the next run trains on: discarded rows left out, relabelled rows relabelled.

    Real rows, the order of the rows and every provenance value of a row that stays are unchanged.
    """
    labels, kept = effective_labels(collection, decisions)
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    rows = collection.rows.reset_index(drop=True)
    names = rows["label"].to_numpy(dtype=object, copy=True)
    names[is_synthetic] = np.asarray(collection.labels, dtype=object)[labels]
    stays = np.ones(len(rows), dtype=bool)
    stays[is_synthetic] = kept
    relabelled = rows.assign(label=pd.Series(names, index=rows.index, dtype=rows["label"].dtype))
    return replace(
        collection,
        rows=relabelled[stays].reset_index(drop=True),
        provenance=collection.provenance.loc[stays].reset_index(drop=True),
    )


def check_annotator(name: str) -> str:
    """Return the name without outer spaces.

    Raises
    ------
    InputError
        If nothing is left, it is longer than `ANNOTATOR_LENGTH`, or holds control characters.
    """
    name = name.strip()
    if not name or len(name) > ANNOTATOR_LENGTH or not name.isprintable():
        raise InputError(
            "The annotator's name cannot be used.",
            fix=f"Use 1 to {ANNOTATOR_LENGTH} printable characters.",
        )
    return name


def check_decision(
    decision: Decision, *, sample_ids: Container[str], labels: Sequence[str]
) -> None:
    """Refuse a decision that means nothing for a collection.

    Parameters
    ----------
    decision
        What is to be appended to the log.
    sample_ids, labels
        Ids of the synthetic samples and the labels of the collection.

    Raises
    ------
    InputError
        If sample, action, label or reason is unknown, a relabel names no label, another action
        names one, or the note is too long.
    """
    action, label, reason = decision.action, decision.label, decision.reason
    if decision.sample_id not in sample_ids:
        what = f"No synthetic sample has the id {decision.sample_id!r}."
        raise InputError(what, fix="Take ids from this collection.")
    if action not in ACTIONS:
        raise InputError(f"Unknown action {action!r}.", fix=f"Use one of {', '.join(ACTIONS)}.")
    if action == RELABEL and label not in labels:
        what = f"{label!r} is not a label of this collection."
        raise InputError(what, fix=f"Use one of {', '.join(labels[:20])}.")
    if action != RELABEL and label is not None:
        what = f"The action {action!r} names the label {label!r}."
        raise InputError(what, fix="Only a relabel names one.")
    if reason and reason not in REASONS:
        raise InputError(f"Unknown reason {reason!r}.", fix=f"Use one of {', '.join(REASONS)}.")
    if len(decision.note) > NOTE_LENGTH:
        what = f"The note has {len(decision.note):,} characters."
        raise InputError(what, fix=f"Use at most {NOTE_LENGTH:,}.")


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
