"""Whether a pool that was written for other texts is noticed."""

from dataclasses import asdict

import numpy as np
import pytest

from synthcur.checkers.pool_coverage import (
    LEAST_COVERED,
    Covered,
    covered_in_words,
    is_foreign,
    real_rows_covered,
    warning,
)
from synthcur.errors import InputError


def rows_around(centre: int, n: int, seed: int, *, width: float = 0.1) -> np.ndarray:
    """Draw unit rows around one axis of 16."""
    drawn = np.random.default_rng(seed).normal(0, width, (n, 16))
    drawn[:, centre] += 1
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_a_pool_like_the_real_rows_covers_nearly_all_of_them():
    covered = real_rows_covered(rows_around(0, 200, 1), rows_around(0, 1_000, 2))
    assert covered.value > 0.9
    assert covered.low < covered.value < covered.high
    assert covered.n == 200


def test_a_pool_of_other_texts_covers_next_to_none():
    covered = real_rows_covered(rows_around(0, 200, 1), rows_around(1, 1_000, 2))
    assert covered.value < 0.05
    assert is_foreign(asdict(covered))


def test_a_pool_of_half_the_texts_covers_half():
    real = np.concatenate([rows_around(0, 100, 1), rows_around(1, 100, 2)])
    assert real_rows_covered(real, rows_around(0, 1_000, 3)).value == pytest.approx(0.5, abs=0.05)


def test_a_large_pool_is_not_nearer_for_its_size():
    real, pool = rows_around(0, 100, 1, width=0.5), rows_around(0, 20_000, 2, width=0.5)
    few, many = (real_rows_covered(real, pool[:n]).value for n in (1_000, 20_000))
    assert many == pytest.approx(few, abs=0.05)


def test_the_order_of_rows_changes_little_and_the_same_rows_give_the_same_share():
    real, pool = rows_around(0, 300, 1), rows_around(0, 900, 2)
    first = real_rows_covered(real, pool)
    assert first == real_rows_covered(real, pool)
    assert real_rows_covered(real[::-1], pool[::-1]).value == pytest.approx(first.value, abs=0.03)


@pytest.mark.parametrize(("n_real", "n_synthetic"), [(2, 1), (2, 50), (4, 2), (50, 3), (5, 5)])
def test_few_rows_on_either_side_are_compared(n_real: int, n_synthetic: int):
    covered = real_rows_covered(rows_around(0, n_real, 1), rows_around(0, n_synthetic, 2))
    assert 0 <= covered.low <= covered.value <= covered.high <= 1
    assert covered.n == min(n_real, n_synthetic + 1)


@pytest.mark.parametrize(("n_real", "n_synthetic"), [(1, 5), (0, 5), (5, 0)])
def test_nothing_to_compare_is_refused(n_real: int, n_synthetic: int):
    with pytest.raises(InputError, match=f"{n_real} real and {n_synthetic} synthetic rows"):
        real_rows_covered(rows_around(0, n_real, 1), rows_around(0, n_synthetic, 2))


def test_it_is_said_in_words():
    covered = asdict(Covered(0.204, 0.17, 0.25, 1_400))
    assert "cover 20 % of 1,400 real rows [17, 25]" in covered_in_words(covered)
    assert warning(covered).startswith("Synthetic rows lie near 20 % of the real rows")


def test_a_pool_is_foreign_from_less_than_half():
    assert not is_foreign(asdict(Covered(LEAST_COVERED, 0.4, 0.6, 100)))
    assert is_foreign(asdict(Covered(LEAST_COVERED - 0.01, 0.4, 0.6, 100)))
