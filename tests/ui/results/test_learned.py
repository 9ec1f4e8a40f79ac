"""Results of runs that were trained too little: pages, report, cards and downloads."""

import re

import numpy as np
import pytest

from synthcur.exports import cards
from synthcur.exports import downloads as exporting
from synthcur.exports.html_report import html_report
from synthcur.results import comparison as report
from synthcur.results.pairwise import review_effect
from synthcur.ui.parts import plain
from tests.exports.test_downloads import keep_model
from tests.results.test_comparison import ALL_RIGHT, ALL_WRONG, IMP, PLAIN, add_runs
from tests.results.test_comparison_learning import DONE, ONE_LABEL, SLOW, WHY
from tests.ui.test_pages import complaints, open_page
from tests.ui.train.test_page import no_processes

__all__ = ["no_processes"]  # a fixture that starts no worker

OTHER_LABEL = (np.zeros(12, dtype=int),) * 2
CLAIMS = re.compile(r"p [<=] |better than|worse than|more than chance|no evidence", re.IGNORECASE)


def captions(app):
    return " ".join(each.value for each in app.caption)


def downloads(app):
    return [button.proto.label for button in app.get("download_button")]


def test_two_arms_that_learned_nothing_are_marked_and_not_compared(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": OTHER_LABEL, "imp": ONE_LABEL})
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.title[0].value == r"No verdict\, since every arm learned nothing\: train longer"
    table = app.dataframe[0].value
    assert [list(each) for each in table["Verdict"]] == [["learned nothing"]] * 2
    assert table["p"].isna().all()
    assert r"Always naming the largest label\: 33\.3 \% accuracy" in captions(app)
    assert r"IMP\, P′\/Q learned nothing\: train longer" in captions(app)
    assert not CLAIMS.search(captions(app))


def test_an_arm_beside_plain_training_that_learned_nothing_gets_no_verdict(fill, small_collection):
    store = fill(small_collection)
    job = add_runs(store, small_collection, {"ce": ONE_LABEL, "imp": IMP})
    for arm in ("ce", "imp"):
        keep_model(store, job, arm, seed=0)
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.title[0].value == (
        r"No verdict\, since plain training learned nothing\: train longer"
    )
    why = "No verdict, since one of the two learned nothing or was still learning."
    assert why in captions(app)
    assert not CLAIMS.search(captions(app))
    assert "Download the IMP model" in downloads(app)
    assert "Download the Plain model" not in downloads(app)


@pytest.mark.parametrize(
    ("predicted", "offered"),
    [
        ({"ce": ALL_RIGHT, "imp": ALL_WRONG}, "Plain"),
        ({"ce": ALL_WRONG, "imp": ALL_RIGHT}, "IMP"),
        ({"ce": ALL_RIGHT, "imp": ONE_LABEL}, "Plain"),
        ({"ce": OTHER_LABEL, "imp": ONE_LABEL}, None),
    ],
)
def test_the_model_that_is_offered_is_never_one_that_lost(
    fill, small_collection, predicted, offered
):
    store = fill(small_collection)
    job = add_runs(store, small_collection, predicted)
    for arm in ("ce", "imp"):
        keep_model(store, job, arm, seed=0)
    app = open_page("results", "small")
    assert not complaints(app)
    found = [each for each in downloads(app) if each.startswith("Download the")]
    assert found == ([f"Download the {offered} model"] if offered else [])
    assert ("No model is offered" in captions(app)) is (offered is None)
    names = {"ce": "Plain", "imp": "IMP"}
    listed = [each for each in downloads(app) if ", seed 0" in each]
    assert len(listed) == 2, "a person may take either on purpose"
    for label in listed:
        is_marked = any(each in label for each in ("learned nothing", "worse than", "is better"))
        assert is_marked is not (offered is not None and label.startswith(offered))
    if offered:
        assert listed[0].startswith(offered)
    run = exporting.offered_model(store, report.results(store, "small"))
    assert (run and names[run.arm]) == offered


def test_weights_of_an_arm_that_lost_are_not_handed_out_without_a_word(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    assert "not what to train with" not in captions(open_page("results", "small"))
    add_runs(store, small_collection, {"ce": ALL_RIGHT, "imp": ALL_WRONG})
    assert "not what to train with" in captions(open_page("results", "small"))


def test_the_report_marks_arms_that_learned_nothing_and_draws_the_largest_label(
    fill, small_collection
):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": ONE_LABEL, "imp": IMP})
    page = html_report(store, "small")
    assert "No verdict, since plain training learned nothing: train longer" in page
    assert '<td class="short">learned nothing: train longer</td>' in page
    assert "always the largest label, 33.3 %" in page
    assert not CLAIMS.search(page)


def test_the_validation_curve_of_the_report_has_a_dotted_line(fill, small_collection):
    from harness.collections import add_finished_job

    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.6, "imp": 0.9})
    page = html_report(store, "small")
    assert 'stroke-dasharray="1 3"' in page
    assert page.count("always the largest label, 33.3 %") == 2, "beside the arms and the curve"


