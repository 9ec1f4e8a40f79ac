"""Whatever a file holds, it becomes a table or one clear refusal, and nothing else happens."""

import contextlib
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bombs import arrow_bomb, packed
from harness.hostile import GOOD, inputs, ods, ods_row, sheet, text_cell
from synthcur.data.reader import ReadLimits, read_in_child
from synthcur.data.reading import read_table
from synthcur.data.tables import Limits, RawTable
from synthcur.errors import InputError
from tests.support.importing import run_import

INPUTS = inputs()
SMALL = Limits(size=12_000_000, rows=100_000)
MB = 1_000_000


def check(table: RawTable) -> None:
    """A table is whole: every row is there or rejected by number, and every column has a name."""
    numbers = [*table.rows.tolist(), *(each.row for each in table.rejected)]
    assert len(table.frame) == len(table.rows) == len(table.lines) > 0
    assert len(set(numbers)) == len(numbers)
    assert all(isinstance(name, str) and name.strip() for name in table.frame.columns)
    assert all(each.reason for each in table.rejected)
    assert table.how


def check_refusal(error: InputError) -> None:
    """A refusal is one short line that says what is wrong and what to do."""
    for words in (error.what, error.fix):
        assert words.strip()
        assert "\n" not in words
        assert len(words) < 1000
        assert not any(each in words for each in ("Traceback", "\x00", "\x1b", "\u202e"))


def table_or_refusal(data: bytes, name: str) -> RawTable | InputError:
    try:
        table = read_table(data, name, limits=SMALL)
    except InputError as error:
        check_refusal(error)
        return error
    check(table)
    return table


def test_there_are_many_hostile_inputs():
    assert len(INPUTS) >= 150


@pytest.mark.parametrize("name", INPUTS)
def test_a_hostile_input_is_a_table_or_one_clear_refusal(name: str):
    file, make = INPUTS[name]
    table_or_refusal(make(), file)


REFUSED_IN_CHILD = {
    "Arrow, packed": (
        lambda: arrow_bomb(kind="packed", size=150_000_000, rows=3000),
        "memory|once",
    ),
    "ODS, one row repeated": (
        lambda: ods(ods_row("text", "label") + ods_row("a" * 200, "b", repeated=1_048_575)),
        "memory|more than",
    ),
    "XLSX, a cell far out": (
        lambda: sheet(
            f"<row r='1'>{text_cell('A1', 'x').replace(chr(34), chr(39))}</row><row r='1048576'>"
            f"{text_cell('XFD1048576', 'x').replace(chr(34), chr(39))}</row>"
        ),
        "memory|cells",
    ),
}


@pytest.mark.parametrize("name", REFUSED_IN_CHILD)
def test_what_would_take_all_memory_ends_the_reader_alone(name: str):
    make, said = REFUSED_IN_CHILD[name]
    with pytest.raises(InputError, match=said) as caught:
        read_in_child(make(), "bomb", limits=ReadLimits(memory=300 * MB))
    check_refusal(caught.value)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_refused_files_leave_every_byte_of_the_workspace_as_it_was(tmp_path: Path, capsys):
    files = {name: tmp_path / f"{name}.csv" for name in ("synthetic", "real")}
    for path in files.values():
        path.write_bytes(GOOD * 3)
    run_import(tmp_path, files, name="first")
    before = contents(tmp_path / "ws")
    assert before
    for name in ("XLSX bomb", "zip of two files", "Arrow bomb: runs", "JSON: an array cut off"):
        file, make = INPUTS[name]
        files["synthetic"] = tmp_path / file
        files["synthetic"].write_bytes(make())
        assert run_import(tmp_path, files, name="second") == 2
        assert "Traceback" not in capsys.readouterr().err
        assert contents(tmp_path / "ws") == before


# Anything at all

STARTS = [
    b"",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"PAR1",
    b"ARROW1\0\0",
    b"\xff\xff\xff\xff",
    b"[{",
    b"```",
]
SEEDS = {
    name: INPUTS[name][1]()
    for name in (
        *("XLSX", "ODS", "Parquet", "Arrow stream", "Arrow file", "gz", "bz2", "xz", "zst", "zip"),
        *("JSON: columns first", "JSON: a fence", "JSON: lines with commas", "ragged rows"),
    )
}


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_refusal(start: bytes, data: bytes):
    table_or_refusal(start + data, "any")


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.floats(0.3, 1),
)
def test_a_damaged_file_of_any_kind_is_a_table_or_a_refusal(
    seed: str, changes: list[tuple[float, int]], length: float
):
    data = bytearray(SEEDS[seed])
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    del data[max(1, int(length * len(data))) :]
    # A size that was made up; the process that reads files tells it as its limit.
    with contextlib.suppress(MemoryError):
        table_or_refusal(bytes(data), seed)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.sampled_from(["gz", "bz2", "xz", "zst", "zip"]))
def test_what_was_packed_is_read_as_what_it_was(data: bytes, kind: str):
    plain, unpacked = (table_or_refusal(each, "a.csv") for each in (data, packed(data, kind)))
    assert isinstance(plain, RawTable) == isinstance(unpacked, RawTable)
    if isinstance(plain, RawTable) and isinstance(unpacked, RawTable):
        assert unpacked.frame.equals(plain.frame)
