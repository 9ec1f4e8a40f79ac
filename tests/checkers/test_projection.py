"""The map and the neighbours, also of collections too small or too equal for UMAP."""

import numpy as np
import pytest

from synthcur.checkers import projection
from synthcur.checkers.projection import ABSENT, coordinates, neighbours, principal_components


def unit_rows(n: int, d: int = 8, *, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def two_groups(n: int = 60) -> np.ndarray:
    centres = np.repeat(np.eye(8)[:2], n // 2, axis=0)
    rows = centres + np.random.default_rng(0).normal(scale=0.1, size=(n, 8))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_map_keeps_groups_apart_and_repeats_with_its_seed():
    rows = two_groups()
    placed = coordinates(rows, seed=3)
    assert placed.shape == (60, 2)
    assert placed.dtype == np.float32
    centres = placed[:30].mean(axis=0), placed[30:].mean(axis=0)
    spread = max(placed[:30].std(), placed[30:].std())
    assert np.linalg.norm(centres[0] - centres[1]) > spread
    np.testing.assert_array_equal(placed, coordinates(rows, seed=3))


@pytest.mark.parametrize(
    "rows",
    [
        unit_rows(1),
        unit_rows(2),
        unit_rows(12),
        np.repeat(unit_rows(1), 200, axis=0),
        np.repeat(unit_rows(5), 40, axis=0),
        unit_rows(50, 1),
        np.zeros((3, 8), dtype=np.float32),
    ],
    ids=["1 row", "2 rows", "12 rows", "all equal", "5 distinct", "1 dimension", "zeros"],
)
def test_what_umap_cannot_place_is_placed_all_the_same(rows: np.ndarray):
    placed = coordinates(rows)
    assert placed.shape == (len(rows), 2)
    assert np.isfinite(placed).all()


def test_many_equal_rows_among_others_are_placed():
    rows = np.concatenate([unit_rows(60), np.repeat(unit_rows(1, seed=1), 60, axis=0)])
    assert np.isfinite(coordinates(rows)).all()


def test_the_first_principal_component_carries_most_variance():
    rows = np.random.default_rng(0).normal(size=(50, 3)) * np.array([5.0, 1.0, 0.1])
    placed = principal_components(rows)
    assert abs(np.corrcoef(placed[:, 0], rows[:, 0])[0, 1]) > 0.99


def brute_force(queries: np.ndarray, reference: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(-(queries @ reference.T), axis=1)[:, :count]


def test_neighbours_are_the_nearest_by_cosine():
    queries, reference = unit_rows(20), unit_rows(30, seed=1)
    index, cosine = neighbours(queries, reference, count=3)
    np.testing.assert_array_equal(index, brute_force(queries, reference, 3))
    expected = np.take_along_axis(queries @ reference.T, index, axis=1)
    np.testing.assert_allclose(cosine, expected, atol=1e-5)
    assert (index.dtype, cosine.dtype) == (np.int32, np.float32)


def test_a_row_is_not_its_own_neighbour_even_among_its_twins():
    rows = np.concatenate([unit_rows(10), np.repeat(unit_rows(1, seed=1), 6, axis=0)])
    index, cosine = neighbours(rows, rows, count=2, exclude_self=True)
    assert not (index == np.arange(16)[:, None]).any()
    np.testing.assert_allclose(cosine[10:], 1, atol=1e-5)


def test_neighbours_that_do_not_exist_are_marked():
    index, cosine = neighbours(unit_rows(4), unit_rows(2, seed=1), count=3)
    assert (index[:, 2] == ABSENT).all()
    assert np.isnan(cosine[:, 2]).all()
    assert (index[:, :2] >= 0).all()
    alone, _ = neighbours(unit_rows(1), unit_rows(1), count=2, exclude_self=True)
    assert (alone == ABSENT).all()


@pytest.mark.real
def test_the_approximate_search_finds_nearly_all_of_the_nearest(monkeypatch: pytest.MonkeyPatch):
    rows = unit_rows(1500, 16)
    exact, _ = neighbours(rows, rows, count=3, exclude_self=True)
    monkeypatch.setattr(projection, "LARGEST_EXACT", 100)
    found, cosine = neighbours(rows, rows, count=3, exclude_self=True)
    assert not (found == np.arange(1500)[:, None]).any()
    assert np.mean([len(set(a) & set(b)) / 3 for a, b in zip(exact, found, strict=True)]) > 0.9
    np.testing.assert_allclose(
        cosine, np.take_along_axis(rows @ rows.T, found.astype(int), axis=1), atol=1e-4
    )
