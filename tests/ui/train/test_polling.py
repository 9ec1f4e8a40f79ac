"""How often open Train pages ask: never too often together, and without wavering."""

import pytest

from synthcur.ui.train.polling import MOST_A_SECOND, PACES, Watchers, next_pace


@pytest.mark.parametrize("watchers", [1, 5, 6, 10, 20, 50, 80])
def test_all_pages_together_ask_no_more_than_the_server_can_spare(watchers):
    assert watchers / next_pace(PACES[0], watchers) <= MOST_A_SECOND


def test_few_pages_ask_every_second_and_many_ask_less_often():
    assert next_pace(1.0, 1) == 1.0
    assert next_pace(1.0, 20) == 4.0


def test_a_page_more_or_less_at_the_boundary_changes_nothing():
    assert next_pace(1.0, 6) == 2.0
    assert next_pace(2.0, 5) == 2.0, "not back at once"
    assert next_pace(2.0, 4) == 1.0, "but with room to spare"


def test_who_has_closed_the_page_is_forgotten():
    watchers = Watchers()
    assert [watchers.note(each, 0.0) for each in ("a", "b", "a")] == [1, 2, 2]
    assert watchers.note("a", 2 * PACES[-1] + 1.0) == 1
