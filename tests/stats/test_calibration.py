"""Temperatures and trust in probabilities, against recomputation and checkers made to order."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics

from synthcur.stats.calibration import (
    TEMPERATURES,
    apply_temperature,
    fit_temperature,
    trust_figures,
)
from synthcur.stats.metrics import wilson_interval
from synthcur.stats.reliability import expected_calibration_error


def checker(n, *, sureness=1.0, n_labels=3, seed=0):
    """Probabilities (n, K), `sureness` times as sure as they should be, and labels (n,)."""
    rng = np.random.default_rng(seed)
    true = np.exp(1.5 * rng.normal(size=(n, n_labels)))
    true /= true.sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    said = true**sureness
    return said / said.sum(axis=1, keepdims=True), labels


def log_loss(probs, labels):
    return -np.log(probs[np.arange(len(labels)), labels]).mean()


@st.composite
def some_probs(draw):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(2, 5)))
    values = draw(hnp.arrays(np.float64, shape, elements=st.floats(0, 1)))
    values[:, 0] += 0.1
    return values / values.sum(axis=1, keepdims=True)


@given(some_probs(), st.floats(0.25, 10))
def test_a_temperature_leaves_distributions_in_which_no_label_passes_another(probs, temperature):
    scaled = apply_temperature(probs, temperature)
    assert scaled.shape == probs.shape
    assert scaled.dtype == np.float32
    assert np.allclose(scaled.sum(axis=1), 1)
    for before, after in zip(probs, scaled, strict=True):
        assert (np.diff(after[np.argsort(before)]) >= 0).all()


@given(some_probs())
def test_temperature_1_changes_nothing(probs):
    assert np.allclose(apply_temperature(probs, 1.0), probs, atol=1e-6)


@given(some_probs(), st.floats(0.5, 3), st.floats(0.5, 3))
def test_temperatures_multiply(probs, first, second):
    probs = np.maximum(probs, 1e-3)  # far from what is clamped
    twice = apply_temperature(apply_temperature(probs, first), second)
    assert np.allclose(twice, apply_temperature(probs, first * second), atol=1e-5)


def test_a_temperature_above_1_takes_the_odds_to_its_root():
    scaled = apply_temperature(np.array([[0.9, 0.1]]), 2.0)
    assert scaled[0, 0] / scaled[0, 1] == pytest.approx(3.0)


def test_impossible_labels_and_low_temperatures_stay_finite():
    scaled = apply_temperature(np.array([[1.0, 0.0, 0.0]]), 0.25)
    assert scaled[0] == pytest.approx([1, 0, 0], abs=1e-6)
    assert np.isfinite(apply_temperature(np.zeros((1, 3)), 10.0)).all()
    with pytest.raises(ValueError, match="above 0"):
        apply_temperature(np.ones((1, 1)), 0.0)


@pytest.mark.parametrize("sureness", [0.5, 1.0, 2.5])
def test_the_temperature_of_a_checker_that_is_too_sure_or_too_shy_is_found_again(sureness):
    probs, labels = checker(2000, sureness=sureness)
    temperature = fit_temperature(probs, labels)
    assert temperature == pytest.approx(sureness, rel=0.1)
    mended = apply_temperature(probs, temperature)
    for other in (0.9, 1.1):
        worse = apply_temperature(probs, temperature * other)
        assert log_loss(mended, labels) < log_loss(worse, labels)


def test_scaling_mends_the_calibration_of_rows_that_chose_nothing():
    probs, labels = checker(400, sureness=3)
    temperature = fit_temperature(probs, labels)
    fresh, true = checker(4000, sureness=3, seed=1)
    before = expected_calibration_error(fresh, true)
    after = expected_calibration_error(apply_temperature(fresh, temperature), true)
    assert after < before / 4


@pytest.mark.parametrize("all_right", [True, False])
def test_a_few_rows_ask_for_no_extreme_and_many_do(all_right):
    probs = np.array([[0.9, 0.1]])
    labels = np.array([0 if all_right else 1])
    few = fit_temperature(np.repeat(probs, 3, axis=0), np.repeat(labels, 3))
    many = fit_temperature(np.repeat(probs, 5000, axis=0), np.repeat(labels, 5000))
    if all_right:
        assert 0.6 < few < 1
        assert TEMPERATURES[0] <= many < 0.3
    else:
        assert 1 < few < 3
        assert 9 < many <= TEMPERATURES[1]


def test_without_rows_the_temperature_is_1():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=int)) == 1.0


def test_the_calibration_error_is_the_one_worked_out_by_hand():
    probs = np.array([[0.6, 0.4], [0.7, 0.3], [0.1, 0.9], [0.0, 1.0]])
    labels = np.array([0, 1, 1, 1])
    # Two bins: half of the rows right at 0.65, all right at 0.95; then the distance of every row.
    assert expected_calibration_error(probs, labels, bins=2) == pytest.approx((0.15 + 0.05) / 2)
    each = (0.4 + 0.7 + 0.1 + 0.0) / 4
    assert expected_calibration_error(probs, labels, bins=4) == pytest.approx(each)
    assert expected_calibration_error(probs, labels, bins=50) == pytest.approx(each)
    assert expected_calibration_error(probs, labels, bins=1) == pytest.approx(abs(0.75 - 0.8))


def test_rows_that_are_equally_sure_are_told_apart_by_nothing():
    probs = np.array([[0.8, 0.2]] * 10)
    labels = np.array([1, 1] + [0] * 8)
    assert expected_calibration_error(probs, labels, bins=5) == pytest.approx(0, abs=1e-12)


@given(st.integers(1, 60), st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_calibration_error_is_a_share_that_does_not_depend_on_the_order(n, bins, random):
    probs, labels = checker(n, seed=random.randrange(1000))
    probs = probs.round(1)
    error = expected_calibration_error(probs, labels, bins=bins)
    assert 0 <= error <= 1
    order = random.sample(range(n), n)
    shuffled = expected_calibration_error(probs[order], labels[order], bins=bins)
    assert shuffled == pytest.approx(error)


def test_the_calibration_error_of_many_rows_tells_a_calibrated_checker_from_a_sure_one():
    assert expected_calibration_error(*checker(20_000)) < 0.015
    assert expected_calibration_error(*checker(20_000, sureness=3)) > 0.15
    with pytest.raises(ValueError, match="no rows"):
        expected_calibration_error(np.zeros((0, 2)), np.zeros(0, dtype=int))


def test_trust_agrees_with_scikit_learn_and_brackets_what_it_measured():
    probs, labels = checker(200, sureness=2)
    trust = trust_figures(probs, labels)
    said = probs.argmax(axis=1)
    right = int((said == labels).sum())
    low, high = wilson_interval(right, 200)
    assert trust["accuracy"] == {"value": right / 200, "low": low, "high": high}
    assert trust["macro_f1"]["value"] == pytest.approx(
        metrics.f1_score(labels, said, average="macro")
    )
    assert trust["ece"]["value"] == expected_calibration_error(probs, labels)
    assert trust["log_loss"] == pytest.approx(metrics.log_loss(labels, probs))
    for name in ("accuracy", "macro_f1", "ece"):
        assert 0 <= trust[name]["low"] < trust[name]["value"] < trust[name]["high"] <= 1
    assert json.loads(json.dumps(trust)) == trust
    assert trust_figures(probs, labels) == trust


def test_more_rows_are_trusted_within_a_narrower_interval():
    few, many = (trust_figures(*checker(n, sureness=2), n_resamples=200) for n in (50, 2000))
    for name in ("accuracy", "macro_f1", "ece"):
        assert width(many[name]) < width(few[name]) / 3


def width(figure):
    return figure["high"] - figure["low"]


def test_the_calibration_error_that_resamples_double_is_inside_its_interval():
    true = expected_calibration_error(*checker(100_000, sureness=1.5))
    inside = 0
    for seed in range(20):
        figure = trust_figures(*checker(200, sureness=1.5, seed=seed), n_resamples=100)["ece"]
        inside += figure["low"] <= true <= figure["high"]
    assert inside >= 17


def test_without_rows_nothing_is_known():
    trust = trust_figures(np.zeros((0, 4)), np.zeros(0, dtype=int))
    assert trust["accuracy"] == trust["ece"] == {"value": 0.0, "low": 0.0, "high": 1.0}
    assert trust["log_loss"] == pytest.approx(math.log(4))


def test_many_labels_in_small_integers_are_counted():
    probs = np.eye(100, dtype=np.float32) * 0.5 + 0.005
    trust = trust_figures(probs, np.arange(100, dtype=np.int8), n_resamples=40)
    assert trust["accuracy"]["value"] == trust["macro_f1"]["value"] == 1.0
