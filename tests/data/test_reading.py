"""Files of every kind and every damage become rows, or one sentence that names the place."""

import csv
import gzip
import io
import json
import pickle
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthcur.data.read_options import ReadOptions
from synthcur.data.reading import path_inside, read_table
from synthcur.data.tables import Limits, RawTable, shown_name
from synthcur.errors import InputError

GOOD = b"text,label\nThe fern wilts,care\nWhere is my order,delivery\n"


def cells(table: RawTable) -> list[list[object]]:
    return table.frame.to_numpy(dtype=object).tolist()


def refusal(data: bytes, name: str = "rows.csv", **options: object) -> str:
    with pytest.raises(InputError) as caught:
        read_table(data, name, **options)
    assert caught.value.fix, "a refusal says what to do"
    return str(caught.value)


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def packed(data: bytes) -> bytes:
    # Without the time of packing: two processes that collect these cases must name them alike.
    return gzip.compress(data, mtime=0)


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (GOOD, "CSV with commas, UTF-8"),
        (GOOD.replace(b",", b"\t"), "CSV with tabs, UTF-8"),
        (GOOD.replace(b",", b";"), "CSV with semicolons, UTF-8"),
        (GOOD.replace(b",", b"|"), "CSV with bars, UTF-8"),
        (b"\xef\xbb\xbf" + GOOD, "CSV with commas, UTF-8"),
        (GOOD.decode().encode("utf-16"), "CSV with commas, UTF-16"),
        (GOOD.replace(b"\n", b"\r"), "CSV with commas, UTF-8"),
        (GOOD.replace(b"\n", b"\r\n", 1), "CSV with commas, UTF-8"),
        (packed(GOOD), "CSV with commas, UTF-8"),
        (pd.read_csv(io.BytesIO(GOOD)).to_json(orient="records").encode(), "JSON, UTF-8"),
        (
            pd.read_csv(io.BytesIO(GOOD)).to_json(orient="records", lines=True).encode(),
            "JSON Lines, UTF-8",
        ),
        (
            parquet(text=["The fern wilts", "Where is my order"], label=["care", "delivery"]),
            "Parquet",
        ),
    ],
)
def test_every_format_gives_the_same_rows_and_says_how_it_was_read(data: bytes, how: str):
    table = read_table(data, "misleading.png")
    assert table.frame.columns.tolist() == ["text", "label"]
    assert cells(table) == [["The fern wilts", "care"], ["Where is my order", "delivery"]]
    assert (table.how, table.rows.tolist(), table.rejected) == (how, [1, 2], ())


def test_a_delimiter_inside_the_text_does_not_mislead_the_guess():
    table = read_table(b'text;label\n"one, two, three";a\nfour, five;b\n')
    assert cells(table) == [["one, two, three", "a"], ["four, five", "b"]]


def test_a_given_delimiter_overrides_the_guess():
    assert cells(read_table(b"a,b|c,d\n1,2|3,4\n", options=ReadOptions(delimiter="|"))) == [
        ["1,2", "3,4"]
    ]


def test_rows_of_another_width_are_listed_with_their_lines_and_nothing_is_lost():
    table = read_table(b'text,label\na,b\n"two\nlines",c\nshort\nw,e,r\nlast,d\n')
    assert cells(table) == [["a", "b"], ["two\nlines", "c"], ["last", "d"]]
    assert table.rows.tolist() == [1, 2, 5]
    assert table.lines.tolist() == [2, 3, 7]
    assert [(item.row, item.line) for item in table.rejected] == [(3, 5), (4, 6)]
    assert table.rejected[0].reason == "1 cell where the header has 2"


def test_a_quote_closed_inside_a_cell_rejects_that_row_only():
    table = read_table(b'text,label\n"a"b,c\nd,e\n')
    assert cells(table) == [["d", "e"]]
    assert "(line 2)" in table.rejected[0].reason


