"""What the review queue shows of a sample, as plain data for the browser."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from synthcur.review import decisions as review
from synthcur.review.decisions import EDIT, NOTE, UNDO, Decision, standing
from synthcur.review.explanations import RowFacts, emphasised, reason
from synthcur.review.log_state import LogState
from synthcur.review.queues import DISAGREEMENTS, Queue, keyed_labels
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.store.leases import is_shared
from synthcur.ui import parts
from synthcur.weighting import rules
from synthcur.weighting.rules import NO_FACTS, Facts
from synthcur.wording import share_in_words

TEXT_LENGTH = 4_000
NEIGHBOUR_LENGTH = 240
NUMBER_KEYS = 9
BAR_REACH = 4.0
"""Natural logarithm of the weight at which a bar is full; e^4 is about 55."""

MOST_ALIKE = 50
"""Look-alikes that a card lists and one decision covers."""

BLIND_WHY = (
    "Drawn at random. ",
    "The checkers’ figures stay hidden",
    " here: the decision is yours.",
)
"""Why-sentence of a queue without hints."""

SHARED_WHY = (
    "Two people decide this row. ",
    "What the other says and the checkers’ figures stay hidden",
    ": yours is the judgement.",
)
"""Why-sentence of a row of the overlap."""

MOST_HISTORY = 30
"""Rows of the log that a card lists, the latest ones."""

_SAID = {"keep": "kept", "discard": "discarded", "relabel": "relabelled"}

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Bench:
    """Rows, scores, weighting and log of a collection: everything cards are made of.

    Attributes
    ----------
    collection
        As imported.
    quality, diversity
        P' and Q of the synthetic rows as `scheme` asks for them, (N, K).
    held_out
        Q from checkers that have not seen the row, (N, K): what a card says of it.
    agreed
        `weighting.rules.consensus` of both checkers, (N, K).
    neighbours
        Arrays ``real_index`` and ``real_cosine`` (N, 3), ``synthetic_index`` and
        ``synthetic_cosine`` (N, 2).
    scheme
        How weights are computed.
    state
        What the decisions of the collection come to; none without it.
    facts
        What else `scheme` needs to know of the rows.
    signals
        Arrays (N,) of what scoring found beside the weights; empty in older workspaces.
    coverage
        `coverage_gaps.coverage` of the real row nearest to each synthetic row, (N,), under `scheme`
        and the labels of the file; None in older workspaces.
    overlap
        Share of the rows that two people decide.
    guidelines
        What annotators are told about a label, by label.
    made_of
        Names rows, scores and scheme: benches of one name have the same queues.
    doubt
        Why the checkers are not to be trusted, for the end of every why-sentence; else empty.
    """

    collection: Collection
    quality: np.ndarray
    diversity: np.ndarray
    held_out: np.ndarray
    agreed: np.ndarray
    neighbours: Mapping[str, np.ndarray]
    scheme: WeightingSettings
    state: LogState = field(default_factory=LogState)
    facts: Facts = NO_FACTS
    signals: Mapping[str, np.ndarray] = field(default_factory=dict)
    coverage: np.ndarray | None = None
    overlap: float = 0.0
    guidelines: Mapping[str, str] = field(default_factory=dict)
    made_of: str = ""
    doubt: str = ""

    @property
    def file_labels(self) -> np.ndarray:
        """Label ids of the file, (N,)."""
        return self.collection.synthetic_labels

    @cached_property
    def effective(self) -> tuple[np.ndarray, np.ndarray]:
        """Label ids after relabels and which rows are kept, both (N,)."""
        return review.labels_under(self.collection, self.state.current)

    @property
    def sample_ids(self) -> list[str]:
        """Ids of the synthetic rows, in order."""
        return self.collection.synthetic_ids

    @property
    def row_of(self) -> dict[str, int]:
        """Row of every synthetic sample id."""
        return self.collection.synthetic_row_of

    def file_weights(self) -> np.ndarray:
        """Weights under the labels of the file, (N,): no decision changes their order."""
        return rules.sample_weight(
            self.quality, self.diversity, self.file_labels, self.scheme, self.facts
        )

    @cached_property
    def label_weights(self) -> np.ndarray:
        """Weight of every row under each label, (N, K)."""
        labels, kept = self.effective
        return rules.label_weights(
            self.quality, self.diversity, labels, self.scheme, self.facts, kept=kept
        )

    def is_shared(self, sample_id: str) -> bool:
        """Whether two people decide a row, each without sight of the other."""
        return is_shared(sample_id, self.overlap)

    def alike(self, row: int) -> np.ndarray:
        """Return the kept rows that say nearly the same as a row, without itself."""
        group = self.signals.get("duplicate_group")
        if group is None or group[row] < 0:
            return np.zeros(0, dtype=np.int64)
        others = np.flatnonzero(group == group[row])
        return others[(others != row) & self.effective[1][others]]

    def row_facts(self, row: int, label: int) -> RowFacts:
        """Return what is known of a row under a label."""
        names, quality = self.collection.labels, self.quality[row]
        best, signals = int(np.argmax(quality)), self.signals
        return RowFacts(
            label=names[label],
            quality=float(quality[label]),
            best_label=names[best],
            best_quality=float(quality[best]),
            diversity=float(self.held_out[row, label]),
            weight=float(self.label_weights[row, label]),
            group_size=1 + len(self.alike(row)),
            is_likely_mislabelled=bool(signals["is_likely_mislabelled"][row]) if signals else False,
            uncertainty=float(signals["uncertainty"][row]) if signals else 0.0,
            coverage=None if self.coverage is None else float(self.coverage[row]),
        )


def card(bench: Bench, row: int, *, at: int, queue: Queue, annotator: str) -> dict[str, Any]:
    """Describe one synthetic row.

    Parameters
    ----------
    bench
        Everything known.
    row
        Number of the synthetic row.
    at
        Its place in the queue, -1 outside of it.
    queue
        Where it is shown: some hide the checkers' figures, and so does a row of the overlap.
    annotator
        Who looks: of a row of the overlap they see their own decision only.

    Returns
    -------
    dict
        Plain JSON data; labels are ids in the order of the collection's labels. Texts are display
        copies, which nobody edits: ``isWhole`` says whether they are the texts themselves, and
        ``size`` how many characters the text has.
    """
    collection, sample_id = bench.collection, bench.sample_ids[row]
    is_apart = bench.is_shared(sample_id) and queue.name != DISAGREEMENTS
    decision, label, note = _decided(bench, row, annotator if is_apart else None)
    text, pair = collection.synthetic_texts[row]
    edited = bench.state.texts.get(sample_id)
    text, earlier = (text, None) if edited is None else (edited, text)
    longest = max(len(text), len(pair or ""))
    whole = (text, earlier or "")
    shows_hints = queue.shows_hints and not is_apart
    judged = _judged(bench, row, label) if shows_hints else _blind(bench, label)
    if is_apart:
        judged["why"] = SHARED_WHY
    if queue.name == DISAGREEMENTS:
        judged["why"] = _opinions_in_words(bench, row)
    return {
        "id": sample_id,
        "at": at,
        "row": collection.synthetic_rows[row],
        "text": shown(text, TEXT_LENGTH),
        "pair": None if pair is None else shown(pair, TEXT_LENGTH),
        "earlier": None if earlier is None else shown(earlier, TEXT_LENGTH),
        "isWhole": all(each == shown(each, TEXT_LENGTH) for each in whole),
        "size": len(text),
        "length": longest if longest > TEXT_LENGTH else 0,
        "fileLabel": int(bench.file_labels[row]),
        "label": label,
        "action": decision.action if decision else "",
        "reason": decision.reason if decision else "",
        "note": note,
        "version": bench.state.versions.get(sample_id, 0),
        "history": history(bench, sample_id, of=annotator if is_apart else None),
        **judged,
    }


def history(bench: Bench, sample_id: str, *, of: str | None = None) -> list[dict[str, Any]]:
    """Tell what happened to a sample, oldest first: who, what in words, when, whether it stands.

    Parameters
    ----------
    of
        Tell what this annotator did alone: of a row of the overlap nobody sees what others said.
    """
    log = [row for row in bench.state.about.get(sample_id, ()) if of in (None, row.annotator)]
    stands = {row.seq for row in standing(log)}
    by_seq = {row.seq: row for row in log}
    return [
        {
            "who": row.annotator,
            "what": _in_words(row, by_seq),
            "at": row.created_at,
            "stands": row.action == UNDO or row.seq in stands,
        }
        for row in log[-MOST_HISTORY:]
    ]


def _in_words(row: Decision, by_seq: Mapping[int, Decision]) -> str:
    """Say what a row of the log did: ``discarded: off topic``, ``took back: kept``."""
    if row.action == UNDO:
        undone = by_seq.get(row.undoes or 0)
        return f"took back: {_in_words(undone, by_seq)}" if undone else "took back"
    if row.action == NOTE:
        return f"noted: {_short(row.note)}" if row.note else "removed the note"
    if row.action == EDIT:
        text = row.text
        return "went back to the text of the file" if text is None else f"wrote: {_short(text)}"
    said = _SAID.get(row.action, row.action)
    said += f" to {row.label}" if row.action == "relabel" else ""
    return f"{said}: {row.reason}" if row.reason else said


def _short(text: str) -> str:
    return shown(text, NEIGHBOUR_LENGTH)


def _decided(bench: Bench, row: int, annotator: str | None) -> tuple[Decision | None, int, str]:
    """Return verdict, label and note of a row: what counts, or those of one annotator alone."""
    sample_id, state = bench.sample_ids[row], bench.state
    if annotator is None:
        note = state.notes.get(sample_id, "")
        return state.current.get(sample_id), int(bench.effective[0][row]), note
    decision = state.verdicts.get(sample_id, {}).get(annotator)
    name = decision.label if decision else None
    labels = bench.collection.labels
    label = labels.index(name) if name in labels else int(bench.file_labels[row])
    notes = (
        each.note
        for each in reversed(state.own.get(annotator, ()))
        if each.sample_id == sample_id and each.action == NOTE
    )
    return decision, label, next(notes, "")


def _doubted(why: tuple[str, ...], doubt: str) -> tuple[str, ...]:
    """Put a doubt behind a sentence in parts, the last of which is never emphasised."""
    return (*why[:-1], f"{why[-1]} {doubt}") if doubt else why


def _judged(bench: Bench, row: int, label: int) -> dict[str, Any]:
    quality = bench.quality[row]
    best = int(np.argmax(quality))
    weights = bench.label_weights[row]
    bins = rules.weight_bins(weights)
    facts = bench.row_facts(row, label)
    return {
        "why": _doubted(emphasised(reason(facts), facts), bench.doubt),
        "best": best,
        "options": [
            _option(each, weights[each], bins[each], quality[each], bench.held_out[row, each])
            for each in keyed_labels(quality, label, keys=NUMBER_KEYS)
        ],
        "guides": [label] if best == label else [label, best],
        "real": _near(bench, row, "real"),
        "synthetic": _near(bench, row, "synthetic"),
        "alike": [_alike(bench, each) for each in bench.alike(row)[:MOST_ALIKE]],
    }


def _alike(bench: Bench, row: int) -> dict[str, Any]:
    sample_id = bench.sample_ids[row]
    return {
        "sample": sample_id,
        "expected": bench.state.versions.get(sample_id, 0),
        "label": bench.collection.labels[bench.effective[0][row]],
        "text": _in_one(bench.collection.synthetic_texts[row]),
    }


def _opinions_in_words(bench: Bench, row: int) -> tuple[str, ...]:
    """Say who judged a row how: ``Ana``, kept; ``Ben``, discarded: off topic."""
    parts_of = ["Judged differently: "]
    given = bench.state.verdicts.get(bench.sample_ids[row], {})
    for annotator, each in sorted(given.items()):
        said = _SAID.get(each.action, each.action)
        said += f" to {each.label}" if each.action == "relabel" else ""
        said += f" ({each.reason})" if each.reason else ""
        parts_of += [f"{annotator} {said}", "; "]
    return (*parts_of[:-1], ". Yours settles it.")


def _blind(bench: Bench, label: int) -> dict[str, Any]:
    every = range(len(bench.collection.labels))
    keyed = [each for each in every if each < NUMBER_KEYS or each == label][-NUMBER_KEYS:]
    return {
        "why": BLIND_WHY,
        "best": -1,
        "options": [
            {"label": each, "weight": "", "share": "", "own": "", "reach": 0, "bin": 0}
            for each in keyed
        ],
        "guides": list(every),
        "real": [],
        "synthetic": [],
        "alike": [],
    }


def _option(label: int, weight: float, step: int, share: float, own: float) -> dict[str, Any]:
    log_weight = math.log(max(float(weight), rules.SMALLEST_PROBABILITY))
    reach = min(max(log_weight, -BAR_REACH), BAR_REACH) / BAR_REACH
    return {
        "label": int(label),
        "weight": parts.weight(float(weight)),
        "share": share_in_words(float(share)),
        "own": share_in_words(float(own)),
        "reach": round(reach, 3),
        "bin": int(step),
    }


def _near(bench: Bench, row: int, source: str) -> list[dict[str, str]]:
    collection = bench.collection
    if source == "real":
        labels, every_text = collection.real_train_labels, collection.real_train_texts
    else:
        labels, every_text = bench.effective[0], collection.synthetic_texts
    found = []
    for near, cosine in zip(
        bench.neighbours[f"{source}_index"][row],
        bench.neighbours[f"{source}_cosine"][row],
        strict=True,
    ):
        found.append(
            {
                "label": collection.labels[labels[near]],
                "cosine": f"{cosine:.2f}".replace("-", parts.MINUS),
                "text": _in_one(every_text[near]),
            }
        )
    return found


def _in_one(texts: tuple[str, str | None]) -> str:
    return shown(" | ".join(text for text in texts if text is not None), NEIGHBOUR_LENGTH)


def shown(text: str, limit: int) -> str:
    """Return sample text as it is displayed.

    It is cut to `limit` characters; control and direction characters, which could hide or turn
    what stands beside them, become the replacement character, and a Windows line break becomes the
    usual one.
    """
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", cut.replace("\r\n", "\n"))
