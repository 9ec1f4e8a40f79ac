"""The weighting rules, against values worked out by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.errors import InputError
from synthcur.settings import RULES, WeightingSettings
from synthcur.weighting.rules import (
    Facts,
    consensus,
    effective_sample_size,
    group_size,
    label_shares,
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


def test_the_filter_keeps_rows_from_chance_on_or_from_what_it_is_told():
    np.testing.assert_array_equal(weigh(rule="quality_filter"), [1, 0, 1])
    np.testing.assert_array_equal(weigh(rule="quality_filter", least_quality=0.6), [1, 0, 0])
    np.testing.assert_array_equal(weigh(rule="quality_filter", least_quality=0), [1, 1, 1])
    clipped = weigh(rule="quality_filter", clip_low=-2.0, floor=0.5)
    np.testing.assert_allclose(clipped, [1, 0.5 + 0.5 * np.exp(-2), 1])
    facts = Facts(real_shares=np.array([0.9, 0.1]))
    settings = WeightingSettings(rule="quality_filter", prior_correction=True)
    np.testing.assert_array_equal(sample_weight(P, Q, Y, settings, facts), [1, 0, 1])


@pytest.mark.parametrize("least", [-0.1, 1.1, float("nan")])
def test_a_least_quality_that_is_no_probability_is_refused(least):
    with pytest.raises(InputError, match="least_quality"):
        WeightingSettings(rule="quality_filter", least_quality=least)


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


@st.composite
def pools(draw):
    """P', Q, labels and facts of 1 to 30 rows with 2 or 3 labels."""
    n, k = draw(st.integers(1, 30)), draw(st.integers(2, 3))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    p, q = (random.dirichlet(np.full(k, 0.5), size=n) for _ in range(2))
    labels, real = random.integers(0, k, size=n), random.integers(0, k, size=40)
    group = random.integers(-1, draw(st.integers(1, 6)), size=n)
    return p, q, labels, Facts(label_shares(real, k), group)


switches = st.builds(
    WeightingSettings,
    rule=st.sampled_from(RULES),
    quality_exponent=st.floats(0, 3),
    diversity_exponent=st.floats(0, 3),
    prior_correction=st.booleans(),
    clip_low=st.none() | st.floats(-5, -1),
    clip_high=st.none() | st.floats(0, 3),
    floor=st.floats(0, 1),
    collapse_duplicates=st.booleans(),
    balance_classes=st.booleans(),
    normalise=st.booleans(),
)


def test_weights_are_finite_at_the_ends_of_what_can_be_set():
    p = np.array([[1.0, 0.0]])
    for ends in ({"clip_low": -100.0}, {"floor": 1e-12}, {"floor": 5e-324}):
        settings = WeightingSettings(rule="quality_filter", normalise=True, **ends)
        assert np.isfinite(sample_weight(p, p, np.array([1]), settings)).all()


@given(pools(), switches)
def test_the_steps_come_in_their_order(pool, settings):
    """Against the definition, step by step and row by row."""
    p, q, labels, facts = pool
    n, k = p.shape
    weights = []
    for row, label in enumerate(labels):
        w = max(p[row, label], 1e-12) ** settings.quality_exponent
        if settings.rule == "imp":
            w /= max(q[row, label], 1e-12) ** settings.diversity_exponent
        if settings.rule == "dimp":
            w *= k**settings.diversity_exponent
        if settings.prior_correction:
            w *= (np.sum(labels == label) + 1) / (n + k) / facts.real_shares[label]
        if settings.rule == "ce":
            w = 1.0
        if settings.rule == "quality_filter":
            w = float(max(p[row, label], 1e-12) >= (settings.least_quality or 1 / k))
        w = max(w, 0.0 if settings.clip_low is None else np.exp(settings.clip_low))
        w = min(w, np.inf if settings.clip_high is None else np.exp(settings.clip_high))
        w = settings.floor * 1 + (1 - settings.floor) * w
        group = facts.duplicate_group[row]
        if settings.collapse_duplicates and group >= 0:
            w /= np.sum(facts.duplicate_group == group)
        weights.append(w)
    weights = np.array(weights)
    if settings.balance_classes:
        weighty = {label for label in labels if weights[labels == label].any()}
        whole = weights.sum()
        for label in weighty:
            weights[labels == label] *= whole / len(weighty) / weights[labels == label].sum()
    if settings.normalise and weights.any():
        weights /= weights.mean()
    np.testing.assert_allclose(sample_weight(p, q, labels, settings, facts), weights, rtol=1e-6)


