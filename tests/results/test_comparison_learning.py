"""What results say of arms that learned nothing or were still learning, and by which score."""

import json
from dataclasses import replace

import numpy as np
import pytest

from harness.collections import add_finished_job
from synthcur.exports.html_report import html_report
from synthcur.results import comparison as report
from synthcur.results import findings
from synthcur.schema import REAL
from tests.results.test_comparison import ALL_RIGHT, FOUR_WRONG, IMP, PLAIN, TRUE, add_runs, toy

__all__ = ["toy"]  # a fixture


ONE_LABEL = (np.full(12, 1),) * 2
GUESSED = (np.array([0, 1, 2, 0] * 3),) * 2
"""Right in a third of the rows of every label: as often as always naming the largest."""


def test_the_majority_stands_beside_the_scores_of_either_metric(toy):
    assert report.results(toy, "small").majority == pytest.approx(1 / 3)
    by_f1 = report.results(toy, "small", metric="macro_f1")
    assert by_f1.majority == pytest.approx(0.5 / 3)
    assert "always naming the largest label: 33.3 %" in findings.results_text(
        report.results(toy, "small")
    )


@pytest.mark.parametrize("idle", [ONE_LABEL, GUESSED])
def test_two_models_that_learned_nothing_give_no_verdict(fill, small_collection, idle):
    store = fill(small_collection)
    other = (np.full(12, 2),) * 2
    add_runs(store, small_collection, {"ce": other, "imp": idle})
    found = report.results(store, "small")
    assert found.verdict == "No verdict, since every arm learned nothing: train longer"
    assert [arm.difference for arm in found.arms] == [None, None]
    assert [arm.learned_nothing for arm in found.arms] == [[0, 1], [0, 1]]
    text = findings.results_text(found)
    assert "IMP, P′/Q learned nothing: train longer" in text
    for word in ("p <", "p =", "worse", "better", "No evidence"):
        assert word not in text
        assert word not in findings.basis(found)
    assert "33.3 %" in findings.basis(found)


def test_an_arm_is_not_compared_with_plain_training_that_learned_nothing(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": ONE_LABEL, "imp": IMP, "dimp": PLAIN})
    found = report.results(store, "small")
    assert found.verdict == ("No verdict, since plain training learned nothing: train longer")
    assert findings.compared_arms(found) == []
    assert findings.leading_arm(found).name == "imp"


def test_an_arm_that_learned_nothing_leaves_the_family_of_comparisons(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": FOUR_WRONG, "imp": ALL_RIGHT, "dimp": ONE_LABEL})
    found = report.results(store, "small")
    arms = {arm.name: arm for arm in found.arms}
    assert arms["imp"].difference.p_holm == arms["imp"].difference.p_value
    assert arms["dimp"].difference is None
    assert arms["dimp"].verdict == "DIMP, P′/p learned nothing: train longer"
    assert found.verdict == (
        "IMP, P′/Q is better than plain training: +33.3 points; DIMP learned nothing"
    )


def test_one_seed_that_learned_nothing_takes_the_verdict_with_it(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": FOUR_WRONG, "imp": (TRUE, ONE_LABEL[0])})
    found = report.results(store, "small")
    imp = next(arm for arm in found.arms if arm.name == "imp")
    assert [run.learned_nothing for run in imp.runs] == [False, True]
    assert imp.verdict == "IMP, P′/Q learned nothing (1 of 2 seeds): train longer"
    assert found.verdict == "No verdict, since IMP learned nothing: train longer"


def test_one_arm_that_learned_nothing_is_marked(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"imp": ONE_LABEL})
    assert report.results(store, "small").verdict == ("IMP, P′/Q learned nothing: train longer")


DONE = {"learned": 0.98, "rows": 40}
SLOW = {"learned": 0.34, "rows": 40}
WHY = "it had learned 34 % of what its rows teach"


def test_an_arm_that_was_still_learning_gives_no_verdict_and_says_why(fill, small_collection):
    store = fill(small_collection)
    predicted = {"ce": FOUR_WRONG, "imp": ALL_RIGHT, "dimp": ALL_RIGHT}
    told = {"ce": DONE, "imp": DONE, "dimp": SLOW}
    add_runs(store, small_collection, predicted, steps=200, told=told)
    found = report.results(store, "small")
    arms = {arm.name: arm for arm in found.arms}
    assert [arms[each].unfinished for each in ("ce", "imp", "dimp")] == [[], [], [0, 1]]
    assert [run.unfinished for run in arms["dimp"].runs] == [WHY, WHY]
    assert arms["dimp"].difference is None
    assert arms["dimp"].verdict == (
        f"DIMP, P′/p was still learning when it stopped: {WHY}. Its 100.0 % could become more: "
        "train longer"
    )
    assert arms["imp"].difference.p_holm == arms["imp"].difference.p_value
    assert found.verdict == (
        "IMP, P′/Q is better than plain training: +33.3 points; DIMP stopped while still learning"
    )
    text = findings.results_text(found)
    assert "still learning: train longer" in text
    assert arms["dimp"].verdict in text
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"ce": SLOW, "imp": DONE}, "plain training was still learning when it stopped"),
        ({"ce": DONE, "imp": SLOW}, "IMP was still learning when it stopped"),
        ({"ce": SLOW, "imp": SLOW}, "every arm was still learning when it stopped"),
    ],
)
def test_no_verdict_between_runs_of_which_one_was_still_learning(
    fill, small_collection, told, said
):
    store = fill(small_collection)
    predicted = {"ce": FOUR_WRONG, "imp": ALL_RIGHT}
    add_runs(store, small_collection, predicted, steps=200, told=told)
    found = report.results(store, "small")
    assert found.verdict == f"No verdict, since {said}: train longer"
    assert findings.compared_arms(found) == []
    done = [arm for arm, how in told.items() if how is DONE]
    assert [arm.name for arm in findings.offered_arms(found)] == done


