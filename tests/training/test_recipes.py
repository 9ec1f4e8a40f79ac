"""How many epochs an arm and a checker of few rows are given."""

from dataclasses import replace

import pytest

from synthcur.arms import ARMS
from synthcur.checkers.checkers import checker_recipe
from synthcur.settings import LEAST_STEPS, MAX_EPOCHS, FitSettings, ScoreSettings
from synthcur.training.recipes import (
    FASTEST,
    MOST_JUDGED,
    PUBLISHED_RATE,
    automatic,
    count_epochs,
    count_judged,
    count_rows,
    count_steps,
    is_judged,
    least_steps,
    recipe_in_words,
    recipe_of,
    with_steps,
)

FIT = FitSettings(epochs=5, batch_size=32)


@pytest.mark.parametrize("arm", ["ce", "ce_both", "imp"])
def test_arms_that_read_synthetic_rows_follow_the_recipe(arm: str):
    assert recipe_of(ARMS[arm], FIT, 64, 25) == FIT


def test_real_rows_alone_take_as_many_steps_as_a_large_pool():
    recipe = recipe_of(ARMS["ce_real"], FIT, 4_000, 400)
    assert recipe == replace(FIT, epochs=48)
    assert (count_steps(400, recipe), count_steps(4_000, FIT)) == (624, 625)


@pytest.mark.parametrize("n_synthetic", [25, 500, 613])
@pytest.mark.parametrize("n_real", [25, 50, 100, 200, 400])
def test_real_rows_alone_are_learned_whatever_the_pool(n_synthetic: int, n_real: int):
    recipe = recipe_of(ARMS["ce_real"], FIT, n_synthetic, n_real)
    assert LEAST_STEPS <= count_steps(n_real, recipe) <= 1.1 * LEAST_STEPS


def test_a_handful_of_rows_is_not_passed_without_end():
    assert recipe_of(ARMS["ce_real"], FIT, 300_000, 25).epochs == MAX_EPOCHS
    assert with_steps(FIT, 25, 10_000).epochs == MAX_EPOCHS


def test_more_epochs_than_the_steps_take_are_kept():
    long = replace(FIT, epochs=60)
    assert with_steps(long, 400, LEAST_STEPS) == long
    assert recipe_of(ARMS["ce_real"], long, 25, 400) == long


@pytest.mark.parametrize("n_rows", [3, 32, 33, 240])
def test_a_quality_checker_of_few_rows_has_its_least_steps(n_rows: int):
    settings = ScoreSettings(fit=FIT)
    assert count_steps(n_rows, checker_recipe("quality", n_rows, 2, settings)) >= LEAST_STEPS
    assert checker_recipe("diversity", n_rows, 2, settings) == FIT


@pytest.mark.parametrize("n_epochs", [1, 5, 30, 31, 61, 150, 200])
def test_few_epochs_are_all_judged_and_of_many_some_and_the_last(n_epochs: int):
    judged = [epoch for epoch in range(1, n_epochs + 1) if is_judged(epoch, n_epochs)]
    assert judged[-1] == n_epochs
    assert count_judged(n_epochs) == len(judged) <= MOST_JUDGED
    assert len(judged) == n_epochs or n_epochs > MOST_JUDGED


def test_an_epoch_reads_the_rows_of_the_arm():
    read = [count_rows(ARMS[arm], 96, 32) for arm in ("imp", "ce_real", "ce_both")]
    assert read == [96, 32, 128]


def test_the_automatic_recipe_follows_the_width_of_the_model():
    rates = [
        automatic(FIT, width=width, n_rows=1_000, n_labels=4).learning_rate
        for width in (128, 384, 768, 1024)
    ]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == FASTEST
    assert rates[2] == PUBLISHED_RATE


@pytest.mark.parametrize(
    ("n_rows", "n_labels", "steps"),
    [
        *[(60, 2, 150), (1_400, 4, 220), (60, 150, 750), (9_600, 2, 600), (32_000, 2, 2_000)],
        (1_000_000, 2, 4_000),
    ],
    ids=["few rows", "some", "many labels", "many rows", "two passes", "not all are read"],
)
def test_the_automatic_recipe_follows_rows_and_labels(n_rows: int, n_labels: int, steps: int):
    found = automatic(FitSettings(), width=384, n_rows=n_rows, n_labels=n_labels)
    assert found.steps == steps
    assert least_steps(n_rows, n_labels, 32) == steps


def test_steps_that_are_given_stay_with_the_automatic_recipe():
    given = FitSettings(steps=40)
    assert automatic(given, width=384, n_rows=1_400, n_labels=4).steps == 40


@pytest.mark.parametrize("arm", ["ce", "ce_real", "ce_both", "witnesses"])
def test_all_arms_take_as_many_steps_where_the_recipe_counts_them(arm: str):
    found = automatic(FIT, width=384, n_rows=4_400, n_labels=4)
    recipe = recipe_of(ARMS[arm], found, 4_000, 400)
    assert recipe == found
    assert count_steps(400, recipe) == count_steps(4_400, recipe) == found.steps


def test_passes_begun_are_counted_up_to_the_last_step():
    assert count_epochs(64, FitSettings(steps=5)) == 3
    assert count_epochs(64, FitSettings(steps=4)) == 2
    assert count_epochs(64, FitSettings(epochs=7)) == 7


def test_a_recipe_is_told_in_a_line():
    assert recipe_in_words(FitSettings()) == "learning rate 6e-5, 5 epochs"
    found = automatic(FitSettings(), width=384, n_rows=1_400, n_labels=4)
    assert recipe_in_words(found) == "learning rate 1.2e-4, 220 steps, head fitted first"
