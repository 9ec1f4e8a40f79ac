"""The Results page without a browser: verdict, tables, choices and downloads."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from harness.collections import add_finished_job
from synthcur.jobs import job_queue
from synthcur.settings import TrainSettings
from synthcur.stats.metrics import paired_difference
from synthcur.store.records import chosen_checkers
from synthcur.training.learning_curve import LearningCurveSettings
from synthcur.ui.results import rail
from tests.exports.test_downloads import keep_model
from tests.results.test_comparison import IMP, PLAIN, TRUE, add_runs
from tests.ui.test_pages import complaints, open_page
from tests.worker.test_learning_runs import add_curve


@pytest.fixture
def toy(fill, small_collection):
    """Return a store with one job of plain training and IMP, worked out in test_report."""
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    return store


def captions(app):
    return " ".join(each.value for each in app.caption)


def test_without_a_run_the_page_names_what_is_missing_and_offers_one_way(fill, small_collection):
    fill(small_collection, scored=False)
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.title[0].value == "No run yet: nothing has been compared"
    steps = " ".join(each.value for each in app.markdown)
    assert "40 synthetic, 24 real to learn from, 12 to choose checkpoints, 12 to report" in steps
    assert "**Checkers**: none has scored these rows yet" in steps
    assert "**A finished run**: none yet" in steps
    for title in ("Arms", "By label", "Confusion, change", "Flipped test rows", "Provenance"):
        assert f"**{title}**" in steps, "what will stand here is told"
    assert [button.label for button in app.button] == ["Go to Train", "Measure the learning curve"]


@pytest.mark.parametrize(
    ("end", "title", "words"),
    [
        ("", "Run 1 has finished no arm yet", "**A finished run**: in progress"),
        ("failed", "Run 1 failed before an arm had finished", "none yet"),
    ],
)
def test_a_run_without_a_result_is_named(fill, small_collection, end, title, words):
    store = fill(small_collection)
    job = store.add_job("train", "small", settings=asdict(TrainSettings()), scores={})
    if end:
        store.move_job(job.id, end, only_from=("queued",), what="The disk is full: 1 MB is free.")
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.title[0].value == title
    steps = " ".join(each.value for each in app.markdown)
    assert words in steps
    assert "reads 71.0 % of real rows right" in steps
    assert app.button[0].label == ("Go to Train" if end else "Watch the run")
    if end:
        assert "The disk is full" in app.caption[0].value


def test_the_verdict_is_the_title_and_the_table_is_worked_out_by_hand(toy):
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.title[0].value == (
        r"No evidence of a difference between IMP\, P′\/Q and plain training"
    )
    table = app.dataframe[0].value
    assert table["Arm"].tolist() == ["IMP, P′/Q", "Plain (synthetic only)"]
    assert table["Seeds"].tolist() == [2, 2]
    assert table["Accuracy"].tolist() == pytest.approx([2200 / 24, 75])
    assert table["Verdict"].tolist() == [["no evidence"], ["baseline"]]
    assert table["Against Plain"][0].startswith("+16.7 [")
    assert "12 real test rows and 2 seeds; p = 0." in captions(app)
    assert table["p"][0] == paired_difference(IMP, PLAIN, TRUE).p_value
    assert np.isnan(table["p"][1])


def test_the_p_value_is_corrected_for_all_arms_and_says_so(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP, "dimp": PLAIN})
    app = open_page("results", "small")
    assert not complaints(app)
    alone = paired_difference(IMP, PLAIN, TRUE).p_value
    assert app.dataframe[0].value["p"][0] == pytest.approx(2 * alone)
    assert f"; p = {2 * alone:.2f} after Holm correction over 2 arms." in captions(app)


def test_flips_stand_beside_their_test(toy):
    said = captions(open_page("results", "small"))
    assert "2 gained and 0 lost are no evidence of a difference" in said
    assert "exact McNemar test of this pair, p = 0.50" in said
    assert "By what most of 2 seeds say" in said


def test_another_baseline_turns_the_comparison_round(toy):
    app = open_page("results", "small")
    job = toy.jobs("small")[0]
    app.selectbox(key=f"results_baseline_{job.id}").set_value("imp").run()
    assert not complaints(app)
    table = app.dataframe[0].value
    assert table["Against IMP"].tolist()[1].startswith("−16.7 [")
    assert table["Verdict"].tolist() == [["baseline"], ["no evidence"]]


def test_another_score_changes_the_column(toy):
    app = open_page("results", "small")
    app.selectbox(key="results_metric_small").set_value("macro_f1").run()
    assert "Macro-F1" in app.dataframe[0].value
    assert "macro-F1" in captions(app)


def test_flipped_rows_can_be_read_in_both_directions(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": ((TRUE + 1) % 3, TRUE)})
    app = open_page("results", "small")
    radio = app.radio(key="results_flips")
    gained = app.dataframe[1].value
    assert list(gained) == ["Text", "Plain said", "True"]
    radio.set_value(False).run()
    assert list(app.dataframe[1].value) == ["Text", "IMP said", "True"]


def test_one_seed_is_said(fill, small_collection):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"ce": 0.5, "imp": 0.9}, seeds=1)
    app = open_page("results", "small")
    assert "1 seed, whose luck it leaves out" in captions(app)
    assert "1 seed" in " ".join(each.value for each in app.markdown)


def test_results_of_a_job_that_still_runs_are_marked_as_partial(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP[:1]}, end="")
    app = open_page("results", "small")
    assert not complaints(app)
    assert "3 of 4 runs" in " ".join(each.value for each in app.markdown)


def test_without_the_baseline_the_arms_stand_alone(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"imp": IMP})
    app = open_page("results", "small")
    assert not complaints(app)
    assert app.dataframe[0].value["Verdict"].tolist() == [["baseline"]]
    assert "needs a second arm" in captions(app)


def test_models_rows_and_the_command_can_be_taken_away(toy, small_collection):
    job = toy.jobs("small")[0]
    keep_model(toy, job, "imp", seed=1)
    app = open_page("results", "small")
    labels = {button.proto.label for button in app.get("download_button")}
    assert labels == {
        r"IMP\, P′\/Q, seed 1",
        "Parquet",
        "JSON Lines",
        "CSV, safe for spreadsheets",
        "XLSX, without formulas",
        "Folder for datasets, with card",
        "File for Label Studio",
        "Report, HTML",
        "Download the IMP model",
    }
    assert any("synthcur train small --arms ce,imp --seeds 2" in code.value for code in app.code)


def test_rows_can_be_taken_to_every_tool_that_reads_them(toy, small_collection):
    app = open_page("results", "small")
    assert any('<Choice value="pests"/>' in code.value for code in app.code)
    tools = next(box for box in app.selectbox if box.label == "Tool")
    assert tools.options == ["Label Studio", "Prodigy", "doccano", "Argilla", "Chat messages"]
    tools.select("argilla").run()
    labels = {button.proto.label for button in app.get("download_button")}
    assert "File for Argilla" in labels
    assert not any("<Choice" in code.value for code in app.code)


def test_what_the_results_were_made_from_is_named(toy, small_collection):
    app = open_page("results", "small")
    made_from = app.code[0].value
    assert f"data     {small_collection.fingerprint[:7]}" in made_from
    assert "seeds    0-1" in made_from


def test_more_labels_than_fit_are_cut_and_the_card_says_so(fill, small_collection, monkeypatch):
    from synthcur.ui.results import panel

    monkeypatch.setattr(panel, "MOST_LABELS", 2)
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    app = open_page("results", "small")
    assert not complaints(app)
    assert captions(app).count("The 2 of 3 labels that change most.") == 2


CURVE = LearningCurveSettings(arms=("ce_real", "ce", "dimp"), seeds=2, sizes=(6, 24))


def test_a_learning_curve_is_offered_with_its_size_and_started(toy, monkeypatch):
    submitted = []
    monkeypatch.setattr(
        job_queue, "submit_learning_curve", lambda store, *settings: submitted.append(settings)
    )
    app = open_page("results", "small")
    offered = next(each.value for each in app.markdown if "of the real training rows" in each.value)
    assert "with 24 of the real training rows, 3 seeds" in offered
    assert "24 runs; no run of this model has been timed on this machine yet" in offered
    app.button(key="results_learning_start").click().run()
    assert not complaints(app)
    (name, settings), *_ = submitted
    assert (name, settings.sizes, settings.seeds) == ("small", (24,), 3)


def test_a_running_curve_is_drawn_as_far_as_it_is_and_can_be_stopped(
    toy, small_collection, monkeypatch
):
    add_curve(toy, small_collection, CURVE, {("ce", 0): 0.5, ("ce_real", 6): 0.25}, end="")
    monkeypatch.setattr(job_queue, "poll", lambda *_, **__: None)
    app = open_page("results", "small")
    assert not complaints(app)
    assert "4 of 10 runs done" in captions(app)
    assert "results_learning_start" not in [button.key for button in app.button]
    chart = next(each for each in app.get("plotly_chart") if "Real only" in each.proto.spec)
    assert "Dashed: reads no real row" in captions(app)
    assert "ce_real: 25.0 [" in chart.proto.alt
    stopped = []
    monkeypatch.setattr(job_queue, "cancel", lambda store, job_id: stopped.append(job_id))
    app.button(key="results_learning_cancel").click().run()
    assert stopped == [toy.jobs("small")[0].id]


def test_a_finished_curve_says_with_how_many_real_rows_synthetic_ones_pay(toy, small_collection):
    accuracy = {("ce_real", 6): 0.25, ("ce_real", 24): 1, ("dimp", 6): 1, ("dimp", 24): 1}
    add_curve(toy, small_collection, CURVE, accuracy)
    app = open_page("results", "small")
    assert not complaints(app)
    verdict = next(each.value for each in app.markdown if "Synthetic rows pay" in each.value)
    assert "pay with 6 real ones" in verdict
    assert "24 real rows\\: No evidence of a difference" in captions(app)
    assert app.button(key="results_learning_start").label == "Measure the learning curve"


def test_a_curve_that_failed_says_why(toy, small_collection):
    add_curve(toy, small_collection, CURVE, {("ce", 0): 0.5}, end="")
    job = toy.jobs("small")[0]
    toy.move_job(job.id, "failed", only_from=("running",), what="No memory.", fix="Buy some.")
    app = open_page("results", "small")
    assert [error.value for error in app.error] == ["No memory\\.  \nBuy some\\."]
    assert app.button(key="results_learning_start")


def test_the_provenance_names_everything_and_the_difference_of_two_runs(toy, small_collection):
    sample = small_collection.synthetic["sample_id"][0]
    toy.decisions.append(
        "small",
        sample_id=sample,
        annotator="me",
        action="discard",
        client_id="t",
        client_seq=1,
        expected_seq=0,
    )
    first = toy.jobs("small")[0]
    second = add_runs(toy, small_collection, {"ce": IMP, "imp": IMP})
    app = open_page("results", "small")
    assert not complaints(app)
    whole = next(each.value for each in app.dataframe if "What" in each.value)
    assert small_collection.fingerprint in whole["Run 2"].tolist()
    assert "Plain, seed 1, predictions" in whole["What"].tolist()
    app.selectbox(key=f"results_diff_{second.id}").set_value(first.id).run()
    differs = next(each.value for each in app.dataframe if "What" in each.value)
    assert differs["What"].tolist() == ["decisions", "decisions, hash"]
    assert differs.iloc[0].tolist() == ["decisions", "none", "1 discard"]
    review = next(each.value for each in app.dataframe if "Accuracy before" in each.value)
    assert review["Arm"].tolist() == ["Plain", "IMP"]
    assert review["Difference, points"][0].startswith("+16.7 [")


def test_a_run_is_queued_again_with_the_same_settings_once(toy, monkeypatch):
    submitted = []
    monkeypatch.setattr(job_queue, "submit_train", lambda store, *what: submitted.append(what))
    job = toy.jobs("small")[0]
    app = open_page("results", "small")
    app.button(key=f"results_rerun_{job.id}").click().run()
    ((name, settings),) = submitted
    assert (name, settings.to_dict()["arms"]) == ("small", list(job.settings["arms"]))


def test_changed_rows_are_those_weighed_apart_and_come_by_nearness(fill, small_collection):
    from harness.collections import make_scores
    from synthcur.results.influence import changed_rows, nearest

    store = fill(small_collection)
    scores = store.scores("small")["probe"].artefacts
    job = add_runs(store, small_collection, {"ce": PLAIN, "p_only": IMP})
    job = replace(job, spec={**job.spec, "scores": scores})
    runs = {run.arm: run for run in store.runs(job.id)}
    changed = changed_rows(store, job, runs["p_only"], runs["ce"])
    assert changed is not None
    made = make_scores(small_collection)
    labels = small_collection.label_ids(small_collection.synthetic)
    own = store.artefacts.array(scores["quality"], "synthetic")[np.arange(len(labels)), labels]
    relative = own / own.mean()
    expected = (relative >= 2) | (relative <= 0.5)
    texts = small_collection.synthetic["text"].to_numpy()
    assert sorted(changed.rows["text"]) == sorted(texts[expected])
    target = int(np.flatnonzero(expected)[0])
    found = nearest(changed, made["embeddings"]["synthetic"][target], most=3)
    assert found["text"][0] == texts[target]
    assert found["cosine"][0] == pytest.approx(1, abs=1e-5)
    assert found["arm_weight"][0] == pytest.approx(relative[target], rel=1e-5)
    assert changed_rows(store, job, runs["ce"], runs["ce"]).rows.empty


def test_rows_are_told_with_the_run_s_checkers_or_else_with_the_best_there_are(
    fill, small_collection
):
    store = fill(small_collection, scored=False)
    job = add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP})
    for checkers, accuracy in (("finetune", 0.5), ("average", 0.8)):
        measured = {"accuracy": accuracy, "low": 0.4, "high": 0.9, "n": 24, "how": "out of fold"}
        trust = {"quality": measured, "diversity": measured}
        store.add_scores("small", checkers=checkers, artefacts={}, trust=trust)
    scored = store.scores("small")
    assert list(scored) == ["finetune", "average"], "the oldest is not the best"
    assert TrainSettings.from_dict(job.settings).checkers == "probe", "removed since"
    assert rail.weighed_by(store, job)[0] == "average"
    assert chosen_checkers(scored, "probe") == chosen_checkers(scored) == "average"
    assert chosen_checkers(scored, "finetune") == "finetune"
    assert chosen_checkers({}, "probe") is None


def test_arms_below_the_linear_probe_are_said_and_its_model_is_the_one_offered(
    fill, small_collection
):
    store = fill(small_collection)
    predicted = {"ce": PLAIN, "imp": IMP, "probe_real": PLAIN, "probe_both": IMP}
    validation = {"ce": 0.5, "imp": 0.6, "probe_real": 0.7, "probe_both": 0.95}
    job = add_runs(store, small_collection, predicted, validation=validation)
    keep_model(store, job, "imp", seed=1)
    keep_model(store, job, "probe_both", seed=1)
    app = open_page("results", "small")
    assert not complaints(app)
    assert r"Below the linear probe \(synthetic \+ real\)" in captions(app)
    labels = [button.label for button in app.get("download_button")]
    assert labels[0] == "Download the Probe (both) model"
    assert any(label.endswith("(below the linear probe)") for label in labels)


def test_what_a_generator_is_worth_has_a_card_and_is_no_arm_to_compare_with(fill, small_collection):
    store = fill(small_collection)
    without = "ce~generator=gpt-4o"
    told = {arm: {"rows": rows, "learned": 0.99} for arm, rows in (("ce", 40), (without, 30))}
    add_runs(store, small_collection, {"ce": IMP, without: PLAIN}, told=told, steps=200)
    app = open_page("results", "small")
    assert not complaints(app)
    assert "**What each generator is worth**" in [each.value for each in app.markdown]
    (worth,) = (each.value for each in app.dataframe if list(each.value)[:2] == ["value", "rows"])
    assert worth.iloc[0][["value", "rows"]].tolist() == ["gpt-4o", 10]
    assert "gpt\\-4o" in captions(app)
    (baseline,) = (each for each in app.selectbox if each.label == "Compare with")
    assert baseline.options == ["Plain (synthetic only)"]


def test_the_arms_are_split_by_the_column_that_is_chosen(fill, small_collection):
    markup = ":red[x] <b>"
    rows = small_collection.rows
    is_test = (rows["split"] == "test").to_numpy()
    channel = [markup if i % 2 else "mail" for i in range(len(rows))]
    told = replace(
        small_collection,
        provenance=pd.DataFrame({"channel": np.where(is_test, channel, None), "id": rows["row"]}),
    )
    store = fill(told)
    add_runs(store, told, {"ce": PLAIN, "imp": IMP})
    app = open_page("results", "small")
    assert not complaints(app)
    (chosen,) = (each for each in app.selectbox if each.label == "By")
    assert chosen.options == ["By label", "By channel"]
    assert chosen.value == "channel"

    def groups():
        return next(each.value for each in app.dataframe if "group" in each.value)

    assert sorted(groups()["group"]) == sorted(["mail", markup])
    assert groups()["rows"].tolist() == [6, 6]
    assert "Under 20 test rows" in captions(app)
    chosen.set_value("label").run()
    assert not complaints(app)
    assert groups()["group"].tolist() == list(small_collection.labels)
