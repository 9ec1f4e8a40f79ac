"""Files of other people, languages and tools than those of the cases, of the same kinds."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.support.importing import (
    HOTEL,
    Row,
    collections,
    hotel,
    renamed,
    run_import,
    without_header,
    write,
)

LABELS = tuple(sorted(HOTEL))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Clean files: 40 generated rows, 40 real ones, 20 for validation and 20 for the test."""
    return {
        "synthetic": write(tmp_path / "erzeugt.csv", hotel(100, 40)),
        "real": write(tmp_path / "echt.csv", hotel(200, 40)),
        "validation": write(tmp_path / "prüf.csv", hotel(300, 20)),
        "test": write(tmp_path / "test.csv", hotel(400, 20)),
    }


def last_line(capsys) -> str:
    return capsys.readouterr().err.splitlines()[-1]


def put(files: dict[str, Path], part: str, rows: list[Row], ending: str = "jsonl") -> None:
    files[part] = write(files[part].with_suffix(f".{ending}"), rows)


def with_column(rows: list[Row], name: str, values: list[object]) -> list[Row]:
    return [{**row, name: values[i % len(values)]} for i, row in enumerate(rows)]


def test_clean_files_are_stored_without_a_question_and_the_mapping_is_said(
    files, tmp_path: Path, capsys
):
    assert run_import(tmp_path, files) == 0
    assert collections(tmp_path)["hotel"].labels == LABELS
    assert "erzeugt.csv: text = “text”, label = “label”" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["synthetic", "real", "test"])
