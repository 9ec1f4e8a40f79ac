"""Fine-tuned arms below the linear probe: said where it is more than chance, and not otherwise."""

import numpy as np
import pytest

from synthcur.results.floor import Below, below_in_words, below_probe

V, K = 175, 5
TRUE = np.arange(V) % K


def said(right: float, sureness: float, *, seeds: int = 1, seed: int = 0) -> np.ndarray:
    """Probabilities (S, V, K) with that share of rows right, each said with that probability."""
    random = np.random.default_rng(seed)
    probs = np.full((seeds, V, K), (1 - sureness) / (K - 1))
    for each in range(seeds):
        order = random.permutation(V)
        named = np.where(order < right * V, TRUE, (TRUE + 1) % K)
        probs[each, np.arange(V), named] = sureness
    return probs


PROBES = {"probe_real": said(0.80, 0.7), "probe_both": said(0.96, 0.8)}


def test_a_half_trained_arm_is_below_the_better_probe():
    found = below_probe({"imp": said(0.7, 0.5)}, PROBES, TRUE)["imp"]
    assert (found.probe, found.n_rows) == ("probe_both", V)
    assert (found.accuracy, found.probe_accuracy) == pytest.approx((0.70, 0.96), abs=0.005)
    assert found.log_loss > found.probe_log_loss


@pytest.mark.parametrize(
    ("right", "sureness"),
    [(0.97, 0.3), (0.96, 0.8), (0.99, 0.9)],
    ids=["farther from the labels with more rows right", "equal", "better"],
)
def test_an_arm_with_as_many_rows_right_is_not_below(right: float, sureness: float):
    assert below_probe({"imp": said(right, sureness, seed=1)}, PROBES, TRUE) == {}


def test_a_row_or_two_are_not_enough():
    probes = {"probe_both": said(0.90, 0.8)}
    assert below_probe({"imp": said(0.88, 0.8, seed=1)}, probes, TRUE) == {}


def test_chance_alone_puts_few_arms_below():
    """Two models that are equally good, each with mistakes of its own."""
    probes = {"probe_both": said(0.85, 0.8, seeds=1, seed=1)}
    random = np.random.default_rng(5)
    hits = 0
    for seed in range(200):
        share = random.binomial(V, 0.85) / V
        hits += bool(below_probe({"imp": said(share, 0.8, seed=seed + 10)}, probes, TRUE))
    assert hits <= 0.06 * 200


def test_seeds_that_disagree_are_less_evidence():
    good, bad = said(0.96, 0.8, seed=1), said(0.4, 0.8, seed=2)
    assert below_probe({"imp": bad}, PROBES, TRUE)
    assert not below_probe({"imp": np.concatenate([good, bad])}, PROBES, TRUE)


def test_without_a_probe_nothing_is_below():
    assert below_probe({"imp": said(0.2, 0.5)}, {}, TRUE) == {}


def test_the_sentence_names_probe_rows_figures_and_what_to_do():
    below = Below("probe_both", 1750, 0.794, 0.96, 1.9, 0.31)
    titles = {"imp": "IMP", "ce": "Plain", "probe_both": "linear probe (synthetic + real)"}
    assert below_in_words({"imp": below, "ce": below}, titles) == (
        "Below the linear probe (synthetic + real) on the 1,750 validation rows (96.0 % right, "
        "log loss 0.31): IMP with 79.4 % and 1.90, Plain with 79.4 % and 1.90. "
        "Train longer, or take the probe."
    )
    assert below_in_words({}, titles) == ""
