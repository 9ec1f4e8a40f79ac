"""A bench of scored rows without a browser, and the cards it shows."""

from collections.abc import Sequence

import numpy as np

from harness.collections import make_scores
from synthcur.review.decisions import Decision
from synthcur.review.log_state import LogFold
from synthcur.review.queues import QUEUES
from synthcur.schema import Collection
from synthcur.settings import WeightingSettings
from synthcur.ui.review.cards import Bench, card
from synthcur.ui.review.messages import Opened
from synthcur.weighting.rules import consensus


def bench_of(collection: Collection, log: list[Decision] | None = None, **scheme: object) -> Bench:
    scores, fold = make_scores(collection), LogFold()
    fold.take_in(log or [])
    return Bench(
        collection=collection,
        quality=scores["quality"]["synthetic"],
        diversity=scores["diversity"]["synthetic"],
        held_out=scores["diversity"]["calibrated"],
        agreed=consensus(scores["quality"]["calibrated"], scores["diversity"]["calibrated"]),
        neighbours=scores["neighbours"],
        scheme=WeightingSettings(**scheme),
        state=fold.state(),
        signals=scores["signals"],
    )


SEVEN = ["mislabelled", "low_weight", "both_doubt", "redundant", "influence", "random", "map"]


def opened_of(bench: Bench, sample_ids: Sequence[str], name: str = "random") -> Opened:
    rows = np.array([bench.row_of[each] for each in sample_ids])
    return Opened(QUEUES[name], rows, tuple(sample_ids))


def look(bench: Bench, row: int, queue: str = "mislabelled", annotator: str = "ana") -> dict:
    return card(bench, row, at=0, queue=QUEUES[queue], annotator=annotator)


def decided(bench: Bench, row: int, action: str, seq: int = 1, **more: object) -> Decision:
    return Decision(
        seq=seq, sample_id=bench.sample_ids[row], action=action, annotator="ana", **more
    )
