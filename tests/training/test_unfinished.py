"""Which runs were still learning when they stopped: the rule on figures that were measured."""

from dataclasses import replace

import numpy as np
import pytest

from synthcur.training.unfinished import (
    Course,
    learned_by_loss,
    no_verdict,
    unfinished_in_words,
    why_unfinished,
)

WHOLE = Course(
    learned=0.98,
    val_log_losses=(0.40, 0.19, 0.13, 0.11, 0.10),
    steps=175,
    n_rows=600,
    n_labels=35,
    batch_size=32,
)
"""A run of 35 labels whose head was fitted first; every one of its figures says that it is done."""


def test_a_run_that_has_learned_its_rows_is_done():
    assert why_unfinished(WHOLE) == "", "the log loss still falls, but there is nothing to learn"


def test_a_run_that_nothing_is_told_of_is_not_judged():
    assert why_unfinished(replace(WHOLE, learned=None, steps=1)) == ""


@pytest.mark.parametrize("learned", [0.0, 0.86, 0.99])
def test_a_run_cut_at_a_tenth_is_unfinished_however_well_its_head_was_fitted(learned):
    cut = replace(WHOLE, learned=learned, val_log_losses=(0.93,), steps=17)
    assert why_unfinished(cut) == "it took 17 steps, and 600 rows of 35 labels need 175 or more"
    assert why_unfinished(replace(cut, steps=1)).startswith("it took 1 step, and")


def test_a_run_that_has_not_read_all_its_rows_is_unfinished():
    cut = replace(WHOLE, n_rows=30_000, n_labels=2, steps=700)
    assert why_unfinished(cut) == (
        "it took 700 steps, and to read each of its 30,000 rows once takes 938"
    )
    assert why_unfinished(replace(cut, steps=938)) == ""
    large = replace(cut, n_rows=400_000, steps=1400)
    assert why_unfinished(large) == "", "of so many rows not all need be read"


def test_a_run_that_read_its_rows_once_is_unfinished_unless_it_has_learned_them():
    once = replace(WHOLE, n_rows=8400, n_labels=2, steps=263, val_log_losses=(0.5,))
    assert why_unfinished(once) == ""
    less = replace(once, learned=0.6)
    assert why_unfinished(less) == "it read its rows once, and had learned 60 % of what they teach"
    assert why_unfinished(replace(less, steps=1000)) == ""


def test_a_run_that_has_learned_little_is_unfinished():
    # 35 labels at the published rate: 77 % right, and 98 % with more steps.
    slow = replace(WHOLE, learned=0.21, val_log_losses=(3.39, 3.09, 2.88, 2.76, 2.71))
    assert why_unfinished(slow) == "it had learned 21 % of what its rows teach"
    none = replace(slow, learned=-0.13)
    assert why_unfinished(none) == "it had learned 0 % of what its rows teach"


def test_rows_that_cannot_be_learned_are_done_once_the_validation_rows_have_had_enough():
    noisy = replace(WHOLE, n_labels=3, learned=0.4, val_log_losses=(0.80, 0.74, 0.75, 0.80))
    assert why_unfinished(noisy) == ""
    assert why_unfinished(replace(noisy, val_log_losses=(0.80, 0.75, 0.74, 0.745)))


def test_a_run_whose_validation_loss_fell_to_the_end_is_unfinished():
    # 35 labels at four times the published rate: 94.5 % right, and 98 % with a head fitted first.
    falling = replace(WHOLE, learned=0.72, val_log_losses=(2.71, 1.86, 1.33, 1.06, 0.96))
    assert why_unfinished(falling) == (
        "its log loss on the validation rows still fell, from 1.06 to 0.96"
    )
    level = replace(falling, val_log_losses=(2.71, 1.86, 1.33, 1.06, 1.04))
    assert why_unfinished(level) == ""
    higher = replace(falling, val_log_losses=(0.9, 1.86, 1.33, 1.06, 0.96))
    assert why_unfinished(higher) == "", "an earlier epoch is kept"


def test_a_loss_says_how_far_plain_training_has_learned():
    assert learned_by_loss([], 3) is None
    losses = [np.log(3)] * 8 + [0.1, 0.3]
    assert learned_by_loss(losses, 3) == pytest.approx(1 - 0.2 / np.log(3))
    assert learned_by_loss([np.log(35)], 35) == pytest.approx(0)


def test_sentences_name_the_arm_the_seeds_the_reason_and_the_next_step():
    assert unfinished_in_words("IMP", (0, 1), 2, why="it took 9 steps", reached=0.728) == (
        "IMP was still learning when it stopped: it took 9 steps. Its 72.8 % could become more: "
        "train longer"
    )
    some = unfinished_in_words("IMP", (1,), 3, why="it took 9 steps", reached=0.728)
    assert some.startswith("IMP was still learning when it stopped (1 of 3 seeds): it took")


@pytest.mark.parametrize(
    ("nothing", "unfinished", "said"),
    [
        (["A"], [], "A learned nothing"),
        (["A", "B", "C"], [], "A, B and C learned nothing"),
        ([], ["A"], "A was still learning when it stopped"),
        ([], ["A", "B"], "A and B were still learning when they stopped"),
        (["A"], ["B"], "A learned nothing and B was still learning when it stopped"),
    ],
)
def test_why_there_is_no_verdict(nothing, unfinished, said):
    assert no_verdict(nothing, unfinished) == f"No verdict, since {said}: train longer"
