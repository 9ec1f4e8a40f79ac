"""The closer look at two arms, against an example worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from synthcur.results.pairwise import compare, flips_in_words
from synthcur.schema import REAL
from synthcur.stats.metrics import Flips
from tests.results.test_comparison import IMP, PLAIN, TRUE, add_runs


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


def test_mcnemar_is_of_what_most_seeds_say(fill, small_collection):
    store = fill(small_collection)
    wrong = (TRUE + 1) % 3
    at = np.arange(12)
    plain = [np.where(at < 7, wrong, TRUE)] * 3
    # Two of three seeds mend the first 7 rows and break the last; the third seed is never right.
    mended = np.where(at == 11, wrong, TRUE)
    job = add_runs(store, small_collection, {"ce": plain, "imp": [mended, wrong, mended]}, seeds=3)
    seen = compare(store, job.id, arm="imp", baseline="ce")
    assert (seen.flip_test.gained, seen.flip_test.lost) == (7, 1)
    assert seen.flip_test.gained == seen.flips["is_right"].sum()
    assert seen.flip_test.p_value == pytest.approx(2 * stats.binom.cdf(1, 8, 0.5))
    turned = compare(store, job.id, arm="ce", baseline="imp").flip_test
    assert (turned.gained, turned.lost) == (1, 7)
    assert turned.p_value == seen.flip_test.p_value


def test_flips_are_told_in_words():
    assert flips_in_words(Flips(0, 0, 1.0)) == "No test row flipped."
    assert flips_in_words(Flips(12, 5, 0.14)) == (
        "12 gained and 5 lost are no evidence of a difference "
        "(exact McNemar test of this pair, p = 0.14)."
    )
    assert flips_in_words(Flips(2, 1200, 1e-9)) == (
        "2 gained and 1,200 lost are more than chance in the choice of test rows explains "
        "(exact McNemar test of this pair, p < 0.001)."
    )
