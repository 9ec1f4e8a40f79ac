"""Joining what two checkers and the generator say of a label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from synthcur.training.label_model import fit_powers, join, judge, share_wrong


def opinions_about(
    labels: np.ndarray, random: np.random.Generator, *, n_labels: int, strength: float
) -> np.ndarray:
    """Calibrated by construction: the posterior of noisy measurements of the labels."""
    seen = random.normal(size=(len(labels), n_labels))
    seen[np.arange(len(labels)), labels] += strength
    odds = np.exp(strength * seen)
    return odds / odds.sum(axis=1, keepdims=True)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_probabilities_sum_to_one_and_follow_the_rows(seed: int, n_labels: int):
    random = np.random.default_rng(seed)
    pair = [random.dirichlet(np.full(n_labels, 0.3), size=20) for _ in range(2)]
    labels = random.integers(0, n_labels, size=20)
    powers, order = random.uniform(0, 3, size=2), random.permutation(20)
    joined = join(pair, powers)
    targets = judge(joined, labels, 0.2)
    for each in (joined, targets):
        np.testing.assert_allclose(each.sum(axis=1), 1)
    np.testing.assert_allclose(join([each[order] for each in pair], powers), joined[order])
    np.testing.assert_allclose(judge(joined[order], labels[order], 0.2), targets[order])


def test_a_checker_is_believed_as_far_as_it_is_right():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, size=2000)
    good = opinions_about(labels, random, n_labels=3, strength=1.5)
    blind = random.dirichlet(np.ones(3), size=2000)
    powers = fit_powers([good, blind], labels)
    assert powers[0] == pytest.approx(1, abs=0.1)  # calibrated and alone: as it is
    assert powers[1] == pytest.approx(0, abs=0.1)


def test_two_independent_checkers_are_multiplied():
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, size=4000)
    pair = [opinions_about(labels, random, n_labels=3, strength=each) for each in (0.7, 1.5)]
    np.testing.assert_allclose(fit_powers(pair, labels), 1, atol=0.12)


def test_few_rows_leave_the_plain_geometric_mean():
    opinion = np.array([[0.6, 0.4], [0.5, 0.5]])
    powers = fit_powers([opinion, opinion], np.array([0, 1]))
    np.testing.assert_allclose(powers, 0.5, atol=0.1)


def test_powers_are_the_least_of_the_loss_that_the_docstring_states():
    random = np.random.default_rng(2)
    labels = random.integers(0, 4, size=60)
    pair = [random.dirichlet(np.ones(4), size=60) for _ in range(2)]

    def cost(powers: np.ndarray) -> float:
        product = pair[0] ** powers[0] * pair[1] ** powers[1]
        own = (product / product.sum(axis=1, keepdims=True))[np.arange(60), labels]
        return -np.log(own).sum() + 2 * np.square(powers - 0.5).sum()

    found = fit_powers(pair, labels)
    best = optimize.brute(cost, ((0, 3), (0, 3)), Ns=61, finish=None)
    assert cost(found) <= cost(np.asarray(best)) + 1e-9


@pytest.mark.parametrize("truth", [0.0, 0.1, 0.3, 0.6])
def test_the_share_of_wrong_labels_is_found(truth: float):
    random = np.random.default_rng(3)
    right = random.integers(0, 4, size=5000)
    opinion = opinions_about(right, random, n_labels=4, strength=1.8)
    is_wrong = random.random(5000) < truth
    labels = np.where(is_wrong, (right + random.integers(1, 4, size=5000)) % 4, right)
    found = share_wrong(opinion, labels)
    assert found == pytest.approx(truth, abs=0.03)
    believed = judge(opinion, labels, found).argmax(axis=1)
    alone = [(each == right).mean() for each in (labels, opinion.argmax(axis=1))]
    assert (believed == right).mean() >= max(alone)


def test_a_label_that_is_never_wrong_is_kept_and_one_that_says_nothing_is_not_heard():
    opinion = np.array([[0.7, 0.2, 0.1]])
    np.testing.assert_allclose(judge(opinion, np.array([2]), 0.0), [[0, 0, 1]])
    np.testing.assert_allclose(judge(opinion, np.array([2]), 2 / 3), opinion)


def test_a_label_never_speaks_against_itself():
    random = np.random.default_rng(4)
    right = random.integers(0, 3, size=2000)
    opinion = opinions_about(right, random, n_labels=3, strength=1.5)
    labels = (right + 1) % 3
    found = share_wrong(opinion, labels)
    assert found == pytest.approx(2 / 3)
    np.testing.assert_allclose(judge(opinion, labels, found), opinion)


def test_bayes_by_hand():
    found = judge(np.array([[0.6, 0.4]]), np.array([1]), 0.1)
    np.testing.assert_allclose(found, [[0.6 * 0.1 / (0.06 + 0.36), 0.36 / 0.42]])