def test_the_card_of_a_model_that_learned_nothing_or_lost_says_so(fill, small_collection):
    store = fill(small_collection)
    job = add_runs(store, small_collection, {"ce": ALL_RIGHT, "imp": ALL_WRONG, "dimp": ONE_LABEL})
    for arm in ("ce", "imp", "dimp"):
        keep_model(store, job, arm, seed=0)
    text = {
        run.arm: cards.model_card(store, job, run) for run in exporting.kept_models(store, job.id)
    }
    assert r"**DIMP\, P′\/p learned nothing\: train longer.**" in text["dimp"]
    assert "is worse than plain training" in text["imp"].split("## Data")[0].split("## Figures")[1]
    assert "**" not in text["ce"]
    assert "always the largest label | — | 33\\.3 \\%" in text["ce"]


def test_review_is_not_said_to_have_changed_an_arm_that_learned_nothing(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": ONE_LABEL, "imp": PLAIN})
    sample = small_collection.synthetic["sample_id"][0]
    store.decisions.append(
        "small",
        sample_id=sample,
        annotator="me",
        action="discard",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    job = add_runs(store, small_collection, {"ce": IMP, "imp": IMP})
    effect = review_effect(store, job)
    assert effect is not None
    plain, imp = effect.arms
    assert (plain.outcome, plain.p_in_words, plain.difference_in_words) == (
        *("learned nothing: train longer", "—", "—"),
    )
    assert imp.difference is not None
    assert imp.difference.p_holm == imp.difference.p_value, "one comparison is left"
    app = open_page("results", "small")
    assert not complaints(app)
    table = next(each.value for each in app.dataframe if "Accuracy before" in each.value)
    assert table["Verdict"].tolist()[0] == "learned nothing: train longer"


SAID = f"IMP, P′/Q was still learning when it stopped (1 of 2 seeds): {WHY}"


@pytest.fixture
def slow(fill, small_collection):
    """Return a store with a job in which IMP was still learning when it stopped.

    The runs whose models are kept tell nothing of how they have gone.
    """
    store = fill(small_collection)
    told = {"ce": DONE, "imp": SLOW}
    job = add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP}, steps=200, told=told)
    for arm in ("ce", "imp"):
        keep_model(store, job, arm, seed=0)
    return store


def test_an_arm_that_was_still_learning_is_marked_and_gets_no_verdict(slow):
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.title[0].value == plain(
        "No verdict, since IMP was still learning when it stopped: train longer"
    )
    assert [list(each) for each in app.dataframe[0].value["Verdict"]] == [
        ["still learning"],
        ["baseline"],
    ]
    assert plain(SAID) in captions(app)
    assert not CLAIMS.search(captions(app))
    labels = downloads(app)
    assert "Download the Plain model" in labels
    assert "Download the IMP model" not in labels
    assert any(each.endswith("seed 0 (still learning)") for each in labels)
    (job,) = slow.jobs("small")
    assert app.button(key=f"train_longer_{job.id}").label == "Train longer"


def test_the_report_and_the_card_say_what_was_still_learning(slow):
    page = html_report(slow, "small")
    assert SAID in page
    assert '<td class="short">still learning: train longer</td>' in page
    assert not CLAIMS.search(page)
    (job,) = slow.jobs("small")
    text = {
        run.arm: cards.model_card(slow, job, run) for run in exporting.kept_models(slow, job.id)
    }
    assert (
        "still learning when it stopped" in text["imp"].split("## Data")[0].split("## Figures")[1]
    )
    assert "still learning\\: train longer" in text["ce"], "in the table of all arms"


def test_review_is_not_said_to_have_changed_an_arm_that_was_still_learning(slow, small_collection):
    slow.decisions.append(
        "small",
        sample_id=small_collection.synthetic["sample_id"][0],
        annotator="me",
        action="discard",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    told = {"ce": DONE, "imp": DONE}
    after = {"ce": IMP, "imp": IMP}
    effect = review_effect(slow, add_runs(slow, small_collection, after, steps=200, told=told))
    assert effect is not None
    plain_arm, imp = effect.arms
    assert plain_arm.difference is not None
    assert (imp.outcome, imp.p_in_words) == ("still learning: train longer", "—")
