"""What each arm trains on, and the factor of every row."""

from dataclasses import replace

import numpy as np
import pytest

from harness.collections import make_scores
from synthcur.arms import ARMS, Arm
from synthcur.errors import ArtefactError, InputError
from synthcur.review.decisions import DISCARD, EDIT, RELABEL, Decision
from synthcur.schema import SYNTHETIC, Collection
from synthcur.settings import WeightingSettings
from synthcur.training.label_model import fit_powers, join, judge, share_wrong
from synthcur.training.losses import DYNAMIC_WEIGHTS
from synthcur.training.pools import Pool, judging_rows, make_pool
from synthcur.training.training_sets import rows_of
from synthcur.weighting.rules import effective_sample_size, label_shares


def pool_of(collection: Collection, *decisions: Decision) -> Pool:
    scores = make_scores(collection)
    return make_pool(
        collection,
        decisions,
        embeddings=(scores["embeddings"]["synthetic"], scores["embeddings"]["real"]),
        quality_probs=scores["quality"]["synthetic"],
        diversity_probs=scores["diversity"]["synthetic"],
        calibrated_probs=scores["quality"]["calibrated"],
        out_of_fold_probs=scores["diversity"]["calibrated"],
        real_probs={
            "real_quality_probs": scores["quality"]["real"],
            "real_diversity_probs": scores["diversity"]["real"],
        },
        duplicate_group=np.arange(40) // 4,
    )


def test_imp_weighs_every_row_by_p_prime_over_q_at_its_label(small_collection: Collection):
    scores = make_scores(small_collection)
    own = np.arange(40), small_collection.label_ids(small_collection.synthetic)
    part = rows_of(ARMS["imp"], pool_of(small_collection))
    expected = scores["quality"]["synthetic"][own] / scores["diversity"]["synthetic"][own]
    np.testing.assert_allclose(part.factor, expected, rtol=1e-5)
    assert part.dynamic == ""


def test_dimp_brings_p_prime_along_and_divides_in_training(small_collection: Collection):
    own = np.arange(40), small_collection.label_ids(small_collection.synthetic)
    part = rows_of(ARMS["dimp"], pool_of(small_collection))
    np.testing.assert_allclose(
        part.factor, make_scores(small_collection)["quality"]["synthetic"][own]
    )
    assert part.dynamic == "dimp"


def test_a_relabelled_sample_uses_the_other_column(small_collection: Collection):
    synthetic = small_collection.synthetic
    before = int(small_collection.label_ids(synthetic)[5])
    after = (before + 1) % 3
    decision = Decision(
        sample_id=synthetic["sample_id"][5], action=RELABEL, label=small_collection.labels[after]
    )
    part = rows_of(ARMS["p_only"], pool_of(small_collection, decision))
    quality = make_scores(small_collection)["quality"]["synthetic"]
    assert part.labels[5] == after
    assert part.factor[5] == pytest.approx(quality[5, after])
    assert part.factor[5] != pytest.approx(quality[5, before])


def test_an_edited_sample_is_trained_on_with_its_new_text(small_collection: Collection):
    first, second = small_collection.synthetic["sample_id"][:2]
    edit = Decision(sample_id=first, action=EDIT, text="better")
    drop = Decision(sample_id=second, action=DISCARD)
    texts = pool_of(small_collection, edit, drop).synthetic.rows["text"].tolist()
    before = small_collection.synthetic["text"].tolist()
    assert texts == ["better", *before[2:]]


def test_a_discarded_sample_is_left_out_and_the_others_keep_their_own_factors(
    small_collection: Collection,
):
    gone = Decision(sample_id=small_collection.synthetic["sample_id"][7], action=DISCARD)
    everything = rows_of(ARMS["imp"], pool_of(small_collection))
    part = rows_of(ARMS["imp"], pool_of(small_collection, gone))
    stays = np.arange(40) != 7
    np.testing.assert_array_equal(part.factor, everything.factor[stays])
    np.testing.assert_array_equal(part.labels, everything.labels[stays])
    assert part.rows["sample_id"].tolist() == everything.rows["sample_id"][stays].tolist()


@pytest.mark.parametrize(("arm", "n"), [("ce", 40), ("ce_real", 24), ("ce_both", 64)])
def test_plain_arms_give_every_row_weight_one(small_collection: Collection, arm: str, n: int):
    part = rows_of(ARMS[arm], make_pool(small_collection, []))
    np.testing.assert_array_equal(part.factor, np.ones(n))
    assert len(part.rows) == len(part.labels) == n


def test_the_saved_scheme_decides_the_weights_of_its_arm(small_collection: Collection):
    scheme = WeightingSettings(rule="p_only", floor=0.5, normalise=True)
    part = rows_of(ARMS["scheme"], pool_of(small_collection), weighting=scheme)
    assert part.factor.mean() == pytest.approx(1)
    assert not np.allclose(part.factor, rows_of(ARMS["p_only"], pool_of(small_collection)).factor)
    with pytest.raises(InputError, match="no weighting"):
        rows_of(ARMS["scheme"], pool_of(small_collection))


