"""Checkers beside always naming the largest label: which are trusted, what is said else."""

import pytest

from harness.collections import make_collection
from synthcur.checkers.trust import as_data, measured, next_step, warning

ROWS = [("real", "train", f"real {i}", "a" if i < 6 else "b") for i in range(10)]
ROWS += [("synthetic", "train", f"synthetic {i}", "a" if i < 2 else "b") for i in range(10)]


@pytest.fixture
def collection():
    """6 of 10 real rows and 2 of 10 synthetic ones have the label a."""
    return make_collection("ten", ROWS, ("a", "b"))


def trust(quality_low, diversity_low=0.9):
    """What a scoring notes; older ones note no more."""
    return {
        role: {"accuracy": low + 0.05, "low": low, "high": low + 0.1, "n": 10, "how": "out of fold"}
        for role, low in (("quality", quality_low), ("diversity", diversity_low))
    }


def test_the_largest_label_is_that_of_the_rows_each_checker_is_asked_about(collection):
    found = measured(trust(0.7), collection)
    assert found["quality"].majority == 0.6
    assert found["diversity"].majority == 0.8
    assert as_data(found)["quality"] == {"majority": 0.6, "is_trusted": True}
    assert warning(found, ["probe"]) == ""


@pytest.mark.parametrize(("low", "is_trusted"), [(0.61, True), (0.6, False), (0.5, False)])
def test_an_interval_that_holds_the_largest_label_is_no_trust(collection, low, is_trusted):
    found = measured(trust(low), collection)
    assert found["quality"].is_trusted is is_trusted
    assert (warning(found, []) == "") is is_trusted


def test_the_warning_says_what_was_measured_and_what_to_do(collection):
    found = measured(trust(0.55, 0.7), collection)
    said = warning(found, ["probe"])
    assert said.startswith(
        "The quality checker is not to be trusted: it reads 60.0 % [55.0, 65.0] of 10 real rows "
        "right; always naming the largest label reads 60.0 % right. Weights, queues"
    )
    assert "The diversity checker is not to be trusted" in said
    assert said.endswith(next_step(["probe"]))
    assert "score --checkers average" in next_step(["probe"])
    assert "base model" in next_step(["probe", "average"]), "what is tried is not advised"


def test_what_was_not_measured_is_not_judged(collection):
    assert measured({}, collection) == {}
