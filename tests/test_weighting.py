"""The weighting rules, against values worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.errors import InputError
from synthcur.settings import RULES, WeightingSettings
from synthcur.weighting import (
    consensus,
    effective_sample_size,
    label_weights,
    mass_by_group,
    sample_weight,
    top_share,
    weight_bins,
    weight_histogram,
)

P = np.array([[0.8, 0.2], [0.1, 0.9], [0.5, 0.5]])
Q = np.array([[0.4, 0.6], [0.9, 0.1], [0.5, 0.5]])
Y = np.array([0, 0, 1])


def weigh(**settings):
    return sample_weight(P, Q, Y, WeightingSettings(**settings))


def test_imp_divides_quality_by_diversity_at_the_rows_own_label():
    np.testing.assert_allclose(weigh(rule="imp"), [2.0, 1 / 9, 1.0])


def test_quality_only_is_the_quality_itself():
    np.testing.assert_allclose(weigh(rule="p_only"), [0.8, 0.1, 0.5])


def test_dimp_before_a_run_divides_by_the_uniform_model():
    np.testing.assert_allclose(weigh(rule="dimp"), [1.6, 0.2, 1.0])


def test_plain_training_weighs_every_row_one():
    np.testing.assert_array_equal(weigh(rule="ce"), [1, 1, 1])


def test_exponents_are_powers_of_the_two_probabilities():
    weights = weigh(rule="imp", quality_exponent=2, diversity_exponent=0.5)
    np.testing.assert_allclose(weights, [0.64 / 0.4**0.5, 0.01 / 0.9**0.5, 0.25 / 0.5**0.5])


def test_clip_floor_and_normalisation_come_in_that_order():
    weights = weigh(rule="imp", clip_low=-1.0, clip_high=0.5, floor=0.25, normalise=True)
    clipped = 0.25 + 0.75 * np.exp(np.clip(np.log([2.0, 1 / 9, 1.0]), -1.0, 0.5))
    np.testing.assert_allclose(weights, clipped / clipped.mean())


def test_a_relabelled_sample_uses_the_other_column():
    relabelled = sample_weight(P, Q, np.array([0, 1, 1]), WeightingSettings(rule="imp"))
    np.testing.assert_allclose(relabelled, [2.0, 9.0, 1.0])


@pytest.mark.parametrize("rule", RULES)
def test_weights_under_each_label_hold_the_rows_own_weight_in_its_column(rule):
    settings = WeightingSettings(rule=rule, floor=0.1, normalise=True)
    table = label_weights(P, Q, Y, settings)
    assert table.shape == P.shape
    np.testing.assert_allclose(table[np.arange(3), Y], sample_weight(P, Q, Y, settings))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.lists(st.floats(0, 1), min_size=30, max_size=30),
    st.sampled_from(RULES),
    st.booleans(),
)
def test_weights_are_finite_and_not_negative_for_any_probabilities(quality, diversity, rule, norm):
    p = np.column_stack([quality, 1 - np.asarray(quality)])
    q = np.column_stack([diversity[: len(p)], 1 - np.asarray(diversity[: len(p)])])
    labels = np.zeros(len(p), dtype=int)
    weights = sample_weight(p, q, labels, WeightingSettings(rule=rule, normalise=norm))
    assert weights.shape == (len(p),)
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()


def test_effective_rows_are_all_rows_when_equal_and_one_when_one_row_holds_everything():
    assert effective_sample_size(np.full(50, 0.3)) == pytest.approx(50)
    assert effective_sample_size(np.array([0.0, 0.0, 7.0])) == pytest.approx(1)
    assert effective_sample_size(np.zeros(3)) == 0
    assert effective_sample_size(np.array([1.0, 3.0])) == pytest.approx(16 / 10)


def test_the_top_share_is_that_of_the_heaviest_rows():
    weights = np.ones(200)
    weights[[3, 77]] = 51.0
    assert top_share(weights) == pytest.approx(102 / 300)
    assert top_share(np.zeros(5)) == 0


def test_the_step_between_the_two_middle_colours_is_at_weight_one():
    np.testing.assert_array_equal(weight_bins(np.array([0.99, 1.0, 1e-9, 1e9])), [4, 5, 0, 9])
    assert weight_histogram(np.array([0.99, 1.0, 1.01])).tolist() == [0, 0, 0, 0, 1, 2, 0, 0, 0, 0]


def test_mass_by_group_adds_up_and_compares_with_the_share_of_rows():
    table = mass_by_group(np.array([1.0, 3.0, 4.0]), pd.Series(["b", "a", "b"]))
    assert table["group"].tolist() == ["a", "b"]
    np.testing.assert_allclose(table["mass"], [3 / 8, 5 / 8])
    np.testing.assert_allclose(table["share_before"], [1 / 3, 2 / 3])
    np.testing.assert_allclose(table["effective_rows"], [1, 25 / 17])


@pytest.mark.parametrize(
    "bad",
    [
        {"rule": "best"},
        {"quality_exponent": -1},
        {"diversity_exponent": float("nan")},
        {"floor": 1.5},
        {"clip_low": 2.0, "clip_high": 1.0},
    ],
)
def test_settings_that_mean_nothing_are_refused_with_the_value(bad):
    with pytest.raises(InputError, match=str(next(iter(bad.values()))).split(".")[0]):
        WeightingSettings(**bad)


def test_a_label_that_both_checkers_doubt_is_doubted_more_than_one_that_a_single_one_does():
    sure, doubting = [0.9, 0.05, 0.05], [0.05, 0.9, 0.05]
    quality = np.array([sure, doubting, doubting])
    diversity = np.array([sure, sure, doubting])
    agreed = consensus(quality, diversity)
    np.testing.assert_allclose(agreed.sum(axis=1), 1)
    assert agreed[0, 0] > agreed[1, 0] > agreed[2, 0]
    np.testing.assert_allclose(agreed[[0, 2]], [sure, doubting])
    np.testing.assert_allclose(agreed, consensus(diversity, quality))


def test_a_label_ruled_out_by_a_checker_stays_finite():
    agreed = consensus(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(agreed, [[0.5, 0.5]])
