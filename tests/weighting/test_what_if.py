"""What a weighting would do to a pool, against the definitions."""

import numpy as np
import pytest

from synthcur.settings import WeightingSettings
from synthcur.weighting import what_if
from synthcur.weighting.rules import Facts, effective_sample_size, label_shares, sample_weight

P = np.array([[0.8, 0.2], [0.1, 0.9], [0.5, 0.5], [0.4, 0.6]])
Q = np.array([[0.4, 0.6], [0.9, 0.1], [0.5, 0.5], [0.4, 0.6]])
Y = np.array([0, 0, 1, 0])
FACTS = Facts(label_shares(np.array([0, 1, 1]), 2), np.array([0, 0, -1, -1]))
EVERYTHING = WeightingSettings(
    quality_exponent=0.7,
    prior_correction=True,
    clip_low=-1.0,
    clip_high=0.4,
    floor=0.2,
    collapse_duplicates=True,
    balance_classes=True,
    normalise=True,
)


def test_the_waterfall_adds_up_from_plain_training_to_the_weights():
    steps = what_if.waterfall(P, Q, Y, EVERYTHING, FACTS)
    assert [step.name for step in steps] == list(what_if.STEPS)
    mass = float(len(Y))
    for step in steps:
        mass += step.given - step.taken
        assert step.mass == pytest.approx(mass)
        assert min(step.given, step.taken) >= 0
    weights = sample_weight(P, Q, Y, EVERYTHING, FACTS)
    assert steps[-1].mass == pytest.approx(weights.sum())
    assert steps[-1].effective == pytest.approx(effective_sample_size(weights))


def test_each_step_of_the_waterfall_is_what_that_setting_does():
    only_rule = what_if.waterfall(P, Q, Y, WeightingSettings())
    (rule,) = only_rule
    assert (rule.name, rule.given) == ("rule", pytest.approx(1.0))  # 0.8 / 0.4 is 2
    assert rule.taken == pytest.approx(8 / 9)  # 0.1 / 0.9 is 1/9
    halved = what_if.waterfall(P, Q, Y, WeightingSettings(rule="ce", floor=0.0, clip_high=-0.5))
    assert [step.name for step in halved] == ["rule", "clip"]
    assert (halved[0].given, halved[0].taken) == (0, 0)
    assert halved[1].taken == pytest.approx(4 * (1 - np.exp(-0.5)))


def test_balancing_takes_as_much_as_it_gives():
    steps = what_if.waterfall(P, Q, Y, WeightingSettings(balance_classes=True))
    assert steps[-1].name == "balance_classes"
    assert steps[-1].given == pytest.approx(steps[-1].taken)
    assert steps[-1].given > 0


def test_an_outlook_says_what_is_left_and_what_is_too_little():
    weights = np.r_[np.full(40, 1.0), np.full(9, 0.001), 300.0]
    labels = np.repeat(["plenty", "few"], [40, 10])
    found = what_if.outlook(weights, labels)
    assert found.rows == 50
    assert found.effective == pytest.approx(effective_sample_size(weights))
    assert found.mean == pytest.approx(weights.mean())
    assert found.top_share == pytest.approx(300 / weights.sum())
    assert sum(found.histogram) == 50
    whole, few = found.concerns
    assert (whole.label, whole.rows) == (None, 50)
    assert (few.label, few.rows) == ("few", 10)
    assert few.effective == pytest.approx(1, rel=1e-3)


def test_a_pool_with_enough_of_everything_raises_no_concern():
    assert what_if.outlook(np.ones(60), np.repeat(["a", "b"], 30)).concerns == ()
    assert what_if.outlook(np.ones(0), np.zeros(0, dtype=object)).concerns == ()


def test_the_quarters_of_the_plane_are_cut_at_what_a_guess_gives():
    quality, diversity = np.array([0.6, 0.6, 0.1, 0.1]), np.array([0.9, 0.2, 0.9, 0.2])
    quadrant, rows = what_if.quadrants(quality, diversity, 4)
    assert [list(what_if.QUADRANTS)[each] for each in quadrant] == list(what_if.QUADRANTS)
    assert rows.tolist() == [1, 1, 1, 1]
    on_the_line, _ = what_if.quadrants(np.array([0.25]), np.array([0.25]), 4)
    assert on_the_line.tolist() == [0]
