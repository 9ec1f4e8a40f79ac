"""What always naming the largest label gets, and which models are told to have learned nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn import metrics

from synthcur.stats.majority import (
    learned_nothing,
    majority_in_words,
    majority_score,
    nothing_in_words,
)
from synthcur.stats.metrics import ACCURACY, MACRO_F1

UNEVEN = np.repeat([0, 1], [180, 20])
EVEN = np.repeat([0, 1, 2], 20)


def test_the_majority_has_a_score_by_either_metric():
    labels = [0, 0, 0, 1, 2]
    assert majority_score(labels) == pytest.approx(0.6)
    # Its F1 is 6/8 for the largest label and 0 for the two others.
    assert majority_score(labels, MACRO_F1) == pytest.approx(0.75 / 3)
    assert majority_score([4, 4]) == 1.0
    assert majority_score([]) == 0.0
    assert majority_in_words(0.43) == "always the largest label, 43.0 %"


@given(some.lists(some.integers(0, 4), min_size=1, max_size=40))
def test_the_majority_is_scored_as_scikit_learn_scores_it(labels):
    said = [np.bincount(labels).argmax()] * len(labels)
    assert majority_score(labels, ACCURACY) == pytest.approx(max(np.bincount(labels)) / len(labels))
    f1 = metrics.f1_score(labels, said, average="macro", zero_division=0)
    assert majority_score(labels, MACRO_F1) == pytest.approx(f1)


@pytest.mark.parametrize("label", [0, 1, 2, 3])
def test_a_model_that_names_one_label_learned_nothing(label):
    assert learned_nothing(np.full((2, 60), label), EVEN).tolist() == [True, True]


def test_a_model_that_all_but_names_one_label_learned_nothing():
    # 36 of 60 rows that it tells from the largest label are right: chance explains that hardly,
    # but of 2,000 rows it has 12 more right than the largest label has.
    labels = np.repeat([0, 1], [1200, 800])
    said = np.zeros(2000, dtype=int)
    said[:24] = 1
    said[1200:1236] = 1
    assert learned_nothing(said, labels).tolist() == [True]


def test_every_seed_is_judged_by_itself():
    assert learned_nothing([EVEN, np.zeros(60)], EVEN).tolist() == [False, True]


def test_a_model_of_uneven_rows_may_have_fewer_right_than_the_largest_label():
    said = UNEVEN.copy()
    said[:36], said[180:184] = 1, 0  # 80 of 100 rows of either label are right
    assert np.mean(said == UNEVEN) < majority_score(UNEVEN)
    assert learned_nothing(said, UNEVEN).tolist() == [False]


def test_a_model_that_is_wrong_on_purpose_learned_something():
    assert learned_nothing((EVEN + 1) % 3, EVEN).tolist() == [False]


def test_rows_of_one_label_tell_nothing():
    assert learned_nothing(np.zeros((1, 9)), np.zeros(9)).tolist() == [False]


def test_how_often_the_rule_is_wrong():
    random = np.random.default_rng(0)

    def share(n, right, *, n_models=2000):
        labels = np.arange(n) % 3
        wrong = (labels + random.integers(1, 3, size=(n_models, n))) % 3
        said = np.where(random.random((n_models, n)) < right, labels, wrong)
        return learned_nothing(said, labels).mean()

    assert share(12, 0.7) < 0.1
    assert share(30, 0.7) < 0.01
    assert share(60, 0.6) < 0.01
    assert share(300, 0.5) < 0.01
    assert share(30, 1 / 3) > 0.75
    assert share(300, 1 / 3) > 0.8


@given(some.integers(0, 10_000), some.integers(2, 4))
def test_the_chance_that_blind_answers_are_judged_by_is_that_of_shuffled_ones(seed, n_labels):
    from synthcur.stats.majority import _blind_recall

    random = np.random.default_rng(seed)
    labels = np.r_[np.arange(n_labels), random.integers(n_labels, size=20)]
    said = random.choice(n_labels + 1, size=len(labels), p=random.dirichlet([1] * (n_labels + 1)))
    shuffled = np.stack([random.permutation(said) for _ in range(4000)])
    recall, spread = _blind_recall(shuffled, labels)
    assert recall.mean() == pytest.approx(0, abs=5 * spread[0] / np.sqrt(4000) + 1e-9)
    assert recall.std() == pytest.approx(spread[0], rel=0.1, abs=1e-9)


def test_sentences_name_the_arm_the_seeds_and_the_next_step():
    assert nothing_in_words("IMP", (0, 1), 2) == "IMP learned nothing: train longer"
    assert nothing_in_words("IMP", (1,), 3) == "IMP learned nothing (1 of 3 seeds): train longer"
