"""What leaves as a file comes back as it was: texts, labels, further columns, weights, decisions.

Each property holds for three generations: what is imported, exported, imported and exported again
is what was there at first.
"""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.collections import add_scores
from synthcur.__main__ import main
from synthcur.data.loading import accept, build
from synthcur.data.reading import read_table
from synthcur.exports import downloads
from synthcur.schema import Collection
from synthcur.store.store import Store

KINDS = ("curated.csv", "curated.jsonl", "curated.parquet", "dataset/data/train.parquet")
# Each example writes and reads a workspace: looking for the smallest one would take minutes.
FEW = settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

ODD = ("=1+1", "'=1", "+a", "-b", "@c", "\ttab", "hello\r=1+cmd", "a\r\nb", "{}\n{}", "x\x00y")
ODD += ("\u200fright", "line\u2028sep", "next\x85line", "\x0bvt", '"', '""', ",;|\t", "NaN", "null")
ODD += ("'''", "\ufeffmark", "  spaces  ", "\U0001f69a", "1e5", "True", "[1]", "\x1e")
characters = st.characters(exclude_categories=["Cs"])
texts = st.sampled_from(ODD) | st.text(characters, max_size=30)
cells = {
    "note of theirs": st.none() | texts,
    "number": st.none() | st.floats(allow_nan=False),
    "whole": st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
    "flag": st.none() | st.booleans(),
    "weight": st.none() | st.floats(allow_nan=False),
    "nothing": st.none(),
}


@st.composite
def collections(draw) -> tuple[list[dict], list[dict]]:
    """Synthetic and real rows of two labels; no text or label is another's variant."""
    labels = [f"{draw(texts)}{end}" for end in ("A", "B")]
    columns = draw(st.sets(st.sampled_from(sorted(cells))))
    names = {column: f"{draw(texts)}{column}".strip() for column in columns}

    def rows(source: str, n: int) -> list[dict]:
        return [
            {"text": f"{draw(texts)} {source} {i}", "label": labels[i % 2]}
            | {names[column]: draw(cells[column]) for column in sorted(columns)}
            for i in range(n)
        ]

    return rows("made", 6), rows("real", 12)


def as_file(rows: list[dict]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def imported(name: str, synthetic: bytes | Path, real: bytes) -> Collection:
    tables = {"synthetic": read_table(synthetic, "synthetic"), "train": read_table(real, "real")}
    return accept(build(name, tables), frozenset())


def comparable(table: pd.DataFrame, columns: list[str], *, as_text: bool) -> list[list]:
    """Cells of some columns; CSV knows text only, and nothing where a cell is empty."""
    found = [table[column].astype(object).where(table[column].notna(), None) for column in columns]
    if as_text:
        return [["" if cell is None else str(cell) for cell in column] for column in found]
    return [column.tolist() for column in found]


@FEW
@given(collections(), st.sampled_from(KINDS))
def test_three_generations_of_an_export_are_equal(rows, kind):
    synthetic, real = (as_file(part) for part in rows)
    with TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "ws")
        first = imported("g0", synthetic, real)
        theirs = list(first.provenance.columns)
        generations, source = [], synthetic
        for generation in range(3):
            name = f"g{generation}"
            collection = imported(name, source, real)
            store.add_collection(collection)
            add_scores(store, collection)
            out = Path(scratch) / name
            downloads.export(store, name, out, checkers="probe")
            source = out / kind
            generations.append(read_table(source).frame)
        store.close()
    columns = ["text", "label", *(f"{c}_in_file" if c == "weight" else c for c in theirs)]
    as_text = kind.endswith("csv")
    assert len(generations[0]) == 6
    whole = first.provenance.iloc[:6]
    assert comparable(generations[0], columns[2:], as_text=as_text) == comparable(
        whole, theirs, as_text=as_text
    )
    assert generations[0]["text"].tolist() == first.synthetic["text"].tolist()
    assert generations[0]["label"].tolist() == first.synthetic["label"].tolist()
    for later in generations[1:]:
        for column in columns:
            assert comparable(later, [column], as_text=as_text) == comparable(
                generations[0], [column], as_text=as_text
            )
        assert later["sample_id"].tolist() == generations[0]["sample_id"].tolist()


