"""Scores, intervals and verdicts against scikit-learn, scipy and hand-made cases."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn import metrics

from synthcur.stats import bootstrap as resampling
from synthcur.stats.metrics import (
    METRICS,
    Difference,
    accuracy,
    confusion,
    corrected,
    holm,
    macro_f1,
    mcnemar,
    mean_interval,
    mean_over_tasks,
    paired_difference,
    verdict,
    wilson_interval,
)
from synthcur.wording import p_in_words, points


def noisy(labels, share_right, rng, *, n_labels, n_seeds=1):
    """Predictions (S, T) that are right with the given chance, else drawn at random."""
    guesses = rng.integers(n_labels, size=(n_seeds, len(labels)))
    return np.where(rng.random((n_seeds, len(labels))) < share_right, labels, guesses)


@pytest.mark.parametrize("n_labels", [2, 3, 7])
def test_scores_of_one_model_agree_with_scikit_learn(n_labels):
    rng = np.random.default_rng(n_labels)
    labels = rng.integers(n_labels, size=97)
    predictions = noisy(labels, 0.6, rng, n_labels=n_labels)[0]
    assert accuracy(predictions, labels) == pytest.approx(
        metrics.accuracy_score(labels, predictions)
    )
    assert macro_f1(predictions, labels) == pytest.approx(
        metrics.f1_score(labels, predictions, average="macro")
    )
    expected = metrics.confusion_matrix(labels, predictions, labels=range(n_labels))
    assert np.array_equal(confusion(predictions, labels, n_labels), expected)


def test_confusion_counts_many_labels_stored_as_small_integers():
    ids = np.arange(77, dtype=np.int8)
    assert np.array_equal(confusion(ids, ids, 77), np.eye(77))


def test_a_label_that_never_occurs_does_not_lower_macro_f1():
    labels, predictions = np.array([0, 0, 4]), np.array([0, 4, 4])
    assert macro_f1(predictions, labels) == pytest.approx(2 / 3)


def test_a_predicted_label_that_is_never_true_counts_as_zero():
    assert macro_f1(np.array([0, 1]), np.array([0, 0])) == pytest.approx((2 / 3) / 2)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("successes", "n"), [(0, 5), (5, 5), (1, 1), (37, 120), (599, 600)])
def test_wilson_interval_is_wilsons_formula(successes, n, level):
    z = stats.norm.ppf((1 + level) / 2)
    share = successes / n
    centre = share + z**2 / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    expected = np.array([centre - half, centre + half]) / (1 + z**2 / n)
    assert wilson_interval(successes, n, level=level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", range(1, 200))
def test_wilson_interval_holds_the_share_itself_to_the_last_digit(n):
    for successes in (0, 1, n - 1, n):
        low, high = wilson_interval(successes, n)
        assert 0 <= low <= successes / n <= high <= 1


def test_wilson_interval_of_no_rows_says_nothing_and_more_successes_than_rows_are_refused():
    assert wilson_interval(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="must not be greater"):
        wilson_interval(6, 5)


def test_mean_interval_of_one_seed_agrees_with_the_normal_interval():
    labels = np.zeros(1000, dtype=int)
    predictions = (np.arange(1000) >= 800).astype(int)
    interval = mean_interval(predictions, labels)
    half = 1.96 * np.sqrt(0.8 * 0.2 / 1000)
    assert interval.mean == pytest.approx(0.8)
    assert interval.low == pytest.approx(0.8 - half, abs=0.003)
    assert interval.high == pytest.approx(0.8 + half, abs=0.003)
    assert (interval.n_rows, interval.n_seeds) == (1000, 1)


@pytest.mark.parametrize("metric", METRICS)
def test_mean_is_the_plain_mean_of_the_seeds_scores(metric):
    rng = np.random.default_rng(4)
    labels = rng.integers(3, size=60)
    predictions = noisy(labels, 0.5, rng, n_labels=3, n_seeds=4)
    score = {"accuracy": accuracy, "macro_f1": macro_f1}[metric]
    expected = np.mean([score(row, labels) for row in predictions])
    interval = mean_interval(predictions, labels, metric=metric, n_resamples=200)
    assert interval.mean == pytest.approx(expected)
    assert interval.low < interval.mean < interval.high


def test_paired_difference_agrees_with_the_paired_normal_interval():
    rng = np.random.default_rng(1)
    gain = rng.choice([-1, 0, 1], p=[0.08, 0.8, 0.12], size=2000)
    labels = np.ones(2000, dtype=int)
    first, second = np.where(gain < 0, 0, 1), np.where(gain > 0, 0, 1)
    difference = paired_difference(first, second, labels, n_resamples=4000)
    half = 1.96 * gain.std() / np.sqrt(2000)
    assert difference.mean == pytest.approx(gain.mean())
    assert difference.low == pytest.approx(gain.mean() - half, abs=0.0015)
    assert difference.high == pytest.approx(gain.mean() + half, abs=0.0015)


def test_pairing_makes_the_interval_narrower_than_independent_rows_would():
    rng = np.random.default_rng(2)
    labels = np.ones(500, dtype=int)
    worse = (rng.random(500) < 0.7).astype(int)
    better = worse.copy()
    better[np.flatnonzero(worse == 0)[:10]] = 1
    paired = paired_difference(better, worse, labels)
    shuffled = paired_difference(rng.permutation(better), worse, labels)
    assert paired.mean == pytest.approx(0.02)
    assert paired.low > 0
    assert paired.high - paired.low < (shuffled.high - shuffled.low) / 2


def test_seeds_that_disagree_widen_the_interval():
    rows = np.arange(400)
    labels = np.ones(400, dtype=int)
    plain = np.tile(rows < 280, (5, 1)).astype(int)
    steady = np.tile(rows < 300, (5, 1)).astype(int)
    moody = np.stack([rows < n for n in (200, 250, 300, 350, 400)]).astype(int)
    calm = paired_difference(steady, plain, labels)
    wild = paired_difference(moody, plain, labels)
    assert calm.mean == pytest.approx(wild.mean)
    assert calm.outcome == "better"
    assert wild.outcome == "no evidence"


def test_the_interval_covers_the_true_difference_about_95_times_in_100():
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        gain = rng.choice([-1, 0, 1], p=[0.09, 0.8, 0.11], size=300)
        fresh = rng.choice([-1, 0, 1], p=[0.09, 0.8, 0.11], size=(3, 300))
        gains = np.where(rng.random((3, 300)) < 0.3, fresh, gain)
        first, second = np.where(gains < 0, 0, 1), np.where(gains > 0, 0, 1)
        interval = paired_difference(first, second, np.ones(300, dtype=int), n_resamples=300)
        covered += interval.low <= 0.02 <= interval.high
    assert 0.91 <= covered / 200 <= 1.0


@pytest.mark.parametrize("metric", METRICS)
def test_swapping_the_arms_turns_the_difference_round(metric):
    rng = np.random.default_rng(3)
    labels = rng.integers(4, size=80)
    first, second = (noisy(labels, share, rng, n_labels=4, n_seeds=3) for share in (0.7, 0.4))
    one = paired_difference(first, second, labels, metric=metric, n_resamples=500)
    other = paired_difference(second, first, labels, metric=metric, n_resamples=500)
    assert (one.mean, one.low, one.high) == pytest.approx((-other.mean, -other.high, -other.low))
    assert one.p_value == other.p_value


def test_equal_predictions_are_no_evidence():
    predictions = np.array([[0, 1, 1]])
    difference = paired_difference(predictions, predictions, np.array([0, 1, 0]))
    assert (difference.mean, difference.low, difference.high) == (0, 0, 0)
    assert difference.outcome == "no evidence"
    assert difference.p_value == 1.0


@given(
    hnp.arrays(np.float64, st.integers(40, 400), elements=st.integers(-20, 20)),
    st.floats(-20, 20),
)
def test_a_p_value_is_below_5_percent_exactly_when_the_interval_leaves_0_out(values, shift):
    gains = (values + np.round(shift)) / 20
    low, high = resampling.interval(gains)
    p_value = resampling.p_value(gains)
    assert 2 / (len(gains) + 1) <= p_value <= 1
    assert (p_value < 0.05) == (low > 0 or high < 0)


def test_the_interval_ends_at_the_50th_of_2000_values_and_needs_40():
    values = np.random.default_rng(0).permutation(np.arange(1.0, 2001.0))
    assert resampling.interval(values) == (50, 1951)
    assert resampling.interval(np.arange(40)) == (0, 39)
    with pytest.raises(ValueError, match="39 resamples are too few"):
        resampling.interval(np.arange(39))


def test_the_p_value_agrees_with_the_paired_normal_test():
    labels = np.ones(3000, dtype=int)
    gain = np.repeat([1, -1, 0], [170, 135, 2695])
    first, second = np.where(gain < 0, 0, 1), np.where(gain > 0, 0, 1)
    difference = paired_difference(first, second, labels, n_resamples=8000)
    expected = 2 * stats.norm.sf(gain.mean() / gain.std() * np.sqrt(3000))
    assert expected == pytest.approx(0.045, abs=0.002)
    assert difference.p_value == pytest.approx(expected, abs=0.012)


def test_no_difference_however_clear_has_a_p_value_of_0():
    labels = np.ones(50, dtype=int)
    clear = paired_difference(labels, labels - 1, labels, n_resamples=999)
    assert clear.p_value == pytest.approx(2 / 1000)
    assert clear.outcome == "better"


def test_what_float32_leaves_over_is_no_difference():
    # The gain of 2 rows of 7 in one seed and the loss of 2 in the other, as float32 adds them up.
    left_over = float(np.float32(3 / 7) - np.float32(1 / 7)) - float(np.float32(2 / 7))
    assert left_over != 0
    gains = np.full(100, left_over)
    assert resampling.interval(gains) == (0, 0)
    assert resampling.p_value(gains) == 1.0


def test_a_true_difference_of_0_is_called_significant_in_no_more_than_5_of_100_cases():
    rng = np.random.default_rng(8)
    called = 0
    for _ in range(200):
        gain = rng.choice([-1, 0, 1], p=[0.1, 0.8, 0.1], size=(1, 200))
        first, second = np.where(gain < 0, 0, 1), np.where(gain > 0, 0, 1)
        found = paired_difference(first, second, np.ones(200, dtype=int), n_resamples=200)
        called += found.p_value < 0.05
    assert 1 <= called <= 19


def task(gained, lost, rows, n_seeds=3):
    """Predictions of two arms for rows of one label, the same for every seed."""
    labels = np.ones(rows, dtype=int)
    at = np.arange(rows)
    first, second = (at >= lost).astype(int), ((at < lost) | (at >= lost + gained)).astype(int)
    return np.tile(first, (n_seeds, 1)), np.tile(second, (n_seeds, 1)), labels


def test_the_mean_over_one_task_is_the_paired_difference_of_it():
    draw = {"metric": "macro_f1", "n_resamples": 300, "seed": 4}
    assert mean_over_tasks([task(12, 5, 90)], **draw) == paired_difference(*task(12, 5, 90), **draw)


def test_every_task_counts_the_same_whatever_its_size():
    found = mean_over_tasks([task(30, 10, 100, n_seeds=5), task(10, 30, 1000, n_seeds=2)])
    assert found.mean == pytest.approx((0.2 - 0.02) / 2)
    assert (found.n_rows, found.n_seeds) == (1100, 2)


def test_the_interval_over_tasks_agrees_with_the_sum_of_their_variances():
    sizes = (300, 600, 900)
    tasks = [task(40, 20, rows, n_seeds=1) for rows in sizes]
    found = mean_over_tasks(tasks, n_resamples=4000)
    means = np.array([20 / rows for rows in sizes])
    variances = np.array([60 / rows for rows in sizes]) - means**2
    half = 1.96 * np.sqrt((variances / sizes).sum()) / 3
    assert found.mean == pytest.approx(means.mean())
    assert found.low == pytest.approx(means.mean() - half, abs=0.002)
    assert found.high == pytest.approx(means.mean() + half, abs=0.002)


def test_tasks_that_agree_are_evidence_where_none_of_them_is_alone():
    tasks = [task(20, 10, 300)] * 6
    assert paired_difference(*tasks[0]).outcome == "no evidence"
    together = mean_over_tasks(tasks)
    assert together.outcome == "better"
    # The rows of equal tasks are drawn apart, or the interval would be as wide as that of one.
    alone = paired_difference(*tasks[0])
    ratio = (alone.high - alone.low) / (together.high - together.low)
    assert ratio == pytest.approx(np.sqrt(6), rel=0.15)


def test_the_mean_over_no_task_is_refused():
    with pytest.raises(ValueError, match="no task"):
        mean_over_tasks([])


def test_holm_agrees_with_the_example_worked_out_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_rejects_what_the_step_down_procedure_rejects(p_values):
    adjusted = holm(p_values)
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.asarray(adjusted)[order]) >= 0).all()
    assert all(
        own <= new <= min(1.0, len(p_values) * own) or own == new
        for own, new in zip(p_values, adjusted, strict=True)
    )
    rejected = set()
    for step, i in enumerate(order):
        if not (len(p_values) - step) * p_values[i] < 0.05:
            break
        rejected.add(i)
    assert rejected == {i for i, new in enumerate(adjusted) if new < 0.05}


def test_resampling_is_repeatable_and_does_not_depend_on_the_block_size(monkeypatch):
    rng = np.random.default_rng(5)
    labels = rng.integers(3, size=50)
    first, second = (noisy(labels, share, rng, n_labels=3, n_seeds=2) for share in (0.7, 0.5))
    draw = {"metric": "macro_f1", "n_resamples": 300, "seed": 9}
    whole = paired_difference(first, second, labels, **draw)
    monkeypatch.setattr("synthcur.stats.bootstrap._CELLS_AT_ONCE", 700)
    assert paired_difference(first, second, labels, **draw) == whole


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        mean_interval(np.zeros((2, 5)), np.zeros(4))
    with pytest.raises(ValueError, match="shapes differ"):
        paired_difference(np.zeros((2, 4)), np.zeros((3, 4)), np.zeros(4))
    with pytest.raises(ValueError, match="same rows"):
        accuracy([], [])
    with pytest.raises(ValueError, match="unknown metric"):
        mean_interval(np.zeros(4), np.zeros(4), metric="auc")


def test_mcnemar_is_the_exact_test_of_the_rows_that_flipped():
    first = np.array([True] * 9 + [False] * 1 + [True] * 50)
    second = np.array([False] * 9 + [True] * 1 + [True] * 50)
    flips = mcnemar(first, second)
    assert (flips.gained, flips.lost) == (9, 1)
    assert flips.p_value == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(first, first).p_value == 1.0


def difference(mean, low, high, n_seeds=5, p_value=None):
    if p_value is None:
        p_value = 0.03 if low > 0 or high < 0 else 0.4
    return Difference(mean, low, high, n_rows=600, n_seeds=n_seeds, p_value=p_value)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            difference(0.019, 0.004, 0.033),
            "IMP is better than plain training by 1.9 points (95 % interval 0.4 to 3.3, 5 seeds)",
        ),
        (
            difference(-0.021, -0.04, -0.004, n_seeds=1),
            "IMP is worse than plain training by 2.1 points (95 % interval 0.4 to 4.0, 1 seed)",
        ),
        (
            difference(-0.0002, -0.03, 0.031),
            "No evidence of a difference between IMP and plain training: "
            "0.0 points (95 % interval −3.0 to +3.1, 5 seeds)",
        ),
    ],
)
def test_a_verdict_says_direction_size_interval_and_seeds(found, sentence):
    assert verdict(found, "IMP") == sentence


def test_a_verdict_takes_back_what_does_not_stand_after_correction():
    better = difference(0.019, 0.004, 0.033)
    alone = "IMP is better than plain training by 1.9 points (95 % interval 0.4 to 3.3, 5 seeds)"
    assert verdict(better, "IMP", p_holm=0.03, n_arms=6) == alone
    assert verdict(better, "IMP", p_holm=0.08, n_arms=6) == (
        f"{alone}; after Holm correction over 6 arms this is not significant (p = 0.08)"
    )
    unclear = difference(0.001, -0.02, 0.02)
    assert verdict(unclear, "IMP", p_holm=1.0, n_arms=6) == verdict(unclear, "IMP")


def test_a_difference_that_does_not_stand_after_correction_is_no_evidence():
    found = {
        "imp": difference(0.019, 0.004, 0.033, p_value=0.01),
        "dimp": difference(-0.019, -0.033, -0.004, p_value=0.03),
        "p_only": difference(0.001, -0.02, 0.02, p_value=0.9),
    }
    after = corrected(found)
    assert {arm: each.p_holm for arm, each in after.items()} == pytest.approx(
        {"imp": 0.03, "dimp": 0.06, "p_only": 0.9}
    )
    assert [each.outcome for each in found.values()] == ["better", "worse", "no evidence"]
    assert [each.outcome for each in after.values()] == ["better", "no evidence", "no evidence"]
    assert corrected({}) == {}


def test_p_values_tell_the_sides_of_5_percent_apart():
    assert [p_in_words(p) for p in (0.0002, 0.0042, 0.0482, 0.0521, 0.08, 1.0)] == [
        *("p < 0.001", "p = 0.004", "p = 0.048"),
        *("p = 0.052", "p = 0.08", "p = 1.00"),
    ]


def test_points_have_a_true_minus_and_no_negative_zero():
    assert points(-0.0213, signed=True) == "−2.1"
    assert points(0.044, signed=True) == "+4.4"
    assert points(-0.00001, signed=True) == "0.0"


@pytest.mark.parametrize("metric", METRICS)
def test_2000_resamples_of_5_seeds_and_2000_rows_take_a_moment(metric):
    rng = np.random.default_rng(6)
    labels = rng.integers(6, size=2000)
    first, second = (noisy(labels, share, rng, n_labels=6, n_seeds=5) for share in (0.8, 0.7))
    times = []
    for _ in range(3):
        start = time.process_time()
        paired_difference(first, second, labels, metric=metric)
        times.append(time.process_time() - start)
    assert min(times) < 0.5, "0.03 to 0.1 s of processor time, whatever else the machine does"