def test_a_scheme_may_divide_by_q_out_of_fold(small_collection: Collection):
    pool = pool_of(small_collection)
    own = np.arange(40), pool.synthetic.labels
    assert pool.quality_probs is not None
    assert pool.out_of_fold_probs is not None
    scheme = WeightingSettings(diversity="out_of_fold")
    part = rows_of(ARMS["scheme"], pool, weighting=scheme)
    expected = pool.quality_probs[own] / pool.out_of_fold_probs[own]
    np.testing.assert_allclose(part.factor, expected, rtol=1e-5)


def test_a_scheme_may_take_the_calibrated_p(small_collection: Collection):
    pool = pool_of(small_collection)
    assert pool.calibrated_probs is not None
    scheme = WeightingSettings(rule="p_only", quality="calibrated")
    part = rows_of(ARMS["scheme"], pool, weighting=scheme)
    own = np.arange(40), pool.synthetic.labels
    np.testing.assert_allclose(part.factor, pool.calibrated_probs[own], rtol=1e-6)


def test_a_discarded_duplicate_no_longer_halves_the_others(small_collection: Collection):
    gone = Decision(sample_id=small_collection.synthetic["sample_id"][7], action=DISCARD)
    scheme = WeightingSettings(rule="ce", collapse_duplicates=True)
    part = rows_of(ARMS["scheme"], pool_of(small_collection, gone), weighting=scheme)
    np.testing.assert_allclose(part.factor, [1 / 4] * 4 + [1 / 3] * 3 + [1 / 4] * 32)


def test_the_prior_correction_of_a_run_is_that_of_its_real_rows(small_collection: Collection):
    pool = pool_of(small_collection)
    plain = rows_of(ARMS["scheme"], pool, weighting=WeightingSettings()).factor
    scheme = WeightingSettings(prior_correction=True)
    corrected = rows_of(ARMS["scheme"], pool, weighting=scheme).factor
    shares = [label_shares(part.labels, 3) for part in (pool.synthetic, pool.real)]
    expected = (shares[0] / shares[1])[pool.synthetic.labels]
    np.testing.assert_allclose(corrected / plain, expected)
    assert np.ptp(expected) > 0


def test_a_scheme_that_needs_unknown_duplicates_is_refused(small_collection: Collection):
    pool = replace(pool_of(small_collection), duplicate_group=None)
    scheme = WeightingSettings(collapse_duplicates=True)
    with pytest.raises(InputError, match="Score the collection again"):
        rows_of(ARMS["scheme"], pool, weighting=scheme)


def test_the_filter_leaves_out_rows_below_chance(small_collection: Collection):
    pool = pool_of(small_collection)
    assert pool.quality_probs is not None
    own = pool.quality_probs[np.arange(40), pool.synthetic.labels]
    part = rows_of(ARMS["quality_filter"], pool)
    stays = own >= 1 / 3
    assert 0 < stays.sum() < 40
    assert part.rows["sample_id"].tolist() == pool.synthetic.rows["sample_id"][stays].tolist()
    np.testing.assert_array_equal(part.factor, 1)


def test_random_drop_keeps_as_many_rows_as_imp_is_worth_and_others_with_each_seed(
    small_collection: Collection,
):
    pool = pool_of(small_collection)
    worth = effective_sample_size(rows_of(ARMS["imp"], pool).factor)
    first, again, other = (
        rows_of(ARMS["random_drop"], pool, seed=seed).rows["sample_id"].tolist()
        for seed in (1, 1, 2)
    )
    assert len(first) == len(other) == round(worth)
    assert first == again != other


def test_distilled_rows_are_learned_under_p_prime_whatever_their_label(
    small_collection: Collection,
):
    pool = pool_of(small_collection)
    part = rows_of(ARMS["distill"], pool)
    np.testing.assert_array_equal(part.targets, pool.quality_probs)
    np.testing.assert_array_equal(part.factor, 1)


def test_both_checkers_and_the_generator_are_heard_as_far_as_they_are_right_on_real_rows(
    small_collection: Collection,
):
    pool = pool_of(small_collection)
    assert pool.calibrated_probs is not None
    assert pool.out_of_fold_probs is not None
    labels, n_real = pool.synthetic.labels, len(pool.real.labels)
    right = np.eye(3)[pool.real.labels] * 0.94 + 0.02
    blind = replace(pool, real_quality_probs=right, real_diversity_probs=np.roll(right, 1, axis=1))
    part = rows_of(ARMS["witnesses"], blind)
    assert part.targets is not None
    np.testing.assert_array_equal(part.factor, 1)
    np.testing.assert_array_equal(part.targets[40:], np.eye(3)[pool.real.labels])
    powers = fit_powers([right, np.roll(right, 1, axis=1)], pool.real.labels)
    assert powers[1] < powers[0] / 4  # it is always wrong of real rows
    opinion = join([pool.calibrated_probs, pool.out_of_fold_probs], powers)
    expected = judge(opinion, labels, share_wrong(opinion, labels))
    np.testing.assert_allclose(part.targets[:40], expected)
    assert len(part.labels) == 40 + n_real


