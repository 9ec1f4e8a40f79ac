"""Arms that leave out the synthetic rows with a value in a column: names, rows, steps, worth."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.collections import add_scores
from synthcur.__main__ import main
from synthcur.arms import ARMS, arm_without, base_of, get_arm, known_arm, left_out_words
from synthcur.errors import InputError
from synthcur.jobs import job_queue
from synthcur.jobs.longer import train_longer
from synthcur.results import comparison as report
from synthcur.results.dynamics import trained_rows
from synthcur.results.findings import results_text
from synthcur.results.worth import worth_text
from synthcur.schema import Collection
from synthcur.settings import FitSettings, TrainSettings
from synthcur.store.records import Job
from synthcur.store.store import Store
from synthcur.training.learning_curve import LearningCurveSettings
from synthcur.training.left_out import (
    check_left_out,
    each_left_out,
    generators,
    left_out_rows,
    without_each,
)
from synthcur.training.training_sets import rows_of
from synthcur.worker import __main__ as worker
from tests.results.test_comparison import IMP, PLAIN, add_runs
from tests.training.test_training_sets import pool_of

NAMES = ["gpt-4o", "meta/llama 3.1", "模型"]


@pytest.fixture
def told(small_collection: Collection) -> Collection:
    """The small collection, its synthetic rows by three generators; real rows name none."""
    rows = small_collection.rows
    is_synthetic = (rows["source"] == "synthetic").to_numpy()
    wrote = [NAMES[i % 3] if made else None for i, made in enumerate(is_synthetic)]
    batch = [float(i % 12) for i in range(len(rows))]
    return replace(small_collection, provenance=pd.DataFrame({"Generator": wrote, "batch": batch}))


def arms_of(collection: Collection, *arms: str) -> tuple[str, ...]:
    return each_left_out(generators(collection), arms)


@pytest.mark.parametrize("value", [*NAMES, "../../etc", "a,b=c~d", "", "x" * 300, "<b>", "\u202e"])
def test_a_name_says_what_is_left_out_and_can_name_a_file(value: str) -> None:
    name = arm_without("ce_both", "gen erator", value)
    assert re.fullmatch(r"[\w.+=~-]{1,120}", name)
    arm = get_arm(name)
    assert (arm.name, base_of(name)) == (name, "ce_both")
    assert arm.title.startswith("Plain (synthetic + real) without ")
    assert left_out_words(name)[0] == "gen-erator"
    assert arm_without("ce_both", "gen erator", value + " ") != name
    like = replace(arm, name="ce_both", without="", title="", short="", sentence="")
    assert like == replace(ARMS["ce_both"], title="", short="", sentence="")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ce_real~a=b", "learns no synthetic rows"),
        ("ce~", "which rows to leave out"),
        ("ce~a", "which rows to leave out"),
        ("ce~a=../b", "which rows to leave out"),
        ("nothing~a=b", "Unknown arm"),
    ],
)
def test_a_name_that_says_no_rows_is_refused(name: str, says: str) -> None:
    assert known_arm(name) is None
    with pytest.raises(InputError, match=says):
        get_arm(name)


def test_an_alias_is_stored_under_the_name_of_its_arm() -> None:
    assert TrainSettings(arms=("label_model~a=b",)).arms == ("witnesses~a=b",)


def test_each_generator_is_left_out_of_the_arm_that_tells_its_worth_best(
    told: Collection,
) -> None:
    assert [base_of(each) for each in arms_of(told, "imp", "ce", "ce_both")] == ["ce_both"] * 3
    assert [base_of(each) for each in arms_of(told, "probe_both", "imp")] == ["imp"] * 3
    assert arms_of(told, "ce_real", "probe_real") == ()
    assert len(set(arms_of(told, "ce"))) == 3
    one = replace(told, provenance=told.provenance.assign(Generator="one"))
    assert arms_of(one, "ce") == ()
    many = [f"g{i % 9}" for i in range(len(told.rows))]
    assert arms_of(replace(told, provenance=told.provenance.assign(Generator=many)), "ce") == ()


def test_only_the_rows_that_are_named_are_left_out_of_all_that_is_known(told: Collection) -> None:
    wrote = told.provenance["Generator"][: len(told.synthetic)].to_numpy()
    for name, value in zip(arms_of(told, "imp"), NAMES, strict=True):
        arm, pool = get_arm(name), pool_of(told)
        whole, part = rows_of(ARMS["imp"], pool), rows_of(arm, pool)
        stays = wrote != value
        assert part.rows["sample_id"].tolist() == whole.rows["sample_id"][stays].tolist()
        assert np.array_equal(part.labels, whole.labels[stays])
        assert np.allclose(part.factor, whole.factor[stays])
    for arm in (each for each in ARMS.values() if each.rows != "real" and each.name != "scheme"):
        name = arm_without(arm.name, "Generator", NAMES[0])
        rows = rows_of(get_arm(name), pool_of(told)).rows
        made = rows[rows["source"] == "synthetic"]["sample_id"]
        assert not set(made) & set(told.synthetic["sample_id"][wrote == NAMES[0]])


def test_numbers_are_found_as_they_are_written(told: Collection) -> None:
    (name,) = without_each(["batch=3"], ["ce"], told)
    assert name == "ce~batch=3"
    found = left_out_rows(get_arm(name).without, told.provenance)
    assert np.array_equal(found, told.provenance["batch"] == 3)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("nothing=1", "no column 'nothing'.*'Generator', 'batch'"),
        ("generator=claude", "No synthetic row has 'claude'.*gpt-4o"),
        ("batch", "12 different values"),
    ],
)
def test_what_is_not_there_cannot_be_left_out(told: Collection, asked: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        without_each([asked], ["ce"], told)


def test_a_generator_that_alone_wrote_a_label_is_missed_before_anything_is_queued(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    label = small_collection.labels[0]
    wrote = np.where(small_collection.rows["label"] == label, "a", "b")
    told = replace(small_collection, provenance=pd.DataFrame({"model": wrote}))
    store = fill(told)
    settings = TrainSettings(arms=("ce", *arms_of(told, "ce")), seeds=1)
    with pytest.raises(InputError, match="without b would have no row of 'pests', 'watering'"):
        job_queue.submit_train(store, "small", settings)
    assert store.jobs() == []
    check_left_out(arms_of(told, "ce_both"), told)


def test_arms_without_synthetic_rows_leave_none_out(told: Collection) -> None:
    with pytest.raises(InputError, match="None of the arms learns synthetic rows"):
        without_each(["generator"], ["ce_real"], told)


def test_a_column_alone_leaves_out_each_of_its_values(told: Collection) -> None:
    assert without_each(["GENERATOR"], ["ce"], told) == arms_of(told, "ce")
    assert without_each(["generator=gpt-4o"], ["ce", "ce~Generator=gpt-4o"], told) == ()
    check_left_out(["ce", *arms_of(told, "ce")], told)


def test_a_learning_curve_leaves_no_synthetic_rows_out() -> None:
    with pytest.raises(InputError, match="learning curve"):
        LearningCurveSettings(arms=("ce~a=b",))


def prepare(store: Store, job: Job, waiting: object) -> None:
    """Write what a worker reads, and start none."""
    job.folder.mkdir(parents=True)
    job_queue._write_spec(job)


@pytest.fixture
def trained(
    fill: Callable[..., Store],
    told: Collection,
    tiny_model: str,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Store, Job]:
    """A job of two passes with all rows, without each generator, and of real rows alone."""
    monkeypatch.setattr(job_queue, "_spawn", prepare)
    store = fill(told)
    fit = FitSettings(base_model=tiny_model, epochs=2, learning_rate=3e-3, batch_size=4)
    arms = ("ce", "ce_real", *arms_of(told, "ce"))
    job = job_queue.submit_train(store, "small", TrainSettings(arms=arms, seeds=1, fit=fit))
    worker.work(job.folder)
    store.ingest(job.id)
    return store, store.job(job.id)


def test_a_job_trains_without_each_for_as_many_steps_and_knows_its_rows_again(
    trained: tuple[Store, Job], told: Collection
) -> None:
    store, job = trained
    assert job.status == "done"
    runs = {run.arm: run for run in store.runs(job.id)}
    assert all(run.is_done for run in runs.values())
    names = arms_of(told, "ce")
    assert {runs[name].steps for name in names} == {runs["ce"].steps}
    wrote = told.provenance["Generator"][: len(told.synthetic)]
    assert [runs[name].rows for name in names] == [int((wrote != each).sum()) for each in NAMES]
    for name in names:
        rows = trained_rows(store, job, runs[name])
        assert rows is not None
        assert len(rows.labels) == runs[name].rows
    found = report.results(store, "small", job_id=job.id)
    assert {arm.name for arm in found.arms} == {"ce", "ce_real"}
    assert [each.rows for each in found.worth] == [14, 13, 13]
    assert (found.runs_finished, found.runs_planned) == (5, 5)
    assert "ce~Generator=gpt-4o" in report.command_line(job)


TWO = ("ce~generator=a", "ce~generator=b")


def test_the_worth_is_the_paired_difference_corrected_over_all_that_were_left_out(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    told = {arm: {"rows": rows, "learned": 0.99} for arm, rows in
            (("ce", 40), (TWO[0], 30), (TWO[1], 20))}  # fmt: skip
    add_runs(store, small_collection, {"ce": IMP, TWO[0]: PLAIN, TWO[1]: IMP, "imp": IMP},
             told=told, steps=200)  # fmt: skip
    found = report.results(store, "small")
    assert [arm.name for arm in found.arms] == ["ce", "imp"]
    first, second = found.worth
    assert (first.value, first.rows, second.rows) == ("a", 10, 20)
    assert first.difference is not None
    assert first.difference.mean == pytest.approx(4 / 24)
    assert first.difference.p_holm == pytest.approx(min(1, 2 * first.difference.p_value))
    assert second.verdict.startswith("No evidence that b adds or costs anything: 0.0 points")
    assert "imp" not in worth_text(found.worth)
    assert results_text(found).count("without") == 0
    data = found.to_dict()["worth"]
    assert [each["without"]["arm"] for each in data] == list(TWO)
    assert main(["results", "small", f"--workspace={store.workspace}"]) == 0


def test_what_was_not_trained_to_the_end_is_worth_nothing_yet(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    idle = ((1,) * 12, (1,) * 12)
    add_runs(store, small_collection, {"ce": IMP, TWO[0]: idle, "imp~generator=a": PLAIN})
    first, second = report.results(store, "small").worth
    assert first.difference is None
    assert "learned nothing" in first.verdict
    assert second.verdict.startswith("No run of imp with all rows has finished")


def test_a_job_of_arms_that_leave_rows_out_alone_can_be_read(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    add_runs(store, small_collection, {TWO[0]: IMP})
    assert [arm.name for arm in report.results(store, "small").arms] == [TWO[0]]


def test_to_train_longer_takes_the_arm_with_all_rows_along(
    fill: Callable[..., Store], small_collection: Collection
) -> None:
    store = fill(small_collection)
    job = add_runs(store, small_collection, {"ce": IMP, "imp": IMP, "imp~generator=a": PLAIN})
    longer = train_longer(job, store.runs(job.id), {"imp~generator=a"}, baseline="ce")
    assert longer.arms == ("ce", "imp", "imp~generator=a")


def test_a_job_without_such_arms_reads_no_further_columns(
    fill: Callable[..., Store], small_collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    store = fill(small_collection)
    add_scores(store, small_collection)
    monkeypatch.setattr(job_queue, "_spawn", lambda *_: None)
    monkeypatch.setattr(store, "collection", lambda name: asked.append(name))
    job_queue.submit_train(store, "small", TrainSettings(arms=("ce",), seeds=1))
    assert asked == []
