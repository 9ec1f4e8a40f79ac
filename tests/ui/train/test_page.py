"""The Train page without a browser: what it starts, and what it says of every state of a job."""

import os
import shutil
from dataclasses import asdict, replace

import pandas as pd
import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from harness.collections import add_finished_job, add_scores, note_covered
from synthcur.arms import ARMS, FLOOR, OFFERED
from synthcur.jobs import job_queue
from synthcur.jobs.processes import process_identity
from synthcur.settings import TrainSettings, WeightingSettings
from synthcur.store.spool import Spool
from synthcur.ui.parts import plain
from synthcur.ui.train import rail
from tests.ui.test_pages import ROOT, complaints, open_page


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    """Start no worker and signal nobody; return what would have been signalled."""
    signalled = []
    monkeypatch.setattr(job_queue, "_spawn", lambda *_: None)
    monkeypatch.setattr(
        job_queue, "_signal_group", lambda pid, number: signalled.append(number.name)
    )
    return signalled


def run_job(store, *, arms=("ce", "imp"), seeds=2, records=(), identity=None, recipe="fixed"):
    """Store a running job of this process that has said `records` so far."""
    settings = TrainSettings(arms=arms, seeds=seeds, recipe=recipe)
    job = store.add_job("train", "small", settings=asdict(settings), scores={})
    store.claim_job(job.id)
    job.folder.mkdir(parents=True)
    spool = Spool(job.folder / "spool.jsonl")
    living = process_identity(os.getpid())
    spool.append("started", pid=os.getpid(), identity=living if identity is None else identity)
    for t, fields in records:
        spool.append(t, **fields)
    spool.close()
    store.ingest(job.id)
    return store.job(job.id)


def run_records(arm, seed, *, epochs, is_done=False):
    """Records of a run: a loss every tenth of an epoch, a validation score at the end of each."""
    yield "run_started", {"arm": arm, "seed": seed, "steps": 50}
    run = {"arm": arm, "seed": seed}
    for step in range(1, round(10 * epochs) + 1):
        epoch = step / 10
        measured = {"loss": 1 / step, "samples_per_s": 80.0}
        yield "metric", {**run, "step": step, "epoch": epoch, **measured}
        if step % 10 == 0:
            scores = {"val_accuracy": 0.5 + epoch / 20, "val_macro_f1": 0.5, "ess": 30.0}
            yield "metric", {**run, "step": step, "epoch": epoch, **scores}
    if is_done:
        yield "run_done", {**run, "val_accuracy": 0.75, "seconds": 20.0, "rows": 40}


def title(app):
    return app.title[0].value


def buttons(app):
    return [button.label for button in app.button]


def charts(app):
    return app.get("vega_lite_chart")


def drawn_rows(chart):
    """Rows of the table from which a chart is drawn."""
    return pa.ipc.open_stream(chart.proto.data.data).read_pandas()


def test_before_the_first_run_the_arms_are_explained_and_one_button_starts(fill, small_collection):
    fill(small_collection)
    app = open_page("train", "small")
    assert title(app).startswith("No run yet")
    assert buttons(app) == ["Start training"]
    assert (
        "no run of this model has been timed on this machine yet"
        in app.caption[0].value + app.caption[1].value
    )
    assert [box.label for box in app.checkbox if box.value] == [
        r"Plain \(synthetic only\)",
        r"Linear probe \(real only\)",
        r"Linear probe \(synthetic \+ real\)",
        r"IMP\, P′\/Q",
        r"DIMP\, P′\/p",
        r"Label model \(synthetic \+ real\)\, recommended",
    ]


def test_start_queues_what_the_rail_is_set_to(fill, small_collection):
    store = fill(small_collection)
    app = open_page("train", "small")
    app.checkbox(key="train_arm_dimp_on").uncheck()
    app.number_input(key="train_seeds").set_value(2)
    app.selectbox(key="train_recipe").set_value("own").run()
    app.number_input(key="train_epochs").set_value(3)
    app.text_input(key="train_rate").set_value("1e-4").run()
    app.button(key="train_start").click().run()
    (job,) = store.jobs("small")
    settings = TrainSettings.from_dict(job.settings)
    assert settings.arms == ("ce", "probe_real", "probe_both", "imp", "witnesses")
    assert settings.seeds == 2
    assert (settings.fit.epochs, settings.fit.learning_rate) == (3, 1e-4)
    assert (settings.recipe, settings.fit.chosen_by) == ("fixed", "log_loss")
    assert set(job.spec["scores"]) >= {"quality", "diversity"}
    assert title(app) == "Run 1: starting"
    assert "Start training" not in buttons(app)


