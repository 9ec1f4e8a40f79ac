"""Learning curves: which real rows, what is trained, what is kept, what is said of it."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.arms import ARMS
from synthcur.errors import InputError
from synthcur.schema import REAL, TEST, VALIDATION, Collection
from synthcur.stats.metrics import mean_interval, paired_difference
from synthcur.training.curve_results import Gain, Point
from synthcur.training.learning_curve import (
    NO_REAL_ROWS,
    LearningCurveSettings,
    chosen_rows,
    default_arms,
    default_sizes,
    headline,
    nested_order,
    reads_real_rows,
    summary,
    with_real_rows,
)

label_ids = st.lists(st.integers(0, 4), min_size=2, max_size=80).map(np.array)


@given(label_ids, st.integers(0, 99))
def test_every_beginning_is_stratified_and_holds_each_label_first(labels, seed):
    order = nested_order(labels, seed=seed)
    assert sorted(order) == list(range(len(labels)))
    n, counts = len(labels), np.bincount(labels)
    k = int((counts > 0).sum())
    assert len(set(labels[order[:k]])) == k
    for size in range(k, n + 1):
        held = np.bincount(labels[order[:size]], minlength=len(counts))
        fair = size * counts / n
        # Whole rows, and the rows that rare labels are given first, are all that may differ.
        assert np.all(np.abs(held - fair) <= 1 + k * np.maximum(counts / n, 1 / n))


def test_other_seeds_choose_other_rows_and_equal_seeds_the_same():
    labels = np.repeat([0, 1, 2], 30)
    first, again, other = (set(nested_order(labels, seed=seed)[:15]) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_a_subset_changes_the_real_training_rows_and_nothing_else(small_collection: Collection):
    chosen = chosen_rows(small_collection, 9, seed=3)
    part = with_real_rows(small_collection, chosen)
    whole = small_collection.real_train
    assert part.real_train["sample_id"].tolist() == whole["sample_id"][chosen].tolist()
    assert len(part.provenance) == len(part.rows)
    assert part.synthetic.equals(small_collection.synthetic)
    for split in (VALIDATION, TEST):
        assert part.part(REAL, split).equals(small_collection.part(REAL, split))


@pytest.mark.parametrize("size", [2, 25])
def test_a_size_that_the_rows_cannot_give_is_refused(small_collection: Collection, size: int):
    with pytest.raises(InputError, match=f"with {size} real rows: there are 24 .* of 3 labels"):
        chosen_rows(small_collection, size, seed=0)


def test_sizes_follow_the_rows_there_are():
    assert default_sizes(np.arange(240) % 6) == (25, 50, 100, 240)
    assert default_sizes(np.arange(400) % 6) == (25, 50, 100, 200, 400)
    assert default_sizes(np.arange(24) % 3) == (24,)
    assert default_sizes(np.arange(400) % 60) == (100, 200, 400)


def test_settings_survive_the_spec_of_a_job_and_refuse_nonsense():
    settings = LearningCurveSettings(sizes=(50, 25, 50), arms=("ce", "ce_real"))
    assert settings.sizes == (25, 50)
    assert LearningCurveSettings.from_dict(asdict(settings)) == settings
    with pytest.raises(InputError, match="numbers of real rows"):
        LearningCurveSettings(sizes=(1,))
    with pytest.raises(InputError, match="named twice"):
        LearningCurveSettings(arms=("ce", "ce"))


def test_plain_synthetic_training_runs_once_a_seed_whatever_the_real_rows():
    assert not reads_real_rows(ARMS["ce"])
    assert all(reads_real_rows(ARMS[arm]) for arm in default_arms() if arm != "ce")
    settings = LearningCurveSettings(arms=("ce", "ce_real", "dimp"), seeds=2, sizes=(5, 10))
    assert settings.n_runs == 2 * (1 + 2 * 2)


TRUE = np.arange(200) % 2


def guessed(share: float) -> np.ndarray:
    """Predictions of which this share is right."""
    return np.where(np.arange(200) < share * 200, TRUE, 1 - TRUE)


def made_up(real: dict[int, float], own: dict[int, float], plain: float = 0.7) -> dict:
    said = {("ce", NO_REAL_ROWS): dict.fromkeys(range(3), guessed(plain))}
    for arm, curve in (("ce_real", real), ("dimp", own)):
        for size, share in curve.items():
            said[arm, size] = {seed: guessed(share - 0.01 * seed) for seed in range(3)}
    return said


def test_points_and_gains_are_those_of_the_predictions():
    said = made_up({25: 0.5, 100: 0.8}, {25: 0.75, 100: 0.8})
    found = summary(said, TRUE, ("ce_real", "ce", "dimp"))
    by_arm = {arm.arm: arm.points for arm in found.arms}
    assert [point.n_real for point in by_arm["dimp"]] == [25, 100]
    assert [point.n_real for point in by_arm["ce"]] == [NO_REAL_ROWS]
    stacked = np.stack([said["dimp", 25][seed] for seed in range(3)])
    assert by_arm["dimp"][0] == Point(25, mean_interval(stacked, TRUE))
    other = np.stack([said["ce_real", 25][seed] for seed in range(3)])
    first, last = found.pays
    assert (
        first.difference.mean == paired_difference(stacked, other, TRUE).mean == pytest.approx(0.25)
    )
    assert first.outcome == "better"
    assert first.sentence.startswith("25 real rows: DIMP, P′/p is better than Plain (real only)")
    assert last.outcome == "no evidence"
    assert found.verdict == (
        "Synthetic rows pay with 25 real ones, by DIMP, P′/p; no evidence that they pay with 100"
    )


ALL_ONE_LABEL = dict.fromkeys(range(3), np.ones(200, dtype=int))


def test_rows_do_not_pay_beside_real_rows_that_learned_nothing_without_a_word():
    said = made_up({25: 0.8, 100: 0.8}, {25: 0.9, 100: 0.8})
    said["ce_real", 25] = ALL_ONE_LABEL
    found = summary(said, TRUE, ("ce_real", "ce", "dimp"))
    assert found.majority == 0.5
    (idle,) = found.learned_nothing
    assert (idle.arm, idle.n_real, idle.seeds) == ("ce_real", 25, (0, 1, 2))
    sentence = "25 real rows: Plain (real only) learned nothing: train longer"
    assert idle.sentence == sentence
    assert found.pays[0].sentence.endswith("; Plain (real only) learned nothing")
    assert "learned nothing" not in found.pays[1].sentence


def test_an_arm_that_learned_nothing_gets_no_verdict_at_that_size():
    said = made_up({25: 0.8, 100: 0.8}, {25: 0.9, 100: 0.8})
    said["dimp", 25] = ALL_ONE_LABEL
    found = summary(said, TRUE, ("ce_real", "ce", "dimp"))
    first, last = found.pays
    sentence = "25 real rows: No verdict, since DIMP, P′/p learned nothing: train longer"
    assert (first, first.outcome) == (Gain(25, "dimp", sentence), "no verdict")
    assert last.difference.p_holm == last.difference.p_value, "one comparison is left"
    assert found.verdict == (
        "No evidence that DIMP, P′/p pays with 100 real rows; no verdict with 25, where an arm "
        "learned nothing or was still learning: train longer"
    )


def test_no_verdict_at_a_size_where_one_of_the_two_was_still_learning():
    said = made_up({25: 0.5, 100: 0.7}, {25: 0.7, 100: 0.7})
    why = "it took 9 steps"
    arms = ("ce_real", "ce", "dimp")
    slow = {("dimp", 25): {1: why}, ("ce_real", 100): {0: why}}
    found = summary(said, TRUE, arms, slow)
    assert [each.outcome for each in found.pays] == ["no verdict", "no verdict"]
    assert [each.sentence.split(" was")[0] for each in found.pays] == [
        "25 real rows: No verdict, since DIMP, P′/p",
        "100 real rows: No verdict, since Plain (real only)",
    ]
    first, last = found.unfinished
    assert (first.arm, first.n_real, first.seeds) == ("ce_real", 100, (0,))
    assert last.sentence.startswith(
        "25 real rows: DIMP, P′/p was still learning when it stopped (1 of 3 seeds): it took 9"
    )
    said["dimp", 25] = ALL_ONE_LABEL
    assert len(summary(said, TRUE, arms, slow).unfinished) == 1, "the stronger word stands"


def test_an_arm_without_real_rows_is_compared_at_every_size():
    found = summary(made_up({25: 0.5, 100: 0.9}, {}), TRUE, ("ce_real", "ce"))
    assert [each.outcome for each in found.pays] == ["better", "worse"]
    assert found.verdict == (
        "Synthetic rows pay with 25 real ones, by Plain (synthetic only); they harm with 100"
    )


def test_without_real_rows_alone_nothing_is_said_to_pay():
    found = summary({("dimp", 25): {0: guessed(0.7)}}, TRUE, ("ce_real", "dimp"))
    assert [arm.arm for arm in found.arms] == ["dimp"]
    assert (found.pays, found.verdict) == ((), "")


def test_no_evidence_at_any_size_is_said():
    said = made_up({25: 0.7, 50: 0.7}, {25: 0.7, 50: 0.7})
    found = summary(said, TRUE, ("ce_real", "dimp"))
    assert headline(found.pays) == "No evidence that DIMP, P′/p pays with 25 and 50 real rows"


def test_the_floor_is_never_what_makes_synthetic_rows_pay():
    said = made_up({25: 0.5}, {25: 0.9})
    probe = {("probe_real", size): runs for (arm, size), runs in said.items() if arm == "dimp"}
    found = summary(said | probe, TRUE, ("ce_real", "dimp", "probe_real"))
    assert [each.arm for each in found.pays] == ["dimp"]
    alone = {**probe, ("ce_real", 25): said["ce_real", 25]}
    assert summary(alone, TRUE, ("ce_real", "probe_real")).pays == ()