@FEW
@given(collections())
def test_weights_are_the_same_number_in_every_kind_of_file(rows):
    with TemporaryDirectory() as scratch:
        store = Store(Path(scratch) / "ws")
        collection = imported("g", *(as_file(part) for part in rows))
        store.add_collection(collection)
        add_scores(store, collection)
        table = downloads.curated_table(store, "g", checkers="probe")
        out = Path(scratch) / "out"
        downloads.export(store, "g", out, checkers="probe")
        store.close()
        for kind in KINDS:
            read = read_table(out / kind).frame
            for column in ("p", "q", "weight"):
                np.testing.assert_array_equal(read[column].astype(float), table[column])


def test_decisions_are_the_same_after_three_generations(
    tmp_path: Path, small_collection: Collection, capsys: pytest.CaptureFixture[str]
):
    notes = [*ODD, "plain"]
    lines = []
    for sample_id, note in zip(small_collection.synthetic["sample_id"], notes, strict=False):
        action = {"action": "edit", "text": f"{note} edited"} if len(lines) % 3 == 0 else {}
        lines.append({"sample_id": sample_id, "action": "keep", "note": note, **action})
    source = tmp_path / "d0.jsonl"
    content = "".join(f"{json.dumps(line, ensure_ascii=False)}\r\n" for line in lines)
    source.write_bytes(content.encode("utf-8-sig"))
    generations = []
    for generation in range(3):
        store = Store(tmp_path / f"ws{generation}")
        store.add_collection(small_collection)
        options = ["--from", str(source), "--workspace", str(store.workspace)]
        assert main(["decide", "small", *options]) == 0, capsys.readouterr().err
        out = tmp_path / f"out{generation}"
        downloads.export(store, "small", out, checkers=None)
        source = out / "decisions.jsonl"
        table = downloads.decisions_table(store.decisions.log("small"))
        table = table.astype(object).where(table.notna(), None)
        generations.append(table.drop(columns="created_at").to_dict("list"))
        store.close()
    assert generations[0]["note"] == [line["note"] for line in lines]
    assert [text for text in generations[0]["text"] if isinstance(text, str)] == [
        line["text"] for line in lines if "text" in line
    ]
    assert generations[0] == generations[1] == generations[2]


def test_columns_get_free_names_in_every_generation(fill: Callable[..., Store], small_collection):
    from dataclasses import replace

    theirs = pd.DataFrame(
        {
            name: [name] * len(small_collection.rows)
            for name in ("weight", "weight_in_file", "weight_in_file_2", "scheme_hash", "p")
        }
    )
    store = fill(replace(small_collection, provenance=theirs))
    table = downloads.curated_table(store, "small", checkers="probe")
    assert table.columns.is_unique
    assert table["weight_in_file_3"].tolist() == ["weight"] * len(table)
    assert table["weight_in_file"].tolist() == ["weight_in_file"] * len(table)
    assert table["scheme_hash_in_file"].tolist() == ["scheme_hash"] * len(table)


def test_a_file_of_an_earlier_release_loses_its_apostrophes():
    old = (
        "\ufeffsample_id,text,label,weight\n"
        "0123456789abcdef,'=1+1,'=billing,1\n0123456789abcde0,plain,'-repair,2\n"
    )
    table = read_table(old.encode(), "curated.csv")
    assert table.frame["text"].tolist() == ["=1+1", "plain"]
    assert table.frame["label"].tolist() == ["=billing", "-repair"]
    assert any("apostrophes" in note for note in table.notes)


def test_a_column_without_a_value_is_a_column_of_texts(tmp_path: Path):
    import pyarrow.parquet as pq

    table = pd.DataFrame({"text": ["a", "b"], "comment": [None, None]})
    downloads.write_table(table, tmp_path / "t.parquet")
    assert str(pq.read_schema(tmp_path / "t.parquet").field("comment").type) == "string"