@pytest.mark.parametrize(("share", "is_told"), [(0.2, True), (0.9, False)])
def test_a_pool_of_other_texts_is_told_where_an_arm_learns_it_alone(
    fill, small_collection, share, is_told
):
    note_covered(fill(small_collection), "small", share)
    app = open_page("train", "small")
    assert warns_of_pool(app) == is_told
    for arm in ("ce", "imp", "dimp"):
        app.checkbox(key=f"train_arm_{arm}_on").uncheck()
    app.run()
    assert not warns_of_pool(app), "the label model learns the real rows too"


def warns_of_pool(app):
    return any("as if written for other texts" in caption.value for caption in app.caption)


def test_a_scheme_of_the_curate_page_can_be_trained(fill, small_collection):
    store = fill(small_collection)
    scheme = WeightingSettings(rule="imp", clip_high=1.0)
    store.save_scheme("small", "gentle :red[x]", scheme)
    app = open_page("train", "small")
    app.checkbox(key="train_arm_scheme_on").check().run()
    app.button(key="train_start").click().run()
    assert not complaints(app)
    assert TrainSettings.from_dict(store.jobs("small")[0].settings).weighting == scheme


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("train_rate", "fast", "not a number"), ("train_rate", "7", "learning\\_rate is 7")],
)
def test_a_setting_that_cannot_be_used_is_named_and_nothing_can_be_started(
    fill, small_collection, key, value, words
):
    fill(small_collection)
    app = open_page("train", "small")
    app.selectbox(key="train_recipe").set_value("own").run()
    app.text_input(key=key).set_value(value).run()
    assert words in " ".join(caption.value for caption in app.caption)
    assert app.button(key="train_start").disabled


def test_an_arm_under_more_is_trained_in_the_order_of_the_registry(fill, small_collection):
    store = fill(small_collection)
    app = open_page("train", "small")
    app.checkbox(key="train_arm_focal_on").check()
    app.checkbox(key="train_arm_p_only_on").check().run()
    app.button(key="train_start").click().run()
    arms = TrainSettings.from_dict(store.jobs("small")[0].settings).arms
    assert arms == (*("ce", *FLOOR, "imp", "dimp"), *("p_only", "witnesses", "focal"))


def test_every_arm_can_be_ticked_and_the_less_common_ones_under_more(fill, small_collection):
    fill(small_collection)
    app = open_page("train", "small")
    (more,) = app.sidebar.expander
    assert more.label == "More arms"
    hidden = {box.key.split("_", 2)[2].rsplit("_", 1)[0] for box in more.checkbox}
    assert hidden
    assert not hidden & set(rail.COMMON)
    assert len(app.sidebar.checkbox) == len(ARMS)


def test_what_an_arm_costs_and_where_it_comes_from_is_said(fill, small_collection):
    fill(small_collection)
    app = open_page("train", "small")
    arm = ARMS["imp"]
    table = app.table[0].value.set_index("Arm")
    assert len(table) == len(ARMS)
    assert table.loc[plain(arm.title)].to_dict() == {
        "What it does": plain(arm.sentence),
        "Loss of a row": f"`{arm.formula}`",
        "Cost": plain(arm.cost),
        "Source": plain(arm.source),
    }
    said = app.checkbox(key="train_arm_imp_on").help
    assert all(part in said for part in (arm.sentence, arm.formula, arm.cost, arm.source))


def test_three_kinds_of_checkers_have_names(fill, small_collection):
    store = fill(small_collection)
    for kind in ("finetune", "average"):
        add_scores(store, small_collection, checkers=kind)
    app = open_page("train", "small")
    choice = app.radio(key="train_checkers")
    assert set(choice.options) == {"Probe", "Fine-tuned", "Average of both"}
    choice.set_value("average").run()
    app.button(key="train_start").click().run()
    assert TrainSettings.from_dict(store.jobs("small")[0].settings).checkers == "average"


def test_without_an_arm_nothing_can_be_started(fill, small_collection):
    fill(small_collection)
    app = open_page("train", "small")
    for box in [box for box in app.checkbox if box.value]:
        box.uncheck()
    app.run()
    assert app.button(key="train_start").disabled
    assert "Choose at least one arm" in " ".join(caption.value for caption in app.caption)


