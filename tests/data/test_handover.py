"""A table goes from one process to another as it is; what else the other says is not believed."""

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcur.data.handover import read_answer, write_refusal, write_table
from synthcur.data.said import Said
from synthcur.data.tables import PlainTable, Rejected
from synthcur.errors import InputError

scalars = st.one_of(st.none(), st.booleans(), st.text(max_size=12), st.integers(), st.floats())


def written(table: PlainTable) -> bytes:
    file = io.BytesIO()
    write_table(table, file)
    return file.getvalue()


any_text = st.text(st.characters(), max_size=8)  # also half an emoji
people_said = st.builds(
    Said,
    row=st.integers(1, 9),
    action=any_text,
    annotator=any_text,
    at=st.floats(allow_nan=False, allow_infinity=False),
    label=st.none() | any_text,
    text=st.none() | any_text,
    note=any_text,
)
plain_tables = st.integers(0, 5).flatmap(
    lambda n: st.builds(
        PlainTable,
        name=any_text,
        columns=st.just(["a", "b", ""]),
        values=st.lists(
            st.lists(
                st.one_of(
                    st.none(), st.booleans(), any_text, st.integers(), st.floats(allow_nan=False)
                ),
                min_size=n,
                max_size=n,
            ),
            min_size=3,
            max_size=3,
        ),
        rows=st.just(list(range(1, n + 1))),
        lines=st.just(list(range(2, n + 2))),
        rejected=st.lists(
            st.builds(Rejected, st.integers(1, 9), st.integers(1, 9), any_text), max_size=3
        ).map(tuple),
        how=any_text,
        first_line=st.sampled_from(["header", "row", "doubt"]),
        said=st.lists(people_said, max_size=3).map(tuple),
        proposed=st.sampled_from([{}, {"a": ["was", *[None] * (n - 1)][:n]}]),
        label=any_text,
        layout=any_text,
        notes=st.lists(any_text, max_size=2).map(tuple),
    )
)


@given(plain_tables)
def test_a_table_is_handed_over_cell_by_cell_and_type_by_type(table: PlainTable):
    again = read_answer(io.BytesIO(written(table)))
    assert again == table
    assert repr(again) == repr(table)  # True is not 1, and -0.0 not 0.0


def test_a_refusal_is_handed_over():
    file = io.BytesIO()
    write_refusal(InputError("What.", fix="Do \ud83d."), file)
    with pytest.raises(InputError) as caught:
        read_answer(io.BytesIO(file.getvalue()))
    assert (caught.value.what, caught.value.fix) == ("What.", "Do \ud83d.")


@given(plain_tables, st.data())
def test_a_part_of_an_answer_is_none(table: PlainTable, data: st.DataObject):
    whole = written(table)
    cut = data.draw(st.integers(0, len(whole) - 2))
    with pytest.raises(ValueError):  # noqa: PT011
        read_answer(io.BytesIO(whole[:cut]))


@given(st.one_of(st.binary(max_size=60), st.recursive(scalars, st.lists).map(json.dumps)))
def test_anything_else_is_no_answer(said: bytes | str):
    data = said if isinstance(said, bytes) else f"{said}\n".encode()
    with pytest.raises(ValueError):  # noqa: PT011
        read_answer(io.BytesIO(data))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'["x","y"]', b'["x",{"y":1}]'),  # not a cell
        (b'["x","y"]', b'["x"]'),  # a gap
        (b'["x","y"]', b'"xy"'),
        (b"[1,2],[2,3]", b"[1,2],[2,-3]"),
        (b"[1,2],[2,3]", b"[1,9223372036854775808],[2,3]"),
        (b"[1,2],[2,3]", b"[true,2],[2,3]"),
        (b'"rows":2', b'"rows":1'),
        (b'"rows":2', b'"rows":3'),
        (b'"rows":2', b'"rows":"2"'),
        (b'"columns":["a","b"]', b'"columns":["a","a"]'),
        (b'"columns":["a","b"]', b'"columns":["a"]'),
        (b'"name":"n"', b'"name":7'),
        (b'"said":1', b'"said":2'),
        (b'"said":1', b'"said":0'),
        (b'"ann",0.0', b'"ann",NaN'),
        (b'"ann",0.0', b"7,0.0"),
        (b'"proposed":["a"]', b'"proposed":["a","a"]'),
        (b'"proposed":["a"]', b'"proposed":[]'),
        (b'"end"\n', b'"end"\n"more"\n'),
        (b'"end"\n', b'"END"\n'),
    ],
)
def test_an_answer_that_contradicts_itself_is_none(old: bytes, new: bytes):
    table = PlainTable("n", ["a", "b"], [["x", "y"], [1, None]], [1, 2], [2, 3], (), "CSV")
    table = replace(table, said=(Said(1, "keep", "ann"),), proposed={"a": [None, "z"]})
    whole = written(table)
    assert old in whole
    with pytest.raises(ValueError):  # noqa: PT011
        read_answer(io.BytesIO(whole.replace(old, new)))