def test_the_stronger_word_is_said_of_a_run_that_names_one_label(fill, small_collection):
    store = fill(small_collection)
    told = {"ce": DONE, "imp": {**SLOW, "learned": 0.0}}
    add_runs(store, small_collection, {"ce": PLAIN, "imp": ONE_LABEL}, steps=200, told=told)
    imp = next(arm for arm in report.results(store, "small").arms if arm.name == "imp")
    assert (imp.learned_nothing, imp.unfinished) == ([0, 1], [])


def test_the_validation_rows_tell_of_a_run_whether_they_have_had_enough(fill, small_collection):
    store = fill(small_collection)
    told = {"ce": DONE, "imp": SLOW}
    predicted = {"ce": FOUR_WRONG, "imp": ALL_RIGHT}
    add_runs(store, small_collection, predicted, steps=200, losses=(0.8, 0.7, 0.9), told=told)
    assert findings.compared_arms(report.results(store, "small"))


def test_runs_of_the_first_release_are_judged_by_their_loss_where_it_says_something(
    fill, small_collection
):
    store = fill(small_collection)
    job = add_finished_job(store, small_collection, {"ce": 0.9, "imp": 0.9})
    runs = store.runs(job.id)
    assert not report.undertrained(store, job, runs).unfinished, "the loss fell to 0.05"
    high = "UPDATE metric SET loss=1.0 WHERE loss IS NOT NULL"
    with store._db.transaction() as db:
        db.execute(high)
    found = report.undertrained(store, job, runs).unfinished
    assert {arm for arm, _ in found} == {"ce"}, "the loss of weighted rows says nothing"
    assert set(found.values()) == {"it had learned 9 % of what its rows teach"}


def test_log_loss_chooses_among_arms_that_the_test_rows_do_not_tell_apart(fill, small_collection):
    store = fill(small_collection)
    told = {
        "ce": {**DONE, "val_accuracy": 0.9, "val_log_loss": 0.6},
        "imp": {**DONE, "val_accuracy": 0.8, "val_log_loss": 0.4},
    }
    add_runs(store, small_collection, {"ce": PLAIN, "imp": PLAIN}, steps=200, told=told)
    found = report.results(store, "small")
    assert [arm.name for arm in findings.offered_arms(found)] == ["imp", "ce"]
    del told["ce"]["val_log_loss"]
    add_runs(store, small_collection, {"ce": PLAIN, "imp": PLAIN}, steps=200, told=told)
    found = report.results(store, "small")
    assert [arm.name for arm in findings.offered_arms(found)] == ["ce", "imp"]


def uneven(collection):
    """Give all but three of the test rows the first label; the predictions stay valid ids."""
    rows = collection.rows.copy()
    test = rows.index[(rows["source"] == REAL) & (rows["split"] == "test")]
    rows.loc[test[:-3], "label"] = collection.labels[0]
    return replace(collection, rows=rows)


def test_macro_f1_comes_first_where_most_test_rows_have_one_label(fill, small_collection):
    store = fill(uneven(small_collection))
    labels = np.array([0] * 9 + [2] * 3)
    job = add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    for run in store.runs(job.id):
        path = store.artefacts.root / run.predictions / "labels.npy"
        np.save(path, labels.astype(np.int8))
    found = report.results(store, "small")
    assert (found.metric, found.largest) == ("macro_f1", 0.75)
    why = "75 % of the test rows have one label, so macro-F1 comes first"
    assert findings.why_macro_f1(found) == why
    assert why in findings.results_text(found)
    assert f"{why}</p>" in html_report(store, "small")
    by_accuracy = report.results(store, "small", metric="accuracy")
    assert by_accuracy.metric == "accuracy", "what is asked for is given"
    assert why not in findings.results_text(by_accuracy)


def test_accuracy_comes_first_where_labels_are_even(toy):
    found = report.results(toy, "small")
    assert found.metric == "accuracy"
    by_f1 = report.results(toy, "small", metric="macro_f1")
    assert findings.why_macro_f1(by_f1) == "", "somebody asked for it"