def test_without_scores_only_plain_arms_can_be_chosen_and_scoring_is_offered(
    fill, small_collection
):
    store = fill(small_collection, scored=False)
    app = open_page("train", "small")
    assert app.checkbox(key="train_arm_imp_off").disabled
    assert not app.checkbox(key="train_arm_ce_on").disabled
    app.button(key="train_score").click().run()
    (job,) = store.jobs("small")
    assert job.kind == "score"
    assert app.get("progress")
    store.move_job(job.id, "done", only_from=("starting",))
    add_scores(store, small_collection)
    app.run()
    assert app.checkbox(key="train_arm_imp_on").value
    assert not app.get("progress")


def test_a_running_job_says_where_it_is_and_draws_its_curves(fill, small_collection):
    store = fill(small_collection)
    records = [
        *run_records("ce", 0, epochs=5, is_done=True),
        *run_records("imp", 0, epochs=3.2),
        ("phase", {"phase": "train", "title": "x", "done": 8, "total": 20, "eta_s": 960.0}),
    ]
    run_job(store, records=records)
    app = open_page("train", "small")
    assert not complaints(app)
    assert title(app) == "Run 1: IMP, epoch 3.2 of 5, 16 min left"
    assert "1 of 4 runs done, 80 samples/s" in " ".join(each.value for each in app.caption)
    assert [chart.proto.alt.split(";")[0] for chart in charts(app)] == [
        "Training loss by epoch",
        "Validation accuracy by epoch",
        "Validation macro-F1 by epoch",
        "Effective rows by epoch",
    ]
    assert "Plain 75 %, IMP 65 %" in charts(app)[1].proto.alt
    table = app.dataframe[0].value
    assert table["State"].tolist() == [["running"], ["done"], ["waiting"], ["waiting"]]
    assert table["Epochs"].tolist()[:2] == [3, 5]
    assert set(buttons(app)) == {"Cancel, keep finished runs", "Add to the queue"}


def test_real_rows_alone_are_told_in_their_epochs_and_drawn_beside_the_others(
    fill, small_collection
):
    """They take 25 epochs in the steps in which the others take 5."""
    store = fill(small_collection)
    passes = [
        (t, {**fields, "epoch": 5 * fields["epoch"]} if t == "metric" else fields)
        for t, fields in run_records("ce_real", 0, epochs=3)
    ]
    records = [*run_records("ce", 0, epochs=5, is_done=True), *passes]
    run_job(store, arms=("ce", "ce_real"), records=records)
    app = open_page("train", "small")
    assert title(app) == "Run 1: Real only, epoch 15.0 of 25"
    assert app.dataframe[0].value["Epochs"].tolist()[:2] == [15, 5]
    drawn = drawn_rows(charts(app)[0])
    assert drawn[drawn["arm"] == "Real only"]["epoch"].max() == 3
    assert any("share of their steps" in caption.value for caption in app.caption)


def test_before_the_first_values_every_chart_says_when_they_come(fill, small_collection):
    store = fill(small_collection)
    run_job(store, records=[("run_started", {"arm": "ce", "seed": 0, "steps": 50})])
    app = open_page("train", "small")
    assert not charts(app)
    said = [caption.value for caption in app.caption]
    assert said.count("Appears after the first steps.") == 1
    assert said.count("Appears after the first epoch.") == 3


def test_what_is_drawn_survives_a_restart_of_the_server(fill, small_collection):
    store = fill(small_collection)
    run_job(store, records=run_records("ce", 0, epochs=2))
    before = open_page("train", "small")
    st.cache_resource.clear()
    after = open_page("train", "small")
    assert title(after) == title(before) == "Run 1: Plain, epoch 2.0 of 5"
    assert [chart.proto.alt for chart in charts(after)] == [
        chart.proto.alt for chart in charts(before)
    ]


def test_cancel_asks_first_and_ends_the_process_when_pressed_again(
    fill, small_collection, no_processes
):
    store = fill(small_collection)
    run_job(store, records=run_records("ce", 0, epochs=1))
    app = open_page("train", "small")
    app.button(key="train_cancel").click().run()
    assert title(app) == "Run 1 is stopping"
    assert app.button(key="train_cancel").disabled
    app.button(key="train_stop").click().run()
    assert no_processes == ["SIGTERM", "SIGKILL"]


def test_another_job_can_be_queued_while_one_runs_but_not_the_same_one(fill, small_collection):
    store = fill(small_collection)
    run_job(store, arms=OFFERED, seeds=5, recipe="automatic")
    app = open_page("train", "small")
    assert "Add to the queue" not in buttons(app)
    app.number_input(key="train_seeds").set_value(1).run()
    next(button for button in app.button if button.label == "Add to the queue").click().run()
    assert [job.status for job in store.jobs("small")] == ["queued", "running"]
    waiting = " ".join(caption.value for caption in app.sidebar.caption)
    assert (
        "Run 2, waiting: Plain, Probe (real), Probe (both), IMP, DIMP, Label model; 1 seed"
        in waiting
    )


