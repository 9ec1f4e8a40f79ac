"""A file is read in a process of its own: nothing it does to that one reaches this one."""

import ast
import gzip
import io
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.bombs import dictionary_bomb, parquet
from harness.house import ROOT
from synthcur.data import reader
from synthcur.data.read_options import ReadOptions
from synthcur.data.reader import Reading, ReadLimits, read_in_child, read_limits
from synthcur.data.reading import read_table
from synthcur.data.tables import Limits, RawTable
from synthcur.errors import InputError
from synthcur.jobs.processes import process_identity

SLOW = b"text,label\n" + b"a,b\n" * 900_000
"""Takes a second or more on any machine."""
MB = 1_000_000


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def most_resident() -> int:
    """Most bytes of memory that this process has had since `forget_peak`."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def refusal(data: bytes, name: str = "rows.csv", **limits: object) -> InputError:
    with pytest.raises(InputError) as caught:
        read_in_child(data, name, limits=replace(ReadLimits(), **limits))
    assert caught.value.fix, "a refusal says what to do"
    assert name in caught.value.what, "a refusal names the file"
    return caught.value


def told(table: RawTable) -> dict[str, Any]:
    """What a table says, with the type of every cell beside it."""
    cells = {name: [(type(c), repr(c)) for c in table.frame[name]] for name in table.frame}
    return {
        "cells": cells,
        "dtypes": table.frame.dtypes.tolist(),
        "index": table.frame.index.tolist(),
        "numbers": (table.rows.tolist(), table.lines.tolist(), table.rows.dtype, table.lines.dtype),
        "rest": (table.name, table.rejected, table.how, table.notes, table.first_line),
    }


def outcome(
    read: Callable[..., RawTable], data: bytes, name: str
) -> dict[str, Any] | tuple[str, str]:
    try:
        return told(read(data, name))
    except InputError as error:
        return error.what, error.fix


def rows_or_sentence(data: bytes) -> None:
    """Read what may be damaged: it gives whole rows, or a sentence that names the file."""
    found = outcome(read_in_child, data, "damaged.parquet")
    if isinstance(found, tuple):
        assert "damaged.parquet" in found[0]
        assert found[1]
    else:
        assert found["index"]


# The same as in this process


texts = st.text(max_size=12)
scalars = st.one_of(
    st.none(), st.booleans(), texts, st.integers(), st.integers(-(2**80), 2**80), st.floats()
)
cells = st.one_of(scalars, st.lists(scalars, max_size=2))
keys = st.sampled_from(["text", "label", "a", " ", "", "ünï", "\ud83d"])
objects = st.lists(st.dictionaries(keys, cells, max_size=4), min_size=1, max_size=6)


@settings(max_examples=40)
@given(objects, st.booleans(), st.booleans())
def test_json_of_any_cells_is_the_same_from_a_child(
    rows: list[dict[str, object]], as_array: bool, breaks: bool
):
    lines = [json.dumps(row) for row in rows]
    if breaks:
        lines.insert(1, '{"\\ud83d": 1, "\\ud83d": 2}')
    data = f"[{','.join(lines)}]" if as_array else "\n".join(lines)
    name = "rows.json"
    here = outcome(read_table, data.encode(), name)
    assert outcome(read_in_child, data.encode(), name) == here


@settings(max_examples=25)
@given(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=6))
def test_csv_of_any_cells_is_the_same_from_a_child(rows: list[list[str]]):
    data = "\n".join(["text,label", *(",".join(row) for row in rows)])
    data = data.encode("utf-8", "surrogatepass")
    assert outcome(read_in_child, data, "rows.csv") == outcome(read_table, data, "rows.csv")


@pytest.mark.parametrize(
    "data",
    [
        b'{"text": "a", "n": 123456789012345678901234567890}\n{"text": "", "n": null}',
        b'{"text": "a", "n": 1e999}\n{"text": null, "n": -0.0}\n{"text": "null", "n": true}',
        b"text\nonly this column\n",
        b"text,label\n" + b"a,b\n" * 1000 + b"short\n" * 600,
        "text,label\nna\u0308ive \u200e\U0001f33f,\u0000".encode()[:-1] + b"x\n",
        parquet(text=["a", None, ""], n=[1, 2**62, None], f=[0.5, float("nan"), float("inf")]),
        parquet(text=["a"], tags=[["x"]], map=pa.array([[("k", 1)]], pa.map_("string", "int8"))),
        parquet(text=[b"\xff", b"b"], d=pa.array([1, 20]).cast(pa.decimal128(25, 2))),
        gzip.compress(b"text;label\na;b\n", mtime=0),
    ],
)
def test_values_that_few_formats_keep_are_the_same_from_a_child(data: bytes):
    here = outcome(read_table, data, "x")
    assert isinstance(here, dict), f"meant as a table: {here}"
    assert outcome(read_in_child, data, "x") == here


@pytest.mark.parametrize(
    "data",
    [b"", b"text,label\n", b"PK\x03\x04", b'text\n"open\n', b"text\nna\xefve\n", b"[]", b"PAR1"],
)
def test_a_refusal_from_a_child_is_the_same_sentence(data: bytes):
    here = outcome(read_table, data, "x.csv")
    assert outcome(read_in_child, data, "x.csv") == here


def test_a_given_delimiter_and_limits_reach_the_child():
    assert read_in_child(b"a,b|c,d\n1,2|3,4\n", options=ReadOptions(delimiter="|")).frame.iloc[
        0
    ].tolist() == [
        "1,2",
        "3,4",
    ]
    error = refusal(b"text\na\nb\n", table=Limits(rows=1))
    assert "more than 1 rows" in error.what


@pytest.mark.parametrize(
    "path", ["", "a\x00b", "/no/such/file.csv", "/proc/self/fdinfo", "/dev/zero"]
)
def test_a_path_that_is_no_file_is_the_same_refusal_as_here(path: str):
    said = []
    for read in (read_table, read_in_child):
        with pytest.raises(InputError) as caught:
            read(path)
        said.append((caught.value.what, caught.value.fix))
    assert said[0] == said[1]


def test_a_file_is_read_by_path_and_keeps_its_name(tmp_path: Path):
    (tmp_path / "rows.csv").write_bytes(b"text,label\na,b\n")
    table = read_in_child(tmp_path / "rows.csv")
    assert (table.name, table.frame.to_numpy().tolist()) == ("rows.csv", [["a", "b"]])


# Files that ask for too much


def test_one_long_value_named_many_times_is_refused_before_it_is_decoded():
    bomb = dictionary_bomb()
    assert len(bomb) < 2000
    before = resident()
    forget_peak()
    # Decoded it is 200 GB. A quarter of a gigabyte is a few hundred of its rows.
    error = refusal(bomb, "bomb.parquet", memory=250 * MB)
    assert "more than 500,000,000 bytes once unpacked" in error.what
    assert most_resident() - before < 100 * MB
    assert resident() - before < 100 * MB


@pytest.mark.parametrize("kind", ["list", "struct", "map", "binary"])
def test_a_long_value_is_found_in_every_kind_of_column(kind: str):
    error = refusal(dictionary_bomb(kind=kind), "bomb.parquet", memory=250 * MB)
    assert "once unpacked" in error.what


def test_reading_here_refuses_the_bomb_as_well():
    before = resident()
    forget_peak()
    with pytest.raises(InputError, match="once unpacked"):
        read_table(dictionary_bomb(), "bomb.parquet")
    assert most_resident() - before < 100 * MB


def varint(value: int) -> bytes:
    """A number as the footer of a Parquet file has it."""
    value, found = value << 1, bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def lying(data: bytes, truth: int, lie: int) -> bytes:
    """Replace a number wherever the footer has it."""
    (size,) = struct.unpack("<I", data[-8:-4])
    footer = data[-8 - size : -8]
    assert varint(truth) in footer
    assert len(varint(truth)) == len(varint(lie)), "the footer keeps its length"
    return data[: -8 - size] + footer.replace(varint(truth), varint(lie)) + data[-8:]


def test_a_parquet_file_that_lies_about_its_size_is_refused_while_it_is_read():
    frame = {"text": [f"{i:04}" + "x" * 50_000 for i in range(2000)], "label": ["a"] * 2000}
    data = parquet(use_dictionary=False, compression="zstd", **frame)
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    truth = group.total_byte_size
    for size in {truth, *(group.column(i).total_uncompressed_size for i in range(2))}:
        if size > 20_000_000:
            data = lying(data, size, 20_000_000)
    assert pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).total_byte_size < truth
    error = refusal(data, "lies.parquet", table=Limits(size=50 * MB))
    assert "lies.parquet" in error.what


def test_a_parquet_file_that_lies_about_its_rows_is_refused_or_read_whole():
    data = parquet(text=[str(i) for i in range(9000)], label=["a"] * 9000)
    for lie in (8191, 9001, 1_000_000):
        if len(varint(lie)) == len(varint(9000)):
            rows_or_sentence(lying(data, 9000, lie))


def test_a_gzip_bomb_stops_at_the_limit_and_costs_this_process_nothing():
    bomb = gzip.compress(b"0" * (300 * MB), compresslevel=9)
    before = resident()
    forget_peak()
    error = refusal(bomb, table=Limits(size=50 * MB), memory=400 * MB)
    assert "more than 50,000,000 bytes" in error.what
    assert most_resident() - before < 100 * MB


@pytest.mark.parametrize(
    "data",
    [
        b"a," * 1_000_000 + b"b\n1\n",
        b"text,label\n" + b"a" * 20_000_000 + b",b\n",
        b"[" * 10_000_000,
        b"[" + b'{"a":' * 1_000_000,
        b'{"a":1}\n' * 100_000 + json.dumps(dict.fromkeys(map(str, range(900)))).encode(),
    ],
    ids=["a million columns", "one long cell", "deep", "deep objects", "wide and long"],
)
def test_text_that_asks_for_much_is_refused_in_words(data: bytes):
    refusal(data, "rows.json", memory=1000 * MB)


def test_memory_beyond_the_limit_is_a_sentence_with_the_limit():
    data = b"text,label\n" + b"some words,b\n" * 900_000
    error = refusal(data, memory=120 * MB)
    assert "takes more than 120 MB of memory" in error.what
    assert reader.MEMORY_VARIABLE in error.fix


def test_a_reader_at_its_memory_limit_ends_at_once():
    # Small objects find gaps long after memory is refused, more or fewer of them each time.
    for _ in range(5):
        assert "100 MB of memory" in refusal(SLOW, memory=100 * MB, seconds=30.0).what


def test_parquet_beyond_the_memory_limit_is_a_sentence_with_the_limit():
    error = refusal(
        parquet(text=[f"{i} " + "words " * 200 for i in range(100_000)]), memory=200 * MB
    )
    assert "takes more than 200 MB of memory" in error.what


def test_an_answer_larger_than_its_file_may_be_is_a_sentence():
    # Each control mark of the file is six characters of JSON.
    data = b"text,label\n" + b"\x01" * 900_000 + b",b\n"
    error = refusal(data, table=Limits(size=1 * MB))
    assert "more than 1 MB once read" in error.what


# Files that end their reader


def test_a_damaged_parquet_file_is_one_sentence_or_rows_wherever_it_is_damaged():
    good = parquet(
        text=[f"text {i}" for i in range(300)], label=["a", "b", None] * 100, n=list(range(300))
    )
    places = [len(good) * i // 16 for i in range(1, 16)]
    damaged = [good[:place] for place in places]
    damaged += [
        good[:place] + bytes([good[place] ^ 1 << place % 8]) + good[place + 1 :] for place in places
    ]
    damaged += [good[: -8 - back] + b"\xff" + good[-7 - back :] for back in range(8)]
    for data in damaged:
        rows_or_sentence(data)


def test_a_reader_that_is_killed_in_the_middle_is_a_sentence():
    reading = Reading(SLOW, "rows.csv")
    assert not reading.wait(0.2)
    os.kill(reading.pid, signal.SIGKILL)
    with pytest.raises(
        InputError, match=r"rows\.csv ended without an answer \(SIGKILL\)"
    ) as caught:
        reading.table()
    assert "MB and 300 seconds" in caught.value.what
    assert caught.value.fix


def test_a_reader_that_takes_too_long_is_ended_with_a_sentence():
    reading = Reading(SLOW, "rows.csv", limits=ReadLimits(seconds=0.5))
    os.kill(reading.pid, signal.SIGSTOP)
    with pytest.raises(InputError, match=r"rows\.csv takes more than 0\.5 seconds") as caught:
        reading.table()
    assert reader.SECONDS_VARIABLE in caught.value.fix
    assert process_identity(reading.pid) == ""


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo hello", "gave an answer that cannot be used"),
        ("true", "gave an answer that cannot be used"),
        ("kill -SEGV $$", "ended without an answer (SIGSEGV)"),
        ("echo 'what():  std::bad_alloc' >&2; kill -ABRT $$", "more than 77 MB of memory"),
        ("exit 9", "ended without an answer (exit code 9)"),
        ("exit 5", "no room on the disk for the rows of rows.csv"),
    ],
)
def test_whatever_else_becomes_of_a_reader_is_a_sentence(
    does: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\n{does}\n")
    fake.chmod(0o700)
    monkeypatch.setattr(reader.sys, "executable", str(fake))
    assert said in refusal(b"text\na\n", memory=77 * MB).what


def test_a_reader_that_cannot_be_started_is_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader.sys, "executable", "/no/such/python")
    assert "cannot be read" in refusal(b"text\na\n").what


# Nothing is left


def until_gone(pid: int, identity: str) -> bool:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if process_identity(pid) != identity:
            return True
        time.sleep(0.05)
    return False


def test_a_reader_that_nobody_waits_for_any_more_ends():
    reading = Reading(SLOW, "rows.csv")
    pid = reading.pid
    identity = process_identity(pid)
    assert identity
    del reading
    assert until_gone(pid, identity)


def test_a_reader_ends_with_the_process_that_asked(tmp_path: Path):
    (tmp_path / "rows.csv").write_bytes(SLOW)
    code = (
        "import sys, time; from synthcur.data.reader import Reading; "
        f"reading = Reading({str(tmp_path / 'rows.csv')!r}); "
        "assert not reading.wait(0.2); print(reading.pid, flush=True); time.sleep(60)"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert asking.stdout is not None
    pid = int(asking.stdout.readline())
    identity = process_identity(pid)
    asking.kill()
    asking.wait()
    asking.stdout.close()
    assert until_gone(pid, identity)


def test_files_between_the_two_have_no_name_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    read_in_child(b"text,label\na,b\n")
    for end in (signal.SIGKILL, signal.SIGSEGV):
        reading = Reading(SLOW, "rows.csv")
        assert not reading.wait(0.2)
        assert not list(tmp_path.iterdir())
        os.kill(reading.pid, end)
        with pytest.raises(InputError):
            reading.table()
    refusal(dictionary_bomb())
    assert not list(tmp_path.iterdir())


def test_a_reader_starts_without_what_most_files_do_not_need():
    code = (
        "import sys, synthcur.data.read_process;"
        "print({'pandas', 'numpy', 'pyarrow'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_a_reader_is_told_no_token(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "canary")
    reading = Reading(SLOW, "rows.csv")
    assert not reading.wait(0.2)
    assert b"canary" not in Path(f"/proc/{reading.pid}/environ").read_bytes()
    reading.stop()


# Limits and who reads


def imported(tmp_path: Path, data: bytes, **environment: str) -> subprocess.CompletedProcess[str]:
    """Give a file to the command line as the synthetic rows."""
    (tmp_path / "given").write_bytes(data)
    (tmp_path / "real.csv").write_bytes(b"text,label\na,x\nb,y\n")
    command = [sys.executable, "-m", "synthcur", "import", "mine", "--no-score"]
    command += ["--workspace", str(tmp_path / "ws"), "--real", str(tmp_path / "real.csv")]
    return subprocess.run(
        [*command, "--synthetic", str(tmp_path / "given")],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("data", "environment", "said"),
    [
        (dictionary_bomb(), {}, "given holds more than 500,000,000 bytes once unpacked"),
        (SLOW, {reader.MEMORY_VARIABLE: "100"}, "given takes more than 100 MB of memory"),
        (SLOW, {reader.SECONDS_VARIABLE: "0.1"}, "given takes more than 0.1 seconds"),
        (SLOW, {reader.ROWS_VARIABLE: "1000"}, "given has more than 1,000 rows"),
        (SLOW, {reader.SIZE_VARIABLE: "1"}, "given holds more than 1,000,000 bytes"),
    ],
    ids=["bomb", "memory", "seconds", "rows", "size"],
)
def test_the_command_line_keeps_to_the_same_limits_in_one_line(
    tmp_path: Path, data: bytes, environment: dict[str, str], said: str
):
    done = imported(tmp_path, data, **environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_environment_sets_the_limits():
    usual = read_limits({})
    assert usual.table == Limits()
    assert 0 < usual.memory <= reader.MEMORY
    assert usual.seconds == reader.SECONDS
    given_ = read_limits(
        {
            reader.MEMORY_VARIABLE: "500",
            reader.SECONDS_VARIABLE: "7.5",
            reader.SIZE_VARIABLE: "10",
            reader.ROWS_VARIABLE: "1000",
        }
    )
    assert given_ == ReadLimits(Limits(size=10 * MB, rows=1000), 500 * MB, 7.5)


@pytest.mark.parametrize("value", ["0", "-1", "many", "nan", "inf"])
def test_a_limit_that_is_no_number_is_refused_by_name(value: str):
    with pytest.raises(InputError, match=reader.SECONDS_VARIABLE):
        read_limits({reader.SECONDS_VARIABLE: value})


def test_no_file_of_a_user_is_parsed_by_the_server_or_the_command_line():
    package = ROOT / "synthcur"
    web = [ROOT / "app.py", package / "__main__.py", *(ROOT / "pages").glob("*.py")]
    web += [*(package / "cli").rglob("*.py"), *(package / "ui").rglob("*.py")]
    for path in web:
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        parsers = {"read_table", "read_csv", "read_json", "read_parquet", "read_excel"}
        assert not used & parsers, f"{path.name} reads a file itself"


def test_memory_that_a_table_took_comes_back(tmp_path: Path):
    data = b"text,label\n" + b"".join(b"row %d of some length,b\n" % i for i in range(200_000))
    before = resident()
    table = read_in_child(data, "rows.csv")
    assert len(table.frame) == 200_000
    del table
    assert resident() - before < 100 * MB


def test_the_frame_is_the_one_that_reading_here_makes():
    data = b'{"text": "a", "n": 1}\n{"text": "b", "n": "c"}'
    pd.testing.assert_frame_equal(read_in_child(data).frame, read_table(data).frame)
