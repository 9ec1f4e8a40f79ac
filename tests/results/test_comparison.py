"""Results against an example worked out by hand, and the sentences made from them."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from harness.collections import add_finished_job
from synthcur.errors import InputError, NotFoundError
from synthcur.results import comparison as report
from synthcur.results import findings
from synthcur.schema import REAL
from synthcur.settings import FitSettings, TrainSettings, WeightingSettings, fingerprint
from synthcur.stats.metrics import holm, paired_difference
from synthcur.store.spool import Spool

TRUE = np.repeat([0, 1, 2], 4)
"""Label ids of the 12 test rows of the small collection."""

PLAIN = ((0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 0, 0), (0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 0))
IMP = ((0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 0), (0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2))
"""Predictions of two seeds; right are 8 and 10 of 12 rows, then 11 and 11."""


def on_validation(arm, shares):
    """Say of 120 validation rows what is right for that share of them; nothing without one."""
    if arm not in shares:
        return {}
    labels = np.arange(120) % 3
    said = np.where(np.arange(120) < 120 * shares[arm], labels, (labels + 1) % 3)
    return {"val_probs": 0.1 + 0.7 * np.eye(3, dtype=np.float32)[said], "val_labels": labels}


def add_runs(
    store,
    collection,
    predicted,
    *,
    end="done",
    arms=None,
    seeds=2,
    validation=(),
    steps=1,
    losses=(),
    told=(),
):
    """Store a job whose runs predicted these label ids, through the spool of its worker.

    `validation` are shares of validation rows that an arm has right, where they are known. Each
    run tells `losses` as those of its validation rows, and `told`, by arm, of how it has gone.
    """
    told = dict(told)
    settings = TrainSettings(arms=tuple(arms or predicted), seeds=seeds)
    job = store.add_job("train", collection.name, settings=asdict(settings), scores={})
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    spool.append("started", pid=1, identity="nobody")
    for arm, seeds_said in predicted.items():
        for seed, said in enumerate(seeds_said):
            name = fingerprint("toy", job.id, arm, seed)
            probs = np.eye(3, dtype=np.float32)[list(said)]
            arrays = {"probs": probs, "labels": TRUE.astype(np.int8)}
            store.artefacts.write(name, arrays=arrays | on_validation(arm, validation))
            run = {"arm": arm, "seed": seed}
            spool.append("run_started", **run, steps=steps)
            for step, loss in enumerate(losses, start=1):
                spool.append("metric", **run, step=step, epoch=step, val_log_loss=loss)
            accuracy = float(np.mean(np.asarray(said) == TRUE))
            more = told.get(arm, {})
            if arm in validation:
                more = {"val_accuracy": validation[arm], **more}
            spool.append("run_done", **run, accuracy=accuracy, predictions=name, **more)
    if end:
        spool.append(end)
    spool.close()
    store.ingest(job.id)
    return store.job(job.id)


@pytest.fixture
def toy(fill, small_collection):
    """Return a store with one finished job of plain training and IMP."""
    store = fill(small_collection)
    assert np.array_equal(small_collection.label_ids(small_collection.part(REAL, "test")), TRUE)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    return store


def test_results_agree_with_the_example_worked_out_by_hand(toy):
    found = report.results(toy, "small")
    imp, plain = found.arms
    assert (imp.name, plain.name) == ("imp", "ce")
    assert plain.score.mean == pytest.approx((8 + 10) / 24)
    assert imp.score.mean == pytest.approx(22 / 24)
    assert [run.accuracy for run in plain.runs] == pytest.approx([8 / 12, 10 / 12])
    assert imp.difference.mean == pytest.approx(4 / 24)
    assert imp.difference.n_seeds == 2
    assert found.test_rows == 12
    assert (found.runs_finished, found.runs_planned) == (4, 4)
    expected = paired_difference(IMP, PLAIN, TRUE)
    assert imp.difference.low == expected.low
    assert imp.difference.p_value == imp.difference.p_holm == expected.p_value
    assert imp.difference.outcome == expected.outcome
    assert plain.difference is None
    assert plain.verdict == ""


def test_results_are_plain_json(toy):
    found = report.results(toy, "small")
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_macro_f1_is_compared_by_its_own_means(toy):
    plain = report.results(toy, "small", metric="macro_f1").arms[1]
    # Seed 0: F1 of 4/8, 8/10, 4/6; seed 1: 6/8, 8/9, 6/7.
    first, second = (0.5 + 0.8 + 2 / 3) / 3, (0.75 + 8 / 9 + 6 / 7) / 3
    assert plain.score.mean == pytest.approx((first + second) / 2)


def test_another_arm_can_be_the_baseline(toy):
    plain = report.results(toy, "small", baseline="imp").arms[1]
    assert plain.difference.mean == pytest.approx(-4 / 24)
    assert plain.verdict.startswith(
        "No evidence of a difference between Plain (synthetic only) and IMP, P′/Q: −16.7 points"
    )


def test_only_seeds_that_both_arms_have_finished_are_paired(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN[:1], "imp": IMP}, end="")
    found = report.results(store, "small")
    imp = found.arms[0]
    assert len(imp.runs) == 2
    assert imp.difference.n_seeds == 1
    assert imp.difference.mean == pytest.approx(3 / 12)
    assert imp.verdict.endswith("1 seed)")
    assert (found.status, found.runs_finished, found.runs_planned) == ("running", 3, 4)


def test_without_the_baseline_there_is_no_difference_and_the_sentence_says_so(
    fill, small_collection
):
    store = fill(small_collection)
    add_runs(store, small_collection, {"imp": IMP, "dimp": PLAIN})
    found = report.results(store, "small")
    assert all(arm.difference is None for arm in found.arms)
    assert found.verdict == (
        "IMP, P′/Q has the highest mean, but there is no plain training to compare with"
    )


def test_the_headline_follows_the_intervals(fill, small_collection):
    store = fill(small_collection)
    right, wrong = (TRUE, TRUE), ((TRUE + 1) % 3, (TRUE + 1) % 3)
    half = ((TRUE + np.arange(12) % 2) % 3,) * 2

    def verdict(**predicted):
        add_runs(store, small_collection, predicted)
        return report.results(store, "small").verdict

    assert verdict(ce=half, imp=right, dimp=wrong) == (
        "IMP, P′/Q is better than plain training: +50.0 points"
    )
    assert verdict(ce=right, dimp=wrong) == (
        "DIMP, P′/p is worse than plain training: −100.0 points"
    )
    assert verdict(ce=PLAIN, imp=PLAIN) == (
        "No evidence of a difference between IMP, P′/Q and plain training"
    )
    assert verdict(ce=PLAIN, imp=PLAIN, dimp=wrong) == (
        "No evidence that IMP or DIMP is better than plain training"
    )
    assert verdict(ce=right, imp=wrong, dimp=wrong) == "All 2 arms are worse than plain training"
    assert verdict(ce=PLAIN) == ("Plain (synthetic only): 75.0 % accuracy on 12 test rows, 2 seeds")


FOUR_WRONG = (np.where(np.arange(12) < 4, (TRUE + 1) % 3, TRUE),) * 2
ALL_RIGHT, ALL_WRONG = (TRUE, TRUE), ((TRUE + 1) % 3,) * 2


def test_p_values_are_corrected_for_the_arms_that_are_compared(fill, small_collection):
    store = fill(small_collection)
    predicted = {"ce": FOUR_WRONG, "imp": ALL_RIGHT, "dimp": ALL_WRONG, "p_only": FOUR_WRONG}
    add_runs(store, small_collection, predicted)
    arms = {arm.name: arm.difference for arm in report.results(store, "small").arms}
    assert arms.pop("ce") is None
    expected = holm([found.p_value for found in arms.values()])
    assert [found.p_holm for found in arms.values()] == expected
    assert arms["imp"].p_holm == pytest.approx(2 * arms["imp"].p_value)
    assert arms["dimp"].p_holm == pytest.approx(3 * arms["dimp"].p_value)
    assert {arm: found.outcome for arm, found in arms.items()} == {
        **{"imp": "better", "dimp": "worse", "p_only": "no evidence"}
    }


def test_what_holds_for_one_arm_may_not_hold_for_the_best_of_five(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": FOUR_WRONG, "imp": ALL_RIGHT})
    alone = report.results(store, "small")
    assert alone.verdict == "IMP, P′/Q is better than plain training: +33.3 points"
    others = dict.fromkeys(("ce", "dimp", "p_only", "ce_both", "ce_real"), FOUR_WRONG)
    add_runs(store, small_collection, {**others, "imp": ALL_RIGHT})
    found = report.results(store, "small")
    imp = found.arms[0]
    assert imp.difference.low == alone.arms[0].difference.low > 0
    assert imp.difference.p_value < 0.05 < imp.difference.p_holm
    assert imp.difference.outcome == "no evidence"
    assert imp.verdict.startswith("IMP, P′/Q is better than plain training by 33.3 points (95 %")
    assert imp.verdict.endswith(
        f"; after Holm correction over 5 arms this is not significant "
        f"(p = {imp.difference.p_holm:.2f})"
    )
    assert found.verdict == "No evidence that any of 5 arms is better than plain training"


def test_a_larger_mean_that_is_no_evidence_does_not_outdo_evidence(fill, small_collection):
    store = fill(small_collection)
    half_right = (np.where(np.arange(12) < 6, TRUE, (TRUE + 1) % 3),) * 2
    moody = (TRUE, np.where(np.arange(12) < 1, TRUE, (TRUE + 1) % 3))
    add_runs(store, small_collection, {"ce": ALL_WRONG, "imp": half_right, "dimp": moody})
    found = report.results(store, "small")
    assert found.arms[0].name == "dimp"
    assert found.arms[0].difference.outcome == "no evidence"
    assert found.verdict == "IMP, P′/Q is better than plain training: +50.0 points"
    assert findings.leading_arm(found).name == "imp"


def test_the_newest_finished_job_is_read_and_a_running_one_only_if_there_is_no_other(
    fill, small_collection
):
    store = fill(small_collection)
    running = add_runs(store, small_collection, {"ce": PLAIN}, end="")
    assert report.results(store, "small").job == running.id
    store.move_job(running.id, "crashed", only_from=("running",))
    done = add_runs(store, small_collection, {"ce": IMP})
    add_runs(store, small_collection, {"ce": PLAIN}, end="cancelled")
    assert report.results(store, "small").job == done.id


def test_what_cannot_be_read_is_said_in_words(fill, small_collection):
    store = fill(small_collection)
    with pytest.raises(NotFoundError, match="No training run of 'small' has finished"):
        report.results(store, "small")
    with pytest.raises(InputError, match="Unknown score 'auc'"):
        report.results(store, "small", metric="auc")
    empty = add_runs(store, small_collection, {}, arms=("ce",), end="failed")
    with pytest.raises(NotFoundError, match="has finished yet"):
        report.results(store, "small", job_id=empty.id)
    with pytest.raises(NotFoundError, match="no collection 'other'"):
        report.results(store, "other")


def test_a_job_of_another_collection_is_refused(toy, hostile_collection):
    toy.add_collection(hostile_collection)
    job = toy.jobs("small")[0]
    with pytest.raises(InputError, match="no training of the collection 'hostile'"):
        report.results(toy, "hostile", job_id=job.id)


def test_the_text_for_a_terminal_has_every_arm_and_its_verdict(toy):
    found = report.results(toy, "small")
    text = findings.results_text(found)
    assert "Run 1 on small: accuracy on 12 test rows" in text
    header, imp, plain = text.splitlines()[2:5]
    assert header.split("  ")[-1].strip() == "after Holm"
    assert imp.endswith(f"  p = {found.arms[0].difference.p_holm:.2f}")
    assert plain.endswith("  —")
    assert "imp  2      91.7 %" in text
    assert "ce   2      75.0 %" in text
    assert text.splitlines()[-1] == found.arms[0].verdict


def test_the_command_line_repeats_the_job(fill, small_collection):
    store = fill(small_collection)
    fit = FitSettings(base_model="my models/tiny", epochs=2, learning_rate=5e-4)
    settings = TrainSettings(arms=("ce", "imp"), seeds=3, fit=fit)
    job = store.add_job("train", "small", settings=asdict(settings), scores={})
    assert report.command_line(job) == (
        "python -m synthcur train small --arms ce,imp --seeds 3 --recipe published "
        "--epochs 2 --lr 0.0005 --checkers probe --base-model 'my models/tiny'"
    )


def test_the_command_line_repeats_a_job_with_the_automatic_recipe(fill, small_collection):
    store = fill(small_collection)
    settings = TrainSettings(arms=("ce",), seeds=1, recipe="automatic", fit=FitSettings(steps=40))
    job = store.add_job("train", "small", settings=settings.to_dict(), scores={})
    assert report.command_line(job) == (
        "python -m synthcur train small --arms ce --seeds 1 --steps 40 --checkers probe"
    )


def test_the_command_line_names_the_scheme_that_was_used(fill, small_collection):
    store = fill(small_collection)
    first, second = WeightingSettings(rule="p_only"), WeightingSettings(clip_high=1.0)
    store.save_scheme("small", "first", first)
    store.save_scheme("small", "clip at e", second)
    settings = TrainSettings(arms=("scheme",), seeds=1, weighting=second)
    job = store.add_job("train", "small", settings=asdict(settings), scores={})
    command = report.command_line(job, store.schemes("small"))
    assert command.endswith("--checkers probe --scheme 'clip at e'")


def test_made_from_changes_with_the_decisions(fill, small_collection):
    store = fill(small_collection)
    first = report.made_from(add_finished_job(store, small_collection, {"ce": 0.7}))
    store.decisions.append(
        "small",
        sample_id=small_collection.synthetic["sample_id"][0],
        annotator="ada",
        action="discard",
        client_id="tab",
        client_seq=1,
        expected_seq=0,
    )
    second = report.made_from(add_finished_job(store, small_collection, {"ce": 0.8}))
    assert first.data == second.data == small_collection.fingerprint
    assert (first.decided, second.decided) == (0, 1)
    assert first.decided_fp != second.decided_fp
