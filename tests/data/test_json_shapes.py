"""JSON of every shape, and rows between the sentences of a language model, are read as rows."""

import json

import pandas as pd
import pytest

from harness.hostile import GOOD
from synthcur.data.read_options import ReadOptions
from synthcur.data.reading import read_table
from synthcur.errors import InputError
from tests.data.test_kinds import HEADER, ROWS, cells, notes, refusal

OBJECTS = [dict(zip(HEADER, cells, strict=True)) for cells in ROWS]
FRAME = pd.DataFrame(OBJECTS)


@pytest.mark.parametrize("orient", ["columns", "index", "split", "records", "table", "values"])
@pytest.mark.parametrize("indent", [None, 2])
def test_all_that_pandas_writes_is_read_as_the_rows_it_means(orient: str, indent: int | None):
    table = read_table(FRAME.to_json(orient=orient, indent=indent).encode(), "rows.json")
    if orient == "values":
        table = read_table(FRAME.to_json(orient=orient).encode(), options=ReadOptions(header=False))
        assert cells(table) == ROWS
    else:
        assert table.frame[HEADER].to_numpy().tolist() == ROWS


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "wrapped",
    [
        {"examples": OBJECTS},
        {"model": "x", "usage": {"tokens": 3}, "data": {"rows": OBJECTS}},
        {"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]},
        {"n": 3, "text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]},
        [{"batch": 1, "items": OBJECTS[:2]}, {"batch": 2, "items": OBJECTS[2:]}],
    ],
)
def test_rows_inside_an_object_are_found(wrapped: object, indent: int | None):
    table = read_table(json.dumps(wrapped, indent=indent).encode(), "rows.json")
    assert cells(table) == ROWS
    assert table.notes


def test_an_object_around_rows_on_every_line_is_no_row():
    lines = [json.dumps({"examples": OBJECTS[:2]}), json.dumps({"examples": OBJECTS[2:]})]
    assert cells(read_table("\n".join(lines).encode(), "rows.jsonl")) == ROWS
    chat = json.dumps({"messages": [{"role": "user", "content": "a"}]})
    assert len(read_table(f"{chat}\n{chat}".encode()).frame) == 2


def test_one_object_of_cells_is_one_row_and_two_lists_are_refused_by_name():
    assert cells(read_table(b'{"text": "a", "label": "b"}')) == [["a", "b"]]
    said = refusal(json.dumps({"good": OBJECTS, "bad": OBJECTS}).encode(), "a.json")
    assert "several lists of objects, “good” 3, “bad” 3" in said


FENCED = {
    "json": json.dumps(OBJECTS, indent=1),
    "jsonl": "\n".join(map(json.dumps, OBJECTS)),
    "csv": GOOD.decode(),
    "": json.dumps({"examples": OBJECTS}),
}


@pytest.mark.parametrize("kind", FENCED)
@pytest.mark.parametrize("mark", ["```", "~~~~"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_rows_in_a_code_fence_are_read_without_the_sentences_around_it(
    kind: str, mark: str, ends: str
):
    text = f"Sure, here are “3” rows:\n\n{mark}{kind}\n{FENCED[kind].strip()}\n{mark}\n\nMore?\n"
    table = read_table(text.replace("\n", ends).encode(), "rows.txt")
    assert cells(table) == ROWS
    assert "Left out: “Sure, here are “3” rows: More?”." in notes(table)


def test_several_fences_are_one_table_and_keep_the_numbers_of_their_lines():
    block = GOOD.decode()
    table = read_table(f"One:\n```csv\n{block}```\nTwo:\n```csv\n{block}```\n".encode(), "a.csv")
    assert cells(table) == ROWS * 2
    assert table.lines.tolist() == [4, 5, 6, 11, 12, 13]


def test_a_fence_inside_a_cell_is_a_part_of_the_text():
    data = b'text,label\n"How do I run this?\n```\nmake\n```\n",care\nplain,delivery\n'
    assert cells(read_table(data))[0] == ["How do I run this?\n```\nmake\n```\n", "care"]


@pytest.mark.parametrize("row", ["[b] more,care", "[1],care", "{x},care", '{"a,care'])
def test_a_row_that_begins_with_a_bracket_makes_no_row_before_it_a_sentence(row: str):
    data = f"text,label\ncare,The fern wilts.\n\n{row}\nlast,delivery\n"
    try:
        table = read_table(data.encode(), "rows.csv")
    except InputError:
        return
    assert cells(table)[0] == ["care", "The fern wilts."]
    assert len(table.frame) + len(table.rejected) == 3


def test_what_stands_behind_rows_is_left_out_only_if_it_is_no_row():
    objects = "\n".join(json.dumps(row, indent=1) for row in OBJECTS)
    assert cells(read_table(f"{objects}\nThat is all.".encode(), "a.json")) == ROWS
    said = refusal(f"{objects}\nOops {objects}".encode(), "a.json")
    assert "there is “Oops {" in said


def test_sentences_before_json_are_left_out_also_where_it_is_cut_off():
    text = json.dumps(OBJECTS, indent=1)
    table = read_table(f"Here are they, as asked:\n\n{text}\n\nMore?".encode(), "a.txt")
    assert cells(table) == ROWS
    assert "Left out: “Here are they, as asked:”." in notes(table)
    assert "is cut off in row 3" in refusal(f"Here are they:\n\n{text[:-60]}".encode(), "a.txt")


def test_commas_behind_rows_and_rows_over_several_lines_are_read():
    lines = [json.dumps(row) for row in OBJECTS]
    for text in (
        ",\n".join(lines),
        ",\n".join(lines) + ",\n",
        "\n, ".join(lines),
        "\ufeff" + "\n".join(lines),
        "\n".join(json.dumps(row, indent=2) for row in OBJECTS),
        ",\n".join(json.dumps(row, indent=2) for row in OBJECTS),
        "[\n" + ",\n".join(lines) + ",\n]",
        "".join(lines),
    ):
        table = read_table(text.encode(), "rows.json")
        assert cells(table) == ROWS
        assert table.rejected == ()


@pytest.mark.parametrize("wrapped", [OBJECTS, {"examples": OBJECTS}])
def test_a_list_that_is_cut_off_is_refused_by_the_place(wrapped: object):
    text = json.dumps(wrapped, indent=1)
    cut = text[: text.index("cracked")]
    line = text[: text.rindex("{")].count("\n") + 1
    said = refusal(cut.encode(), "rows.json")
    assert f"rows.json is cut off in row 3, which begins on line {line}" in said
    assert "Create or download it again" in said
