"""A job once more with more steps: which arms, and by which recipe."""

from dataclasses import replace

import pytest

from synthcur.jobs.longer import train_longer
from synthcur.settings import AUTOMATIC, FitSettings, TrainSettings
from tests.results.test_comparison import IMP, PLAIN, add_runs


@pytest.fixture
def job(fill, small_collection):
    store = fill(small_collection)
    arms = {"ce": PLAIN, "ce_real": PLAIN, "imp": IMP}
    made = add_runs(store, small_collection, arms, steps=70)
    return made, store.runs(made.id)


def with_fit(job, **changes):
    settings = TrainSettings.from_dict(job.settings)
    fit = replace(settings.fit, **changes)
    return replace(job, settings=replace(settings, fit=fit).to_dict())


def test_the_arms_concerned_are_trained_with_the_one_they_are_compared_with(job):
    made, runs = job
    longer = train_longer(made, runs, {"imp"}, baseline="ce")
    before = TrainSettings.from_dict(made.settings)
    assert longer == replace(before, arms=("ce", "imp"), fit=replace(before.fit, epochs=15))
    assert train_longer(made, runs, {"imp"}, baseline="dimp").arms == ("imp",)


def test_all_arms_are_trained_again_where_the_one_they_are_compared_with_is_concerned(job):
    made, runs = job
    assert train_longer(made, runs, {"ce"}, baseline="ce").arms == ("ce", "ce_real", "imp")


def test_steps_are_multiplied_where_the_recipe_counts_in_them_or_epochs_end(job):
    made, runs = job
    in_steps = with_fit(made, steps=50)
    assert train_longer(in_steps, runs, {"imp"}, baseline="ce").fit.steps == 150
    long = train_longer(with_fit(made, epochs=100), runs, {"imp"}, baseline="ce").fit
    assert (long.epochs, long.steps) == (100, 210), "three times the 70 that it took"


def test_an_automatic_recipe_stays_automatic_with_more_steps_than_it_found(job):
    made, runs = job
    found = FitSettings(steps=90, learning_rate=2e-4, warmup=0.06, head_first=True)
    settings = replace(TrainSettings.from_dict(made.settings), recipe=AUTOMATIC)
    told = replace(made, settings=settings.to_dict(), recipe={"fit": found.to_dict()})
    longer = train_longer(told, runs, {"imp"}, baseline="ce")
    assert (longer.recipe, longer.fit) == (AUTOMATIC, FitSettings(steps=270))


def test_arms_that_there_are_no_more_are_left_out(job):
    made, runs = job
    gone = replace(made, settings={**made.settings, "arms": ["ce", "old", "imp"]})
    assert train_longer(gone, runs, {"ce", "old"}, baseline="ce").arms == ("ce", "imp")
