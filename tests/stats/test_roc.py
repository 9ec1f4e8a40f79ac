"""Ranking measures against scikit-learn, the pairs themselves and scores made to order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from synthcur.stats.metrics import wilson_interval
from synthcur.stats.roc import precision_at, roc_auc_interval


@st.composite
def ranked(draw):
    """Scores with many ties, and at least one positive and one negative row."""
    n = draw(st.integers(2, 30))
    scores = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    positive = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    positive[0], positive[1] = True, False
    return np.array(scores) / 6, np.array(positive)


@given(ranked())
def test_the_area_agrees_with_scikit_learn_with_ties(rows):
    scores, positive = rows
    area = roc_auc_interval(scores, positive).value
    assert area == pytest.approx(metrics.roc_auc_score(positive, scores))
    assert roc_auc_interval(-scores, positive).value == pytest.approx(1 - area)
    assert roc_auc_interval(scores, ~positive).value == pytest.approx(1 - area)


@given(ranked())
def test_the_interval_agrees_with_delongs_formula_over_all_pairs(rows):
    scores, positive = rows
    found = roc_auc_interval(scores, positive)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (found.n_positive, found.n_negative) == (positive.sum(), (~positive).sum())
    if min(found.n_positive, found.n_negative) == 1 or found.value in (0, 1):
        return
    x, y = scores[positive][:, None], scores[~positive][None, :]
    won = (x > y) + 0.5 * (x == y)
    variance = won.mean(axis=1).var(ddof=1) / len(won) + won.mean(axis=0).var(ddof=1) / won.shape[1]
    odds = won.mean() / (1 - won.mean())
    reach = np.exp(1.959964 * np.sqrt(variance) / (won.mean() * (1 - won.mean())))
    expected = odds / reach / (1 + odds / reach), odds * reach / (1 + odds * reach)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-6)


def test_the_interval_covers_the_true_area_about_95_times_in_100():
    rng = np.random.default_rng(0)
    true = stats.norm.cdf(1 / np.sqrt(2))
    covered = 0
    for _ in range(400):
        positive = np.repeat([True, False], [40, 120])
        found = roc_auc_interval(rng.normal(size=160) + positive, positive)
        covered += found.low <= true <= found.high
    assert 0.91 <= covered / 400 <= 0.98


def test_a_higher_level_gives_a_wider_interval():
    scores, positive = np.arange(40), np.arange(40) % 5 > 1
    usual, wide = (roc_auc_interval(scores, positive, level=level) for level in (0.9, 0.95))
    assert wide.low < usual.low < usual.value < usual.high < wide.high


@pytest.mark.parametrize("n_positive", [4, 30])
def test_a_perfect_ranking_is_as_sure_as_the_pairs_that_can_be_made(n_positive):
    positive = np.arange(100) < n_positive
    found = roc_auc_interval(positive * 1.0, positive)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(wilson_interval(n_positive, n_positive)[0])
    upside_down = roc_auc_interval(-1.0 * positive, positive)
    assert (upside_down.value, upside_down.low) == (0, 0)
    assert upside_down.high == pytest.approx(1 - found.low)


def test_a_single_positive_row_says_nothing():
    found = roc_auc_interval([3, 2, 1], [True, False, False])
    assert (found.value, found.low, found.high) == (1, 0, 1)


def test_an_area_needs_rows_of_both_kinds():
    for positive in ([True, True], [False, False]):
        with pytest.raises(ValueError, match="at least one positive and one negative"):
            roc_auc_interval([1, 2], positive)
    with pytest.raises(ValueError, match="at least one"):
        roc_auc_interval([1, 2, 3], [True, False])


def test_precision_counts_the_highest_and_shares_out_ties():
    scores, positive = [0.9, 0.8, 0.5, 0.5, 0.5, 0.1], [1, 0, 1, 0, 0, 1]
    assert precision_at(scores, positive, 1) == 1
    assert precision_at(scores, positive, 2) == pytest.approx(1 / 2)
    assert precision_at(scores, positive, 3) == pytest.approx((1 + 1 / 3) / 3)
    assert precision_at(scores, positive, 6) == pytest.approx(1 / 2)
    for k in (0, 7):
        with pytest.raises(ValueError, match=f"first {k} of 6"):
            precision_at(scores, positive, k)


@given(ranked(), st.data())
def test_precision_is_the_mean_over_all_orders_of_tied_rows(rows, data):
    scores, positive = rows
    k = data.draw(st.integers(1, len(scores)))
    rng = np.random.default_rng(0)
    found = []
    for _ in range(300):
        order = np.lexsort([rng.random(len(scores)), -scores])
        found.append(positive[order[:k]].mean())
    assert precision_at(scores, positive, k) == pytest.approx(np.mean(found), abs=0.15)
