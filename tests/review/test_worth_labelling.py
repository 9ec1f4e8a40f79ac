"""The order in which unlabelled rows are asked for."""

import numpy as np
import pytest

from synthcur.review.worth_labelling import RANDOM_EVERY, density, uncertainty, worth_labelling


def test_a_row_is_uncertain_as_its_two_likeliest_labels_are_close():
    probs = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.6, 0.3]])
    assert uncertainty(probs) == pytest.approx([0.0, 1.0, 0.7])


def test_a_row_is_dense_as_its_neighbours_are_like_it_and_never_less_than_not_at_all():
    assert density(np.array([[1.0, 0.5], [0.2, -0.4]])) == pytest.approx([0.75, 0.1])


def test_the_row_that_wavers_among_many_comes_before_the_one_that_wavers_alone():
    probs = np.array([[0.5, 0.5], [0.5, 0.5], [0.99, 0.01]])
    cosine = np.array([[0.1], [0.9], [0.9]])
    assert worth_labelling(probs, cosine).rows.tolist() == [1, 0, 2]


@pytest.mark.parametrize("n", [0, 1, 9, 10, 137])
def test_every_row_is_asked_for_once_and_a_tenth_of_the_places_is_a_fair_draw(n: int):
    rng = np.random.default_rng(n)
    probs, cosine = rng.dirichlet(np.ones(4), size=n), rng.random((n, 5))
    order = worth_labelling(probs, cosine)
    assert sorted(order.rows.tolist()) == list(range(n))
    assert order.is_random.sum() == n // RANDOM_EVERY


def test_the_random_places_do_not_follow_the_scores():
    n = 2_000
    probs = np.linspace(0.5, 1.0, n)[:, None] * [1, 0] + np.linspace(0.5, 0.0, n)[:, None] * [0, 1]
    first = [
        worth_labelling(probs, np.ones((n, 1)), seed=seed).rows[RANDOM_EVERY - 1]
        for seed in range(200)
    ]
    assert abs(np.mean(first) / n - 0.5) < 0.1, "the most and the least sure are drawn alike"
    again = worth_labelling(probs, np.ones((n, 1)), seed=3)
    assert again.rows.tolist() == worth_labelling(probs, np.ones((n, 1)), seed=3).rows.tolist()
