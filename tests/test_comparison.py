"""The closer look at two arms, against an example worked out by hand."""

import numpy as np
import pytest

from synthcur.comparison import compare
from synthcur.schema import REAL
from tests.test_report import IMP, PLAIN, add_runs


@pytest.fixture
def toy(fill, small_collection):
    """Return a store with one finished job of plain training and IMP."""
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    return store


def test_the_closer_look_counts_labels_confusions_and_flips_by_hand(toy):
    job = toy.jobs("small")[0]
    seen = compare(toy, job.id, arm="imp", baseline="ce")
    assert seen.n_seeds == 2
    assert seen.by_label["rows"].tolist() == [4, 4, 4]
    assert seen.by_label["baseline"].tolist() == pytest.approx([5 / 8, 1.0, 5 / 8])
    assert seen.by_label["arm"].tolist() == pytest.approx([1.0, 7 / 8, 7 / 8])
    assert np.allclose(seen.confusion_change, [[1.5, -1.5, 0], [0, -0.5, 0.5], [-1, 0, 1]])
    assert seen.confusion_change.sum() == pytest.approx(0)
    flips = seen.flips
    assert flips["is_right"].all()
    assert flips["gain"].tolist() == pytest.approx([1.0, 0.5])
    assert flips["baseline_says"].tolist() == [seen.by_label["label"][1], seen.by_label["label"][0]]
    test = toy.collection("small").part(REAL, "test")
    assert flips["text"].tolist() == test["text"].iloc[[3, 10]].tolist()


def test_arms_without_a_seed_in_common_have_no_closer_look(toy):
    assert compare(toy, toy.jobs("small")[0].id, arm="dimp", baseline="ce") is None
