"""Cells of CSV files: nothing runs in a spreadsheet, nothing is lost on the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.data.spreadsheet import guarded, is_ours, unguarded

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
cells = st.text() | st.builds(
    "{}{}{}".format, st.text("'", max_size=3), st.sampled_from(STARTS), st.text()
)


@given(cells)
def test_what_was_guarded_comes_back_exactly(cell):
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(STARTS)


@pytest.mark.parametrize("cell", ["it's", "'quoted'", "", "a=1", "'", 7, None])
def test_an_innocent_cell_stays_as_it_is(cell):
    assert guarded(cell) == cell


def test_a_file_is_ours_by_its_columns_and_its_ids():
    header = ["sample_id", "text", "label", "weight"]
    assert is_ours(header, [["0123456789abcdef", "'=1", "a", "1"]])
    assert not is_ours(header, [["17", "'=1", "a", "1"]])
    assert not is_ours(["id", "text", "label"], [["0123456789abcdef", "'=1", "a"]])