def test_a_finished_job_leads_to_its_results(fill, small_collection):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.6, "imp": 0.9}, seeds=2)
    app = open_page("train", "small")
    assert title(app).startswith("Run 1 finished: 4 runs in")
    assert buttons(app) == ["See the results", "Start training"]


def test_the_results_open_with_the_job_that_was_looked_at(fill, small_collection):
    store = fill(small_collection)
    first = add_finished_job(store, small_collection, {"ce": 0.6, "imp": 0.9}, seeds=2)
    add_finished_job(store, small_collection, {"ce": 0.7}, seeds=1)
    app = open_page("results", "small")
    assert app.sidebar.selectbox(key="results_job_small").value != first.id
    app = AppTest.from_file(str(ROOT / "pages" / "results.py"), default_timeout=300)
    app.query_params["collection"] = "small"
    app.session_state["results_job_small"] = first.id
    assert app.run().sidebar.selectbox(key="results_job_small").value == first.id
    assert "2 seeds" in " ".join(caption.value for caption in app.caption)


def test_a_failed_job_says_why_and_shows_its_log_as_characters(fill, small_collection):
    store = fill(small_collection)
    failed = ("failed", {"what": "The disk is full.", "fix": "Free 2 GB."})
    job = run_job(store, records=[*run_records("ce", 0, epochs=1), failed])
    (job.folder / "log.txt").write_text("OSError: ![x](http://example.org/a.png)\n")
    app = open_page("train", "small")
    assert title(app) == "Run 1 failed, 0 of 4 runs done"
    assert app.error[0].value == "The disk is full\\.  \nFree 2 GB\\."
    assert app.code[0].value == "OSError: ![x](http://example.org/a.png)"
    assert buttons(app) == ["Retry", "Start training"]


def test_a_killed_worker_is_said_to_have_stopped_with_its_log_at_hand(fill, small_collection):
    store = fill(small_collection)
    job = run_job(store, records=run_records("ce", 0, epochs=1), identity="of nobody alive")
    (job.folder / "log.txt").write_text("Killed\n")
    job_queue.poll(store)
    app = open_page("train", "small")
    assert title(app) == "Run 1 stopped unexpectedly, 0 of 4 runs done"
    assert "stopped unexpectedly" in app.error[0].value
    assert app.code[0].value == "Killed"
    states = app.dataframe[0].value["State"].tolist()
    assert states == [["stopped"], ["not run"], ["not run"], ["not run"]]


def test_a_lost_log_is_no_error(fill, small_collection):
    store = fill(small_collection)
    job = run_job(store, records=[("failed", {"what": "The disk is full.", "fix": ""})])
    shutil.rmtree(job.folder)
    app = open_page("train", "small")
    assert not app.exception
    assert title(app) == "Run 1 failed, 0 of 4 runs done"


def test_earlier_jobs_are_listed_with_what_became_of_them(fill, small_collection):
    store = fill(small_collection)
    run_job(store, records=[("failed", {"what": "The disk is full.", "fix": ""})])
    add_finished_job(store, small_collection, {"ce": 0.6}, seeds=1)
    app = open_page("train", "small")
    earlier = app.dataframe[1].value
    assert earlier["Run"].tolist() == [1]
    assert earlier["State"].tolist() == ["failed"]
    assert earlier["What happened"].tolist() == ["The disk is full."]


def test_one_switch_trains_without_each_generator_too(fill, small_collection):
    wrote = [("gpt", "claude", None)[i % 3] for i in range(len(small_collection.rows))]
    told = replace(small_collection, provenance=pd.DataFrame({"model": wrote}))
    store = fill(told)
    app = open_page("train", "small")
    switch = app.checkbox(key="train_without_each")
    assert not switch.value
    switch.check().run()
    assert not complaints(app)
    assert any(each.value == "2 more runs per seed." for each in app.caption)
    app.button(key="train_start").click().run()
    (job,) = store.jobs("small")
    arms = TrainSettings.from_dict(job.settings).arms
    assert arms == (*OFFERED, "ce~model=gpt", "ce~model=claude")
    assert not complaints(app)


def test_without_several_generators_there_is_no_such_switch(fill, small_collection):
    fill(small_collection)
    app = open_page("train", "small")
    assert "Also train without each generator" not in [each.label for each in app.checkbox]