@given(pools(), switches, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(pool, settings, random):
    p, q, labels, facts = pool
    order = np.array(random.sample(range(len(p)), len(p)))
    shuffled = sample_weight(p[order], q[order], labels[order], settings, facts.of(order))
    expected = sample_weight(p, q, labels, settings, facts)[order]
    np.testing.assert_allclose(shuffled, expected, rtol=1e-9)


@given(pools(), st.booleans())
def test_checkers_that_agree_give_every_row_weight_one(pool, norm):
    p, _, labels, _ = pool
    weights = sample_weight(p, p, labels, WeightingSettings(normalise=norm))
    np.testing.assert_allclose(weights, 1)


@given(pools(), switches)
def test_duplicates_together_weigh_as_much_as_one_row_of_their_mean(pool, settings):
    p, q, labels, facts = pool
    apart, together = (
        replace(settings, collapse_duplicates=each, balance_classes=False, normalise=False)
        for each in (False, True)
    )
    before = sample_weight(p, q, labels, apart, facts)
    after = sample_weight(p, q, labels, together, facts)
    for group in set(facts.duplicate_group) - {-1}:
        rows = facts.duplicate_group == group
        assert after[rows].sum() == pytest.approx(before[rows].mean())
    alone = facts.duplicate_group == -1
    np.testing.assert_array_equal(after[alone], before[alone])


@given(pools(), switches)
def test_balance_gives_every_label_with_rows_the_same_total_and_keeps_the_whole(pool, settings):
    p, q, labels, facts = pool
    loose, even = (
        sample_weight(p, q, labels, replace(settings, balance_classes=each), facts)
        for each in (False, True)
    )
    totals = np.bincount(labels, weights=even)
    totals = totals[np.bincount(labels, weights=loose) > 0]
    np.testing.assert_allclose(totals, loose.sum() / max(1, len(totals)))


@given(pools(), switches)
def test_normalised_weights_average_one(pool, settings):
    p, q, labels, facts = pool
    weights = sample_weight(p, q, labels, replace(settings, normalise=True), facts)
    assert weights.mean() == pytest.approx(1 if weights.any() else 0)


@given(pools())
def test_prior_correction_takes_the_share_of_the_label_out_of_both_probabilities(pool):
    p, q, labels, facts = pool
    own = np.arange(len(labels)), labels
    synthetic_shares = label_shares(labels, p.shape[1])
    lift = (np.maximum(p, 1e-12) / facts.real_shares) / (np.maximum(q, 1e-12) / synthetic_shares)
    weights = sample_weight(p, q, labels, WeightingSettings(prior_correction=True), facts)
    np.testing.assert_allclose(weights, lift[own])


def test_checkers_that_only_know_the_priors_weigh_every_row_one_once_corrected():
    labels, real = np.repeat([0, 1], [9, 3]), np.repeat([0, 1], [10, 50])
    p, q = (np.tile(label_shares(each, 2), (12, 1)) for each in (real, labels))
    facts = Facts(real_shares=label_shares(real, 2))
    settings = WeightingSettings(prior_correction=True)
    assert np.ptp(sample_weight(p, q, labels, WeightingSettings())) > 1
    np.testing.assert_allclose(sample_weight(p, q, labels, settings, facts), 1)


def test_a_label_without_rows_still_has_a_share():
    np.testing.assert_allclose(label_shares(np.array([0, 0, 2]), 3), [3 / 6, 1 / 6, 2 / 6])


def test_rows_outside_of_the_pool_do_not_count_as_duplicates():
    group = np.array([0, 0, 0, -1, 1, 1])
    assert group_size(group).tolist() == [3, 3, 3, 1, 2, 2]
    in_pool = np.array([True, True, False, True, False, False])
    assert group_size(group, in_pool).tolist() == [2, 2, 2, 1, 1, 1]
    assert group_size(np.zeros(0, dtype=int)).tolist() == []


@pytest.mark.parametrize("setting", ["prior_correction", "collapse_duplicates"])
def test_a_setting_that_needs_what_is_not_known_is_refused(setting):
    with pytest.raises(InputError, match="not known") as refused:
        weigh(**{setting: True})
    assert "Score the collection again" in (refused.value.fix or "")


@given(pools(), switches, st.integers(0, 2**30))
def test_weights_under_each_label_hold_those_of_the_pool(pool, settings, mask):
    p, q, labels, facts = pool
    kept = (mask >> np.arange(len(p))) & 1 == 1
    table = label_weights(p, q, labels, settings, facts, kept=kept)
    assert table.shape == p.shape
    expected = sample_weight(p[kept], q[kept], labels[kept], settings, facts.of(kept))
    np.testing.assert_allclose(table[np.arange(len(p)), labels][kept], expected)
    assert np.isfinite(table).all()


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
