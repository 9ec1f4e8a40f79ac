"""Which real regions the weighted synthetic rows leave thin."""

import numpy as np
import pytest

from synthcur import gaps
from synthcur.signals import coverage

# Real rows 0 and 1 have synthetic rows 0 to 3 around them, row 2 has 4 and 5, row 3 none near.
INDEX = np.array([[0, 1, 2], [1, 2, 3], [4, 5, -1], [5, 0, -1]])
COSINE = np.array([[0.9, 0.9, 0.8], [0.9, 0.8, 0.8], [0.9, 0.9, np.nan], [0.1, 0.1, np.nan]])


def test_thin_rows_follow_the_weights():
    plain = gaps.find(INDEX, COSINE, np.ones(6), share=0.5)
    assert plain.thin[0] == 3
    np.testing.assert_allclose(plain.before, plain.after)
    without = gaps.find(INDEX, COSINE, np.array([1, 1, 1, 1, 1e-6, 1e-6]), share=0.5)
    assert without.thin.tolist() == [2, 3]
    np.testing.assert_allclose(without.before, plain.before)
    np.testing.assert_allclose(
        without.after[:2], coverage(INDEX, COSINE, np.r_[1, 1, 1, 1, 0, 0])[:2], rtol=1e-3
    )


def test_discarded_rows_cover_nothing_before_or_after():
    weights = np.array([np.nan, 2.0, 2.0, np.nan, 2.0, 2.0])
    found = gaps.find(INDEX, COSINE, weights)
    expected = coverage(INDEX, COSINE, np.array([0, 1, 1, 0, 1, 1]))
    np.testing.assert_allclose(found.before, expected)
    np.testing.assert_allclose(found.after, expected)


def test_rows_of_another_label_cover_nothing_when_only_the_own_label_counts():
    labels, real_labels = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1])
    same = gaps.have_same_label(INDEX, labels, real_labels)
    assert same.tolist() == [
        [True, True, True],
        [True, True, True],
        [False, False, False],
        [True, False, False],
    ]
    found = gaps.find(INDEX, COSINE, np.ones(6), same_label=same)
    assert found.after[2] == 0
    assert found.thin[0] == 2


def test_groups_are_told_thinnest_first_with_examples():
    found = gaps.Gaps(
        before=np.ones(6),
        after=np.array([2.0, 0.2, 0.1, 1.5, 1.5, 0.7]),
        thin=np.array([2, 1]),
    )
    table = gaps.by_group(found, np.array(["b", "a", "a", "b", "c", "c"]), examples=1)
    assert table["group"].tolist() == ["a", "c", "b"]
    assert table["thin"].tolist() == [2, 0, 0]
    assert table["rows"].tolist() == [2, 2, 2]
    assert table["examples"].map(list).tolist() == [[2], [], []]
    assert table["after"][0] == pytest.approx(0.15)


def test_without_real_rows_there_are_no_gaps():
    found = gaps.find(np.zeros((0, 3), dtype=int), np.zeros((0, 3)), np.ones(6))
    assert len(found.thin) == 0
    assert len(gaps.by_group(found, np.zeros(0))) == 0
