"""Which of a scoring's arrays a weighting reads, and what its kinds of checkers are called."""

import itertools

import numpy as np
import pytest

from synthcur.schema import Collection
from synthcur.settings import CHECKER_KINDS, DIVERSITY_KINDS, QUALITY_KINDS, WeightingSettings
from synthcur.weighting.inputs import CHECKER_TITLES, noted_of_pool, weighing_facts, weighing_probs

ARTEFACTS = {"embeddings": "e", "quality": "p", "diversity": "q"}


@pytest.mark.parametrize(("quality", "p"), [("raw", "synthetic"), ("calibrated", "calibrated")])
@pytest.mark.parametrize(
    ("diversity", "q"), [("in_sample", "synthetic"), ("out_of_fold", "calibrated")]
)
def test_the_weighting_chooses_p_and_q(quality: str, p: str, diversity: str, q: str) -> None:
    stored = {
        (checker, name): np.full((1, 2), number)
        for number, (checker, name) in enumerate(
            [("p", "synthetic"), ("p", "calibrated"), ("q", "synthetic"), ("q", "calibrated")]
        )
    }
    settings = WeightingSettings(quality=quality, diversity=diversity)
    found = weighing_probs(ARTEFACTS, settings, lambda *which: stored[which])
    assert found[0] is stored["p", p]
    assert found[1] is stored["q", q]


def test_facts_are_read_from_the_real_rows_and_the_signals(small_collection: Collection) -> None:
    group = np.zeros(40, dtype=np.int64)
    stored = {("s", "duplicate_group"): group}
    found = weighing_facts(
        small_collection, {**ARTEFACTS, "signals": "s"}, lambda *which: stored[which]
    )
    assert found.duplicate_group is group
    counts = small_collection.real_train["label"].value_counts()[list(small_collection.labels)]
    np.testing.assert_allclose(found.real_shares, (counts + 1) / (counts + 1).sum())


def test_scores_without_signals_know_no_duplicates(small_collection: Collection) -> None:
    assert weighing_facts(small_collection, ARTEFACTS, lambda *_: None).duplicate_group is None


def test_what_was_noted_of_the_pool_is_read_where_it_was_noted() -> None:
    noted = {"real_covered": {"value": 0.9}}
    assert noted_of_pool({**ARTEFACTS, "signals": "s"}, {"s": noted}.__getitem__) is noted
    assert noted_of_pool(ARTEFACTS, {}.__getitem__) == {}


def test_every_kind_of_p_and_q_and_of_checkers_is_known() -> None:
    for quality, diversity in itertools.product(QUALITY_KINDS, DIVERSITY_KINDS):
        settings = WeightingSettings(quality=quality, diversity=diversity)
        weighing_probs(ARTEFACTS, settings, lambda *_: np.ones((1, 2)))
    assert tuple(CHECKER_TITLES) == CHECKER_KINDS
