"""Texts that are nearly the same are found by letters alone, whatever their number."""

import random

import numpy as np
import pandas as pd
import pytest

from synthcur.data.candidate_rows import Rows
from synthcur.data.near_duplicates import near_duplicates, near_earlier, near_leaks, skeleton

PARTS = {
    "synthetic": ("synthetic", "train"),
    "train": ("real", "train"),
    "validation": ("real", "validation"),
    "test": ("real", "test"),
}
CHARGED = "I was charged twice for the order {} and nobody has answered my mails about it"


def rows_of(**texts: list[str | tuple[str, str]]) -> Rows:
    records = [
        (*PARTS[part], *((text, None) if isinstance(text, str) else text), "a", f"{part}.csv", i)
        for part, of_part in texts.items()
        for i, text in enumerate(of_part, start=1)
    ]
    columns = ["source", "split", "text", "text_pair", "label", "file", "row"]
    cells = zip(*records, strict=True)
    frame = {name: pd.Series(c, dtype=object) for name, c in zip(columns, cells, strict=True)}
    return Rows(pd.DataFrame(frame).astype({"row": np.int64}))


@pytest.mark.parametrize(
    "again",
    [
        CHARGED.format(99),
        CHARGED.format(17).upper() + "!!!",
        CHARGED.format("17.50"),
        "Hello, " + CHARGED.format(17),
        CHARGED.format(17).replace("nobody", "no one"),
    ],
)
def test_a_text_that_differs_by_a_number_a_mark_or_a_word_is_near(again: str):
    finding = near_duplicates(rows_of(synthetic=[CHARGED.format(17), "Quite another text", again]))
    assert (finding.state, finding.is_offer) == ("check", True)
    assert finding.rows == (("synthetic.csv", 1), ("synthetic.csv", 3))
    assert finding.excludes == (("synthetic.csv", 3),)


def test_a_name_in_a_longer_text_makes_no_other_text():
    text = "Dear team, my name is {} and I ordered a drill on Monday that has not arrived until now"
    texts = [text.format("Anna Kowalska"), text.format("Peter Jones")]
    assert near_duplicates(rows_of(synthetic=texts)).excludes == (("synthetic.csv", 2),)


def test_chinese_texts_that_differ_by_a_number_are_near():
    texts = ["电钻被重复扣款，日期是十七号，没有人回复我的消息，订单号是 4711", "水泵漏水"]
    texts.append(texts[0].replace("4711", "88"))
    assert near_duplicates(rows_of(synthetic=texts)).excludes == (("synthetic.csv", 3),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what is my balance", "what was my balance"),
        ("flights from boston to denver", "flights from dallas to boston"),
        ("The invoice of the drill is wrong again", "The delivery of the ladder is late again"),
        ("turn the lights in the kitchen on please", "play some music in the living room please"),
    ],
)
def test_short_texts_and_other_words_are_not_near(one: str, other: str):
    assert near_duplicates(rows_of(synthetic=[one, other])).state == "fine"


def test_both_texts_of_a_pair_count():
    first, second = CHARGED.format(1), "The customer was charged two times for the very same thing"
    same = rows_of(synthetic=[(first, second), (CHARGED.format(2), second)])
    assert near_duplicates(same).excludes
    other = "It is about a ladder that was delivered to the neighbours by mistake last week"
    assert not near_duplicates(rows_of(synthetic=[(first, second), (first, other)])).excludes


def test_exact_duplicates_are_left_to_their_own_check():
    assert near_duplicates(rows_of(synthetic=[CHARGED.format(1)] * 3)).state == "fine"


def test_rows_of_a_group_stand_together():
    other = "The ladder that I rented last week has a broken step and I would like my money back {}"
    texts = [CHARGED.format(1), other.format(1), CHARGED.format(2), other.format(2)]
    rows = [row for _, row in near_duplicates(rows_of(synthetic=texts)).rows]
    assert rows == [1, 3, 2, 4]


@pytest.mark.parametrize("held_out", ["test", "validation"])
@pytest.mark.parametrize("training", ["synthetic", "train"])
def test_a_training_text_that_is_nearly_a_held_out_one_is_offered_to_go(
    held_out: str, training: str
):
    plain = [
        "The step of the ladder broke when I stood on it",
        "The parcel with the pump came open",
    ]
    texts = {"synthetic": [*plain], "train": [*plain], held_out: [CHARGED.format(17)]}
    texts[training].append(CHARGED.format(99))
    finding = near_leaks(rows_of(**texts))
    assert finding.rows == finding.excludes == ((f"{training}.csv", 3),)
    assert finding.is_offer


def test_an_exact_leak_is_left_to_its_own_check_and_held_out_rows_to_themselves():
    texts = {"synthetic": [CHARGED.format(1).upper()], "train": ["Another text altogether"]}
    assert near_leaks(rows_of(**texts, test=[CHARGED.format(1), CHARGED.format(2)])).state == (
        "fine"
    )


def test_a_near_leak_is_found_among_many_rows_made_alike():
    texts = [CHARGED.format(f"{i} of {i % 7}") for i in range(400)]
    finding = near_leaks(rows_of(synthetic=texts, test=[CHARGED.format("2 of 3")]))
    assert len(finding.rows) == 400


def test_few_pairs_are_missed_and_none_is_made_up():
    rng = random.Random(0)
    words = ["".join(rng.choices("abcdefghijklmnopqrst", k=6)) for _ in range(400)]
    texts = [" ".join(rng.choices(words, k=15)) for _ in range(300)]
    changed = [text.replace(text.split()[7], "different") for text in texts[:100]]
    found = near_earlier([skeleton(text) for text in [*texts, *changed]])
    assert all(later >= 300 and earlier == later - 300 for later, earlier in found.items())
    assert len(found) >= 97


def test_odd_texts_are_survived():
    texts = ["", "\ud83d" * 50, "\u0130" * 60, "🚚" * 60, "a" * 50_000, "a" * 49_000, "1 " * 900]
    assert near_duplicates(rows_of(synthetic=texts)).of == len(texts)
