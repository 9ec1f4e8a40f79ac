"""Which real regions the weighted synthetic rows leave thin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.weighting import coverage_gaps
from synthcur.weighting.coverage_gaps import coverage, thin_regions

# Real rows 0 and 1 have synthetic rows 0 to 3 around them, row 2 has 4 and 5, row 3 none near.
INDEX = np.array([[0, 1, 2], [1, 2, 3], [4, 5, -1], [5, 0, -1]])
COSINE = np.array([[0.9, 0.9, 0.8], [0.9, 0.8, 0.8], [0.9, 0.9, np.nan], [0.1, 0.1, np.nan]])


def test_thin_rows_follow_the_weights():
    plain = coverage_gaps.find(INDEX, COSINE, np.ones(6), share=0.5)
    assert plain.thin[0] == 3
    np.testing.assert_allclose(plain.before, plain.after)
    without = coverage_gaps.find(INDEX, COSINE, np.array([1, 1, 1, 1, 1e-6, 1e-6]), share=0.5)
    assert without.thin.tolist() == [2, 3]
    np.testing.assert_allclose(without.before, plain.before)
    np.testing.assert_allclose(
        without.after[:2], coverage(INDEX, COSINE, np.r_[1, 1, 1, 1, 0, 0])[:2], rtol=1e-3
    )


def test_discarded_rows_cover_nothing_before_or_after():
    weights = np.array([np.nan, 2.0, 2.0, np.nan, 2.0, 2.0])
    found = coverage_gaps.find(INDEX, COSINE, weights)
    expected = coverage(INDEX, COSINE, np.array([0, 1, 1, 0, 1, 1]))
    np.testing.assert_allclose(found.before, expected)
    np.testing.assert_allclose(found.after, expected)


def test_groups_are_told_thinnest_first_with_examples():
    found = coverage_gaps.Gaps(
        before=np.ones(6),
        after=np.array([2.0, 0.2, 0.1, 1.5, 1.5, 0.7]),
        thin=np.array([2, 1]),
    )
    table = coverage_gaps.by_group(found, np.array(["b", "a", "a", "b", "c", "c"]), examples=1)
    assert table["group"].tolist() == ["a", "c", "b"]
    assert table["thin"].tolist() == [2, 0, 0]
    assert table["rows"].tolist() == [2, 2, 2]
    assert table["examples"].map(list).tolist() == [[2], [], []]
    assert table["after"][0] == pytest.approx(0.15)


def test_without_real_rows_there_are_no_gaps():
    found = coverage_gaps.find(np.zeros((0, 3), dtype=int), np.zeros((0, 3)), np.ones(6))
    assert len(found.thin) == 0
    assert len(coverage_gaps.by_group(found, np.zeros(0))) == 0


def test_coverage_is_the_kernel_weighted_mass_of_the_nearest_synthetic_rows():
    index = np.array([[0, 1], [2, -1]])
    cosine = np.array([[0.9, 0.8], [0.7, np.nan]])
    covered = coverage(index, cosine, np.array([2.0, 1.0, 4.0]))
    # The median of 0.1, 0.2 and 0.3 is the width of the kernel.
    mass = np.array([2 * np.exp(-0.5) + 1 * np.exp(-1), 4 * np.exp(-1.5)])
    np.testing.assert_allclose(covered, mass / mass.mean())


@given(st.integers(1, 8), st.integers(1, 4), st.floats(0.01, 100), st.integers(0, 2**32 - 1))
def test_coverage_averages_1_whatever_the_scale_of_the_weights(n_real, k, scale, seed):
    rng = np.random.default_rng(seed)
    index, cosine = rng.integers(9, size=(n_real, k)), rng.uniform(-1, 1, size=(n_real, k))
    weights = rng.uniform(0.1, 5, size=9)
    covered = coverage(index, cosine, weights)
    assert covered.mean() == pytest.approx(1)
    np.testing.assert_allclose(coverage(index, cosine, scale * weights), covered)


def test_coverage_without_weight_or_neighbours_is_0_and_with_equal_rows_it_is_a_number():
    index, cosine = np.array([[0, 1], [1, -1]]), np.array([[1.0, 1.0], [1.0, np.nan]])
    assert coverage(index, cosine, np.zeros(2)).tolist() == [0, 0]
    assert coverage(np.full((2, 1), -1), np.full((2, 1), np.nan), np.ones(1)).tolist() == [0, 0]
    assert coverage(np.empty((0, 2), dtype=int), np.empty((0, 2)), np.ones(1)).shape == (0,)
    np.testing.assert_allclose(coverage(index, cosine, np.ones(2)), [4 / 3, 2 / 3])


def test_thin_regions_are_the_least_covered_real_rows_thinnest_first():
    covered = np.array([1.2, 0.3, 0.9, 0.1, 2.5])
    assert thin_regions(covered, share=0.4).tolist() == [3, 1]
    assert thin_regions(covered, share=1).tolist() == [3, 1, 2]
    assert thin_regions(np.ones(10)).tolist() == []
    assert thin_regions(np.empty(0)).tolist() == []


def test_real_rows_with_more_weight_or_closer_rows_around_them_are_covered_better():
    index = np.array([[0], [1], [2], [3]])
    cosine = np.array([[0.8], [0.8], [0.8], [0.6]])
    covered = coverage(index, cosine, np.array([1.0, 3.0, 0.0, 1.0]))
    assert covered[1] == pytest.approx(3 * covered[0])
    assert covered[2] == 0
    assert 0 < covered[3] < covered[0]
