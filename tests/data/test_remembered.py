"""Columns that a person chose are proposed again for the same header, said, and forgotten."""

import json
from pathlib import Path

import pytest

from synthcur.data.columns import ColumnMapping, Guess
from synthcur.data.remembered import FILE, MOST, forget, recall, remember
from tests.support.importing import collections, hotel, run_import, write

HEADER = ["id", "body", "topic", "mood"]
CHOSEN = ColumnMapping("body", "mood", split="id")
GUESS = Guess("body", "topic")


def test_what_was_chosen_is_recalled_for_the_same_header_alone(tmp_path: Path):
    remember(tmp_path, HEADER, CHOSEN, GUESS)
    assert recall(tmp_path, HEADER) == CHOSEN
    assert recall(tmp_path, HEADER[::-1]) is None
    assert recall(tmp_path, [*HEADER, "more"]) is None
    forget(tmp_path, HEADER)
    assert recall(tmp_path, HEADER) is None


def test_what_is_guessed_anyway_is_not_remembered_and_replaces_what_was(tmp_path: Path):
    remember(tmp_path, HEADER, ColumnMapping("body", "topic"), GUESS)
    assert not (tmp_path / FILE).exists()
    remember(tmp_path, HEADER, CHOSEN, GUESS)
    remember(tmp_path, HEADER, ColumnMapping("body", "topic"), GUESS)
    assert recall(tmp_path, HEADER) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        '{"KEY": 1}',
        '{"KEY": {"text": "body"}}',
        '{"KEY": {"text": "body", "label": "gone"}}',
        '{"KEY": {"text": "body", "label": "body"}}',
        '{"KEY": {"text": ["body"], "label": "mood"}}',
        '{"KEY": {"text": "body", "label": "mood", "text_pair": 7}}',
    ],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str):
    remember(tmp_path, HEADER, CHOSEN, GUESS)
    (key,) = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(content.replace("KEY", key))
    assert recall(tmp_path, HEADER) is None
    remember(tmp_path, HEADER, CHOSEN, GUESS)
    assert recall(tmp_path, HEADER) == CHOSEN


def test_the_oldest_choice_makes_room(tmp_path: Path):
    for i in range(MOST + 1):
        remember(tmp_path, [*HEADER, str(i)], CHOSEN, GUESS)
    assert recall(tmp_path, [*HEADER, "0"]) is None
    assert recall(tmp_path, [*HEADER, "1"]) == CHOSEN


def test_a_folder_that_cannot_be_written_harms_nobody(tmp_path: Path):
    remember(tmp_path / "gone", HEADER, CHOSEN, GUESS)
    assert recall(tmp_path / "gone", HEADER) is None


def test_the_command_line_uses_what_was_chosen_says_so_and_forgets_it(tmp_path: Path, capsys):
    files = {
        part: write(
            tmp_path / f"{part}.csv",
            [
                {**row, "mood": ("good", "bad")[i % 2], "label": row["label"]}
                for i, row in enumerate(hotel(start, 40))
            ],
        )
        for part, start in (("synthetic", 100), ("real", 300))
    }
    again = "real.csv: columns as chosen last for this header; --guess-columns"
    assert run_import(tmp_path, files, "--label", "mood", name="one") == 0
    assert again not in capsys.readouterr().err
    assert run_import(tmp_path, files, name="two") == 0
    assert again in capsys.readouterr().err
    assert run_import(tmp_path, files, "--guess-columns", name="three") == 0
    assert again not in capsys.readouterr().err
    assert run_import(tmp_path, files, name="four") == 0
    assert again not in capsys.readouterr().err
    labels = {name: found.labels for name, found in collections(tmp_path).items()}
    assert labels["one"] == labels["two"] == ("bad", "good")
    assert labels["three"] == labels["four"] == ("Anreise", "Frühstück", "Rechnung", "Zimmer")
