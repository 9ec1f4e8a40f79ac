"""Signals beside the weight, against hand-made cases and the definitions written out again."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from synthcur import demo
from synthcur.checkers import signals
from synthcur.checkers.signals import (
    DENSITY_LIMITS,
    LEAST_TOLD_APART,
    cartography,
    duplicate_groups,
    label_quality,
    likely_mislabelled,
    real_vs_synthetic,
    vendi_score,
    weight_uncertainty,
)
from synthcur.errors import ArtefactError, InputError
from synthcur.schema import SYNTHETIC

NAN = np.nan


def believed(labels, n_labels, *, sure=0.9):
    """P' of a checker that gives every row this label with the same certainty."""
    rest = (1 - sure) / (n_labels - 1)
    return np.where(np.eye(n_labels)[labels] == 1, sure, rest)


def unit_rows(n, n_dimensions, rng, *, towards=0.0):
    """Random directions (n, D), float32, drawn towards the first axis."""
    rows = rng.normal(size=(n, n_dimensions))
    rows[:, 0] += towards
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("n_labels", [2, 3, 6])
def test_wrong_labels_score_lowest_and_are_the_ones_flagged(n_labels):
    rng = np.random.default_rng(n_labels)
    true = rng.integers(n_labels, size=200)
    labels = true.copy()
    wrong = np.arange(0, 200, 10)
    labels[wrong] = (true[wrong] + 1) % n_labels
    probs = believed(true, n_labels).astype(np.float32)
    scores = label_quality(probs, labels)
    assert scores.shape == (200,)
    np.testing.assert_allclose(scores, probs[np.arange(200), labels])
    assert np.flatnonzero(likely_mislabelled(probs, labels)).tolist() == wrong.tolist()


def test_labels_without_a_row_in_the_pool_change_no_flag():
    true = np.array([1] * 20 + [4] * 20)
    labels = true.copy()
    labels[[3, 30]] = [4, 1]
    flagged = likely_mislabelled(believed(true, 6), labels)
    assert np.flatnonzero(flagged).tolist() == [3, 30]


@pytest.mark.parametrize("labels", [[], [0], [1], [2, 2, 2]])
def test_a_pool_with_less_than_two_labels_has_scores_but_no_flags(labels):
    labels = np.array(labels, dtype=np.int64)
    probs = believed(np.zeros(len(labels), dtype=np.int64), 3)
    assert label_quality(probs, labels).shape == labels.shape
    assert likely_mislabelled(probs, labels).tolist() == [False] * len(labels)


def test_an_unsure_row_whose_label_is_still_the_likeliest_gives_way_to_one_that_reads_otherwise():
    probs = np.array([[0.35, 0.33, 0.32], [0.55, 0.45, 0.0]])
    assert likely_mislabelled(probs, np.array([0, 1])).tolist() == [False, True]


def test_the_planted_wrong_labels_of_the_demo_are_found_as_well_as_documented():
    artefact = demo.ARTEFACTS / demo.shipped_scores()["probe"]["artefacts"]["quality"]
    probs, collection = np.load(artefact / "synthetic.npy"), demo.load_demo()
    labels = collection.label_ids(collection.synthetic)
    is_synthetic = (collection.rows["source"] == SYNTHETIC).to_numpy()
    wrong = (collection.provenance["flaw"][is_synthetic] == "wrong_label").to_numpy()
    assert average_precision_score(wrong, -label_quality(probs, labels)) > 0.85
    flagged = likely_mislabelled(probs, labels)
    assert flagged[wrong].mean() > 0.95
    assert wrong[flagged].mean() > 0.62


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_scores_lie_from_0_to_1_and_the_likeliest_label_is_never_flagged(n_rows, n_labels, seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(n_labels, 0.3), size=n_rows)
    labels = rng.integers(n_labels, size=n_rows)
    scores = label_quality(probs, labels)
    assert ((scores >= 0) & (scores <= 1)).all()
    flagged = likely_mislabelled(probs, labels)
    assert flagged.shape == (n_rows,)
    assert not flagged[probs.argmax(axis=1) == labels].any()


@pytest.mark.parametrize(
    "signal",
    [
        label_quality,
        likely_mislabelled,
        lambda probs, labels: weight_uncertainty(probs[None], labels),
    ],
)
def test_a_row_without_a_probability_is_refused_by_its_number(signal):
    probs = believed(np.array([0, 1, 0]), 2)
    probs[1] = NAN
    with pytest.raises(ArtefactError, match=r"synthetic row 2 \(1 such rows\).*Score"):
        signal(probs, np.array([0, 1, 0]))


def test_cartography_is_mean_spread_and_share_of_right_epochs():
    own = np.array([[0.2, 0.9], [0.4, 0.9], [0.9, 0.9]])
    margins = np.array([[-1.0, 2.0], [-0.5, 2.0], [3.0, 2.0]])
    table = cartography(own, margins)
    np.testing.assert_allclose(table["confidence"], [0.5, 0.9])
    np.testing.assert_allclose(table["variability"], np.std(own, axis=0), atol=1e-12)
    np.testing.assert_allclose(table["correctness"], [1 / 3, 1])
    assert cartography(own).columns.tolist() == ["confidence", "variability"]