def test_quotes_in_a_file_with_tabs_are_plain_unless_they_enclose_cells():
    plain = read_table(b'text\tlabel\n"Good" fern\ta\nold\tb\n')
    assert cells(plain)[0] == ['"Good" fern', "a"]
    assert plain.notes == ("Quotes are read as text.",)
    assert cells(read_table(b'text\tlabel\n"a\tb"\tc\n')) == [["a\tb", "c"]]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"text,label\n", "has a header but no rows"),
        (b"text,label\na;b\nc;d\n", "Line 2: 1 cell where the header has 2"),
        (b'text,label\na,b\n"never closed,c\nd,e\n', "the row that starts on line 3 is never"),
        (b"text,label\na,b\nc\x00,d\n", "a NUL byte on line 3"),
        ("text,label\nnaïve größe,b\n".encode() + b"\xef,b\n", "byte 28 (line 3, value 0xef)"),
        (b"\xff\xfet\x00e", "is not UTF-16"),
        (b"PK\x03\x04 whatever", "a damaged ZIP file"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (pickle.dumps({"text": "a"}), "a Python pickle"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"<!DOCTYPE html><html></html>", "an HTML or XML page"),
        (packed(packed(GOOD)), "a gzip file inside a gzip file"),
        (packed(GOOD)[:-12], "a damaged gzip file"),
        (b'{"text": "a"', "not valid JSON"),
        (b'{"text": {\n"a": "b"}}', "no list of rows"),
        (b"[]", "an empty list"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_a_table_is_refused_in_words(data: bytes, part: str):
    assert part in refusal(data, "rows")


@pytest.mark.parametrize(
    ("limits", "part"),
    [
        (Limits(size=20), "more than 20 bytes"),
        (Limits(rows=1), "more than 1 rows"),
        (Limits(columns=1), "2 columns; the limit is 1"),
        (Limits(cell=5), "Row 1 of rows.csv has 14 characters in “text”"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_keeps_to_the_limits_and_names_them(limits: Limits, part: str, kind: str):
    frame = pd.read_csv(io.BytesIO(GOOD))
    data = {
        "csv": GOOD,
        "jsonl": frame.to_json(orient="records", lines=True).encode(),
        "parquet": parquet(**frame.to_dict("list")),
    }[kind]
    assert part in refusal(data, limits=limits)


def test_a_gzip_bomb_stops_at_the_byte_limit():
    bomb = gzip.compress(b"0" * 20_000_000)
    assert "more than 1,000,000 bytes" in refusal(bomb, limits=Limits(size=1_000_000))


def test_cells_that_look_like_missing_values_or_numbers_stay_text():
    values = ["nan", "None", "NULL", "0", "1.0", "true", "", "N/A", "007"]
    table = read_table(b"text,label\n" + "".join(f"x,{v}\n" for v in values).encode())
    assert table.frame["label"].tolist() == values


def test_columns_without_a_name_or_with_a_taken_one_are_named_by_position():
    table = read_table(b"text,text,,\na,b,c,d\n")
    assert table.frame.columns.tolist() == ["text", "text (2)", "column 3", "column 4"]
    assert len(table.notes) == 3


def test_bad_lines_of_json_lines_are_rejected_by_number():
    lines = [
        '{"text": "a", "label": NaN, "extra": {"k": [1]}}',
        '{"text": "b"',
        "",
        '{"text": "c", "text": "d"}',
        '["e"]',
        "[" * 100_000,
        '{"text": "\\ud800 f", "big": 1e400}',
    ]
    table = read_table("\n".join(lines).encode())
    assert cells(table) == [
        ["a", None, '{"k": [1]}', None],
        ["\ufffd f", None, None, float("inf")],
    ]
    assert [(item.row, item.line) for item in table.rejected] == [(2, 2), (3, 4), (4, 5), (5, 6)]
    reasons = " ".join(item.reason for item in table.rejected)
    for part in ("not valid JSON", "“text” occurs twice", "not an object", "nested too deeply"):
        assert part in reasons


def test_nested_parquet_columns_become_json_text_and_are_mentioned():
    table = read_table(parquet(text=["a"], label=[1.0], tags=[["x", "y"]]))
    assert cells(table) == [["a", 1.0, '["x", "y"]']]
    assert "nested" in table.notes[0]


def test_parquet_extension_types_are_refused():
    kind = pa.uuid()
    array = pa.ExtensionArray.from_storage(kind, pa.array([b"0" * 16], pa.binary(16)))
    assert "extension type" in refusal(parquet(text=["a"], label=array))


@pytest.mark.parametrize("cut", [6, 40, -9, -30])
def test_truncated_parquet_is_refused(cut: int):
    assert "cannot be read as Parquet" in refusal(parquet(text=["a" * 50], label=["b"])[:cut])


def test_parquet_that_claims_too_many_rows_is_refused_before_its_rows_are_read():
    data = parquet(text=["same"] * 100_000, label=["x"] * 100_000)
    assert "more than 50,000 rows" in refusal(data, limits=Limits(rows=50_000))


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("", "not usable"),
        ("a\x00b", "not usable"),
        ("\\\\host\\share\\x.csv", "not usable"),
        ("/no/such/file.csv", "There is no file"),
        ("/proc/self/fdinfo", "is a folder without a file of rows"),
        ("/dev/zero", "is not a regular file"),
    ],
)
def test_paths_that_are_no_files_are_refused(path: str, part: str):
    with pytest.raises(InputError, match=part):
        read_table(path)


def test_a_file_is_read_by_path_and_keeps_its_name(tmp_path: Path):
    (tmp_path / "rows.csv").write_bytes(GOOD)
    assert read_table(tmp_path / "rows.csv").name == "rows.csv"


def test_a_path_from_a_browser_stays_inside_its_folder(tmp_path: Path):
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "deep" / "in.csv").write_bytes(GOOD)
    (root / "out.csv").symlink_to(tmp_path / "secret.csv")
    assert path_inside("deep/../deep/in.csv", root) == (root / "deep" / "in.csv").resolve()
    assert path_inside(str(root / "deep" / "in.csv"), root).name == "in.csv"
    for path in ("../secret.csv", "out.csv", "/etc/passwd", "deep/../../secret.csv", "/"):
        with pytest.raises(InputError, match="is not inside"):
            path_inside(path, root)
    for path in ("", " ", "a\x00b", "..\\secret.csv", "\\\\host\\share"):
        with pytest.raises(InputError, match="not usable"):
            path_inside(path, root)


def test_encoded_dots_are_a_name_and_not_a_way_out(tmp_path: Path):
    assert path_inside("%2e%2e/secret.csv", tmp_path).is_relative_to(tmp_path.resolve())


def test_hostile_file_names_are_cut_to_something_that_can_be_shown():
    assert shown_name("../../etc/x\u202egpj.csv") == "xgpj.csv"
    assert shown_name("\\\\host\\share\\a\x00b.csv") == "ab.csv"
    assert shown_name("/") == "file"
    assert len(shown_name("x" * 300)) == 80


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
labels = st.one_of(texts, st.sampled_from(["nan", "None", "null", "0", "1.0", "true", " ", "=1"]))
samples = st.lists(st.tuples(texts, labels), min_size=1, max_size=12)


@settings(deadline=None, max_examples=150)
@given(samples, st.sampled_from([",", ";", "\t", "|"]))
def test_any_text_survives_csv(rows: list[tuple[str, str]], delimiter: str):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *rows])
    table = read_table(buffer.getvalue().encode(), options=ReadOptions(delimiter=delimiter))
    assert cells(table) == [list(row) for row in rows]


@settings(deadline=None, max_examples=150)
@given(samples, st.booleans())
def test_any_text_survives_json_lines(rows: list[tuple[str, str]], ascii_only: bool):
    lines = [
        json.dumps({"text": text, "label": label}, ensure_ascii=ascii_only) for text, label in rows
    ]
    assert cells(read_table("\n".join(lines).encode())) == [list(row) for row in rows]


@settings(deadline=None, max_examples=50)
@given(samples)
def test_any_text_survives_parquet(rows: list[tuple[str, str]]):
    texts, labels = zip(*rows, strict=True)
    table = read_table(parquet(text=pa.array(texts), label=pa.array(labels)))
    assert cells(table) == [list(row) for row in rows]


@pytest.mark.parametrize("data", [b"{}", b"[{}, {}]", b"{}\n{}\n"])
def test_rows_without_a_column_are_refused(data: bytes):
    with pytest.raises(InputError, match="no column"):
        read_table(data)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
@example(b"{}")
def test_any_bytes_give_a_table_or_a_refusal(data: bytes):
    try:
        table = read_table(data)
    except InputError:
        return
    assert len(table.frame) == len(table.rows) == len(table.lines) > 0
