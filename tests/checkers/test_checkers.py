"""The checkers: what they see, what they say, and how far they say they can be trusted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthcur.checkers.checkers import (
    CHECKERS,
    DIVERSITY,
    QUALITY,
    ROLES,
    Sample,
    Task,
    average,
    finetune,
    probe,
    trust_of,
)
from synthcur.models.probes import ABSENT_PROBABILITY
from synthcur.schema import REAL, VALIDATION, Collection
from synthcur.settings import CHECKER_KINDS, FitSettings, ScoreSettings
from synthcur.stats.calibration import apply_temperature
from synthcur.training.pools import Examples

LABELS = ("a", "b", "c")


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


def cloud(n: int, *, seed: int, noise: float = 0.5, classes: int = 3) -> Sample:
    """Unit vectors around one direction a class."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    vectors = np.eye(8)[labels] + random.normal(scale=noise, size=(n, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = pd.DataFrame({"text": ["x"] * n, "text_pair": None})
    return Sample(rows, labels, vectors.astype(np.float32))


def task(role: str, *, real: Sample | None = None, synthetic: Sample | None = None) -> Task:
    judges = cloud(9, seed=9)
    return Task(
        role=role,
        labels=LABELS,
        real=real or cloud(60, seed=1),
        synthetic=synthetic or cloud(120, seed=2),
        validation=Examples(judges.rows, judges.labels),
    )


def relabelled(sample: Sample, rows: np.ndarray) -> Sample:
    labels = sample.labels.copy()
    labels[rows] = (labels[rows] + 1) % 3
    return replace(sample, labels=labels)


def test_every_kind_of_checkers_that_settings_allow_is_there():
    assert (*CHECKERS, "average") == CHECKER_KINDS


@pytest.mark.parametrize("role", ROLES)
def test_a_probe_gives_full_rows_of_probabilities(role: str):
    checked = probe(task(role), ScoreSettings(), silent)
    own_rows = 60 if role == QUALITY else 120
    for probs, n in ((checked.synthetic, 120), (checked.out_of_fold, own_rows)):
        assert probs.shape == (n, 3)
        assert probs.dtype == np.float32
        np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert checked.trust["n"] == own_rows
    assert checked.trust["low"] < checked.trust["accuracy"] < checked.trust["high"]
    assert checked.trust["how"] == "out of fold"


def test_the_quality_probe_finds_wrong_labels_and_never_sees_the_synthetic_ones():
    wrong = np.arange(0, 120, 10)
    spoiled = relabelled(cloud(120, seed=2), wrong)
    checked = probe(task(QUALITY, synthetic=spoiled), ScoreSettings(), silent)
    own = checked.synthetic[np.arange(120), spoiled.labels]
    assert own[wrong].mean() < 0.3 < np.delete(own, wrong).mean()
    np.testing.assert_array_equal(
        checked.synthetic, probe(task(QUALITY), ScoreSettings(), silent).synthetic
    )


def test_probabilities_out_of_fold_do_not_know_the_row():
    memorable = cloud(60, seed=3, noise=3.0)
    checked = probe(task(DIVERSITY, synthetic=memorable), ScoreSettings(), silent)
    own = np.arange(60), memorable.labels
    assert checked.out_of_fold[own].mean() < checked.synthetic[own].mean()


def test_a_probe_repeats_with_its_seed():
    first, again = (probe(task(QUALITY), ScoreSettings(seed=4), silent) for _ in range(2))
    np.testing.assert_array_equal(first.synthetic, again.synthetic)
    np.testing.assert_array_equal(first.out_of_fold, again.out_of_fold)


def test_the_regularisation_is_chosen_on_real_rows_only():
    clean = probe(task(DIVERSITY), ScoreSettings(), silent)
    spoiled = relabelled(cloud(120, seed=2), np.arange(60))
    noisy = probe(task(DIVERSITY, synthetic=spoiled), ScoreSettings(), silent)
    assert noisy.details["c"] == clean.details["c"]


def test_a_label_without_real_rows_gets_next_to_no_probability_and_is_named():
    checked = probe(task(QUALITY, real=cloud(40, seed=1, classes=2)), ScoreSettings(), silent)
    assert checked.details["labels_never_seen"] == ["c"]
    np.testing.assert_allclose(checked.synthetic[:, 2], ABSENT_PROBABILITY, rtol=1e-3)
    np.testing.assert_allclose(checked.synthetic.sum(axis=1), 1, atol=1e-5)


def test_a_label_with_one_real_row_is_no_obstacle():
    real = cloud(41, seed=1, classes=2)
    real.labels[-1] = 2
    checked = probe(task(QUALITY, real=real), ScoreSettings(), silent)
    assert np.isfinite(checked.synthetic).all()
    assert checked.trust["n"] == 41


