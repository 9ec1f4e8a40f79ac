"""Arrow, class labels, and folders of files: read as one table, with the names that they keep."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from harness.bombs import arrow, arrow_bomb
from harness.hostile import GOOD
from synthcur.data.loading import build
from synthcur.data.reader import read_in_child
from synthcur.data.reading import import_path, read_table
from synthcur.data.tables import Limits, RawTable
from synthcur.errors import InputError
from tests.data.test_kinds import ROWS, cells, notes, refusal

TEXTS = [f"The fern {i} wilts" for i in range(6)]


def with_names(table: pa.Table, **names: object) -> pa.Table:
    features = {
        column: {"names": list(found), "_type": "ClassLabel"} if isinstance(found, tuple) else found
        for column, found in names.items()
    }
    return table.replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )


def as_parquet(table: pa.Table) -> bytes:
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {
    "stream": arrow,
    "file": lambda table: arrow(table, stream=False),
    "zstd": lambda table: arrow(table, stream=False, compression="zstd"),
    "parquet": as_parquet,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_numbers_of_class_labels_become_the_names_that_the_file_keeps(kind: str):
    table = pa.table({"text": TEXTS, "label": [0, 1, 2, -1, 7, None]})
    read = read_table(WRITERS[kind](with_names(table, label=("billing", "delivery", "repair"))))
    assert read.frame["label"].tolist() == ["billing", "delivery", "repair", None, 7, None]
    assert "Column “label”: numbers read as the names “billing”, “delivery”, “repair”." in notes(
        read
    )
    assert "Column “label”: no name for 7, kept as numbers." in notes(read)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("form", ["Sequence", "List", "LargeList", "list"])
def test_lists_of_class_labels_get_their_names_too(kind: str, form: str):
    inner = {"names": ["a", "b"], "_type": "ClassLabel"}
    feature = [inner] if form == "list" else {"feature": inner, "_type": form}
    table = pa.table({"text": TEXTS[:3], "label": [[0], [1, 0], []]})
    read = read_table(WRITERS[kind](with_names(table, label=feature)))
    assert read.frame["label"].tolist() == ['["a"]', '["b", "a"]', "[]"]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_type_of_arrow_gives_the_cells_that_parquet_gives(kind: str):
    import datetime as dt
    import decimal

    table = pa.table(
        {
            "text": pa.array(["a", None, "ünï"]),
            "label": pa.array(["x", "y", "x"]).dictionary_encode(),
            "large": pa.array(["a", "b", None], pa.large_string()),
            "n": pa.array([1, 2**62, None]),
            "f": pa.array([0.5, float("nan"), None]),
            "ok": pa.array([True, None, False]),
            "day": pa.array([dt.date(2024, 5, 1), None, None]),
            "exact": pa.array([decimal.Decimal("1.20"), None, None]),
            "nested": pa.array([{"a": [1]}, None, {"a": []}]),
            "none": pa.nulls(3),
            "bytes": pa.array([b"a", b"\xff", None]),
        }
    )
    read = read_table(WRITERS[kind](table))
    assert cells(read)[0] == [
        "a",
        "x",
        "a",
        1,
        0.5,
        True,
        "2024-05-01",
        "1.20",
        '{"a": [1]}',
        None,
        "a",
    ]
    assert cells(read)[1][1:5] == ["y", "b", 2**62, None]
    assert "Column “nested” is nested and kept as JSON text." in notes(read)


def test_files_whose_lists_of_names_differ_in_order_agree_by_name():
    one = with_names(pa.table({"text": TEXTS, "label": [0, 1] * 3}), label=("care", "delivery"))
    other = with_names(
        pa.table({"text": [f"{t}!" for t in TEXTS], "label": [1, 0] * 3}),
        label=("delivery", "care"),
    )
    tables = {"synthetic": read_table(arrow(one), "s"), "train": read_table(as_parquet(other), "r")}
    rows = build("a", tables, drawn=()).rows
    assert rows["label"].tolist() == ["care", "delivery"] * 6


@pytest.mark.parametrize("kind", ["dictionary", "nested", "runs", "nothing"])
def test_arrow_in_which_few_bytes_stand_for_many_is_refused_before_it_is_decoded(kind: str):
    bomb = arrow_bomb(kind=kind)
    assert len(bomb) < 8_000_000
    said = refusal(bomb, "bomb.arrow")
    assert any(each in said for each in ("once unpacked", "has the type", "more than", "cells"))


def test_a_stream_without_the_mark_of_its_end_says_that_rows_may_be_missing():
    data = arrow(pa.table({"text": TEXTS, "label": TEXTS}))
    assert notes(read_table(data)) == ""
    assert "rows may be missing" in notes(read_table(data[:-8]))


# Folders


def saved(folder: Path, table: pa.Table, split: str = "train", shards: int = 2) -> Path:
    """Write a folder as `save_to_disk` of Hugging Face does."""
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(table) // shards)
    names = [f"data-{i:05}-of-{shards:05}.arrow" for i in range(shards)]
    for i, name in enumerate(names):
        part = table.slice(i * size, size).replace_schema_metadata(None)
        (folder / name).write_bytes(arrow(part))
    features = {"label": {"names": ["care", "delivery"], "_type": "ClassLabel"}}
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    state = {"_data_files": [{"filename": name} for name in names], "_split": split}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "cache-1.arrow").write_bytes(b"left over")
    return folder


NUMBERED = pa.table({"text": TEXTS, "label": [0, 1] * 3})
NAMES = ["care", "delivery"] * 3


@pytest.mark.parametrize("read", [read_table, read_in_child])
def test_a_data_set_saved_to_disk_is_read_with_the_names_of_its_labels(
    read: Callable[..., RawTable], tmp_path: Path
):
    table = read(saved(tmp_path / "set", NUMBERED))
    assert table.frame["text"].tolist() == TEXTS
    assert table.frame["label"].tolist() == NAMES
    assert table.rows.tolist() == list(range(1, 7))
    assert table.how == "2 files, Arrow"
    assert table.name == "set"


def test_a_data_set_of_splits_keeps_them_as_a_column(tmp_path: Path):
    folder = tmp_path / "set"
    for split in ("train", "test"):
        saved(folder / split, NUMBERED, split, shards=1)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    table = read_table(folder)
    assert table.frame["split"].tolist() == ["train"] * 6 + ["test"] * 6
    assert table.frame["label"].tolist() == NAMES * 2
    assert "Rows 1 to 6 train/data-00000-of-00001.arrow, 7 to 12 test/" in notes(table)


def test_a_folder_of_files_with_equal_columns_is_one_table(tmp_path: Path):
    folder = tmp_path / "many"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "x.csv").write_bytes(b"hidden")
    (folder / "README.md").write_text("# Rows\n")
    (folder / "a.csv").write_bytes(GOOD)
    (folder / "b.csv").write_bytes(b"label,text\ncare,another\nshort\n")
    table = read_table(folder)
    assert cells(table) == [*ROWS, ["another", "care"]]
    assert table.rows.tolist() == [1, 2, 3, 4]
    assert [(each.row, each.reason) for each in table.rejected] == [
        (5, "b.csv: 1 cell where the header has 2")
    ]
    assert "Rows 1 to 3 a.csv, 4 to 5 b.csv." in notes(table)
    (folder / "b.csv").write_bytes(b"other,text\ncare,another\n")
    assert "b.csv of many has other columns than a.csv: “label”, “other”." in refusal(folder, "")
    (folder / "b.csv").unlink()
    (folder / "c.jsonl").write_bytes(b'{"text": "a", "label": "b"}')
    assert "many holds files of several kinds: 1 csv, 1 jsonl." in refusal(folder, "")


def test_files_that_are_named_by_splits_keep_them(tmp_path: Path):
    (tmp_path / "data").mkdir()
    for split in ("train", "validation", "test"):
        name = f"{split}-00000-of-00001.parquet"
        (tmp_path / "data" / name).write_bytes(as_parquet(NUMBERED))
    (tmp_path / "decisions.jsonl").write_text("{}")
    table = read_table(tmp_path)
    assert sorted(set(table.frame["split"])) == ["test", "train", "validation"]


@pytest.mark.parametrize("what", ["file", "folder", "pipe"])
def test_what_leads_out_of_a_folder_is_refused(what: str, tmp_path: Path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.csv").write_bytes(GOOD)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_bytes(GOOD)
    if what == "file":
        (folder / "b.csv").symlink_to(tmp_path / "secret" / "a.csv")
    elif what == "folder":
        (folder / "more").symlink_to(tmp_path / "secret")
    else:
        os.mkfifo(folder / "b.csv")
    said = refusal(folder, "")
    assert "is a link" in said or "is not a regular file" in said


def test_a_folder_that_names_files_outside_of_it_is_refused(tmp_path: Path):
    (tmp_path / "a.arrow").write_bytes(arrow(NUMBERED))
    folder = saved(tmp_path / "set", NUMBERED)
    for name in ("../a.arrow", str(tmp_path / "a.arrow"), "missing.arrow", 7):
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
        assert "which state.json names" in refusal(folder, "")
    (folder / "state.json").write_text("{")
    assert "state.json is damaged" in refusal(folder, "")


def test_a_folder_keeps_to_the_limits_as_a_whole(tmp_path: Path):
    for i in range(4):
        (tmp_path / f"{i}.csv").write_bytes(GOOD)
    assert "more than 10 rows" in refusal(tmp_path, "x", limits=Limits(rows=10))
    assert "more than 200 bytes" in refusal(tmp_path, "x", limits=Limits(size=200))
    for i in range(201):
        (tmp_path / f"{i}.csv").write_bytes(GOOD)
    assert "more than 200 files of rows" in refusal(tmp_path, "")


def test_no_folder_around_a_workspace_is_read_by_path(tmp_path: Path):
    (tmp_path / "ws" / "imports" / "set").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for path in (tmp_path, tmp_path / "ws", tmp_path / "ws" / "artefacts"):
        with pytest.raises(InputError, match="workspace itself"):
            import_path(str(path), tmp_path, tmp_path / "ws")
    assert import_path("ws/imports/set", tmp_path, tmp_path / "ws").is_dir()
    assert import_path("ws/imports", tmp_path, tmp_path / "ws").is_dir()
    assert import_path("other", tmp_path, tmp_path / "ws").is_dir()
