"""The Train page on checkers that are not to be trusted and on runs that learned nothing."""

from tests.conftest import doubt_checkers
from tests.test_pages import complaints, open_page
from tests.test_report import PLAIN, add_runs
from tests.test_train_page import charts, drawn_rows, no_processes, run_job, run_records

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
