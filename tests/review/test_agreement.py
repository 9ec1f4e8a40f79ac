"""Agreement of people with each other and with the weights, held against worked examples."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from synthcur.review.agreement import (
    MISSING,
    audit,
    cohen_kappa,
    disagreements,
    krippendorff_alpha,
    opinions,
    with_weights,
)
from synthcur.review.decisions import Decision
from synthcur.review.log_state import LogFold

NONE = MISSING
LABELS = {"billing": 0, "delivery": 1}

# The example of Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four
# observers, twelve units, nominal alpha 0.743.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)


def alpha_by_pairs(table: np.ndarray) -> float:
    """Krippendorff's alpha from the coincidence matrix, pair by pair."""
    coincidences: Counter = Counter()
    for unit in table.T:
        values = [value for value in unit if value != MISSING]
        for one, other in permutations(values, 2):
            coincidences[one, other] += 1 / (len(values) - 1)
    of = Counter()
    for (one, _), number in coincidences.items():
        of[one] += number
    n = sum(of.values())
    if not n:
        return float("nan")
    observed = sum(number for (one, other), number in coincidences.items() if one != other) / n
    expected = sum(of[a] * of[b] for a, b in permutations(of, 2)) / (n * (n - 1))
    return 1 - observed / expected if expected else float("nan")


def kappa_by_table(first: np.ndarray, second: np.ndarray) -> float:
    cells = Counter(zip(first.tolist(), second.tolist(), strict=True))
    n = len(first)
    observed = sum(number for (one, other), number in cells.items() if one == other) / n
    by_first, by_second = Counter(first.tolist()), Counter(second.tolist())
    expected = sum(by_first[each] * by_second[each] for each in by_first) / n**2
    return (observed - expected) / (1 - expected) if expected < 1 else float("nan")


def test_alpha_of_the_published_example():
    found = krippendorff_alpha(KRIPPENDORFF)
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.n == 11, "a unit with one value can be paired with nothing"
    assert found.low < found.value < found.high <= 1


def test_kappa_of_a_worked_example():
    """50 rows, both yes 20, both no 15, 5 and 10 apart: p_o 0.7, p_e 0.5, kappa 0.4."""
    first = np.repeat([1, 1, 0, 0], [20, 5, 10, 15])
    second = np.repeat([1, 0, 1, 0], [20, 5, 10, 15])
    found = cohen_kappa(first, second)
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high
    assert found.n == 50


@settings(max_examples=80, deadline=None)
@given(some.lists(some.tuples(*[some.integers(-1, 3)] * 3), min_size=1, max_size=20))
def test_alpha_is_that_of_the_pairs(units):
    table = np.array(units).T
    found = krippendorff_alpha(table, n_resamples=50).value
    assert found == pytest.approx(alpha_by_pairs(table), nan_ok=True)


@settings(max_examples=80, deadline=None)
@given(some.lists(some.tuples(some.integers(0, 3), some.integers(0, 3)), min_size=1, max_size=30))
def test_kappa_is_that_of_the_table(pairs):
    first, second = np.array(pairs).T
    found = cohen_kappa(first, second, n_resamples=50).value
    assert found == pytest.approx(kappa_by_table(first, second), nan_ok=True)


def test_the_interval_covers_the_agreement_that_answers_were_drawn_with():
    """Two people who share 60 % of their answers and else answer by chance agree with kappa 0.6."""
    rng, hits = np.random.default_rng(5), 0
    for _ in range(200):
        truth, other = rng.integers(0, 3, size=(2, 120))
        found = cohen_kappa(truth, np.where(rng.random(120) < 0.6, truth, other), n_resamples=400)
        hits += found.low <= 0.6 <= found.high
    assert 0.90 <= hits / 200 <= 0.99


def test_no_opinions_have_no_agreement():
    assert krippendorff_alpha(np.full((2, 4), MISSING)).n == 0
    assert np.isnan(krippendorff_alpha(np.zeros((0, 0), dtype=int)).value)
    assert np.isnan(cohen_kappa(np.array([1, 1]), np.array([1, 1])).value)


def _state(*rows: tuple[str, str, str, dict]):
    fold = LogFold()
    fold.take_in(
        Decision(seq=seq, annotator=who, sample_id=sample_id, action=action, **more)
        for seq, (who, sample_id, action, more) in enumerate(rows, start=1)
    )
    return fold.state()


FILE = {"s0": 0, "s1": 1, "s2": 0, "s3": 0}


def test_people_disagree_where_a_row_comes_to_different_things():
    state = _state(
        ("ana", "s0", "keep", {}),
        ("ben", "s0", "relabel", {"label": "billing"}),  # comes to the same as keeping it
        ("ana", "s1", "discard", {}),
        ("ben", "s1", "keep", {}),
        ("ana", "s2", "unsure", {}),
        ("ben", "s2", "discard", {}),
        ("ana", "s3", "relabel", {"label": "delivery"}),
        ("ana", "s3", "keep", {}),
        ("ben", "s3", "keep", {}),
    )
    people, ids, table = opinions(state.verdicts, FILE, LABELS)
    assert (people, ids) == (["ana", "ben"], ["s0", "s1", "s3"])
    assert table.tolist() == [[0, 2, 1], [0, 1, 0]]
    assert disagreements(ids, table) == ["s1", "s3"]


def test_what_settles_a_disagreement_is_no_third_opinion():
    state = _state(
        ("ana", "s0", "keep", {}),
        ("ben", "s0", "discard", {}),
        ("eva", "s0", "discard", {"queue": "disagreements"}),
    )
    people, ids, table = opinions(state.verdicts, FILE, LABELS)
    assert people == ["ana", "ben"]
    assert disagreements(ids, table) == ["s0"], (
        "the queue keeps its rows while it is worked through"
    )
    assert state.current["s0"].annotator == "eva"


def test_low_scores_that_people_reject_have_a_high_auc():
    current = {
        f"s{row}": Decision(sample_id=f"s{row}", action=action)
        for row, action in enumerate(["discard", "relabel", "keep", "keep", "unsure"])
    }
    rows = {f"s{row}": row for row in range(6)}
    weight = np.array([0.1, 0.2, 0.9, 1.5, 0.0, 0.0])
    found = with_weights({"weight": weight, "q": -weight}, rows, current)
    assert (found["weight"].value, found["q"].value) == (1.0, 0.0)
    assert (found["weight"].n_positive, found["weight"].n_negative) == (2, 2)
    assert with_weights({"weight": weight}, {"s0": 0}, current) == {}


def test_the_audit_counts_wrong_labels_before_and_what_review_has_left():
    labels = {f"s{i}": "billing" for i in range(10)}
    random = {"queue": "random"}
    made = [
        ("s0", "relabel", {"label": "delivery", **random}),
        ("s1", "relabel", {"label": "delivery", "queue": "mislabelled"}),
        ("s2", "discard", {"reason": "wrong label", "queue": "low_weight"}),
        ("s3", "discard", {"reason": "off topic", **random}),
        *((f"s{i}", "keep", random) for i in range(4, 9)),
        ("s9", "unsure", random),
    ]
    current = {each: Decision(sample_id=each, action=action, **more) for each, action, more in made}
    found = audit(labels, current)
    assert found is not None
    assert (found.wrong, found.n) == (3, 9)
    assert (found.wrong_left, found.n_left) == (1, 8)
    assert found.low < 3 / 9 < found.high
    assert found.low_left < 1 / 8 < found.high_left
    assert audit(labels, {}) is None