def test_epochs_in_which_a_row_was_not_seen_do_not_count():
    own = np.array([[0.2, NAN, NAN], [NAN, 0.6, NAN], [0.4, 0.8, NAN]])
    margins = np.array([[-1.0, NAN, NAN], [NAN, 2.0, NAN], [2.0, 4.0, NAN]])
    table = cartography(own, margins)
    np.testing.assert_allclose(table["confidence"], [0.3, 0.7, NAN])
    np.testing.assert_allclose(table["variability"], [0.1, 0.1, NAN])
    np.testing.assert_allclose(table["correctness"], [0.5, 1, NAN])


def test_groups_are_chains_numbered_by_size_and_then_by_first_row():
    #        0  1   2  3  4   5  6   7  8
    index = [4, 8, -1, 5, 0, -1, 3, 2, 1]
    cosine = [0.97, 0.96, NAN, 0.99, 0.97, NAN, 0.95, 0.2, 0.96]
    groups = duplicate_groups(np.array(index)[:, None], np.array(cosine)[:, None])
    assert groups.tolist() == [1, 2, -1, 0, 1, 0, 0, -1, 2]
    assert groups.dtype == np.int64


def test_the_threshold_itself_counts_in_single_precision_too_and_a_row_is_not_its_own_duplicate():
    index = np.array([[1], [-1], [2]], dtype=np.int32)
    cosine = np.array([[0.95], [NAN], [1.0]], dtype=np.float32)
    assert duplicate_groups(index, cosine).tolist() == [0, 0, -1]
    assert duplicate_groups(index, cosine, threshold=0.96).tolist() == [-1, -1, -1]


def test_a_pool_without_rows_or_neighbours_has_no_groups():
    assert duplicate_groups(np.empty((0, 2), dtype=int), np.empty((0, 2))).shape == (0,)
    assert duplicate_groups(np.full((3, 2), -1), np.full((3, 2), NAN)).tolist() == [-1] * 3