def test_trust_is_an_accuracy_with_its_wilson_interval_and_a_calibration_error():
    probs = np.full((60, 2), 0.5) + np.array([0.25, -0.25])
    trust = trust_of(probs, np.repeat([0, 1], [45, 15]))
    assert (trust["accuracy"], trust["n"], trust["how"]) == (0.75, 60, "out of fold")
    assert (trust["low"], trust["high"]) == pytest.approx((0.6277, 0.8422), abs=1e-4)
    assert trust["log_loss"] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    for name in ("macro_f1", "ece"):
        assert trust[name]["low"] <= trust[name]["value"] <= trust[name]["high"]


def test_the_calibrated_quality_is_the_mean_of_members_that_each_missed_a_fold():
    checked = probe(task(QUALITY), ScoreSettings(), silent)
    assert checked.members.shape == (5, 120, 3)
    np.testing.assert_allclose(checked.calibrated, checked.members.mean(axis=0), atol=2e-3)
    assert np.ptp(checked.members.astype(float), axis=0).max() > 0.01, "members all the same"


def test_an_overconfident_checker_is_cooled_to_what_it_gets_right():
    loud = cloud(60, seed=3, noise=0.9)
    checked = probe(task(QUALITY, real=loud), ScoreSettings(), silent)
    own = np.arange(60), loud.labels
    cooled = apply_temperature(checked.out_of_fold, checked.details["temperature"])
    assert -np.log(cooled[own]).mean() <= -np.log(checked.out_of_fold[own]).mean() + 1e-3


def test_the_calibrated_diversity_has_not_seen_the_row():
    memorable = cloud(60, seed=3, noise=3.0)
    checked = probe(task(DIVERSITY, synthetic=memorable), ScoreSettings(), silent)
    own = np.arange(60), memorable.labels
    assert checked.calibrated[own].mean() < checked.synthetic[own].mean()
    assert checked.members.shape == (0, 60, 3)


def test_the_average_lies_between_two_checkers_and_is_judged_anew():
    real = cloud(60, seed=1)
    first = probe(task(QUALITY), ScoreSettings(), silent)
    blurred = replace(real, embeddings=cloud(60, seed=1, noise=1.5).embeddings)
    second = probe(task(QUALITY, real=blurred), ScoreSettings(), silent)
    both = average(first, second, real.labels)
    np.testing.assert_allclose(both.synthetic, (first.synthetic + second.synthetic) / 2)
    np.testing.assert_allclose(both.calibrated.sum(axis=1), 1, atol=1e-5)
    assert both.members.shape == (10, 120, 3)
    assert both.trust["n"] == 60
    low, high = sorted([first.trust["log_loss"], second.trust["log_loss"]])
    assert both.trust["log_loss"] < high
    assert low > 0


def text_task(collection: Collection, role: str) -> Task:
    def sample(rows: pd.DataFrame) -> Sample:
        return Sample(rows, collection.label_ids(rows), np.zeros((len(rows), 2), np.float32))

    return Task(
        role=role,
        labels=collection.labels,
        real=sample(collection.real_train),
        synthetic=sample(collection.synthetic),
        validation=sample(collection.part(REAL, VALIDATION)),
    )


@pytest.mark.parametrize(("role", "n", "members"), [(QUALITY, 24, 3), (DIVERSITY, 40, 0)])
def test_a_fine_tuned_checker_is_judged_on_rows_it_has_not_seen(
    small_collection: Collection, tiny_model: str, role: str, n: int, members: int
):
    seen: list[tuple[int, int]] = []
    settings = ScoreSettings(
        checkers="finetune",
        fit=FitSettings(base_model=tiny_model, epochs=2, learning_rate=1e-2, batch_size=8),
        quality_steps=12,
    )
    checked = finetune(
        text_task(small_collection, role), settings, lambda done, total: seen.append((done, total))
    )
    assert checked.synthetic.shape == (40, 3)
    np.testing.assert_allclose(checked.synthetic.sum(axis=1), 1, atol=1e-4)
    assert checked.out_of_fold.shape == (n, 3)
    assert checked.members.shape == (members, 40, 3)
    assert (checked.trust["n"], checked.trust["how"]) == (n, "out of fold")
    assert checked.details["steps"] == (12 if role == QUALITY else 10)
    assert len(checked.details["best_epochs"]) == 4
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]


def test_a_fine_tuned_quality_checker_learns_from_real_rows_alone(
    small_collection: Collection, tiny_model: str
):
    settings = ScoreSettings(
        checkers="finetune",
        fit=FitSettings(base_model=tiny_model, epochs=1, batch_size=8),
        finetune_folds=2,
        quality_steps=0,
    )
    plain = text_task(small_collection, QUALITY)
    spoiled = replace(plain, synthetic=relabelled(plain.synthetic, np.arange(40)))
    first, second = (finetune(given, settings, silent) for given in (plain, spoiled))
    np.testing.assert_array_equal(first.synthetic, second.synthetic)
