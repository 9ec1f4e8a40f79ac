"""Bins of a reliability diagram, worked out by hand and by what must hold of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from synthcur.stats.metrics import wilson_interval
from synthcur.stats.reliability import calibration_gap, expected_calibration_error, reliability


def two_labels(sureness):
    """Probabilities (1, T, 2) of a classifier that says label 0 with these probabilities."""
    first = np.asarray(sureness, dtype=float)
    return np.stack([first, 1 - first], axis=1)[None]


def test_two_bins_worked_out_by_hand():
    low, high = reliability(two_labels([0.6, 0.9, 0.6, 0.9]), [0, 0, 1, 0], bins=2)
    assert (low.rows, low.sureness, low.right) == (2, pytest.approx(0.6), 0.5)
    assert (high.rows, high.sureness, high.right) == (2, pytest.approx(0.9), 1.0)
    assert (low.low, low.high) == wilson_interval(1, 2)
    assert calibration_gap([low, high]) == pytest.approx((0.1 + 0.1) / 2)


def test_seeds_that_read_the_same_rows_do_not_narrow_an_interval():
    one = two_labels([0.6, 0.7, 0.8, 0.9])
    (alone,) = reliability(one, [0, 0, 1, 0], bins=1)
    (thrice,) = reliability(np.repeat(one, 3, axis=0), [0, 0, 1, 0], bins=1)
    assert (thrice.low, thrice.high, thrice.rows) == (alone.low, alone.high, alone.rows)


@given(
    sureness=some.lists(some.floats(0.5, 1), min_size=1, max_size=40),
    bins=some.integers(1, 12),
    seed=some.integers(0, 100),
)
def test_bins_hold_every_row_once_and_rise(sureness, bins, seed):
    labels = np.random.default_rng(seed).integers(2, size=len(sureness))
    found = reliability(two_labels(sureness), labels, bins=bins)
    assert sum(each.rows for each in found) == len(sureness)
    assert len(found) == min(bins, len(sureness))
    assert all(a.sureness <= b.sureness + 1e-12 for a, b in itertools.pairwise(found))
    right = sum(each.rows * each.right for each in found)
    predicted = two_labels(sureness)[0].argmax(axis=1)
    assert right == pytest.approx((predicted == labels).sum())
    assert 0 <= calibration_gap(found) <= 1


@pytest.mark.parametrize("bins", [1, 2, 3, 5])
def test_arms_and_checkers_are_judged_by_one_calibration_error_on_ties_too(bins):
    # Six rows of equal sureness, the right ones first: a cut through them must not tell them apart.
    probs = two_labels([0.7] * 6 + [0.9] * 2)
    labels = np.array([0, 0, 0, 0, 1, 1, 0, 0])
    of_arms = calibration_gap(reliability(probs, labels, bins=bins))
    assert of_arms == pytest.approx(expected_calibration_error(probs[0], labels, bins=bins))
    order = np.random.default_rng(bins).permutation(len(labels))
    shuffled = calibration_gap(reliability(probs[:, order], labels[order], bins=bins))
    assert of_arms == pytest.approx(shuffled)


def test_rows_of_equal_sureness_share_their_share_right():
    low, high = reliability(two_labels([0.8] * 4), [0, 0, 1, 1], bins=2)
    assert (low.right, high.right) == (0.5, 0.5)
