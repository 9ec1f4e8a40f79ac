"""The Train page: by which recipe arms are trained, and the probes beside them."""

from harness.collections import add_finished_job
from synthcur.settings import FitSettings, TrainSettings
from tests.results.test_comparison import IMP, PLAIN, add_runs
from tests.ui.test_pages import complaints, open_page
from tests.ui.train.test_page import charts, no_processes, run_job, title

__all__ = ["no_processes"]  # a fixture


def test_who_changes_nothing_trains_by_the_automatic_recipe_and_reads_what_it_is(
    fill, small_collection
):
    store = fill(small_collection)
    app = open_page("train", "small")
    said = " ".join(caption.value for caption in app.sidebar.caption)
    assert "Learning rate 1\\.2e\\-4" in said
    assert "150 steps" in said
    assert "64 rows of 3 labels and a model 384 units wide" in said
    app.button(key="train_start").click().run()
    (job,) = store.jobs("small")
    assert TrainSettings.from_dict(job.settings).recipe == "automatic"


def test_the_published_recipe_is_one_choice_away(fill, small_collection):
    store = fill(small_collection)
    app = open_page("train", "small")
    app.selectbox(key="train_recipe").set_value("fixed").run()
    app.button(key="train_start").click().run()
    (job,) = store.jobs("small")
    settings = TrainSettings.from_dict(job.settings)
    assert (settings.recipe, settings.fit) == ("fixed", FitSettings())


def test_a_linear_probe_has_neither_curve_nor_epoch(fill, small_collection):
    store = fill(small_collection)
    done = {"val_accuracy": 0.75, "seconds": 2.0, "rows": 64}
    first = {"arm": "probe_both", "seed": 0}
    records = [
        ("run_started", first),
        ("run_done", {**first, **done}),
        ("run_started", {"arm": "probe_both", "seed": 1}),
    ]
    run_job(store, arms=("ce", "probe_both"), records=records)
    app = open_page("train", "small")
    assert not complaints(app)
    assert title(app).startswith("Run 1: Probe (both), takes seconds")
    assert not charts(app)
    table = app.dataframe[0].value
    assert table["Epochs"].isna().all()
    assert table["Validation accuracy"].dropna().tolist() == [75.0]
    assert "has no curve" in " ".join(each.value for each in app.caption)


def test_a_run_of_probes_alone_is_told_without_a_curve(fill, small_collection):
    store = fill(small_collection)
    add_finished_job(store, small_collection, {"probe_real": 0.8, "probe_both": 0.9})
    app = open_page("train", "small")
    assert not complaints(app)
    assert "has no curve" in " ".join(each.value for each in app.caption)


def test_arms_below_the_linear_probe_are_named_as_soon_as_they_end(fill, small_collection):
    store = fill(small_collection)
    predicted = {"ce": PLAIN, "probe_both": IMP}
    add_runs(store, small_collection, predicted, validation={"ce": 0.5, "probe_both": 0.95})
    app = open_page("train", "small")
    assert not complaints(app)
    said = " ".join(each.value for each in app.caption)
    assert r"Below the linear probe \(synthetic \+ real\) on the 120 validation rows" in said
