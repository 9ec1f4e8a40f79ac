"""A column that says splits is used where somebody says so, and what it says otherwise is named."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from synthcur.data.loading import ColumnMapping, build, read_table
from synthcur.data.stated import split_columns
from synthcur.errors import InputError
from tests.support.importing import Row, collections, hotel, run_import, write

SAYS = ["train", "train", "train", "Dev", "test", "holdout-2"]


def with_splits(rows: list[Row], column: str, says: list[str] = SAYS) -> list[Row]:
    return [{**row, column: says[i // 4 % len(says)]} for i, row in enumerate(rows)]


def files_of(folder: Path, **rows: list[Row]) -> dict[str, Path]:
    return {name: write(folder / f"{name}.csv", each) for name, each in rows.items()}


def sizes(folder: Path, name: str = "hotel") -> Counter[str]:
    rows = collections(folder)[name].rows
    return Counter(rows.loc[rows["source"] == "real", "split"])


def test_a_column_of_any_name_is_used_where_it_is_named(tmp_path: Path, capsys):
    files = files_of(tmp_path, synthetic=hotel(100, 40), real=with_splits(hotel(200, 48), "wofür"))
    assert run_import(tmp_path, files, "--split", "wofür") == 0
    said = capsys.readouterr().err
    assert "split = “wofür”" in said
    assert "Splits taken from column “wofür”: nothing 8, test 8, train 24, validation 8" in said
    assert "“holdout-2” 8 name no split and stay in train" in said
    assert sizes(tmp_path) == {"train": 32, "validation": 8, "test": 8}


def test_a_column_that_is_used_by_itself_can_be_left_alone(tmp_path: Path, capsys):
    rows = with_splits(hotel(200, 40), "split", ["train", "test"])
    files = files_of(tmp_path, synthetic=hotel(100, 40), real=rows)
    assert run_import(tmp_path, files, "--split", "real=") == 0
    said = capsys.readouterr().err
    assert "Not used, of real.csv: column “split”" in said
    assert "--split split" in said
    assert "Drawn from real train" in said


def test_a_file_of_validation_and_test_is_divided_by_its_column(tmp_path: Path):
    files = files_of(
        tmp_path,
        synthetic=hotel(100, 40),
        real=hotel(200, 40),
        test=with_splits(hotel(400, 32), "part", ["valid", "test"]),
    )
    assert run_import(tmp_path, files, "--split", "test=part") == 0
    assert sizes(tmp_path) == {"train": 40, "validation": 16, "test": 16}


def test_a_column_that_no_real_file_has_or_that_is_the_synthetic_one_is_refused(
    tmp_path: Path, capsys
):
    files = files_of(tmp_path, synthetic=with_splits(hotel(100, 40), "part"), real=hotel(200, 40))
    assert run_import(tmp_path, files, "--split", "part") == 2
    assert "No file has a column “part”" in capsys.readouterr().err
    assert run_import(tmp_path, files, "--split", "synthetic=part") == 2
    assert "Synthetic rows are all for training" in capsys.readouterr().err


def test_a_column_that_leaves_no_training_row_stores_nothing(tmp_path: Path, capsys):
    rows = with_splits(hotel(200, 40), "part", ["test"])
    files = files_of(tmp_path, synthetic=hotel(100, 40), real=rows)
    assert run_import(tmp_path, files, "--split", "real=part") == 2
    assert collections(tmp_path) == {}


def test_the_column_stays_beside_the_rows(tmp_path: Path):
    files = files_of(tmp_path, synthetic=hotel(100, 40), real=with_splits(hotel(200, 48), "part"))
    assert run_import(tmp_path, files, "--split", "part") == 0
    assert "part" in collections(tmp_path)["hotel"].provenance


def test_only_columns_that_name_splits_are_offered():
    frame = pd.DataFrame(
        {
            "part": ["train", "TEST", "val", None],
            "one": ["train"] * 4,
            "few": ["train", "test", "x", "y"],
            "words": ["train", "x", "y", "z"],
            "number": [1, 2, 3, 4],
        },
        dtype=object,
    )
    assert split_columns(frame, list(frame.columns)) == ["part", "few"]


def test_a_mapping_names_a_column_that_must_be_there():
    tables = {
        part: read_table(b"text,label\nA room was dirty,x\nA bill was wrong,y\n", f"{part}.csv")
        for part in ("synthetic", "train")
    }
    with pytest.raises(InputError, match="no column “part”"):
        build("hotel", tables, ColumnMapping("text", "label", split="part"))
