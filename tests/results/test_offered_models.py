"""Which arm's model is offered: none that lost, and the probe where others are below it."""

import json

from harness.collections import add_finished_job
from synthcur.results import comparison as report
from synthcur.results import findings
from tests.results.test_comparison import ALL_RIGHT, ALL_WRONG, FOUR_WRONG, IMP, PLAIN, add_runs
from tests.results.test_comparison_learning import ONE_LABEL


def offered(store, collection, predicted, **choice):
    add_runs(store, collection, predicted)
    return [arm.name for arm in findings.offered_arms(report.results(store, "small", **choice))]


def test_no_arm_that_lost_or_learned_nothing_is_offered(fill, small_collection):
    store = fill(small_collection)
    predicted = {"ce": FOUR_WRONG, "imp": ALL_RIGHT, "dimp": ALL_WRONG, "p_only": ONE_LABEL}
    assert offered(store, small_collection, predicted) == ["imp"], "plain training has lost"
    assert offered(store, small_collection, {"ce": ALL_RIGHT, "imp": ALL_WRONG}) == ["ce"]
    assert offered(store, small_collection, {"ce": PLAIN, "imp": IMP}) == ["ce", "imp"]
    assert offered(store, small_collection, {"ce": ONE_LABEL, "imp": IMP}) == ["imp"]
    assert offered(store, small_collection, {"ce": ONE_LABEL, "imp": ONE_LABEL}) == []


def test_between_arms_that_nothing_tells_apart_the_validation_rows_choose(fill, small_collection):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.8, "imp": 0.9})
    found = report.results(store, "small")
    assert findings.offered_arms(found)[0].name == "imp"


FLOOR_ON_VALIDATION = {"ce": 0.5, "imp": 0.6, "probe_real": 0.7, "probe_both": 0.95}


def test_an_arm_below_the_probe_is_named_and_the_probe_is_offered(fill, small_collection):
    store = fill(small_collection)
    predicted = {"ce": FOUR_WRONG, "imp": ALL_RIGHT, "probe_real": IMP, "probe_both": ALL_RIGHT}
    add_runs(store, small_collection, predicted, validation=FLOOR_ON_VALIDATION)
    found = report.results(store, "small")
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert set(found.below_probe) == {"ce", "imp"}
    assert found.below_probe["imp"].probe == "probe_both"
    offered = [arm.name for arm in findings.offered_arms(found)]
    assert offered[0] == "probe_both"
    assert "imp" not in offered
    text = findings.results_text(found)
    assert "Below the linear probe (synthetic + real) on the 120 validation rows" in text
    assert text.endswith("Train longer, or take the probe.")


def test_without_evidence_on_the_test_rows_the_probe_comes_first_where_others_are_below_it(
    fill, small_collection
):
    store = fill(small_collection)
    predicted = {"ce": PLAIN, "imp": IMP, "probe_both": PLAIN}
    add_runs(store, small_collection, predicted, validation=FLOOR_ON_VALIDATION)
    found = report.results(store, "small")
    assert [arm.name for arm in findings.offered_arms(found)] == ["probe_both", "imp", "ce"]


def test_runs_that_kept_no_validation_rows_are_not_held_against_a_probe(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "probe_both": IMP}, validation={"ce": 0.4})
    found = report.results(store, "small")
    assert found.below_probe == {}
    assert "probe on" not in findings.results_text(found)
