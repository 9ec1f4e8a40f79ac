"""Columns are found by their usual names, else by what is in them, and can always be given."""

import pandas as pd
import pytest

from synthcur.data.columns import ColumnMapping, Given, guess_all
from synthcur.errors import InputError
from synthcur.schema import TRAIN

TEXTS = [f"A sentence about plant number {i}" for i in range(20)]
LABELS = ["care", "pests"] * 10


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def guess_columns(
    table: pd.DataFrame, name: str = "The file", **given: str | None
) -> ColumnMapping:
    """Map the columns of a single table."""
    return guess_all({TRAIN: table}, {TRAIN: name}, {TRAIN: Given(**given)})[TRAIN].mapping()


@pytest.mark.parametrize("text", ["text", "Sentence", " utterance ", "CONTENT", "query"])
@pytest.mark.parametrize("label", ["label", "Intent", "class", "category", "target"])
def test_usual_names_are_recognised_whatever_their_case(text: str, label: str):
    table = pd.DataFrame({"id": TEXTS, text: TEXTS, label: LABELS})
    assert guess_columns(table) == ColumnMapping(text=text, label=label)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("text", "text_pair"),
        ("sentence1", "sentence2"),
        ("premise", "hypothesis"),
        ("Text 1", "Text 2"),
        ("question1", "question2"),
    ],
)
def test_text_pairs_are_recognised(first: str, second: str):
    table = pd.DataFrame({first: TEXTS, second: TEXTS, "label": LABELS})
    assert guess_columns(table) == ColumnMapping(first, "label", second)


def test_unusual_names_are_guessed_by_content():
    table = frame(nr=[str(i) for i in range(20)], what=LABELS, words=TEXTS)
    assert guess_columns(table) == ColumnMapping(text="words", label="what")


def test_given_columns_win_over_names():
    table = frame(text=TEXTS, label=LABELS, other=TEXTS, kind=LABELS)
    assert guess_columns(table, text="other", label="kind") == ColumnMapping("other", "kind")


def test_an_empty_second_text_means_none():
    table = frame(text=TEXTS, text_pair=TEXTS, label=LABELS)
    assert guess_columns(table, text_pair="").text_pair is None


def test_all_other_columns_are_provenance():
    mapping = ColumnMapping("text", "label", "text_pair")
    assert mapping.provenance(["id", "text", "label", "text_pair", "model"]) == ["id", "model"]


def test_a_missing_column_is_named_with_those_there_are():
    with pytest.raises(InputError, match="no column “intent”") as caught:
        guess_columns(frame(text=TEXTS, label=LABELS), label="intent", name="rows.csv")
    assert "“text”, “label”" in caught.value.fix


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"text^label": ["a^b"] * 20}, "looks like the text"),
        ({"text": TEXTS, "id": TEXTS}, "looks like the label"),
        ({"nr": [1, 2], "label": ["a", "b"]}, "looks like the text"),
    ],
)
def test_no_guess_is_made_from_nothing(columns: dict[str, list], part: str):
    with pytest.raises(InputError, match=part):
        guess_columns(pd.DataFrame(columns))


def test_one_column_cannot_be_text_and_label():
    with pytest.raises(InputError, match="two uses"):
        guess_columns(frame(text=TEXTS, label=LABELS), text="label", label="label")


def guesses(**frames: pd.DataFrame):
    return guess_all(frames, {part: f"{part}.csv" for part in frames})


NAMES = {"care": "0", "pests": "1"}
NUMBERS = [NAMES[label] for label in LABELS]
OTHER = ["new", "old", "new", "sold"] * 5


def test_the_label_that_the_other_file_knows_wins_over_the_usual_name():
    found = guesses(
        synthetic=frame(text=TEXTS, label=LABELS),
        train=frame(text=TEXTS, label=NUMBERS, meaning=LABELS, label2=OTHER),
        test=frame(text=TEXTS, label=NUMBERS, meaning=LABELS, label2=OTHER),
    )
    assert [found[part].label for part in found] == ["label", "meaning", "meaning"]


def test_decorated_and_nested_labels_are_known_again():
    wrapped = [f'["{label}"]' for label in LABELS]
    decorated = [f"**{label.title()}**" for label in LABELS]
    found = guesses(
        synthetic=frame(text=TEXTS, a=OTHER, b=decorated),
        train=frame(text=TEXTS, c=wrapped, d=["x", "y"] * 10),
    )
    assert (found["synthetic"].label, found["train"].label) == ("b", "c")


@pytest.mark.parametrize("column", ["id", "created_at", "status", "generator", "score"])
def test_what_is_no_label_by_its_name_loses_to_any_other_column(column: str):
    table = pd.DataFrame({"text": TEXTS, column: OTHER, "kind": LABELS})
    assert guesses(synthetic=table, train=table)["train"].label == "kind"


@pytest.mark.parametrize(
    "cells",
    [
        ["accept", "reject", "ignore", "accept"],
        ["completed", "pending", "completed", "draft"],
        ["2026-01-01", "2026-01-02", "2026-01-01", "2026-01-02"],
        ["0.25", "0.5", "0.75", "0.25"],
    ],
)
def test_what_is_no_label_by_its_content_loses_to_any_other_column(cells: list[str]):
    table = frame(text=TEXTS, what=cells * 5, kind=LABELS)
    assert guesses(synthetic=table, train=table)["train"].label == "kind"


def test_columns_that_are_equally_likely_are_named_and_not_guessed():
    table = frame(text=TEXTS, intent=LABELS, topic=OTHER)
    guess = guesses(synthetic=table, train=table)["train"]
    assert guess.label is None
    with pytest.raises(InputError, match="could be the label: “intent” and “topic”"):
        guess.mapping()


def test_columns_that_say_the_same_are_no_question_and_words_go_before_numbers():
    table = frame(text=TEXTS, a=NUMBERS, b=LABELS)
    assert guesses(synthetic=table, train=table)["train"].label == "b"


def test_a_column_known_for_one_file_helps_to_find_that_of_the_other():
    table = frame(text=TEXTS, intent=LABELS, topic=OTHER)
    given = {"synthetic": Given(label="topic")}
    frames = {"synthetic": table, "train": table}
    found = guess_all(frames, dict.fromkeys(frames, "a file"), given)
    assert found["train"].label == "topic"


def test_two_texts_that_are_equally_likely_are_named():
    other = [f"Quite another sentence, number {i}" for i in range(20)]
    with pytest.raises(InputError, match="could be the text: “message” and “body”"):
        guess_columns(frame(message=TEXTS, body=other, label=LABELS))


def test_a_label_beside_yes_or_no_columns_is_taken_only_if_it_is_called_one():
    flags = {name: ["0", "1", "1", "0"] * 5 for name in ("toxic", "obscene")}
    assert guess_columns(pd.DataFrame({"text": TEXTS, **flags, "label": LABELS})).label == "label"
    with pytest.raises(InputError, match="several 0/1 columns: “toxic”, “obscene”"):
        guess_columns(pd.DataFrame({"text": TEXTS, **flags, "channel": OTHER}))


def test_a_file_sorted_by_label_is_seen_as_a_whole():
    texts = [f"A sentence about plant number {i}" for i in range(4000)]
    table = frame(text=texts, kind=["care"] * 2000 + ["pests"] * 2000)
    assert guess_columns(table).label == "kind"