@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("answer", ["accept", "reject", "accept", "ignore"]),
        ("Entscheid", ["approved", "Rejected", "pending", "approved"]),
        ("approved", [True, False, True, False]),
    ],
)
def test_rows_that_somebody_rejected_are_left_out_once_that_is_agreed_to(
    part: str, column: str, values: list[object], files, tmp_path: Path, capsys
):
    rows = hotel(500, 40)
    put(files, part, with_column(rows, column, values))
    assert run_import(tmp_path, files) == 2
    assert "--accept rejected_rows" in last_line(capsys)
    assert collections(tmp_path) == {}
    # The labels come in turn as well, so that whole labels were rejected.
    put(files, part, with_column(rows, column, [v for v in values for _ in range(4)]))
    assert run_import(tmp_path, files, "--accept", "rejected_rows") == 0
    no = {"reject", "ignore", "Rejected", False}
    kept = [row["text"] for i, row in enumerate(rows) if values[i // 4 % 4] not in no]
    assert set(kept) <= set(collections(tmp_path)["hotel"].rows["text"])
    assert not {str(r["text"]) for r in rows} - set(kept) & set(
        collections(tmp_path)["hotel"].rows["text"]
    )


def test_verdicts_are_labels_where_they_are_all_there_is(files, tmp_path: Path):
    verdicts = {"Zimmer": "reject", "Frühstück": "accept"}
    for part, start in (("synthetic", 100), ("real", 200)):
        rows = hotel(start, 40, tuple(verdicts))
        put(files, part, [{**row, "label": verdicts[str(row["label"])]} for row in rows])
    del files["validation"], files["test"]
    assert run_import(tmp_path, files) == 0
    assert collections(tmp_path)["hotel"].labels == ("accept", "reject")


@pytest.mark.parametrize("part", ["synthetic", "real"])
@pytest.mark.parametrize(
    ("prompt", "output"),
    [("instruction", "response"), ("prompt", "generated_text"), ("input", "output")],
)
def test_what_a_model_wrote_goes_before_what_it_was_asked(
    part: str, prompt: str, output: str, files, tmp_path: Path
):
    rows = renamed(hotel(500, 40), text=output)
    asked = [f"Schreibe als Gast Nummer {i} über {row['label']}" for i, row in enumerate(rows)]
    put(files, part, [{prompt: ask, **row} for ask, row in zip(asked, rows, strict=True)])
    assert run_import(tmp_path, files) == 0
    texts = set(collections(tmp_path)["hotel"].rows["text"])
    assert {row[output] for row in rows} <= texts
    assert not set(asked) & texts


def test_a_seed_text_beside_what_was_made_of_it_is_asked_about(files, tmp_path: Path, capsys):
    rows = [
        {"text": f"Eine Vorlage mit der Nummer {i}", **renamed([row], text="generated_text")[0]}
        for i, row in enumerate(hotel(500, 40))
    ]
    put(files, "synthetic", rows)
    assert run_import(tmp_path, files) == 2
    assert "could be the text: “text” and “generated_text”" in last_line(capsys)
    assert run_import(tmp_path, files, "--text", "synthetic=generated_text") == 0
    assert collections(tmp_path)["hotel"].synthetic["text"][0] == rows[0]["generated_text"]
    assert len(collections(tmp_path)["hotel"].rows) == 120


@pytest.mark.parametrize("part", ["synthetic", "real"])
@pytest.mark.parametrize("yes_no", [("1", "0"), (1, 0), (True, False), ("ja", "")])
@pytest.mark.parametrize("more", [{}, {"kanal": "mail"}])
def test_one_column_per_label_is_never_taken_for_the_label(
    part: str, yes_no: tuple, more: dict, files, tmp_path: Path, capsys
):
    yes, no = yes_no
    rows = [
        {"text": row["text"], **{name: yes if row["label"] == name else no for name in HOTEL}}
        for row in hotel(500, 40)
    ]
    put(files, part, with_column(rows, "kanal", ["mail", "telefon"]) if more else rows)
    assert run_import(tmp_path, files) == 2
    assert "several 0/1 columns" in last_line(capsys)
    assert collections(tmp_path) == {}


def test_flags_beside_a_label_do_no_harm(files, tmp_path: Path):
    rows = with_column(with_column(hotel(500, 40), "lang", [0, 1]), "dringend", [1, 1, 0])
    put(files, "real", rows)
    assert run_import(tmp_path, files) == 0
    assert collections(tmp_path)["hotel"].labels == LABELS


@pytest.mark.parametrize("part", ["synthetic", "real"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_first_line_that_is_a_row_is_not_lost(
    part: str, ending: str, files, tmp_path: Path, capsys
):
    rows = [{"nr": 10 + i, **row} for i, row in enumerate(hotel(500, 40))]
    put(files, part, rows, ending)
    without_header(files[part])
    assert run_import(tmp_path, files) == 0
    assert "First line read as a row, not a header" in capsys.readouterr().err
    found = collections(tmp_path)["hotel"].rows
    assert {str(row["text"]) for row in rows} <= set(found["text"])
    assert len(found) == 120
    first = found[found["text"] == rows[0]["text"]]
    assert first["row"].tolist() == [1]


def test_a_first_line_of_which_one_cannot_be_sure_is_said(files, tmp_path: Path, capsys):
    rows = renamed(hotel(500, 40), text="Was ist Ihnen im Hotel aufgefallen, und wo?", label="Team")
    put(files, "real", rows, "csv")
    assert run_import(tmp_path, files) == 0
    assert "taken as the header, not a row: “Was ist Ihnen im Hotel" in capsys.readouterr().err


@pytest.mark.parametrize("part", ["synthetic", "real"])
def test_decorated_labels_become_the_plain_ones_when_both_files_are_seen(
    part: str, files, tmp_path: Path, capsys
):
    forms = ["{}.", "Kategorie: {}", "**{}**", "“{}”", "3) {}", "{}", "- {}", "`{}`", "<{}>"]
    rows = [
        {**row, "label": forms[i // 4 % len(forms)].format(row["label"])}
        for i, row in enumerate(hotel(500, 72))
    ]
    put(files, part, rows)
    assert run_import(tmp_path, files) == 0
    collection = collections(tmp_path)["hotel"]
    assert collection.labels == LABELS
    assert len(collection.rows) == 152
    assert "One label written in several ways" in capsys.readouterr().err


def test_numbered_labels_that_differ_by_their_number_stay_apart(files, tmp_path: Path):
    for part, start in (("synthetic", 100), ("real", 200)):
        rows = hotel(start, 40, ("Zimmer", "Frühstück"))
        put(files, part, [{**r, "label": f"{1 + i % 2}. Stufe"} for i, r in enumerate(rows)])
    del files["validation"], files["test"]
    assert run_import(tmp_path, files) == 0
    assert collections(tmp_path)["hotel"].labels == ("1. Stufe", "2. Stufe")


@pytest.mark.parametrize("part", ["synthetic", "real"])
def test_lists_are_read_as_their_element_also_in_csv(part: str, files, tmp_path: Path, capsys):
    rows = [{**row, "label": f"['{row['label']}']"} for row in hotel(500, 60)]
    rows[0]["label"], rows[1]["label"] = "[]", "['Zimmer', 'Anreise']"
    put(files, part, rows, "csv")
    assert run_import(tmp_path, files) == 0
    said = capsys.readouterr().err
    assert "More than one label in a row: 1 of" in said
    assert "“Zimmer + Anreise” 1" in said
    assert "Missing label: 1 of" in said
    assert collections(tmp_path)["hotel"].labels == LABELS
    assert len(collections(tmp_path)["hotel"].rows) == 138


@pytest.mark.parametrize("part", ["synthetic", "real"])
def test_the_column_that_shares_its_labels_with_the_other_file_wins(
    part: str, files, tmp_path: Path
):
    numbers = {label: i for i, label in enumerate(HOTEL)}
    rows = [
        {"text": row["text"], "label": numbers[str(row["label"])], "bezeichnung": row["label"]}
        for row in hotel(500, 40)
    ]
    put(files, part, with_column(rows, "sterne", [1, 2, 3]))
    assert run_import(tmp_path, files) == 0
    assert collections(tmp_path)["hotel"].labels == LABELS


def test_two_columns_that_are_equally_likely_are_both_named(files, tmp_path: Path, capsys):
    for part in files:
        rows = renamed(hotel({"synthetic": 500, "real": 600}.get(part, 700), 40), label="topic")
        put(files, part, with_column(rows, "sentiment", ["gut", "schlecht", "egal"]))
    del files["validation"], files["test"]
    assert run_import(tmp_path, files) == 2
    said = last_line(capsys)
    assert "2 columns of erzeugt.jsonl could be the label: “topic” and “sentiment”" in said
    assert "--label" in said
    assert run_import(tmp_path, files, "--label", "sentiment") == 0
    assert collections(tmp_path)["hotel"].labels == ("egal", "gut", "schlecht")


def test_columns_can_be_named_for_one_file_or_for_all_that_have_them(files, tmp_path: Path, capsys):
    put(files, "synthetic", with_column(renamed(hotel(500, 40), text="a"), "b", ["x", "y"]))
    more = ("--text", "synthetic=a", "--label", "label")
    assert run_import(tmp_path, files, *more) == 0
    assert run_import(tmp_path, files, "--label", "nein", name="other") == 2
    assert "No file has a column “nein”" in last_line(capsys)
    del files["test"]
    assert run_import(tmp_path, files, "--label", "test=label", name="other") == 2
    assert "Give --test" in last_line(capsys)


def test_a_text_of_several_annotators_counts_once_in_the_test(files, tmp_path: Path, capsys):
    rows = [row for row in hotel(500, 20) for _ in range(3)]
    for i in range(2, 30, 3):  # one of three disagrees about the first ten texts
        rows[i] = {**rows[i], "label": "Anreise"}
    rows += [{"text": "Ganz umstritten ist dieser Satz", "label": label} for label in HOTEL]
    put(files, "test", rows)
    assert run_import(tmp_path, files) == 2
    assert "--accept held_out_repeats" in last_line(capsys)
    assert run_import(tmp_path, files, "--accept", "held_out_repeats") == 0
    test = collections(tmp_path)["hotel"].part("real", "test")
    assert test["text"].tolist() == [row["text"] for row in hotel(500, 20)]
    assert test["label"].tolist() == [row["label"] for row in hotel(500, 20)]


def test_most_annotators_decide_in_training_too(files, tmp_path: Path):
    rows = [row for row in hotel(500, 20) for _ in range(3)]
    for i in range(2, 60, 3):
        rows[i] = {**rows[i], "label": "Zimmer"}
    put(files, "real", rows)
    assert run_import(tmp_path, files, "--accept", "two_labels,exact_duplicates") == 0
    train = collections(tmp_path)["hotel"].real_train
    assert dict(zip(train["text"], train["label"], strict=True)) == {
        row["text"]: row["label"] for row in hotel(500, 20)
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("房間沒有打掃，味道很重", "早餐沒有咖啡，讓人失望"),
        ("방이 청소되지 않았고 냄새가 났습니다", "아침 식사에 커피가 없었습니다"),
        ("ห้องไม่ได้ทำความสะอาด", "ไม่มีกาแฟในมื้อเช้า"),
        ("Комната не была убрана со вчерашнего дня", "За завтраком не было кофе"),
    ],
)
def test_texts_that_the_bundled_model_cannot_read_are_said(
    one: str, other: str, tmp_path: Path, capsys
):
    files = {}
    for part, start in (("synthetic", 100), ("real", 200)):
        rows = [
            {"внутри": f"{text} {start + i}", "какой": label}
            for i in range(20)
            for text, label in ((one, "первый"), (other, "второй"))
        ]
        files[part] = write(tmp_path / f"{part}.jsonl", rows)
    assert run_import(tmp_path, files) == 0
    said = capsys.readouterr().err
    assert "of the words unknown to the bundled model" in said
    assert "text = “внутри”, label = “какой”" in said


def test_german_texts_are_not_said_to_be_unknown(files, tmp_path: Path, capsys):
    assert run_import(tmp_path, files) == 0
    assert "unknown to the bundled model" not in capsys.readouterr().err


def test_the_splits_of_the_only_real_file_are_used(files, tmp_path: Path, capsys):
    splits = [split for split in ("training", "dev", "Test", "training") for _ in range(4)]
    put(files, "real", with_column(hotel(500, 64), "subset", list(splits)))
    del files["validation"], files["test"]
    assert run_import(tmp_path, files) == 0
    said = capsys.readouterr().err
    assert "Splits taken from column “subset”: test 16, train 32, validation 16" in said
    collection = collections(tmp_path)["hotel"]
    assert Counter(collection.rows["split"])["test"] == 16
    assert collection.made_splits == ()


def test_splits_that_are_not_used_are_said(files, tmp_path: Path, capsys):
    put(files, "real", with_column(hotel(500, 40), "split", ["train", "train", "train", "test"]))
    assert run_import(tmp_path, files) == 0
    said = capsys.readouterr().err
    assert "Not used, of echt.jsonl: column “split”: test 10, train 30" in said


def test_a_label_that_would_go_is_named_and_nothing_is_stored(files, tmp_path: Path, capsys):
    rows = hotel(500, 200, ("Zimmer", "Frühstück", "Anreise"))
    put(files, "synthetic", [*rows, {"text": "Wo parke ich den Bus", "label": "Parken"}])
    assert run_import(tmp_path, files) == 2
    said = last_line(capsys)
    assert "“Parken”" in said
    assert "“Rechnung” 10" in said
    assert "--accept one_source_label" in said
    assert collections(tmp_path) == {}
    assert run_import(tmp_path, files, "--accept", "einer") == 2
    assert "no finding “einer”" in last_line(capsys)
    for accept in ("one_source_label,unknown_label", "all"):
        assert run_import(tmp_path, files, "--accept", accept, name=accept[:3]) == 0
        assert collections(tmp_path)[accept[:3]].labels == ("Anreise", "Frühstück", "Zimmer")


def test_small_proposals_are_accepted_and_said(files, tmp_path: Path, capsys):
    put(files, "synthetic", [*hotel(500, 40), {"text": "", "label": "Zimmer"}, hotel(500, 1)[0]])
    assert run_import(tmp_path, files) == 0
    said = capsys.readouterr().err
    assert "Empty text: 1 of 122: erzeugt.jsonl:41; labels “Zimmer” 1; proposal: Exclude 1" in said
    assert "Exact duplicates: 1 of" in said
    assert len(collections(tmp_path)["hotel"].synthetic) == 40


def test_rows_that_cannot_be_read_count_as_left_out(files, tmp_path: Path, capsys):
    with files["real"].open("a") as file:
        file.write("eine Zelle\n" * 5)
    assert run_import(tmp_path, files) == 2
    said = capsys.readouterr().err.splitlines()
    assert "“Rows that could not be read” leaves out 5 of 85 real rows" in said[-1]
    assert "echt.csv, line 42: 1 cell where the header has 2" in said


def test_the_answer_in_json_holds_the_mapping_and_the_labels_of_each_finding(
    files, tmp_path: Path, capsys
):
    put(files, "synthetic", with_column(hotel(500, 40), "modell", ["a"]))
    put(files, "real", [*hotel(600, 40), {"text": "", "label": "Zimmer"}])
    assert run_import(tmp_path, files, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["mapping"]["synthetic"] == {
        "file": "erzeugt.jsonl",
        "text": "text",
        "text_pair": None,
        "label": "label",
        "beside": ["modell"],
        "how": "JSON Lines, UTF-8",
        "read": {"delimiter": None, "encoding": "utf-8", "header": None, "sheet": None},
    }
    empty = next(each for each in answer["findings"] if each["code"] == "empty_text")
    assert empty["labels"] == [{"label": "Zimmer", "rows": 1}]
    assert empty["left_out"] == 1