@pytest.mark.parametrize("action", ["keep", RELABEL])
def test_what_a_person_has_confirmed_is_certain(small_collection: Collection, action: str):
    sample = small_collection.synthetic["sample_id"][7]
    label = small_collection.labels[2] if action == RELABEL else None
    decision = Decision(sample_id=sample, action=action, label=label)
    part = rows_of(ARMS["witnesses"], pool_of(small_collection, decision))
    assert part.targets is not None
    np.testing.assert_array_equal(part.targets[7], np.eye(3)[part.labels[7]])
    assert part.targets[8].max() < 1


def test_consensus_doubts_what_both_checkers_doubt_and_keeps_real_rows_whole(
    small_collection: Collection,
):
    pool = pool_of(small_collection)
    assert pool.calibrated_probs is not None
    assert pool.out_of_fold_probs is not None
    part = rows_of(ARMS["consensus"], pool)
    agreed = np.sqrt(pool.calibrated_probs.astype(float) * pool.out_of_fold_probs)
    agreed /= agreed.sum(axis=1, keepdims=True)
    labels = pool.synthetic.labels
    np.testing.assert_allclose(part.factor[:40], agreed[np.arange(40), labels], rtol=1e-5)
    np.testing.assert_array_equal(part.factor[40:], np.ones(24))
    assert part.targets is not None
    np.testing.assert_array_equal(part.targets[40:], np.eye(3)[pool.real.labels])
    softened = np.sqrt(agreed * (0.9 * np.eye(3)[labels] + 0.1 / 3))
    softened /= softened.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(part.targets[:40], softened, rtol=1e-5)


def test_votes_go_to_the_nearest_rows_of_the_voters_label(small_collection: Collection):
    pool = pool_of(small_collection)
    assert pool.embeddings is not None
    synthetic, real = pool.embeddings
    expected = np.zeros(40)
    for vector, label in zip(real, pool.real.labels, strict=True):
        rivals = np.flatnonzero(pool.synthetic.labels == label)
        ranked = rivals[np.argsort(-(synthetic[rivals] @ vector), kind="stable")]
        for rank, row in enumerate(ranked[:8]):
            expected[row] += 0.5**rank
    part = rows_of(ARMS["votes"], pool)
    voted = expected > 0
    np.testing.assert_allclose(part.factor, expected[voted] / expected[voted].mean())
    assert part.rows["sample_id"].tolist() == pool.synthetic.rows["sample_id"][voted].tolist()


@pytest.mark.parametrize("arm", [arm for arm in ARMS.values() if arm.weights != "scheme"])
def test_every_arm_of_the_registry_finds_its_rows(small_collection: Collection, arm: Arm):
    part = rows_of(arm, pool_of(small_collection))
    assert (part.factor > 0).all()
    assert len(part.rows) == len(part.labels) == len(part.factor)
    assert part.dynamic == "" or part.dynamic in DYNAMIC_WEIGHTS
    if part.targets is not None:
        np.testing.assert_allclose(part.targets.sum(axis=1), 1, atol=1e-5)


def test_an_arm_that_needs_checkers_says_so(small_collection: Collection):
    with pytest.raises(InputError, match="not scored"):
        rows_of(ARMS["imp"], make_pool(small_collection, []))


def test_a_label_without_rows_is_refused_with_the_count_of_every_label(
    small_collection: Collection,
):
    synthetic = small_collection.synthetic
    gone = [
        Decision(sample_id=sample_id, action=DISCARD, seq=i)
        for i, sample_id in enumerate(synthetic["sample_id"][synthetic["label"] == "pests"])
    ]
    pool = pool_of(small_collection, *gone)
    with pytest.raises(InputError, match=r"'imp' hold 2 of the 3 labels \(.*pests: 0"):
        rows_of(ARMS["imp"], pool)
    assert len(rows_of(ARMS["ce_both"], pool).labels) == 40 - len(gone) + 24


def test_results_of_another_collection_are_refused(small_collection: Collection):
    with pytest.raises(ArtefactError, match="shape"):
        make_pool(small_collection, [], quality_probs=np.ones((7, 3)))


def test_a_collection_without_judges_is_refused(small_collection: Collection):
    is_test = (small_collection.rows["split"] == "test").to_numpy()
    bare = replace(
        small_collection,
        rows=small_collection.rows[~is_test],
        provenance=small_collection.provenance[~is_test],
    )
    assert (bare.rows["source"] == SYNTHETIC).sum() == 40
    with pytest.raises(InputError, match="no test rows"):
        judging_rows(bare, "test")
