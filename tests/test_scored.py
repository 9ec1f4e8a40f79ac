"""Which of a scoring's arrays a weighting reads, and what its kinds of checkers are called."""

import numpy as np
import pytest

from synthcur.scored import CHECKER_TITLES, weighing_probs
from synthcur.settings import CHECKER_KINDS, DIVERSITY_KINDS, WeightingSettings

ARTEFACTS = {"embeddings": "e", "quality": "p", "diversity": "q"}


@pytest.mark.parametrize(
    ("diversity", "array"), [("in_sample", "synthetic"), ("out_of_fold", "calibrated")]
)
def test_the_weighting_chooses_q_and_leaves_p_as_published(diversity: str, array: str) -> None:
    stored = {
        (checker, name): np.full((1, 2), number)
        for number, (checker, name) in enumerate(
            [("p", "synthetic"), ("p", "calibrated"), ("q", "synthetic"), ("q", "calibrated")]
        )
    }
    settings = WeightingSettings(diversity=diversity)
    found = weighing_probs(ARTEFACTS, settings, lambda *which: stored[which])
    assert found[0] is stored["p", "synthetic"]
    assert found[1] is stored["q", array]


def test_every_kind_of_q_and_of_checkers_is_known() -> None:
    for diversity in DIVERSITY_KINDS:
        weighing_probs(
            ARTEFACTS, WeightingSettings(diversity=diversity), lambda *_: np.ones((1, 2))
        )
    assert tuple(CHECKER_TITLES) == CHECKER_KINDS
