"""The one sentence that says why a row deserves a look."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.review.explanations import RowFacts, reason

CLEAN = {
    "label": "billing",
    "quality": 0.93,
    "best_label": "billing",
    "best_quality": 0.93,
    "diversity": 0.95,
    "weight": 0.98,
}
WRONG = {"quality": 0.03, "best_label": "delivery", "best_quality": 0.91, "diversity": 0.96}
CONTRADICTED = (
    "Trained on real data, the checker gives billing 3 % and delivery 91 %; "
    "trained on other synthetic rows, 96 %"
)
AGREED = "Trained on real data, the checker gives billing 93 %; trained on other synthetic rows, "


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, f"{AGREED}95 %: nothing stands out."),
        (WRONG, f"{CONTRADICTED}."),
        ({**WRONG, "is_likely_mislabelled": True, "group_size": 3}, f"{CONTRADICTED}."),
        ({**WRONG, "group_size": 3}, "One of 3 rows that say nearly the same."),
        (
            {"uncertainty": np.log(4), "weight": 0.8},
            "Quality checkers disagree: its weight may as well be 0.20 or 3.20.",
        ),
        (
            {"quality": 0.4, "best_quality": 0.4},
            "Trained on real data, the checker gives billing 40 %: no label fits well.",
        ),
        (
            {"quality": 0.2, "best_label": "delivery", "best_quality": 0.4},
            "Trained on real data, the checker gives billing 20 % and delivery 40 %: "
            "no label fits well.",
        ),
        (
            {"diversity": 0.31, "weight": 3.0},
            f"{AGREED}31 %: right and rare, at a weight of 3.00.",
        ),
        (
            {"quality": 0.55, "best_quality": 0.55, "diversity": 0.995},
            "Trained on real data, the checker gives billing 55 %; "
            "trained on other synthetic rows, "
            "over 99 %: more typical of the generator than of real rows.",
        ),
        ({"coverage": 0.3}, "Coverage is 30 % of average around its nearest real row."),
        ({"coverage": 0.9}, f"{AGREED}95 %: nothing stands out."),
    ],
)
def test_the_reason_is_the_sentence_that_matters_most(changed, sentence):
    assert reason(RowFacts(**{**CLEAN, **changed})) == sentence


def test_a_row_relabelled_to_what_the_checker_reads_is_not_called_mislabelled():
    assert reason(RowFacts(**CLEAN, is_likely_mislabelled=True)).endswith("nothing stands out.")


share = st.floats(0, 1)


@given(share, share, st.booleans(), share, st.floats(0, 1e6), st.floats(0, 3.5), share)
def test_every_row_has_one_plain_sentence_without_a_0_or_100_percent(
    quality, extra, is_own, diversity, weight, uncertainty, covered
):
    facts = RowFacts(
        label="billing",
        quality=quality,
        best_label="billing" if is_own else "delivery",
        best_quality=quality if is_own else max(quality, extra),
        diversity=diversity,
        weight=weight,
        uncertainty=uncertainty,
        coverage=covered,
    )
    sentence = reason(facts)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert not set("*_`#\n") & set(sentence)
    assert not {"0 %", "100 %"} & {f"{a} {b[:1]}" for a, b in itertools.pairwise(sentence.split())}
