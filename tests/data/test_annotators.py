"""Of several annotators of a text most decide; how many agreed is kept beside the row."""

from pathlib import Path

import pandas as pd
import pytest

from synthcur.data.annotators import opinions
from tests.support.importing import HOTEL, Row, collections, hotel, run_import, write

TEXTS = ["the room", "the bill", "the train"]


def said(*rows: tuple[str, str | None, str | None]) -> tuple[list[str], list[str | None]]:
    """Let people decide over rows of (text, label, annotator)."""
    frame = pd.DataFrame({"Annotator ID": pd.Series([name for *_, name in rows], dtype=object)})
    found = opinions(
        frame, ["Annotator ID"], [text for text, *_ in rows], [label for _, label, _ in rows]
    )
    assert found is not None
    assert found.column == "Annotator ID"
    return list(found.aside), list(found.agreement)


def test_the_first_row_with_the_label_of_most_stays():
    aside, agreement = said(("a", "y", "1"), ("a", "x", "2"), ("b", "x", "1"), ("a", "x", "3"))
    assert aside == ["outvoted", "", "", "outvoted"]
    assert agreement == ["1 of 3", "2 of 3", None, "2 of 3"]


def test_a_tie_stays_with_nobody():
    aside, agreement = said(("a", "y", "1"), ("a", "x", "2"))
    assert aside == ["undecided", "undecided"]
    assert agreement == ["1 of 2", "1 of 2"]


def test_one_label_written_in_two_ways_is_one_opinion():
    assert said(("a", "x", "1"), ("a", "X.", "2"), ("a", "y", "3"))[1][0] == "2 of 3"


def test_who_gave_no_label_has_no_say():
    aside, agreement = said(("a", "x", "1"), ("a", None, "2"), ("a", "x", "3"))
    assert aside == ["", "", "outvoted"]
    assert agreement == ["2 of 2", None, "2 of 2"]


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "x", "1"), ("a", "x", "1")],
        [("a", "x", "1"), ("b", "x", "2")],
        [("a", "x", None), ("a", "y", None)],
        [("", "x", "1"), ("", "y", "2")],
    ],
)
def test_what_is_no_text_of_several_people_is_left_to_other_checks(
    rows: list[tuple[str, str, str | None]],
):
    frame = pd.DataFrame({"annotator": pd.Series([name for *_, name in rows], dtype=object)})
    keys, labels = [text for text, *_ in rows], [label for _, label, _ in rows]
    assert opinions(frame, ["annotator"], keys, labels) is None
    assert opinions(frame.set_axis(["author"], axis=1), ["author"], keys, labels) is None


def by_three(rows: list[Row], column: str) -> list[Row]:
    """Each row three times; one of the three disagrees about every second text."""
    labels = list(HOTEL)
    return [
        {**row, "label": labels[0] if who == "c" and i % 2 else row["label"], column: who}
        for i, row in enumerate(rows)
        for who in "abc"
    ]


@pytest.mark.parametrize("column", ["annotator", "worker_id", "Rater", "labeled by"])
@pytest.mark.parametrize("part", ["real", "test", "synthetic"])
def test_a_text_of_three_annotators_becomes_one_row_of_any_part(
    part: str, column: str, tmp_path: Path, capsys
):
    rows = {"synthetic": hotel(100, 40), "real": hotel(200, 40), "test": hotel(300, 20)}
    plain = rows[part]
    tie = [{"text": "Ganz umstritten ist dieser Satz", "label": x, column: x} for x in HOTEL]
    rows[part] = [*by_three(plain, column), *tie]
    files = {name: write(tmp_path / f"{name}.csv", each) for name, each in rows.items()}
    assert run_import(tmp_path, files) == 2
    assert "--accept annotator_rows" in capsys.readouterr().err
    assert run_import(tmp_path, files, "--accept", "annotator_rows") == 0
    assert "4 rows go as no majority agrees on theirs" in capsys.readouterr().err
    (collection,) = collections(tmp_path).values()
    found = collection.rows[collection.rows["text"].isin([row["text"] for row in plain])]
    assert dict(zip(found["text"], found["label"], strict=True)) == {
        row["text"]: row["label"] for row in plain
    }
    agreement = collection.provenance["annotator_agreement"][found.index]
    assert set(agreement) == {"2 of 3", "3 of 3"}
