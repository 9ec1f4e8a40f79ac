"""Columns are found by their usual names, else by what is in them, and can always be given."""

import pandas as pd
import pytest

from synthcur.columns import ColumnMapping, guess_columns
from synthcur.errors import InputError

TEXTS = [f"A sentence about plant number {i}" for i in range(20)]
LABELS = ["care", "pests"] * 10


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns)


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
