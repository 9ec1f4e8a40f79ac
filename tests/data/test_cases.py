"""What comes of the files that users bring: read right, or refused in words; never silently wrong.

Every situation is a row of `CASES`, driven through the command line in this process.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.house import ROOT
from tests.support.importing import collections, run_import

FOLDER = ROOT / "tests" / "cases"
SHOP = ("billing", "delivery", "repair")
LEAK = "test_in_synthetic"


@dataclass(frozen=True)
class Case:
    """A pair of files and what is right for it.

    Attributes
    ----------
    synthetic, real
        Files below `FOLDER`.
    refused
        Words of the one line with which nothing is stored, whatever is accepted; empty where the
        files can be stored.
    accept
        Findings that must be named before the files are stored.
    labels
        Labels of the collection.
    synthetic_rows, real_rows
        Rows that are stored.
    first
        How the text of the first synthetic row begins: it proves the column.
    says
        What standard error tells of the mapping and the findings.
    """

    synthetic: str
    real: str
    refused: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    labels: tuple[str, ...] = SHOP
    synthetic_rows: int = 0
    real_rows: int = 0
    first: str = ""
    says: tuple[str, ...] = ()


PLAIN_SYNTHETIC = "01-prodigy-choice/synthetic.csv"
PLAIN_REAL = "08-openai-chat-jsonl/real.csv"
FIRST = "Tracking says the mixer left the depot 18 days ago"

CASES = {
    "00 text and label alone": Case(
        "00-two-columns-only/synthetic.csv",
        "00-two-columns-only/real.csv",
        labels=("billing", "repair"),
        synthetic_rows=50,
        real_rows=12,
        first="The invoice for the saw shows 9 euros",
    ),
    "01 Prodigy choices": Case(
        PLAIN_SYNTHETIC,
        "01-prodigy-choice/real.jsonl",
        accept=("rejected_rows",),
        synthetic_rows=39,
        real_rows=27,
        first=FIRST,
        says=(
            "Stored by Prodigy",
            "label = “accept”",
            "Rejected or skipped by an annotator: 3 of 72",
        ),
    ),
    "02 Prodigy yes or no": Case(
        "02-prodigy-binary-reject/synthetic.csv",
        "02-prodigy-binary-reject/real.jsonl",
        accept=("rejected_rows",),
        synthetic_rows=41,
        real_rows=20,
        first=FIRST,
        says=("real.jsonl:1, real.jsonl:4", "labels “repair” 4, “billing” 3, “delivery” 3"),
    ),
    "03 Label Studio in full": Case(
        "03-labelstudio-json/synthetic.csv",
        "03-labelstudio-json/real.json",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("real.json: An export of Label Studio", "text = “text”, label = “topic”"),
    ),
    "04 Label Studio with several choices": Case(
        "04-labelstudio-jsonmin-multi/synthetic.csv",
        "04-labelstudio-jsonmin-multi/real.json",
        accept=("several_labels", "missing_label"),
        synthetic_rows=39,
        real_rows=22,
        first=FIRST,
        says=(
            "Label Studio in short form",
            "label = “topic”",
            "More than one label in a row: 6 of 72",
            "“billing + repair” 3",
        ),
    ),
    "05 doccano lists in one file": Case(
        "05-doccano-list-label/synthetic.csv",
        "05-doccano-list-label/real.jsonl",
        accept=("missing_label",),
        synthetic_rows=41,
        real_rows=26,
        first=FIRST,
        says=("An export of doccano", "Missing label: 4 of 72"),
    ),
    "05b doccano lists in both files": Case(
        "05b-doccano-both/synthetic.jsonl",
        "05b-doccano-both/real.jsonl",
        accept=("missing_label",),
        synthetic_rows=36,
        real_rows=26,
        first="Sparks come out of the hoist",
        says=("Missing label: 9 of 72",),
    ),
    "06 numbers here, names there": Case(
        "06-hf-classlabel-parquet/synthetic.csv",
        "06-hf-classlabel-parquet/real.parquet",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("numbers read as the names “billing”, “delivery”, “repair”",),
    ),
    "07 Argilla": Case(
        "07-argilla-flat/synthetic.csv",
        "07-argilla-flat/real.json",
        accept=("missing_label",),
        synthetic_rows=40,
        real_rows=25,
        first=FIRST,
        says=("An export of Argilla", "label = “topic.responses”"),
    ),
    "08 chat messages": Case(
        "08-openai-chat-jsonl/synthetic.jsonl",
        PLAIN_REAL,
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("the user’s turn is the text, the assistant’s answer the label",),
    ),
    "09 whole numbers as fractions": Case(
        "09-float-int-labels/synthetic.csv",
        "09-float-int-labels/real.csv",
        accept=(LEAK,),
        labels=("0", "1", "2"),
        synthetic_rows=36,
        real_rows=30,
        first=FIRST,
        says=("Merge into “0”, “1”, “2”", "“1.0” 14", "Missing label: 1 of 72"),
    ),
    "10 label beside its name": Case(
        "10-label-and-label-text/synthetic.csv",
        "10-label-and-label-text/real.jsonl",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("real.jsonl: text = “text”, label = “label_text”; kept beside: “label”",),
    ),
    "11 a code fence": Case(
        "11-llm-code-fence/synthetic.json",
        "11-llm-code-fence/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("Read is what the code fence encloses.", "Left out: “Here are the examples"),
    ),
    "12 no header": Case(
        "12-llm-csv-without-header/synthetic.csv",
        "12-llm-csv-without-header/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("label = “column 2”", "First line read as a row", "synthetic.csv:1"),
    ),
    "13 one column per label": Case(
        "13-one-hot-columns/synthetic.csv",
        "13-one-hot-columns/real.csv",
        refused=("several 0/1 columns: “billing”, “delivery”, “repair”", "One label per row"),
    ),
    "14 columns first": Case(
        "14-pandas-to-json/synthetic.json",
        "14-pandas-to-json/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("The file holds columns, not rows",),
    ),
    "15 a line for Excel": Case(
        "15-excel-sep-cp1252/synthetic.csv",
        "15-excel-sep-cp1252/real-utf8.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("real-utf8.csv: The line “sep=;” is no row.",),
    ),
    "15 Windows-1252": Case(
        "15-excel-sep-cp1252/synthetic.csv",
        "15-excel-sep-cp1252/real.csv",
        synthetic_rows=40,
        real_rows=30,
        first=FIRST,
        says=(
            "Encoding guessed, real.csv: Windows-1252, such as “thé”",
            "The line “sep=;” is no row.",
        ),
    ),
    "16 an Arrow stream": Case(
        "16-datasets-save-to-disk/synthetic.csv",
        "16-datasets-save-to-disk/data-00000-of-00001.arrow",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("numbers read as the names “billing”, “delivery”, “repair”",),
    ),
    "17 decorated labels": Case(
        "17-llm-decorated-labels/synthetic.jsonl",
        "17-llm-decorated-labels/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("Merge into “billing”, “delivery”, “repair”", "“1. delivery” 5"),
    ),
    "18 a wrapped list": Case(
        "18-json-wrapper/synthetic.json",
        "18-json-wrapper/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("The rows are the list “examples”.",),
    ),
    "18 a wrapped list in one line": Case(
        "18-json-wrapper/synthetic-oneline.json",
        "18-json-wrapper/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("The rows are the list “examples”.",),
    ),
    "26 Chinese": Case(
        "26-chinese/synthetic.csv",
        "26-chinese/real.csv",
        labels=("维修", "账单", "配送"),
        synthetic_rows=60,
        real_rows=30,
        first="水泵",
        says=("of the words unknown to the bundled model", "Choose a model of their language"),
    ),
    "27 Arabic": Case(
        "27-arabic/synthetic.csv",
        "27-arabic/real.csv",
        labels=("إصلاح", "توصيل", "فاتورة"),
        synthetic_rows=59,
        real_rows=30,
        first="انكسر",
    ),
    "29 a row per annotator": Case(
        "29-three-annotators-a-row/synthetic.csv",
        "29-three-annotators-a-row/real.csv",
        accept=("annotator_rows", LEAK),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("Several rows per text, one per annotator: 60 of 132", "“annotator_agreement”"),
    ),
    "32 UTF-16": Case(
        "32-utf16-unicode-text/synthetic.csv",
        "32-utf16-unicode-text/real.txt",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
    ),
    "32 UTF-16 without a mark": Case(
        "32-utf16-unicode-text/synthetic.csv",
        "32-utf16-unicode-text/real-nobom.txt",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("Encoding guessed, real-nobom.txt: UTF-16 LE",),
    ),
    "35 JSON lines with commas": Case(
        "35-jsonl-with-commas/synthetic.jsonl",
        "35-jsonl-with-commas/real.csv",
        accept=(LEAK,),
        synthetic_rows=37,
        real_rows=30,
        first=FIRST,
        says=("41 lines have a comma beside the object, which is no part of it.",),
    ),
    "38 distilabel": Case(
        "38-distilabel-parquet/synthetic.parquet",
        "38-distilabel-parquet/real.csv",
        accept=("missing_label", LEAK),
        synthetic_rows=30,
        real_rows=30,
        first="The blade of the chainsaw",
        says=("A stage of distilabel", "text = “input_text”, label = “labels”"),
    ),
    "42 an export imported again": Case(
        "42-export-import-rounds/round2.parquet",
        "40-reimport-with-more-columns/real.csv",
        synthetic_rows=33,
        real_rows=24,
        first="The sander has not arrived after 5 days",
        says=("text = “text”, label = “label”",),
    ),
    "44 a column of nothing": Case(
        "44-all-null-column/synthetic.jsonl",
        "44-all-null-column/real.jsonl",
        synthetic_rows=24,
        real_rows=18,
        first="Tracking says the pump",
        says=("kept beside: “id”, “comment”, “score”",),
    ),
    "49 pairs under other names": Case(
        "49-pairs-other-column-names/synthetic.csv",
        "49-pairs-other-column-names/real.csv",
        labels=("no", "yes"),
        synthetic_rows=24,
        real_rows=18,
        first="The The van brought",
        says=("text = “premise”, second text = “hypothesis”",),
    ),
    "50 direction marks": Case(
        "50-edit-invisible-characters/synthetic.csv",
        "50-edit-invisible-characters/real.csv",
        synthetic_rows=24,
        real_rows=18,
        first="\u200fI was charged twice for the heater\u200f (SKU\u200e 44)\nsecond line\tend",
    ),
    "54 splits in a column": Case(
        "54-split-column-in-one-file/synthetic.csv",
        "54-split-column-in-one-file/real.csv",
        synthetic_rows=29,
        real_rows=30,
        first="The trimmer has not arrived",
        says=("Splits taken from column “split”: test 10, train 20",),
    ),
    "55 an export as CSV imported again": Case(
        "55-csv-of-export-again/synthetic.csv",
        "55-csv-of-export-again/real.csv",
        labels=('=billing / "refund"', f"repair: {'very long name ' * 12}", "🚚 delivery, late"),
        synthetic_rows=28,
        real_rows=24,
        first="The handle of the trimmer broke",
    ),
    "57 a log of prompts and completions": Case(
        "57-prompt-completion-log/synthetic.jsonl",
        "57-prompt-completion-log/real.csv",
        synthetic_rows=28,
        real_rows=24,
        first="Tracking says the chainsaw left",
        says=("text = “completion”, label = “label”; kept beside: “prompt”, “model”",),
    ),
    "58 a blank before the quote": Case(
        "58-csv-space-before-quote/synthetic.csv",
        "58-csv-space-before-quote/real.csv",
        synthetic_rows=30,
        real_rows=24,
        first="My card was debited before I rented the pump, thanks",
        says=("Merge into “billing”, “delivery”, “repair”",),
    ),
}


def run(folder: Path, case: Case, *more: str) -> int:
    files = {"synthetic": FOLDER / case.synthetic, "real": FOLDER / case.real}
    return run_import(folder, files, *more)


@pytest.mark.parametrize("case", [c for c in CASES.values() if c.refused], ids=lambda c: c.real)
def test_what_cannot_be_read_right_is_refused_in_one_line_whatever_is_accepted(
    case: Case, tmp_path: Path, capsys
):
    for accept in ((), ("--accept", "all")):
        assert run(tmp_path, case, *accept) == 2
        lines = capsys.readouterr().err.splitlines()
        assert all(words in lines[-1] for words in case.refused), lines[-1]
        assert all(words in "\n".join(lines) for words in case.says)
        assert "Traceback" not in "\n".join(lines)
    assert collections(tmp_path) == {}


@pytest.mark.parametrize(
    "case", [c for c in CASES.values() if not c.refused], ids=lambda c: c.synthetic
)
def test_what_can_be_read_is_stored_right_after_every_large_loss_was_named(
    case: Case, tmp_path: Path, capsys
):
    if case.accept:
        assert run(tmp_path, case) == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert f"--accept {','.join(case.accept)};" in last
        assert collections(tmp_path) == {}
    accept = ("--accept", ",".join(case.accept)) if case.accept else ()
    code = run(tmp_path, case, *accept)
    said = capsys.readouterr().err
    assert code == 0, said
    assert all(words in said for words in case.says), said
    (collection,) = collections(tmp_path).values()
    assert collection.labels == case.labels
    sources = Counter(collection.rows["source"])
    assert (sources["synthetic"], sources["real"]) == (case.synthetic_rows, case.real_rows)
    assert collection.synthetic["text"][0].startswith(case.first)


def test_every_folder_of_cases_is_in_the_table():
    used = {Path(file).parent.name for c in CASES.values() for file in (c.synthetic, c.real)}
    apart = {"39-same-rows-new-column"}
    assert used | apart == {path.name for path in FOLDER.iterdir() if path.is_dir()}


def without_column(file: Path, folder: Path, column: int) -> Path:
    """Write a CSV file again without one of its columns."""
    target = folder / f"without-{file.parent.name}-{file.name}"
    with file.open(newline="") as source, target.open("w", newline="") as out:
        for cells in csv.reader(source):
            csv.writer(out).writerow(cells[:column] + cells[column + 1 :])
    return target


@pytest.mark.parametrize(
    ("folder", "second", "column"),
    [
        ("39-same-rows-new-column", "", "generator"),
        ("40-reimport-with-more-columns", "2", "generator"),
    ],
)
def test_the_same_rows_with_one_more_column_keep_that_column(
    folder: str, second: str, column: str, tmp_path: Path
):
    place = FOLDER / folder
    wide = [place / f"{name}{second}.csv" for name in ("synthetic", "real")]
    narrow = [place / f"{name}.csv" for name in ("synthetic", "real")]
    if not second:
        narrow = [without_column(path, tmp_path, 2) for path in wide]
    for name, (synthetic, real) in {"narrow": narrow, "wide": wide}.items():
        assert run_import(tmp_path, {"synthetic": synthetic, "real": real}, name=name) == 0
    found = collections(tmp_path)
    assert column not in found["narrow"].provenance
    assert column in found["wide"].provenance
    assert len(found["wide"].provenance) == len(found["wide"].rows)


def test_texts_of_five_thousand_words_are_stored_whole_and_said_to_be_cut_by_the_model(
    tmp_path: Path, capsys
):
    def rows(number: int, begin: str) -> Sequence[str]:
        long = "The pump stops after a while and nobody answers. " * 555
        return [f"{begin} {i}. {long},{SHOP[i % 3]}" for i in range(number)]

    files = {name: tmp_path / f"{name}.csv" for name in ("synthetic", "real")}
    files["synthetic"].write_text("\n".join(["text,label", *rows(12, "synthetic")]))
    files["real"].write_text("\n".join(["text,label", *rows(30, "real")]))
    assert run_import(tmp_path, files) == 0
    assert "Too long for 128 tokens (estimate): 42 of 42" in capsys.readouterr().err
    assert len(collections(tmp_path)["hotel"].synthetic["text"][0]) > 27_000
