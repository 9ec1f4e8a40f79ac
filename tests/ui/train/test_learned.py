"""The Train page on checkers not to be trusted and on runs that were trained too little."""

from harness.collections import doubt_checkers, make_collection
from synthcur.settings import TrainSettings
from synthcur.ui.parts import plain
from tests.results.test_comparison import IMP, PLAIN, add_runs
from tests.results.test_comparison_learning import DONE, SLOW, WHY
from tests.ui.test_pages import complaints, open_page
from tests.ui.train.test_page import charts, drawn_rows, no_processes, run_job, run_records

__all__ = ["no_processes"]  # a fixture that starts no worker


def test_arms_with_weights_are_warned_of_checkers_that_are_not_to_be_trusted(
    fill, small_collection
):
    store = fill(small_collection)
    assert not open_page("train", "small").warning
    doubt_checkers(store, "small")
    app = open_page("train", "small")
    (said,) = app.warning
    assert "The quality checker is not to be trusted" in said.value
    for box in app.checkbox:
        if box.value and not box.label.startswith("Plain"):
            box.set_value(False)
    assert not app.run().warning, "plain training asks no checker"


def test_runs_that_learned_nothing_are_marked_and_counted(fill, small_collection):
    store = fill(small_collection)
    add_runs(store, small_collection, {"ce": [[0] * 12, PLAIN[0]], "imp": [[1] * 12] * 2})
    app = open_page("train", "small")
    assert not complaints(app)
    table = app.dataframe[0].value
    marked = {
        (row["Arm"], row["Seed"])
        for row in table.to_dict("records")
        if list(row["State"]) == ["learned nothing"]
    }
    assert marked == {("IMP, P′/Q", 0), ("IMP, P′/Q", 1), ("Plain (synthetic only)", 0)}
    assert "3 of 4 runs learned nothing: train longer" in " ".join(
        each.value for each in app.caption
    )


def test_the_validation_accuracy_stands_beside_the_largest_label(fill, small_collection):
    store = fill(small_collection)
    run_job(store, records=run_records("ce", 0, epochs=2))
    app = open_page("train", "small")
    said = [
        row["text"]
        for chart in charts(app)
        for row in drawn_rows(chart).to_dict("records")
        if row["kind"].startswith("majority")
    ]
    assert [each.removeprefix("↓ ") for each in said] == [
        "always the largest label, 33.3 %",
        "always the largest label, 16.7 %",
    ]


def test_runs_that_were_still_learning_are_marked_and_trained_longer_by_one_press(
    fill, small_collection
):
    store = fill(small_collection)
    told = {"ce": DONE, "imp": {**SLOW, "val_accuracy": 0.728}}
    job = add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP}, steps=200, told=told)
    app = open_page("train", "small")
    assert not complaints(app)
    states = {(row["Arm"], *row["State"]) for row in app.dataframe[0].value.to_dict("records")}
    assert states == {("Plain (synthetic only)", "done"), ("IMP, P′/Q", "still learning")}
    said = plain(
        f"IMP, P′/Q was still learning when it stopped: {WHY}. Its 72.8 % could become more: "
        "train longer",
        limit=400,
    )
    assert said in " ".join(each.value for each in app.caption)
    app.button(key=f"train_longer_{job.id}").click().run()
    longer, first = store.jobs("small")
    settings = TrainSettings.from_dict(longer.settings)
    assert (settings.arms, settings.seeds) == (("ce", "imp"), 2)
    assert settings.fit.epochs == 3 * TrainSettings.from_dict(first.settings).fit.epochs


def test_nothing_is_to_be_trained_longer_where_all_is_done(fill, small_collection):
    store = fill(small_collection)
    told = {"ce": DONE, "imp": DONE}
    add_runs(store, small_collection, {"ce": PLAIN, "imp": IMP}, steps=200, told=told)
    app = open_page("train", "small")
    assert "Train longer" not in [button.label for button in app.button]


def log_loss_records(arm, seed):
    """Two epochs of a run that tells its log loss; the first is the better one, and is kept."""
    run = {"arm": arm, "seed": seed}
    yield "run_started", {**run, "steps": 20}
    for epoch, f1 in ((1, 0.6), (2, 0.5)):
        scores = {"val_accuracy": 0.8, "val_macro_f1": f1, "val_log_loss": 0.3 + epoch / 10}
        yield "metric", {**run, "step": 10 * epoch, "epoch": epoch, "loss": 0.5, **scores}
    yield "run_done", {**run, "val_accuracy": 0.8, "best_epoch": 1, "rows": 40}


def test_the_validation_log_loss_is_drawn_where_runs_tell_it(fill, small_collection):
    store = fill(small_collection)
    run_job(store, records=log_loss_records("ce", 0))
    app = open_page("train", "small")
    assert not complaints(app)
    titles = [each.proto.alt.split(" by epoch")[0] for each in charts(app)]
    assert titles == ["Training loss", "Validation log loss", "Validation accuracy"]
    assert r"it can rise while accuracy still rises" in " ".join(each.value for each in app.caption)
    assert app.dataframe[0].value["Validation accuracy"].tolist()[0] == 80


def test_macro_f1_comes_first_where_most_validation_rows_have_one_label(fill, small_collection):
    rows = [
        (row.source, row.split, row.text, row.label)
        for row in small_collection.rows.itertuples()
        if row.split != "validation" or row.label == small_collection.labels[0]
    ]
    store = fill(make_collection("small", rows, small_collection.labels), scored=False)
    run_job(store, arms=("ce",), records=log_loss_records("ce", 0))
    app = open_page("train", "small")
    assert not complaints(app)
    titles = [each.proto.alt.split(" by epoch")[0] for each in charts(app)]
    assert titles == ["Training loss", "Validation log loss", "Validation macro-F1"]
    table = app.dataframe[0].value
    assert table["Validation macro-F1"].tolist()[0] == 60, "that of the epoch that is kept"
    assert "100 % of the validation rows have one label, so macro-F1 comes first" in " ".join(
        each.value for each in app.caption
    )