@given(st.integers(1, 15), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_rows_share_a_group_if_and_only_if_a_chain_of_neighbours_joins_them(n, k, seed):
    rng = np.random.default_rng(seed)
    index = rng.integers(-1, n, size=(n, k))
    cosine = rng.choice([0.5, 0.99], p=[0.6, 0.4], size=(n, k))
    joined = np.eye(n, dtype=bool)
    for row, place in itertools.product(range(n), range(k)):
        if index[row, place] >= 0 and cosine[row, place] > 0.9:
            joined[row, index[row, place]] = joined[index[row, place], row] = True
    for middle in range(n):
        joined |= joined[:, [middle]] & joined[[middle]]
    groups = duplicate_groups(index, cosine, threshold=0.9)
    alone = joined.sum(axis=1) == 1
    assert ((groups == -1) == alone).all()
    same = (groups[:, None] == groups) & ~alone
    assert (same == joined & ~alone).all()
    sizes = np.bincount(groups[groups >= 0])
    assert (sizes >= 2).all()
    assert (np.diff(sizes) <= 0).all()


def test_rows_of_one_kind_cannot_be_told_apart_and_rows_of_two_kinds_can():
    rng = np.random.default_rng(2)
    synthetic = unit_rows(400, 8, rng)
    same = real_vs_synthetic(unit_rows(150, 8, rng), synthetic)
    assert same.auc.low < 0.5 < same.auc.high
    other = real_vs_synthetic(unit_rows(150, 8, rng, towards=3.0), synthetic)
    assert other.auc.low > 0.9
    assert other.auc.low < other.auc.value < other.auc.high
    assert other.density_ratio.shape == (400,)


def test_the_density_ratio_is_greatest_where_real_rows_are_and_stays_within_its_limits():
    rng = np.random.default_rng(3)
    real = unit_rows(3000, 4, rng, towards=12.0)
    synthetic = np.concatenate([unit_rows(2000, 4, rng), unit_rows(20, 4, rng, towards=12.0)])
    ratio = real_vs_synthetic(real, synthetic).density_ratio
    assert ratio[2000:].min() > np.quantile(ratio[:2000], 0.75)
    assert ratio.min() == pytest.approx(DENSITY_LIMITS[0])
    assert ratio.max() == pytest.approx(DENSITY_LIMITS[1])


def test_the_density_ratio_does_not_follow_the_number_of_synthetic_rows():
    rng = np.random.default_rng(4)
    real, synthetic = unit_rows(60, 8, rng), unit_rows(3000, 8, rng)
    ratio = real_vs_synthetic(real, synthetic).density_ratio
    assert np.median(ratio) == pytest.approx(1, abs=0.15)


def test_telling_apart_is_repeatable_with_the_same_seed():
    rng = np.random.default_rng(5)
    real, synthetic = unit_rows(30, 6, rng, towards=1.0), unit_rows(90, 6, rng)
    first, again, other = (real_vs_synthetic(real, synthetic, seed=seed) for seed in (0, 0, 1))
    assert first.auc == again.auc
    np.testing.assert_array_equal(first.density_ratio, again.density_ratio)
    assert (first.density_ratio != other.density_ratio).any()


def test_no_row_is_judged_by_a_fit_that_has_seen_it_nor_a_fit_larger_than_allowed(monkeypatch):
    fits = []

    def remember(real, synthetic):
        seen = {*real[:, 0].tolist(), *synthetic[:, 0].tolist()}
        fits.append((len(real), len(synthetic)))

        def ask(queries):
            assert not seen & set(queries[:, 0].tolist())
            return np.zeros(len(queries))

        return ask

    monkeypatch.setattr(signals, "_fit_density", remember)
    monkeypatch.setattr(signals, "LARGEST_FIT", 30)
    numbered = np.arange(120.0)[:, None]
    real_vs_synthetic(numbered[:20], numbered[20:], folds=4)
    assert fits == [(15, 30)] * 4


def test_two_rows_a_side_are_enough_and_one_is_refused():
    rows = unit_rows(4, 3, np.random.default_rng(6))
    found = real_vs_synthetic(rows[:2], rows[2:])
    assert 0 <= found.auc.low <= found.auc.value <= found.auc.high <= 1
    with pytest.raises(InputError, match="1 real and 3 synthetic rows"):
        real_vs_synthetic(rows[:1], rows[1:])


def test_equal_rows_count_as_one_and_orthogonal_rows_as_many_as_they_are():
    equal = np.tile([3.0, 4.0, 0.0], (50, 1)) * np.arange(1, 51)[:, None]
    assert vendi_score(equal) == pytest.approx(1)
    assert vendi_score(5 * np.eye(7, 9)) == pytest.approx(7)


def test_a_weight_on_one_row_leaves_one_and_no_weight_leaves_none():
    rows = np.eye(6, dtype=np.float32)
    assert vendi_score(rows, np.eye(6)[2]) == pytest.approx(1)
    assert vendi_score(rows, np.zeros(6)) == 0
    assert vendi_score(np.empty((0, 6))) == 0


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_vendi_score_is_that_of_the_full_kernel_matrix(n_rows, n_dimensions, seed):
    rng = np.random.default_rng(seed)
    rows, weights = rng.normal(size=(n_rows, n_dimensions)), rng.uniform(0.01, 3, size=n_rows)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    share = weights / weights.sum()
    kernel = unit @ unit.T * np.sqrt(np.outer(share, share))
    eigenvalues = np.linalg.eigvalsh(kernel)
    eigenvalues = eigenvalues[eigenvalues > 1e-12]
    expected = np.exp(-(eigenvalues * np.log(eigenvalues)).sum())
    assert vendi_score(rows, weights) == pytest.approx(expected, abs=1e-6)
    assert 1 - 1e-6 <= expected <= min(n_rows, n_dimensions) + 1e-6


def test_a_weight_of_2_is_worth_the_row_twice_and_blocks_do_not_show(monkeypatch):
    rows = unit_rows(40, 5, np.random.default_rng(7))
    weights = np.arange(40) % 3
    monkeypatch.setattr(signals, "_ROWS_AT_ONCE", 7)
    repeated = np.repeat(rows, weights, axis=0)
    assert vendi_score(rows, weights) == pytest.approx(vendi_score(repeated))


def test_a_large_pool_takes_a_moment():
    rng = np.random.default_rng(8)
    real, pool = unit_rows(200, 64, rng, towards=1.0), unit_rows(100_000, 64, rng)
    start = time.process_time()
    vendi_score(pool)
    real_vs_synthetic(real, pool)
    assert time.process_time() - start < 5, "about 0.5 s of processor time"


def test_uncertainty_is_the_spread_of_the_logarithm_at_the_rows_own_label():
    members = np.array([[[0.8, 0.2], [0.5, 0.5]], [[0.2, 0.8], [0.5, 0.5]]])
    labels = np.array([1, 0])
    np.testing.assert_allclose(weight_uncertainty(members, labels), [np.log(4) / 2, 0], atol=1e-12)


def test_a_checker_alone_is_never_uncertain():
    members = np.array([[[0.0, 1.0], [0.3, 0.7]]])
    assert weight_uncertainty(members, np.array([0, 0])).tolist() == [0, 0]


def test_checkers_that_all_find_a_label_next_to_impossible_do_not_disagree():
    members = np.array([[[0.0, 1.0]], [[1e-9, 1.0]], [[1e-4, 1.0]]])
    assert weight_uncertainty(members, np.array([0])).tolist() == pytest.approx([0])


@given(st.integers(1, 5), st.integers(1, 6), st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_uncertainty_is_bounded_and_no_less_than_0(n_members, n_rows, n_labels, seed):
    rng = np.random.default_rng(seed)
    members = np.eye(n_labels)[rng.integers(n_labels, size=(n_members, n_rows))]
    found = weight_uncertainty(members, rng.integers(n_labels, size=n_rows))
    assert found.shape == (n_rows,)
    assert ((found >= 0) & (found <= -np.log(LEAST_TOLD_APART) / 2 + 1e-9)).all()
