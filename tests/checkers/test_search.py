"""Rows are found by the words that people type, and by what they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.checkers.search import by_meaning, by_words, fold, fold_all, terms

TEXTS = [
    "I want a refund for order #5",
    "Refunds take FIVE days; I ordered on Monday.",
    "Café crème – déjà vu!",
    "That would scare my cat",
    "我想要退款",
    "Die Straße nach Łódź",
]
FOLDED = fold_all(TEXTS)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("refund", [0, 1]),
        ("REFUND order", [0, 1]),
        ("order refund five", [1]),
        ('"five days"', [1]),
        ('"take days"', []),
        ('"refund for" 5', [0]),
        ('"order"', [0]),
        ("cafe CREME", [2]),
        ("deja-vu", [2]),
        ("car", []),
        ("退款", [4]),
        ("strasse", [5]),
        ('"I want', [0]),
        ("#5", [0]),
        ("", []),
        ("?! …", []),
        ('""', []),
    ],
)
def test_every_word_and_phrase_must_occur(query: str, found: list[int]):
    assert by_words(FOLDED, query).tolist() == found


def test_folding_leaves_words_between_single_blanks():
    assert fold("  Two\n\twords_ÀÉ!") == " two words ae "
    assert fold("") == "  "


@given(st.text(max_size=40))
def test_a_text_is_found_by_itself(text: str):
    assert by_words(fold_all([text]), text).tolist() == ([0] if terms(text) else [])


@given(st.lists(st.text(alphabet="abc ", max_size=12), max_size=20), st.text("ab c", max_size=6))
def test_what_is_found_begins_a_word_of_the_text(texts: list[str], query: str):
    expected = [
        i
        for i, text in enumerate(texts)
        if query.split()
        and all(any(word.startswith(part) for word in text.split()) for part in query.split())
    ]
    assert by_words(fold_all(texts), query).tolist() == expected


def test_a_very_long_query_is_cut():
    assert len(" ".join(terms("word " * 1000))) < 600


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 10**6))
def test_the_closest_come_first_and_no_other_is_closer(n: int, count: int, seed: int):
    random = np.random.default_rng(seed)
    rows = np.round(random.normal(size=(n, 4)), 1)  # rounded, so that some are equally close
    positions, cosine = by_meaning(rows[0], rows, count=count)
    assert len(positions) == min(n, count)
    expected = np.argsort(-(rows @ rows[0]), kind="stable")[:count]
    np.testing.assert_array_equal(positions, expected)
    np.testing.assert_allclose(cosine, (rows @ rows[0])[expected])
