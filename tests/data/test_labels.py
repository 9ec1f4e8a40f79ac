"""What a cell says of a label, and which labels are one."""

import pytest

from synthcur.data.labels import (
    bare,
    counted,
    in_order,
    in_words,
    labels_in,
    quoted,
    same_labels,
)


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        (None, ()),
        ("billing", ("billing",)),
        (" ", (" ",)),
        (True, ("true",)),
        (1.0, ("1.0",)),
        ('["billing"]', ("billing",)),
        ("[]", ()),
        ('["a", "a"]', ("a",)),
        ('["a", null, ""]', ("a",)),
        ('{"choices": ["a", "b"]}', ("a", "b")),
        ('[{"value": "a", "user_id": null, "status": "submitted"}]', ("a",)),
        ("['a', 'b']", ("a", "b")),
        ("['a' 'b']", ("a", "b")),
        ("[2]", ("2",)),
        ("[billing]", ("[billing]",)),
        ('{"0": "a"}', ('{"0": "a"}',)),
        ("[" * 50_000 + "]" * 50_000, ("[" * 50_000 + "]" * 50_000,)),
    ],
)
def test_a_cell_names_no_label_one_or_several(cell: object, labels: tuple[str, ...]):
    assert labels_in(cell) == labels


@pytest.mark.parametrize(
    "label",
    [
        *("billing", " BILLING", "billing.", "Label: billing", "**billing**", '"billing"'),
        *("1. billing", "2) billing", "(3) billing", "- billing", "`billing`", "[billing]"),
        *("**Label:** billing", "**Label: billing**", "The label is billing.", "「billing」"),
        *("Kategorie: billing", "Etiqueta: «billing»", "标签：billing", '1. "Billing".'),
    ],
)
def test_decoration_is_seen_through(label: str):
    assert bare(label)[0] == "billing"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("bil\u200bling", "billing"), ("\ufeffbilling", "billing"), ("billing\u200e", "billing")),
        *(("bil\u00adling", "billing"), ("credit\u00a0card", "credit card"), ("a\tb\n", "a b")),
        *(("cafe\u0301", "café"), ("ｂｉｌｌｉｎｇ", "billing"), ("①", "1"), ("Straße", "STRASSE")),
        *(("İptal", "iptal"), ("IPTAL", "iptal"), ("ISITMA", "ısıtma"), ("ﬁnance", "finance")),
        *(
            ("won’t pay", "won't pay"),
            ("check‑in", "check-in"),
            ("food &amp; drink", "food & drink"),
        ),
        *(("−1", "-1"), ("1", "1.0"), ("01", "1"), ("+1", "1"), ("-1.0", "-1"), ("0.0", "0")),
        *(("True", "true"), ("us", "US"), ("LABEL_2", "2"), ("__label__billing", "billing")),
        *(("A) billing", "billing"), ("0: billing", "billing"), ("3 - billing", "billing")),
        *(("<label>billing</label>", "billing"), ("\\boxed{billing}", "billing")),
        *(
            ("```billing```", "billing"),
            ("billing<|im_end|>", "billing"),
            ("billing</s>", "billing"),
        ),
        *(("billing (95%)", "billing"), ("billing (confidence: 0.9)", "billing")),
        *(("billing\n\nExplanation: it is about an invoice", "billing"), ("✅ billing", "billing")),
        *(("-> billing", "billing"), ("#billing", "billing"), ("Intent: Billing.", "billing")),
        *(("تـوصيل", "توصيل"), ("ラベル：請求", "請求"), ("категория: счёт", "счёт")),
    ],
)
def test_labels_that_are_one_are_put_together(one: str, other: str):
    assert same_labels([one, other]) == [sorted([one, other])]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("C", "C++"), ("C", "C#"), ("A", "A*"), ("1", "-1"), ("1", "1.5"), ("1", "10")),
        *(("payment: refund", "refund"), ("a", "b"), ("non-smoker", "smoker"), ("x", "x!")),
        *(("-1", "1"), ("10", "1"), ("100", "10"), ("0", "00.5"), ("1.10", "1.1"), ("-", "+")),
        *(("C#", "C++"), ("F#", "F"), ("#", "##"), ("5-star", "4-star"), ("B+", "B"), ("B-", "B")),
        *(("e. coli", "s. coli"), ("1. class", "2. class"), ("a) x", "b) x"), ("😀", "😃")),
        *(("resume", "résumé"), ("cote", "côté"), ("ё", "е"), ("no", "ño"), ("が", "か")),
        *(("billing (refund)", "billing"), ("billing\nrepair", "billing"), ("(high)", "(low)")),
        *(
            ("label_a", "label_b"),
            ("LABEL_1", "LABEL_2"),
            ("not billing", "billing"),
            ("<a>", "<b>"),
        ),
        *(
            ("positive", "positive!"),
            ("yes", "yes/no"),
            ("HIV+", "HIV-"),
            ("H2", "H20"),
            ("a", "ä"),
        ),
    ],
)
def test_labels_that_mean_something_else_stay_apart(one: str, other: str):
    assert same_labels([one, other]) == []


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        (["1.0", "1", "2"], [["1", "1.0"]]),
        (["card_payment", "Card Payment"], [["Card Payment", "card_payment"]]),
        (["1. a", "a"], [["1. a", "a"]]),
        (["1. a", "2. a", "a"], [["1. a", "2. a", "a"]]),
        (["1. a", "2. a"], []),
        (["1. a", "1) A"], [["1) A", "1. a"]]),
    ],
)
def test_a_number_before_a_label_is_decoration_only_beside_the_label_without_it(
    labels: list[str], groups: list[list[str]]
):
    assert same_labels(labels) == groups


def test_labels_in_words_are_safe_for_a_terminal_and_cut():
    labels = counted(["a\x1b[31m", "b", "b", None, " "])
    assert in_words(labels) == "“b” 2, “a·[31m” 1"
    assert in_words([(str(i), 1) for i in range(10)], most=2) == "“0” 1, “1” 1 and 8 more"
    assert quoted("x" * 100) == f"“{'x' * 40}…”"


@pytest.mark.parametrize(
    ("labels", "ordered"),
    [
        (["10", "2", "0", "1", "2"], ["0", "1", "2", "10"]),
        (["10", "-1", "2"], ["-1", "2", "10"]),
        (["10", "2", "x"], ["10", "2", "x"]),
        (["10.0", "2.0", "1.0"], ["1.0", "2.0", "10.0"]),
        (["1.5", "10", "2"], ["1.5", "10", "2"]),
        (["٢", "10"], ["10", "٢"]),
        (["02", "2", "1"], ["1", "02", "2"]),
        ([], []),
    ],
)
def test_whole_numbers_are_ordered_by_size_so_that_ids_of_a_model_are_those_of_the_labels(
    labels: list[str], ordered: list[str]
):
    assert in_order(labels) == ordered
