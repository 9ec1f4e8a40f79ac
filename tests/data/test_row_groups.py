"""Further columns as groups of rows: which are offered, what the groups hold and are called."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthcur.data.row_groups import (
    MOST_VALUES,
    NAME_LENGTH,
    NOT_SAID,
    RowGroups,
    cell_texts,
    find,
    groups_of,
    row_groups,
)

N = 600


def grouped(cells: list[Any], column: str = "source") -> RowGroups:
    found = groups_of(column, pd.Series(cells))
    assert found is not None
    return found


def sizes(found: RowGroups) -> dict[str, int]:
    return dict(zip(found.names, found.sizes.tolist(), strict=True))


def test_values_are_groups_the_largest_first_and_empty_cells_are_one_of_their_own() -> None:
    found = grouped(["b", "a", "a", None, " a ", "", "c", "c", float("nan"), "b"])
    assert sizes(found) == {"a": 3, "b": 2, "c": 2, NOT_SAID: 3}
    assert found.values == ("a", "b", "c", "")
    assert found.codes.tolist() == [1, 0, 0, 3, 0, 3, 2, 2, 3, 1]


@pytest.mark.parametrize(
    "cells",
    [
        ["same"] * N,
        [None] * N,
        [""] * N,
        [f"row-{i}" for i in range(N)],
        [f"a text {i % 400} of its own" for i in range(N)],
        list(range(N)),
        [f"{i:05}" for i in range(N)],
        [f"{10_000_000 + 7919 * i}" for i in range(N)],
        [float("inf"), *map(float, range(N))],
        [f"2024-01-01T00:00:00.{i:06}" for i in range(N)],
        [["of", "its", "own", i] for i in range(N)],
    ],
)
def test_ids_free_texts_and_columns_of_one_value_are_not_offered(cells: list[Any]) -> None:
    assert groups_of("what", pd.Series(cells)) is None


def test_ten_thousand_values_are_not_offered_but_a_few_large_ones_among_many_are() -> None:
    assert groups_of("what", pd.Series([f"v{i % 10_000}" for i in range(20_000)])) is None
    found = grouped(["large"] * N + [f"v{i % 80}" for i in range(N)])
    assert len(found.names) == MOST_VALUES
    assert found.names[0] == "large"
    assert found.names[-1] == "32 others"
    assert found.sizes.sum() == 2 * N
    assert found.values[-1] == ""


def test_a_column_of_row_numbers_in_several_files_is_not_offered_by_its_name() -> None:
    cells = pd.Series([i % 400 for i in range(N)])
    assert groups_of("row_id", cells) is None
    assert groups_of("length", cells) is not None


@pytest.mark.parametrize("as_text", [False, True])
def test_few_numbers_are_groups_by_size_be_they_text_or_not(as_text: bool) -> None:
    cells = [0.7, 10.0, 0.2, 2.0] * 5
    found = grouped([f"{each:g}" for each in cells] if as_text else cells, "temperature")
    assert found.names == ("0.2", "0.7", "2", "10")
    assert found.is_ordered


def test_many_numbers_are_cut_into_few_ranges_that_hold_what_they_say() -> None:
    lengths = np.repeat(np.arange(3, 903), 2)
    found = grouped(lengths.tolist(), "length")
    assert found.names == (
        *("under 150", "150 to 299", "300 to 449", "450 to 599", "600 to 749", "from 750"),
    )
    assert np.array_equal(found.codes, np.searchsorted([150, 300, 450, 600, 750], lengths, "right"))
    assert found.values == ()
    as_text = grouped([str(each) for each in lengths], "length")
    assert as_text.names == found.names


def test_skewed_and_negative_numbers_leave_no_range_empty() -> None:
    random = np.random.default_rng(1)
    for numbers in (
        random.lognormal(3, 2, N),
        random.normal(0, 1e-6, N),
        np.where(random.random(N) < 0.6, 0.0, random.random(N)),
        -(10.0 ** random.uniform(0, 12, N)),
        1e6 + random.uniform(0, 1e-3, N),
    ):
        found = grouped([*numbers, None])
        assert 2 <= found.n_valued <= 6
        assert found.sizes.min() > 0
        assert found.names[-1] == NOT_SAID
        assert len(set(found.names)) == len(found.names)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (["2024-05-01", "2025-05-08", "2025-06-01"] * 4, ["2024-05", "2025-05", "2025-06"]),
        ([date(2024, 5, 1), date(2024, 5, 2)] * 4, ["2024-05-01", "2024-05-02"]),
        ([datetime(2024, 5, 1, hour) for hour in (3, 9)] * 4,
         ["2024-05-01 03:00", "2024-05-01 09:00"]),
        ([f"2024-{month:02}-{day:02}T10:00:00Z" for month in (1, 2, 3) for day in range(1, 29)],
         ["2024-01", "2024-02", "2024-03"]),
        ([1_700_000_000 + 86_400 * day for day in range(60)], ["2023-11", "2023-12", "2024-01"]),
    ],
)  # fmt: skip
def test_dates_are_taken_together_as_finely_as_few_groups_allow(
    cells: list[Any], names: list[str]
) -> None:
    found = grouped(cells, "created_at")
    assert list(found.names) == names
    assert found.is_ordered


def test_many_days_of_one_month_are_ranges_of_days() -> None:
    found = grouped([f"2024-05-{1 + i % 30:02}" for i in range(N)])
    assert found.names[0] == "2024-05-01 to 2024-05-05"
    assert len(found.names) == 6
    assert found.sizes.tolist() == [100] * 6


def test_mixed_types_are_told_by_what_they_say() -> None:
    found = grouped([1, "1", "one", {"a": [1]}, None, "one", {"a": [1]}, 1.0])
    assert sizes(found) == {"1": 3, "one": 2, "{'a': [1]}": 2, NOT_SAID: 1}


def test_names_are_short_apart_and_hold_nothing_that_nobody_sees() -> None:
    long = "You are a customer of a shop who writes a short message and feels "
    cells = [f"{long}angry", f"{long}happy", "\u202eevil\u0000", "<b>x</b>\n[a](b)", "\u200b", "ع"]
    found = grouped(cells * 3, "pro\u202ampt\n" + "x" * 99)
    assert set(found.names) == {
        *("…and feels angry", "…and feels happy", "evil", "<b>x</b> [a](b)"),
        *("(nothing to see)", "ع"),
    }
    assert set(found.values) == set(cells)
    assert len(found.title) == NAME_LENGTH
    assert found.title.startswith("pro mpt x")
    same = grouped(["y" * 5000 + "\u200b" * at for at in range(3)] * 2)
    assert len(set(same.names)) == 3
    assert max(map(len, same.names)) <= NAME_LENGTH + len(" (2)")


def test_a_value_called_as_a_group_of_ours_stays_apart_from_it() -> None:
    found = grouped([NOT_SAID, NOT_SAID, "a", "a", None])
    assert sorted(found.sizes.tolist()) == [1, 2, 2]
    assert len(set(found.names)) == 3


def test_fewer_groups_keep_the_largest_and_take_the_others_together() -> None:
    found = grouped(["a"] * 9 + ["b"] * 7 + ["c"] * 5 + ["d"] * 3 + [None] * 2)
    assert sizes(found.fewer(2)) == {"a": 9, "b": 7, "2 others": 8, NOT_SAID: 2}
    assert found.fewer(3) is found
    assert found.fewer(2).values == ("a", "b", "", "")


def test_groups_of_some_rows_are_those_that_they_have() -> None:
    found = grouped(["a", "a", "b", "b", None, None])
    of_some = found.of(np.array([2, 4, 3]))
    assert (of_some.names, of_some.codes.tolist()) == (("b", NOT_SAID), [0, 1, 0])
    assert of_some.n_valued == 1


def test_what_names_the_generator_comes_first_then_prompt_temperature_and_batch() -> None:
    two = ["a", "b"] * 10
    names = ["zebra", "Batch", "temperature", "prompt id", "alpha", "Model Name"]
    found = row_groups(pd.DataFrame(dict.fromkeys(names, two)).assign(constant="x"))
    assert [each.column for each in found] == [
        *("Model Name", "prompt id", "temperature", "Batch", "zebra", "alpha"),
    ]
    assert [each.is_generator for each in found] == [True, *[False] * 5]


def test_a_column_is_found_as_it_is_written_or_whatever_its_case() -> None:
    frame = pd.DataFrame({"Batch": ["a", "b"] * 4, "batch": ["c", "d"] * 4})
    found = row_groups(frame)
    assert (exact := find(found, "batch")) is not None
    assert exact.names == ("c", "d")
    assert (any_case := find(found, "BATCH")) is not None
    assert any_case.column == "Batch"
    assert find(found, "other") is None


def test_columns_of_one_name_and_no_columns_at_all() -> None:
    frame = pd.DataFrame([["a", "x"], ["b", "y"]] * 3, columns=["same", "same"])
    assert [each.names for each in row_groups(frame)] == [("a", "b"), ("x", "y")]
    assert [each.title for each in row_groups(frame)] == ["same", "same (2)"]
    assert row_groups(pd.DataFrame(index=range(4))) == []


def test_cells_say_the_same_whatever_type_the_column_has() -> None:
    cells = pd.Series([2.0, None, "2", " two "], dtype=object)
    assert cell_texts(cells).tolist() == ["2", "", "2", "two"]
