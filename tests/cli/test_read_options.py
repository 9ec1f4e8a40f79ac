"""How files are read is said on the command line, for all files or for one, and said back."""

import json
from pathlib import Path

import pytest

from harness.hostile import workbook
from synthcur.__main__ import main
from synthcur.data.reading import read_table
from tests.support.importing import HOTEL, collections, hotel, run_import, write

LABELS = tuple(HOTEL)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Synthetic rows as UTF-8 with commas, real ones as Windows-1252 with bars."""
    real = ["text|label", *(f"{row['text']}|{row['label']}" for row in hotel(500, 40))]
    (tmp_path / "real.csv").write_text("\n".join(real), encoding="cp1252")
    synthetic = write(tmp_path / "synthetic.csv", hotel(0, 40))
    return {"synthetic": synthetic, "real": tmp_path / "real.csv"}


def test_what_is_said_of_one_file_holds_for_that_file(files, tmp_path, capsys):
    options = ("--encoding", "real=cp1252", "--delimiter", "real=bar", "--header", "yes")
    assert run_import(tmp_path, files, *options, "--json") == 0
    said = capsys.readouterr()
    assert "real.csv: read as CSV with bars, Windows-1252\n" in said.err
    assert "guessed_encoding" not in said.out
    mapping = json.loads(said.out)["mapping"]
    assert mapping["real"]["read"] == {
        "delimiter": "|",
        "encoding": "cp1252",
        "header": True,
        "sheet": None,
    }
    assert mapping["synthetic"]["how"] == "CSV with commas, UTF-8"
    assert set(collections(tmp_path)["hotel"].labels) == set(LABELS)


def test_what_was_guessed_is_said_with_a_finding(files, tmp_path, capsys):
    assert run_import(tmp_path, files, "--json") == 0
    said = capsys.readouterr()
    assert "real.csv: read as CSV with bars, Windows-1252 (guessed)" in said.err
    assert "Encoding guessed, real.csv: Windows-1252, such as “" in said.err
    assert "guessed_encoding" in {each["code"] for each in json.loads(said.out)["findings"]}


def test_an_encoding_that_is_said_of_all_files_must_fit_all(files, tmp_path, capsys):
    assert run_import(tmp_path, files, "--encoding", "utf-8") == 2
    assert "real.csv is not UTF-8" in capsys.readouterr().err
    assert collections(tmp_path) == {}


def test_a_sheet_and_a_first_line_are_chosen(files, tmp_path):
    rows = [[row["text"], row["label"]] for row in hotel(0, 40)]
    files["synthetic"] = tmp_path / "a.xlsx"
    files["synthetic"].write_bytes(workbook(rows, sheets=("Empty", "My rows")))
    options = ("--sheet", "synthetic=My rows", "--header", "synthetic=no")
    assert run_import(tmp_path, files, *options) == 0
    assert len(collections(tmp_path)["hotel"].synthetic) == 40


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--encoding", "klingon", "“klingon” is no encoding in which text is read"),
        ("--delimiter", "ab", "“ab” cannot separate cells"),
        ("--delimiter", '"', "cannot separate cells"),
        ("--delimiter", "", "cannot separate cells"),
        ("--header", "perhaps", "“perhaps” is neither yes nor no"),
        ("--encoding", "test=cp1252", "--encoding test=cp1252: there is no such file. Give --test"),
        ("--sheet", "synthetic=", None),
    ],
)
def test_a_value_that_cannot_be_used_is_one_line(option, value, said, files, tmp_path, capsys):
    code = run_import(tmp_path, files, option, value)
    lines = capsys.readouterr().err.splitlines()
    if said is None:  # a sheet says nothing of a file without sheets
        assert code == 0
        return
    assert code == 2
    assert len(lines) == 1
    assert said in lines[0]


def test_a_folder_is_imported_by_its_path(files, tmp_path, capsys):
    folder = tmp_path / "parts"
    folder.mkdir()
    for i in range(2):
        write(folder / f"{i}.csv", hotel(20 * i, 20))
    assert run_import(tmp_path, {**files, "synthetic": folder}) == 0
    assert "parts: read as 2 files, CSV with commas, UTF-8" in capsys.readouterr().err
    assert len(collections(tmp_path)["hotel"].synthetic) == 40


def test_curated_rows_are_exported_as_a_workbook_where_asked(files, tmp_path, capsys):
    assert run_import(tmp_path, files) == 0
    out, workspace = tmp_path / "out", f"--workspace={tmp_path / 'ws'}"
    assert main(["export", "hotel", "--out", str(out), "--xlsx", workspace]) == 0
    assert str(out / "curated.xlsx") in capsys.readouterr().out
    rows, plain = (read_table(out / f"curated.{kind}").frame for kind in ("xlsx", "jsonl"))
    assert rows["text"].tolist() == plain["text"].tolist()
    assert rows["sample_id"].tolist() == plain["sample_id"].tolist()
